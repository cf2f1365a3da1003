"""Values and words with a taste for boundaries."""

from __future__ import annotations

from collections.abc import Sequence

from toyvm.isa.coding import decode, encode
from toyvm.isa.control import ALL_BITS
from toyvm.isa.declare import Instruction, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.testing.programs.source import Source

ALL_REGISTERS = tuple(range(32))


def value64(source: Source) -> int:
    """An unsigned 64-bit value: small, next to a power of two, or anything."""
    kind = source.weighted(((4, "small"), (4, "boundary"), (2, "any")))
    if kind == "small":
        return source.integer(-8, 64) & ALL_BITS
    if kind == "boundary":
        return ((1 << source.choose((63, 64, 31, 32, 15, 16, 7, 8, 12, 38, 39))) + source.integer(-2, 2)) & ALL_BITS
    return source.integer(0, ALL_BITS)


def immediate(source: Source, operand: Operand) -> int:
    """A legal encoded value of a non-register operand; near 0 or a limit more often than not."""
    kind = source.weighted(((4, "small"), (2, "low"), (2, "high"), (3, "any")))
    if kind == "small":
        return max(operand.low, min(operand.high, source.integer(-16, 16)))
    if kind == "low":
        return operand.low + source.integer(0, 2)
    if kind == "high":
        return operand.high - source.integer(0, 2)
    return source.integer(operand.low, operand.high)


def word_of(
    source: Source,
    row: Instruction,
    reads: Sequence[int] = ALL_REGISTERS,
    writes: Sequence[int] = ALL_REGISTERS,
) -> int:
    """A legal word of this instruction that reads and writes these registers."""
    values = []
    for operand in row.operands:
        if operand is Operand.RD:
            values.append(source.choose(writes))
        elif operand.is_register:
            values.append(source.choose(reads))
        else:
            values.append(immediate(source, operand))
    return encode(row, tuple(values))


def illegal_word(source: Source) -> int:
    """A word that decodes to nothing: one of the two famous ones, a legal one damaged, or an unknown opcode."""
    kind = source.weighted(((1, "zero"), (1, "ones"), (4, "damaged"), (2, "any")))
    if kind == "ones":
        return 0xFFFFFFFF
    if kind == "damaged":
        row = source.choose(INSTRUCTIONS)
        return _illegal_or_zero(word_of(source, row) ^ 1 << source.integer(0, 31))
    if kind == "any":
        return _illegal_or_zero(source.integer(0, 0xFFFFFFFF))
    return 0


def _illegal_or_zero(word: int) -> int:
    return word if decode(word) is None else 0
