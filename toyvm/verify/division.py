"""Dividing the trying: parts that each are a range of a property's cases, of some twenty seconds, done anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from toyvm.commit import commit
from toyvm.errors import UsageError
from toyvm.parts import Part, Record
from toyvm.verify.properties import find_property
from toyvm.verify.trying import Goal, try_cases

SLICE_SECONDS = 20.0
MOST_PARTS = 1_000_000  # of all shards together: some 230 days of one core
STRIDE = 1_000_000  # of case numbers, between slices of a time: more than fit into one


def parts_by_cases(names: Sequence[str], seed: int, cases: int, first: bool = False) -> list[Part]:
    """So many cases of each property; none of a range any more once one fails, if only the `first` is looked for.

    Raises UsageError for more parts than there may be.
    """
    _check(sum(-(-cases // find_property(name).at_once) for name in names), f"--cases {cases}")
    return _parts([[(name, goal._replace(first=first)) for goal in _ranges(name, seed, cases)] for name in names])


def _ranges(name: str, seed: int, cases: int) -> Iterator[Goal]:
    at_once = find_property(name).at_once
    for first in range(0, cases, at_once):
        yield Goal(seed + first, cases=min(at_once, cases - first))


def parts_by_time(names: Sequence[str], seed: int, seconds: float, workers: int, first: bool = False) -> list[Part]:
    """As much time for each property as for another, all of it taking so long on so many workers; `first` as above.

    Raises UsageError for more parts than there may be.
    """
    each = seconds * workers / len(names)
    count = max(1, round(each / SLICE_SECONDS))
    _check(count * len(names), f"--minutes {seconds / 60:g} on {workers} workers, of all shards")
    goals = [Goal(seed + STRIDE * number, seconds=each / count, first=first) for number in range(count)]
    return _parts([[(name, goal) for goal in goals] for name in names])


def _check(parts: int, what: str) -> None:
    if parts > MOST_PARTS:
        raise UsageError(f"{what}: {parts} parts of some {SLICE_SECONDS:g} seconds; {MOST_PARTS} is the most")


def _parts(by_property: Sequence[Sequence[tuple[str, Goal]]]) -> list[Part]:
    """In turns, so that what is ended early has tried all alike."""
    key = commit()
    return [
        Part(f"{key} {name} {_words(goal)}", {"property": name, **goal._asdict()})
        for turn in zip_longest(*by_property)
        for name, goal in filter(None, turn)
    ]


def _words(goal: Goal) -> str:
    much = f"{goal.seed}+{goal.cases}" if goal.seconds is None else f"{goal.seed}, {goal.seconds:.3f} s"
    return f"{much}, first" if goal.first else much


def work(task: Record) -> Record:
    """Do a part, in whatever process."""
    goal = Goal(*(task[name] for name in Goal._fields))
    return try_cases(find_property(task["property"]), goal).record()
