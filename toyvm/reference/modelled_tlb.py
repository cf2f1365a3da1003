"""A modelled TLB: sets of entries, of which the one used least lately goes. It caches nothing; it counts its misses."""

from __future__ import annotations

from collections import Counter

from toyvm.isa.paging import INDEX_BITS, LEVELS, PAGE_SHIFT, PTE_D, PTE_U, WINDOW_BASE
from toyvm.reference.memory import Memory
from toyvm.reference.paging import PTBR_ENABLE, Access, WalkFault, walk

_SIZES = tuple(1 << PAGE_SHIFT + INDEX_BITS * level for level in range(LEVELS))  # of what a leaf maps

_Key = tuple[int, int]  # the first address that an entry translates, and its leaf's size


class ModelledTlb:
    """Told of each access that was made: a miss walks the tables as they are then, and fills an entry with the leaf."""

    def __init__(self, entries: int, ways: int) -> None:
        self._ways = ways
        self._sets: list[dict[_Key, int]] = [{} for _ in range(entries // ways)]  # leaves, the least lately used first
        self.counts: Counter[str] = Counter()  # by the names of t64_tlb_counts

    def accessed(self, memory: Memory, ptbr: int, address: int, access: Access, user: bool) -> None:
        if not ptbr & PTBR_ENABLE or address >= WINDOW_BASE:
            return
        if access is not Access.FETCH:
            self.counts[f"{access.label}s"] += 1
        needed = access.right | (PTE_U if user else 0) | (PTE_D if access is Access.STORE else 0)
        key = self._find(address)
        if key is not None and not needed & ~self._set_of(key)[key]:
            self._set_of(key)[key] = self._set_of(key).pop(key)  # now it is the last one
            return
        self.counts[f"{access.label}_misses"] += 1
        counted = _CountedMemory(memory)
        try:
            found = walk(counted, ptbr, address, access.right, user)
        except WalkFault:
            return
        finally:
            self.counts["walk_steps"] += counted.loads
        if key is not None:
            del self._set_of(key)[key]
        self._fill((address & -found.size, found.size), found.leaf)

    def _fill(self, key: _Key, leaf: int) -> None:
        entries = self._set_of(key)
        if len(entries) == self._ways:
            del entries[next(iter(entries))]
        entries[key] = leaf

    def flush(self) -> None:
        for entries in self._sets:
            entries.clear()

    def flush_page(self, address: int) -> None:
        while (key := self._find(address)) is not None:
            del self._set_of(key)[key]

    def _find(self, address: int) -> _Key | None:
        keys = ((address & -size, size) for size in _SIZES)
        return next((key for key in keys if key in self._set_of(key)), None)

    def _set_of(self, key: _Key) -> dict[_Key, int]:
        first, size = key
        return self._sets[first // size % len(self._sets)]


class _CountedMemory(Memory):
    """Another's bytes, and how many entries were read of them."""

    def __init__(self, memory: Memory) -> None:
        self.size = memory.size
        self._ram = memory._ram
        self.loads = 0

    def load(self, address: int, size: int) -> int:
        self.loads += 1
        return super().load(address, size)
