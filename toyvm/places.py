"""Places: where in the file system the parts of toyvm are that are no modules."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def guests_directory() -> Path:
    """The directory of the shipped guests: in the package once installed, beside it in a checkout."""
    installed = PACKAGE / "guests"
    return installed if installed.is_dir() else PACKAGE.parent / "guests"
