"""Files that are replaced whole: a crash, a full disk or Ctrl-C leaves the old one or the new one, and nothing else.

Symbolic links are followed, mode and owner are kept. A file with several hard links is refused: replacing it would
leave the other names with the old contents.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from errno import EISDIR, EOPNOTSUPP
from types import TracebackType
from typing import Self

from toyvm.errors import BadFileError
from toyvm.files.boundary import StrPath, boundary, shown

Data = bytes | bytearray | memoryview

_OWN_FILES = "/proc/self/fd"
HOLE_BYTES = 4096  # what a hole of a file is counted in


def check_replaceable(path: StrPath) -> None:
    """Raise BadFileError where `replace_file` would not succeed, as far as can be told before."""
    with boundary(path):
        place, before = look_at(path)
        if before is not None and not stat.S_ISREG(before.st_mode):
            if stat.S_ISSOCK(before.st_mode) or not os.access(place, os.W_OK):
                raise BadFileError(f"{shown(path)}: may not be written")
            return
        with Draft(place, before):
            pass


def replace_file(path: StrPath, data: Data, *, with_holes: bool = False) -> None:
    """Write `data` to a file that has no name yet, then give it this one. Raises BadFileError.

    Into a device or pipe it is written as it comes: there is nothing to replace. `with_holes`, what is zero is left out
    of a file.
    """
    with boundary(path):
        place, before = look_at(path)
        if before is not None and not stat.S_ISREG(before.st_mode):
            with open(open_stream(place), "wb", buffering=0) as file:
                write_all(file.fileno(), data)
            return
        with Draft(place, before) as draft:
            (write_with_holes if with_holes else write_all)(draft.descriptor, data)
            draft.publish()


def check_folder(path: StrPath) -> None:
    """Raise BadFileError where files cannot be written into a folder, there or to be made, as far as can be told."""
    place = os.path.abspath(path)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        said = shown(path) if place == os.path.abspath(path) else f"{shown(path)}: {shown(place)}"
        raise BadFileError(f"{said}: is a file, where a folder is wanted")
    if not os.access(place, os.W_OK | os.X_OK):
        raise BadFileError(f"{shown(path)}: may not be written to")


def make_folder(path: StrPath) -> None:
    """The folder, and those that it lies in, where there are none. Raises BadFileError."""
    check_folder(path)
    with boundary(path):
        os.makedirs(path, exist_ok=True)


def look_at(path: StrPath) -> tuple[str, os.stat_result | None]:
    """Where a path leads, with links followed, and what is there. Raises BadFileError for what cannot be replaced."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if os.path.basename(os.fspath(path)) in ("", ".", ".."):
            raise BadFileError(f"{shown(path)}: names no file") from None
        return os.path.realpath(path), None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(EISDIR, "is a directory")
    if not stat.S_ISREG(status.st_mode):
        return os.fspath(path), status
    if status.st_nlink > 1:
        raise BadFileError(
            f"{shown(path)}: has {status.st_nlink} names (hard links); replacing one would leave the others behind"
        )
    return os.path.realpath(path), status


def open_stream(path: StrPath) -> int:
    """A device or pipe, to write to; one that nobody reads is refused, not waited for. Raises OSError, ValueError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def write_all(descriptor: int, data: Data) -> None:
    """Raises OSError."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            with view[done:] as rest:
                done += os.write(descriptor, rest)


def write_with_holes(descriptor: int, data: Data) -> None:
    """Into an empty file. Raises OSError."""
    os.ftruncate(descriptor, len(data))
    zeros = bytes(HOLE_BYTES)
    with memoryview(data) as view:
        for place in range(0, len(view), HOLE_BYTES):
            with view[place : place + HOLE_BYTES] as block:
                if block != zeros[: len(block)]:
                    os.lseek(descriptor, place, os.SEEK_SET)
                    write_all(descriptor, block)


class Draft:
    """The next contents of a file, with the mode and owner of the present ones; gone again unless it is published.

    It has no name where the system can do that, so that not even a killed process leaves it behind. Raises OSError.
    """

    def __init__(self, place: str, before: os.stat_result | None) -> None:
        self._place = place
        self._folder = os.path.dirname(place)
        self._name: str | None = None
        self.descriptor = self._open()
        try:
            if before is not None:
                self._be_like(before)
        except BaseException:
            self.close()
            raise

    def _open(self) -> int:
        try:
            if os.path.isdir(_OWN_FILES):
                return os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno not in (EOPNOTSUPP, EISDIR):
                raise
        name = self._new_name()
        descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
        self._name = name
        return descriptor

    def _new_name(self) -> str:
        return os.path.join(self._folder, f".toyvm-{os.getpid()}-{os.urandom(4).hex()}.tmp")

    def _be_like(self, before: os.stat_result) -> None:
        now = os.fstat(self.descriptor)
        if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
            try:
                os.fchown(self.descriptor, before.st_uid, before.st_gid)
            except PermissionError:
                owner = f"{before.st_uid}:{before.st_gid}"
                raise BadFileError(
                    f"{shown(self._place)}: belongs to {owner}, and what replaces it could not be given to that owner"
                ) from None
        os.fchmod(self.descriptor, stat.S_IMODE(before.st_mode))

    def publish(self, place: str | None = None) -> None:
        """From now on this is what the file is, or the one at another `place`."""
        if self._name is None:
            self._name = self._new_name()
            # Any descriptor makes this linkat, which follows the link that leads to the file without a name.
            source = f"{_OWN_FILES}/{self.descriptor}"
            os.link(source, self._name, src_dir_fd=self.descriptor, follow_symlinks=True)
        os.replace(self._name, place or self._place)
        self._name = None

    def close(self) -> None:
        if self._name is not None:
            with suppress(OSError):
                os.unlink(self._name)
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
