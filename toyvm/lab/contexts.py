"""What a context costs an operation beside a kernel without any: instructions, which are exact, and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.text import name_width, wrapped
from toyvm.techniques import CONTAINER, UNDIVIDED


@dataclass(frozen=True, slots=True)
class ContextCost:
    """What it takes more, an operation; shares are of what it takes without."""

    workload: str
    engine: str
    instructions: float
    instructions_share: float
    time_share: float
    time_interval: tuple[float, float]  # where that lies if both medians lie in their intervals


def context_costs(experiment: Experiment) -> list[ContextCost]:
    """Of each workload that is the same in a context and was measured there and on a kernel without, on one engine."""
    found = []
    for workload in experiment.workloads:
        if workload.is_same_inside:
            cells = {(cell.subject.technique, cell.subject.engine): cell for cell in experiment.cells_of(workload.name)}
            for engine in dict.fromkeys(engine for technique, engine in cells if technique == CONTAINER):
                inside, without = cells[CONTAINER, engine], cells.get((UNDIVIDED, engine))
                if without is not None and inside.measured and without.measured and without.interval[0] > 0:
                    found.append(_cost(inside, without))
    return found


def _cost(inside: Cell, without: Cell) -> ContextCost:
    more = inside.instructions - without.instructions
    (inside_low, inside_high), (low, high) = inside.interval, without.interval
    return ContextCost(
        inside.workload,
        inside.subject.engine,
        more,
        more / without.instructions,
        inside.nanoseconds / without.nanoseconds - 1,
        (inside_low / high - 1, inside_high / low - 1),
    )


def context_records(experiment: Experiment) -> list[dict[str, Any]]:
    """The same for `--json`."""
    return [asdict(cost) for cost in context_costs(experiment)]


def context_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """A row each, by engine; nothing unless there are some."""
    costs = context_costs(experiment)
    if not costs:
        return
    yield from wrapped(
        "What a context costs an operation beside a kernel without any: instructions, which are exact, and time, with "
        "the interval that it lies in.",
        width,
    )
    name = name_width(cost.workload for cost in costs)
    engines = list(dict.fromkeys(cost.engine for cost in costs))
    for engine in engines:
        yield ""
        yield f"{engine if len(engines) > 1 else '':<{name}}{'instructions':>18} {'time':>8}  interval"
        for cost in costs:
            if cost.engine == engine:
                yield f"{cost.workload:<{name}}{_texts(cost)}"


def _texts(cost: ContextCost) -> str:
    (low, high), instructions = cost.time_interval, f"{cost.instructions:>+9.1f} {cost.instructions_share:>+8.2%}"
    return f"{instructions} {cost.time_share:>+8.1%}  {low:+.1%} to {high:+.1%}"
