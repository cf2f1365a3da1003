"""Trees of files: from a directory of the host onto a volume, and back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, read_file, shown
from toyvm.files.replacing import write_with_holes
from toyvm.filesystem.layout import BLOCK_SIZE, DIRECTORY, LINK, MAXIMUM_FILE_BLOCKS, REGULAR, ROOT_INODE, Inode
from toyvm.filesystem.volume import NoSuchPathError, Volume, split
from toyvm.printable import printable

Convert = Callable[[Path, bytes], bytes]  # what is put on the volume of a file with these contents

_PERMISSIONS = 0o7777
_MAXIMUM_FILE = MAXIMUM_FILE_BLOCKS * BLOCK_SIZE


def as_it_is(path: Path, data: bytes) -> bytes:
    return data


def put(volume: Volume, source: Path, parent: int, name: bytes, convert: Convert = as_it_is) -> int:
    """Copy a file, link or directory of the host's, with all that is in it, to a name; what had the name is replaced.

    Everything belongs to root there; modes and times are kept, and hard links within the source. The inode's number.
    Raises BadFileError for what cannot be read, is of a kind that is not copied, or finds no room.
    """
    return _Putting(volume, convert).put(source, parent, name)


def put_contents(volume: Volume, source: Path, at: int, convert: Convert = as_it_is) -> None:
    """Copy what is in a directory of the host's into one of the volume's. Raises as `put` does."""
    _Putting(volume, convert).put_contents(source, at)


class _Putting:
    """One copying: what has been copied already is known by what it is, for its further names."""

    def __init__(self, volume: Volume, convert: Convert) -> None:
        self._volume = volume
        self._convert = convert
        self._numbers: dict[tuple[int, int], int] = {}

    def put_contents(self, source: Path, at: int) -> None:
        with boundary(source):
            names = sorted(os.listdir(os.fsencode(source)))
        for name in names:
            self.put(source / os.fsdecode(name), at, name)

    def put(self, source: Path, parent: int, name: bytes) -> int:
        with boundary(source):
            status = os.lstat(source)
            identity = (status.st_dev, status.st_ino)
            old = find_row(self._volume, parent, name)
            if stat.S_ISDIR(status.st_mode):
                number = self._put_directory(status, parent, name, old)
            else:
                if old is not None:
                    remove(self._volume, parent, name)
                number = self._numbers.get(identity) or self._new(source, status)
                self._volume.add_name(parent, name, number)
                if status.st_nlink > 1:
                    self._numbers[identity] = number
        if stat.S_ISDIR(status.st_mode):
            self.put_contents(source, number)
        return number

    def _put_directory(self, status: os.stat_result, parent: int, name: bytes, old: int | None) -> int:
        if old is not None and self._volume.inode(old).type == DIRECTORY:
            return old
        if old is not None:
            remove(self._volume, parent, name)
        return self._volume.new_directory(parent, _inode_like(status, DIRECTORY), name)

    def _new(self, source: Path, status: os.stat_result) -> int:
        """A new inode, without a name yet, with the contents of a file or link. Raises BadFileError, FullError."""
        if stat.S_ISLNK(status.st_mode):
            kind, data = LINK, os.fsencode(os.readlink(source))
        elif stat.S_ISREG(status.st_mode):
            kind, data = REGULAR, self._convert(source, read_file(source, _MAXIMUM_FILE))
        else:
            raise BadFileError(f"{shown(source)}: is a device, pipe or socket; files, links and directories are copied")
        number = self._volume.new_inode(_inode_like(status, kind))
        self._volume.set_contents(number, data)
        return number


def _inode_like(status: os.stat_result, kind: int) -> Inode:
    return Inode(
        mode=kind | stat.S_IMODE(status.st_mode) & _PERMISSIONS, mtime=status.st_mtime_ns, ctime=status.st_mtime_ns
    )


def find_row(volume: Volume, directory: int, name: bytes) -> int | None:
    """The inode of a name in a directory."""
    return next((row.inode for row in volume.rows(volume.inode(directory)) if row.name == name), None)


def remove(volume: Volume, parent: int, name: bytes) -> None:
    """Take away a name, and of a directory all that is in it. Raises NoSuchPathError."""
    number = find_row(volume, parent, name)
    if number is None:
        raise NoSuchPathError("is not on the disk")
    inode = volume.inode(number)
    if inode.type == DIRECTORY:
        for row in volume.rows(inode):
            if row.name not in (b".", b".."):
                remove(volume, number, row.name)
        volume.remove_name(number, b".")
        volume.remove_name(number, b"..")
    volume.remove_name(parent, name)


def make_directories(volume: Volume, path: str | bytes) -> int:
    """The directory of a path, made with those above it where it is not there. Raises NoSuchPathError, FullError."""
    number = ROOT_INODE
    for name in split(path):
        found = find_row(volume, number, name)
        if found is not None and volume.inode(found).type != DIRECTORY:
            raise NoSuchPathError(f"has {name.decode(errors='replace')!r} in it, which is no directory")
        number = volume.new_directory(number, Inode(mode=DIRECTORY | 0o755), name) if found is None else found
    return number


def get(volume: Volume, number: int, destination: Path) -> list[str]:
    """Copy an inode, and all that is in a directory, to a path of the host's; files there are replaced.

    Nothing is written through a symbolic link, whatever the volume says. What is left out is said. Raises BadFileError.
    """
    notes: list[str] = []
    inode = volume.inode(number)
    with boundary(destination):
        parent = os.open(destination.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _get(volume, inode, parent, os.fsencode(destination.name), notes)
        finally:
            os.close(parent)
    return notes


def _get(volume: Volume, inode: Inode, parent: int, name: bytes, notes: list[str]) -> None:
    if inode.type == DIRECTORY:
        _get_directory(volume, inode, parent, name, notes)
    elif inode.type == LINK:
        _unlink(parent, name)
        os.symlink(volume.contents(inode), name, dir_fd=parent)
    elif inode.type == REGULAR:
        draft = b".toyvm-%d.tmp" % os.getpid()
        with new_file(draft, parent) as descriptor:
            try:
                write_file(volume, inode, descriptor)
                os.utime(descriptor, ns=(inode.mtime, inode.mtime))
                os.rename(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                _unlink(parent, draft)
                raise
    else:
        notes.append(f"{printable(os.fsdecode(name))}: is a device or pipe, and left out")


@contextmanager
def new_file(name: bytes, parent: int) -> Iterator[int]:
    """A descriptor of a file that was not there, to write to. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_file(volume: Volume, inode: Inode, descriptor: int) -> None:
    """Give a new file what an inode has: contents, with their holes, and mode. Raises OSError."""
    write_with_holes(descriptor, volume.contents(inode))
    os.fchmod(descriptor, inode.mode & 0o777)


def _get_directory(volume: Volume, inode: Inode, parent: int, name: bytes, notes: list[str]) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    place = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        for row in volume.rows(inode):
            if row.name not in (b".", b".."):
                if b"/" in row.name:
                    raise BadFileError(f"{row.name!r}: is no name; toyvm disk check says more")
                _get(volume, volume.inode(row.inode), place, row.name, notes)
        os.fchmod(place, inode.mode & 0o777 | 0o700)
    finally:
        os.close(place)


def _unlink(parent: int, name: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)
