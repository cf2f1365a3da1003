"""Trying cases: each is told of, whatever it does to its process, and what fails is made small."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from support.claims import Dying, Endless, Holding, Mistaken, Sevenths

from toyvm.verify import trying
from toyvm.verify.accounts import Account, Failure, Total
from toyvm.verify.properties import find_property
from toyvm.verify.trying import MOST_FAILURES, Goal, try_cases


def test_every_case_is_tried_once() -> None:
    account = try_cases(Holding(), Goal(5, cases=30))
    assert (account.seed, account.cases, account.failures, account.left_open) == (5, 30, [], [])


def test_as_many_cases_are_tried_as_there_is_time_for_and_one_at_least() -> None:
    assert try_cases(Holding(), Goal(0, seconds=1e-9)).cases == 1
    assert try_cases(Holding(), Goal(0, seconds=0.2)).cases > 1


def test_a_failure_is_told_with_the_smallest_case_that_fails() -> None:
    account = try_cases(Sevenths(), Goal(0, cases=20))
    assert account.left_open == [0, 1, 2, 3, 4]
    assert [failure.seed for failure in account.failures] == [7, 14]
    regressions = [json.loads(failure.regression or "") for failure in account.failures]
    assert [one["case"] for one in regressions] == [{"number": 7}] * 2
    assert [failure.wrong for failure in account.failures] == ["7 is a multiple of seven"] * 2


def test_an_exception_that_nobody_expected_is_a_failure() -> None:
    failure = try_cases(Mistaken(), Goal(1, cases=1)).failures[0]
    assert "KeyError: 'no 1'" in failure.wrong
    assert "Traceback" in failure.wrong


def test_a_case_that_ends_its_process_is_a_failure_and_the_next_ones_are_tried() -> None:
    account = try_cases(Dying(), Goal(0, cases=8))
    assert account.cases == 8
    assert account.failures == [
        Failure(3, "ended the process: SIGKILL"),
        Failure(5, "ended the process with exit code 3"),
    ]


def test_a_case_that_does_not_come_to_its_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "PATIENCE_SECONDS", 0.5)
    account = try_cases(Endless(), Goal(0, cases=4))
    assert account.cases == 4
    assert account.failures == [Failure(2, "did not come to an end in 0.5 seconds")]


def test_where_all_fails_it_is_given_up_soon() -> None:
    account = try_cases(Mistaken(), Goal(0, cases=1000))
    assert (account.cases, len(account.failures)) == (MOST_FAILURES, MOST_FAILURES)


def test_the_same_number_is_the_same_case() -> None:
    class Drawn(Holding):
        case = Holding.__base__.__base__.case  # type: ignore[union-attr, assignment]

        def make(self, random: Random) -> float:
            return random.random()

    assert [Drawn().case(number) for number in range(5)] == [Drawn().case(number) for number in range(5)]
    assert len({Drawn().case(number) for number in range(50)}) == 50


@pytest.mark.parametrize("seed", range(20))
def test_what_is_tried_twice_counts_once(seed: int) -> None:
    random = Random(seed)
    ranges = [(random.randrange(50), random.randrange(1, 20)) for _ in range(6)]
    total, numbers = Total(), set[int]()
    for first, count in ranges * 2:
        account = Account("sevenths", first, count)
        account.left_open += [number for number in range(first, first + count) if number < 5]
        account.failures += [Failure(n, "seven") for n in range(first, first + count) if n % 7 == 0]
        total.add(Account.of_record(json.loads(json.dumps(account.record()))))
        numbers |= set(range(first, first + count))
    assert total.cases == len(numbers)
    assert total.left_open == sorted(number for number in numbers if number < 5)
    assert [failure.seed for failure in total.failures] == sorted(number for number in numbers if number % 7 == 0)


def test_what_is_compiled_is_kept_nowhere_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert try_cases(find_property("recompiled"), Goal(0, cases=4)).failures == []
    assert not list(tmp_path.iterdir())
