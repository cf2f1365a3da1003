"""Programs that make hypercalls one after another, whatever these are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from toyvm.hypercalls import BY_NAME, HYPERCALLS, Hypercall
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import REGISTERS
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.programs.program import CODE, Program, Segment
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.values import value64

START, LISTS, RESULTS = 0x1000, 0x8000, 0xA000
MOST_CALLS = 24
RETURNING = tuple(row for row in HYPERCALLS if not row.control)
_RECORDS = 16  # bytes of lists, in words
_A0, _RESULT = REGISTERS["a0"], REGISTERS["s0"]


class Call(NamedTuple):
    """A hypercall with its arguments, unsigned 64-bit values in the order of its row."""

    row: Hypercall
    arguments: tuple[int, ...]


def call(source: Source, rows: Sequence[Hypercall] = RETURNING) -> Call:
    """Any of these hypercalls with arguments of every kind."""
    row = source.choose(rows)
    return Call(row, tuple(_argument(source) for _ in row.arguments))


def _argument(source: Source) -> int:
    """Small, as numbers, levels and counts are; where lists may stand; or anything."""
    kind = source.weighted(((5, "small"), (4, "list"), (1, "none"), (2, "any")))
    if kind == "small":
        return source.integer(0, 8)
    if kind == "list":
        return LISTS + source.choose((0, 8, 16, PAGE_SIZE - 8, 4))
    return ALL_BITS if kind == "none" else value64(source)


def calling_program(source: Source, calls: Sequence[Call]) -> Program:
    """A program that makes the calls in order, keeps each one's result from RESULTS on, and shuts its guest down.

    For a paravirtual kernel, or one that is offered hypercalls.
    """
    words = li(_RESULT, RESULTS)
    for row, arguments in calls:
        for number, value in enumerate(arguments):
            words += li(_A0 + number, value)
        words += [op("hcall", row.number), op("sd", _A0, 0, _RESULT), op("addi", _RESULT, _RESULT, 8)]
    words += [*li(_A0, 0), op("hcall", BY_NAME["shutdown"].number)]
    lists = b"".join(_argument(source).to_bytes(8, "little") for _ in range(_RECORDS))
    return Program((Segment(START, to_bytes(words), CODE, "code"), Segment(LISTS, lists, name="lists")), entry=START)
