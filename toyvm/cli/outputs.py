"""Files that a command is going to write: refused before it does anything, where it could not, or should not, write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from toyvm.errors import UsageError


def check_outputs(outputs: Mapping[str, str | None]) -> None:
    """Raise BadFileError if one, by its option, cannot be written, and UsageError if two are one or one has no name."""
    from toyvm.files.replacing import check_replaceable

    for option, name in outputs.items():
        if name == "":
            raise UsageError(f"{option} '': the name of a file is empty")
    given = {option: Path(path) for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        check_replaceable(path)
        for other, earlier in given.items():
            if other == option:
                break
            if _same(path, earlier):
                raise UsageError(f"{option} {path}: {other} writes that file")


def check_kept(outputs: Mapping[str, str | None], inputs: Iterable[str | Path | None]) -> None:
    """Raise UsageError if an output would overwrite a file that the command reads."""
    read = [Path(path) for path in inputs if path is not None and Path(path).is_file()]
    for option, path in outputs.items():
        if path is not None and any(_same(Path(path), other) for other in read):
            raise UsageError(f"{option} {path}: that would overwrite a file it is made from; name another")


def _same(one: Path, other: Path) -> bool:
    """Do both name one regular file? Devices and pipes may be read and written."""
    if one.is_file() and other.is_file():
        return one.samefile(other)
    return not one.exists() and not other.exists() and one.resolve() == other.resolve()
