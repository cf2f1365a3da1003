"""Tasks: what computers are given so that they do a workload so many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from toyvm.isa.ports import SECTOR_SIZE
from toyvm.shipped.system_disk import beginning_with

if TYPE_CHECKING:
    from toyvm.image import Image

GUEST_MEMORY = 8 << 20  # bytes
BASELINE_OPERATIONS = 1


class Load(NamedTuple):
    """What one computer is given for one run: an image, a disk of its own, which it may write, and all else."""

    image: Image
    disk: bytearray | None = None
    input: bytes = b""  # of the console
    memory: int = GUEST_MEMORY  # bytes
    exit_code: int = 0  # that it ends with where it has done what it should


class Task(Protocol):
    """A workload as one technique has it."""

    @property
    def period(self) -> int:
        """After so many operations everything has happened as often as every other time."""

    @property
    def baseline(self) -> int:
        """Operations whose cost is taken off a run's, so that start and end count for nothing."""

    def loads(self, operations: int) -> Iterator[Load]:
        """So many operations: what computers are given, one after another."""


@dataclass(frozen=True)
class OwnKernel:
    """An image that has its number of operations in a dword, and a disk of so many empty sectors, 0: none."""

    image: Image
    sectors: int = 0
    period: int = 1
    baseline: int = BASELINE_OPERATIONS
    input: bytes = b""
    memory: int = GUEST_MEMORY
    exit_code: int = 0

    def loads(self, operations: int) -> Iterator[Load]:
        image, disk = with_operations(self.image, operations), empty_disk(self.sectors)
        yield Load(image, disk, self.input, self.memory, self.exit_code)


@dataclass(frozen=True)
class SystemScript:
    """The operating system, where a script does the operations, and so many before them that do not count.

    The script is `put` on a copy of the disk, by default as what init runs first.

    With those its memory was all in use once: pages are cleared then before they are given away, and what was code is
    written over, as in a system that has been up for a while.
    """

    system: Load
    script: Callable[[int], str]
    period: int = 1
    settling: int = 0
    baseline: int = BASELINE_OPERATIONS
    put: Callable[[bytes | bytearray, str], bytearray] = beginning_with

    def loads(self, operations: int) -> Iterator[Load]:
        assert self.system.disk is not None, "a system has its programs on a disk"
        yield self.system._replace(disk=self.put(self.system.disk, self.script(self.settling + operations)))


@dataclass(frozen=True)
class WholeRun:
    """A program whose every run, from start to end, is an operation: nothing is taken off."""

    load: Load
    period: int = 1
    baseline: int = 0

    def loads(self, operations: int) -> Iterator[Load]:
        disk = self.load.disk
        for _ in range(operations):
            yield self.load._replace(disk=None if disk is None else bytearray(disk))


def empty_disk(sectors: int) -> bytearray | None:
    """A disk of so many sectors; none of 0."""
    return bytearray(sectors * SECTOR_SIZE) if sectors else None


def with_operations(image: Image, operations: int) -> Image:
    """The image with its count of operations set."""
    return with_dword(image, "operations", operations)


def with_dword(image: Image, symbol: str, value: int) -> Image:
    """The image with another dword at a symbol, which lies in initialised data, so that a segment holds it."""
    address = image.address_of(symbol)
    segments = []
    for segment in image.segments:
        start = address - segment.address
        if 0 <= start <= len(segment.data) - 8:
            data = segment.data[:start] + value.to_bytes(8, "little") + segment.data[start + 8 :]
            segment = segment._replace(data=data)
        segments.append(segment)
    return image._replace(segments=tuple(segments))
