"""The account: direct execution + the hardware's own work + the sum over exits of count x cost = the total, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf, isclose, log

from toyvm.lab.cost_models import EVENTS
from toyvm.lab.measure import HYPERCALL, Cell
from toyvm.lab.nanobenchmarks import (
    HANDED_ON,
    REFLECTED,
    UNFORESEEN,
    WALKS,
    Costs,
    direct_instructions,
    direct_nanoseconds,
    explained,
    seen,
)
from toyvm.lab.text import number
from toyvm.machine.computer import ACCESSES, LOOKS
from toyvm.techniques import facts_of

CLOSED = 0.1  # of the total, that may stay unexplained without a reason
_SELDOM = 0.005  # an operation: less is nothing
_FEW = 0.01  # of what is unexplained, that exits without a price would take if each were as dear as the dearest
# A walk that comes again after the first number of instructions is foreseen, and after the second hardly ever.
_REMEMBERED = 500, 16_000
_ALIKE = 0.25  # a technique's build does the same as the bare machine's, if their instructions differ by less
# What an exit's cost hangs on, so that it is another here than where it was measured alone.
_HANGS_ON = {
    "crw ptbr": "the root that is written: alone it is the one that was there, here another",
    "crx ptbr": "the root that is written: alone it is the one that was there, here another",
    "shadow_page_fault": "how many of the shadow's tables it has to fill",
    "trace": "how much of the shadow stood on the entry that is stored",
    "guest_page_fault": "what the handler touches after it",
    "syscall": "what the handler touches after it, and what was forgotten before",
    "exception": "what the handler touches after it",
    "eret": "whether the mode changes, and what is pending",
    "setst": "whether something is pending",
    "wfi": "how far away the next event is, and the work of the device that it waits for",
    "out disk_command": "whether a sector is moved",
    "out disk_data": "where in its buffer the disk is",
    "in disk_data": "where in its buffer the disk is",
    f"{HYPERCALL} doorbell": "the requests that it finds",
    f"{HYPERCALL} mmu_update": "the entries in its list",
    f"{HYPERCALL} multicall": "the calls in its list",
    f"{HYPERCALL} set_roots": "the translations that are forgotten",
    f"{HYPERCALL} console_write": "how many bytes it writes",
}
# What the bare machine does where these exit, by the reason that has its price.
_NATIVELY = {
    f"{HYPERCALL} iret": "eret",
    f"{HYPERCALL} block": "wfi",
    f"{HYPERCALL} yield": "wfi",
    f"{HYPERCALL} set_roots": "crw ptbr",
    f"{HYPERCALL} flush": "tlbi",
}
# What no guest of these does natively, whether it exits or is left out.
_ELSEWHERE = {**dict.fromkeys(("trap", "rewrite", "para"), EVENTS), "assist": ("in", "out", "wfi")}
# Measured with as little as they can have to do, and here they may have any amount.
_OPEN_ENDED = frozenset(f"{HYPERCALL} {name}" for name in ("multicall", "mmu_update", "doorbell"))


@dataclass(frozen=True, slots=True)
class Entry:
    """Exits of one reason: how many an operation, and nanoseconds each; None: no nanobenchmark isolates this reason."""

    reason: str
    count: float
    cost: float | None
    doubt: float = 0.0  # half the interval of the cost
    here: float | None = None  # what one takes here, by a stopwatch; None: it was not watched

    @property
    def each(self) -> float | None:
        """What one takes: here, or else alone."""
        return self.cost if self.here is None else self.here

    @property
    def nanoseconds(self) -> float:
        return self.count * (self.each or 0.0)


@dataclass(frozen=True, slots=True)
class Account:
    """Where the time of one cell went, in nanoseconds an operation."""

    workload: str
    technique: str
    total: float
    direct: float
    entries: tuple[Entry, ...]
    doubt: float = 0.0  # half the interval of the total
    beyond: float | None = None  # what bare takes for it beyond its instructions; None: it is in `hardware`, or unknown
    hardware: float = 0.0  # what the bare machine takes beyond its instructions too, without what exits here
    work: tuple[Entry, ...] = ()  # what the core does besides, by kind
    unforeseen: float = 0.0  # what its walks of page tables take more, at most, than where they are priced
    instructions: float = 0.0  # that are executed directly, where a stopwatch saw what the rest takes; else 0

    @property
    def priced(self) -> float:
        """What its exits and the core's other work take, where they have a price."""
        return sum(entry.nanoseconds for entry in (*self.entries, *self.work))

    @property
    def unexplained(self) -> float:
        """What is left; negative where the parts are cheaper together than apart."""
        return self.total - self.direct - self.hardware - self.priced

    @property
    def reason(self) -> str | None:
        """Why more is left than a tenth; None where it is not."""
        left = self.unexplained
        if abs(left) <= CLOSED * self.total:
            return None
        doubt = self.doubt + sum(entry.count * entry.doubt for entry in (*self.entries, *self.work))
        if doubt >= abs(left):
            return f"repetitions of it and of its prices differ by {number(doubt)} ns"
        if self.instructions:
            return self._reason_by_instructions(left / self.instructions)
        if left > 0:
            return self._reason_of_more(left) if left > CLOSED * self.total + self.unforeseen else self._unforeseen
        return f"what is dear alone is cheaper in a row, where the monitor finds its tables at hand; {self._dearest()}"

    def _reason_by_instructions(self, more: float) -> str:
        """All else having been seen, it is these that are dearer here than elsewhere, or cheaper."""
        each = (self.direct + self.hardware) / self.instructions
        why = (
            "the monitor's own code and data come between them in the host's caches, and what it predicts"
            if more > 0
            else "or the host foresees more of what leaves them than is counted for it"
        )
        return f"its instructions take {number(each + more)} ns each, where {number(each)} are known: {why}"

    @property
    def _unforeseen(self) -> str:
        walks = sum(entry.count for entry in self.work if entry.reason in WALKS)
        return (
            f"{number(walks)} walks of page tables take up to {number(self.unforeseen)} ns more where the host cannot "
            "foresee them, as it can where they are priced: the longer an operation, the less it can"
        )

    def _reason_of_more(self, left: float) -> str:
        dearest = max((entry.cost for entry in self.entries if entry.cost is not None), default=inf)
        unpriced = [
            f"{entry.reason} {number(entry.count)}x"
            for entry in self.entries
            if entry.cost is None and entry.count * dearest >= _FEW * left
        ]
        reasons = [f"no program isolates the price of {', '.join(unpriced)}"] if unpriced else []
        beyond = self.beyond or 0.0
        if beyond >= CLOSED * left:
            reasons.append(
                f"bare, too, takes {number(beyond)} ns more than its instructions, in devices, traps, walks of tables "
                "whose translations were forgotten, and code that is decoded anew"
            )
        if self.unforeseen >= CLOSED * left:
            reasons.append(self._unforeseen)
        if not unpriced and beyond < left - CLOSED * self.total:
            reasons.append(self._dearest(_OPEN_ENDED))
        return "; ".join(reasons)

    def _dearest(self, among: frozenset[str] = frozenset()) -> str:
        """What the cost of the exits that take most hangs on: of those `among`, if there are some."""
        priced = [entry for entry in self.entries if entry.cost is not None]
        chosen = [entry for entry in priced if entry.reason in among and entry.count >= CLOSED] or priced
        if not chosen:
            return "code and tables that are touched for the first time"
        dearest = max(chosen, key=lambda entry: entry.nanoseconds).reason
        return f"{dearest} costs by {_HANGS_ON.get(dearest, 'what surrounds it')}"


def _hardware(
    cell: Cell,
    bare: Cell,
    native: Costs,
    events: Mapping[str, float] | None,
    own: Mapping[str, float] | None,
    is_watched: bool,
) -> float:
    """What the bare machine takes beyond the price of its instructions, as far as that is so here too.

    Its instructions are dearer or cheaper than those of the price, in proportion; and some of what traps or is
    privileged is done natively here. What exits is priced as that, and what the core does besides is counted here.
    """
    exits = _by_native_reason(cell)
    happens = exits if events is None else events
    known, prices = (seen, native.edges) if is_watched else (explained, native.exits)
    rest = bare.nanoseconds - known(bare, happens, native)
    elsewhere = _ELSEWHERE.get(facts_of(cell.subject.kind).name, ())
    natively = {
        reason: max(0.0, count - exits.get(reason, 0.0))
        for reason, count in (happens if own is None else own).items()
        if reason.partition(" ")[0] not in elsewhere
    }
    done = sum(count * prices.get(reason, 0.0) for reason, count in natively.items())
    return rest * cell.instructions / bare.instructions + done


def _by_native_reason(cell: Cell) -> Mapping[str, float]:
    """Its exits by what the bare machine does for them."""
    exits: dict[str, float] = {}
    for reason, count in cell.priced_exits.items():
        natively = _NATIVELY.get(reason, reason)
        exits[natively] = exits.get(natively, 0.0) + count
    return exits


def _watched_exits(cell: Cell, entries: Sequence[Entry], costs: Costs) -> list[Entry]:
    """What they take here. The laps of a reason are shared among its registers, ports and calls as their prices are."""
    found = []
    for base, group in groupby(sorted(entries, key=_base), key=_base):
        alike = list(group)
        laps = cell.laps.get(base)
        known = [entry.cost for entry in alike if entry.cost]
        usual = sum(known) / len(known) if known else 1.0
        weight = sum(entry.count * (entry.cost or usual) for entry in alike)
        for entry in alike:
            share = laps.nanoseconds * (entry.cost or usual) / weight if laps and weight else 0.0
            edge = costs.edges.get(entry.reason, costs.edges.get(LOOKS, 0.0)) + (
                costs.edges.get(HANDED_ON, 0.0) if base in REFLECTED else 0.0
            )
            found.append(replace(entry, here=share + edge))
    return found


def _base(entry: Entry) -> str:
    return entry.reason.partition(" ")[0]


def _watched_work(cell: Cell, bare: Cell, costs: Costs) -> list[Entry]:
    """What the engine is at besides; and what it takes that the host cannot foresee where control leaves it.

    That is in the bare machine's own time as often as it happens there.
    """
    found = [
        Entry(kind, laps.number, None, here=laps.nanoseconds / laps.number + costs.edges.get(kind, 0.0))
        for kind, laps in cell.laps.items()
        if kind in (ACCESSES, LOOKS)
    ]
    here, there = (sum(laps.number for laps in one.laps.values()) for one in (cell, bare))
    number = (here - there * cell.instructions / bare.instructions) * _unforeseen_share(cell.instructions)
    if number > 0:
        found.append(Entry(UNFORESEEN, number, None, here=costs.edges.get(UNFORESEEN, 0.0)))
    return found


def _unforeseen_share(instructions: float) -> float:
    """Of what comes again after so many instructions, the part that a host's branch prediction has forgotten."""
    known, forgotten = _REMEMBERED
    return min(1.0, log(max(instructions, known) / known) / log(forgotten / known))


def account_of(
    cell: Cell,
    costs: Costs,
    bare: Cell | None = None,
    native: Costs | None = None,
    events: Mapping[str, float] | None = None,
    own: Mapping[str, float] | None = None,
) -> Account:
    """The account of a cell.

    With that of the bare machine and its prices it can say more of what is left; `events` is what traps or is
    privileged there, and `own` what does so in this cell's build.
    """
    entries = [
        Entry(reason, count, costs.exits.get(reason), costs.doubts.get(reason, 0.0))
        for reason, count in cell.priced_exits.items()
    ]
    work = [
        Entry(kind, count, costs.work.get(kind), costs.doubts.get(kind, 0.0))
        for kind, count in cell.work.items()
        if count >= _SELDOM
    ]
    beyond, hardware, is_watched = None, 0.0, False
    if bare is not None and bare.measured and native is not None:
        # Laps without what lies around them, as prices of earlier versions have it, would leave much unexplained.
        is_watched = all((cell.watched, bare.watched, costs.edges, native.edges))
        hardware = _hardware(cell, bare, native, events, own, is_watched)
        if is_watched:
            entries, work = _watched_exits(cell, entries, costs), _watched_work(cell, bare, costs)
    elif bare is not None and bare.measured and isclose(bare.instructions, cell.instructions, rel_tol=_ALIKE):
        beyond = max(0.0, bare.nanoseconds - bare.instructions * costs.instruction)
    return Account(
        cell.workload,
        cell.subject.technique,
        cell.nanoseconds,
        direct_nanoseconds(cell, costs),
        tuple(sorted(entries, key=lambda entry: -entry.nanoseconds)),
        cell.spread * cell.nanoseconds,
        beyond,
        hardware,
        tuple(sorted(work, key=lambda entry: -entry.nanoseconds)),
        costs.work.get(UNFORESEEN, 0.0) * sum(cell.work.get(kind, 0.0) for kind in WALKS),
        direct_instructions(cell) if is_watched else 0.0,
    )
