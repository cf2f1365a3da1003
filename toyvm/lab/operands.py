"""Operands: how the exits of one mnemonic divide among the control registers and ports that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from toyvm.isa.coding import decode
from toyvm.isa.control import BY_NUMBER as REGISTERS
from toyvm.isa.ports import BY_NUMBER as PORTS
from toyvm.lab.subjects import Subject, WorkloadFailed, ended_by_ctrl_c

if TYPE_CHECKING:
    from toyvm.host.exit_events import ExitEvent
    from toyvm.lab.tasks import Task

# Where a mnemonic has its register or port among its operands, and the names of those.
_NAMED: dict[str, tuple[int, Mapping[int, str]]] = {
    **{name: (at, {n: row.name for n, row in REGISTERS.items()}) for name, at in (("crr", 1), ("crw", 0), ("crx", 1))},
    **{name: (at, {n: row.name for n, row in PORTS.items()}) for name, at in (("in", 1), ("out", 0))},
}
_COUNTED, _COUNTED_EXITS = 64, 5000  # operations, and exits unless one period has more

Shares = dict[str, dict[str, float]]  # by reason, and by what it names: they sum up to 1


def operations_to_count(task: Task, exits: float = 0.0) -> int:
    """So many that their exact counts tell those of one, the baseline's taken off, which has so many exits."""
    most = min(_COUNTED, int(_COUNTED_EXITS / exits)) if exits else _COUNTED
    return task.baseline + (1 if not task.baseline else task.period * max(1, most // task.period))


def operand_shares(subject: Subject, task: Task, reasons: Mapping[str, float]) -> Shares:
    """Of each of these reasons that names something: which part of its exits names what, once things go round."""
    watched = [reason for reason in reasons if reason in _NAMED]
    if not watched:
        return {}
    more = _counted(subject, task, operations_to_count(task, sum(reasons[reason] for reason in watched)), watched)
    more.subtract(_counted(subject, task, task.baseline, watched))
    totals = {reason: sum(count for (other, _), count in more.items() if other == reason) for reason in watched}
    return {
        reason: {name: count / total for (other, name), count in more.items() if other == reason and count}
        for reason, total in totals.items()
        if total
    }


def _counted(subject: Subject, task: Task, operations: int, reasons: list[str]) -> Counter[tuple[str, str]]:
    """Exits of so many operations, by reason and what the instruction names."""
    from toyvm.host.guest import Guest

    counts: Counter[tuple[str, str]] = Counter()

    def count(event: ExitEvent) -> None:
        counts[event.reason, _named_by(event.word)] += 1

    for load in task.loads(operations):
        with subject.computer(load) as guest:
            assert isinstance(guest, Guest), "a technique whose guests exit"
            guest.load(load.image)
            guest.observe(count, reasons)
            with ended_by_ctrl_c(guest.interrupt):
                outcome = guest.run()
        if outcome.exit_code != load.exit_code:
            raise WorkloadFailed.at(subject.label, operations, outcome.detail)
    return counts


def _named_by(word: int) -> str:
    decoded = decode(word)
    assert decoded is not None, "what causes an exit of its own name is legal"
    at, names = _NAMED[decoded.instruction.mnemonic]
    return names[decoded.values[at]]
