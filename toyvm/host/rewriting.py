"""What a rewriting monitor has done to a guest's code: counts, and each word original beside replacement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from toyvm.errors import UsageError
from toyvm.isa.coding import decode
from toyvm.isa.declare import Class, Instruction
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import NOWHERE, ffi, lib

if TYPE_CHECKING:
    from toyvm.host.guest import Guest

_CALL_BASE = 0x80000  # hcall numbers from here on are the monitor's
_HCALL = BY_MNEMONIC["hcall"]


class Kind(StrEnum):
    """What became of a word."""

    IN_PLACE = "in place"  # a load or store of the vCPU page: no exit
    CALL = "call"  # a direct call of the monitor
    ADAPTED = "adapted"  # the same, for a load or store that faulted often, or that the window would answer


@dataclass(frozen=True, slots=True)
class RewritingCounts:
    """Copies of pages and rewritten words that there are, then what happened from the beginning on."""

    pages: int
    in_place: int
    calls: int
    adapted: int
    copied: int
    dropped: int
    stepped: int

    @property
    def sites(self) -> int:
        return self.in_place + self.calls + self.adapted


@dataclass(frozen=True, slots=True)
class RewrittenWord:
    """One word of the guest's code at a guest-physical address, and what runs in its place in one mode."""

    address: int
    user: bool
    original: int
    replacement: int

    @property
    def site(self) -> int | None:
        """The number of the monitor call; None for a word that became a load or store."""
        return (self.replacement >> 12) - _CALL_BASE if _row(self.replacement) is _HCALL else None

    @property
    def kind(self) -> Kind:
        if self.site is None:
            return Kind.IN_PLACE
        accesses = _row(self.original).cls is Class.INNOCUOUS and _row(self.original) is not _HCALL
        return Kind.ADAPTED if accesses else Kind.CALL


def _row(word: int) -> Instruction:
    decoded = decode(word)
    assert decoded is not None, "only what is legal is rewritten, and by what is legal"
    return decoded.instruction


def counts_of(guest: Guest) -> RewritingCounts:
    """Raises UsageError for a guest whose code is not rewritten."""
    native = ffi.new("t64_rewriting *")
    if lib.t64_guest_rewriting(guest.vm, native):
        raise UsageError(f"technique {guest.technique} rewrites nothing")
    return RewritingCounts(**{name: int(getattr(native, name)) for name in RewritingCounts.__dataclass_fields__})


def words_of(guest: Guest) -> Iterator[RewrittenWord]:
    """Every rewritten word, kernel mode first, in order of address. Raises UsageError as counts_of."""
    counts_of(guest)
    for user in (False, True):
        for page in range(guest.memory_size // PAGE_SIZE):
            copy = int(lib.t64_guest_copy(guest.vm, int(user), page))
            if copy != NOWHERE:
                yield from _words_in(guest, user, page * PAGE_SIZE, copy)


def _words_in(guest: Guest, user: bool, address: int, copy: int) -> Iterator[RewrittenWord]:
    originals = memoryview(guest.read(address, PAGE_SIZE)).cast("I")
    copies = memoryview(guest.host.read(copy, PAGE_SIZE)).cast("I")
    for index, (original, replacement) in enumerate(zip(originals, copies, strict=True)):
        if original != replacement:
            yield RewrittenWord(address + 4 * index, user, original, replacement)
