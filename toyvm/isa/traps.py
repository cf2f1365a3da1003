"""Trap causes: exceptions and interrupts, and what `tval` holds for each."""

from __future__ import annotations

from typing import NamedTuple

INTERRUPT_BIT = 63  # set in `cause` for an interrupt; the low bits are then its number in ipend and imask


class Cause(NamedTuple):
    """One value of the `cause` register."""

    name: str
    code: int
    tval: str
    description: str

    @property
    def is_interrupt(self) -> bool:
        return bool(self.code >> INTERRUPT_BIT)

    @property
    def number(self) -> int:
        """The code without the interrupt bit."""
        return self.code & ~(1 << INTERRUPT_BIT)


_INT = 1 << INTERRUPT_BIT

# Where one instruction has several reasons to trap, the first in this list counts (loads and stores exclude each other).
# fmt: off
EXCEPTIONS: tuple[Cause, ...] = (
    Cause("fetch_misaligned",        1, "pc, or the target of the jalr", "pc is not a multiple of 4; a jalr whose target has bit 1 set traps itself"),
    Cause("fetch_page_fault",        2, "pc",                            "no translation of pc gives this mode the right X"),
    Cause("fetch_access_fault",      3, "pc",                            "pc, or a table entry on the way to it, lies outside RAM"),
    Cause("illegal_instruction",     4, "the word, zero-extended",       "no such instruction, control register or port, or a reserved bit written"),
    Cause("privileged_instruction",  5, "the word, zero-extended",       "a privileged instruction in user mode, or a critical one there at levels hybrid (but setst), strict and assist"),
    Cause("syscall",                 6, "0",                             "syscall"),
    Cause("break",                   7, "0",                             "break"),
    Cause("load_misaligned",         8, "the address",                   "a load's address is not a multiple of its size"),
    Cause("load_page_fault",         9, "the address",                   "no translation of the address gives this mode the right R"),
    Cause("load_access_fault",      10, "the address",                   "a load's address, or a table entry on the way to it, lies outside RAM"),
    Cause("store_misaligned",       11, "the address",                   "a store's address is not a multiple of its size"),
    Cause("store_page_fault",       12, "the address",                   "no translation of the address gives this mode the right W"),
    Cause("store_access_fault",     13, "the address",                   "a store's address, or a table entry on the way to it, lies outside RAM"),
)
# Of several pending and unmasked interrupts the first in this list is taken.
INTERRUPTS: tuple[Cause, ...] = (
    Cause("timer",            _INT | 0, "0", "pending while time >= timecmp"),
    Cause("console",          _INT | 1, "0", "pending while a byte waits, or the end of input has not been read yet"),
    Cause("disk",             _INT | 2, "0", "pending from a command's completion until it is acknowledged"),
)
# fmt: on

CAUSES: tuple[Cause, ...] = EXCEPTIONS + INTERRUPTS
BY_CODE: dict[int, Cause] = {cause.code: cause for cause in CAUSES}
BY_NAME: dict[str, Cause] = {cause.name: cause for cause in CAUSES}

assert len(BY_CODE) == len(BY_NAME) == len(CAUSES), "a trap cause is declared twice"
