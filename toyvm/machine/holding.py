"""What a computer or a host holds outside of Python, until it is closed, or else until nobody has it any more."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import count
from mmap import MAP_PRIVATE, mmap
from typing import TYPE_CHECKING, Any

from toyvm.errors import UsageError
from toyvm.isa.ports import DISK_CACHE_WRITES
from toyvm.machine.gate import Gate
from toyvm.native import ffi, lib

if TYPE_CHECKING:
    from toyvm.machine.disk import Disk
    from toyvm.machine.power_cut import PowerCut, Write
    from toyvm.recompiler.worker import Recompiler


class Holding:
    """A native object, and what belongs to it. It does not know whose it is: that would keep them alive."""

    def __init__(self, native: Any, free: Callable[[Any], None], gate: Gate) -> None:
        self.native: Any = native  # None once all has been given back
        self.recompiler: Recompiler | None = None
        self.parts: list[Holding] = []  # a host's guests
        self._free = free
        self.gate = gate
        self._disk: Disk | None = None
        self._disk_buffer: Any = None
        self._cache_buffer: Any = None
        self._marks_buffer: Any = None
        self._process = os.getpid()
        self._finalizer: Any = None

    def attach(self, disk: Disk) -> int:
        """Give the computer a disk, which is closed with it. The native core's result."""
        self._disk_buffer = ffi.from_buffer("uint8_t[]", disk.attach(), require_writable=True)
        self._disk = disk
        code = int(lib.t64_vm_disk(self.native, self._disk_buffer, disk.sectors, disk.writable))
        if code == lib.T64_OK and disk.cached and disk.writable:
            room = mmap(-1, DISK_CACHE_WRITES * ffi.sizeof("t64_disk_write"), MAP_PRIVATE)  # of what is used alone
            self._cache_buffer = ffi.from_buffer("t64_disk_write[]", room)
            code = int(lib.t64_vm_disk_cache(self.native, self._cache_buffer))
        if disk.marks is not None:
            self._give_marks(disk.marks)
        return code

    def _give_marks(self, marks: bytearray) -> None:
        """Have each sector marked that is written from now on."""
        self._marks_buffer = ffi.from_buffer("uint8_t[]", marks, require_writable=True)
        lib.t64_vm_disk_marks(self.native, self._marks_buffer)

    def marked_disk(self) -> Disk:
        """The disk, whose writes are marked from now on. Raises UsageError."""
        disk = self._disk
        if disk is None:
            raise UsageError("there is no disk; give the machine one")
        if disk.marks is None:
            self._give_marks(disk.begin_marks())
        return disk

    def power_cut(self) -> PowerCut:
        """What the disk may hold if the power is cut now. Raises UsageError."""
        return self.marked_disk().power_cut(*self._pending())

    def _pending(self) -> tuple[list[Write], dict[int, bytes]]:
        """The writes since the last flush, and what their sectors held before them."""
        from toyvm.machine.power_cut import Write

        assert self._disk is not None
        writes: list[Write] = []
        held: dict[int, bytes] = {}
        for sector, before in reversed(list(self._undone())):
            writes.append(Write(sector, held.get(sector) or self._disk.sector(sector)))
            held[sector] = before
        return writes[::-1], held

    def _undone(self) -> Iterator[tuple[int, bytes]]:
        """Of each such write, the oldest first, its sector and what that held before."""
        for number in count():
            write = lib.t64_vm_disk_waiting(self.native, number)
            if write == ffi.NULL:
                return
            yield int(write.sector), ffi.buffer(write.before)[:]

    @contextmanager
    def holes_known(self, native: Any) -> Iterator[None]:
        """Inside, the native core leaves the holes of a disk file alone: to read them takes memory for all of it."""
        parts = None if self._disk is None else self._disk.parts(lib.T64_DISK_PART)
        buffer = ffi.NULL if parts is None else ffi.from_buffer("uint8_t[]", parts)
        lib.t64_vm_disk_parts(native, buffer)
        try:
            yield
        finally:
            lib.t64_vm_disk_parts(native, ffi.NULL)

    def watch(self, owner: object, noun: str) -> None:
        """Give all back and warn, if `owner` is garbage or the process ends, and nobody has closed it."""
        self._finalizer = weakref.finalize(owner, Holding._abandoned, self, noun)

    def give_back(self) -> None:
        """All of it, whatever fails; changed disks are written back to their files. Raises the first error."""
        if self.native is None:
            return
        if self._finalizer is not None:
            self._finalizer.detach()
        errors: list[BaseException] = []
        for part in self.parts:
            _attempt(part.give_back, errors)
        is_changed = self._is_changed()
        native, self.native = self.native, None
        if self.recompiler is not None:
            _attempt(self.recompiler.close, errors)
        self._free(native)
        _attempt(lambda: self._close_disk(is_changed), errors)
        raise_first(errors)

    def _is_changed(self) -> bool:
        return self._disk is not None and bool(lib.t64_vm_disk_dirty(self.native))

    def _close_disk(self, is_changed: bool) -> None:
        if self._disk is not None:
            if self._disk_buffer is not None:
                ffi.release(self._disk_buffer)
            self._disk.detach(is_changed)

    # Nobody has closed it.

    def _abandoned(self, noun: str) -> None:
        if self.native is None or os.getpid() != self._process:  # a child's copy ends with the child
            return
        if not self.gate.enter():  # another thread runs it, and the process ends
            return
        try:
            moved = self._moved()
        finally:
            self.gate.leave()
        is_changed = any(holding._is_changed() for holding in (moved, *moved.parts))
        try:
            late = "; what was written to its disk goes back to the file only now" if is_changed else ""
            warnings.warn(f"unclosed {noun}{late}", ResourceWarning, stacklevel=1)
        finally:
            if moved.recompiler is None or not moved.recompiler.end_with(moved.give_back):
                moved.give_back()

    def _moved(self) -> Holding:
        """Another one with all that this one has, which has nothing from now on."""
        moved = copy(self)
        moved.parts = [part._moved() for part in self.parts]
        self.native = None
        return moved


def no_holding() -> Holding:
    """What is held by whoever is not made yet, or could not be: nothing, as once all has been given back."""
    return Holding(None, _free_nothing, Gate("this is being made by another thread"))


def _free_nothing(native: Any) -> None:
    raise AssertionError("nothing is held, so nothing is freed")


def _attempt(act: Callable[[], None], errors: list[BaseException]) -> None:
    try:
        act()
    except BaseException as error:  # Ctrl-C, too, waits until all is given back
        errors.append(error)


def raise_first(errors: Sequence[BaseException]) -> None:
    """Raise one of several errors, Ctrl-C before others, with what the rest say as its notes. Nothing without any."""
    if not errors:
        return
    first = next((error for error in errors if not isinstance(error, Exception)), errors[0])
    for error in errors:
        if error is not first:
            first.add_note(str(error))
    raise first
