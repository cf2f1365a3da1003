"""Loops of one block: accesses that move by the same distance in each round, or stay, and so can be checked ahead.

How many rounds are safe is computed once. Meanwhile such a site needs no check: nothing in compiled code makes a
translation invalid, and where it may access is all translated, with A and D set.
"""

from __future__ import annotations

from dataclasses import dataclass

from toyvm.recompiler.arithmetic import LOAD, STORE
from toyvm.recompiler.displacements import ABSOLUTE, Values
from toyvm.recompiler.groups import Group
from toyvm.recompiler.region import BRANCHES, Block, target_of

STEPS_MAX = 64  # of a block that is worth being there twice


@dataclass(frozen=True, slots=True)
class Course:
    """Where a site begins to access in a round: `distance` from what a register holds before the round (None: from 0).
    Both it and `stride` are in bytes."""

    register: int | None
    distance: int
    stride: int
    size: int  # of the largest access


def find_courses(block: Block, groups: dict[int, Group]) -> dict[int, Course]:
    """Of the sites that can be checked ahead, by the index of their first step. None, if the block is no loop."""
    if block.last.mnemonic not in BRANCHES or target_of(block.last) != block.start or len(block.steps) > STEPS_MAX:
        return {}
    values, addresses = Values(), {}
    for index, step in enumerate(block.steps):
        group = groups.get(index)
        if (step.mnemonic in LOAD or step.mnemonic in STORE) and (group is None or group.first == index):
            size = group.size if group else STORE.get(step.mnemonic) or LOAD[step.mnemonic][0]
            addresses[index] = *values.address(step), group.low if group else 0, size
        values.follow(index, step)
    courses = {}
    for index, (root, distance, low, size) in addresses.items():
        register = root if isinstance(root, int) else None
        if register is None and root != ABSOLUTE:
            continue
        end, stride = (ABSOLUTE, 0) if register is None else values.of(register)
        if end == root and stride % size == 0:
            courses[index] = Course(register, distance + low, stride, size)
    return courses
