"""Findings: what an experiment shows, in a few sentences, each with the counts, times and prices that it rests on.

Nothing is said that the figures do not carry: what differs by less than noise or 5% is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toyvm.lab.breakdown import Account
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.published import MARKS, SOURCE
from toyvm.lab.rankings import Comparison, Disagreement, comparisons
from toyvm.lab.text import number, ratio_text, wrapped
from toyvm.techniques import WITHOUT_MONITOR

ALIKE = 0.05  # so far apart two times count as equal
_NAMED = 3  # techniques that are named, at most


def finding_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """The sentences, in lines of that many columns."""
    for sentence in finding_sentences(experiment):
        yield from wrapped(sentence, width)


def finding_sentences(experiment: Experiment) -> list[str]:
    """Up to five: what wins where, what costs most and why, who never exits, and what others found."""
    cells = _compared(experiment)
    if not cells:
        return []
    found = (
        _winners(cells),
        _dearest(experiment, cells),
        _without_exits(experiment, cells),
        _cheaper(experiment, cells),
        _literature(experiment),
    )
    return [sentence for sentence in found if sentence]


def _compared(experiment: Experiment) -> list[Cell]:
    """The cells of monitors that have a bare machine's beside them, on its first engine."""
    base = experiment.base
    return [
        cell
        for cell in experiment.cells.values()
        if base is not None
        and cell.subject.engine == base.engine
        and cell.subject.technique not in WITHOUT_MONITOR
        and experiment.ratio(cell) is not None
    ]


# What wins where.


@dataclass(frozen=True, slots=True)
class Lead:
    """A workload on which one technique, in its fastest variant, is clearly faster than all others in theirs."""

    first: Cell
    second: Cell

    @property
    def factor(self) -> float:
        return self.second.nanoseconds / self.first.nanoseconds

    @property
    def technique(self) -> str:
        return _family(self.first)

    def __str__(self) -> str:
        first, second = self.first, self.second
        return (
            f"{first.workload}, {number(first.nanoseconds)} ns with {_times(_exits(first), 'exit')} against "
            f"{second.subject.technique}'s {number(second.nanoseconds)} with {number(_exits(second))}"
        )


def _family(cell: Cell) -> str:
    """The technique without its options; what a user brings is one of its own."""
    return cell.subject.technique if cell.subject.like else cell.subject.technique.partition("+")[0]


def _winners(cells: Sequence[Cell]) -> str:
    rows = _rows(cells)
    leads = [lead for row in rows if (lead := _lead(row)) is not None]
    if not rows:
        return ""
    if not leads:
        if len(rows) == 1:
            return f"On {rows[0][0].workload} no technique is faster than all others by more than noise."
        return f"On none of {len(rows)} workloads is one technique faster than all others by more than noise."
    by_technique: dict[str, list[Lead]] = {}
    for lead in leads:
        by_technique.setdefault(lead.technique, []).append(lead)
    ranked = sorted(by_technique.items(), key=lambda item: -len(item[1]))
    named = [
        f"{technique} on {len(won)} (most clearly {max(won, key=lambda lead: lead.factor)})"
        for technique, won in ranked[:_NAMED]
    ]
    left = len(rows) - sum(len(won) for _, won in ranked[:_NAMED])
    rest = f"; on the other {left} another one, or none clearly" if left else ""
    return f"Fastest under a monitor, of {_times(len(rows), 'workload')}: {', '.join(named)}{rest}."


def _rows(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Of each workload the fastest cell of each technique, where there are several."""
    rows: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        row = rows.setdefault(cell.workload, {})
        best = row.get(_family(cell))
        if best is None or cell.nanoseconds < best.nanoseconds:
            row[_family(cell)] = cell
    return [list(row.values()) for row in rows.values() if len(row) > 1]


def _lead(row: Sequence[Cell]) -> Lead | None:
    first, second, *others = sorted(row, key=lambda cell: cell.nanoseconds)
    behind = min(cell.interval[0] for cell in (second, *others))
    is_clear = first.interval[1] < behind and first.nanoseconds * (1 + ALIKE) < second.nanoseconds
    return Lead(first, second) if is_clear and first.nanoseconds > 0 else None


# What costs most.


def _dearest(experiment: Experiment, cells: Sequence[Cell]) -> str:
    cell = max(cells, key=lambda cell: experiment.ratio(cell) or 0.0)
    ratio, interval = experiment.ratio(cell) or 0.0, experiment.ratio_interval(cell)
    if not cell.exits or interval is None or interval[0] <= 1 + ALIKE:
        return ""
    accounts = experiment.accounts(cell.subject)
    account = next((one for one in accounts if one.workload == cell.workload), None)
    return (
        f"Dearest is {cell.workload} on {cell.subject.label}, {ratio_text(ratio)} times the bare machine's: its "
        f"{number(cell.instructions)} instructions take {_times(_exits(cell), 'exit')}{_why(cell, account)}."
    )


def _why(cell: Cell, account: Account | None) -> str:
    """Which exits make it so: by their prices, if those explain more than what is left unexplained, else by number."""
    if account is not None and account.total > 0:
        spent = sum(entry.nanoseconds for entry in account.entries)
        dearest = max(account.entries, key=lambda entry: entry.nanoseconds)
        if spent > abs(account.unexplained) and dearest.each is not None:
            are = "is" if _exits(cell) == 1 else "are"
            return (
                f", which {are} {spent / account.total:.0%} of its {number(account.total)} ns; most is "
                f"{dearest.reason}, {number(dearest.count)} x {number(dearest.each)} ns"
            )
    reason, most = max(cell.exits.items(), key=lambda item: item[1])
    return f", {number(most)} of them {reason}" if most != _exits(cell) else f" ({reason})"


def _without_exits(experiment: Experiment, cells: Sequence[Cell]) -> str:
    quiet = [cell for cell in cells if not cell.exits]
    if not quiet:
        return ""
    alike = [cell for cell in quiet if abs((experiment.ratio(cell) or 0.0) - 1) <= ALIKE]
    counts = {subject: sum(cell.subject == subject for cell in quiet) for subject in experiment.subjects}
    first, second = sorted([*counts.values(), 0], reverse=True)[:2]
    most = ""
    if 0 < second < first:
        subject = max(counts, key=lambda one: counts[one])
        most = f"; {subject.label} has most of them, {first} of {sum(cell.subject == subject for cell in cells)}"
    return (
        f"Of {_times(len(quiet), 'cell')} where nothing exits {len(alike)} {'is' if len(alike) == 1 else 'are'} within "
        f"{ALIKE:.0%} of the bare machine{most}."
    )


def _cheaper(experiment: Experiment, cells: Sequence[Cell]) -> str:
    """Of those that are clearly faster than the bare machine, and do with fewer instructions, the fastest."""
    base = experiment.base
    assert base is not None, "there are cells to compare with it"

    def before(cell: Cell) -> float:
        return experiment.cells[cell.workload, base].instructions

    faster = [
        cell
        for cell in cells
        if (interval := experiment.ratio_interval(cell)) is not None
        and interval[1] < 1 - ALIKE
        and cell.instructions < before(cell)
    ]
    if not faster:
        return ""
    cell = min(faster, key=lambda cell: experiment.ratio(cell) or 0.0)
    return (
        f"A monitor can be cheaper than none: {cell.workload} on {cell.subject.label} takes "
        f"{experiment.ratio(cell) or 0.0:.2f} of the time, as {number(cell.instructions)} instructions and "
        f"{_times(_exits(cell), 'exit')} do what took {number(before(cell))} instructions."
    )


# What others found.


def _literature(experiment: Experiment) -> str:
    """How many published orders hold, and of the others the one that is furthest from ours, with the reason."""
    found = comparisons(experiment)
    if not found:
        return ""
    others = [each for each in found if each.disagreements]
    orders = f"{_times(len(found), 'order')} of {SOURCE.partition(':')[0]},"
    if not others:
        return f"Of {orders} every one holds here."
    comparison, worst = max(
        ((each, one) for each in others for one in each.disagreements), key=lambda pair: pair[1].distance
    )
    return (
        f"Of {orders} {_holding(len(found) - len(others))} here. Furthest away is "
        f"{comparison.figure.workload}: {_figures(comparison, worst)}: {worst.reason}."
    )


def _holding(count: int) -> str:
    return "none holds" if not count else f"{count} holds" if count == 1 else f"{count} hold"


def _figures(comparison: Comparison, worst: Disagreement) -> str:
    figure, pair = comparison.figure, worst.pair
    quoted = [quoted for role in pair if (quoted := figure.of(role)) is not None]
    marks = ", ".join(f"{mark} {MARKS[mark]}" for mark in dict.fromkeys(one.mark for one in quoted))
    unit = "" if any(one.text for one in quoted) else " cycles"
    theirs = " and ".join(f"{role} {figure.of(role)}" for role in pair)
    ours = " and ".join(number(time) for time in worst.ours)
    return f"theirs are {theirs}{unit} ({marks}), ours {ours} ns"


def _exits(cell: Cell) -> float:
    return sum(cell.exits.values())


def _times(count: float, what: str) -> str:
    return f"{number(count)} {what}{'' if count == 1 else 's'}"
