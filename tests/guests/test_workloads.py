"""Every workload finds its own result right, however often it does its operation, and each costs the same.

How often concerns the guest's own code, of which there are two builds: all counts run on `bare` and on `para`, and one
count, behind the wrap of its rings, on every technique.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import WORKLOADS, Run, cases_of, run_guest

from toyvm.testing.techniques import FULL

COUNTS = (0, 1, 2, 255, 256, 257, 700)
LONG = ("compute", "boot")  # an operation of these is thousands of instructions
BUILDS = ("bare", "para")


def run(path: Path, technique: str, operations: int) -> Run:
    return run_guest(path, technique, operations=operations % 5 if path.stem in LONG else operations)


@pytest.mark.parametrize(("path", "build"), cases_of(WORKLOADS, BUILDS))
def test_a_workload_finds_its_own_result_right_however_often(path: Path, build: str) -> None:
    for operations in COUNTS:
        end = run(path, build, operations)
        assert (end.stop, end.exit_code) == ("exit", 0), (operations, end)


@pytest.mark.parametrize(("path", "build"), cases_of(WORKLOADS, BUILDS))
def test_each_operation_costs_the_same_number_of_instructions(path: Path, build: str) -> None:
    step = 8 if path.stem == "diskcopy" else 1  # sectors of one request, where there is a ring
    counts = [run(path, build, step * n).instructions for n in (1, 2, 3)]
    assert counts[1] - counts[0] == counts[2] - counts[1] > 0


@pytest.mark.parametrize(("path", "technique"), cases_of(WORKLOADS))
def test_a_workload_is_right_on_every_technique_and_leaves_the_state_and_count_of_bare(
    path: Path, technique: str
) -> None:
    end = run(path, technique, 257)
    assert (end.stop, end.exit_code) == ("exit", 0), end
    if technique in FULL:
        bare = run(path, "bare", 257)
        assert (end.instructions, end.state) == (bare.instructions, bare.state)
