"""Behaviour guests, and every workload on every technique, leave the state and count of the interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import guest_runs
from support.guest_runs import BEHAVIOURS, WORKLOADS, Run, header_of, run_guest
from support.lockstep import HOT

from toyvm.host.host import Host
from toyvm.machine.bare import Machine
from toyvm.techniques import NAMES

OPERATIONS = 40
SLOW = ("boot", "compute", "forkwait")  # an operation of these is long enough


def _cases(paths: tuple[Path, ...], techniques: tuple[str, ...]) -> list[object]:
    pairs = [(path, name) for path in paths for name in header_of(path).techniques]
    return [pytest.param(path, name, id=f"{path.stem}-{name}") for path, name in pairs if name in techniques]


def recompiled(monkeypatch: pytest.MonkeyPatch, path: Path, technique: str, operations: int | None = None) -> Run:
    """The same run with what is hot compiled, after a few jumps."""
    with monkeypatch.context() as patch:
        patch.setattr(guest_runs, "Machine", lambda *words, **options: Machine(*words, engine=HOT, **options))
        patch.setattr(guest_runs, "Host", lambda *words, **options: Host(*words, engine=HOT, **options))
        return run_guest(path, technique, operations=operations)


@pytest.mark.parametrize(("path", "technique"), _cases(BEHAVIOURS, ("bare", "rewrite")))
def test_a_guest_does_the_same(monkeypatch: pytest.MonkeyPatch, path: Path, technique: str) -> None:
    assert recompiled(monkeypatch, path, technique) == run_guest(path, technique)


@pytest.mark.parametrize(("path", "technique"), _cases(WORKLOADS, NAMES))
def test_a_workload_does_the_same(monkeypatch: pytest.MonkeyPatch, path: Path, technique: str) -> None:
    operations = 1 if path.stem in SLOW else OPERATIONS
    assert recompiled(monkeypatch, path, technique, operations) == run_guest(path, technique, operations=operations)
