"""Timing whole processes: programs and subjects in turns, so that what disturbs the machine disturbs all.

From processes that do a program's work 0 times, once, and more often come start-up, the first run with all that is
compiled meanwhile, and, as a difference, the runs after, when an engine is warm.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from programs import CannotBuild, Program
from subjects import Subject

TIMEOUT = 900.0  # seconds for one process


@dataclass(frozen=True)
class Effort:
    """How much is measured: the scale, as a factor of each program's own, rounds, and whether warm runs are, too."""

    factor: float
    rounds: int
    is_warm_wanted: bool = True


@dataclass(frozen=True)
class Times:
    """Elapsed seconds, and CPU seconds of all threads, user and system."""

    elapsed: float
    cpu: float


@dataclass(frozen=True)
class Sample:
    """One subject's figures for one program in one round, in seconds.

    `start` is a process that does no work; `first` one that does it once; `warm` what a further time takes, in CPU
    time, if that was measured.
    """

    program: str
    subject: str
    round: int
    start: Times
    first: Times
    warm: float | None

    @property
    def warm_up(self) -> float | None:
        """CPU seconds that the first time takes beyond start and work."""
        return None if self.warm is None else max(0.0, self.first.cpu - self.start.cpu - self.warm)


@dataclass(frozen=True)
class Failure:
    """A subject that could not run a program, and what it said."""

    program: str
    subject: str
    message: str


Report = Callable[[str], None]


def measure(
    programs: Sequence[Program], subjects: Sequence[Subject], effort: Effort, report: Report
) -> Iterator[Sample | Failure]:
    """Every sample as it comes; a subject that fails on a program is left alone with it from then on."""
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            yield from _measure_program(program, subjects, effort, Path(folder), report)


def _measure_program(
    program: Program, subjects: Sequence[Subject], effort: Effort, folder: Path, report: Report
) -> Iterator[Sample | Failure]:
    scale = max(1, round(program.scale * effort.factor))
    commands: dict[Subject, list[str]] = {}
    expected: str | None = None
    for subject in subjects:
        try:
            commands[subject] = subject.command(program, folder)
        except CannotBuild as error:
            yield Failure(program.name, subject.name, str(error))
    for number in range(effort.rounds):
        for subject in list(commands):
            report(f"{program.name}, round {number + 1} of {effort.rounds}: {subject.name}")
            command = [*commands[subject], str(scale)]
            try:
                result, times = _times(command, subject, effort.is_warm_wanted)
            except RuntimeError as error:
                del commands[subject]
                yield Failure(program.name, subject.name, str(error))
                continue
            expected = expected or result
            if result != expected:
                del commands[subject]
                yield Failure(program.name, subject.name, f"its result is {result}, and {expected} elsewhere")
            else:
                yield Sample(program.name, subject.name, number, *times)


def _times(command: list[str], subject: Subject, is_warm_wanted: bool) -> tuple[str, tuple[Times, Times, float | None]]:
    """A program's result, and the three times of a sample."""
    _, start = _time([*command, "0"])
    result, first = _time([*command, "1"])
    if not is_warm_wanted:
        return result, (start, first, None)
    settled = 1 + subject.settling
    before = _time([*command, str(settled)])[1] if subject.settling else first
    _, after = _time([*command, str(settled + subject.repeats)])
    return result, (start, first, max(after.cpu - before.cpu, 1e-6) / subject.repeats)


def _time(command: list[str]) -> tuple[str, Times]:
    """Run a process to its end; what it printed. Raises RuntimeError if it fails."""
    # Bytecode as pip leaves it: an environment that forbids writing it would have every module compiled each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = children_cpu(), perf_counter()
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it did not end within {TIMEOUT:.0f} seconds") from None
    elapsed, cpu = perf_counter() - started, children_cpu() - before
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        raise RuntimeError(f"it ended with code {done.returncode}: {said[0]}")
    return done.stdout.strip(), Times(elapsed, cpu)


def children_cpu() -> float:
    """CPU seconds of all processes that have ended, user and system, to the microsecond."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
