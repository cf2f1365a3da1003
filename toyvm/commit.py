"""The commit that this toyvm is of: asked of the checkout, or as written down when it was packed or installed."""

from __future__ import annotations

import re
import subprocess

from toyvm.paths import PACKAGE

FILE = PACKAGE / "commit.txt"  # git puts the commit into it where it makes an archive, and the build where it builds
_COMMIT = re.compile(r"([0-9a-f]{7,12})[0-9a-f]{0,28}(-dirty)?")


def commit() -> str | None:
    """Twelve digits of it at most, with -dirty where files were changed since; None: nothing is known."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return _written_down()
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _written_down() -> str | None:
    try:
        text = FILE.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    found = _COMMIT.fullmatch(text)
    return f"{found[1]}{found[2] or ''}" if found else None
