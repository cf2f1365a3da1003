"""Directives that put data into a section: numbers, strings, files, and room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.directives.directive import Directive, Handler, limited, number_of, operands_of
from toyvm.asm.encoding import Hole, address_expression, expression
from toyvm.asm.expressions import Node
from toyvm.asm.operands import split, string_bytes
from toyvm.asm.parser import ESCAPES
from toyvm.asm.search import find_include
from toyvm.asm.sections import MAXIMUM_SIZE
from toyvm.asm.values import NotKnown, describe
from toyvm.errors import BadFileError
from toyvm.files.boundary import check_regular, read_file
from toyvm.isa.control import ALL_BITS
from toyvm.limits import MAXIMUM_CONTENTS_BYTES
from toyvm.numerals import read_number

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler


@dataclass(slots=True)
class DataHole(Hole):
    """A number of `size` bytes, signed or not."""

    directive: str
    size: int
    index: int

    def fill(self, value: int, pc: int) -> bytes:
        bits = self.size * 8
        if value >> 63 == 1 and -value & ALL_BITS <= 1 << (bits - 1):
            value -= 1 << 64  # a negative number in the form that 64-bit arithmetic gives it
        if not -(1 << (bits - 1)) <= value < 1 << bits:
            raise Complaint(
                f"value {describe(value)} does not fit; {self.directive} takes {-(1 << (bits - 1))}..{(1 << bits) - 1}",
                self.index,
            )
        return (value & ((1 << bits) - 1)).to_bytes(self.size, "little")


@dataclass(slots=True)
class Leb128Hole(Hole):
    """A number in groups of 7 bits, as debug information has it: `size` of them, which is longer than it must be."""

    signed: bool
    index: int
    size: int = 10

    def fill(self, value: int, pc: int) -> bytes:
        groups = leb128(value, self.signed, self.index)
        last = 0x7F if value < 0 else 0
        padded = groups[:-1] + bytes([groups[-1] | 0x80]) + bytes([last | 0x80]) * (self.size - 1 - len(groups))
        return padded + bytes([last]) if len(groups) < self.size else groups


def leb128(value: int, signed: bool, index: int) -> bytes:
    """A number in groups of 7 bits, the lowest first, as few as it takes."""
    low, high = (-(1 << 63), (1 << 63) - 1) if signed else (0, ALL_BITS)
    if not low <= value <= high:
        name = ".sleb128" if signed else ".uleb128"
        raise Complaint(f"value {describe(value)} does not fit; {name} takes {low}..{high}", index)
    groups = bytearray()
    while not _is_last(value, signed):
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value & 0x7F])


def _is_last(value: int, signed: bool) -> bool:
    return -0x40 <= value < 0x40 if signed else value < 0x80


def _leb128s(directive: str, signed: bool) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        given = operands_of(text, 1, 1 << 20, f"{directive} value, ...")
        assembler.spend(len(given) - 1, 0)
        for index, operand in enumerate(given):
            node = expression(operand, index).bind(assembler)
            try:
                value = node.evaluate(assembler)
            except NotKnown:
                value = None
            assembler.mark()
            if isinstance(value, int):
                assembler.extend(leb128(value, signed, index), index)
            else:
                _put(assembler, Leb128Hole(signed, index), node)

    return handle


def _numbers(directive: str, size: int) -> Handler:
    limit = 1 << (size * 8)

    def handle(assembler: Assembler, text: str) -> None:
        given = split(text)
        if not given:
            raise Complaint(f"too few operands: 0; write '{directive} value, ...'")
        assembler.mark()
        # Long tables of plain numbers are the common case.
        try:
            values = [read_number(operand) for operand in given]
            if assembler.section.kind.has_contents and min(values) >= 0 and max(values) < limit:
                assembler.session.reserve(size * len(values))
                assembler.section.data += b"".join([value.to_bytes(size, "little") for value in values])
                return
        except ValueError:
            pass
        assembler.spend(len(given) - 1, 0)
        for index, operand in enumerate(given):
            _put(assembler, DataHole(directive, size, index), address_expression(operand, index))

    return handle


def _put(assembler: Assembler, hole: DataHole | Leb128Hole, node: Node) -> None:
    if assembler.section.kind.has_contents:
        assembler.session.reserve(hole.size, hole.index)
        assembler.put(assembler.section, hole, node)
    else:
        assembler.extend(hole.fill(assembler.number_now(node, hole.index), 0), hole.index)


def _strings(directive: str, end: bytes) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        for index, operand in enumerate(operands_of(text, 1, 1 << 20, f'{directive} "text", ...')):
            assembler.extend(string_bytes(operand, index, ESCAPES) + end, index)

    return handle


def _room(directive: str, most: int) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        given = operands_of(text, 1, most, f"{directive} count" + ", fill" * (most - 1))
        count = limited(assembler, given[0], 0, "count", 0, MAXIMUM_SIZE)
        fill = limited(assembler, given[1], 1, "fill", -128, 255) if len(given) > 1 else 0
        pad(assembler, count, bytes([fill & 0xFF]))

    return handle


def pad(assembler: Assembler, count: int, pattern: bytes) -> None:
    """Add `count` bytes of a repeated pattern that starts at a multiple of its length."""
    if assembler.section.kind.has_contents:
        assembler.reserve(count)
        start = assembler.section.size % len(pattern)
        repeated = pattern * (count // len(pattern) + 2)
        assembler.add(repeated[start : start + count])
    elif any(pattern):
        raise Complaint(f"section {assembler.section.name} has no contents: it can only be filled with zeros")
    else:
        assembler.reserve(count)
        assembler.mark()
        assembler.section.reserved += count


def _fill(assembler: Assembler, text: str) -> None:
    given = operands_of(text, 1, 3, ".fill repeat, size, value")
    repeat = limited(assembler, given[0], 0, "repeat count", 0, MAXIMUM_SIZE)
    size = limited(assembler, given[1], 1, "size", 1, 8) if len(given) > 1 else 1
    value = number_of(assembler, given[2], 2) if len(given) > 2 else 0
    unit = DataHole(f".fill of size {size}", size, 2).fill(value, 0)
    if assembler.section.kind.has_contents:
        assembler.reserve(repeat * size)
        assembler.add(unit * repeat)
    else:
        pad(assembler, repeat * size, unit if any(unit) else b"\0")


def _incbin(assembler: Assembler, text: str) -> None:
    given = operands_of(text, 1, 3, '.incbin "file", skip, count')
    name = string_bytes(given[0], 0, ESCAPES).decode(errors="replace")
    path = find_include(name, assembler.frame.source, assembler.session.include)
    if path is None:
        raise Complaint(f"file '{name}' is not there", 0)
    assembler.session.binaries.append(path)
    try:
        check_regular(path)
        data = read_file(path, MAXIMUM_CONTENTS_BYTES)
    except BadFileError as error:
        raise Complaint(str(error), 0) from None
    assembler.spend(0, len(data))
    skip = limited(assembler, given[1], 1, "skip", 0, len(data)) if len(given) > 1 and given[1] else 0
    count = limited(assembler, given[2], 2, "count", 0, len(data) - skip) if len(given) > 2 else len(data) - skip
    assembler.extend(data[skip : skip + count])


_SIZES = ((".byte", 1), (".half", 2), (".word", 4), (".dword", 8))
_NAMES = {size: name for name, size in _SIZES}
_OTHER_NAMES = ((".2byte", 2), (".short", 2), (".4byte", 4), (".long", 4), (".int", 4), (".8byte", 8), (".quad", 8))

DATA: tuple[Directive, ...] = (
    *(
        Directive(name, "value, ...", _numbers(name, size), f"numbers of {size} byte{'s' * (size > 1)}, little-endian")
        for name, size in _SIZES
    ),
    *(
        Directive(name, "value, ...", _numbers(name, size), f"the same as {_NAMES[size]}")
        for name, size in _OTHER_NAMES
    ),
    Directive(".uleb128", "value, ...", _leb128s(".uleb128", False), "numbers in groups of 7 bits, the lowest first"),
    Directive(".sleb128", "value, ...", _leb128s(".sleb128", True), "the same, signed"),
    Directive(".ascii", '"text", ...', _strings(".ascii", b""), "strings, UTF-8, with C's escapes"),
    Directive(".asciz", '"text", ...', _strings(".asciz", b"\0"), "strings, each with a zero byte at its end"),
    Directive(".string", '"text", ...', _strings(".string", b"\0"), "the same as .asciz"),
    Directive(".zero", "count", _room(".zero", 2), "zero bytes"),
    Directive(".skip", "count, fill", _room(".skip", 2), "bytes of one value, 0 by default"),
    Directive(".space", "count, fill", _room(".space", 2), "the same as .skip"),
    Directive(".fill", "repeat, size, value", _fill, "a number of 1 to 8 bytes, repeated"),
    Directive(".incbin", '"file", skip, count', _incbin, "a file's bytes, all or some"),
)
