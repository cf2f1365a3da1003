"""Pieces: a program taken apart into instructions, which may be left out or changed, and words of data.

Jumps and branches within a piece of code lead to an instruction rather than over a distance, so that they still do when
others between are left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from toyvm.image import PF_X
from toyvm.isa.coding import decode, encode
from toyvm.testing.programs import Program, Segment
from toyvm.testing.programs.assembly import to_bytes
from toyvm.testing.programs.program import CODE, Loadable

_CHUNK = 8  # bytes of data that stay together


class Row(NamedTuple):
    """An instruction of a piece: where it stood at first, and where the one stood that it leads to."""

    place: int
    word: int
    target: int | None


class Code(NamedTuple):
    """A piece of code from an address on."""

    address: int
    rows: tuple[Row, ...]
    name: str = ""

    def words(self) -> list[int]:
        """As they stand in memory, with the distances that there are now."""
        places = [row.place for row in self.rows]
        return [
            _led(row, bisect_left(places, row.target) - at) if row.target is not None else row.word
            for at, row in enumerate(self.rows)
        ]


def _led(row: Row, distance: int) -> int:
    """The word of a jump or branch over so many instructions."""
    decoded = decode(row.word)
    assert decoded is not None, "only an instruction has a target"
    operands = zip(decoded.instruction.operands, decoded.values, strict=True)
    return encode(decoded.instruction, tuple(distance if one.scale != 1 else value for one, value in operands))


class Datum(NamedTuple):
    """Up to eight bytes of data that are not all zero, within an aligned word."""

    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """A program's code and data; what is nowhere is zero."""

    code: tuple[Code, ...]
    data: tuple[Datum, ...]
    frame: Program  # all the rest of it

    @classmethod
    def of(cls, program: Program) -> Pieces:
        """A program's, of whose segments those that are executable are code."""
        code: list[Code] = []
        data: list[Datum] = []
        for segment in program.segments:
            whole = len(segment.data) // 4 * 4 if segment.flags & PF_X and segment.address % 4 == 0 else 0
            if whole:
                code.append(Code(segment.address, _rows(segment.data[:whole]), getattr(segment, "name", "")))
            data += _chunks(segment, whole)
        return cls(tuple(code), tuple(data), replace(program, segments=()))

    def program(self) -> Program:
        """The pieces together again."""
        code = [Segment(one.address, to_bytes(one.words()), CODE, one.name) for one in self.code if one.rows]
        return replace(self.frame, segments=(*code, *(Segment(one.address, one.data) for one in self.data)))

    @property
    def instructions(self) -> int:
        """How many there are."""
        return sum(len(one.rows) for one in self.code)


def _rows(data: bytes) -> tuple[Row, ...]:
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    return tuple(Row(place, word, _target(place, word, len(words))) for place, word in enumerate(words))


def _target(place: int, word: int, end: int) -> int | None:
    """Where a jump or branch leads, if that is within the piece or just behind it."""
    decoded = decode(word)
    if decoded is None:
        return None
    operands: Iterator[int] = (
        place + value for one, value in zip(decoded.instruction.operands, decoded.values, strict=True) if one.scale != 1
    )
    target = next(operands, None)
    return target if target is not None and 0 <= target <= end else None


def _chunks(segment: Loadable, start: int) -> Iterator[Datum]:
    """What a segment holds from an offset on, but for zeros."""
    at, end = segment.address + start, segment.address + len(segment.data)
    while at < end:
        until = min(end, (at // _CHUNK + 1) * _CHUNK)
        data = bytes(segment.data[at - segment.address : until - segment.address])
        if any(data):
            yield Datum(at, data)
        at = until


def count_instructions(program: Program) -> int:
    """How many instructions its code has."""
    return Pieces.of(program).instructions
