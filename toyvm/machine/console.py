"""Console back ends: where a computer's input comes from and where its output goes."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable, Iterable
from math import ceil
from typing import BinaryIO, NamedTuple, Protocol, cast

from toyvm.arguments import wrong

CHUNK = 4096  # bytes fetched at a time: what the machine's own buffer holds
POLL_SECONDS = 0.05  # how long a wait for input goes on before Ctrl-C and clock are looked at


class InputRecord(NamedTuple):
    """Bytes that a live terminal brought when `instructions` had retired; empty: its end."""

    instructions: int
    data: bytes


class InputSource(Protocol):
    """Where a console's input comes from."""

    live: bool  # bytes are there once they arrive, at a recorded count; else all are there from count 0

    def fetch(self, size: int, wait: float) -> bytes | None:
        """At most `size` bytes; b"" at the end; None if nothing has come within `wait` seconds."""
        ...


class BytesInput:
    """Input that is known from the start."""

    live = False

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(bytes(data))

    def fetch(self, size: int, wait: float) -> bytes:
        part, self._data = self._data[:size], self._data[size:]
        return bytes(part)


class StreamInput:
    """A binary file object, read when the guest asks. Reading blocks."""

    live = False

    def __init__(self, stream: BinaryIO) -> None:
        self._read: Callable[[int], bytes | None] = getattr(stream, "read1", stream.read)

    def fetch(self, size: int, wait: float) -> bytes | None:
        return self._read(size)


class DescriptorInput:
    """A file descriptor: a file or pipe, or with `live` a terminal."""

    def __init__(self, descriptor: int, *, live: bool = False) -> None:
        self.live = live
        self._descriptor = descriptor

    def fetch(self, size: int, wait: float) -> bytes | None:
        # Waiting by poll, not by read, lets a Ctrl-C or a timeout through; select would refuse numbers from 1024 on.
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if not poll.poll(ceil(wait * 1000)):
            return None
        try:
            return os.read(self._descriptor, size)
        except BlockingIOError:
            return None


class ReplayInput:
    """What a terminal once brought, to be brought again at the same counts."""

    live = True

    def __init__(self, log: Iterable[InputRecord]) -> None:
        self._log = list(log)[::-1]

    @property
    def next_count(self) -> int | None:
        """The count at which the run must stop for the next bytes."""
        return self._log[-1].instructions if self._log else None

    def take(self, instructions: int) -> list[bytes]:
        """Everything that had come when `instructions` had retired."""
        due = []
        while self._log and self._log[-1].instructions <= instructions:
            due.append(self._log.pop().data)
        return due

    def fetch(self, size: int, wait: float) -> None:
        return None


class RecordedStream:
    """A stream, and what was read of it: a guest finds all of that there from the start, whenever it came."""

    live = False

    def __init__(self, source: InputSource) -> None:
        self._source = source
        self.log: list[InputRecord] = []

    def fetch(self, size: int, wait: float) -> bytes | None:
        data = self._source.fetch(size, wait)
        if data:
            self.log.append(InputRecord(0, data))
        return data


Input = bytes | BinaryIO | InputSource | None


def open_input(source: Input) -> InputSource:
    """The input source for what a caller gave: bytes, a binary file object, a source, or None for no input."""
    if source is None:
        return BytesInput(b"")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return BytesInput(bytes(source))
    if hasattr(source, "fetch"):
        return cast("InputSource", source)
    if not hasattr(source, "read") or isinstance(source, io.TextIOBase):
        raise wrong("input", source, "bytes, a binary file object, an input source, or None")
    return StreamInput(source)


class OutputSink:
    """Where output goes: kept, unless a file object is given, which gets it at once.

    One that may be slow has a property `is_behind`: where that is true, a guest that shares its host waits.
    """

    def __init__(self, stream: BinaryIO | None) -> None:
        if stream is not None and (not hasattr(stream, "write") or isinstance(stream, io.TextIOBase)):
            raise wrong("output", stream, "a binary file object, or None")
        self._stream = stream
        self.kept = bytearray()

    @property
    def is_behind(self) -> bool:
        return bool(getattr(self._stream, "is_behind", False))

    def write(self, data: bytes) -> None:
        if self._stream is None:
            self.kept += data
            return
        self._stream.write(data)
        self._stream.flush()
