"""The sweep over exit costs: where hardware assistance overtakes rewriting, by the share of privileged instructions.

Adams and Agesen (ASPLOS 2006) found rewriting ahead of the first hardware assistance where guests exit often, and
behind it at system calls. Which of the two is ahead hangs on what an exit costs, and that has fallen since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from toyvm.errors import UsageError
from toyvm.lab import study
from toyvm.lab.cost_models import ASSUMED, MARKS_OF_PRICES, CostModel, Price, model_of_record
from toyvm.lab.divided import cell_state, take_cell
from toyvm.lab.events import counted_cell, events_of
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.modelled import cost_of
from toyvm.lab.results import check_numbers
from toyvm.lab.subjects import Subject
from toyvm.lab.text import ratio_text, wrapped
from toyvm.lab.workloads import KernelWorkload, find_workloads
from toyvm.techniques import parse_variant

if TYPE_CHECKING:
    from toyvm.lab.tasks import Task

WORKLOAD, PARAMETER = "mixed", "privileged"
WORK = 1000  # instructions of the kernel, of which so many are privileged
SHARES = (0, 2, 5, 10, 20, 50, 100)  # of them
_COUNTS = (*SHARES, WORK)
SOFTWARE, HARDWARE = "rewrite", "assist"
_READ = "in clock"


@dataclass(frozen=True, slots=True)
class ExitCost:
    """What one exit of guest mode costs, on which processor; `whole`: entry and exit together, else the exit alone."""

    processor: str
    price: Price
    whole: bool


EXIT_COSTS = (
    ExitCost("Pentium 4", Price(4_340, "n"), True),
    ExitCost("", Price(3_000, ASSUMED), True),
    ExitCost("Core 2", Price(2_123, "n"), True),
    ExitCost("Skylake (vmcall)", Price(1_530, "p"), True),
    ExitCost("", Price(1_200, ASSUMED), True),
    ExitCost("", Price(900, ASSUMED), True),
    ExitCost("Prescott", Price(1_926, "n"), False),
    *(ExitCost("", Price(cycles, "n"), False) for cycles in (1_156, 858, 569, 507, 466, 512)),
    ExitCost("Broadwell", Price(531, "n"), False),
)
SERIES_TITLES = {True: "Entry and exit together", False: "The exit of a page fault alone"}
_SERIES = {
    True: SERIES_TITLES[True],
    False: f"{SERIES_TITLES[False]}, by generation; the entry is not in it, so that these shares are too high",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One exit cost: below which share of privileged instructions guest mode is ahead, and its cost by rewriting's."""

    exit_cost: ExitCost
    crossing: float | None  # a share of the kernel's work; None: rewriting is ahead everywhere
    ratios: Mapping[int, float]  # by how many of WORK are privileged


@dataclass(frozen=True, slots=True)
class Counts:
    """The exact counts where so many of the kernel's instructions are privileged."""

    cells: Mapping[str, Cell]
    events: Mapping[str, float]


@cache
def counts_of(privileged: int) -> Counts:
    """Those of the two techniques, and what the hardware meets."""

    def task(technique: str) -> Task:
        workload = find_workloads([WORKLOAD])[0]
        assert isinstance(workload, KernelWorkload), "a parameter is a dword of its image"
        return workload.task_with(technique, PARAMETER, privileged)

    def cell(technique: str) -> Cell:
        counted = counted_cell(WORKLOAD, _subject(technique), task(technique))
        counted.repetitions = [_untimed(repetition) for repetition in counted.repetitions]
        return counted

    return Counts({name: cell(name) for name in (SOFTWARE, HARDWARE)}, events_of(WORKLOAD, task("trap")))


def _untimed(repetition: Repetition) -> Repetition:
    """Without its times, so that it is the same each time."""
    baseline, sample = (replace(one, cpu_seconds=0.0) for one in (repetition.baseline, repetition.sample))
    return Repetition(baseline, sample)


def _subject(technique: str) -> Subject:
    return Subject(technique, level=parse_variant(technique).level)


@dataclass
class ExitSweep(study.Study):
    """The sweep at a model's prices, of counts that are the same for each."""

    model: CostModel
    results: dict[study.Point, study.Record] = field(default_factory=dict)

    name: ClassVar[str] = "exit-sweep"
    key: ClassVar[str] = "sweep"

    def __post_init__(self) -> None:
        """Raises UsageError for a model that lacks prices that a sweep takes."""
        check_swept(self.model)

    @property
    def points(self) -> Sequence[study.Point]:
        return [(count,) for count in _COUNTS]

    @staticmethod
    def count(point: study.Point) -> study.Record:
        counts = counts_of(int(point[0]))
        return {"cells": [cell_state(cell) for cell in counts.cells.values()], "events": dict(counts.events)}

    @staticmethod
    def check(result: study.Record) -> None:
        _counts(result)

    def settings(self) -> study.Record:
        return {"model": asdict(self.model)}

    @classmethod
    def of_settings(cls, record: study.Record) -> Self:
        return cls(model_of_record(record["model"]))

    def lines(self, width: int) -> Iterator[str]:
        return sweep_lines(self.model, sweep(self.model, self._counted), width)

    def record(self) -> dict[str, Any]:
        return sweep_record(self.model, sweep(self.model, self._counted))

    def _counted(self, privileged: int) -> Counts:
        return _counts(self.results[privileged,])


def _counts(result: study.Record) -> Counts:
    """Counts that were JSON. Raises what a boundary catches for what are none."""
    cells = {name: Cell(WORKLOAD, _subject(name)) for name in (SOFTWARE, HARDWARE)}
    for state in result["cells"]:
        take_cell(cells[state["technique"]], state)
    if not all(cell.measured for cell in cells.values()):
        raise ValueError("no counts")
    check_numbers(*result["events"].values())
    return Counts(cells, result["events"])


def check_swept(model: CostModel) -> None:
    """Raises UsageError for a model that lacks prices that a sweep takes."""
    model.check_instruction()
    for price, what in ((model.exit(SOFTWARE, _READ), f"{SOFTWARE}: in"), (model.native("syscall"), "native: syscall")):
        if price is None:
            raise UsageError(f"cost model {model.name} has no price for {what}, without which there is no sweep")


def sweep(model: CostModel, counted: Callable[[int], Counts] = counts_of) -> list[Point]:
    """Every exit cost, at a model's prices for all else. Raises UsageError if it lacks those."""
    check_swept(model)
    counts = {count: counted(count) for count in _COUNTS}
    return [_point(model, exit_cost, counts) for exit_cost in EXIT_COSTS]


def _point(model: CostModel, exit_cost: ExitCost, counts: Mapping[int, Counts]) -> Point:
    swept = with_exit_cost(model, exit_cost.price)
    costs = {count: _costs(swept, counts[count]) for count in _COUNTS}
    ratios = {count: hardware / software for count, (software, hardware) in costs.items() if count != WORK}
    # Counts are linear in how many are privileged, and so is what they cost.
    ahead, at_last = (software - hardware for software, hardware in (costs[0], costs[WORK]))
    crossing = 1.0 if at_last >= 0 else ahead / (ahead - at_last)
    return Point(exit_cost, crossing if ahead > 0 else None, ratios)


def with_exit_cost(model: CostModel, price: Price) -> CostModel:
    """The model, but that an exit of guest mode costs so much, and for a read then what it costs when rewritten."""
    read = model.exit(SOFTWARE, _READ)
    assert read is not None
    rows = {"default": price, "in": Price(price.cycles + read.cycles, price.mark)}
    return replace(model, tables={**model.tables, HARDWARE: rows})


def _costs(model: CostModel, counts: Counts) -> tuple[float, float]:
    """Cycles an operation, of rewriting and of guest mode."""
    software, hardware = (cost_of(counts.cells[name], model, counts.events)[0] for name in (SOFTWARE, HARDWARE))
    return software, hardware


def sweep_record(model: CostModel, points: list[Point]) -> dict[str, Any]:
    """The same for `--json`."""
    return {"workload": WORKLOAD, "work": WORK, "model": asdict(model), "points": [asdict(point) for point in points]}


def sweep_lines(model: CostModel, points: list[Point], width: int) -> Iterator[str]:
    """Both series, what they come to, and what the marks mean."""
    read = model.exit(SOFTWARE, _READ)
    yield from wrapped(
        f"Where hardware assistance ({HARDWARE}) overtakes rewriting ({SOFTWARE}): an operation of {WORKLOAD} is ten "
        f"system calls and {WORK:,} instructions of the kernel, of which a share read a port, which exits under both. "
        f"Exact counts at the prices of {model.name}, but an exit of guest mode costs what stands at the left, and "
        f"a read then {read} more, as it does when rewritten. No time was measured.",
        width,
    )
    for whole, title in _SERIES.items():
        yield ""
        yield from wrapped(f"{title}:", width)
        yield from _series_lines([point for point in points if point.exit_cost.whole == whole])
    yield ""
    yield from wrapped(_finding(points), width)
    rest = replace(model, tables={name: rows for name, rows in model.tables.items() if name != HARDWARE})
    yield from wrapped(f"Other prices in cycles: {rest.priced}.", width)
    marks = "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS_OF_PRICES.items())
    yield from wrapped(f"Marks: {marks}.", width)


def _series_lines(points: list[Point]) -> Iterator[str]:
    heads = "".join(f"{_percent(count / WORK):>7}" for count in SHARES)
    yield f"{'':<16} {'':>9} {'ahead':>8}  {'cycles over those of rewriting, by share'}"
    yield f"{'processor':<16} {'an exit':>9} {'below':>8} {heads}"
    for point in points:
        below = "never" if point.crossing is None else _percent(point.crossing)
        ratios = "".join(f"{ratio_text(ratio):>7}" for ratio in point.ratios.values())
        yield f"{point.exit_cost.processor:<16} {point.exit_cost.price!s:>9} {below:>8} {ratios}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _finding(points: list[Point]) -> str:
    whole = [point for point in points if point.exit_cost.whole]
    first, last = whole[0], whole[-1]
    if first.crossing is None or last.crossing is None:
        return "At these prices rewriting is ahead even where nothing is privileged."
    early, late = (f"{point.exit_cost.price.cycles:,.0f}" for point in (first, last))
    return (
        f"With {early} cycles an exit hardware assistance is ahead where less than {_percent(first.crossing)} of the "
        f"kernel's work exits, with {late} where less than {_percent(last.crossing)} does: it saves the exits of "
        "system calls, and pays for each that is left."
    )
