"""The matrix: the time of each workload on each technique over its time on the bare machine, and what that shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toyvm.lab.experiment import BASE, Experiment
from toyvm.lab.findings import finding_lines
from toyvm.lab.measure import Cell
from toyvm.lab.subjects import Subject
from toyvm.lab.text import number, wrapped

_NAME = 9  # columns of a workload's name, at least
_LEAST = 5  # columns of a ratio, with the blank before it
_SHORT = {"hypercalls": "hyp", "adaptive": "adapt"}  # options, above a column
_ABSENT = "-"


def matrix_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """A row each workload, a column each subject beside the bare machine, in as many bands as the width takes."""
    others = [subject for subject in experiment.subjects if subject.technique != BASE]
    if experiment.base is None or not others:
        return  # nothing to compare
    yield from wrapped("Time of an operation, as a multiple of the bare machine's:", width)
    for block, workloads in experiment.blocks.items():
        if block:
            yield ""
            yield f"{block}:"
        rows = [workload.name for workload in workloads if _is_compared(experiment, workload.name)]
        there = experiment.subjects_of(workloads)
        absent = [subject for subject in others if subject not in there]
        for band in _bands([subject for subject in others if subject in there], width - _name(rows)):
            yield ""
            yield from _band(experiment, band, rows)
        if absent:
            why = experiment.cells[workloads[0].name, absent[0]].missing
            yield from wrapped(f"None of these on {', '.join(each.label for each in absent)}: {why}.", width)
    yield from wrapped(_without_base(experiment), width)
    for reason in _failures(experiment):
        yield from wrapped(reason, width)
    if findings := list(finding_lines(experiment, width)):
        yield ""
        yield from findings


def _heads(subject: Subject) -> list[str]:
    """What stands above a column, line by line from the top: technique, options, engine."""
    technique, *options = subject.technique.rpartition(":")[2].split("+")  # of a monitor its class
    engine = [] if subject.label == subject.technique else [subject.engine[:6]]
    return [technique, *(f"+{_SHORT.get(option, option)}" for option in options), *engine]


def _column(subject: Subject) -> int:
    return max(_LEAST, 1 + max(map(len, _heads(subject))))


def _name(rows: Sequence[str]) -> int:
    """Columns of the names of workloads."""
    return max((_NAME, *map(len, rows)))


def _bands(subjects: Sequence[Subject], width: int) -> Iterator[list[Subject]]:
    """The subjects in their order, as many side by side as fit behind the names."""
    band: list[Subject] = []
    for subject in subjects:
        if band and sum(map(_column, [*band, subject])) > width:
            yield band
            band = []
        band.append(subject)
    if band:
        yield band


def _is_compared(experiment: Experiment, workload: str) -> bool:
    """Is there something to compare with? Where it fails on the bare machine its row says so."""
    return any(cell.measured or cell.failed for cell in experiment.cells_of(workload) if cell.subject.technique == BASE)


def _without_base(experiment: Experiment) -> str:
    """The workloads that no bare machine can do, with their times."""
    alone = [workload.name for workload in experiment.workloads if not _is_compared(experiment, workload.name)]
    cells = [cell for cell in experiment.cells.values() if cell.measured and cell.workload in alone]
    times = [f"{cell.workload} on {cell.subject.label} {number(cell.nanoseconds)} ns" for cell in cells]
    return f"Nothing to compare with on the bare machine: {', '.join(times)}." if times else ""


def _failures(experiment: Experiment) -> Iterator[str]:
    """Why cells fail, each reason once: a monitor of the user's mostly has one for all workloads."""
    failing: dict[tuple[str, str], list[str]] = {}
    for cell in experiment.failures:
        failing.setdefault((cell.subject.label, str(cell.failed)), []).append(cell.workload)
    for (label, why), workloads in failing.items():
        yield f"{label} fails in {', '.join(workloads)}: {why}"


def _band(experiment: Experiment, subjects: Sequence[Subject], rows: Sequence[str]) -> Iterator[str]:
    name = _name(rows)
    heads = [_heads(subject) for subject in subjects]
    for line in range(max(map(len, heads))):
        yield _row(" " * name, [head[line] if line < len(head) else "" for head in heads], subjects)
    for workload in rows:
        cells = [experiment.cells[workload, subject] for subject in subjects]
        yield _row(f"{workload:<{name}}", [_ratio(experiment, cell) for cell in cells], subjects)


def _row(name: str, texts: Sequence[str], subjects: Sequence[Subject]) -> str:
    columns = (f"{text:>{_column(subject)}}" for text, subject in zip(texts, subjects, strict=True))
    return f"{name}{''.join(columns)}".rstrip()


def _ratio(experiment: Experiment, cell: Cell) -> str:
    ratio = experiment.ratio(cell)
    if ratio is None:
        return "fails" if cell.failed else _ABSENT
    return f"{ratio:.2f}" if ratio < 9.995 else f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:.0f}"
