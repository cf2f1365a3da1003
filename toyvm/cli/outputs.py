"""Files that a command is going to write: refused before it does anything, where it could not, or should not, write."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from toyvm.errors import UsageError


def check_outputs(outputs: Mapping[str, str | None]) -> None:
    """Raise BadFileError if one, by its option, cannot be written, and UsageError if two are one."""
    from toyvm.files.replacing import check_replaceable

    writers: dict[object, str] = {}
    for option, name in outputs.items():
        if name is None:
            continue
        check_replaceable(name)
        identity = _identity(name)
        if identity is not None and identity in writers:
            raise UsageError(f"{option} {name}: {writers[identity]} writes that file")
        writers[identity] = option


def check_kept(outputs: Mapping[str, str | None], inputs: Iterable[str | Path | None]) -> None:
    """Raise UsageError if an output would overwrite a file that the command reads."""
    read = {_identity(path) for path in inputs if path is not None and Path(path).is_file()}
    for option, path in outputs.items():
        if path is not None and _identity(path) in read:
            raise UsageError(f"{option} {path}: that would overwrite a file it is made from; name another")


def _identity(name: str | Path) -> object:
    """What a path leads to, by whatever name: a regular file, or the place of one. None: a device, pipe or folder."""
    try:
        status = os.stat(name)
    except OSError:
        return os.path.realpath(name)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
