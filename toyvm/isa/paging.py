"""Paging: three levels of 512 entries over 39-bit sign-extended addresses, and the page-table entry."""

from __future__ import annotations

from toyvm.isa.control import ALL_BITS, BitField

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
LEVELS = 3
INDEX_BITS = 9
ENTRIES = 1 << INDEX_BITS
ADDRESS_BITS = PAGE_SHIFT + LEVELS * INDEX_BITS  # 39; bits 63..38 of an address must be equal, or it faults

# The top of the address space, kept for monitors: neither mapped nor touched by software.
WINDOW_SIZE = 64 * 1024
WINDOW_BASE = (1 << 64) - WINDOW_SIZE

# fmt: off
PTE_FIELDS: tuple[BitField, ...] = (
    BitField("v",        0,  0, "valid; if clear, all other bits are free for software"),
    BitField("r",        1,  1, "may be loaded from"),
    BitField("w",        2,  2, "may be stored to"),
    BitField("x",        3,  3, "may be fetched from"),
    BitField("u",        4,  4, "user mode may use it; kernel mode ignores this bit"),
    BitField("a",        5,  5, "accessed; set by the hardware"),
    BitField("d",        6,  6, "dirty, has been stored to; set by the hardware"),
    BitField("software", 9,  7, "ignored by the hardware"),
    BitField("frame",   55, 12, "physical address, bits 55..12 in place"),
)
# fmt: on

PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_A, PTE_D, PTE_SOFTWARE, PTE_FRAME = (field.mask for field in PTE_FIELDS)
PTE_RESERVED = ALL_BITS & ~sum(field.mask for field in PTE_FIELDS)

RIGHT_BITS = {"r": PTE_R, "w": PTE_W, "x": PTE_X}  # in the order of probe's rights

RULES: tuple[str, ...] = (
    "Paging is off while ptbr.enable is 0: then an address is physical, in both modes, with every right.",
    "An address whose bits 63..38 are not all equal is a page fault.",
    "The walk starts at the table of ptbr.frame with level 2. The entry of level n is at index address[12+9n+8 : 12+9n].",
    "An entry outside RAM is an access fault.",
    "An entry with V clear, or with a reserved bit (11..10, 63..56) set, is a page fault.",
    "An entry with R, W and X all clear points to the next table. There U, A and D are reserved too, and at level 0 it is a page fault.",
    "Any other entry is a leaf and maps 4 KiB, 2 MiB or 1 GiB (level 0, 1, 2). Frame bits below the leaf's size must be zero, or it is a page fault.",
    "A fetch needs X, a load R, a store W, each alone; user mode needs U besides; kernel mode ignores U. What is missing is a page fault.",
    "A physical address at or beyond the end of RAM is an access fault.",
    "An access that raised no fault sets A in its leaf, and D too if it is a store; no other bit of any entry is ever changed, and none by an access that faults.",
    "The marks come before the data: through an entry that maps its own table a load sees the mark that it has just set in it, and a store there is what stays.",
    "Translations may be cached once they succeed, with every right of their entry (W if D is set); before a fault is raised the tables are walked again.",
    "A cached translation is gone at the latest after tlbi of an address in its page, tlbi of all, or a write to ptbr. The page is what its leaf maps: of 2 MiB or 1 GiB, tlbi of any address in it forgets it whole.",
)

assert sum(field.mask for field in PTE_FIELDS) + PTE_RESERVED == ALL_BITS, "fields of the entry overlap"
