"""Properties as tests have them tried: one that holds, and ones that do not, each in its own way."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from random import Random

from toyvm.verify.claim import Case, LeftOpen, Property, Violation
from toyvm.verify.properties import CLASSES as CLASSES  # for who imports all of this


class Counted(Property):
    """A case is its number."""

    at_once = 10

    def case(self, number: int) -> Case:
        return {"number": number}

    def make(self, random: Random) -> Case:
        raise AssertionError("its cases have numbers")


class Holding(Counted):
    name = "holding"
    claim = "Every number is a number."

    def check(self, case: Case) -> None:
        assert isinstance(case["number"], int)


class Elsewhere(Holding):
    name = "elsewhere"

    def missing(self) -> str | None:
        return "it takes what is not here"


class Sevenths(Counted):
    name = "sevenths"
    claim = "No number of a case is a multiple of seven, beyond five; of those below the specification says nothing."

    def check(self, case: Case) -> None:
        if case["number"] < 5:
            raise LeftOpen(f"{case['number']} is below five")
        if case["number"] % 7 == 0:
            raise Violation(f"{case['number']} is a multiple of seven")

    def smaller(self, case: Case) -> Iterable[Case]:
        return ({"number": number} for number in (case["number"] // 2, case["number"] - 7))


class Mistaken(Counted):
    name = "mistaken"
    claim = "What is written here can be run."

    def check(self, case: Case) -> None:
        raise KeyError(f"no {case['number']}")


class Dying(Counted):
    name = "dying"
    claim = "No case ends the process."

    def check(self, case: Case) -> None:
        if case["number"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if case["number"] in (5, 7):
            os._exit(3 if case["number"] == 5 else 0)


class Endless(Counted):
    name = "endless"
    claim = "Every case comes to its end."

    def check(self, case: Case) -> None:
        while case["number"] == 2:
            time.sleep(60)


class Waiting(Counted):
    """Each case but the first ten waits until somebody ends it."""

    name = "waiting"
    claim = "Somebody will end it."

    def check(self, case: Case) -> None:
        while case["number"] >= 10:
            time.sleep(60)


class Deaf(Counted):
    """It does not come to its end, and catches what it is told with; a file has the process it is tried in."""

    name = "deaf"
    claim = "It ends when it is told to."

    def check(self, case: Case) -> None:
        Path("deaf").write_text(str(os.getpid()))
        while True:
            with suppress(BaseException):
                time.sleep(60)


class Littering(Counted):
    name = "littering"
    claim = "It leaves a folder behind, and the process."

    def check(self, case: Case) -> None:
        tempfile.mkdtemp()
        os._exit(1)


def place_of(claimed: type[Property]) -> str:
    """Where it is found, as the table of properties has it."""
    return f"{claimed.__module__}:{claimed.__name__}"
