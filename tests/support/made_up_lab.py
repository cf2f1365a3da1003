"""A made-up experiment of the lab: cells measured, missing and failed, on several techniques and engines."""

from __future__ import annotations

from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads

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
