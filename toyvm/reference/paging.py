"""Paging: the walk from a virtual to a physical address, as isa/paging.py rules it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from toyvm.isa.control import PTBR_FIELDS
from toyvm.isa.paging import (
    ADDRESS_BITS,
    ENTRIES,
    INDEX_BITS,
    LEVELS,
    PAGE_SHIFT,
    PTE_A,
    PTE_D,
    PTE_FRAME,
    PTE_R,
    PTE_RESERVED,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
)
from toyvm.reference.memory import Memory
from toyvm.reference.words import sign_extend, u64

PTBR_ENABLE, PTBR_FRAME = (field.mask for field in PTBR_FIELDS)
ENTRY_SIZE = 8


class Access(Enum):
    """What an access is: its name in the trap causes, the right it needs, and the marks it leaves in its leaf."""

    FETCH = ("fetch", PTE_X, PTE_A)
    LOAD = ("load", PTE_R, PTE_A)
    STORE = ("store", PTE_W, PTE_A | PTE_D)

    def __init__(self, label: str, right: int, marks: int) -> None:
        self.label = label
        self.right = right
        self.marks = marks


class WalkFault(Exception):
    """The walk ends here: `kind` is how the trap's name ends, `entry` the one that it ended at, if it read one."""

    def __init__(self, kind: str, entry: int | None = None) -> None:
        super().__init__(kind)
        self.kind = kind  # page_fault or access_fault
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Translation:
    """Where an address leads, and the leaf that says so; there is none while paging is off."""

    physical: int
    leaf_address: int | None
    leaf: int
    size: int  # of the page that the leaf maps


def walk(memory: Memory, ptbr: int, address: int, rights: int, user: bool) -> Translation:
    """Translate for an access that needs all `rights` (bits of an entry), changing nothing. Raises WalkFault."""
    if not ptbr & PTBR_ENABLE:
        return _within_ram(memory, Translation(address, None, 0, 0))
    if u64(sign_extend(address, ADDRESS_BITS)) != address:
        raise WalkFault("page_fault")
    leaf_address, leaf, level = _find_leaf(memory, ptbr & PTBR_FRAME, address)
    if rights & ~leaf or (user and not leaf & PTE_U):
        raise WalkFault("page_fault", leaf)
    size = 1 << (PAGE_SHIFT + INDEX_BITS * level)
    offset_mask = size - 1
    if leaf & PTE_FRAME & offset_mask:
        raise WalkFault("page_fault", leaf)
    return _within_ram(memory, Translation(leaf & PTE_FRAME | address & offset_mask, leaf_address, leaf, size))


def _find_leaf(memory: Memory, table: int, address: int) -> tuple[int, int, int]:
    """The leaf for `address`: where it stands, its value, its level."""
    for level in reversed(range(LEVELS)):
        index = (address >> (PAGE_SHIFT + INDEX_BITS * level)) % ENTRIES
        entry_address = table + ENTRY_SIZE * index
        if not memory.holds(entry_address):
            raise WalkFault("access_fault")
        entry = memory.load(entry_address, ENTRY_SIZE)
        if not entry & PTE_V or entry & PTE_RESERVED:
            raise WalkFault("page_fault", entry)
        if entry & (PTE_R | PTE_W | PTE_X):
            return entry_address, entry, level
        if entry & (PTE_U | PTE_A | PTE_D):
            raise WalkFault("page_fault", entry)
        table = entry & PTE_FRAME
    raise WalkFault("page_fault", entry)  # a pointer at level 0


def _within_ram(memory: Memory, translation: Translation) -> Translation:
    if not memory.holds(translation.physical):
        raise WalkFault("access_fault", translation.leaf)
    return translation


def mark(memory: Memory, translation: Translation, access: Access) -> None:
    """Set A, and D for a store, in the leaf of an access that did not fault."""
    if translation.leaf_address is not None:
        memory.store(translation.leaf_address, ENTRY_SIZE, translation.leaf | access.marks)
