"""What a context costs, beneath the matrix: instructions as they are, time as far as it is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.lab.contexts import context_costs, context_lines
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads

Capture = pytest.CaptureFixture[str]
NOTHING = Sample(1, 0, {}, 0.0)


def cell(workload: str, subject: Subject, instructions: int, *nanoseconds: float) -> Cell:
    """1000 operations a repetition, each of so many instructions."""
    samples = [Sample(1001, 1000 * instructions, {}, each * 1e-6) for each in nanoseconds]
    return Cell(workload, subject, [Repetition(NOTHING, sample) for sample in samples])


def experiment_of(*cells: Cell) -> Experiment:
    workloads = find_workloads(list(dict.fromkeys(one.workload for one in cells)))
    subjects = list(dict.fromkeys(one.subject for one in cells))
    return Experiment(workloads, subjects, {(one.workload, one.subject): one for one in cells})


def pair(workload: str, engine: str = "interpreter") -> list[Cell]:
    inside, without = Subject("container", engine), Subject("undivided", engine)
    return [cell(workload, inside, 210, 99, 100, 110), cell(workload, without, 200, 90, 100, 101)]


def test_instructions_are_exact_and_the_time_s_interval_holds_wherever_both_medians_lie() -> None:
    (cost,) = context_costs(experiment_of(*pair("os/switch")))
    assert (cost.instructions, cost.instructions_share, cost.time_share) == (10, 0.05, 0)
    assert cost.time_interval == pytest.approx((99 / 101 - 1, 110 / 90 - 1))


def test_each_row_has_both() -> None:
    lines = list(context_lines(experiment_of(*pair("os/switch")), 80))
    assert lines[-1] == "os/switch      +10.0   +5.00%    +0.0%  -2.0% to +22.2%"
    assert lines[-2] == "                 instructions     time  interval"


def test_each_engine_has_rows_of_its_own_that_fit_a_narrow_terminal() -> None:
    lines = list(context_lines(experiment_of(*pair("os/forkwait"), *pair("os/forkwait", "recompiler")), 60))
    rows = [line.split()[0] for line in lines[-5:] if line]
    assert rows == ["interpreter", "os/forkwait", "recompiler", "os/forkwait"]
    assert max(map(len, lines)) <= 60


def test_what_is_another_thing_in_a_context_is_not_compared() -> None:
    assert list(context_lines(experiment_of(*pair("os/boot")), 80)) == []
    assert list(context_lines(experiment_of(pair("os/switch")[0]), 80)) == []


def test_no_bare_machine_is_needed(capfd: Capture, tmp_path: Path) -> None:
    words = ("lab", "os/syscall", "--technique", "container,undivided", "--quick", "--repeats", "1")
    done = call(capfd, *words, "--json", str(tmp_path / "results.json"))
    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith("What a context costs an operation beside a kernel without any")
    assert "\nos/syscall      +0.0   +0.00%" in done.output
    (cost,) = json.loads((tmp_path / "results.json").read_text())["contexts"]
    assert (cost["workload"], cost["engine"], cost["instructions"]) == ("os/syscall", "interpreter", 0)
