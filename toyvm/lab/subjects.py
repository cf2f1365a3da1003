"""Subjects: what a workload is run on, a technique on an engine at a hardware level, and its runs there."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time, thread_time
from typing import TYPE_CHECKING, Any, Self

from toyvm.errors import ExitCode, ToyvmError
from toyvm.isa.machine import Level
from toyvm.machine.outcome import Stop

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.machine.computer import Computer

INTERPRETER, RECOMPILER = "interpreter", "recompiler"
GUEST_MEMORY = 8 << 20  # bytes
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

    @classmethod
    def of_runs(cls, runs: Sequence[Sample]) -> Self:
        """What several runs came to together."""

        def together(counts: Iterable[dict[str, int]]) -> dict[str, int]:
            return dict(sum(map(Counter, counts), Counter[str]()))

        return cls(
            sum(run.operations for run in runs),
            sum(run.instructions for run in runs),
            together(run.exits for run in runs),
            sum(run.cpu_seconds for run in runs),
            together(run.hypercalls for run in runs),
            sum(run.recompiled for run in runs),
            sum(run.entered for run in runs),
            sum(run.compiling_seconds for run in runs),
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """What a program is given to run, and what is counted of it."""

    memory: int = GUEST_MEMORY  # bytes
    disk: bytes = b""  # its contents; none: there is no disk
    input: bytes = b""  # of the console
    exit_code: int = 0  # that it ends with, if it does what it should
    period: int = 1  # after so many operations everything has happened as often as every other time
    is_whole: bool = False  # it counts no operations: a whole run of it, from start to end, is one

    @property
    def baseline(self) -> int:
        """Operations whose cost is taken off a run's, so that start and end count for nothing."""
        return 0 if self.is_whole else BASELINE_OPERATIONS


USUAL = Setting()


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

    def run(self, image: Image, operations: int, setting: Setting = USUAL) -> Sample:
        """Have `image` do so many operations on a new computer, or run it whole so many times, each on a new one.

        Raises WorkloadFailed, and KeyboardInterrupt after a Ctrl-C.
        """
        if setting.is_whole:
            return Sample.of_runs([self._run_once(image, 1, setting) for _ in range(operations)])
        return self._run_once(with_operations(image, operations), operations, setting)

    def _run_once(self, image: Image, operations: int, setting: Setting) -> Sample:
        with self.computer(setting) as computer:
            computer.load(image)
            started, all_started = thread_time(), process_time()
            outcome = computer.run(timeout=TIMEOUT)
            seconds, all_seconds = thread_time() - started, process_time() - all_started
            if outcome.stop is Stop.INTERRUPTED:
                raise KeyboardInterrupt
            if outcome.stop is not Stop.EXIT or outcome.exit_code != setting.exit_code:
                work = "" if setting.is_whole else f" with {operations} operations"
                raise WorkloadFailed(f"on {self.label}{work}: {outcome.detail}")
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

    def computer(self, setting: Setting) -> AbstractContextManager[Computer]:
        """The computer that a program is run on, its output dropped."""
        from toyvm.launch import launched
        from toyvm.recompiler.options import Recompiling

        measured = Recompiling(waiting=True, cache=self.code_cache)
        engine = measured if self.engine == RECOMPILER else self.engine
        devices = {
            "input": setting.input,
            "output": Discarded(),
            "disk": bytearray(setting.disk) if setting.disk else None,
            "disk_cache": False,  # nobody cuts the power: nothing is kept for it
        }
        return launched(self.technique, setting.memory, engine=engine, level=self.level, **devices)


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
