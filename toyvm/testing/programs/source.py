"""Sources of decisions: what a generator draws from, be it `random` or Hypothesis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Source(ABC):
    """Draws integers, and whatever follows from them. Of a choice the first option is the simplest: to shrink to."""

    @abstractmethod
    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""

    def choose(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def weighted(self, rows: Sequence[tuple[int, T]]) -> T:
        """One of the (weight, option) rows."""
        rest = self.integer(0, sum(weight for weight, _ in rows) - 1)
        for weight, option in rows:
            if rest < weight:
                return option
            rest -= weight
        raise AssertionError("the weights were summed up wrongly")

    def chance(self, percent: int) -> bool:
        """True in about `percent` of 100 draws; shrinks to False."""
        return self.integer(0, 99) >= 100 - percent


class RandomSource(Source):
    """Draws from a `random.Random`: the same seed, the same program."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)
