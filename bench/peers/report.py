"""The comparison: medians over rounds, slowdown against native code, geometric means; as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from statistics import median
from typing import Any

from measure import Effort, Failure, Sample
from subjects import NATIVE, Subject


@dataclass(frozen=True)
class Slowdown:
    """A ratio to native code in the same round: the median over rounds, and the least and the most."""

    median: float
    least: float
    most: float


class Comparison:
    """Samples and failures of one run, and what follows from them."""

    def __init__(self, subjects: Sequence[Subject], samples: Sequence[Sample], failures: Sequence[Failure]) -> None:
        self.subjects = [subject.name for subject in subjects]
        self.missing = {subject.name: subject.missing for subject in subjects if subject.missing}
        self.samples = samples
        self.failures = failures
        self.programs = list(dict.fromkeys(sample.program for sample in samples))

    @property
    def is_warm(self) -> bool:
        """Were warm runs measured?"""
        return any(sample.warm is not None for sample in self.samples)

    def figure(self, program: str, subject: str) -> Slowdown | None:
        """What the table and the picture show of a program: warm runs, or else whole processes."""
        return self.warm(program, subject) if self.is_warm else self.first(program, subject)

    def warm(self, program: str, subject: str) -> Slowdown | None:
        """CPU time of a run once the engine is warm."""
        return self._ratio(program, subject, lambda sample: sample.warm)

    def first(self, program: str, subject: str) -> Slowdown | None:
        """Elapsed time of a whole process that does the work once: start-up and compiling included."""
        return self._ratio(program, subject, lambda sample: sample.first.elapsed)

    def first_cpu(self, program: str, subject: str) -> Slowdown | None:
        """The same in CPU time of all threads."""
        return self._ratio(program, subject, lambda sample: sample.first.cpu)

    def _ratio(self, program: str, subject: str, value: Any) -> Slowdown | None:
        native = {one.round: value(one) for one in self._of(program, NATIVE)}
        mine = {one.round: value(one) for one in self._of(program, subject)}
        both = [(time, native[number]) for number, time in mine.items() if number in native]
        ratios = [one / other for one, other in both if one is not None and other is not None]
        return Slowdown(median(ratios), min(ratios), max(ratios)) if ratios else None

    def _of(self, program: str, subject: str) -> list[Sample]:
        return [sample for sample in self.samples if (sample.program, sample.subject) == (program, subject)]

    def mean(self, subject: str, figure: Any) -> float | None:
        """The geometric mean of a figure over the programs, or None unless it is there for all."""
        found = [figure(program, subject) for program in self.programs]
        if not found or any(one is None for one in found):
            return None
        return exp(sum(log(one.median) for one in found) / len(found))

    def milliseconds(self, subject: str, value: Any) -> float | None:
        """The median of a time over all samples of a subject."""
        every = (value(sample) for sample in self.samples if sample.subject == subject)
        found = [one for one in every if one is not None]
        return median(found) * 1000 if found else None

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """The table: a title and a cell for each subject."""
        figure = self.figure
        for program in self.programs:
            yield program, [_ratio_text(figure(program, subject)) for subject in self.subjects]
        yield "", []
        yield "geometric mean", [_number(self.mean(subject, figure), 2) for subject in self.subjects]
        if self.is_warm:
            yield from self._process_rows()
        yield "start-up, ms", self._times(lambda sample: sample.start.elapsed)

    def _process_rows(self) -> Iterator[tuple[str, list[str]]]:
        """What whole processes cost, beside what warm runs do."""
        yield "first run, elapsed", [_number(self.mean(subject, self.first), 2) for subject in self.subjects]
        yield "first run, all CPUs", [_number(self.mean(subject, self.first_cpu), 2) for subject in self.subjects]
        yield "warm-up, CPU ms", self._times(lambda sample: sample.warm_up)
        yield "warm run, CPU ms", self._times(lambda sample: sample.warm)

    def _times(self, value: Any) -> list[str]:
        return [_number(self.milliseconds(subject, value), 1) for subject in self.subjects]

    def table(self) -> list[str]:
        """The rows as lines of text, what is missing, and what failed."""
        title = "slowdown, warm" if self.is_warm else "slowdown, first run"
        rows = [(title, [name for name in self.subjects if name not in self.missing])]
        shown = [place for place, name in enumerate(self.subjects) if name not in self.missing]
        rows += [(title, [cells[place] for place in shown if place < len(cells)]) for title, cells in self.rows()]
        first = max(len(title) for title, _ in rows)
        widths = [max(len(cells[n]) for _, cells in rows if n < len(cells)) for n in range(len(shown))]
        lines = [
            f"{title:<{first}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False))
            for title, cells in rows
        ]
        lines += [f"not measured: {name}: {why}" for name, why in self.missing.items()]
        lines += [f"failed: {one.subject} on {one.program}: {one.message}" for one in self.failures]
        return [line.rstrip() for line in lines]

    def record(self, effort: Effort, machine: dict[str, Any]) -> dict[str, Any]:
        """All of it for a JSON file."""
        means = {
            name: {
                "warm": self.mean(name, self.warm),
                "first": self.mean(name, self.first),
                "first_cpu": self.mean(name, self.first_cpu),
            }
            for name in self.subjects
            if name not in self.missing
        }
        return {
            "machine": machine,
            "effort": asdict(effort),
            "geometric_means": means,
            "missing": self.missing,
            "failures": [asdict(one) for one in self.failures],
            "samples": [asdict(sample) for sample in self.samples],
        }


def _ratio_text(slowdown: Slowdown | None) -> str:
    if slowdown is None:
        return "-"
    spread = (slowdown.most - slowdown.least) / slowdown.median / 2
    return f"{slowdown.median:.2f} ±{spread:.0%}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
