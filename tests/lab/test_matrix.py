"""The matrix: ratios to the bare machine at a glance, and findings that counts alone give."""

from __future__ import annotations

import re

import pytest
from support.commands import call

from toyvm.lab.experiment import Experiment
from toyvm.lab.matrix import matrix_lines
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import COMPARED, NAMES

Capture = pytest.CaptureFixture[str]
BARE, TRAP, PARA, ASSIST = map(Subject, ("bare", "trap", "para", "assist"))
NOTHING = Sample(1, 0, {}, 0.0)


def cell(workload: str, subject: Subject, nanoseconds: float, instructions: int = 10, **exits: float) -> Cell:
    """1000 operations; instructions and exits are an operation's."""
    counts = {reason: round(count * 1000) for reason, count in exits.items()}
    return Cell(workload, subject, [Repetition(NOTHING, Sample(1001, 1000 * instructions, counts, nanoseconds * 1e-6))])


def absent(workload: str, subject: Subject) -> Cell:
    return Cell(workload, subject, missing="there is no monitor to ask")


def matrix(*cells: Cell, width: int = 80) -> list[str]:
    workloads = find_workloads(list(dict.fromkeys(one.workload for one in cells)))
    subjects = list(dict.fromkeys(one.subject for one in cells))
    return list(matrix_lines(Experiment(workloads, subjects, {(c.workload, c.subject): c for c in cells}), width))


def test_a_cell_is_the_multiple_of_the_bare_machine_s_time() -> None:
    printed = matrix(
        *(cell("syscall", BARE, 10), cell("syscall", TRAP, 143, syscall=4), cell("syscall", ASSIST, 10)),
        *(cell("compute", BARE, 1000), cell("compute", TRAP, 994), cell("compute", ASSIST, 999_000)),
    )
    assert printed[2:5] == ["          trap assist", "syscall   14.3   1.00", "compute   0.99    999"]


def test_what_no_bare_machine_can_do_is_told_beneath() -> None:
    printed = matrix(
        *(cell("syscall", BARE, 10), cell("syscall", PARA, 20)),
        *(absent("hypercall", BARE), cell("hypercall", PARA, 18)),
    )
    assert not [line for line in printed if line.startswith("hypercall ")]
    assert "Nothing to compare with on the bare machine: hypercall on para 18 ns." in printed


def test_a_workload_that_fails_and_one_that_cannot_exist_keep_their_cells() -> None:
    failed = Cell("portio", TRAP, failed="it ended with 1")
    printed = matrix(*(cell("portio", BARE, 10), failed, absent("portio", PARA)))
    assert "portio   fails    -" in printed
    assert "trap fails in portio: it ended with 1" in printed


def test_findings_are_made_of_counts() -> None:
    text = " ".join(
        matrix(
            *(cell("syscall", BARE, 10), cell("syscall", TRAP, 143, 8, syscall=1, eret=3)),
            *(cell("compute", BARE, 1000), cell("compute", TRAP, 1001)),
            *(cell("diskcopy", BARE, 2000, 574), cell("diskcopy", TRAP, 500, 15, hypercall=1.25)),
        )
    )
    assert (
        "Dearest is syscall on trap, 14.30 times the bare machine's: its 8 instructions take 4 exits, 3 of them eret."
        in text
    )
    assert "Of 1 cell where nothing exits 1 is within 5% of the bare machine." in text
    assert "diskcopy on trap takes 0.25 of the time, as 15 instructions and 1.25 exits do what took 574" in text


def test_nothing_is_found_where_there_is_nothing_to_compare() -> None:
    assert matrix(cell("syscall", TRAP, 10)) == []
    assert len(matrix(cell("syscall", BARE, 10), cell("syscall", TRAP, 10.2, crw=1))) == 4


@pytest.mark.parametrize("width", [80, 60, 118])
def test_all_that_is_compared_fits(width: int) -> None:
    subjects = [Subject(name) for name in COMPARED] + [Subject("trap", "recompiler"), Subject("bare", "recompiler")]
    printed = matrix(
        *(cell(workload, subject, 1e6) for workload in ("exception", "boot") for subject in subjects), width=width
    )
    assert max(map(len, printed)) <= width
    assert sum(bool(re.match(r"exception +\d", line)) for line in printed) == {80: 2, 60: 2, 118: 1}[width]


def test_the_list_says_what_each_is(capfd: Capture) -> None:
    done = call(capfd, "lab", "--list")
    assert (done.code, done.errors) == (0, "")
    for name in (*NAMES, *(workload.name for workload in find_workloads())):
        assert f"\n  {name} " in done.output


@pytest.mark.slow
def test_the_large_table_comes_with_all(capfd: Capture) -> None:
    words = ("lab", "crwrite", "--technique", "bare,trap", "--quick", "--repeats", "1")
    short, long = call(capfd, *words).output, call(capfd, *words, "--all").output
    assert "--all shows" in short
    assert "The account of trap" not in short
    assert "The account of trap" in long
    assert "--all shows" not in long
