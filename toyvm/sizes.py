"""Sizes and counts as people write them: 4096, 0x1000, 64K, 16M, 1G."""

from __future__ import annotations

from toyvm.arguments import check_integer
from toyvm.errors import UsageError

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_size(value: int | str, what: str = "size") -> int:
    """Bytes in `value`: a number, or digits (decimal or 0x) with an optional K, M, G or T, powers of 1024.

    Raises UsageError for anything else.
    """
    if not isinstance(value, str):
        return check_integer(value, what)
    text = value.strip().upper().removesuffix("B").removesuffix("I") if not value.lower().startswith("0x") else value
    factor = UNITS.get(text[-1:], 1)
    digits = text[:-1] if factor != 1 else text
    try:
        return int(digits, 0) * factor
    except ValueError:
        raise UsageError(f"{what} {value!r} is no size; write bytes, or 64K, 16M, 1G") from None


def check_within(value: int, low: int, high: int, what: str, unit: str = "") -> int:
    """`value` itself, if it lies in low..high; raises UsageError saying value and limits otherwise."""
    if not low <= check_integer(value, what) <= high:
        raise UsageError(f"{what} of {value}{unit} is out of range; it takes {low}..{high}{unit}")
    return value


def show_size(size: int) -> str:
    """`size` in bytes as people write it: 16M, 64K, 513."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
