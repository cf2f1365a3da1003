"""The account: direct execution + the hardware's own work + the sum over exits of count x cost = the total, or not."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isclose

from toyvm.lab.measure import HYPERCALL, Cell
from toyvm.lab.nanobenchmarks import Costs, direct_instructions
from toyvm.lab.text import number

CLOSED = 0.1  # of the total, that may stay unexplained without a reason
_FEW = 0.01  # of what is unexplained, that exits without a price would take if each were as dear as the dearest
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
# Measured with as little as they can have to do, and here they may have any amount.
_OPEN_ENDED = frozenset(f"{HYPERCALL} {name}" for name in ("multicall", "mmu_update", "doorbell"))


@dataclass(frozen=True, slots=True)
class Entry:
    """Exits of one reason: how many an operation, and nanoseconds each; None: no nanobenchmark isolates this reason."""

    reason: str
    count: float
    cost: float | None
    doubt: float = 0.0  # half the interval of the cost

    @property
    def nanoseconds(self) -> float:
        return self.count * (self.cost or 0.0)


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

    @property
    def unexplained(self) -> float:
        """What is left; negative where the parts are cheaper together than apart."""
        return self.total - self.direct - self.hardware - sum(entry.nanoseconds for entry in self.entries)

    @property
    def reason(self) -> str | None:
        """Why more is left than a tenth; None where it is not."""
        left = self.unexplained
        if abs(left) <= CLOSED * self.total:
            return None
        doubt = self.doubt + sum(entry.count * entry.doubt for entry in self.entries)
        if doubt >= abs(left):
            return f"repetitions of it and of its prices differ by {number(doubt)} ns"
        if left > 0:
            return self._reason_of_more(left)
        return f"what is dear alone is cheaper in a row, where the monitor finds its tables at hand; {self._dearest()}"

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


def account_of(cell: Cell, costs: Costs, bare: Cell | None = None, native: Costs | None = None) -> Account:
    """The account of a cell; with that of the bare machine and its prices it can say more of what is left."""
    entries = [
        Entry(reason, count, costs.exits.get(reason), costs.doubts.get(reason, 0.0))
        for reason, count in cell.priced_exits.items()
    ]
    same = bare is not None and bare.measured and isclose(bare.instructions, cell.instructions, rel_tol=_ALIKE)
    instruction = costs.instruction if native is None else native.instruction
    beyond = max(0.0, bare.nanoseconds - bare.instructions * instruction) if bare is not None and same else None
    hardware = 0.0
    if beyond is not None and native is not None:
        exits = ((_NATIVELY.get(entry.reason, entry.reason), entry.count) for entry in entries)
        hardware = max(0.0, beyond - sum(count * native.exits.get(reason, 0.0) for reason, count in exits))
        beyond = None
    return Account(
        cell.workload,
        cell.subject.technique,
        cell.nanoseconds,
        direct_instructions(cell) * costs.instruction,
        tuple(sorted(entries, key=lambda entry: -entry.nanoseconds)),
        cell.spread * cell.nanoseconds,
        beyond,
        hardware,
    )
