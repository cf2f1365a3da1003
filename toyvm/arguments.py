"""Arguments of the Python API: checked where they come in, refused with the value and what is expected."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from operator import index
from typing import Any

from toyvm.errors import UsageError

_SHOWN = 60  # characters of a value
_WORD_LIMIT = 1 << 64


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
    if not 0 <= address < _WORD_LIMIT:
        raise UsageError(f"{what} of {address:#x}; it takes 0..{_WORD_LIMIT - 1:#x}")
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
