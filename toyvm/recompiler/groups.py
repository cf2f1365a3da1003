"""Groups: accesses of one block that share a base, and so are one site.

The check stands before the first member, and covers the span of all. A miss may fill the TLB, and so set A and D, only
for what is certain to follow: a store joins loads only if nothing between can leave the block.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from toyvm.recompiler.arithmetic import LOAD, STORE
from toyvm.recompiler.displacements import Root, Values
from toyvm.recompiler.region import Block, Step

SPAN_MAX = 512  # bytes: the longer, the more often it does not fit a page


@dataclass(slots=True)
class Group:
    """`members`: the index of each step with its distance from the first one's address, in bytes."""

    first: int
    size: int = 1  # of the largest access, which all alignment follows from
    low: int = 0  # where the span begins, from the first one's address; a multiple of `size` from all largest ones
    high: int = 0
    loads: bool = False
    stores: bool = False
    alone: bool = True  # no other access has come between the members
    members: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)  # of members, by distance


def find_groups(block: Block, excluded: Container[int]) -> list[Group]:
    """Groups of two members and more. No group begins at an address of `excluded`."""
    groups = _Search(block).groups
    return [group for group in groups if len(group.members) > 1 and block.steps[group.first].pc not in excluded]


class _Search:
    def __init__(self, block: Block) -> None:
        self.groups: list[Group] = []
        self._values = Values()
        self._open: dict[tuple[Root, bool], tuple[Group, int]] = {}  # with the offset of its first member
        for index, step in enumerate(block.steps):
            if step.mnemonic in LOAD or step.mnemonic in STORE:
                self._access(index, step)
            self._values.follow(index, step)

    def _access(self, index: int, step: Step) -> None:
        is_store = step.mnemonic in STORE
        size = STORE[step.mnemonic] if is_store else LOAD[step.mnemonic][0]
        root, offset = self._values.address(step)
        group = self._joined(index, root, offset, size, is_store)
        for other, _ in self._open.values():
            if other is not group:
                other.alone = False

    def _joined(self, index: int, root: Root, offset: int, size: int, is_store: bool) -> Group:
        for kind in (is_store, not is_store):
            found = self._open.get((root, kind))
            if found is None or (is_store and not found[0].stores and not found[0].alone):
                continue
            if _join(found[0], index, offset - found[1], size, is_store):
                return found[0]
        group = Group(index)
        _join(group, index, 0, size, is_store)
        self._open[root, is_store] = group, offset
        self.groups.append(group)
        return group


def _join(group: Group, index: int, distance: int, size: int, is_store: bool) -> bool:
    """Take an access into the group, if the span stays short and one alignment is enough for all."""
    largest = max(size, group.size)
    anchor = distance if size >= group.size else group.low
    sizes = {**group.sizes, distance: max(size, group.sizes.get(distance, 0))}
    low, high = min(group.low, distance), max(group.high, distance + size)
    low -= (low - anchor) % largest
    if high - low > SPAN_MAX or any((at - low) % each for at, each in sizes.items()):
        return False
    group.size, group.low, group.high, group.sizes = largest, low, high, sizes
    group.members[index] = distance
    group.loads |= not is_store
    group.stores |= is_store
    return True
