"""What images hold: programs ready to be loaded, with symbols and the line of a source for every address."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from toyvm.arguments import check_integer, check_text
from toyvm.errors import UsageError
from toyvm.limits import (
    MAXIMUM_FILES,
    MAXIMUM_LINES,
    MAXIMUM_NAMES_BYTES,
    MAXIMUM_SYMBOLS,
)
from toyvm.printable import printable

PF_X, PF_W, PF_R = 1, 2, 4  # rights of a segment, with ELF's values


class Segment(NamedTuple):
    """Memory that is filled when the image is loaded: `data`, then zeros up to `size` bytes."""

    address: int
    data: bytes
    size: int
    flags: int

    def __repr__(self) -> str:
        return f"<Segment of {self.size} bytes at {self.address:#x}>"


class Section(NamedTuple):
    """A named part of a segment. `has_contents` is false where there are only zeros."""

    name: str
    address: int
    size: int
    flags: int
    has_contents: bool = True


class Symbol(NamedTuple):
    """A name for an address, or for a number if `section` is empty. A weak one is global, and yields to others."""

    name: str
    address: int
    is_global: bool
    section: str
    size: int
    is_weak: bool = False


class LineTable(NamedTuple):
    """Which line of which source made the bytes at an address; three columns, by ascending address.

    A row counts up to the next one; one with line 0 says that nothing is known from there on.
    """

    files: tuple[str, ...] = ()
    addresses: tuple[int, ...] = ()
    file_numbers: tuple[int, ...] = ()
    line_numbers: tuple[int, ...] = ()

    def find(self, address: int) -> tuple[str, int] | None:
        """File and line of the bytes at `address`."""
        row = bisect_right(self.addresses, address) - 1
        if row < 0 or not self.line_numbers[row]:
            return None
        return self.files[self.file_numbers[row]], self.line_numbers[row]


class Location(NamedTuple):
    """What is known of an address; each part may be missing."""

    symbol: str | None = None
    offset: int | None = None
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.file is None else f"{printable(self.file)}:{self.line}"
        symbol = "" if self.symbol is None else printable(self.symbol)
        name = f"{symbol}+{self.offset:#x}" if symbol and self.offset else symbol
        return f"{place} ({name})" if place and name else place or name or "unknown place"


class _Parts(NamedTuple):
    entry: int
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...] = ()
    lines: LineTable = LineTable()
    sections: tuple[Section, ...] = ()


class Contents(_Parts):
    """A program. Addresses are physical; execution starts at `entry`."""

    def __repr__(self) -> str:
        size = sum(segment.size for segment in self.segments)
        return f"<{type(self).__name__} of {size} bytes, {len(self.symbols)} symbols, entry {self.entry:#x}>"

    def address_of(self, name: str) -> int:
        """The value of a symbol, a global one first. Raises UsageError if there is none of that name."""
        address = self._by_name.get(check_text(name, "symbol"))
        if address is None:
            raise UsageError(f"the image has no symbol '{name}'{_did_you_mean(name, self._by_name)}")
        return address

    def locate(self, address: int) -> Location:
        """Symbol and source line for an address; nothing is known of one outside the segments."""
        address = check_integer(address, "address")
        starts, segments = self._starts
        number = bisect_right(starts, address) - 1
        if number < 0 or address >= starts[number] + segments[number].size:
            return Location()
        segment = segments[number]
        file, line = self.lines.find(address) or (None, None)
        places, names = self._places
        index = bisect_right(places, address) - 1
        if index < 0 or places[index] < segment.address:
            return Location(None, None, file, line)
        return Location(names[index], address - places[index], file, line)

    def symbol_at(self, address: int) -> str | None:
        """The name of exactly this address, if it has one."""
        places, names = self._places
        index = bisect_right(places, check_integer(address, "address")) - 1
        return names[index] if index >= 0 and places[index] == address else None

    def complaint(self) -> str | None:
        """What is wrong with the segments, the entry point or the tables' sizes; a reader refuses that too."""
        if not self.segments:
            return "there is nothing to load"
        tables = (
            ("symbols", len(self.symbols), MAXIMUM_SYMBOLS),
            ("bytes of names", sum(len(symbol.name) for symbol in self.symbols), MAXIMUM_NAMES_BYTES),
            ("rows of lines", len(self.lines.addresses), MAXIMUM_LINES),
            ("source files", len(self.lines.files), MAXIMUM_FILES),
        )
        for what, count, limit in tables:
            if count > limit:
                return f"there are {count} {what}; the limit is {limit}"
        ordered = sorted(self.segments, key=lambda segment: segment.address)
        for before, after in pairwise(ordered):
            if before.address + before.size > after.address:
                return (
                    f"the segment at {after.address:#x} lies inside that of {before.address:#x}, {before.size:#x} bytes"
                )
        if self.entry & 3:
            return f"the entry point {self.entry:#x} is not a multiple of 4"
        for segment in self.segments:
            if segment.address <= self.entry < segment.address + segment.size and segment.flags & PF_X:
                return None
        return f"the entry point {self.entry:#x} lies in no executable segment"

    @cached_property
    def _starts(self) -> tuple[list[int], list[Segment]]:
        """The segments by address, as `complaint` wants them: none lies inside another."""
        segments = sorted(self.segments, key=lambda segment: segment.address)
        return [segment.address for segment in segments], segments

    @cached_property
    def _by_name(self) -> dict[str, int]:
        ranked = sorted(self.symbols, key=lambda symbol: symbol.is_global)
        return {symbol.name: symbol.address for symbol in ranked}

    @cached_property
    def _places(self) -> tuple[list[int], list[str]]:
        """Symbols that are places, by address, one for each: of several the global one, then the one named first."""
        best: dict[int, Symbol] = {}
        for symbol in self.symbols:
            if symbol.section and (symbol.address not in best or symbol.is_global > best[symbol.address].is_global):
                best[symbol.address] = symbol
        places = sorted(best)
        return places, [best[place].name for place in places]


def _did_you_mean(name: str, names: dict[str, int]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean '{close[0]}'?" if close else ""
