"""What takes the core's time beside instructions and exits is counted, exactly, by whoever's run it was."""

from __future__ import annotations

import pytest

from toyvm import Machine, assemble_text
from toyvm.lab.subjects import Subject
from toyvm.lab.workloads import find_workloads
from toyvm.machine.computer import WORK
from toyvm.techniques import parse_variant


def worked(workload: str, technique: str, operations: int) -> dict[str, int]:
    """What the core did for so many operations more than twenty."""
    subject = Subject(technique, level=parse_variant(technique).level)
    (found,) = find_workloads([workload])
    first, more = (subject.run(found.task(technique), count).work for count in (20, 20 + operations))
    return {kind: more.get(kind, 0) - first.get(kind, 0) for kind in WORK if more.get(kind, 0) > first.get(kind, 0)}


@pytest.mark.parametrize(
    ("workload", "technique", "expected"),
    [
        ("syscall", "bare", {}),
        ("syscall", "trap", {"fetch_walks": 200}),  # there and back: each mode has a root of its own
        ("switch", "bare", {"walks": 300, "fetch_walks": 200}),
        ("ptupdate", "para", {"listed_entries": 100}),
        ("console", "para", {"console_bytes": 100}),
    ],
)
def test_what_an_operation_makes_the_core_do_is_counted(
    workload: str, technique: str, expected: dict[str, int]
) -> None:
    assert worked(workload, technique, 100) == expected


def test_a_translation_that_is_at_hand_is_not_walked_for() -> None:
    for loads in (1, 50):
        body = "    ld t0, 0x100(zero)\n" * loads
        with Machine("1M") as machine:
            machine.load(
                assemble_text(
                    f'.include "t64.inc"\n.globl _start\n_start:\n{body}    li t1, 0\n    out PORT_POWER, t1\n', "loads"
                )
            )
            machine.run(10_000)
            assert machine.work["walks"] == machine.work["fetch_walks"] == machine.work["code_pages"] == 1


def test_the_reference_counts_no_work() -> None:
    with Machine(engine="reference") as machine:
        assert machine.work == {}
