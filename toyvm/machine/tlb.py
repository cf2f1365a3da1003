"""Modelled TLBs: of which size, and what they count."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.arguments import check_text, check_within, short
from toyvm.errors import UsageError
from toyvm.native import lib
from toyvm.numerals import read_number


class TlbShape(NamedTuple):
    """So many entries in all, in sets of so many ways."""

    entries: int
    ways: int

    def __str__(self) -> str:
        return f"{self.entries}x{self.ways}"


class TlbCounts(NamedTuple):
    """What a modelled TLB has counted: accesses that paging translated, misses by kind, and entries of tables read."""

    shape: TlbShape
    loads: int
    stores: int
    fetch_misses: int
    load_misses: int
    store_misses: int
    walk_steps: int  # in the guest's own tables
    nested_steps: int  # in nested ones, which `assist` has

    def record(self) -> dict[str, str | int]:
        """The same for a report."""
        return {"shape": str(self.shape), **{name: getattr(self, name) for name in COUNTED}}

    @property
    def misses(self) -> int:
        return self.fetch_misses + self.load_misses + self.store_misses

    @property
    def steps(self) -> int:
        """Of both dimensions."""
        return self.walk_steps + self.nested_steps


COUNTED = TlbCounts._fields[1:]  # as the native core and the reference call them, too


def tlb_shape(tlb: str | TlbShape, what: str = "tlb") -> TlbShape:
    """The shape that a text as `64x4` names. Raises UsageError with value and limits."""
    entries, ways = tlb if isinstance(tlb, TlbShape) else _parse(check_text(tlb, what), what)
    check_within(entries, 1, lib.T64_TLB_ENTRIES_MAX, f"{what}: entries")
    check_within(ways, 1, min(entries, lib.T64_TLB_WAYS_MAX), f"{what}: ways")
    sets, rest = divmod(entries, ways)
    if rest or sets & (sets - 1):
        raise UsageError(f"{what} of {entries}x{ways}: {entries / ways:g} sets; it takes a power of two of them")
    return TlbShape(entries, ways)


def _parse(text: str, what: str) -> tuple[int, int]:
    entries, _, ways = text.partition("x")
    try:
        return read_number(entries), read_number(ways)
    except ValueError:
        raise UsageError(f"{what} of {short(text)}; it takes entries and ways, as 64x4") from None
