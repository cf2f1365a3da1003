"""Orders: which technique is faster on a workload, as measured here and as published, and where the two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import log
from typing import Any

from toyvm.lab.experiment import BASE, Experiment
from toyvm.lab.published import DIFFERENCES, FIGURES, PLAYED_BY, Figure, Role
from toyvm.lab.subjects import Subject

TOLERANCE = 1.25  # figures that are no further apart than this factor count as equal
UNEXPLAINED = "not explained: their figures and the account above are what there is to go by"
_EXPLAINED = {(difference.workload, difference.pair): difference.reason for difference in DIFFERENCES}


@dataclass(frozen=True, slots=True)
class Time:
    """A time and the interval that it lies in, in one unit."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two parts that stand otherwise here than there, and why."""

    pair: tuple[Role, Role]
    here: int  # a sign, as `_sign` gives it
    there: int
    ours: tuple[float, float]  # ns
    theirs: tuple[float, float]
    reason: str

    def __str__(self) -> str:
        one, other = self.pair
        return f"{one} {_SIGNS[self.here]} {other}, theirs {_SIGNS[self.there]}: {self.reason}"

    @property
    def distance(self) -> float:
        """How far their quotient is from ours, as a logarithm."""
        if min(self.ours) <= 0:
            return 0.0  # no time at all, once the baseline's is taken off
        return abs(log(self.ours[0] / self.ours[1]) - log(self.theirs[0] / self.theirs[1]))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One workload: their order of the techniques that are measured here too, ours, and why each difference."""

    figure: Figure
    theirs: str
    ours: str
    disagreements: tuple[Disagreement, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(map(str, self.disagreements))


def players(experiment: Experiment) -> dict[Role, Subject]:
    """Which subject plays which part, all on one engine; parts that nobody plays are left out."""
    engine = next((subject.engine for subject in experiment.subjects if subject.technique == BASE), None)
    engine = engine or experiment.subjects[0].engine
    there = {subject.technique: subject for subject in experiment.subjects if subject.engine == engine}
    found = {role: next((there[name] for name in names if name in there), None) for role, names in PLAYED_BY.items()}
    return {role: subject for role, subject in found.items() if subject is not None}


def comparisons(experiment: Experiment) -> list[Comparison]:
    """Of each workload that they measured too, on at least two of the techniques that they had."""
    parts = players(experiment)
    found = []
    for figure in FIGURES:
        ours: dict[Role, Time] = {}
        theirs: dict[Role, Time] = {}
        for role, subject in parts.items():
            cell, quoted = experiment.cells.get((figure.workload, subject)), figure.of(role)
            if cell is not None and cell.measured:
                ours[role] = Time(cell.nanoseconds, *cell.interval)
                if quoted is not None:
                    theirs[role] = Time(quoted.value, quoted.value, quoted.value)
        if len(theirs) > 1:
            found.append(Comparison(figure, order(theirs), order(ours), _disagreements(figure.workload, theirs, ours)))
    return found


def order_records(experiment: Experiment) -> list[dict[str, Any]]:
    """The same for `--json`."""
    return [
        {"workload": each.figure.workload, "theirs": each.theirs, "ours": each.ours, "reasons": list(each.reasons)}
        for each in comparisons(experiment)
    ]


def order(times: Mapping[Role, Time]) -> str:
    """The fastest first: `native = hardware < software`."""
    ranked = sorted(times, key=lambda role: times[role].median)
    groups = [[ranked[0]]]
    for before, after in pairwise(ranked):
        if _sign(times[before], times[after]) == 0:
            groups[-1].append(after)
        else:
            groups.append([after])
    return " < ".join(" = ".join(role for role in Role if role in group) for group in groups)


def _sign(one: Time, other: Time) -> int:
    """-1 if `one` is clearly less, 1 if it is clearly more, 0 if they are about equal or their intervals overlap."""
    if one.median * TOLERANCE < other.median and one.high < other.low:
        return -1
    return 1 if one.median > other.median * TOLERANCE and one.low > other.high else 0


def _disagreements(workload: str, theirs: Mapping[Role, Time], ours: Mapping[Role, Time]) -> tuple[Disagreement, ...]:
    """Each pair that stands otherwise here."""
    return tuple(
        Disagreement(
            (one, other),
            here,
            there,
            (ours[one].median, ours[other].median),
            (theirs[one].median, theirs[other].median),
            _EXPLAINED.get((workload, (one, other)), UNEXPLAINED),
        )
        for one, other in combinations([role for role in Role if role in theirs], 2)
        if (here := _sign(ours[one], ours[other])) != (there := _sign(theirs[one], theirs[other]))
    )


_SIGNS = {-1: "<", 0: "=", 1: ">"}
