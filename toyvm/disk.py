"""Disk back ends: a file, or bytes in memory."""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path

from toyvm.arguments import check_path, wrong
from toyvm.errors import BadFileError, UsageError
from toyvm.isa.ports import SECTOR_SIZE

Contents = bytearray | mmap.mmap


class Disk:
    """Sectors in host memory. Those of a file are a private copy, written back whole when the disk is closed."""

    def __init__(self, contents: Contents, writable: bool, path: Path | None = None) -> None:
        if not isinstance(contents, (bytearray, mmap.mmap)):
            raise wrong("disk", contents, "a bytearray")
        if not contents or len(contents) % SECTOR_SIZE:
            raise UsageError(f"a disk of {len(contents)} bytes; it takes a multiple of {SECTOR_SIZE}, and not 0")
        self.contents = contents
        self.writable = writable
        self._path = path

    @classmethod
    def open(cls, path: str | os.PathLike[str], writable: bool = True) -> Disk:
        """The disk in a file. One that may not be written is a read-only disk. Raises BadFileError."""
        place = Path(check_path(path, "disk"))
        try:
            size = _disk_size(place)
            with place.open("rb") as file:
                contents = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise BadFileError(f"{place}: {getattr(error, 'strerror', None) or error}") from None
        return cls(contents, writable and os.access(place, os.W_OK), place)

    @property
    def sectors(self) -> int:
        return len(self.contents) // SECTOR_SIZE

    def write_back(self) -> None:
        """Replace the file by what the guest made of it; a crash leaves the old file or the new one, whole."""
        if self._path is not None:
            replace_file(self._path.resolve(), self.contents)

    def close(self) -> None:
        if isinstance(self.contents, mmap.mmap):
            self.contents.close()


def _disk_size(path: Path) -> int:
    """The size of a regular file of whole sectors, looked at before it is opened: opening a pipe would wait."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise BadFileError(f"{path}: is a directory, not a disk")
    if not stat.S_ISREG(status.st_mode):
        raise BadFileError(f"{path}: is a device or pipe; a disk is a regular file")
    if not status.st_size:
        raise BadFileError(f"{path}: is empty; a disk has at least one sector, {SECTOR_SIZE} bytes")
    if status.st_size % SECTOR_SIZE:
        raise BadFileError(f"{path}: {status.st_size} bytes is no disk; it takes a multiple of {SECTOR_SIZE}")
    return status.st_size


def check_replaceable(path: Path) -> None:
    """Raise BadFileError where `replace_file` would not succeed, as far as can be told before."""
    temporary = _temporary(path)
    try:
        if path.is_dir():
            raise BadFileError(f"{path}: is a directory")
        if path.exists() and not path.is_file():
            if not os.access(path, os.W_OK):
                raise BadFileError(f"{path}: may not be written")
            return
        temporary.touch()
        temporary.unlink()
    except (OSError, ValueError) as error:
        raise BadFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def replace_file(path: Path, data: bytes | Contents) -> None:
    """Write `data` to a temporary name beside `path`, then rename. Raises BadFileError."""
    temporary = _temporary(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or pipe: there is nothing to replace
            return
        temporary.write_bytes(data)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadFileError(f"{path}: {error.strerror or error}") from None


def open_disk(source: str | os.PathLike[str] | bytearray | Disk | None, writable: bool) -> Disk | None:
    """The disk for what a caller gave: a path, a bytearray that the guest changes in place, a Disk, or None."""
    if source is None or isinstance(source, Disk):
        return source
    if isinstance(source, bytearray):
        return Disk(source, writable)
    if isinstance(source, bytes):
        raise UsageError("a disk in memory is a bytearray, because the guest writes to it")
    if not isinstance(source, (str, os.PathLike)):
        raise wrong("disk", source, "a path, a bytearray, a Disk, or None")
    return Disk.open(check_path(source, "disk"), writable)
