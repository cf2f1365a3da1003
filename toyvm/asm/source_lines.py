"""The text of source lines, which line tables name: read only from where its user lets them be read.

An image may name any file. One is read if it lies beneath the current directory, a directory that the user names, or
the shipped guests; if no part of its path beneath that begins with a dot; and if it is a regular file, of bounded size
with those before it. All that holds of the file itself, where a symbolic link leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.files.boundary import read_file
from toyvm.limits import MAXIMUM_SHOWN_SOURCE_BYTES
from toyvm.paths import guests_directory


class SourceLines:
    """Lines by file and number. A file that may not be read, or cannot, has none."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = folders
        self._files: dict[str, list[str]] = {}
        self._left = MAXIMUM_SHOWN_SOURCE_BYTES
        self.withheld: list[str] = []  # files that are there, elsewhere

    def line(self, file: str, number: int) -> str:
        """The text of a line, counted from 1; empty if it is not to be had."""
        if file not in self._files:
            self._files[file] = self._read(file)
        lines = self._files[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _read(self, file: str) -> list[str]:
        try:
            path = self._find(file)
            if path is None:
                return []
            data = read_file(path, self._left)
            self._left -= len(data)
            return data.decode(errors="replace").split("\n")
        except (OSError, ValueError, RuntimeError, BadFileError):
            return []

    def _find(self, file: str) -> Path | None:
        """The regular file that is meant and may be read."""
        candidates = [path.resolve() for path in (Path(file), *(folder / file for folder in self._folders))]
        there = [path for path in candidates if path.is_file()]
        roots = [root.resolve() for root in (Path(), guests_directory(), *self._folders)]
        for path in there:
            if any(_lies_beneath(path, root) for root in roots):
                return path
        if there:
            self.withheld.append(file)
        return None


def _lies_beneath(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and not any(part.startswith(".") for part in path.relative_to(root).parts)
