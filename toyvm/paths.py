"""Paths: where in the file system the parts of toyvm are that are no modules, and where the user's modules are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).parent


def guests_directory() -> Path:
    """The directory of the shipped guests: in the package once installed, beside it in a checkout."""
    installed = PACKAGE / "guests"
    return installed if installed.is_dir() else PACKAGE.parent / "guests"


def cache_directory() -> Path | None:
    """Where toyvm keeps what it can make again, after the XDG base directory specification.

    None: nowhere, as the user has no home.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
    return Path(base, "toyvm") if os.path.isabs(base) else None


@contextmanager
def modules_from(folder: str) -> Iterator[None]:
    """Inside modules are looked for in that folder first; an empty name is the current directory's."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
