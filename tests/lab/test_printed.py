"""What the lab prints of a made-up experiment, to the letter: every column, note, account, finding and band."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.made_up_lab import made_up

from toyvm.lab.engines import engine_lines
from toyvm.lab.experiment import Experiment
from toyvm.lab.literature import published_lines
from toyvm.lab.matrix import matrix_lines
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.table import account_lines, comparison
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import NATIVE_ENGINES


def printed(width: int) -> str:
    """Everything that there are figures for; a row of signs and the width above it."""
    experiment = made_up()
    accounts = [
        line
        for subject in experiment.subjects
        for found in [experiment.accounts(subject)]
        for line in (account_lines(subject, found, experiment.costs[subject], width) if found else ())
    ]
    parts = [
        comparison(experiment, width),
        accounts,
        published_lines(experiment, width),
        matrix_lines(experiment, width),
    ]
    return f"{f' {width} columns ':=^80}\n" + "\n\n".join("\n".join(part) for part in parts) + "\n"


@pytest.mark.parametrize("width", [118, 80])
def test_a_made_up_experiment_is_printed_as_in_the_file_beside_this_one(width: int) -> None:
    expected = (Path(__file__).parent / "printed.txt").read_text()
    assert printed(width) in expected


def both_engines() -> Experiment:
    """Workloads on three techniques and two engines; of a cell time in ns, exits, instructions compiled, entries."""
    rows: dict[str, dict[str, tuple[tuple[float, ...] | None, ...]]] = {
        "callret": {
            "bare": ((100,), (20, 0, 97.4)),
            "trap": ((300,), (250, 1.5, 99)),
            "hybrid": ((50,), (50, 0, 20)),
        },
        "syscall": {"bare": ((100,), (90, 0, 80, 2)), "trap": ((300,), (250, 0, 40)), "hybrid": ((60,), None)},
        "forkwait": {"bare": ((100,), (99.5, 0, 70, 0.5)), "trap": (None, (250,)), "hybrid": ((100,), (10, 0, 90))},
    }
    subjects = [Subject(name, engine) for engine in NATIVE_ENGINES for name in rows["callret"]]
    found = Experiment(find_workloads(list(rows)), subjects)
    for workload, row in rows.items():
        for subject in subjects:
            measured = row[subject.technique][NATIVE_ENGINES.index(subject.engine)]
            found.cells[workload, subject] = _counted(Cell(workload, subject), *(measured or ()))
    found.costs = {subject: Costs(0.1, {"in": 100.0}) for subject in subjects if subject.technique == "trap"}
    return found


def _counted(cell: Cell, time: float = 0, exits: float = 0, compiled: float = 0, entries: float = 0) -> Cell:
    """A thousand operations of a hundred instructions each; no time: not measured."""
    counts = {"in": round(1000 * exits)}, time * 1e-6, {}, round(1000 * compiled), round(1000 * entries), 0.25
    if time:
        cell.repetitions.append(Repetition(Sample(1, 0, {}, 0.0), Sample(1001, 100_000, *counts)))
    return cell


@pytest.mark.parametrize("width", [118, 50])
def test_what_recompiling_gains_is_printed_as_in_the_file_beside_this_one(width: int) -> None:
    expected = (Path(__file__).parent / "printed.txt").read_text()
    assert "\n" + "\n".join(engine_lines(both_engines(), width)) + "\n" in expected
