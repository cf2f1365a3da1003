"""Copies of what proofs read, in which mistakes can be made."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.commands import ROOT
from toyvm.proof.areas import obligations_of
from toyvm.proof.obligations import Result, decide_obligation
from toyvm.proof.sources import ROOMS, Sources

_NATIVE = ("src", "include", "builder")
LIMIT = 10.0  # seconds for both solvers side by side, which no test here needs


def copy_sources(folder: Path) -> Path:
    """What the proofs of a checkout read, and what its headers are generated from."""
    for name in _NATIVE:
        shutil.copytree(ROOT / "native" / name, folder / "native" / name)
    shutil.copy(ROOT / "native/fusions.txt", folder / "native")
    for room in ROOMS:
        shutil.copytree(ROOT / "toyvm" / room, folder / "toyvm" / room)
    for path in (ROOT / "toyvm").glob("*.py"):
        shutil.copy(path, folder / "toyvm")
    return folder


def decide_named(sources: Sources, name: str) -> Result:
    """The one obligation of that name."""
    (obligation,) = (one for one in obligations_of(sources, [name]) if one.name == name)
    return decide_obligation(obligation, LIMIT)
