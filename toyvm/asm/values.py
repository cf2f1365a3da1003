"""Values of expressions: whole numbers, and places in a section whose address is not known yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.isa.control import ALL_BITS

if TYPE_CHECKING:
    from toyvm.asm.sections import Section

LIMIT = 1 << 128  # of any intermediate result: wide enough for products of 64-bit numbers


@dataclass(frozen=True, slots=True)
class Relative:
    """`offset` bytes into one unit's part of a section."""

    section: Section
    offset: int


Value = int | Relative


class NotKnown(Exception):
    """An expression needs something that only linking decides. `name` is the symbol, where there is one."""

    def __init__(self, message: str, name: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.offset = offset


def signed64(value: int) -> int:
    """`value` modulo 2**64, as a signed number."""
    value &= ALL_BITS
    return value - (1 << 64) if value >> 63 else value


def describe(value: int) -> str:
    """A number as a diagnostic shows it: large ones in hexadecimal too."""
    return str(value) if -65536 < value < 65536 else f"{value} ({value:#x})"
