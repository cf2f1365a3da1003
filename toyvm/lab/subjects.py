"""Subjects: what a workload is run on, a technique on an engine at a hardware level, and one run of it."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time, thread_time
from typing import TYPE_CHECKING, Any

from toyvm.errors import ExitCode, ToyvmError
from toyvm.isa.machine import Level
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.machine.outcome import Stop

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.machine.computer import Computer

INTERPRETER, RECOMPILER = "interpreter", "recompiler"
GUEST_MEMORY = 8 << 20  # bytes
# What a run of so many operations costs is taken off, so that start and end count for nothing.
BASELINE_OPERATIONS = 1
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
    recompiled: int = 0  # of the instructions, those that retired in compiled code
    entered: int = 0  # so often compiled code was entered
    compiling_seconds: float = 0.0  # CPU time of the threads that compile, which is not in `cpu_seconds`


@dataclass(frozen=True, slots=True)
class Subject:
    """A technique on an engine at a hardware level.

    The recompiler keeps its code in the directory `code_cache` from run to run, and the guest stands still while
    something is compiled: so its times have no compiling in them, and do not hang on how long that takes.
    """

    technique: str
    engine: str = INTERPRETER
    level: Level = Level.STRICT
    code_cache: Path | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        return self.technique if self.engine == INTERPRETER else f"{self.technique}, {self.engine}"

    def run(self, image: Image, operations: int, sectors: int = 0) -> Sample:
        """Run `image` once on a new computer with a disk of so many sectors.

        Raises WorkloadFailed, and KeyboardInterrupt after a Ctrl-C.
        """
        patched = with_operations(image, operations)
        with self.computer(sectors) as computer:
            computer.load(patched)
            started, all_started = thread_time(), process_time()
            outcome = computer.run(timeout=TIMEOUT)
            seconds, all_seconds = thread_time() - started, process_time() - all_started
            if outcome.stop is Stop.INTERRUPTED:
                raise KeyboardInterrupt
            if not outcome.ok:
                raise WorkloadFailed(f"on {self.label} with {operations} operations: {outcome.detail}")
            counts = computer.recompilation
            return Sample(
                operations,
                outcome.instructions,
                computer.exits,
                seconds,
                computer.hypercalls,
                counts.get("retired", 0),
                counts.get("entered", 0),
                max(0.0, all_seconds - seconds) if counts else 0.0,
            )

    def computer(self, sectors: int) -> AbstractContextManager[Computer]:
        """The computer that it is run on, its output dropped."""
        from toyvm.launch import launched
        from toyvm.recompiler.options import Recompiling

        measured = Recompiling(waiting=True, cache=self.code_cache)
        engine = measured if self.engine == RECOMPILER else self.engine
        output, disk = Discarded(), bytearray(sectors * SECTOR_SIZE) if sectors else None
        options = {"output": output, "disk": disk, "disk_cache": False}  # nobody cuts the power: nothing is kept for it
        return launched(self.technique, GUEST_MEMORY, engine=engine, level=self.level, **options)


class Discarded(io.RawIOBase):
    """Where the guests' output goes: what keeping it costs would be the lab's own."""

    def write(self, data: Any) -> int:
        return len(data)


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
