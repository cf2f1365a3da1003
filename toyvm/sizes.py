"""Sizes and counts as people write them: 4096, 0x1000, 64K, 16M, 1G."""

from __future__ import annotations

import re
from contextlib import suppress

from toyvm.arguments import check_integer
from toyvm.errors import UsageError
from toyvm.isa.paging import PAGE_SIZE
from toyvm.numerals import read_number

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WITH_UNIT = re.compile(r"(.+?)\s*([KMGT]?)(?:I?B)?", re.ASCII)


def parse_size(value: int | str, what: str = "size") -> int:
    """Bytes in `value`: a number, or a numeral with an optional K, M, G or T, powers of 1024.

    Raises UsageError for anything else.
    """
    if not isinstance(value, str):
        return check_integer(value, what)
    with suppress(ValueError):
        return read_number(value)
    match = _WITH_UNIT.fullmatch(value.strip().upper())
    try:
        return read_number(match[1]) * UNITS.get(match[2], 1) if match else read_number(value)
    except ValueError:
        raise UsageError(f"{what} {value[:40]!r} is no size; write bytes, or 64K, 16M, 1G") from None


def check_within(value: int, low: int, high: int, what: str, unit: str = "") -> int:
    """`value` itself, if it lies in low..high; raises UsageError saying value and limits otherwise."""
    if not low <= check_integer(value, what) <= high:
        raise UsageError(f"{what} of {value}{unit} is out of range; it takes {low}..{high}{unit}")
    return value


def check_pages(value: int | str, low: int, high: int, what: str = "") -> int:
    """The bytes of a size that lies in low..high and makes whole pages; raises UsageError, saying which would."""
    size = check_within(parse_size(value, what or "size"), low, high, what or "value", " bytes")
    if rest := size % PAGE_SIZE:
        near = f"{size - rest} or {size - rest + PAGE_SIZE} perhaps"
        raise UsageError(f"{what} of {size} bytes; it takes a multiple of {PAGE_SIZE}, {near}".removeprefix(" of "))
    return size


def show_size(size: int) -> str:
    """`size` in bytes as people write it: 16M, 64K, 513."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
