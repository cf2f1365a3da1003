"""Faults: the one call among many that fails, of the core's for memory, or of toyvm's for files.

The core's calls go through its table of what the C library defines, where others are put in their place meanwhile;
toyvm's go through the module os.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from toyvm import _core

_ALLOCATING = ("malloc", "calloc", "mmap")
_SECTION_RELA, _POINTER = 4, 8
_NO_MAPPING = ctypes.c_void_p(-1).value  # MAP_FAILED
_FILE_CALLS = {
    **dict.fromkeys(("open", "stat", "lstat", "fstat", "read", "preadv", "lseek", "listdir", "scandir"), errno.EIO),
    **dict.fromkeys(("write", "pwrite", "ftruncate", "fsync", "mkdir", "symlink", "memfd_create"), errno.ENOSPC),
    **dict.fromkeys(("rename", "replace", "link", "unlink", "rmdir", "fchmod", "utime", "access", "dup"), errno.EACCES),
}


class Faults:
    """Counts calls, and lets the one of a number fail."""

    def __init__(self, failing: int | None) -> None:
        self.count = 0
        self.failed: str | None = None  # what did
        self._failing = failing

    def fails(self, name: str) -> bool:
        """Is this call the one?"""
        self.count += 1
        if self.count != self._failing:
            return False
        self.failed = name
        return True


class _Slot(NamedTuple):
    """Where the core has the address of a function of the C library."""

    name: str
    address: int


@contextmanager
def failing_allocation(number: int | None) -> Iterator[Faults]:
    """Meanwhile that one of the core's requests for memory is refused; None: they are counted.

    In the end all that was got is to have been given back: raises AssertionError otherwise.
    """
    faults, held = Faults(number), set[int]()
    kept: list[Any] = []  # what C calls has to live
    slots = [slot for slot in _slots() if slot.name in _REPLACED]
    before = {slot: _pointer_at(slot.address).value for slot in slots}
    try:
        for slot in slots:
            prototype, wrap = _REPLACED[slot.name]
            replaced = prototype(wrap(faults, held, prototype((slot.name, _libc()))))
            kept.append(replaced)
            _pointer_at(slot.address).value = ctypes.cast(replaced, ctypes.c_void_p).value
        yield faults
    finally:
        for slot, value in before.items():
            _pointer_at(slot.address).value = value
    assert not held, f"{len(held)} pieces of memory were not given back"


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _pointer_at(address: int) -> ctypes.c_void_p:
    return ctypes.c_void_p.from_address(address)


def _allocation(name: str, refusal: int | None) -> Callable[..., Any]:
    def wrap(faults: Faults, held: set[int], real: Callable[..., int | None]) -> Callable[..., int | None]:
        def allocate(*arguments: Any) -> int | None:
            if faults.fails(name):
                return refusal
            got = real(*arguments)
            if got is not None and got != refusal:
                held.add(got)
            return got

        return allocate

    return wrap


def _release(faults: Faults, held: set[int], real: Callable[..., int]) -> Callable[..., int]:
    def release(address: int | None, *rest: Any) -> int:
        held.discard(address or 0)
        return real(address, *rest)

    return release


_SIZE, _ADDRESS, _INT = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
_REPLACED: dict[str, tuple[Any, Callable[..., Callable[..., Any]]]] = {
    "malloc": (ctypes.CFUNCTYPE(_ADDRESS, _SIZE), _allocation("malloc", None)),
    "calloc": (ctypes.CFUNCTYPE(_ADDRESS, _SIZE, _SIZE), _allocation("calloc", None)),
    "mmap": (
        ctypes.CFUNCTYPE(_ADDRESS, _ADDRESS, _SIZE, _INT, _INT, _INT, ctypes.c_long),
        _allocation("mmap", _NO_MAPPING),
    ),
    "free": (ctypes.CFUNCTYPE(None, _ADDRESS), _release),
    "munmap": (ctypes.CFUNCTYPE(_INT, _ADDRESS, _SIZE), _release),
}


@cache
def _slots() -> tuple[_Slot, ...]:
    """Those of the core, which may be written from now on."""
    data = Path(_core.__file__).read_bytes()
    base = _base_of(os.path.realpath(_core.__file__))
    found = tuple(_Slot(name, base + offset) for name, offset in _relocations(data) if name in _REPLACED)
    for slot in found:
        page = slot.address & -mmap.PAGESIZE
        assert _libc().mprotect(ctypes.c_void_p(page), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) == 0
    return found


def _base_of(path: str) -> int:
    """Where the system has put a library."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        where, _, offset, *_, name = line.split(None, 5)
        if name == path and int(offset, 16) == 0:
            return int(where.partition("-")[0], 16)
    raise AssertionError(f"{path} is nowhere in this process")


def _relocations(data: bytes) -> Iterator[tuple[str, int]]:
    """Name and place of what a library (ELF64) has others fill in."""
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + size * number) for number in range(count)]
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind != _SECTION_RELA:
            continue
        symbols = sections[link]
        names = sections[symbols[6]][4]
        for place in range(offset, offset + length, 24):
            where, info, _ = struct.unpack_from("<QQq", data, place)
            (name,) = struct.unpack_from("<I", data, symbols[4] + 24 * (info >> 32))
            text = data[names + name : data.index(b"\0", names + name)]
            if text:
                yield text.decode(), where


@contextmanager
def failing_file_call(number: int | None) -> Iterator[Faults]:
    """Meanwhile that one of toyvm's calls of the system's for files fails; None: they are counted."""
    faults = Faults(number)
    before = {name: getattr(os, name) for name in _FILE_CALLS}

    def replaced(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            caller = str(sys._getframe(1).f_globals.get("__name__"))
            if caller.startswith("toyvm.") and not caller.startswith("toyvm.verify.") and faults.fails(name):
                raise OSError(_FILE_CALLS[name], os.strerror(_FILE_CALLS[name]))
            return real(*arguments, **options)

        return call

    try:
        for name, real in before.items():
            setattr(os, name, replaced(name, real))
        yield faults
    finally:
        for name, real in before.items():
            setattr(os, name, real)
