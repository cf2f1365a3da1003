"""Complaints about a source: raised where they are noticed, placed where they belong, collected for one report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, takewhile

from toyvm.errors import AssemblyError, Diagnostic
from toyvm.limits import MAXIMUM_MESSAGES

MAXIMUM_ERRORS = 100
MAXIMUM_REPEATED = 1000  # of the same ones, which macros and repetitions make
MAXIMUM_CANDIDATES = 10_000  # that a mistyped name is compared with
MAXIMUM_COMPARED = 64  # characters of it


class Complaint(Exception):
    """Something is wrong with the statement at hand.

    `operand` counts from 0; None means the statement's first word. `offset` is the column within that operand, from 0.
    """

    def __init__(
        self,
        message: str,
        operand: int | None = None,
        offset: int = 0,
        width: int = 0,
        notes: tuple[str, ...] = (),
        is_fatal: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operand = operand
        self.offset = offset
        self.width = width  # 0: the whole operand
        self.notes = notes
        self.is_fatal = is_fatal


class GiveUp(Exception):
    """No point in going on: the log is full, or macros run away."""


class EndOfSource(Exception):
    """`.end`: the rest of the source is not read."""


@dataclass
class Log:
    """Every diagnostic of a run, in the order found, each once."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    _repeated: int = 0
    _seen: set[tuple[str, int, int, str]] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic) -> None:
        key = (diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.message)
        if key in self._seen:
            self._repeated += 1
            if self._repeated > MAXIMUM_REPEATED:
                raise GiveUp
            return
        if len(self.diagnostics) == MAXIMUM_ERRORS:
            self.diagnostics.append(
                Diagnostic(
                    diagnostic.file, diagnostic.line, diagnostic.column, "too many errors; the rest is not shown"
                )
            )
            raise GiveUp
        self._seen.add(key)
        self.diagnostics.append(diagnostic)

    def warn(self, diagnostic: Diagnostic) -> None:
        key = (diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.message)
        if key not in self._seen:
            self._seen.add(key)
            self.say(diagnostic.text("warning"))

    def say(self, message: str) -> None:
        """Keep a warning or a print, unless there are too many."""
        if len(self.messages) < MAXIMUM_MESSAGES:
            self.messages.append(message)
        elif len(self.messages) == MAXIMUM_MESSAGES:
            self.messages.append(f"more than {MAXIMUM_MESSAGES} warnings and prints; the rest is not shown")

    def raise_if_any(self) -> None:
        if self.diagnostics:
            raise self.failure()

    def failure(self, *last: Diagnostic) -> AssemblyError:
        """What to raise: every complaint of the run, these at the end, and what was said besides."""
        return AssemblyError((*self._in_order(), *last), tuple(self.messages))

    def _in_order(self) -> list[Diagnostic]:
        """By file, as each was first complained about, and line; the cut comes last."""
        order: dict[str, int] = {}
        for diagnostic in self.diagnostics:
            order.setdefault(diagnostic.file, len(order))
        shown, cut = self.diagnostics[:MAXIMUM_ERRORS], self.diagnostics[MAXIMUM_ERRORS:]
        return sorted(shown, key=lambda one: (order[one.file], one.line, one.column)) + cut


def did_you_mean(word: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """A note that names the closest candidate, or none."""
    meant = closest(word, candidates)
    return () if meant is None else (f"    did you mean '{meant}'?",)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a mistyped word most likely means."""
    import difflib  # slow to import, and only needed when something is wrong

    if len(word) > MAXIMUM_COMPARED:
        return None
    short = (candidate for candidate in islice(candidates, MAXIMUM_CANDIDATES) if len(candidate) <= MAXIMUM_COMPARED)
    by_lower = {candidate.lower(): candidate for candidate in short}
    close = difflib.get_close_matches(word.lower(), by_lower, 3, 0.6)
    if not close or (not word[:1].isalpha() and word[:1] not in "._$"):
        return None
    # Of those that are about as close, the one that begins the same way.
    best = max(close, key=lambda each: (_same_start(each, word.lower()), -close.index(each)))
    return by_lower[best]


def _same_start(one: str, other: str) -> int:
    """How many letters two words have in common at their start."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
