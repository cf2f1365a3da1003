"""What the lab prints of a made-up experiment, to the letter: every column, note, account, finding and band."""

from __future__ import annotations

from pathlib import Path

import pytest

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

BARE, REWRITE, SHADOW = Subject("bare"), Subject("rewrite+adaptive"), Subject("assist+shadow")
ASSIST, RECOMPILED = Subject("assist"), Subject("bare", "recompiler")
EXITS = {"crw ptbr": 1.0, "spin": 0.25, "exception": 3.0}


def cell(
    workload: str, subject: Subject, times: tuple[float, ...], instructions: int, exits: dict[str, float] | None = None
) -> Cell:
    """Repetitions of these times in ns, each of a hundred operations beyond the baseline; exits are an operation's."""
    more = {reason: round(100 * count) for reason, count in (exits or {}).items()}
    samples = [Sample(101, 100 * instructions, more, 100 * time * 1e-9) for time in times]
    return Cell(workload, subject, [Repetition(Sample(1, 0, {}, 0.0), sample) for sample in samples])


def made_up() -> Experiment:
    cells = [
        cell("callret", BARE, (11.0, 10.0, 12.5), 8),
        cell("callret", REWRITE, (52.0, 50.0, 51.0), 9, {"spin": 0.02}),
        cell("callret", SHADOW, (11.2,), 8),
        Cell("callret", ASSIST, missing="not here"),
        cell("callret", RECOMPILED, (1.004,), 8),
        cell("syscall", BARE, (1234.4, 1200.0), 400),
        cell("syscall", REWRITE, (20_000.0,), 410, EXITS),
        Cell("syscall", SHADOW, failed="guest ended with 7"),
        cell("syscall", ASSIST, (1100.0, 1000.0, 1300.0), 300, {"exception": 1.0}),
        Cell("syscall", RECOMPILED, failed="guest ended with 7"),
        Cell("forkwait", BARE, missing="no bare machine can do it, whatever it is given of memory and time"),
        cell("forkwait", REWRITE, (2.5e8,), 10**6, {"crw ptbr": 12_345.0, "in": 100.04}),
        *(cell("forkwait", SHADOW, (150.04,), 100), cell("forkwait", ASSIST, (99.9949,), 100, {"in": 2.0})),
        Cell("forkwait", RECOMPILED, missing="no bare machine can do it, whatever it is given of memory and time"),
    ]
    names, subjects = dict.fromkeys(one.workload for one in cells), dict.fromkeys(one.subject for one in cells)
    found = Experiment(find_workloads(list(names)), list(subjects), {(one.workload, one.subject): one for one in cells})
    found.costs[REWRITE] = Costs(2.0, {"crw ptbr": 5000.0, "exception": 4000.5}, {"crw ptbr": 100.0})
    found.costs[ASSIST] = Costs(2.0, {"exception": 520.0, "hypercall mmu_update": 12.0}, {})
    return found


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
