"""Words and instructions: encode and decode, exact inverses of one another."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.isa.declare import FN, IMM15, IMM20, OP, Format, Instruction
from toyvm.isa.instructions import INSTRUCTIONS

_BY_OP: dict[int, Instruction] = {row.op: row for row in INSTRUCTIONS if row.format is not Format.R}
_BY_OP_FN: dict[tuple[int, int], Instruction] = {
    (row.op, row.fn): row for row in INSTRUCTIONS if row.format is Format.R
}


class Decoded(NamedTuple):
    """One legal word: its instruction and the encoded value of each operand, in the order they are written."""

    instruction: Instruction
    values: tuple[int, ...]


def decode(word: int) -> Decoded | None:
    """What the 32-bit `word` says, or None if it is illegal."""
    op = OP.extract(word)
    row = _BY_OP.get(op) or _BY_OP_FN.get((op, FN.extract(word)))
    if row is None or word & row.mask != row.match:
        return None
    values = []
    for operand in row.operands:
        value = operand.field.extract(word)
        if operand.field in (IMM15, IMM20) and value >> (operand.field.width - 1):
            value -= 1 << operand.field.width
        if not operand.low <= value <= operand.high:
            return None
        values.append(value)
    return Decoded(row, tuple(values))


def encode(row: Instruction, values: tuple[int, ...]) -> int:
    """The word for `row` with these encoded operand values (targets in words, as `decode` gives them).

    Raises ValueError if a value does not fit its operand, or if their number is wrong.
    """
    if len(values) != len(row.operands):
        raise ValueError(f"{row.mnemonic} takes {len(row.operands)} operands, not {len(values)}")
    word = row.match
    for operand, value in zip(row.operands, values, strict=True):
        if not operand.low <= value <= operand.high:
            raise ValueError(
                f"{operand.label} {value} does not fit; {row.mnemonic} takes {operand.low}..{operand.high}"
            )
        word |= (value << operand.field.low) & operand.field.mask
    return word
