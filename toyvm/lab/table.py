"""The lab's output on a terminal: the comparison, the account beneath it, and published figures beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from toyvm.lab.breakdown import CLOSED, Account
from toyvm.lab.engines import engine_lines
from toyvm.lab.experiment import Experiment, ported_kernel
from toyvm.lab.handler_length import SYSCALL, handler_length
from toyvm.lab.literature import published_lines
from toyvm.lab.measure import HYPERCALL, Cell
from toyvm.lab.nanobenchmarks import HANDED_ON, UNFORESEEN, Costs
from toyvm.lab.published import XEN_PORTED
from toyvm.lab.subjects import Subject
from toyvm.lab.text import name_width, number, ratio_text, wrapped
from toyvm.lab.workloads import Workload
from toyvm.machine.computer import ACCESSES, LOOKS
from toyvm.techniques import Build, facts_of

_WIDTH = 118  # of what is printed, unless another one is asked for
_PARTS = ("total", "direct", "hardware", "priced")  # of an account
_PART, _UNEXPLAINED = 8, 15  # columns of one, and of what is left with its share
_LEAST_ROOM = 40  # columns, for exits behind the rest of an account
_BORDER = " | "
_COLUMNS = (("ns", 9), ("+-%", 4), ("x bare", 7), ("instr", 7), ("exits", 7))
_BARE_COLUMNS = (("ns", 9), ("+-%", 4), ("instr", 7))


def lines(experiment: Experiment, width: int = _WIDTH) -> Iterator[str]:
    """Everything, line by line, in that many columns."""
    yield from comparison(experiment, width)
    for subject in experiment.subjects:
        if accounts := experiment.accounts(subject):
            yield ""
            yield from account_lines(subject, accounts, experiment.costs[subject], width)
    if engines := list(engine_lines(experiment, width)):
        yield ""
        yield from engines
    if published := list(published_lines(experiment, width)):
        yield ""
        yield from published
    if any(facts_of(subject.kind).build is Build.PARAVIRT for subject in experiment.subjects):
        yield ""
        yield from ported_lines(width)


class Notes:
    """Why cells are empty, beneath the table: one note for a workload and a reason, whatever subjects it concerns."""

    def __init__(self) -> None:
        self._labels: dict[tuple[str, str], list[str]] = {}
        self._columns: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # labels, where none of these workloads exists

    def number(self, cell: Cell, why: str) -> int:
        """The number of the note that says so."""
        key = (cell.workload, why)
        self._labels.setdefault(key, []).append(cell.subject.label)
        return list(self._labels).index(key) + 1

    def tell(self, column: Iterable[Cell]) -> None:
        """Of a column that is left out, as none of its cells can exist."""
        by_reason: dict[str, list[Cell]] = {}
        for cell in column:
            by_reason.setdefault(cell.missing or "", []).append(cell)
        for why, cells in by_reason.items():
            key = (why, tuple(cell.workload for cell in cells))
            self._columns.setdefault(key, []).append(cells[0].subject.label)

    def lines(self) -> Iterator[str]:
        for place, ((workload, why), labels) in enumerate(self._labels.items(), 1):
            yield f"[{place}] {workload} on {', '.join(labels)}: {why}"
        for (why, workloads), labels in self._columns.items():
            yield f"Not on {', '.join(labels)}: {', '.join(workloads)}: {why}"


def comparison(experiment: Experiment, width: int) -> Iterator[str]:
    """The table: a row each workload, a block of columns each subject, in as many bands as the width takes."""
    notes = Notes()
    yield from wrapped(
        "CPU time an operation in ns: median, and half of the interval it lies in, in %. Instructions, exits: exact.",
        width,
    )
    for workloads in experiment.blocks.values():
        subjects = experiment.subjects_of(workloads)
        name = name_width(workload.name for workload in workloads)
        for band in _bands(subjects, width - name):
            yield ""
            yield from _band(experiment, workloads, band, notes)
        for absent in (each for each in experiment.subjects if each not in subjects):
            notes.tell(experiment.cells[workload.name, absent] for workload in workloads)
    for note in notes.lines():
        yield from wrapped(note, width)
    if any(cell.measured and cell.workload == SYSCALL for cell in experiment.cells.values()):
        yield f"{SYSCALL}: its handler is {handler_length()} instructions long, from the trap to the return."


def _bands(subjects: Sequence[Subject], width: int) -> Iterator[list[Subject]]:
    """The subjects in their order, as many side by side as fit behind the names."""
    band: list[Subject] = []
    for subject in subjects:
        if band and sum(_width(other) + len(_BORDER) for other in [*band, subject]) > width:
            yield band
            band = []
        band.append(subject)
    if band:
        yield band


def _band(
    experiment: Experiment, workloads: Sequence[Workload], subjects: Sequence[Subject], notes: Notes
) -> Iterator[str]:
    name = name_width(workload.name for workload in workloads)
    heads = [_block(_columns(subject), [name for name, _ in _columns(subject)]) for subject in subjects]
    yield _joined(" " * name, [f"{subject.label:^{_width(subject)}}".rstrip() for subject in subjects], subjects)
    yield _joined(f"{'workload':<{name}}", heads, subjects)
    yield _joined("-" * name, ["-" * _width(subject) for subject in subjects], subjects)
    for workload in workloads:
        cells = [experiment.cells[workload.name, subject] for subject in subjects]
        yield _joined(f"{workload.name:<{name}}", [_cell(experiment, cell, notes) for cell in cells], subjects)


def _columns(subject: Subject) -> tuple[tuple[str, int], ...]:
    return _BARE_COLUMNS if subject.technique == "bare" else _COLUMNS


def _width(subject: Subject) -> int:
    columns = _columns(subject)
    return sum(width for _, width in columns) + len(columns) - 1


def _block(columns: tuple[tuple[str, int], ...], texts: Sequence[str]) -> str:
    return " ".join(f"{text:>{width}}" for text, (_, width) in zip(texts, columns, strict=True))


def _joined(name: str, blocks: Sequence[str], subjects: Sequence[Subject]) -> str:
    padded = [f"{block:<{_width(subject)}}" for block, subject in zip(blocks, subjects, strict=True)]
    return _BORDER.join((name, *padded)).rstrip()


def _cell(experiment: Experiment, cell: Cell, notes: Notes) -> str:
    why = cell.missing or (f"failed: {cell.failed}" if cell.failed else None)
    if why is not None:
        return _absence(cell, why, notes)
    facts = {
        "ns": number(cell.nanoseconds),
        "+-%": f"{100 * cell.spread:.0f}",
        "x bare": ratio_text(experiment.ratio(cell)),
        "instr": number(cell.instructions),
        "exits": number(sum(cell.exits.values())),
    }
    return _block(_columns(cell.subject), [facts[name] for name, _ in _columns(cell.subject)])


def _absence(cell: Cell, why: str, notes: Notes) -> str:
    """Why there are no figures: in the cell where that fits, else in a note beneath the table."""
    if len(why) <= _width(cell.subject):
        return why
    return f"none [{notes.number(cell, why)}]"


def account_lines(subject: Subject, accounts: Sequence[Account], costs: Costs, width: int) -> Iterator[str]:
    """Direct execution + sum of count x cost = total, with what is unexplained."""
    yield from wrapped(
        f"The account of {subject.label}, ns an operation: total = direct execution + what the bare machine, too, "
        "takes beyond its instructions (hardware) + exits and the core's other work x cost (priced) + unexplained",
        width,
    )
    name = name_width(account.workload for account in accounts)
    yield _account_row("workload", name, _PARTS, "unexplained") + "exits x cost"
    for account in accounts:
        share = f"({round(100 * account.unexplained / account.total)}%)" if account.total > 0 else ""
        parts = [number(part) for part in (account.total, account.direct, account.hardware, account.priced)]
        head = _account_row(account.workload, name, parts, f"{number(account.unexplained)} {share:>6}")
        yield from _with_entries(head, account, width, " " * (name + 2))
    yield from _reason_lines(accounts, name, width)
    priced, worked = (
        ", ".join(f"{reason} {number(cost)}" for reason, cost in prices.items()) for prices in (costs.exits, costs.work)
    )
    yield from wrapped(
        f"Costs in ns, each from a nanobenchmark of its own: an instruction executed directly "
        f"{number(costs.instruction)}; "
        f"an exit: {priced}{f'; of work: {worked}' if worked else ''}.",
        width,
    )
    if any(account.instructions for account in accounts):  # by a stopwatch
        access, exits, handed_on, unforeseen = (
            number(costs.edges.get(kind, 0.0)) for kind in (ACCESSES, LOOKS, HANDED_ON, UNFORESEEN)
        )
        yield from wrapped(
            "What they take in these accounts is by a stopwatch, each in its workload. It does not see the way out and "
            f"back: of an access {access}, of an exit {exits}, of one that is handed to the guest's kernel {handed_on} "
            f"more, and where the host cannot foresee it {unforeseen} more.",
            width,
        )
    if f"{HYPERCALL} mmu_update" in costs.exits:
        yield from wrapped(
            "mmu_update, multicall, console_write and doorbell are priced with nothing to do; what they do is work.",
            width,
        )


def _account_row(first: str, name: int, parts: Sequence[str], unexplained: str) -> str:
    columns = "".join(f"{part:>{_PART}} " for part in parts)
    return f"{first:<{name}}  {columns}{unexplained:>{_UNEXPLAINED}}   "


def _reason_lines(accounts: Sequence[Account], name: int, width: int) -> Iterator[str]:
    """Why accounts do not close."""
    if any(account.reason for account in accounts):
        yield f"Where more than {CLOSED:.0%} is unexplained:"
    for account in accounts:
        if account.reason:
            yield from wrapped(f"  {account.workload:<{name}} {account.reason}", width, " " * (name + 3))


def _with_entries(head: str, account: Account, width: int, indent: str) -> Iterator[str]:
    """The exits, dearest first, behind `head` as many as fit, or beneath it; `?`: a cost that nothing isolates."""
    texts = [
        f"{entry.reason} {number(entry.count)}x" + (number(entry.each) if entry.each is not None else "?")
        for entry in (*account.entries, *(entry for entry in account.work if entry.each is not None))
    ]
    room = width - len(head)
    if len(" + ".join(texts)) > room and room < _LEAST_ROOM:
        yield head.rstrip()
        yield from wrapped(indent + " + ".join(texts), width, indent)
        return
    for shown in range(len(texts), -1, -1):
        parts = texts[:shown] + ([f"{len(texts) - shown} more"] if shown < len(texts) else [])
        if len(" + ".join(parts)) <= room:
            break
    yield head + " + ".join(parts)


def ported_lines(width: int) -> Iterator[str]:
    """The share of lines that differ between the plain and the paravirtual kernel."""
    ported = ported_kernel()
    yield from wrapped(
        f"Ported lines: {ported.changed} of {ported.total} of kernel and platform layer ({100 * ported.share:.2f}%): "
        f"{ported.plain} only plain, {ported.paravirtual} only paravirtual.",
        width,
    )
    yield from wrapped(f"{XEN_PORTED}.", width)
