"""The rooms of the core: includes lead downward from storey to storey, rooms of one storey leave one another alone,
nothing runs in a circle, and the machine knows nothing of its monitors."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from support.commands import ROOT

from toyvm.techniques import NAMES, SYSTEM_NAMES

SOURCE = ROOT / "native" / "src"
FILES = sorted(SOURCE.rglob("*.[ch]"))
MACHINE = [path for path in FILES if "monitor" not in path.parts]
# Made at build time, from the declarations; these have no room.
GENERATED = {"exits.h", "fused.inc", "fusions.h", "hypercalls.h", "instructions.h", "isa.h", "toyvm.h"}
# From the top. A room is a folder of native/src; `.` stands in none. Whatever folder holds a file is in here once.
STOREYS: tuple[tuple[str, ...], ...] = (
    ("monitor",),
    ("monitor/rewrite", "monitor/assist", "monitor/para"),
    ("monitor/deprivileged",),
    ("monitor/hypercalls",),
    ("monitor/rings",),
    ("monitor/domain",),
    ("monitor/guest",),
    ("monitor/shadow", "monitor/nested_paging"),
    ("monitor/host",),
    (".",),
    ("engine/interpreter",),
    ("engine/recompiler",),
    ("engine",),
    ("engine/code",),
    ("machine",),
    ("isa",),
    ("base",),
)
STOREY_OF = {room: storey for storey, rooms in enumerate(STOREYS) for room in rooms}
# Words that are of the machine's own: it has traps, it is bare, and the levels of its hardware have names.
OWN_WORDS = {"trap", "bare"}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def includes_of(path: Path) -> list[str]:
    return re.findall(r'^ *#include "([^"]+)"', path.read_text(), re.MULTILINE)


def room_of(name: str) -> str:
    return Path(name).parent.as_posix()


def rooms_above(path: Path) -> set[str]:
    """What a file includes of other rooms that are no lower than its own."""
    own = room_of(name_of(path))
    others = {room_of(name) for name in includes_of(path) if name not in GENERATED} - {own}
    return {room for room in others if STOREY_OF[room] <= STOREY_OF[own]}


def test_all_files_are_seen() -> None:
    assert len(MACHINE) > 50
    assert len(FILES) - len(MACHINE) > 60
    assert sorted(room for storey in STOREYS for room in storey) == sorted({room_of(name_of(path)) for path in FILES})


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_includes_lead_downward(path: Path) -> None:
    assert rooms_above(path) == set()


def test_nothing_runs_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for path in FILES:
        own = room_of(name_of(path))
        others = {room_of(name) for name in includes_of(path) if name not in GENERATED}
        rooms.setdefault(own, set()).update(others - {own})
    assert len(list(TopologicalSorter(rooms).static_order())) == len(STOREY_OF)


# What one file defines for others: a function, or a table of functions or rows.
DEFINITION = re.compile(
    r"^(?!static|typedef|extern)\w[\w *]*?\b(\w+)\([^;{}]*\)\s*\{|^const [\w *]*?\b(\w+) =", re.MULTILINE
)


def definitions() -> dict[str, str]:
    """The room where each name is defined that other files may use."""
    texts = {path: path.read_text() for path in FILES if path.suffix == ".c"}
    found = {path: DEFINITION.findall(text) for path, text in texts.items()}
    return {name: room_of(name_of(path)) for path, names in found.items() for pair in names for name in pair if name}


ROOM_OF_NAME = definitions()


def test_definitions_are_seen() -> None:
    assert ROOM_OF_NAME["host_store"] == "monitor/host"
    assert ROOM_OF_NAME["technique_para"] == "monitor/para"
    assert len(ROOM_OF_NAME) > 400


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".c"], ids=name_of)
def test_what_a_file_calls_is_defined_no_higher(path: Path) -> None:
    """Or names in a row, or takes the address of, by whatever header it knows it."""
    text = re.sub(r"/\*.*?\*/|\bstruct \w+", "", path.read_text(), flags=re.DOTALL)
    names = set(re.findall(r"(?<![.>\w])\w+(?=\()|(?<=&)\w+\b(?![.-])|(?<== )\w+(?=[,;}])", text)) & ROOM_OF_NAME.keys()
    own = room_of(name_of(path))
    above = {name for name in names if ROOM_OF_NAME[name] != own and STOREY_OF[ROOM_OF_NAME[name]] <= STOREY_OF[own]}
    assert above == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_an_include_names_its_room(path: Path) -> None:
    names = set(includes_of(path)) - GENERATED
    assert {name for name in names if "/" not in name or not (SOURCE / name).is_file()} == set()


@pytest.mark.parametrize("path", MACHINE, ids=name_of)
def test_the_machine_includes_nothing_of_the_monitors(path: Path) -> None:
    assert not [name for name in includes_of(path) if name.startswith("monitor/") or name == "exits.h"]


@pytest.mark.parametrize("path", MACHINE, ids=name_of)
def test_the_machine_s_sources_name_no_technique(path: Path) -> None:
    text = re.sub(r"LEVEL_[A-Z]+", "", path.read_text())
    text = re.sub(r"\b(classic|hybrid|strict|assist)( and \w+)? level\b", "", text, flags=re.IGNORECASE)
    names = [name for name in (*NAMES, *SYSTEM_NAMES) if name not in OWN_WORDS]
    assert not re.findall(rf"T64_(?:TRAP|PARA|HYBRID|REWRITE|ASSIST)\b|\b(?:{'|'.join(names)})\b", text)
