"""The comparison: slowdown against native code for each program, geometric means, times; as a table and as records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from textwrap import wrap
from typing import Any

from peers.figures import Figure, geometric_mean
from peers.measure import Failure, Sample, Warm, cost_of, slowdown
from peers.subjects import NATIVE, Subject

Cost = Callable[[Any], float]
Row = tuple[str, list[str]]


def cpu_of(sample: Sample) -> float:
    """CPU time of all threads."""
    return sample.seconds if isinstance(sample, Warm) else sample.times.cpu


class Comparison:
    """Samples of one kind and failures of one run, and what follows from them."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        samples: Sequence[Sample],
        failures: Sequence[Failure],
        wanted: Sequence[str] = (),
    ) -> None:
        """`wanted`: names of the programs that were to be measured; those that were unless said."""
        self.missing = {subject.name: subject.missing for subject in subjects if subject.missing}
        self.subjects = [subject.name for subject in subjects if not subject.missing]
        self.samples, self.failures = samples, failures
        named = [*samples, *(one for one in failures if one.subject in self.subjects)]
        found = {one.program for one in named}
        self.wanted = list(wanted or dict.fromkeys(one.program for one in named))
        self.programs = [program for program in self.wanted if program in found]

    @property
    def is_warm(self) -> bool:
        """Are these warm runs, or whole processes?"""
        return any(isinstance(sample, Warm) for sample in self.samples)

    @property
    def is_whole(self) -> bool:
        """Was every program come to? If not, a mean is not what it was to be."""
        return len(self.programs) == len(self.wanted) > 0

    def slowdown(self, program: str, subject: str, cost: Cost = cost_of) -> Figure | None:
        """A subject's against native code on one program."""
        return slowdown([one for one in self.samples if one.program == program], subject, cost)

    def mean(self, subject: str, cost: Cost = cost_of) -> Figure | None:
        """The geometric mean over the programs that were come to, or None unless all of them are there."""
        return geometric_mean([self.slowdown(program, subject, cost) for program in self.programs])

    def milliseconds(self, subject: str, value: Cost) -> str:
        """The median of a time over all samples of a subject."""
        found = [value(sample) for sample in self.samples if sample.subject == subject]
        return f"{median(found) * 1000:.1f}" if found else "-"

    def rows(self) -> Iterator[Row]:
        """The table: a title and a cell for each subject."""
        for program in self.programs:
            yield program, self._figures(lambda subject, program=program: self.slowdown(program, subject))
        yield "", []
        mean = "geometric mean" if self.is_whole else f"mean of {len(self.programs)} of {len(self.wanted)}"
        if not self.is_warm:
            yield f"{mean}, elapsed", self._figures(self.mean)
            yield "the same, all CPUs", self._figures(lambda subject: self.mean(subject, cpu_of))
            return
        yield mean, self._figures(self.mean)
        yield "start-up, ms", self._times(lambda sample: sample.start.elapsed)
        yield "first run, ms", self._times(lambda sample: sample.runs[0].elapsed)
        yield "warm run, CPU ms", self._times(lambda sample: sample.seconds)
        yield "warm-up, CPU ms", self._times(lambda sample: sample.warm_up)

    def _figures(self, figure: Callable[[str], Figure | None]) -> list[str]:
        return [_text(figure(subject), subject != NATIVE) for subject in self.subjects]

    def _times(self, value: Cost) -> list[str]:
        return [self.milliseconds(subject, value) for subject in self.subjects]

    def table(self, width: int) -> list[str]:
        """The rows as lines of so many columns, the subjects in as many bands as that takes."""
        title = "slowdown, warm" if self.is_warm else "slowdown, from nothing"
        rows = [(title, list(self.subjects)), *self.rows()]
        first = max(len(title) for title, _ in rows)
        widths = [max(len(cells[n]) for _, cells in rows if cells) for n in range(len(self.subjects))]
        lines: list[str] = []
        for start, end in _bands(widths, width - first):
            lines += [""] if lines else []
            lines += [_line(title, cells[start:end], first, widths[start:end]) for title, cells in rows]
        return lines

    def notes(self, width: int) -> Iterator[str]:
        """Why there is a `-`."""
        for name, why in self.missing.items():
            yield from wrap(f"not measured: {name}: {why}", width, subsequent_indent="  ")
        for one in self.failures:
            yield from wrap(f"failed: {one.subject} on {one.program}: {one.message}", width, subsequent_indent="  ")

    def record(self) -> dict[str, Any]:
        """All of it for a JSON file."""
        return {
            "geometric_means": {name: _record(self.mean(name)) for name in self.subjects},
            "geometric_means_cpu": {name: _record(self.mean(name, cpu_of)) for name in self.subjects},
            "missing": self.missing,
            "failures": [asdict(one) for one in self.failures],
            "samples": [sample.record() for sample in self.samples],
        }


def _bands(widths: list[int], room: int) -> Iterator[tuple[int, int]]:
    """From which column to which one each band goes; one column at least."""
    start, used = 0, 0
    for place, width in enumerate(widths):
        if place > start and used + 2 + width > room:
            yield start, place
            start, used = place, 0
        used += 2 + width
    yield start, len(widths)


def _line(title: str, cells: list[str], first: int, widths: list[int]) -> str:
    padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=bool(cells)))
    return f"{title:<{first}}  {'  '.join(padded)}".rstrip()


def _text(figure: Figure | None, has_noise: bool) -> str:
    return "-" if figure is None else figure.text() if has_noise else f"{figure.median:.2f}"


def _record(figure: Figure | None) -> dict[str, Any] | None:
    return None if figure is None else asdict(figure)
