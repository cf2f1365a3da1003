"""The techniques: what each is to cost against another one, measured in turn, the goal beside the result.

`pytest bench/bench_techniques.py` prints a line for each goal; one that is missed fails, and one for which a technique
or a workload is not there yet is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import pytest
from pairs import hold, measure_pairs

from toyvm.errors import UsageError
from toyvm.lab.measure import Repetition, calibrate, repeat
from toyvm.lab.nanobenchmarks import Nano
from toyvm.lab.statistics import interval
from toyvm.lab.subjects import Subject
from toyvm.lab.tasks import OwnKernel, with_dword
from toyvm.lab.workloads import Workload, find_workloads
from toyvm.techniques import COMPARED, NAMES, parse_variant

ROUNDS = 15  # an interval of 95% is between the fourth and the twelfth
SECONDS = 0.15  # CPU time of a run
NULL_LOOP = Nano(None, ("para",), "    li a0, 0")  # a round of the hypercall workload without the hypercall


@dataclass(frozen=True)
class Run:
    """A workload, or a program like a nanobenchmark, on a technique, with other values at some of its symbols."""

    program: str | Nano
    technique: str
    dwords: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        program = self.program if isinstance(self.program, str) else "its loop alone"
        changes = "".join(f" {symbol} {value}" for symbol, value in self.dwords.items())
        return f"{program}{changes} on {self.technique}"

    @property
    def subject(self) -> Subject:
        return Subject(self.technique, level=parse_variant(self.technique).level)

    @property
    def workload(self) -> Workload | None:
        return find_workloads([self.program])[0] if isinstance(self.program, str) else None

    def task(self) -> OwnKernel:
        source = self.workload or self.program
        assert not isinstance(source, str)
        task = source.task(self.technique)
        assert isinstance(task, OwnKernel)
        for symbol, value in self.dwords.items():
            task = replace(task, image=with_dword(task.image, symbol, value))
        return task

    def why_missing(self) -> str | None:
        try:
            parse_variant(self.technique)
        except UsageError as error:
            return str(error)
        return self.workload.why_missing(self.technique) if self.workload else None


@dataclass(frozen=True)
class Goal:
    """What is claimed, and the two runs that show it. The figure is one time over the other, or less it."""

    claim: str
    run: Run
    against: Run
    limit: float
    at_least: bool = False
    is_difference: bool = False  # in nanoseconds
    exits: float | None = None  # an operation, at most

    def figure(self, pair: tuple[float, float]) -> float:
        return pair[0] - pair[1] if self.is_difference else pair[0] / pair[1]

    @property
    def target(self) -> str:
        limit = f"{self.limit:g} ns" if self.is_difference else f"{self.limit:g}"
        exits = f", exits at most {self.exits:g}" if self.exits is not None else ""
        return f"{'at least' if self.at_least else 'at most'} {limit}{exits}"

    def is_met(self, value: float, exits: float) -> bool:
        within = value >= self.limit if self.at_least else value <= self.limit
        return within and (self.exits is None or exits <= self.exits)


def against_bare(workload: str, technique: str, limit: float, exits: float | None = None) -> Goal:
    return Goal(f"{workload} on {technique}", Run(workload, technique), Run(workload, "bare"), limit, exits=exits)


GOALS = (
    Goal(
        "a control-register write under rewriting",
        Run("crwrite", "rewrite"),
        Run("crwrite", "bare"),
        2.0,
        exits=0.0,
    ),
    Goal("a null hypercall", Run("hypercall", "para"), Run(NULL_LOOP, "para"), 15.0, is_difference=True),
    Goal(
        "page-table entries one at a time against batches of 64",
        Run("ptupdate", "para", {"batch": 1}),
        Run("ptupdate", "para", {"batch": 64}),
        2.0,
        at_least=True,
    ),
    Goal(
        "traced stores against stores rewritten adaptively",
        Run("ptupdate", "trap"),
        Run("ptupdate", "rewrite+adaptive"),
        2.0,
        at_least=True,
    ),
    against_bare("syscall", "assist", 1.03, exits=0.0),
    against_bare("pagefault", "assist", 1.20, exits=0.0),
    against_bare("ptupdate", "assist", 1.20, exits=0.0),
    *(
        Goal(
            f"a sector by programmed I/O under trap against one over a ring on {technique}",
            Run("diskcopy", "trap"),
            Run("diskcopy", technique),
            10.0,
            at_least=True,
        )
        for technique in ("para", "trap+hypercalls")
    ),
    *(against_bare("compute", name, 1.02) for name in dict.fromkeys((*NAMES, *COMPARED)) if name != "bare"),
)


class Measured:
    """A run that knows how many operations it needs, and remembers its last repetition."""

    def __init__(self, run: Run) -> None:
        self._subject, self._task = run.subject, run.task()
        self._operations = calibrate(self._subject, self._task, SECONDS)
        self.last: Repetition | None = None

    def nanoseconds(self) -> float:
        self.last = repeat(self._subject, self._task, self._operations)
        return self.last.nanoseconds

    @property
    def exits(self) -> float:
        """An operation, of all reasons."""
        return sum(self.last.exits.values()) if self.last else 0.0


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """The lines of all goals, printed at the end."""
    lines: list[str] = []
    yield lines
    print("\n\n" + "\n".join(lines))


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.claim)
def test_a_goal_against_what_is_measured(benchmark: Any, table: list[str], goal: Goal) -> None:
    why = goal.run.why_missing() or goal.against.why_missing()
    if why is not None:
        table.append(f"{goal.claim}: {goal.target}; not measured: {why}")
        pytest.skip(why)
    run, against = Measured(goal.run), Measured(goal.against)
    names = (goal.run.name, goal.against.name)
    pairs = measure_pairs(benchmark, run.nanoseconds, against.nanoseconds, ROUNDS, names)
    figures = [goal.figure(pair) for pair in pairs]
    low, high = interval(figures)
    value, unit = median(figures), " ns" if goal.is_difference else ""
    benchmark.extra_info.update(goal=goal.target, figure=round(value, 3), interval=[round(low, 3), round(high, 3)])
    times = ", ".join(f"{name} {median(p[side] for p in pairs):.2f} ns" for side, name in enumerate(names))
    is_met = goal.is_met(value, run.exits)
    table.append(
        f"{goal.claim}: {goal.target}; {'met' if is_met else 'MISSED'} with {value:.3f}{unit} "
        f"({low:.3f}..{high:.3f}), exits {run.exits:.3g}  [{times}]"
    )
    hold(is_met, table[-1])
