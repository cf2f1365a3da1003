"""No technique is faked in the machine: its sources know of none, and nothing of the monitors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toyvm.techniques import LATER, NAMES

SOURCE = Path(__file__).parent.parent.parent / "native" / "src"
MACHINE = sorted(path for path in SOURCE.glob("*.[ch]"))
FILES = pytest.mark.parametrize("path", MACHINE, ids=lambda path: path.name)
# Words that are of the machine's own: it has traps, it is bare, and the levels of its hardware have names.
OWN_WORDS = {"trap", "bare"}


@FILES
def test_the_machine_includes_nothing_of_the_monitors(path: Path) -> None:
    monitor = {header.name for header in (SOURCE / "monitor").glob("*.h")} | {"exits.h"}
    own = {header.name for header in SOURCE.glob("*.h")}
    included = set(re.findall(r'#include "([^"]+)"', path.read_text()))
    assert not included & (monitor - own)
    assert not [name for name in included if name.startswith("monitor/")]


@FILES
def test_the_machine_s_sources_name_no_technique(path: Path) -> None:
    text = re.sub(r"LEVEL_[A-Z]+", "", path.read_text())
    text = re.sub(r"\b(classic|hybrid|strict|assist)( and \w+)? level\b", "", text, flags=re.IGNORECASE)
    names = [name for name in (*NAMES, *LATER) if name not in OWN_WORDS]
    found = re.findall(rf"T64_(?:TRAP|PARA|HYBRID|REWRITE|ASSIST)\b|\b(?:{'|'.join(names)})\b", text)
    assert not found
