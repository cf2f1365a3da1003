"""Modelled costs: the exact counts of an experiment under a cost model, in tables of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from toyvm.lab.cost_models import MEASURED, CostModel
from toyvm.lab.events import among_events, events_of
from toyvm.lab.experiment import BASE, Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.nanobenchmarks import Costs, direct_instructions, retires
from toyvm.lab.subjects import Subject
from toyvm.lab.text import name_width, number, ratio_text, wrapped
from toyvm.lab.tlb_misses import Missed
from toyvm.lab.workloads import Workload
from toyvm.techniques import SYSTEM_NAMES, WITHOUT_MONITOR, facts_of

_COST, _RATIO = 10, 8
_NONE_MISSED: Missed = {}
_BORDER = " | "
# The hardware executes what these guests' kernels do; under the others it exits, or is replaced.
_NATIVE = (*WITHOUT_MONITOR, "assist")


@dataclass(frozen=True, slots=True)
class Modelled:
    """What an operation costs under a model, the exits aside that it has no price for."""

    workload: str
    technique: str
    engine: str
    model: str
    unit: str
    cost: float
    times_bare: float | None  # None: there is no bare machine, or none whose costs the model knows
    unpriced: tuple[str, ...]


@cache
def native_events(workload: Workload, technique: str = "trap") -> Mapping[str, float]:
    """How often an operation has what traps or is privileged, by reason: under `trap` each exits.

    Of one that is for the operating system's programs it is what is run there.
    """
    return events_of(workload.name, workload.task(technique)) if workload.why_missing(technique) is None else {}


def cost_of(cell: Cell, model: CostModel, events: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    """Cycles an operation, and the exits that are not in them, having no price."""
    technique = facts_of(cell.subject.kind).name
    prices = {reason: model.exit(technique, reason) for reason in cell.priced_exits}
    known = {reason: price.cycles for reason, price in prices.items() if price is not None}
    natively = _native_cycles(cell.priced_exits, model, events) if technique in _NATIVE else 0.0
    cost, unpriced = _priced(cell, known, model.instruction.cycles)
    return cost + natively, unpriced


def _priced(cell: Cell, prices: Mapping[str, float], instruction: float) -> tuple[float, tuple[str, ...]]:
    exits = cell.priced_exits
    spent = sum(count * prices.get(reason, 0.0) for reason, count in exits.items())
    return direct_instructions(cell) * instruction + spent, tuple(reason for reason in exits if reason not in prices)


def _native_cycles(exits: Mapping[str, float], model: CostModel, events: Mapping[str, float]) -> float:
    """What the events that do not exit take beside their instructions."""
    total = 0.0
    for event, count in events.items():
        price = model.native(event)
        if price is not None:
            own = (
                model.instruction.cycles if retires(event.partition(" ")[0]) else 0.0
            )  # counted among the instructions
            total += max(0.0, count - exits.get(event, 0.0)) * (price.cycles - own)
    return total


def modelled(experiment: Experiment, model: CostModel | None, missed: Missed = _NONE_MISSED) -> list[Modelled]:
    """Every measured cell that a model covers; None: under the prices measured here, in nanoseconds.

    What a modelled TLB has `missed` costs the steps of the walks, where the model has a price for those.
    """
    found = []
    for workload in experiment.workloads:
        cells = [cell for cell in experiment.cells_of(workload.name) if cell.measured and _is_covered(cell, model)]
        if model is not None:
            costs = {cell.subject: cost_of(cell, model, _events(experiment, workload, cell)) for cell in cells}
            costs = {one: (cost + _walking(model, missed, workload, one), left) for one, (cost, left) in costs.items()}
        else:
            prices = {cell.subject: _measured_prices(experiment, cell) for cell in cells}
            costs = {
                one.subject: _priced(one, at.exits, at.instruction) for one in cells if (at := prices[one.subject])
            }
        for subject, (cost, unpriced) in costs.items():
            bare = next((costs[one][0] for one in costs if (one.technique, one.engine) == (BASE, subject.engine)), 0.0)
            ratio = cost / bare if bare and (model is None or model.knows_native) else None
            name, unit = (model.name, "cycles") if model is not None else (MEASURED, "ns")
            found.append(Modelled(workload.name, subject.technique, subject.engine, name, unit, cost, ratio, unpriced))
    return found


def _events(experiment: Experiment, workload: Workload, of: Cell) -> Mapping[str, float]:
    """Those of the workload in that cell: as it was measured under `trap`, if it was."""
    if of.subject.technique in SYSTEM_NAMES:
        return native_events(workload, of.subject.technique)
    for cell in experiment.cells_of(workload.name):
        if cell.measured and cell.subject.technique == "trap":
            return among_events(cell.priced_exits)
    return native_events(workload)


def _walking(model: CostModel, missed: Missed, workload: Workload, subject: Subject) -> float:
    """Cycles an operation."""
    misses = missed.get((workload.name, subject.technique))
    return misses.steps * model.walk_step.cycles if misses is not None and model.walk_step is not None else 0.0


def _is_covered(cell: Cell, model: CostModel | None) -> bool:
    return model is None or model.covers(facts_of(cell.subject.kind).name)


def _measured_prices(experiment: Experiment, cell: Cell) -> Costs | None:
    """Its own; where nothing exits, those of whichever else ran on its engine will do for the instructions."""
    own = experiment.costs.get(cell.subject)
    if own is not None or cell.exits:
        return own
    return next((costs for one, costs in experiment.costs.items() if one.engine == cell.subject.engine), None)


def model_records(
    experiment: Experiment, models: Sequence[CostModel | None], missed: Missed = _NONE_MISSED
) -> list[dict[str, Any]]:
    """One record for each model, with its prices and what each cell costs under it."""
    records = []
    for model in models:
        head = {"name": MEASURED} if model is None else asdict(model)
        records.append({**head, "cells": [asdict(each) for each in modelled(experiment, model, missed)]})
    return records


def model_lines(
    experiment: Experiment, model: CostModel | None, width: int, missed: Missed = _NONE_MISSED
) -> Iterator[str]:
    """A model's table, what it could not price, and its prices with what their marks mean."""
    found = {(each.workload, each.technique, each.engine): each for each in modelled(experiment, model, missed)}
    yield from wrapped(_heading(model), width)
    subjects = [one for one in experiment.subjects if model is None or model.covers(facts_of(one.kind).name)]
    name = name_width(workload.name for workload in experiment.workloads)
    fitting = max(1, (width - name) // (_COST + _RATIO + len(_BORDER)))
    for start in range(0, len(subjects), fitting):
        yield ""
        yield from _band(experiment, subjects[start : start + fitting], found)
    left_out = [one.label for one in experiment.subjects if one not in subjects]
    yield from wrapped(f"It says nothing of {', '.join(left_out)}." if left_out else "", width)
    yield from wrapped(_unpriced(found.values()), width)
    if model is not None:
        yield from wrapped(f"Prices in cycles: {model.priced}. Marks: {model.marks}.", width)


def _heading(model: CostModel | None) -> str:
    if model is None:
        return f"Cost model {MEASURED}: ns an operation, the exact counts at the prices that were measured here."
    return (
        f"Cost model {model.name}: {model.title} ({model.source}). Cycles an operation, the exact counts at these "
        "prices; no time was measured."
    )


def _band(
    experiment: Experiment, subjects: Sequence[Subject], found: Mapping[tuple[str, str, str], Modelled]
) -> Iterator[str]:
    name = name_width(workload.name for workload in experiment.workloads)
    unit = next((each.unit for each in found.values()), "cycles")
    yield _row(" " * name, [f"{_head(subject):^{_COST + _RATIO}}" for subject in subjects])
    yield _row(f"{'workload':<{name}}", [f"{unit:>{_COST}}{'x bare':>{_RATIO}}"] * len(subjects))
    yield _row("-" * name, ["-" * (_COST + _RATIO)] * len(subjects))
    for workload in experiment.workloads:
        cells = [found.get((workload.name, subject.technique, subject.engine)) for subject in subjects]
        yield _row(f"{workload.name:<{name}}", [_cell(each) for each in cells])


def _head(subject: Subject) -> str:
    """Of a monitor of the user's the class alone."""
    return subject.label.rpartition(":")[2][: _COST + _RATIO]


def _cell(each: Modelled | None) -> str:
    if each is None:
        return f"{'-':>{_COST}}{'':>{_RATIO}}"
    cost = f"{'>' if each.unpriced else ''}{number(each.cost)}"
    return f"{cost:>{_COST}}{ratio_text(each.times_bare):>{_RATIO}}"


def _row(name: str, blocks: Sequence[str]) -> str:
    return _BORDER.join((name, *blocks)).rstrip()


def _unpriced(found: Iterable[Modelled]) -> str:
    """What is not in the figures that have a > before them."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        for reason in each.unpriced:
            reasons.setdefault(reason, []).append(each.technique)
    texts = [f"{reason} ({', '.join(dict.fromkeys(names))})" for reason, names in reasons.items()]
    return f">: without what has no price: {', '.join(texts)}." if texts else ""
