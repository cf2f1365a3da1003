"""Timing whole processes: programs and subjects in turns, so that what disturbs the machine disturbs all.

From runs of one program that repeats its work 0, 1, 1 + R and 1 + 2R times come start-up, the first run with all that
is compiled meanwhile, and the runs after, when an engine is warm.
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
from subjects import NATIVE, Subject

TIMEOUT = 900.0  # seconds for one process


@dataclass(frozen=True)
class Effort:
    """How much is measured: the scale, as a factor of each program's own, rounds, and repeats once warm."""

    factor: float
    rounds: int
    repeats: int = 2
    native_repeats: int = 10


@dataclass(frozen=True)
class Times:
    """Elapsed seconds, and CPU seconds of all threads, user and system."""

    elapsed: float
    cpu: float


@dataclass(frozen=True)
class Sample:
    """One subject's figures for one program in one round, in seconds.

    `start` is a process that does no work; `first` one that does it once; `warm` what a further time takes, in CPU
    time.
    """

    program: str
    subject: str
    round: int
    start: Times
    first: Times
    warm: float

    @property
    def warm_up(self) -> float:
        """CPU seconds that the first time takes beyond start and work."""
        return max(0.0, self.first.cpu - self.start.cpu - self.warm)


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
    commands: dict[str, list[str]] = {}
    expected: str | None = None
    for subject in subjects:
        try:
            commands[subject.name] = subject.command(program, folder)
        except CannotBuild as error:
            yield Failure(program.name, subject.name, str(error))
    for number in range(effort.rounds):
        for name in list(commands):
            report(f"{program.name}, round {number + 1} of {effort.rounds}: {name}")
            repeats = effort.native_repeats if name == NATIVE else effort.repeats
            try:
                result, sample = _sample(program.name, name, number, [*commands[name], str(scale)], repeats)
            except RuntimeError as error:
                del commands[name]
                yield Failure(program.name, name, str(error))
                continue
            expected = expected or result
            if result != expected:
                del commands[name]
                yield Failure(program.name, name, f"its result is {result}, and {expected} elsewhere")
            else:
                yield sample


def _sample(program: str, subject: str, number: int, command: list[str], repeats: int) -> tuple[str, Sample]:
    _, start = _time([*command, "0"])
    result, first = _time([*command, "1"])
    _, some = _time([*command, str(1 + repeats)])
    _, many = _time([*command, str(1 + 2 * repeats)])
    warm = max(many.cpu - some.cpu, 1e-6) / repeats
    return result, Sample(program, subject, number, start, first, warm)


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
