"""An experiment in parts: ranges of a workload's repetitions, and the prices on each subject, measured anywhere.

Results are joined by adding their repetitions: one that comes twice is the same one, and counts once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import Any

from toyvm.lab.events import counted_cell
from toyvm.lab.experiment import BASE, INTERRUPTED, NOWHERE, OTHER_SLICE, Experiment
from toyvm.lab.measure import Cell, Repetition, empty_cells, failing_alone, measure
from toyvm.lab.nanobenchmarks import TRAP, Costs, measure_costs
from toyvm.lab.plan import Plan
from toyvm.lab.results import check_counts, check_numbers
from toyvm.lab.subjects import Sample, Subject
from toyvm.parts import Part

_SECONDS = 30  # of a part, some
_BESIDES = 3  # repetitions' time that finding out how many operations to do takes

Record = Mapping[str, Any]


def parts_of(plan: Plan, experiment: Experiment) -> list[Part]:
    """All parts of it, longest first."""
    return sorted(_parts(plan, experiment), key=lambda part: -part.task.get("repeats", 0))


def _parts(plan: Plan, experiment: Experiment) -> Iterator[Part]:
    key, record = plan.key(), plan.record()
    for workload in experiment.workloads:
        measured = sum(cell.missing is None for cell in empty_cells(workload, experiment.subjects))
        at_once = max(1, round(_SECONDS / (plan.effort.seconds * max(measured, 1))) - _BESIDES)
        for first in range(0, plan.effort.repeats, at_once):
            repeats = min(at_once, plan.effort.repeats - first)
            task = {"plan": record, "workload": workload.name, "first": first, "repeats": repeats}
            yield Part(f"{key} {workload.name} {first}+{repeats}", task)
    for place, subject in enumerate(experiment.subjects):
        if subject in experiment.priced:
            yield Part(f"{key} costs {subject.label}", {"plan": record, "subject": place})


def work(task: Record) -> Record:
    """Do a part, in whatever process. Raises toyvm's own errors, and KeyboardInterrupt after a Ctrl-C."""
    plan = Plan.of_record(task["plan"])
    with tempfile.TemporaryDirectory(prefix="toyvm-lab-") as code_cache:
        experiment = plan.experiment(Path(code_cache))
        if "subject" in task:
            return _priced(experiment, plan, experiment.subjects[task["subject"]])
        workload = next(one for one in experiment.workloads if one.name == task["workload"])
        cells = empty_cells(workload, experiment.subjects)
        first, kept = task["first"], plan.effort.keeps_baseline
        measure(workload, cells, plan.effort.seconds, task["repeats"], _silent, first=first, keeps_baseline=kept)
        return {"cells": [cell_state(cell) for cell in cells]}


def _silent(text: str) -> None:
    """Nobody sees how far a part is."""


def _priced(experiment: Experiment, plan: Plan, subject: Subject) -> Record:
    """The prices on a subject of whatever exits there; on the bare machine of what does under `trap`."""
    counted = Subject(TRAP) if subject.technique == BASE else subject
    reasons: dict[str, None] = {}
    for workload in experiment.workloads:
        if workload.why_missing(counted.kind) is None:
            with failing_alone(Cell(workload.name, counted)):
                cell = counted_cell(workload.name, counted, workload.task(counted.kind))
                reasons |= dict.fromkeys(cell.priced_exits)
    effort = plan.effort
    costs = measure_costs(subject, reasons, effort.nano_seconds, effort.nano_repeats, _silent) if reasons else None
    return {"costs": [] if costs is None else [_costs_state(subject, costs)]}


def _costs_state(subject: Subject, costs: Costs) -> Record:
    return {"technique": subject.technique, "engine": subject.engine, **asdict(costs)}


def cell_state(cell: Cell) -> Record:
    """A cell as JSON has it, so that another process can take it."""
    return {
        "workload": cell.workload,
        "technique": cell.subject.technique,
        "engine": cell.subject.engine,
        "missing": cell.missing,
        "failed": cell.failed,
        "operands": cell.operands,
        "repetitions": [asdict(repetition) for repetition in cell.repetitions],
        "watched": None if cell.watched is None else asdict(cell.watched),
    }


def take(experiment: Experiment, result: Record) -> None:
    """Add what a part came to, perhaps elsewhere. Raises what a boundary catches for what is no result."""
    by_name = {(subject.technique, subject.engine): subject for subject in experiment.subjects}
    for state in result.get("cells", ()):
        take_cell(experiment.cells[state["workload"], by_name[state["technique"], state["engine"]]], state)
    for costs in result.get("costs", ()):
        subject = by_name[costs["technique"], costs["engine"]]
        kinds = costs["exits"], costs["doubts"], costs["work"], costs.get("edges", {})
        for one in kinds:
            check_numbers(*one.values())
        check_numbers(costs["instruction"], costs["interpreted"] or 0.0)
        exits, doubts, work, edges = kinds
        prices = Costs(costs["instruction"], exits, doubts, work, costs["interpreted"], edges)
        known = experiment.costs.get(subject)
        if known is None or (prices.edges and not known.edges):  # those of earlier versions know nothing of laps
            experiment.costs[subject] = prices


def take_cell(cell: Cell, state: Record) -> None:
    """Its repetitions beside those that are there; what has failed once has failed."""
    check_numbers(*(share for shares in state["operands"].values() for share in shares.values()))
    if not all(isinstance(why, (str, NoneType)) for why in (state["missing"], state["failed"])):
        raise TypeError("a reason")
    if state["missing"] not in (INTERRUPTED, OTHER_SLICE, NOWHERE):
        cell.missing = cell.missing or state["missing"]
    cell.failed = cell.failed or state["failed"]
    cell.operands = cell.operands or state["operands"]
    more = [_repetition(one) for one in state["repetitions"]]
    cell.repetitions += [one for one in more if one not in cell.repetitions]
    cell.repetitions.sort(key=lambda one: (one.number, one.sample.cpu_seconds))
    watched = state.get("watched")  # ledgers of earlier versions have none
    if cell.watched is None and watched is not None:
        cell.watched = _repetition(watched)
    if cell.failed:
        cell.repetitions.clear()
        cell.watched = None


def _repetition(state: Record) -> Repetition:
    repetition = Repetition(Sample(**state["baseline"]), Sample(**state["sample"]), state["number"])
    for sample in (repetition.baseline, repetition.sample):
        check_numbers(sample.cpu_seconds)  # of which what the stopwatch took is off
        check_counts(sample.operations, sample.instructions, sample.compiling_seconds)
        check_counts(sample.recompiled, sample.entered, *sample.exits.values(), *sample.hypercalls.values())
        check_counts(*sample.work.values(), *sample.laps.values(), *sample.lap_nanoseconds.values())
        check_counts(*(count for named in sample.operands.values() for count in named.values()))
    check_counts(repetition.number)
    if repetition.operations < 1 or repetition.sample.instructions - repetition.baseline.instructions < 1:
        raise ValueError("no operations, or no instructions for them")
    return repetition
