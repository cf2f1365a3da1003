"""Events: what may happen on any computer and exits under `trap`, counted by short runs there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from toyvm.lab.cost_models import EVENTS
from toyvm.lab.measure import Cell, repeat
from toyvm.lab.subjects import Subject

if TYPE_CHECKING:
    from toyvm.lab.tasks import Task

_COUNTED = 64  # operations, by whole periods


def events_of(name: str, task: Task) -> Mapping[str, float]:
    """How often an operation has what traps or is privileged, by reason: under `trap` each exits."""
    return among_events(counted_cell(name, Subject("trap"), task).priced_exits)


def among_events(exits: Mapping[str, float]) -> Mapping[str, float]:
    return {reason: count for reason, count in exits.items() if reason.partition(" ")[0] in EVENTS}


def counted_cell(name: str, subject: Subject, task: Task) -> Cell:
    """A cell for its exact counts, from one run that is too short to be timed."""
    operations = task.baseline + (task.period * max(1, _COUNTED // task.period) if task.baseline else 1)
    repetition = repeat(subject, task, operations)
    return Cell(name, subject, [repetition], repetition.operands)
