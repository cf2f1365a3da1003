"""What else the engines are held to, beside programs: a system call, `toyvm run hello`, memory of the C core."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from peers.figures import Figure, figure_of
from peers.measure import Failure, Report, take_warm
from peers.processes import Failed, run_whole
from peers.programs import CannotBuild, Program
from peers.subjects import INTERPRETER, Subject
from toyvm.lab.measure import calibrate, repeat
from toyvm.lab.subjects import Subject as LabSubject
from toyvm.lab.workloads import find_workloads

HERE = Path(__file__).resolve().parent
SYSCALL, HELLO, MEMORY = "system call", "start-up", "memory"
TOYVM_HELLO, PYTHON = "toyvm run hello", "python alone"
SECONDS = 0.2  # CPU time of the workload's run
STARTS = 5  # processes for one reading
CALLS = 1000  # system calls of syscalls.c for each unit of scale


@dataclass(frozen=True)
class Reading:
    """One value of something in one round: nanoseconds, milliseconds or bytes."""

    what: str
    subject: str
    round: int
    value: float


class Readings:
    """Things that are read one after the other, round by round; one that fails is left alone from then on."""

    def __init__(self, name: str, readers: dict[str, Callable[[], float]], report: Report, judged: str) -> None:
        self.name = name
        self._readers, self._report, self._judged = dict(readers), report, judged
        self._values: list[float] = []

    def measure(self, number: int) -> Iterator[Reading | Failure]:
        for subject, read in list(self._readers.items()):
            self._report(f"{self.name}, round {number + 1}: {subject}")
            try:
                value = read()
            except (CannotBuild, Failed) as error:
                del self._readers[subject]
                yield Failure(self.name, subject, str(error))
                continue
            if subject == self._judged:
                self._values.append(value)
            yield Reading(self.name, subject, number, value)

    def noise(self) -> float:
        figure = figure_of(self._values)
        return 0.0 if figure is None else figure.noise or 0.0


def system_calls(subjects: Sequence[Subject], folder: Path, report: Report) -> Readings:
    """Nanoseconds of a round trip: of the workload on the interpreter, and of a program's calls on the peers."""
    program = Program("syscalls", HERE / "syscalls.c", 1)
    readers = {INTERPRETER: _workload_reader()}
    for subject in subjects:
        if subject.name in ("qemu-user", "unicorn"):  # the ones that run RISC-V programs
            readers[subject.name] = _caller(subject, program, folder)
    return Readings(SYSCALL, readers, report, INTERPRETER)


def _workload_reader() -> Callable[[], float]:
    subject, task = LabSubject("bare"), find_workloads(["syscall"])[0].task("bare")
    operations = calibrate(subject, task, SECONDS)
    return lambda: repeat(subject, task, operations).nanoseconds


def _caller(subject: Subject, program: Program, folder: Path) -> Callable[[], float]:
    scale = 20

    def read() -> float:
        _, sample = take_warm(subject, [*subject.command(program, folder), str(scale)])
        return sample(program.name, subject.name, 0).record()["seconds"] / scale / CALLS * 1e9

    return read


def start_ups(folder: Path, report: Report) -> Readings:
    """Elapsed milliseconds of whole processes, caches warm, as one has them from the second time on."""
    command = shutil.which("toyvm", path=str(Path(sys.executable).parent))
    toyvm = [command] if command else [sys.executable, "-P", "-m", "toyvm"]
    commands = {TOYVM_HELLO: [*toyvm, "run", "hello"], PYTHON: [sys.executable, "-c", "pass"]}
    for module in ("unicorn", "wasmtime"):
        if _is_there(module):
            commands[f"import {module}"] = [sys.executable, "-c", f"import {module}"]

    def reader(words: list[str]) -> Callable[[], float]:
        def read() -> float:
            run_whole(words, folder)
            return median(run_whole(words, folder)[1].elapsed for _ in range(STARTS)) * 1e3

        return read

    return Readings(HELLO, {name: reader(words) for name, words in commands.items()}, report, TOYVM_HELLO)


def memory(report: Report) -> Readings:
    """Bytes of one machine beyond its RAM."""

    def read() -> float:
        return float(run_whole([sys.executable, str(HERE / "in_core.py")])[0])

    return Readings(MEMORY, {INTERPRETER: read}, report, INTERPRETER)


def reading(readings: Sequence[Reading], what: str, subject: str) -> Figure | None:
    """The figure of one thing's readings."""
    return figure_of([one.value for one in readings if (one.what, one.subject) == (what, subject)])


def _is_there(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
