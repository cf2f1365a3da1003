"""Shrinking: the smallest program that still fails, found by leaving out what it fails without.

A. Zeller, R. Hildebrandt: Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28(2), 2002: larger parts are left
out before smaller ones. A candidate counts only if all that it does is specified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from toyvm.arguments import check_callable, check_integer
from toyvm.errors import UsageError
from toyvm.isa.coding import decode, encode
from toyvm.isa.declare import Operand
from toyvm.testing.pieces import Pieces, Row
from toyvm.testing.programs import Program
from toyvm.testing.programs.program import Given, as_program
from toyvm.testing.programs.specified import FOLLOWED, course_of

ATTEMPTS = 4_000  # candidates that are tried at the most
T = TypeVar("T")


def shrunk(
    program: Given,
    is_failing: Callable[[Program], bool],
    *,
    attempts: int = ATTEMPTS,
    instructions: int = FOLLOWED,
) -> Program:
    """The smallest program found of which `is_failing` is true as it is of this one: of few instructions, little data.

    Each of up to `attempts` candidates is asked about once; one that fails has to be specified for the first
    `instructions`, and never to trap and to switch off if this one does so. The same program and answers give the same
    result. Raises UsageError for a program that does not fail, or does what the specification leaves open.
    """
    program, is_failing = as_program(program), check_callable(is_failing, "is_failing")
    attempts, instructions = check_integer(attempts, "attempts"), check_integer(instructions, "instructions")
    course = course_of(program, instructions)
    if course.left_open is not None:
        reason = f"the specification leaves open what it does: {course.left_open}"
        raise UsageError(f"the program is not to be shrunk: {reason}")
    if not is_failing(program):
        raise UsageError("the program is not to be shrunk: it does not fail")

    def is_admitted(candidate: Program) -> bool:
        found = course_of(candidate, instructions)
        return found.left_open is None and (found.is_plain or not course.is_plain)

    search = _Search(Pieces.of(program), lambda one: is_failing(one) and is_admitted(one), attempts)
    search.go()
    return search.best.program()


class _Search:
    """The best pieces so far, and the steps to better ones."""

    def __init__(self, given: Pieces, will_do: Callable[[Program], bool], attempts: int) -> None:
        self.best = given
        self._will_do = will_do
        self._left = attempts
        self._tried: set[Program] = {given.program()}

    def go(self) -> None:
        """Leave out and simplify until nothing more comes of it."""
        before = None
        while before != self.best and self._left:
            before = self.best
            self._simplify_frame()
            self._leave_out_code()
            self._leave_out_data()
            self._simplify_code()

    def _takes(self, candidate: Pieces) -> bool:
        """Try one: if it fails too it is the best."""
        try:
            program = candidate.program()
        except ValueError:  # a target that is too far away now
            return False
        if not self._left or program in self._tried:
            return False
        self._left -= 1
        self._tried.add(program)
        if not self._will_do(program):
            return False
        self.best = candidate
        return True

    def _simplify_frame(self) -> None:
        plain = Program(())
        for change in (
            {"disk": None, "disk_latency": plain.disk_latency, "disk_writable": True},
            {"input": b""},
            {"disk_latency": plain.disk_latency},
            {"disk_writable": True},
            {"disk": None if self.best.frame.disk is None else bytes(len(self.best.frame.disk))},
            {"memory": plain.memory},
        ):
            self._takes(replace(self.best, frame=replace(self.best.frame, **change)))

    def _leave_out_code(self) -> None:
        """Of the longest piece first: the body, mostly."""
        for number in sorted(range(len(self.best.code)), key=lambda number: -len(self.best.code[number].rows)):
            self._leave_out(self.best.code[number].rows, partial(self._with_rows, number))

    def _with_rows(self, number: int, rows: Sequence[Row]) -> Pieces:
        code = list(self.best.code)
        code[number] = code[number]._replace(rows=tuple(rows))
        return replace(self.best, code=tuple(code))

    def _leave_out_data(self) -> None:
        self._leave_out(self.best.data, lambda kept: replace(self.best, data=tuple(kept)))

    def _leave_out(self, items: Sequence[T], with_items: Callable[[Sequence[T]], Pieces]) -> None:
        """Keep as few of the items as it fails with, by halves, quarters, and so on down to single ones."""
        size = len(items)
        while size > 0:
            at = 0
            while at < len(items):
                kept = [*items[:at], *items[at + size :]]
                if self._takes(with_items(kept)):
                    items = kept
                else:
                    at += size
            size //= 2

    def _simplify_code(self) -> None:
        """Immediates to small ones, and registers that are read to x0."""
        for number, piece in enumerate(self.best.code):
            for at in range(len(piece.rows)):
                for row in _simpler(self.best.code[number].rows[at]):
                    rows = list(self.best.code[number].rows)
                    rows[at] = row
                    if self._takes(self._with_rows(number, rows)):
                        break


def _simpler(row: Row) -> Iterator[Row]:
    """The same instruction with simpler operands, simplest first."""
    decoded = decode(row.word)
    if decoded is None:
        return
    for at, (operand, value) in enumerate(zip(decoded.instruction.operands, decoded.values, strict=True)):
        if operand.scale != 1 or operand in (Operand.CR, Operand.PORT) or value == 0:
            continue
        simpler = (0,) if operand.is_register else tuple(dict.fromkeys((0, 1, int(value / 16), int(value / 2))))
        for other in simpler:
            if other != value and operand.low <= other <= operand.high:
                values = (*decoded.values[:at], other, *decoded.values[at + 1 :])
                yield row._replace(word=encode(decoded.instruction, values))
