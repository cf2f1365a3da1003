"""Consoles of guests on a shared host: what is typed to a guest, and the end of what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from toyvm.printable import printable

KEPT = 1 << 16  # bytes of a guest's output


class TypedInput:
    """Input that arrives when it is typed or sent: a terminal's, as the guest sees it."""

    live = True

    def __init__(self) -> None:
        self._pending = bytearray()
        self._ending = self._ended = False

    def type(self, data: bytes) -> None:
        self._pending += data

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


class KeptOutput:
    """A binary file that keeps its end, and passes everything on to a file and to whoever is attached."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self._kept = bytearray()
        self.listener: Callable[[bytes], None] | None = None

    def write(self, data: bytes) -> int:
        self._kept += data
        del self._kept[:-KEPT]
        if self._file is not None:
            self._file.write(data)
        if self.listener is not None:
            self.listener(data)
        return len(data)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

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
