"""Rounds: everything in turns, so that what disturbs the machine disturbs all; then, in time, what is noisiest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

QUIET = 0.02  # noise that is good enough
MOST_ROUNDS = 25


class Item(Protocol):
    """What is measured in one turn."""

    name: str

    def measure(self, number: int) -> Iterator[Any]:
        """One more round: samples and failures as they come."""
        ...

    def noise(self) -> float:
        """Of what it has come to so far; 0 where further rounds would tell nothing more."""
        ...


@dataclass(frozen=True)
class Budget:
    """Rounds of everything, and seconds in all: the first round is made anyhow, others while they fit.

    Without seconds there are those rounds and no others.
    """

    rounds: int
    seconds: float | None


def measure_in_turns(items: Sequence[Item], budget: Budget, clock: Callable[[], float] = monotonic) -> Iterator[Any]:
    """Whatever the items yield, round by round."""
    started = clock()
    rounds, costs = [0] * len(items), [0.0] * len(items)
    while (place := _next(items, rounds, costs, budget, clock() - started)) is not None:
        before = clock()
        yield from items[place].measure(rounds[place])
        costs[place] = max(costs[place], clock() - before)
        rounds[place] += 1


def _next(
    items: Sequence[Item], rounds: Sequence[int], costs: Sequence[float], budget: Budget, used: float
) -> int | None:
    """Which item is next, by its place; None: that is all."""
    left = None if budget.seconds is None else budget.seconds - used

    def fits(place: int) -> bool:
        return rounds[place] == 0 or left is None or costs[place] <= left

    behind = [place for place in range(len(items)) if rounds[place] < budget.rounds and fits(place)]
    if behind:
        return min(behind, key=lambda place: rounds[place])
    if left is None:
        return None
    noisy = [n for n in range(len(items)) if fits(n) and rounds[n] < MOST_ROUNDS and items[n].noise() > QUIET]
    return max(noisy, key=lambda place: items[place].noise(), default=None)
