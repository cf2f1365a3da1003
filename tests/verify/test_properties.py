"""Each property finds what it is there to find: a fault is planted, and the file of what failed shows it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from toyvm.testing.programs import Program
from toyvm.testing.subjects import SUBJECTS, Factory
from toyvm.verify import trying
from toyvm.verify.accounts import Account
from toyvm.verify.properties import CLASSES, find_property
from toyvm.verify.regressions import try_again, write_regression
from toyvm.verify.trying import Goal, try_cases

A_FEW = {"engines": 4, "monitors": 10, "recompiled": 8}


class Forgetful:
    """A machine that has lost a bit of t3 whenever it has executed a hundred instructions and stands still."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def run(self, until: int | None = None) -> Any:
        outcome = self._machine.run(until=until)
        if self._machine.retired > 100:
            self._machine.x[28] ^= 1
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)


def forgetful(make: Factory) -> Factory:
    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        with make(program) as machine:
            yield Forgetful(machine)

    return subject


def spoil_subjects(*names: str) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        for name in names:
            monkeypatch.setitem(SUBJECTS, name, forgetful(SUBJECTS[name]))

    return plant


PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "engines": spoil_subjects("interpreter"),
    "monitors": spoil_subjects("rewrite+adaptive"),
    "recompiled": spoil_subjects(*(name for name in SUBJECTS if name.startswith(("hot", "recompiled ")))),
}


def test_each_property_has_its_planted_fault() -> None:
    assert PLANTED.keys() == A_FEW.keys() == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_some_cases_hold(name: str) -> None:
    account = try_cases(find_property(name), Goal(0, cases=A_FEW[name]))
    assert account.failures == []
    assert len(account.left_open) < account.cases


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_its_file_shows_it_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "SHRINKING_SECONDS", 2.0)
    with pytest.MonkeyPatch.context() as planted:
        PLANTED[name](planted)
        account = try_cases(find_property(name), Goal(0, cases=10 * A_FEW[name]))
        assert account.failures
        path = write_regression(tmp_path, name, Account.of_record(account.record()).failures[0])
        assert path is not None
        assert try_again(path).wrong is not None
    assert try_again(path).wrong is None
