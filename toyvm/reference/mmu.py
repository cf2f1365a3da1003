"""The memory management unit: every access of the CPU goes through it, and it notices what the rules leave open."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from toyvm.isa.paging import PTE_X, RIGHT_BITS, WINDOW_BASE
from toyvm.reference.control import ControlRegisters
from toyvm.reference.memory import Memory
from toyvm.reference.modelled_tlb import ModelledTlb
from toyvm.reference.paging import Access, Translation, WalkFault, mark, walk
from toyvm.reference.translations import Translations
from toyvm.reference.traps import Trap

PROBE_RIGHTS = tuple(RIGHT_BITS.values())  # by bit of probe's rs2


class Use(NamedTuple):
    """An access and what became of it; `entry` is the one that decided, as it was before."""

    access: str
    user: bool
    outcome: str  # done, page_fault or access_fault
    entry: int | None  # None: paging is off, or no entry could be read


class Mmu:
    """Translates by walking the tables anew for each access: the exact behaviour, of which caches are a shadow."""

    def __init__(self, memory: Memory, control: ControlRegisters) -> None:
        self._memory = memory
        self._control = control
        self.translations = Translations()
        self.unspecified: str | None = None  # the first thing done that is outside the specification
        self.uses: Counter[Use] = Counter()
        self.modelled: ModelledTlb | None = None

    def translate(self, address: int, access: Access) -> int:
        """The physical address, with A and D set as the access needs them. Raises Trap."""
        user = self._control.user_mode
        try:
            found = walk(self._memory, self._control["ptbr"], address, access.right, user)
        except WalkFault as fault:
            self._watch(address, user, access, None)
            self.uses[Use(access.label, user, fault.kind, fault.entry)] += 1
            raise Trap(f"{access.label}_{fault.kind}", address) from None
        self._watch(address, user, access, found)
        self.uses[Use(access.label, user, "done", None if found.leaf_address is None else found.leaf)] += 1
        mark(self._memory, found, access)
        self.translations.remember(address, user, access, found)
        return found.physical

    def accessed(self, address: int, access: Access) -> None:
        """It was made."""
        if self.modelled is not None:
            self.modelled.accessed(self._memory, self._control["ptbr"], address, access, self._control.user_mode)

    def forget_all(self) -> None:
        self.translations.forget_all()
        if self.modelled is not None:
            self.modelled.flush()

    def forget_page(self, address: int) -> None:
        self.translations.forget_page(address)
        if self.modelled is not None:
            self.modelled.flush_page(address)

    def probe(self, address: int, rights: int) -> int:
        """The physical address if the current mode has every right asked for, else -1. Sets and caches nothing."""
        if rights >> len(PROBE_RIGHTS):
            return -1
        wanted = sum(right for bit, right in enumerate(PROBE_RIGHTS) if rights >> bit & 1)
        try:
            found = walk(self._memory, self._control["ptbr"], address, wanted, self._control.user_mode)
        except WalkFault:
            return -1
        self._watch_mapping(address)
        return found.physical

    def peek(self, address: int) -> int | None:
        """The instruction word at an aligned address, for the host; changes nothing. None: a fetch would fault."""
        physical = self.look_up(address, PTE_X)
        return None if physical is None else self._memory.load(physical, 4)

    def look_up(self, address: int, rights: int) -> int | None:
        """The physical address that the current mode reaches with all `rights`, for the host; changes nothing."""
        try:
            return walk(self._memory, self._control["ptbr"], address, rights, self._control.user_mode).physical
        except WalkFault:
            return None

    def _watch(self, address: int, user: bool, access: Access, found: Translation | None) -> None:
        """Note a use of a translation that a cache may hold otherwise. `found` is the fresh walk's; None: it faults."""
        stale = self.translations.stale(address, user, access, found)
        if stale is not None:
            self._note(f"{access.label} at {address:#x}: the translation cached for it was {stale}")
        if found is not None:
            self._watch_mapping(address)

    def _watch_mapping(self, address: int) -> None:
        if address >= WINDOW_BASE:
            self._note(f"use of {address:#x}: the monitors' window is mapped")

    def watch_window(self, address: int) -> None:
        """Note a load or store of the kernel's that goes to the monitors' window by a register, mapped or not."""
        if address >= WINDOW_BASE:
            self._note(f"use of {address:#x}: the monitors' window was touched")

    def _note(self, reason: str) -> None:
        self.unspecified = self.unspecified or reason
