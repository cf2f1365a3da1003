"""Misses of a modelled TLB: exact counts of each workload by technique, from runs that are not timed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.subjects import DISCARDED, Subject, WorkloadFailed
from toyvm.lab.text import name_width, number, wrapped
from toyvm.launch import launched
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.machine.tlb import TlbCounts, TlbShape

if TYPE_CHECKING:
    from toyvm.lab.tasks import Load, Task

_COUNTED = 300_000  # instructions, unless a period has more
_COLUMNS = (("accesses", 9), ("misses", 9), ("steps", 9))
_BORDER = " | "


@dataclass(frozen=True, slots=True)
class Misses:
    """Of an operation: loads and stores that paging translated, misses, fetches' included, and steps of their walks."""

    accesses: float
    misses: float
    walk_steps: float  # in the guest's own tables
    nested_steps: float

    @property
    def steps(self) -> float:
        return self.walk_steps + self.nested_steps


Missed = Mapping[tuple[str, str], Misses]  # by workload and technique


def count_misses(experiment: Experiment, shape: TlbShape) -> Missed:
    """Those of each measured cell. A monitor of the user's has none: what it does in its guest's place is in no model.

    The engine does not matter, and neither do neighbours. Raises KeyboardInterrupt after a Ctrl-C.
    """
    found: dict[tuple[str, str], Misses] = {}
    for workload in experiment.workloads:
        for cell in experiment.cells_of(workload.name):
            place = workload.name, cell.subject.technique
            if cell.measured and cell.subject.monitor is None and place not in found:
                task = workload.task(cell.subject.kind)
                found[place] = misses_of(cell.subject, task, shape, operations_of(cell, task))
    return found


def operations_of(cell: Cell, task: Task) -> int:
    """So many that some hundred thousand instructions are counted, always the same ones: whole periods."""
    if not task.baseline:
        return 1
    return task.baseline + task.period * max(1, int(_COUNTED / max(1.0, cell.instructions * task.period)))


def misses_of(subject: Subject, task: Task, shape: TlbShape, operations: int) -> Misses:
    """The exact quotients of so many operations, the baseline's taken off."""
    whole, baseline = (_counted(subject, task, shape, number) for number in (operations, task.baseline))
    more = [(one - other) / (operations - task.baseline) for one, other in zip(whole, baseline, strict=True)]
    return Misses(*more)


def _counted(subject: Subject, task: Task, shape: TlbShape, operations: int) -> tuple[int, int, int, int]:
    """The sums over all computers that do so many operations."""
    runs = [_run(subject, load, shape, operations) for load in task.loads(operations)]
    return (
        sum(run.loads + run.stores for run in runs),
        sum(run.misses for run in runs),
        sum(run.walk_steps for run in runs),
        sum(run.nested_steps for run in runs),
    )


def _run(subject: Subject, load: Load, shape: TlbShape, operations: int) -> TlbCounts:
    options: dict[str, Any] = {"input": load.input, "output": DISCARDED, "disk": load.disk, "disk_cache": False}
    with launched(subject.machine, load.memory, level=subject.level, tlb=shape, **options) as computer:
        computer.load(load.image)
        with interrupts_raised():
            outcome = computer.run()
        if outcome.exit_code != load.exit_code:
            raise WorkloadFailed.at(subject.label, operations, outcome.detail)
        assert computer.tlb is not None
        return computer.tlb


def miss_records(missed: Missed, shape: TlbShape) -> dict[str, Any]:
    """The same for `--json`."""
    cells = [{"workload": place[0], "technique": place[1], **asdict(each)} for place, each in missed.items()]
    return {"shape": str(shape), "cells": cells}


def miss_lines(experiment: Experiment, missed: Missed, shape: TlbShape, width: int) -> Iterator[str]:
    """The table: techniques on which every workload counts alike share a column."""
    yield from wrapped(
        f"A modelled TLB of {shape.entries} entries in sets of {shape.ways}, exact counts an operation: loads and "
        "stores that paging translated, misses, fetches' included, and the entries of page tables read for them.",
        width,
    )
    columns = _columns(experiment, missed)
    name = name_width(workload.name for workload in experiment.workloads)
    room = sum(wide for _, wide in _COLUMNS) + len(_BORDER)
    fitting = max(1, (width - name) // room)
    for start in range(0, len(columns), fitting):
        yield ""
        yield from _band(experiment, missed, columns[start : start + fitting], name)
    for first, *others in columns:
        if others:
            yield from wrapped(f"As {first}: {', '.join(others)}.", width)


def _columns(experiment: Experiment, missed: Missed) -> list[list[str]]:
    """The techniques, those that count alike together; what could not be counted anywhere is left out."""
    columns: dict[tuple[Misses | None, ...], list[str]] = {}
    for technique in dict.fromkeys(subject.technique for subject in experiment.subjects):
        counts = tuple(missed.get((workload.name, technique)) for workload in experiment.workloads)
        if any(counts):
            columns.setdefault(counts, []).append(technique)
    return list(columns.values())


def _band(experiment: Experiment, missed: Missed, columns: Sequence[Sequence[str]], name: int) -> Iterator[str]:
    wide = sum(each for _, each in _COLUMNS)
    heads = [f"{labels[0]}{', ...' if labels[1:] else ''}" for labels in columns]
    yield _BORDER.join((" " * name, *(f"{head[:wide]:^{wide}}" for head in heads))).rstrip()
    yield _BORDER.join((f"{'workload':<{name}}", *["".join(f"{it:>{size}}" for it, size in _COLUMNS)] * len(columns)))
    yield _BORDER.join(("-" * name, *["-" * wide] * len(columns)))
    for workload in experiment.workloads:
        cells = [_cell(missed.get((workload.name, labels[0]))) for labels in columns]
        yield _BORDER.join((f"{workload.name:<{name}}", *cells)).rstrip()


def _cell(each: Misses | None) -> str:
    texts = ["-", "", ""] if each is None else [number(value) for value in (each.accesses, each.misses, each.steps)]
    return "".join(f"{text:>{wide}}" for text, (_, wide) in zip(texts, _COLUMNS, strict=True))
