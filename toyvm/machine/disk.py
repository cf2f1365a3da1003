"""Disk back ends: a file, or bytes in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from toyvm.arguments import check_path, wrong
from toyvm.errors import UsageError
from toyvm.isa.ports import SECTOR_SIZE

if TYPE_CHECKING:
    from mmap import mmap

    from toyvm.machine.disk_file import DiskFile

    Contents = bytearray | mmap


class Disk:
    """Sectors in host memory, for one computer. Those of a file are a private copy, written back whole.

    `close` writes what is `unsaved`, and may be called again where that failed.
    """

    def __init__(self, contents: bytearray | None, writable: bool, file: DiskFile | None = None) -> None:
        """`file` takes the place of contents."""
        self._file = file
        self._contents: Contents | None = None  # so one that could not be made is closed
        self.writable = writable
        self.unsaved = False
        self._is_attached = False
        given = contents if file is None else file.contents
        if given is None or (not isinstance(given, bytearray) and file is None):
            raise wrong("disk", contents, "a bytearray")
        if not given or len(given) % SECTOR_SIZE:
            raise UsageError(f"a disk of {len(given)} bytes; it takes a multiple of {SECTOR_SIZE}, and not 0")
        self._contents = given

    @classmethod
    def open(cls, path: str | os.PathLike[str], writable: bool = True) -> Disk:
        """The disk in a file, locked if it may be written: else it is a read-only disk. Raises BadFileError."""
        from toyvm.machine.disk_file import DiskFile  # a run without one need not import it

        file = DiskFile(check_path(path, "disk"), writable)
        return cls(None, file.writable, file)

    @property
    def contents(self) -> Contents:
        """Every byte of it. Raises UsageError once closed."""
        if self._contents is None:
            raise UsageError("this disk is closed")
        return self._contents

    @property
    def sectors(self) -> int:
        return len(self.contents) // SECTOR_SIZE

    def parts(self, size: int) -> bytes | None:
        """A byte for each `size` bytes, 0 where there are zeros alone; None where that is not known."""
        return None if self._file is None else self._file.parts(size)

    def attach(self) -> Contents:
        """The contents, for the one computer that has the disk. Raises UsageError."""
        if self._is_attached:
            raise UsageError("another computer has this disk; a disk is for one at a time")
        contents = self.contents
        self._is_attached = True
        return contents

    def detach(self, changed: bool) -> None:
        """The computer is done with it, and has changed it or not: write that back, and close. Raises BadFileError."""
        self._is_attached = False
        self.unsaved |= changed and self._file is not None
        self.close()

    def write_back(self) -> None:
        """Replace the file by what the guest made of it; a crash leaves the old file or the new one, whole."""
        self.contents  # noqa: B018 (raises once closed)
        if self._file is None:
            return
        from toyvm.machine.disk_file import ChangedByOthers

        try:
            self._file.save()
        except ChangedByOthers:
            self.unsaved = False
            raise
        self.unsaved = False

    def close(self) -> None:
        """Write what is unsaved, and give the file to others. Raises BadFileError; then it is not closed."""
        if self._contents is None:
            return
        try:
            if self.unsaved:
                self.write_back()
        finally:
            if not self.unsaved:
                self._contents = None
                if self._file is not None:
                    self._file.close()


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
