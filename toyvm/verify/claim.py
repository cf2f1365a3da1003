"""A property: a claim in a sentence, and the cases that try it, each of a number from which all of it follows."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from time import monotonic
from traceback import format_exc
from typing import Any, ClassVar, NamedTuple, TypeVar, cast
from zlib import crc32

Record = Mapping[str, Any]  # as JSON has it
Case = Any  # of each property's own kind
T = TypeVar("T")
_LINES = 40  # of what is said of a failure
_LETTERS = 2_000  # of a line of that


class Violation(Exception):
    """The claim does not hold: in what, in lines."""


class LeftOpen(Exception):
    """The specification leaves open what the case does, and where."""


class Attempt(NamedTuple):
    """What a case came to: what is wrong, or what the specification leaves open; neither where the claim holds."""

    wrong: str | None = None
    left_open: str | None = None


class Property(ABC):
    """What toyvm claims, and how to try it."""

    name: ClassVar[str]
    claim: ClassVar[str]  # a sentence
    at_once: ClassVar[int]  # cases that take some twenty seconds
    suffix: ClassVar[str] = ".json"  # of a file that has a case

    def missing(self) -> str | None:
        """What it takes that is not here; None: nothing."""
        return None

    @abstractmethod
    def make(self, random: Random) -> Case:
        """A case: all that `check` is told."""

    @abstractmethod
    def check(self, case: Case) -> None:
        """Raise Violation where the claim does not hold, and LeftOpen where that cannot be said."""

    def smaller(self, case: Case) -> Iterable[Case]:
        """Cases that may show the same with less, the smallest first."""
        return ()

    def shrunk(self, case: Case, seconds: float) -> Case:
        """The smallest case found in so many seconds that violates the claim, as this one does."""
        deadline = monotonic() + seconds
        found: Case | None = case
        while found is not None:
            case, found = found, None
            for one in self.smaller(case):
                if monotonic() > deadline:
                    return case
                if self.attempt(one).wrong is not None:
                    found = one
                    break
        return case

    def written(self, case: Case) -> Record:
        """A case as JSON has it."""
        return cast("Record", case)

    def read(self, record: Record) -> Case:
        """The inverse."""
        return record

    def text(self, case: Case, number: int, wrong: str) -> str:
        """What its file has: a head for people, and the case."""
        head = {"property": self.name, "claim": self.claim, "seed": number, "wrong": wrong.splitlines()}
        written = self.written(case)
        return json.dumps({**head, "case": written, "seal": seal_of(self.name, written)}, indent=1) + "\n"

    def case(self, number: int) -> Case:
        """The case of that number."""
        return self.make(Random(f"{self.name} {number}"))

    def attempt(self, case: Case) -> Attempt:
        """Try it."""
        return attempt(self.check, case)


def shorter(items: Sequence[T]) -> Iterator[list[T]]:
    """They without one half or the other, without each quarter, ..., without each one of them."""
    size = len(items) // 2
    while size:
        yield from ([*items[:at], *items[at + size :]] for at in range(0, len(items), size))
        size //= 2


def seal_of(name: str, case: Record) -> str:
    """What shows that a file has the case that was written: nobody could say what of a changed one is wrong."""
    return f"{crc32(json.dumps([name, case], sort_keys=True).encode()):08x}"


def attempt(check: Callable[[Case], None], case: Case) -> Attempt:
    """Try a case; whatever its check raises that it should not is wrong, too."""
    try:
        check(case)
    except Violation as violation:
        return Attempt(wrong=_cut(str(violation)))
    except LeftOpen as reason:
        return Attempt(left_open=str(reason))
    except Exception:
        return Attempt(wrong=_cut(format_exc()))
    return Attempt()


def _cut(text: str) -> str:
    lines = [
        line if len(line) <= _LETTERS else f"{line[:_LETTERS]}... ({len(line)} letters)"
        for line in text.rstrip().splitlines()
    ]
    return "\n".join(lines if len(lines) <= _LINES else [*lines[: _LINES // 2], "...", *lines[-_LINES // 2 :]])
