"""Arguments, of the Python API as of commands: checked where they come in, refused with the value and what is expected.

Sizes are taken as people write them: 4096, 0x1000, 64K, 16M, 1G. For a name that is not there the
nearest one is told that is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import index
from typing import Any

from toyvm.errors import UnknownNameError, UsageError
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.numerals import read_number

_SHOWN = 60  # characters of a value
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WITH_UNIT = re.compile(r"(.+?)\s*([KMGT]?)(?:I?B)?", re.ASCII)


def wrong(what: str, value: object, expected: str) -> UsageError:
    """The error for a value of the wrong type."""
    return UsageError(f"{what} of {short(value)} ({type(value).__name__}); it takes {expected}")


def short(value: object) -> str:
    """A value in an error message: its first characters."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def check_integer(value: object, what: str) -> int:
    """`value` as an integer. Raises UsageError for what is none, a float too."""
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        raise wrong(what, value, "an integer") from None


def check_address(value: object, what: str = "address") -> int:
    """An integer of 64 bits, 0 or more."""
    address = check_integer(value, what)
    if not 0 <= address <= ALL_BITS:
        raise UsageError(f"{what} of {address:#x}; it takes 0..{ALL_BITS:#x}")
    return address


def check_seconds(value: object, what: str) -> float | None:
    """A number of seconds, 0 or more, infinity included; or None."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong(what, value, "a number of seconds, or None")
    if not value >= 0:
        raise UsageError(f"{what} of {value}; it takes a number of seconds, 0 or more")
    return float(value)


def check_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise wrong(what, value, "a string")
    return value


def check_bytes(value: object, what: str) -> bytes:
    """The bytes of anything that has bytes; a list of numbers has none."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise wrong(what, value, "bytes")
    return bytes(value)


def check_path(value: Any, what: str) -> str | os.PathLike[str]:
    if not isinstance(value, str) and not (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)):
        raise wrong(what, value, "a path")
    if not os.fspath(value):
        raise UsageError(f"{what} '': the name of a file is empty")
    return value


def check_list(value: Any, what: str, expected: str) -> list[Any]:
    """The elements of a list, or of what can be gone through like one; a text is not taken for its letters."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise wrong(what, value, expected)
    return list(value)


def check_callable(value: Any, what: str) -> Callable[..., Any]:
    if not callable(value):
        raise wrong(what, value, "something to call")
    return value  # type: ignore[no-any-return]


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


def unknown_name(kind: str, name: object, known: Iterable[str], *, are_listed: bool = False) -> UnknownNameError:
    """The error for a `kind` of thing called `name`, with a suggestion from `known`, or with all of them behind it."""
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near else ""
    there = f" (there are {', '.join(known)})" if are_listed else ""
    return UnknownNameError(f"no {kind} {short(name)}{hint}{there}")


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` may be a slip of."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(known), 1)
    return near[0] if near else None
