"""Page tables of random programs: well-behaved ones, and a list of deviations from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toyvm.isa.paging import (
    ENTRIES,
    PAGE_SHIFT,
    PAGE_SIZE,
    PTE_A,
    PTE_D,
    PTE_R,
    PTE_RESERVED,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
)
from toyvm.testing.programs import layout
from toyvm.testing.programs.source import Source

ENTRY_SIZE = 8
RIGHTS = PTE_R | PTE_W | PTE_X
TABLES = (layout.LEAVES, layout.ALIASES, layout.OTHER_LEAVES, layout.MIDDLE, layout.ROOT, layout.OTHER_MIDDLE)
MEGAPAGE = 2 << 20


@dataclass(frozen=True, slots=True)
class Deviation:
    """An entry that is not as it should be: which, and what it holds."""

    address: int
    entry: int


def rights(source: Source) -> int:
    """R, W and X in every combination that makes a leaf."""
    return source.choose((RIGHTS, PTE_R, PTE_R | PTE_W, PTE_X, PTE_R | PTE_X, PTE_W, PTE_W | PTE_X))


# Where a leaf may lead, by kind.
_FRAMES: dict[str, Callable[[Source, int], int]] = {
    "data": lambda source, memory: layout.DATA + PAGE_SIZE * source.integer(0, layout.DATA_PAGES - 1),
    "any": lambda source, memory: PAGE_SIZE * source.integer(0, memory // PAGE_SIZE - 1),
    "code": lambda source, memory: layout.CODE + PAGE_SIZE * source.integer(0, layout.CODE_PAGES - 1),
    "zero": lambda source, memory: 0,
    "beyond": lambda source, memory: memory + PAGE_SIZE * source.choose((0, 1, 1 << 43)),
    "megapage": lambda source, memory: MEGAPAGE * source.integer(0, 4),
}


def leaf(source: Source, memory: int) -> int:
    """Any leaf: every bit in play, its frame mostly in RAM, sometimes beyond it or misaligned for a superpage."""
    flags = PTE_V | rights(source) | source.choose((PTE_U, 0)) | source.choose((0, PTE_A, PTE_A | PTE_D, PTE_D))
    flags |= source.choose((0, 0, 7 << 7, 1 << 8))
    kind = source.weighted(((6, "data"), (2, "any"), (1, "code"), (1, "zero"), (1, "beyond"), (1, "megapage")))
    frame = _FRAMES[kind](source, memory)
    return flags | frame & ((1 << 56) - 1)


def entry(source: Source, memory: int) -> int:
    """Any entry: a leaf, nothing, a reserved bit, or a pointer, good or bad."""
    kind = source.weighted(((8, "leaf"), (2, "nothing"), (2, "reserved"), (1, "pointer"), (1, "bad pointer")))
    if kind == "leaf":
        return leaf(source, memory)
    if kind == "nothing":
        return leaf(source, memory) & ~PTE_V
    if kind == "reserved":
        bits = [bit for bit in range(64) if PTE_RESERVED >> bit & 1]
        return leaf(source, memory) | 1 << source.choose(bits)
    if kind == "pointer":
        return PTE_V | source.choose(TABLES)
    return PTE_V | source.choose((PTE_U, PTE_A, PTE_D, memory, 1 << 55)) | layout.LEAVES


def deviation(source: Source, memory: int) -> Deviation:
    """An entry in a table at a place where it matters; the kernel's own pages are mostly spared."""
    table = source.weighted(
        (
            (6, layout.LEAVES),
            (4, layout.ALIASES),
            (3, layout.OTHER_LEAVES),
            (1, layout.OTHER_ALIASES),
            (1, layout.MIDDLE),
        )
    )
    index = source.weighted(
        (
            (8, layout.DATA // PAGE_SIZE + source.integer(0, layout.DATA_PAGES - 1)),
            (3, layout.CODE // PAGE_SIZE + source.integer(0, layout.CODE_PAGES - 1)),
            (1, source.integer(0, 31)),
        )
    )
    if table == layout.MIDDLE:
        table = source.choose((layout.MIDDLE, layout.OTHER_MIDDLE, layout.ROOT))
        index = source.choose((3, 2, 5, 4, 511, 1))
    return Deviation(table + ENTRY_SIZE * index, entry(source, memory))


def tables(source: Source) -> dict[int, int]:
    """The well-behaved tables, as entries by address; A and D are as drawn."""
    marks = source.choose((0, PTE_A | PTE_D))
    user = source.choose((PTE_U, 0))
    entries: dict[int, int] = {}
    for root, middle, leaves, aliases in (
        (layout.ROOT, layout.MIDDLE, layout.LEAVES, layout.ALIASES),
        (layout.OTHER_ROOT, layout.OTHER_MIDDLE, layout.OTHER_LEAVES, layout.OTHER_ALIASES),
    ):
        entries |= _upper(root, middle, leaves, aliases, marks, user)
        for address in range(layout.BOOT, layout.CODE, PAGE_SIZE):
            entries[_slot(leaves, address)] = address | PTE_V | RIGHTS | marks
        for address in range(layout.CODE, layout.DATA, PAGE_SIZE):
            entries[_slot(leaves, address)] = address | PTE_V | RIGHTS | marks | user
        for address in range(layout.DATA, layout.DATA + layout.DATA_PAGES * PAGE_SIZE, PAGE_SIZE):
            entries[_slot(leaves, address)] = address | PTE_V | PTE_R | PTE_W | marks | user
        # The second 2 MiB show code and data again, with every right.
        for address in range(layout.CODE, layout.DATA + layout.DATA_PAGES * PAGE_SIZE, PAGE_SIZE):
            entries[_slot(aliases, address)] = address | PTE_V | RIGHTS | marks | user
    return entries


def spoilt_tables(source: Source, memory: int, deviations: int) -> dict[int, int]:
    """The same, of which so many entries are not as they should be."""
    entries = tables(source)
    for _ in range(deviations):
        change = deviation(source, memory)
        entries[change.address] = change.entry
    return entries


def _upper(root: int, middle: int, leaves: int, aliases: int, marks: int, user: int) -> dict[int, int]:
    """The two upper levels: the lowest GiB twice, a superpage of each size, and a table that is its own."""
    everything = PTE_V | RIGHTS | marks
    return {
        root: middle | PTE_V,
        root + ENTRY_SIZE * 1: everything,  # PHYSMAP: the kernel's view of all RAM
        root + ENTRY_SIZE * 2: everything | user,
        root + ENTRY_SIZE * (ENTRIES - 1): middle | PTE_V,
        middle: leaves | PTE_V,
        middle + ENTRY_SIZE * 1: aliases | PTE_V,
        middle + ENTRY_SIZE * 2: everything | user,
        middle + ENTRY_SIZE * 3: everything | user | MEGAPAGE,
        middle + ENTRY_SIZE * 4: middle | PTE_V,
    }


def _slot(table: int, address: int) -> int:
    """Where the entry of a low virtual address stands in a table of level 0."""
    return table + ENTRY_SIZE * (address >> PAGE_SHIFT)
