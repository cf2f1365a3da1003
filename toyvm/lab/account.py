"""The account: direct execution + the sum over exit reasons of count x cost = the total, and what stays unexplained."""

from __future__ import annotations

from dataclasses import dataclass

from toyvm.lab.measure import Cell
from toyvm.lab.nano import Costs, direct_instructions


@dataclass(frozen=True, slots=True)
class Entry:
    """Exits of one reason: how many an operation, and nanoseconds each; None: no nanobenchmark isolates this reason."""

    reason: str
    count: float
    cost: float | None

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

    @property
    def unexplained(self) -> float:
        """What is left; negative where the parts are cheaper together than apart."""
        return self.total - self.direct - sum(entry.nanoseconds for entry in self.entries)


def account_of(cell: Cell, costs: Costs) -> Account:
    entries = (Entry(reason, count, costs.exits.get(reason)) for reason, count in cell.priced_exits.items())
    return Account(
        cell.workload,
        cell.subject.technique,
        cell.nanoseconds,
        direct_instructions(cell) * costs.instruction,
        tuple(sorted(entries, key=lambda entry: -entry.nanoseconds)),
    )
