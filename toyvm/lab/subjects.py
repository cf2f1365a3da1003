"""Subjects: what a workload is run on, a technique on an engine at a hardware level, and one run of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import thread_time
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from toyvm.errors import ExitCode, ToyvmError
from toyvm.isa.machine import Level
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.outcome import Stop

if TYPE_CHECKING:
    from toyvm.computer import Computer
    from toyvm.image import Image
    from toyvm.reference_engine import ReferenceEngine

GUEST_MEMORY = 8 << 20  # bytes
TIMEOUT = 60.0  # seconds that one run may take


class WorkloadFailed(ToyvmError):
    """A workload that did not end by itself with code 0."""

    exit_code = ExitCode.GUEST_FAULT


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of `operations` operations came to."""

    operations: int
    instructions: int
    exits: dict[str, int]
    cpu_seconds: float
    hypercalls: dict[str, int] = field(default_factory=dict)  # the exits for one, by its name


@dataclass(frozen=True, slots=True)
class Subject:
    technique: str
    engine: str = "interpreter"
    level: Level = Level.STRICT

    @property
    def label(self) -> str:
        return self.technique if self.engine == "interpreter" else f"{self.technique}, {self.engine}"

    def run(self, image: Image, operations: int, sectors: int = 0) -> Sample:
        """Run `image` once on a new computer with a disk of so many sectors.

        Raises WorkloadFailed, and KeyboardInterrupt after a Ctrl-C.
        """
        patched = with_operations(image, operations)
        with self._computer(bytearray(sectors * SECTOR_SIZE) if sectors else None) as computer:
            computer.load(patched)
            started = thread_time()
            outcome = computer.run(timeout=TIMEOUT)
            seconds = thread_time() - started
            if outcome.stop is Stop.INTERRUPTED:
                raise KeyboardInterrupt
            if not outcome.ok:
                raise WorkloadFailed(f"on {self.label} with {operations} operations: {outcome.detail}")
            return Sample(operations, outcome.instructions, computer.exits, seconds, computer.hypercalls)

    @contextmanager
    def _computer(self, disk: bytearray | None) -> Iterator[Computer | ReferenceEngine]:
        output = cast("BinaryIO", Discarded())
        if self.engine == "reference":
            from toyvm.console import BytesInput
            from toyvm.disk import open_disk
            from toyvm.reference_engine import ReferenceEngine

            opened = open_disk(disk, True)
            with ReferenceEngine(
                GUEST_MEMORY, level=self.level, input=BytesInput(b""), output=output, disk=opened
            ) as engine:
                yield engine
        elif self.technique == "bare":
            from toyvm.machine import Machine

            with Machine(GUEST_MEMORY, level=self.level, engine=self.engine, output=output, disk=disk) as machine:
                yield machine
        else:
            from toyvm.host import Host, host_memory_for

            with Host(host_memory_for(GUEST_MEMORY), level=self.level, engine=self.engine) as host:
                yield host.guest(self.technique, GUEST_MEMORY, output=output, disk=disk)


class Discarded(io.RawIOBase):
    """Where the guests' output goes: what keeping it costs would be the lab's own."""

    def write(self, data: Any) -> int:
        return len(data)


def with_operations(image: Image, operations: int) -> Image:
    """The image with its count of operations set."""
    return with_dword(image, "operations", operations)


def with_dword(image: Image, symbol: str, value: int) -> Image:
    """The image with another dword at a symbol, which lies in initialised data, so that a segment holds it."""
    from dataclasses import replace

    address = image.address_of(symbol)
    segments = []
    for segment in image.segments:
        start = address - segment.address
        if 0 <= start <= len(segment.data) - 8:
            data = segment.data[:start] + value.to_bytes(8, "little") + segment.data[start + 8 :]
            segment = replace(segment, data=data)
        segments.append(segment)
    return replace(image, segments=tuple(segments))
