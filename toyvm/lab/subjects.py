"""Subjects: what a workload is run on, a technique on an engine at a hardware level, and its runs there."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_THREAD, getrusage
from time import process_time, thread_time
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self, TypeVar, cast

from toyvm.errors import ExitCode, ToyvmError
from toyvm.isa.machine import Level
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.techniques import SYSTEM_NAMES

if TYPE_CHECKING:
    from toyvm.host.monitored_guest import MonitorMaker
    from toyvm.lab.tasks import Load, Task
    from toyvm.machine.computer import Computer
    from toyvm.recompiler.options import Recompiling

INTERPRETER, RECOMPILER = "interpreter", "recompiler"
HOST_PAGES = "host_pages"  # among a computer's work: memory that the host has given it during its run
TIMEOUT = 60.0  # seconds that one run may take
_Number = TypeVar("_Number", int, float)


class WorkloadFailed(ToyvmError):
    """A workload that did not end by itself with code 0."""

    exit_code = ExitCode.GUEST_FAULT

    @classmethod
    def at(cls, label: str, operations: int, detail: str) -> Self:
        return cls(f"on {label} with {operations} operation{'' if operations == 1 else 's'}: {detail}")


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
    operands: dict[str, dict[str, int]] = field(default_factory=dict)  # exits, by reason and what the instruction names
    work: dict[str, int] = field(default_factory=dict)  # what the core did beside instructions and exits
    laps: dict[str, int] = field(default_factory=dict)  # of a stopwatch, if it was watched, by kind...
    lap_nanoseconds: dict[str, float] = field(default_factory=dict)  # ...and how long they took together

    @classmethod
    def of_runs(cls, operations: int, runs: Sequence[Sample]) -> Self:
        """What the runs came to that did so many operations together."""
        reasons = {reason: None for run in runs for reason in run.operands}

        return cls(
            operations,
            sum(run.instructions for run in runs),
            _together(run.exits for run in runs),
            sum(run.cpu_seconds for run in runs),
            _together(run.hypercalls for run in runs),
            sum(run.recompiled for run in runs),
            sum(run.entered for run in runs),
            sum(run.compiling_seconds for run in runs),
            {reason: _together(run.operands.get(reason, {}) for run in runs) for reason in reasons},
            _together(run.work for run in runs),
            _together(run.laps for run in runs),
            _together(run.lap_nanoseconds for run in runs),
        )


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
    monitor: MonitorMaker | None = field(default=None, compare=False)  # the user's, in place of a technique...
    like: str | None = None  # ...and the technique whose builds and prices it has

    is_alone: ClassVar[bool] = True  # there are no neighbours, so that what an exit costs can be measured

    @property
    def kind(self) -> str:
        """The technique whose builds of programs it takes, and whose exits cost what its own do."""
        return self.like or self.technique

    @property
    def label(self) -> str:
        return self.technique if self.engine == INTERPRETER else f"{self.technique}, {self.engine}"

    @property
    def machine(self) -> str:
        """The technique of the machine itself: that of the operating system's, too, is the bare one."""
        return "bare" if self.technique in SYSTEM_NAMES else self.kind

    @property
    def is_watchable(self) -> bool:
        """Can a stopwatch say where its time goes? The reference has no native core."""
        return self.is_alone and self.engine != "reference"

    def run(self, task: Task, operations: int, watched: bool = False) -> Sample:
        """Do so many operations once, on new computers: to be timed as a whole, or watched with a stopwatch.

        Raises WorkloadFailed, and KeyboardInterrupt after a Ctrl-C.
        """
        return Sample.of_runs(operations, [self._sample(load, operations, watched) for load in task.loads(operations)])

    def _sample(self, load: Load, operations: int, watched: bool) -> Sample:
        """One computer's run, a part of so many operations."""
        with self.computer(load) as computer:
            computer.load(load.image)
            if watched:
                computer.start_stopwatch()
            pages, started, all_started = _host_pages(), thread_time(), process_time()
            with interrupts_raised():
                outcome = computer.run(timeout=TIMEOUT)
            seconds, all_seconds = thread_time() - started, process_time() - all_started
            compiling = max(0.0, all_seconds - seconds)
            pages = _host_pages() - pages
            if outcome.exit_code != load.exit_code:
                raise WorkloadFailed.at(self.label, operations, outcome.detail)
            counts = computer.recompilation
            laps = computer.laps
            seconds -= sum(one.overhead for one in laps.values()) * 1e-9
            return Sample(
                operations,
                outcome.instructions,
                computer.exits,
                seconds,
                computer.hypercalls,
                counts.get("retired", 0),
                counts.get("entered", 0),
                compiling if counts else 0.0,
                computer.operands,
                {**computer.work, HOST_PAGES: pages},
                {kind: one.number for kind, one in laps.items()},
                {kind: one.nanoseconds for kind, one in laps.items()},
            )

    def computer(self, load: Load) -> AbstractContextManager[Computer]:
        """The computer that a program is run on, its output dropped."""
        from toyvm.launch import launched

        devices: dict[str, Any] = {
            "input": load.input,
            "output": DISCARDED,
            "disk": load.disk,
            "disk_cache": False,  # nobody cuts the power: nothing is kept for it
        }
        if self.monitor is not None:
            devices["monitor"] = self.monitor
        return launched(self.machine, load.memory, engine=self.measured_engine(), level=self.level, **devices)

    def measured_engine(self) -> str | Recompiling:
        """The engine, as it is to run while it is timed."""
        if self.engine != RECOMPILER:
            return self.engine
        from toyvm.recompiler.options import Recompiling

        return Recompiling(waiting=True, cache=self.code_cache)


def _together(figures: Iterable[dict[str, _Number]]) -> dict[str, _Number]:
    """Their sums by name, but for what comes to nothing."""
    sums: dict[str, _Number] = {}
    for one in figures:
        sums |= {name: sums.get(name, 0) + figure for name, figure in one.items()}
    return {name: figure for name, figure in sums.items() if figure}


def _host_pages() -> int:
    """So many the host has given this thread so far."""
    return getrusage(RUSAGE_THREAD).ru_minflt


class Discarded(io.RawIOBase):
    """Where the guests' output goes: what keeping it costs would be the lab's own."""

    def write(self, data: Any) -> int:
        return len(data)


DISCARDED = cast("BinaryIO", Discarded())
