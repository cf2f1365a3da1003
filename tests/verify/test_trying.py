"""Trying cases: each is told of, whatever it does to its process, and what fails is made small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.claims import Dying, Endless, Holding, Littering, Mistaken, Sevenths
from support.commands import ROOT

from toyvm.verify import trying
from toyvm.verify.accounts import Account, Failure, Total
from toyvm.verify.claim import Violation, attempt
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
        Failure(7, "ended the process with exit code 0"),
    ]


def test_a_case_ends_with_who_tries_it_whatever_it_catches(tmp_path: Path) -> None:
    code = "from support.claims import Deaf; from toyvm.verify.trying import *; try_cases(Deaf(), Goal(0, cases=1))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment) as trying_it:
        until(lambda: (tmp_path / "deaf").exists() and (tmp_path / "deaf").read_text() != "")
        trying_it.kill()
    stat = Path("/proc") / (tmp_path / "deaf").read_text() / "stat"
    until(lambda: not stat.exists() or stat.read_text().rpartition(") ")[2].startswith("Z"))


def until(happens: Callable[[], bool]) -> None:
    for _ in range(6000):
        if happens():
            return
        time.sleep(0.01)
    raise AssertionError("it has not happened within a minute")


def test_what_a_case_leaves_behind_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert len(try_cases(Littering(), Goal(0, cases=3)).failures) == 3
    assert not list(tmp_path.iterdir())


def test_what_is_said_of_a_failure_is_bounded() -> None:
    def check(case: object) -> None:
        raise Violation("\n".join(["x" * 1_000_000] * 1_000))

    wrong = attempt(check, None).wrong
    assert wrong is not None
    assert (len(wrong.splitlines()), len(wrong) < 100_000) == (41, True)
    assert wrong.startswith("x" * 2_000 + "... (1000000 letters)\n")


def test_a_case_that_does_not_come_to_its_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "PATIENCE_SECONDS", 0.5)
    account = try_cases(Endless(), Goal(0, cases=4))
    assert account.cases == 4
    assert account.failures == [Failure(2, "did not come to an end in 0.5 seconds")]


def test_where_all_fails_it_is_given_up_soon() -> None:
    account = try_cases(Mistaken(), Goal(0, cases=1000))
    assert (account.cases, len(account.failures)) == (MOST_FAILURES, MOST_FAILURES)


def test_one_failure_may_be_enough_which_stays_as_it_was_drawn() -> None:
    account = try_cases(Sevenths(), Goal(8, cases=100, first=True))
    (failure,) = account.failures
    assert (account.cases, failure.seed, failure.wrong) == (7, 14, "14 is a multiple of seven")


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


def test_a_failure_is_one_wherever_the_same_cases_have_failed() -> None:
    held, failed = Account("sevenths", 0, 10), Account("sevenths", 0, 10)
    failed.failures += [Failure(7, "seven"), Failure(3, "it was killed")]
    failed.left_open += [2]
    for order in ((held, failed), (failed, held)):
        total = Total()
        for account in order:
            total.add(Account.of_record(account.record()))
        assert ([failure.seed for failure in total.failures], total.left_open, total.cases) == ([3, 7], [2], 10)


def test_of_what_failed_twice_the_one_with_a_file_is_kept() -> None:
    total = Total()
    for regression in (None, "file", None):
        total.add(Account("sevenths", 0, 10, failures=[Failure(7, "seven", regression)]))
    assert [failure.regression for failure in total.failures] == ["file"]


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": -1},
        {"seconds": 10**400},
        {"seconds": "1"},
        {"left_open": [10]},
        {"failures": [{"seed": 99, "wrong": "", "regression": None}]},
    ],
)
def test_what_cannot_be_an_account_is_none(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Account.of_record({**Account("sevenths", 0, 10).record(), **change})


def test_what_is_compiled_is_kept_nowhere_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert try_cases(find_property("recompiled"), Goal(0, cases=4)).failures == []
    assert not list(tmp_path.iterdir())
