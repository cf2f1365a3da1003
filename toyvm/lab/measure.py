"""Measuring: every subject in turn, again and again, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from toyvm.errors import ToyvmError
from toyvm.lab.statistics import LEAST, half_width, interval
from toyvm.lab.subjects import Sample, Subject, WorkloadFailed
from toyvm.lab.workloads import Workload
from toyvm.own_classes import telling_the_line

if TYPE_CHECKING:
    from toyvm.lab.tasks import Task

HYPERCALL = "hypercall"  # a reason for exits
_FIRST_TRY = 64  # operations
_LARGEST_STEP = 64  # between two tries
_TRIES = 12

Shares = dict[str, dict[str, float]]  # by reason, and by what it names: they sum up to 1


class Laps(NamedTuple):
    """Of a stopwatch, an operation: how many, and how long they take together."""

    number: float
    nanoseconds: float


@dataclass(frozen=True, slots=True)
class Repetition:
    """One run, and the run of the baseline right before it."""

    baseline: Sample
    sample: Sample
    number: int = 0  # in its turn

    @property
    def operations(self) -> int:
        return self.sample.operations - self.baseline.operations

    @property
    def nanoseconds(self) -> float:
        """CPU time an operation."""
        return (self.sample.cpu_seconds - self.baseline.cpu_seconds) / self.operations * 1e9

    @property
    def instructions(self) -> float:
        """Instructions an operation, an exact quotient."""
        return (self.sample.instructions - self.baseline.instructions) / self.operations

    @property
    def exits(self) -> dict[str, float]:
        """Exits an operation by reason, exact quotients."""
        return self._quotients(self.sample.exits, self.baseline.exits)

    @property
    def work(self) -> dict[str, float]:
        """What the core did for an operation beside instructions and exits, exact quotients."""
        return self._quotients(self.sample.work, self.baseline.work)

    @property
    def laps(self) -> dict[str, Laps]:
        """Of a repetition that was watched, an operation's laps by kind: quotients, which need not be whole."""
        taken, spent = self.sample, self.baseline.lap_nanoseconds
        return {
            kind: Laps(number, max(0.0, taken.lap_nanoseconds.get(kind, 0.0) - spent.get(kind, 0.0)) / self.operations)
            for kind, number in self._quotients(taken.laps, self.baseline.laps).items()
            if number > 0
        }

    @property
    def recompiled(self) -> float:
        """Of the instructions of an operation, those in compiled code."""
        return (self.sample.recompiled - self.baseline.recompiled) / self.operations

    @property
    def entered(self) -> float:
        """How often an operation enters compiled code."""
        return (self.sample.entered - self.baseline.entered) / self.operations

    @property
    def operands(self) -> Shares:
        """Of the exits whose instruction names a register or port, the part of each name."""
        more = {
            reason: self._quotients(named, self.baseline.operands.get(reason, {}))
            for reason, named in self.sample.operands.items()
        }
        return {
            reason: {name: count / sum(counts.values()) for name, count in counts.items()}
            for reason, counts in more.items()
            if counts
        }

    @property
    def priced_exits(self) -> dict[str, float]:
        """The same, but each hypercall a reason of its own, as `hypercall iret`."""
        calls = self._quotients(self.sample.hypercalls, self.baseline.hypercalls)
        others = {reason: count for reason, count in self.exits.items() if reason != HYPERCALL or not calls}
        return others | {f"{HYPERCALL} {name}": count for name, count in calls.items()}

    def _quotients(self, sample: Mapping[str, int], baseline: Mapping[str, int]) -> dict[str, float]:
        more = {name: count - baseline.get(name, 0) for name, count in sample.items()}
        return {name: count / self.operations for name, count in more.items() if count}


@dataclass(slots=True)
class Cell:
    """One workload on one subject: its repetitions, or why there are none."""

    workload: str
    subject: Subject
    repetitions: list[Repetition] = field(default_factory=list)
    operands: Shares = field(default_factory=dict)  # how its exits divide among registers and ports
    missing: str | None = None  # it cannot exist here
    failed: str | None = None  # it should have worked
    watched: Repetition | None = None  # with a stopwatch, whose laps count, and no time else

    @property
    def measured(self) -> bool:
        return bool(self.repetitions)

    @property
    def nanoseconds(self) -> float:
        return median(self.times)

    @property
    def times(self) -> list[float]:
        """Of each repetition in its turn, nanoseconds an operation."""
        return [repetition.nanoseconds for repetition in self.repetitions]

    @property
    def interval(self) -> tuple[float, float]:
        """Where the median lies, nanoseconds an operation."""
        return interval(self.times)

    @property
    def spread(self) -> float:
        """Half of that interval, as a share of the median."""
        return half_width(self.times)

    def is_as_narrow_as(self, precision: float) -> bool:
        return len(self.repetitions) >= LEAST and self.spread <= precision

    @property
    def instructions(self) -> float:
        return self.repetitions[0].instructions

    @property
    def exits(self) -> dict[str, float]:
        return self.repetitions[0].exits

    @property
    def work(self) -> dict[str, float]:
        """Of the last repetition: compiled code, too, is all there then."""
        return self.repetitions[-1].work

    @property
    def laps(self) -> dict[str, Laps]:
        """An operation's, by kind; empty where it was not watched.

        Their part of the run that was watched, which need not have been as fast as others.
        """
        if self.watched is None or self.watched.nanoseconds <= 0:
            return {}
        scale = self.nanoseconds / self.watched.nanoseconds
        return {kind: Laps(each.number, each.nanoseconds * scale) for kind, each in self.watched.laps.items()}

    @property
    def compiled_share(self) -> float:
        """Of the instructions of an operation, the share that retires in compiled code."""
        return self.repetitions[-1].recompiled / self.instructions if self.instructions else 0.0

    @property
    def entered(self) -> float:
        return self.repetitions[-1].entered

    @property
    def compiling_seconds(self) -> float:
        """CPU time that was spent compiling, in all of its runs."""
        return sum(one.sample.compiling_seconds + one.baseline.compiling_seconds for one in self.repetitions)

    @property
    def priced_exits(self) -> dict[str, float]:
        """Exits an operation, each hypercall, register and port a reason of its own: `crw ptbr`."""
        priced: dict[str, float] = {}
        for reason, count in self.repetitions[0].priced_exits.items():
            if shares := self.operands.get(reason):
                priced |= {f"{reason} {name}": count * share for name, share in shares.items()}
            else:
                priced[reason] = count
        return priced


Progress = Callable[[str], None]


def empty_cells(workload: Workload, subjects: Sequence[Subject]) -> list[Cell]:
    """One for each subject, to be measured or missing."""
    return [Cell(workload.name, subject, missing=workload.why_missing(subject.kind)) for subject in subjects]


def measure(
    workload: Workload,
    cells: list[Cell],
    seconds: float,
    repeats: int,
    progress: Progress,
    precision: float | None = None,
    first: int = 0,
    keeps_baseline: bool = False,
) -> list[Cell]:
    """Time `workload` on the cells' subjects, `repeats` times in turn, each run for about `seconds` of CPU time.

    With a precision a cell that is as narrow as that, half of its interval over its median, has no more of them. A
    baseline that is kept is run once for all repetitions of a cell.
    """
    tasks = {cell.subject: workload.task(cell.subject.kind) for cell in cells if cell.missing is None}
    return measure_cells(cells, tasks, seconds, repeats, progress, precision, first, keeps_baseline)


def measure_cells(
    cells: list[Cell],
    tasks: Mapping[Subject, Task],
    seconds: float,
    repeats: int,
    progress: Progress,
    precision: float | None = None,
    first: int = 0,
    keeps_baseline: bool = False,
) -> list[Cell]:
    """Fill the cells that have a task; each run does whole periods of it. Repetitions are numbered from `first` on."""
    counts: dict[Subject, int] = {}
    for cell in cells:
        if cell.subject in tasks:
            progress(f"{cell.workload} on {cell.subject.label}: how many operations")
            alike = [count for subject, count in counts.items() if is_about_as_fast(subject, cell.subject)]
            with failing_alone(cell):
                counts[cell.subject] = calibrate(cell.subject, tasks[cell.subject], seconds, alike[-1:])
    for turn in range(repeats):
        # Starting elsewhere each time: no subject always runs after the same other one.
        start = (first + turn) % len(cells)
        for cell in cells[start:] + cells[:start]:
            is_done = precision is not None and cell.is_as_narrow_as(precision)
            if cell.subject in counts and cell.failed is None and not is_done:
                progress(f"{cell.workload} on {cell.subject.label}: {_turn(cell, repeats, precision)}")
                with failing_alone(cell):
                    number = first + len(cell.repetitions)
                    kept = cell.repetitions[0].baseline if keeps_baseline and cell.measured else None
                    what = cell.subject, tasks[cell.subject], counts[cell.subject]
                    cell.repetitions.append(repeat(*what, number, kept))
    for cell in cells:
        if cell.measured:
            cell.operands = cell.repetitions[0].operands
        if cell.measured and first == 0 and cell.subject.is_watchable:
            progress(f"{cell.workload} on {cell.subject.label}: watched")
            with failing_alone(cell):
                cell.watched = watch(cell.subject, tasks[cell.subject], counts[cell.subject])
    return cells


def _turn(cell: Cell, repeats: int, precision: float | None) -> str:
    turn = len(cell.repetitions) + 1
    if precision is None or not cell.measured:
        return f"{turn} of {repeats}"
    return f"{turn} of at most {repeats}, until {cell.spread:.1%} is {precision:.1%}"


@contextmanager
def failing_alone(cell: Cell) -> Iterator[None]:
    """A workload that fails leaves its cell without figures, and the others theirs."""
    somebody_elses = nullcontext() if cell.subject.monitor is None else telling_the_line(cell.subject.technique)
    try:
        with somebody_elses:
            yield
    except ToyvmError as error:
        cell.failed = str(error)
        cell.repetitions.clear()


def repeat(
    subject: Subject, task: Task, operations: int, number: int = 0, baseline: Sample | None = None
) -> Repetition:
    """One repetition: the baseline, unless that was run already, then so many operations."""
    return Repetition(baseline or subject.run(task, task.baseline), subject.run(task, operations), number)


def watch(subject: Subject, task: Task, operations: int) -> Repetition:
    """One repetition with a stopwatch, of half as many operations."""
    half = task.baseline + task.period * max(1, (operations - task.baseline) // 2 // task.period)
    return Repetition(subject.run(task, task.baseline, watched=True), subject.run(task, half, watched=True))


def is_about_as_fast(one: Subject, other: Subject) -> bool:
    """Do operations take a few times as long on one as on the other, at most?"""
    return one.engine == other.engine and all(it.monitor is None and it.is_alone for it in (one, other))


def calibrate(subject: Subject, task: Task, seconds: float, alike: Sequence[int] = ()) -> int:
    """How many operations take about `seconds` of CPU time: the baseline's, and whole periods.

    `alike` may say how many do so on a subject that is about as fast. Raises WorkloadFailed for a program that does not
    do what it is told to.
    """
    operations = _operations_taking(subject, task, seconds, alike) - task.baseline
    return task.baseline + task.period * max(1, round(operations / task.period))


def _operations_taking(subject: Subject, task: Task, seconds: float, alike: Sequence[int]) -> int:
    baseline = subject.run(task, task.baseline)
    seconds = max(seconds, baseline.cpu_seconds)  # or what is taken off would waver by as much as what is left
    affordable = int(seconds / max(baseline.cpu_seconds, 1e-6)) if task.baseline else 1  # a whole run may take long
    first = min(_FIRST_TRY, affordable)
    if alike and affordable < _FIRST_TRY:  # each try is dear
        first = alike[0] // 2
    operations = max(task.baseline + 1, first)
    for _ in range(_TRIES):
        sample = subject.run(task, operations)
        if sample.instructions <= baseline.instructions:
            raise WorkloadFailed(
                f"on {subject.label} {operations} operations took {sample.instructions} instructions, and "
                f"{task.baseline} took {baseline.instructions}: it does not do as many as the dword at "
                "`operations` says"
            )
        used = max(sample.cpu_seconds - baseline.cpu_seconds, 1e-6)
        if used >= seconds / 4:
            return max(task.baseline + 1, int(operations * seconds / used))
        operations = int(operations * min(_LARGEST_STEP, max(2.0, seconds / 2 / used)))
    return operations
