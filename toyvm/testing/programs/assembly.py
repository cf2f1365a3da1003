"""Words by mnemonic, with labels: as much of an assembler as generated programs need."""

from __future__ import annotations

from toyvm.isa.coding import encode
from toyvm.isa.control import ALL_BITS
from toyvm.isa.instructions import BY_MNEMONIC

_SHIFTS = (14, 14, 4)  # how li takes the low 32 bits: immediates of 15 signed bits hold 14 unsigned ones


def op(mnemonic: str, *values: int) -> int:
    """The word for `mnemonic` with these encoded operand values."""
    return encode(BY_MNEMONIC[mnemonic], values)


def li(rd: int, value: int) -> list[int]:
    """Words that load any 64-bit value, as few as is simple."""
    value = (value & ALL_BITS) - ((value >> 63 & 1) << 64)
    if -(1 << 14) <= value < 1 << 14:
        return [op("addi", rd, 0, value)]
    if -(1 << 31) <= value < 1 << 31:
        return [op("lui", rd, value >> 12), op("ori", rd, rd, value & 0xFFF)]
    words = li(rd, value >> 32)
    rest, left = value & 0xFFFFFFFF, 32
    for shift in _SHIFTS:
        left -= shift
        words += [op("slli", rd, rd, shift), op("ori", rd, rd, rest >> left & ((1 << shift) - 1))]
    return words


def to_bytes(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


class Assembly:
    """Words under construction; a string operand names a label, and stands for the offset to it."""

    def __init__(self) -> None:
        self._rows: list[int | tuple[str, tuple[int | str, ...]]] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        self._labels[name] = len(self._rows)

    def emit(self, mnemonic: str, *values: int | str) -> None:
        self._rows.append((mnemonic, values))

    def extend(self, words: list[int]) -> None:
        self._rows.extend(words)

    def words(self) -> list[int]:
        return [self._resolve(place, row) for place, row in enumerate(self._rows)]

    def _resolve(self, place: int, row: int | tuple[str, tuple[int | str, ...]]) -> int:
        if isinstance(row, int):
            return row
        mnemonic, values = row
        return op(mnemonic, *(self._labels[value] - place if isinstance(value, str) else value for value in values))
