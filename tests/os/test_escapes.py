"""Ways out of a context: each is refused, and each gets out of a kernel in which what refuses it was taken away.

A row is a program in tests/guests/os/escapes; its head says the real case that it comes from, and the switches of the
kernel (`-D PLANT_...`) that let it through: several where there are several doors. A row whose planted kernel does not
let it through proves nothing, and fails.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.guest_runs import TESTS
from support.os_runs import KERNEL, assembled, boot

from toyvm.image import Image
from toyvm.programs import load_program
from toyvm.shipped.headers import read_header

ROOM = TESTS / "guests" / "os" / "escapes"
ESCAPES = tuple(sorted(ROOM.glob("*.s")))
REFUSED, ESCAPED = 0, 42
LEAST = 22  # rows


def _row(escape: Path) -> str:
    """Its row in the table of the documents."""
    header = read_header(escape)
    return f"| `{escape.stem}` | {header.title.rstrip('.')} | {header.values['case']} |"


def test_the_documents_have_each_row() -> None:
    page = (TESTS.parent / "toyvm" / "docs" / "containers.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    assert [line for line in table if line.split("`")[1] in {escape.stem for escape in ESCAPES}] == [
        _row(escape) for escape in ESCAPES
    ]


@cache
def _planted(*switches: str) -> Image:
    return load_program(KERNEL, "bare", defines=dict.fromkeys(switches, 1))


def _switches(escape: Path) -> list[str]:
    return read_header(escape).values["plant"].split()


def _try(escape: Path, kernel: Image | None = None, technique: str = "bare") -> tuple[int | None, bytes]:
    program = assembled(escape)
    run = boot({"init": program, "escape": program}, technique, kernel=kernel)
    return run.exit_code, run.output


def test_there_are_enough_ways_out() -> None:
    assert len(ESCAPES) >= LEAST
    plants = [_switches(escape)[0] for escape in ESCAPES]
    assert len(set(plants)) == len(plants)


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda path: path.stem)
def test_a_way_out_is_shut(escape: Path) -> None:
    assert _try(escape) == (REFUSED, read_header(escape).text("output") or b"")


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda path: path.stem)
def test_a_planted_fault_opens_it(escape: Path) -> None:
    assert _try(escape, _planted(*_switches(escape)))[0] == ESCAPED


@pytest.mark.parametrize("technique", ["trap", "rewrite", "para", "assist"])
def test_ways_out_are_shut_under_every_technique(technique: str) -> None:
    assert {escape.stem: _try(escape, technique=technique)[0] for escape in ESCAPES} == {
        escape.stem: REFUSED for escape in ESCAPES
    }
