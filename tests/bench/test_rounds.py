"""Rounds: everything in turns first, then what is noisiest, and never past the budget but for the first round."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peers.rounds import MOST_ROUNDS, QUIET, Budget, measure_in_turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Item:
    """Takes `cost` seconds a round, and is as noisy as its list says from one round to the next."""

    def __init__(self, name: str, clock: Clock, cost: float, noises: list[float]) -> None:
        self.name, self._clock, self._cost, self._noises = name, clock, cost, noises

    def measure(self, number: int) -> Iterator[str]:
        self._clock.now += self._cost
        if len(self._noises) > 1:
            self._noises.pop(0)
        yield self.name

    def noise(self) -> float:
        return self._noises[0]


def order(budget: Budget, *facts: tuple[str, float, list[float]]) -> str:
    clock = Clock()
    items = [Item(name, clock, cost, list(noises)) for name, cost, noises in facts]
    return "".join(measure_in_turns(items, budget, clock))


def test_without_a_limit_of_time_there_are_the_rounds_asked_for() -> None:
    assert order(Budget(3, None), ("a", 1, [9.0]), ("b", 1, [0.0])) == "ababab"


def test_time_that_is_left_goes_to_what_is_noisiest() -> None:
    assert order(Budget(1, 6), ("a", 1, [0, 0.3, 0.08]), ("b", 1, [0, 0.2, 0.1, 0.06])) == "ababba"


def test_what_is_quiet_is_left_alone() -> None:
    assert order(Budget(2, 100), ("a", 1, [QUIET]), ("b", 1, [QUIET / 2])) == "abab"


def test_noise_that_does_not_go_away_is_given_up() -> None:
    assert order(Budget(1, 1e9), ("a", 1, [1.0])) == "a" * MOST_ROUNDS


def test_the_first_round_is_whole_and_others_are_made_while_they_fit() -> None:
    assert order(Budget(3, 5), ("a", 4, [1.0]), ("b", 4, [1.0])) == "ab"
    assert order(Budget(3, 12), ("a", 4, [1.0]), ("b", 2, [1.0])) == "abab"


@pytest.mark.parametrize("seconds", [0.001, 3.5, 10.0, 77.0])
def test_no_budget_is_passed_once_all_was_measured(seconds: float) -> None:
    clock = Clock()
    items = [Item(name, clock, cost, [1.0]) for name, cost in (("a", 0.7), ("b", 1.9))]
    list(measure_in_turns(items, Budget(2, seconds), clock))
    assert clock.now <= max(seconds, 0.7 + 1.9)


def test_nothing_to_measure_is_nothing_measured() -> None:
    assert order(Budget(3, 60)) == ""
