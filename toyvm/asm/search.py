"""The search for included files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.source import Source
from toyvm.paths import guests_directory


def find_include(name: str, includer: Source, directories: Sequence[Path]) -> Path | None:
    """The first of: beside the including file, the `-I` directories in their order, the shipped includes.

    Raises Complaint for no name, about the operand that it stands in.
    """
    if not name:
        raise Complaint("the name of a file is empty", 0)
    beside = includer.path.parent if includer.path is not None else Path()
    shipped = guests_directory()
    for directory in (beside, *directories, shipped / "include", shipped):
        candidate = directory / name
        try:
            if candidate.exists():
                return candidate
        except (OSError, ValueError):
            continue
    return None


def display_name(path: Path, includer: Source) -> str:
    """How diagnostics call an included file: as the including one is called, shipped ones without their directory."""
    if includer.path is not None:
        try:
            relative = path.relative_to(includer.path.parent)
        except ValueError:
            pass
        else:
            return str(Path(includer.name).parent / relative)
    try:
        return str(path.relative_to(guests_directory()))
    except ValueError:
        return str(path)
