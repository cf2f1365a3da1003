"""A run: what is measured, in which order, and all that came of it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from peers import others
from peers.measure import Failure, Report, Turns, Warm, Whole, take_warm, take_whole
from peers.others import Reading
from peers.programs import programs_of
from peers.report import Comparison
from peers.rounds import Budget, Item, measure_in_turns
from peers.subjects import INTERPRETER, RECOMPILER, Subject
from peers.targets import LONG_SECONDS, WARM_SECONDS
from toyvm.lab.handler_length import handler_length
from toyvm.report.records import machine_record

SLOW = ("unicorn", INTERPRETER)  # no row is about a second's work on them, and it would take minutes
ENGINES = (INTERPRETER, RECOMPILER)


@dataclass
class Run:
    """What is measured, and all that came of it, one by one: what is there stays if this is interrupted."""

    subjects: list[Subject]
    programs: list[str]
    budget: Budget
    samples: list[Warm | Whole] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    is_interrupted: bool = True  # until it has ended
    handler: int | None = None

    @property
    def present(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.missing is None]

    def measure(self, items: list[Item]) -> None:
        for one in measure_in_turns(items, self.budget):
            self.keep(one)
        self.is_interrupted = False

    def keep(self, one: Any) -> None:
        kept: list[Any] = (
            self.failures if isinstance(one, Failure) else self.readings if isinstance(one, Reading) else self.samples
        )
        kept.append(one)

    def comparison(self, kind: type[Warm] | type[Whole]) -> Comparison:
        """Of the warm runs, or of the whole processes."""
        samples = [one for one in self.samples if isinstance(one, kind)]
        return Comparison(self.subjects, samples, self.failures, self.programs)

    def record(self) -> dict[str, Any]:
        """What every file says: where it comes from, and how much was measured."""
        return {
            "machine": {**machine_record(), "cpus": os.cpu_count(), "load": os.getloadavg()},
            "budget": asdict(self.budget),
            "interrupted": self.is_interrupted,
        }

    @property
    def source(self) -> str:
        """Where the figures come from, for people."""
        machine = self.record()["machine"]
        load = ", ".join(f"{value:.1f}" for value in machine["load"])
        return (
            f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}, "
            f"toyvm {machine['commit'] or machine['toyvm']}; {self._rounds()}; load at the end {load}"
        )

    def _rounds(self) -> str:
        """How often a figure was taken: `3 to 7 rounds`."""
        counts = Counter((one.program, one.subject, type(one)) for one in self.samples)
        least, most = min(counts.values(), default=0), max(counts.values(), default=0)
        return f"{least} to {most} rounds" if least < most else f"{most} round{'' if most == 1 else 's'}"


def program_items(run: Run, which: str, seconds: float, once: bool, folder: Path, report: Report) -> list[Item]:
    """The run's programs, of a set: warm runs of so many seconds natively, or whole processes."""
    programs = [program for program in programs_of(which) if program.name in run.programs]
    take = take_whole if once else take_warm
    return [Turns(program, run.present, seconds, take, folder, report, ENGINES) for program in programs]


def target_items(run: Run, folder: Path, report: Report) -> list[Item]:
    """Everything that the table of targets is made of."""
    run.handler = handler_length()
    items: list[Item] = [
        others.system_calls(run.present, folder, report),
        others.start_ups(folder, report),
        others.memory(report),
    ]
    long = [subject for subject in run.present if subject.name not in SLOW]
    for program in programs_of("reported"):
        items.append(Turns(program, run.present, WARM_SECONDS, take_warm, folder, report, ENGINES))
        items.append(Turns(program, long, LONG_SECONDS, take_whole, folder, report, ENGINES))
    return items
