"""An experiment: everything that one call of the lab measures, and its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toyvm.arguments import check_seconds, check_within, short
from toyvm.errors import UsageError
from toyvm.isa.machine import Level
from toyvm.lab.breakdown import Account, account_of
from toyvm.lab.events import among_events
from toyvm.lab.measure import Cell, Progress, empty_cells, measure
from toyvm.lab.nanobenchmarks import TRAP, Costs, Pricing
from toyvm.lab.statistics import LEAST
from toyvm.lab.subjects import INTERPRETER, TIMEOUT, Subject
from toyvm.lab.workloads import Block, Workload
from toyvm.own_classes import column_of, find_class, is_own
from toyvm.paths import guests_directory
from toyvm.programs import find_program
from toyvm.shipped.porting import PortedLines, count_ported_lines
from toyvm.techniques import LIKE_OWN, OFFERING, SYSTEM_NAMES, WITHOUT_MONITOR, Option, parse_any

BASE = "bare"
MAXIMUM_REPEATS = 1000
PRECISIONS = "it takes a share from 0.01% to 100%, as 2% or 0.02"
# Why a cell has no figures that it could have.
INTERRUPTED, OTHER_SLICE, NOWHERE = "interrupted before", "in another slice", "in none of these files"


@dataclass(frozen=True, slots=True)
class Effort:
    """CPU seconds that one run is to take, how often it is repeated, and the same for the costs of exits."""

    seconds: float
    repeats: int
    nano_seconds: float
    nano_repeats: int
    precision: float | None = None  # half of an interval over its median: when it is enough, before all repetitions
    keeps_baseline: bool = False  # a cell's baseline is run once, not again in each repetition

    def check(self) -> None:
        """Raises UsageError for what nothing could be measured by."""
        for repeats in (self.repeats, self.nano_repeats):
            check_within(repeats, 1, MAXIMUM_REPEATS, "--repeats")
        for seconds in (self.seconds, self.nano_seconds):
            if not 0 < (check_seconds(seconds, "a run") or 0.0) <= TIMEOUT:
                raise UsageError(f"a run of {seconds} seconds; it takes more than 0, and up to {TIMEOUT:.0f}")
        if self.precision is not None:
            if not is_precision(self.precision):
                raise UsageError(f"--precision {short(self.precision)}: {PRECISIONS}")
            if self.repeats < LEAST:
                raise UsageError(f"--repeats {self.repeats}: a precision takes {LEAST} repetitions or more")


def is_precision(value: object) -> bool:
    return isinstance(value, (int, float)) and 0.0001 <= value <= 1


FULL = Effort(0.3, 7, 0.05, 5)
QUICK = Effort(0.01, 3, 0.004, 3, keeps_baseline=True)


@dataclass(slots=True)
class Experiment:
    """Cells by workload and subject, and the costs of exits by subject."""

    workloads: list[Workload]
    subjects: list[Subject]
    cells: dict[tuple[str, Subject], Cell] = field(default_factory=dict)
    costs: dict[Subject, Costs] = field(default_factory=dict)
    is_interrupted: bool = False  # by Ctrl-C: there is less than was asked for
    is_quick: bool = False  # with the effort of --quick, all or a part of it

    def check(self) -> None:
        """Build every program in each build that it takes. Raises AssemblyError, BadFileError."""
        for workload in self.workloads:
            for kind in dict.fromkeys(subject.kind for subject in self.subjects):
                if workload.why_missing(kind) is None:
                    workload.task(kind)

    def run(self, effort: Effort, progress: Progress) -> None:
        """Measure everything, or what there is until Ctrl-C. Raises KeyboardInterrupt where that is nothing."""
        with self.filling():
            self._measure(effort, progress)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Inside the cells are there, to be measured. After a Ctrl-C there is what there is."""
        for workload in self.workloads:
            self.cells |= {(workload.name, cell.subject): cell for cell in empty_cells(workload, self.subjects)}
        try:
            yield
        except KeyboardInterrupt:
            if not any(cell.measured for cell in self.cells.values()):
                raise
            self.is_interrupted = True
            self.say_what_is_missing(INTERRUPTED)

    def say_what_is_missing(self, why: str) -> None:
        """Of the cells that could have figures and have none."""
        for cell in self.cells.values():
            if not cell.measured and cell.failed is None:
                cell.missing = cell.missing or why

    @property
    def priced(self) -> list[Subject]:
        """Those whose exits have prices, and the bare machines that they are compared with."""
        monitored = [one for one in self.subjects if one.technique not in WITHOUT_MONITOR and one.is_alone]
        return [one for one in self._bare if any(one.engine == other.engine for other in monitored)] + monitored

    def _measure(self, effort: Effort, progress: Progress) -> None:
        priced = self.priced
        steps = len(self.workloads) + len(priced)
        for step, workload in enumerate(self.workloads, 1):
            show = _numbered(progress, step, steps)
            cells, how_often = self.cells_of(workload.name), (effort.seconds, effort.repeats)
            measure(workload, cells, *how_often, show, effort.precision, keeps_baseline=effort.keeps_baseline)
        pricings: dict[Subject, Pricing] = {}
        for turn in range(effort.nano_repeats):
            for step, subject in enumerate(priced, len(self.workloads) + 1):
                show = _numbered(progress, step, steps)
                if turn == 0 and (reasons := self._reasons_on(subject)):
                    pricings[subject] = Pricing(subject, effort.nano_seconds)
                    pricings[subject].begin(reasons, show)
                elif subject in pricings:
                    pricings[subject].repeat(show)
        self.costs |= {subject: costs for subject, pricing in pricings.items() if (costs := pricing.costs) is not None}

    def _reasons_on(self, subject: Subject) -> list[str]:
        """Of the exits there; on the bare machine of those under all techniques on its engine."""
        is_bare = subject.technique == BASE
        theirs = [one for one in self.priced if one.engine == subject.engine] if is_bare else [subject]
        cells = [cell for one in theirs for cell in self._of(one) if cell.measured]
        return list({reason: None for cell in cells for reason in cell.priced_exits})

    def _of(self, subject: Subject) -> list[Cell]:
        return [self.cells[workload.name, subject] for workload in self.workloads]

    @property
    def blocks(self) -> dict[Block, list[Workload]]:
        """The workloads of each block that there are some of."""
        found: dict[Block, list[Workload]] = {}
        for workload in self.workloads:
            found.setdefault(workload.block, []).append(workload)
        return found

    def subjects_of(self, workloads: Iterable[Workload]) -> list[Subject]:
        """All but those that are for the operating system's programs, where none of these is one."""
        names = [workload.name for workload in workloads if workload.block is Block.SYSTEM]
        return [subject for subject in self.subjects if names or subject.technique not in SYSTEM_NAMES]

    def cells_of(self, workload: str) -> list[Cell]:
        """Those of one workload."""
        return [self.cells[workload, subject] for subject in self.subjects]

    @property
    def _bare(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.technique == BASE]

    @property
    def base(self) -> Subject | None:
        """The bare machine on the first engine measured."""
        return next(iter(self._bare), None)

    def ratio(self, cell: Cell) -> float | None:
        """Time against the bare machine on the same engine; None where either is missing."""
        engine = cell.subject.engine
        return self._ratio(cell, next((one for one in self._bare if one.engine == engine), None))

    def gain(self, cell: Cell) -> float | None:
        """How often as fast as interpreted, by the same technique; None where either is missing."""
        technique = cell.subject.technique
        others = (one for one in self.subjects if (one.technique, one.engine) == (technique, INTERPRETER))
        ratio = self._ratio(cell, next(others, None))
        return 1 / ratio if ratio else None

    def ratio_interval(self, cell: Cell) -> tuple[float, float] | None:
        """Where the ratio lies if the cell's median lies in its interval, and the bare machine's in its own."""
        base = self._bare_cell(cell)
        if self.ratio(cell) is None or base is None or base.interval[0] <= 0:
            return None
        if base is cell:
            return 1.0, 1.0
        return cell.interval[0] / base.interval[1], cell.interval[1] / base.interval[0]

    def _ratio(self, cell: Cell, to: Subject | None) -> float | None:
        if to is None or not cell.measured:
            return None
        base = self.cells[cell.workload, to]
        return cell.nanoseconds / base.nanoseconds if base.measured and base.nanoseconds > 0 else None

    def accounts(self, subject: Subject) -> list[Account]:
        costs = self.costs.get(subject)
        if costs is None:
            return []
        cells = [cell for cell in self._of(subject) if cell.measured and cell.exits]
        native = next((self.costs.get(one) for one in self._bare if one.engine == subject.engine), None)
        trap = f"{TRAP}+{Option.HYPERCALLS}" if subject.kind in OFFERING else TRAP  # whose builds have what these have
        return [
            account_of(
                cell,
                costs,
                self._bare_cell(cell),
                native,
                self._events(cell, TRAP),
                self._events(cell, trap),
            )
            for cell in cells
        ]

    def _events(self, cell: Cell, technique: str) -> Mapping[str, float] | None:
        """What traps or is privileged in its workload, where that was counted under such a technique."""
        traps = (one for one in self.cells_of(cell.workload) if one.subject.technique == technique and one.measured)
        trap = next(traps, None)
        return None if trap is None else among_events(trap.priced_exits)

    def _bare_cell(self, cell: Cell) -> Cell | None:
        """The same workload on the bare machine, on the same engine."""
        bare = next((one for one in self._bare if one.engine == cell.subject.engine), None)
        return None if bare is None else self.cells[cell.workload, bare]

    @property
    def failures(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.failed]


def _numbered(progress: Progress, step: int, steps: int) -> Progress:
    return lambda text: progress(f"{step}/{steps}  {text}")


def ported_kernel() -> PortedLines:
    """How much of the shipped kernel and its platform layer the paravirtual port changes."""
    return count_ported_lines([find_program("kernel")], [guests_directory() / "include", guests_directory()])


def records(experiment: Experiment) -> list[dict[str, Any]]:
    """One record for each workload, technique, engine and repetition."""
    return [
        _record(cell, repetition.number, repetition.sample, repetition.baseline)
        for cell in experiment.cells.values()
        for repetition in cell.repetitions
    ]


def _record(cell: Cell, repetition: int, sample: Any, baseline: Any) -> dict[str, Any]:
    return {
        "workload": cell.workload,
        "technique": cell.subject.technique,
        "engine": cell.subject.engine,
        "hardware": str(cell.subject.level),
        "repetition": repetition,
        **asdict(sample),
        "baseline": asdict(baseline),
    }


def whole_record(experiment: Experiment, machine: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """What `--json` writes: the records, and where they come from."""
    return {
        "machine": machine,
        "configuration": configuration,
        "workloads": [workload.name for workload in experiment.workloads],
        "subjects": [_subject_record(subject) for subject in experiment.subjects],
        "records": records(experiment),
        "watched": [
            _record(cell, 0, cell.watched.sample, cell.watched.baseline)
            for cell in experiment.cells.values()
            if cell.watched is not None
        ],
        "missing": [_absent(cell, cell.missing) for cell in experiment.cells.values() if cell.missing],
        "failed": [_absent(cell, cell.failed) for cell in experiment.failures],
        "costs": [
            {"technique": subject.technique, "engine": subject.engine, **asdict(costs)}
            for subject, costs in experiment.costs.items()
        ],
        "accounts": [
            {
                **asdict(account),
                "entries": [asdict(entry) for entry in account.entries],
                "work": [asdict(entry) for entry in account.work],
                "unexplained": account.unexplained,
                "reason": account.reason,
            }
            for subject in experiment.subjects
            for account in experiment.accounts(subject)
        ],
        "ported_lines": _ported(ported_kernel()),
    }


def _subject_record(subject: Subject) -> dict[str, Any]:
    level, like = str(subject.level), subject.like
    return {"technique": subject.technique, "engine": subject.engine, "hardware": level, "like": like}


def _absent(cell: Cell, why: str | None) -> dict[str, Any]:
    return {
        "workload": cell.workload,
        "technique": cell.subject.technique,
        "engine": cell.subject.engine,
        "why": why,
    }


def _ported(lines: PortedLines) -> dict[str, Any]:
    return {**asdict(lines), "changed": lines.changed, "share": lines.share}


def subjects_for(
    techniques: Sequence[str], engines: Sequence[str], level: str | None, code_cache: Path | None = None
) -> list[Subject]:
    """Each technique on each engine, on the technique's own level if none is given; the reference runs bare only.

    A technique may be a monitor of the user's, MODULE:CLASS, which is called without its folder then. Raises UsageError
    and BadFileError.
    """
    from toyvm.monitor import Monitor

    monitors = {column_of(name): find_class(name, "monitor", (Monitor,)) for name in techniques if is_own(name)}
    columns = [column_of(name) for name in techniques]
    for name, column in zip(techniques, columns, strict=True):
        if columns.count(column) > 1:
            raise UsageError(f"--technique {name}: {column} is the name of another column; rename the file")

    def subject(technique: str, engine: str) -> Subject:
        like = LIKE_OWN if technique in monitors else None
        usual = parse_any(like or technique).level
        return Subject(
            technique, engine, usual if level is None else Level(level), code_cache, monitors.get(technique), like
        )

    return [
        subject(technique, engine)
        for engine in engines
        for technique in columns
        if engine != "reference" or technique == BASE
    ]
