"""Disk files: a private copy of what one holds, and for a writer its lock and the way back."""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from errno import EACCES, ENXIO, EPERM, EROFS, ETXTBSY
from itertools import count
from typing import ClassVar, NoReturn
from weakref import WeakValueDictionary, finalize

from toyvm.errors import BadFileError
from toyvm.files.boundary import StrPath, boundary, shown
from toyvm.files.replacing import HOLE_BYTES, Draft, check_replaceable
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.limits import MAXIMUM_DISK_BYTES, MAXIMUM_DISK_DATA_BYTES

_PIECE = 1 << 20  # bytes
_READ_ONLY = (EACCES, EPERM, EROFS, ETXTBSY)  # what the system says of a file that may be read and not written
_ATTEMPTS = 100  # at a file that is replaced again and again

Identity = tuple[int, int]  # device and inode


class ChangedByOthers(BadFileError):
    """The file is no longer what the guest began with; what the guest made of it lies beside it."""


class Copy:
    """What a file held when it was opened, in memory of this process: nobody can truncate that under a guest."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Raises OSError, ValueError."""
        self._memory = os.memfd_create("toyvm-disk")
        self.let_go_of_file = finalize(self, os.close, self._memory)  # `save` needs it, the contents do not
        os.ftruncate(self._memory, size)
        self.contents = mmap.mmap(self._memory, size)
        self._fill(descriptor, size)

    def _fill(self, descriptor: int, size: int) -> None:
        filled = 0
        with memoryview(self.contents) as view:
            for start, end in data_extents(descriptor, size):
                filled += end - start
                if filled > MAXIMUM_DISK_DATA_BYTES:
                    raise ValueError(f"holds more than {MAXIMUM_DISK_DATA_BYTES} bytes, which is the limit")
                while start < end:
                    with view[start : min(end, start + _PIECE)] as piece:
                        count = os.preadv(descriptor, [piece], start)
                    if not count:
                        raise ValueError("was truncated while it was read")
                    start += count

    def parts(self, size: int) -> bytes | None:
        """A byte for each `size` bytes, 0 where there are zeros alone; None where only a look would tell."""
        if not self.let_go_of_file.alive:
            return None
        whole = len(self.contents)
        parts = bytearray(-(-whole // size))
        for start, end in data_extents(self._memory, whole):
            first, behind = start // size, -(-end // size)
            parts[first:behind] = b"\1" * (behind - first)
        return bytes(parts)

    def save(self, descriptor: int, *, with_holes: bool) -> None:
        """Write it all into an empty file; `with_holes`, what is zero is left out. Raises OSError."""
        size, step = len(self.contents), HOLE_BYTES if with_holes else _PIECE
        os.ftruncate(descriptor, size)
        extents = data_extents(self._memory, size) if with_holes else iter([(0, size)])
        zeros = bytes(step)
        for start, end in extents:
            for place in range(start, end, step):
                piece = self.contents[place : min(end, place + step)]
                if not with_holes or piece != zeros[: len(piece)]:
                    _write_at(descriptor, piece, place)


def data_extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file, up to `size`, that are not holes. Raises OSError."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == ENXIO:
                return
            raise
        if start < end:
            yield start, end


def _write_at(descriptor: int, data: bytes, place: int) -> None:
    while data:
        count = os.pwrite(descriptor, data, place)
        data, place = data[count:], place + count


class Lock:
    """That nobody else writes a file: not this process, nor another toyvm. It is held on what the file is."""

    _held: ClassVar[set[Identity]] = set()
    _guard = threading.RLock()  # inside it garbage may be collected: a disk, say, whose machine nobody closed

    def __init__(self, descriptor: int, name: StrPath) -> None:
        """Takes the descriptor over. Raises BadFileError if someone has it, OSError."""
        status = os.fstat(descriptor)
        self.identity = (status.st_dev, status.st_ino)
        with self._guard:
            is_free = self.identity not in self._held and _try_to_lock(descriptor)
            if is_free:
                self._held.add(self.identity)
        if not is_free:
            os.close(descriptor)
            raise BadFileError(
                f"{shown(name)}: another guest writes this disk; give each its own, or open it read-only"
            )
        self.descriptor = descriptor
        self.release = finalize(self, _unlock, descriptor, self._held, self.identity, os.getpid())


def _try_to_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks: others cannot be asked
    return True


def _unlock(descriptor: int, held: set[Identity], identity: Identity, process: int) -> None:
    held.discard(identity)
    if os.getpid() == process:  # not a child that ends with its parent's lock
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child process may have the descriptor, too
    os.close(descriptor)


class DiskFile:
    """A file opened for one disk. Those who only read one share a copy of it."""

    _read: ClassVar[WeakValueDictionary[object, Copy]] = WeakValueDictionary()

    def __init__(self, path: StrPath, writable: bool) -> None:
        """One that may not be written is opened for reading. Raises BadFileError."""
        self._path = path
        self._lock: Lock | None = None
        self._copy: Copy | None = None
        try:
            with boundary(path):
                self._place = os.path.realpath(path)
                descriptor, self.writable = _open(self._place, path, writable)
                if self.writable:
                    self._lock = self._locked(descriptor)
                    self._copy = self._begin(self._lock.descriptor)
                else:
                    self._copy = self._shared(descriptor)
        except BaseException:
            self.close()
            raise

    @property
    def contents(self) -> mmap.mmap:
        assert self._copy is not None, "closed"
        return self._copy.contents

    def _locked(self, descriptor: int) -> Lock:
        """The lock on what has the name now: who had it before may have replaced the file."""
        for _ in range(_ATTEMPTS):
            lock = Lock(descriptor, self._path)
            if _identity(os.stat(self._place)) == lock.identity:
                return lock
            lock.release()
            descriptor, _ = _open(self._place, self._path, True)
        os.close(descriptor)
        raise BadFileError(f"{shown(self._path)}: is replaced again and again")

    def _begin(self, descriptor: int) -> Copy:
        status = os.fstat(descriptor)
        check_replaceable(self._place)
        self._version = _version(status)
        self._has_holes = status.st_blocks * 512 < status.st_size
        return Copy(descriptor, status.st_size)

    def _shared(self, descriptor: int) -> Copy:
        try:
            status = os.fstat(descriptor)
            version = _version(status)
            copy = self._read.get(version)
            if copy is None:
                copy = self._read[version] = Copy(descriptor, status.st_size)
                copy.let_go_of_file()
            return copy
        finally:
            os.close(descriptor)

    def parts(self, size: int) -> bytes | None:
        """As Copy.parts."""
        assert self._copy is not None, "closed"
        return self._copy.parts(size)

    def save(self) -> None:
        """Replace the file by what the copy holds now. Raises BadFileError, and then the file is as it was."""
        assert self._lock is not None
        assert self._copy is not None
        with boundary(self._path), Draft(self._place, os.fstat(self._lock.descriptor)) as draft:
            self._copy.save(draft.descriptor, with_holes=self._has_holes)
            os.fsync(draft.descriptor)
            if self._is_changed():
                self._save_beside(draft)
            lock = Lock(os.dup(draft.descriptor), self._path)
            try:
                draft.publish()
            except BaseException:
                lock.release()
                raise
            self._lock.release()
            self._lock, self._version = lock, _version(os.fstat(lock.descriptor))

    def _is_changed(self) -> bool:
        """Has someone else written to the file, replaced or linked it? One that was deleted is written anew."""
        try:
            status = os.lstat(self._place)
        except FileNotFoundError:
            return False
        return _version(status) != self._version or status.st_nlink > 1

    def _save_beside(self, draft: Draft) -> NoReturn:
        names = (f"{self._place}.guest{number}" for number in count(1))
        beside = next(name for name in names if not os.path.lexists(name))
        draft.publish(beside)
        raise ChangedByOthers(
            f"{shown(self._path)}: another program changed it while a guest had it; what the guest wrote is in {beside}"
        )

    def close(self) -> None:
        """Give the file to others, and the memory back."""
        copy, self._copy = self._copy, None
        if self._lock is None:
            return  # a copy that is shared goes with the last one that reads it
        self._lock.release()
        if copy is not None:
            copy.let_go_of_file()
            with suppress(BufferError):  # whoever still looks at the contents keeps them; they go with the last one
                copy.contents.close()


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _version(status: os.stat_result) -> tuple[int, ...]:
    """Which file it is, and what tells whether someone has written to it."""
    return (*_identity(status), status.st_size, status.st_mtime_ns)


def _open(place: str, name: StrPath, writable: bool) -> tuple[int, bool]:
    """A descriptor of a file that can be a disk, and whether it may be written. Raises BadFileError, OSError."""
    _check(os.stat(place), name)  # before: opening a device may do something
    flags = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(place, flags | (os.O_RDWR if writable else os.O_RDONLY))
    except OSError as error:
        if not writable or error.errno not in _READ_ONLY:
            raise
        descriptor, writable = os.open(place, flags | os.O_RDONLY), False
    try:
        _check(os.fstat(descriptor), name)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, writable


def _check(status: os.stat_result, name: StrPath) -> None:
    """Raise BadFileError unless it is a regular file of whole sectors."""
    size, name = status.st_size, shown(name)
    if stat.S_ISDIR(status.st_mode):
        raise BadFileError(f"{name}: is a directory, not a disk")
    if not stat.S_ISREG(status.st_mode):
        raise BadFileError(f"{name}: is a device or pipe; a disk is a regular file")
    if not size:
        raise BadFileError(f"{name}: is empty; a disk has at least one sector, {SECTOR_SIZE} bytes")
    if size % SECTOR_SIZE:
        raise BadFileError(f"{name}: {size} bytes is no disk; it takes a multiple of {SECTOR_SIZE}")
    if size > MAXIMUM_DISK_BYTES:
        raise BadFileError(f"{name}: has {size} bytes; the limit is {MAXIMUM_DISK_BYTES}")
