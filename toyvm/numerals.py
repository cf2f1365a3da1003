"""Numerals: whole numbers as people write them. One reader for sources, options, commands and files."""

from __future__ import annotations

import re

FORMS = "42, 0x2a, 0o52, 052, 0b101010 or 42e3"
MAXIMUM_DIGITS = 256  # of a number in any base

# What Python writes otherwise: octal as C has it, and powers of ten.
_OTHER = re.compile(r"\s*([+-]?)(?:0(_?[0-7](?:_?[0-7])*)|([0-9](?:_?[0-9])*)[eE]([0-9]{1,2}))\s*", re.ASCII)


def read_number(text: str) -> int:
    """The number that `text` is: one of FORMS, `_` between digits, a sign. Raises ValueError if it is none."""
    if len(text) > MAXIMUM_DIGITS or not text.isascii():
        raise ValueError(f"{text[:40]!r} is no whole number; write {FORMS}")
    try:
        return int(text, 0)
    except ValueError:
        return _other(text)


def _other(text: str) -> int:
    match = _OTHER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no whole number; write {FORMS}")
    sign, octal, digits, power = match.groups()
    value = int(octal, 8) if octal else int(digits) * int(10 ** int(power))
    return -value if sign == "-" else value
