"""Consoles of guests on a shared host: what is typed to a guest, and the end of what it wrote."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import RawIOBase

from toyvm.machine.console import DescriptorInput
from toyvm.printable import printable

_CONTROL_D = b"\x04"
KEPT = 1 << 16  # bytes of a guest's output
UNSENT = 1 << 16  # bytes that a pipe may be behind, before its guest has to wait


class TypedInput:
    """Input that arrives when it is typed or sent: a terminal's, as the guest sees it.

    A guest that `has_all_keys` gets Ctrl-D, too, which ends the input of others.
    """

    live = True

    def __init__(self, has_all_keys: bool = False) -> None:
        self._has_all_keys = has_all_keys
        self._pending = bytearray()
        self._ending = self._ended = False

    def type(self, data: bytes) -> None:
        self._pending += data

    def press(self, keys: bytes) -> None:
        """Those of a terminal, Enter a line's end."""
        text, ending = keys.replace(b"\r", b"\n"), b""
        if not self._has_all_keys:
            text, ending, _ = text.partition(_CONTROL_D)
        self.type(text)
        if ending:
            self.end()

    def end(self) -> None:
        self._ending = True

    def fetch(self, size: int, wait: float) -> bytes | None:
        part = bytes(self._pending[:size])
        del self._pending[: len(part)]
        if part:
            return part
        if not self._ending or self._ended:
            return None
        self._ended = True
        return b""


class FileInput(DescriptorInput):
    """A file or pipe. What goes wrong in reading it is told to `fail`, and ends no more than its guest."""

    def __init__(self, descriptor: int, fail: Callable[[OSError], None]) -> None:
        super().__init__(descriptor)
        self._fail = fail

    def fetch(self, size: int, wait: float) -> bytes | None:
        try:
            return super().fetch(size, wait)
        except OSError as error:
            self._fail(error)
            return None


class KeptOutput:
    """A binary file that keeps its end, and passes everything on to another file.

    That file is one without a buffer, and may be a pipe that never waits. What goes wrong in writing to it is told to
    `fail`, and nothing more is written to it: it ends no more than its guest.
    """

    def __init__(self, file: RawIOBase | None = None, fail: Callable[[OSError], None] | None = None) -> None:
        self._file = file
        self._fail = fail
        self._kept = bytearray()
        self._unsent = bytearray()
        self.written = 0  # bytes in all

    def empty(self) -> None:
        """A regular file begins anew. Raises OSError."""
        if self._file is not None and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.truncate(0)

    def write(self, data: bytes) -> int:
        self._kept += data
        del self._kept[:-KEPT]
        if self._file is not None:
            self._unsent += data
            self._pass_on()
        self.written += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    @property
    def is_behind(self) -> bool:
        """Does whoever reads the file have to read first, before more is written?"""
        return self.unsent > UNSENT

    @property
    def unsent(self) -> int:
        """How many bytes the file has not taken; it is offered them again."""
        self._pass_on()
        return len(self._unsent)

    def _pass_on(self) -> None:
        try:
            while self._unsent and self._file is not None:
                count = self._file.write(self._unsent)
                if not count:  # a pipe that is full
                    return
                del self._unsent[:count]
        except OSError as error:
            self._file = None
            self._unsent.clear()
            if self._fail is not None:
                self._fail(error)

    @property
    def kept(self) -> bytes:
        return bytes(self._kept)

    @property
    def last_line(self) -> str:
        """The last line that is not empty, for people."""
        for line in reversed(self._kept[-512:].decode("utf-8", "replace").splitlines()):
            shown = printable(line.strip())
            if shown:
                return shown
        return ""
