"""Measuring programs: each subject in turn, warm runs one by one within a living process, or processes as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from peers.figures import Figure, figure_of
from peers.native import scale_for
from peers.processes import Failed, Times, run_whole, session
from peers.programs import CannotBuild, Program
from peers.subjects import NATIVE, Subject

WINDOW_SECONDS = 0.1  # CPU time of the runs of which a warm one's is the median
LEAST_RUNS, MOST_RUNS = 2, 25  # in that window
TOLERANCE = 0.03  # a window that is no more than this quicker than the one before: the engine is warm
PATIENCE = 30.0  # seconds until runs that still get quicker are taken as they are


@dataclass(frozen=True)
class Warm:
    """One subject's runs of one program in one process, in one round; those from `settled` on count."""

    program: str
    subject: str
    round: int
    start: Times  # from nothing until the program can begin
    runs: tuple[Times, ...]
    settled: int

    @property
    def seconds(self) -> float:
        """CPU time of a warm run, all threads."""
        return median(run.cpu for run in self.runs[self.settled :])

    @property
    def warm_up(self) -> float:
        """CPU time that runs take beyond a warm one's, up to the first that is warm: compiling, touching memory."""
        cold = 0.0
        for run in self.runs[: self.settled]:
            if run.cpu <= self.seconds * (1 + 2 * TOLERANCE):
                break
            cold += run.cpu - self.seconds
        return cold

    def record(self) -> dict[str, Any]:
        return {**asdict(self), "seconds": self.seconds, "warm_up": self.warm_up}


@dataclass(frozen=True)
class Whole:
    """One process that did a program's work once, in one round."""

    program: str
    subject: str
    round: int
    times: Times

    def record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Failure:
    """A subject that could not run a program, and why."""

    program: str
    subject: str
    message: str


Sample = Warm | Whole
Report = Callable[[str], None]
Taken = tuple[str, Callable[[str, str, int], Sample]]  # the program's result, and the sample of a round


def take_whole(subject: Subject, command: list[str]) -> Taken:
    """One process from nothing to its end."""
    result, times = run_whole([*command, "1"])
    return result, lambda program, name, number: Whole(program, name, number, times)


def take_warm(subject: Subject, command: list[str]) -> Taken:
    """Runs in one process until they do not get quicker any more."""
    runs: list[Times] = []
    with session([*command, "each"]) as living:
        start, spent, window = living.start, 0.0, LEAST_RUNS
        while spent < PATIENCE and not (spent >= subject.warms_up and is_settled([run.cpu for run in runs], window)):
            result, times = living.repeat()
            runs.append(times)
            spent += times.elapsed
            window = window_for(times.cpu)
    settled = max(len(runs) - window, min(1, len(runs) - 1))
    return result, lambda program, name, number: Warm(program, name, number, start, tuple(runs), settled)


def window_for(seconds: float) -> int:
    """How many runs of so many seconds make up a window."""
    return max(LEAST_RUNS, min(MOST_RUNS, ceil(WINDOW_SECONDS / max(seconds, 1e-6))))


def is_settled(runs: Sequence[float], window: int) -> bool:
    """Are the last runs, a window of them, about as slow as the window before? The very first run is in neither."""
    if len(runs) < 1 + 2 * window:
        return False
    return median(runs[-window:]) >= median(runs[-2 * window : -window]) * (1 - TOLERANCE)


class Turns:
    """One program on several subjects, in turns. A subject that fails on it is left alone with it from then on."""

    def __init__(
        self,
        program: Program,
        subjects: Sequence[Subject],
        seconds: float,
        take: Callable[[Subject, list[str]], Taken],
        folder: Path,
        report: Report,
        judged: Collection[str] = (),
    ) -> None:
        """A run takes about `seconds` natively; noise is that of the `judged` subjects, or of all."""
        self.name = f"{program.name}, {seconds:g} s natively"
        self._program, self._subjects, self._take = program, list(subjects), take
        self._folder, self._report, self._judged = folder, report, judged
        self._seconds = seconds
        self._result: str | None = None
        self._samples: list[Sample] = []

    def measure(self, number: int) -> Iterator[Sample | Failure]:
        start = number % max(1, len(self._subjects))  # elsewhere each time: nobody always runs after the same other one
        scale = self._scale()
        for subject in self._subjects[start:] + self._subjects[:start]:
            self._report(f"{self.name}, round {number + 1}: {subject.name}")
            try:
                result, sample = self._take(subject, [*subject.command(self._program, self._folder), scale])
                self._check(result)
            except (CannotBuild, Failed) as error:
                self._subjects.remove(subject)
                yield Failure(self._program.name, subject.name, str(error))
                continue
            self._samples.append(sample(self._program.name, subject.name, number))
            yield self._samples[-1]

    def _scale(self) -> str:
        try:
            return str(scale_for(self._program, self._folder, self._seconds))
        except (CannotBuild, Failed):  # native code will say so itself; whoever runs without it is only timed
            return str(max(1, round(self._program.scale * self._seconds / self._program.seconds)))

    def _check(self, result: str) -> None:
        """Everybody's result is the first one's. Raises Failed."""
        self._result = self._result or result
        if result != self._result:
            raise Failed(f"its result is {result}, and {self._result} elsewhere")

    def noise(self) -> float:
        names = [one.name for one in self._subjects if one.name != NATIVE]
        names = [name for name in names if name in self._judged] or names
        figures = [slowdown(self._samples, name, cost_of) for name in names]
        return max((one.noise or 0.0 for one in figures if one is not None), default=0.0)


def cost_of(sample: Sample) -> float:
    """What a sample is compared by: CPU time of a warm run, elapsed time of a whole process."""
    return sample.seconds if isinstance(sample, Warm) else sample.times.elapsed


def slowdown(samples: Sequence[Sample], subject: str, cost: Callable[[Any], float]) -> Figure | None:
    """Of one program's samples: a subject's cost in ratio to native code's in the same round."""
    native = {one.round: cost(one) for one in samples if one.subject == NATIVE}
    ratios = [cost(one) / native[one.round] for one in samples if one.subject == subject and one.round in native]
    return figure_of(ratios)
