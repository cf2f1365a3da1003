"""TOML files: read under a bound, and refused in one line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.limits import MAXIMUM_KEY_PARTS

# A key of so many parts, each bare or in quotes: the parser's time grows with their square.
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*\.[ \t]*){{{MAXIMUM_KEY_PARTS}}}")


def read_toml(path: Path, limit: int, what: str) -> dict[str, Any]:
    """The document in a file of at most `limit` bytes; `what` it should be is said of one that is not text."""
    text = read_text(path, limit, what)
    if _DEEP_KEY.search(text):
        raise BadFileError(f"{shown(path)}: a key has {MAXIMUM_KEY_PARTS} parts or more")
    with boundary(path):
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadFileError(f"{shown(path)}: not TOML: {error}") from None
        except ValueError:  # Python's own, which would tell how to have it read them
            raise BadFileError(f"{shown(path)}: a number has too many digits") from None
