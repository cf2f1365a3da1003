"""Disk back ends: a file, or bytes in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from toyvm.arguments import check_path, wrong
from toyvm.errors import UsageError
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.limits import MAXIMUM_READ_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from mmap import mmap

    from toyvm.machine.disk_file import DiskFile
    from toyvm.machine.power_cut import Medium, PowerCut, Write

    Contents = bytearray | mmap
    DiskSource: TypeAlias = "str | os.PathLike[str] | bytearray | Medium | Disk | None"


class Disk:
    """Sectors in host memory, for one computer. Those of a file are a private copy, written back whole.

    `close` writes what is `unsaved`, and may be called again where that failed.
    """

    def __init__(
        self, contents: bytearray | None, writable: bool, file: DiskFile | None = None, *, cached: bool = True
    ) -> None:
        """`file` takes the place of contents. Without a write cache each write lasts when it completes."""
        self._file = file
        self._contents: Contents | None = None  # so one that could not be made is closed
        self.writable = writable
        self.cached = cached
        self.unsaved = False
        self.marks: bytearray | None = None  # a byte for each sector: it may not be as in the origin
        self._origin: bytes | None = None  # of the media of power cuts
        self._is_attached = False
        given = contents if file is None else file.contents
        if given is None or (not isinstance(given, bytearray) and file is None):
            raise wrong("disk", contents, "a bytearray")
        if not given or len(given) % SECTOR_SIZE:
            raise UsageError(f"a disk of {len(given)} bytes; it takes a multiple of {SECTOR_SIZE}, and not 0")
        self._contents = given

    @classmethod
    def open(cls, path: str | os.PathLike[str], writable: bool = True, *, cached: bool = True) -> Disk:
        """The disk in a file, locked if it may be written: else it is a read-only disk. Raises BadFileError."""
        from toyvm.machine.disk_file import DiskFile  # a run without one need not import it

        file = DiskFile(check_path(path, "disk"), writable)
        return cls(None, file.writable, file, cached=cached)

    @classmethod
    def of_medium(cls, medium: Medium, writable: bool = True, *, cached: bool = True) -> Disk:
        """A disk that begins with what the medium holds."""
        disk = cls(medium.contents(), writable, cached=cached)
        disk._begin_marks(medium.origin)
        disk._mark(medium)
        return disk

    @property
    def contents(self) -> Contents:
        """Every byte of it. Raises UsageError once closed."""
        if self._contents is None:
            raise UsageError("this disk is closed")
        return self._contents

    @property
    def sectors(self) -> int:
        return len(self.contents) // SECTOR_SIZE

    def sector(self, number: int) -> bytes:
        """What it holds now, flushed or not."""
        return bytes(self.contents[number * SECTOR_SIZE : (number + 1) * SECTOR_SIZE])

    def parts(self, size: int) -> bytes | None:
        """A byte for each `size` bytes, 0 where there are zeros alone; None where that is not known."""
        return None if self._file is None else self._file.parts(size)

    # Media.

    def begin_marks(self) -> bytearray:
        """The marks, which whoever writes to the disk sets from now on. Raises UsageError."""
        if self.marks is None:
            if len(self.contents) > MAXIMUM_READ_BYTES:
                raise UsageError(
                    f"a disk of {len(self.contents)} bytes is too large for its media; they take {MAXIMUM_READ_BYTES}"
                )
            return self._begin_marks(bytes(self.contents))
        return self.marks

    def _begin_marks(self, origin: bytes) -> bytearray:
        self._origin, self.marks = origin, bytearray(self.sectors)
        return self.marks

    def _mark(self, medium: Medium) -> None:
        assert self.marks is not None, "marks have begun"
        for sector in medium.changes:
            self.marks[sector] = 1

    def _marked(self) -> Iterator[int]:
        assert self.marks is not None, "marks have begun"
        sector = self.marks.find(1)
        while sector >= 0:
            yield sector
            sector = self.marks.find(1, sector + 1)

    def power_cut(self, pending: Sequence[Write], before: dict[int, bytes]) -> PowerCut:
        """With these writes pending, and what their sectors held before them."""
        from toyvm.machine.power_cut import PowerCut

        assert self._origin is not None, "marks have begun"
        return PowerCut(self._origin, {sector: self.sector(sector) for sector in self._marked()} | before, pending)

    def check_medium(self, medium: Medium) -> None:
        """Raise UsageError if it cannot be put into this disk."""
        from toyvm.machine.power_cut import Medium

        if not isinstance(medium, Medium):
            raise wrong("disk", medium, "a Medium, as power_cut().media() has them")
        if not self.writable:
            raise UsageError("the disk is read-only; nothing can be put into it")
        if medium.sectors != self.sectors:
            raise UsageError(f"a medium of {medium.sectors} sectors; the disk has {self.sectors}")

    def become(self, medium: Medium) -> None:
        """Hold what the medium holds, in place: of one origin, no more is moved than the marks and the medium name."""
        contents, origin = self.contents, medium.origin
        if self._origin is origin:
            for sector in self._marked():
                place = slice(sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE)
                contents[place] = origin[place]
        else:
            contents[:] = origin
            self._origin = origin
        marks = self.begin_marks()
        marks[:] = bytes(len(marks))
        for sector, data in medium.changes.items():
            contents[sector * SECTOR_SIZE : (sector + 1) * SECTOR_SIZE] = data
        self._mark(medium)
        self.unsaved |= self._file is not None

    # Who has it.

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


def open_disk(source: DiskSource, writable: bool, cached: bool = True) -> Disk | None:
    """The disk for what a caller gave: a path, a bytearray that is changed in place, a Medium, a Disk, or None."""
    if source is None or isinstance(source, Disk):
        return source
    if isinstance(source, bytearray):
        return Disk(source, writable, cached=cached)
    if isinstance(source, bytes):
        raise UsageError("a disk in memory is a bytearray, because the guest writes to it")
    if not isinstance(source, (str, os.PathLike)):
        from toyvm.machine.power_cut import Medium

        if not isinstance(source, Medium):
            raise wrong("disk", source, "a path, a bytearray, a Medium, a Disk, or None")
        return Disk.of_medium(source, writable, cached=cached)
    return Disk.open(check_path(source, "disk"), writable, cached=cached)
