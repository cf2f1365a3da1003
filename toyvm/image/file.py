"""An ELF64 file: its header, tables and strings, with every number doubted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.files.boundary import shown
from toyvm.image import elf
from toyvm.image.kinds import kind_of
from toyvm.image.model import Segment
from toyvm.limits import MAXIMUM_NAME_BYTES, MAXIMUM_NAMES_BYTES, MAXIMUM_SYMBOLS

MAXIMUM_SEGMENTS = 4096
MAXIMUM_SECTIONS = 0xFEFF

Header = dict[str, int]


class Expected(NamedTuple):
    """A member of the header at this offset, the only value it may have, and what to say of others."""

    member: str
    offset: int
    value: int
    what: str
    hints: Mapping[int, str] = MappingProxyType({})


_FORMAT = (
    Expected("class_", 4, elf.CLASS_64, "ELF class"),
    Expected("data", 5, elf.DATA_LITTLE, "byte order"),
    Expected("ident_version", 6, elf.VERSION, "ELF version"),
    Expected("version", 20, elf.VERSION, "ELF version"),
    Expected("ehsize", 52, elf.HEADER.size, "header size"),
)
_TELLING = ("class_", "data", "machine", "type")  # members whose other values make it a file of another kind


class _Table(NamedTuple):
    """Where a table of headers lies in the file."""

    what: str
    offset: int
    entries: int
    layout: elf.Layout


class ElfFile:
    """The bytes of a file and what messages call it. Each method raises BadFileError: offset, value, limit."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self._named = self._stored = 0  # bytes of names and of segments so far

    def bad(self, offset: int, message: str) -> BadFileError:
        return BadFileError(f"{shown(self.name)}: offset {offset:#x}: {message}")

    def header(self, what: str, identity: Sequence[Expected]) -> Header:
        """The header of a little-endian ELF64 file whose members have these values besides; `what` calls it."""
        if len(self.data) < elf.HEADER.size:
            raise self.bad(0, f"the file has {len(self.data)} bytes; an ELF64 header takes {elf.HEADER.size}")
        if self.data[:4] != elf.MAGIC:
            raise self.bad(0, f"not an ELF file: it begins with {self.data[:4].hex(' ')}, not {elf.MAGIC.hex(' ')}")
        header = elf.HEADER.unpack(self.data, 0)
        for expected in (*_FORMAT, *identity):
            value = header[expected.member]
            if value != expected.value:
                kind = f"; the file is {kind_of(self.data)}" if expected.member in _TELLING else ""
                hint = f" ({expected.hints[value]})" if value in expected.hints else ""
                message = f"{expected.what} is {value:#x}; {what} has {expected.value:#x}{kind}{hint}"
                raise self.bad(expected.offset, message)
        return header

    def program_headers(self, header: Header) -> list[tuple[int, Header]]:
        """Every program header with its offset."""
        table = _Table("program header", header["phoff"], header["phnum"], elf.PROGRAM_HEADER)
        return self._table(table, header["phentsize"], MAXIMUM_SEGMENTS)

    def section_headers(self, header: Header) -> list[tuple[int, Header]]:
        """Every section header with its offset."""
        table = _Table("section header", header["shoff"], header["shnum"], elf.SECTION_HEADER)
        return self._table(table, header["shentsize"], MAXIMUM_SECTIONS)

    def _table(self, table: _Table, entry_size: int, most: int) -> list[tuple[int, Header]]:
        """Every header of a table with its offset."""
        if not table.entries:
            return []
        size = table.layout.size
        if entry_size != size:
            raise self.bad(0, f"the size of a {table.what} is {entry_size}; it must be {size}")
        if table.entries > most:
            raise self.bad(0, f"there are {table.entries} {table.what}s; the limit is {most}")
        end = table.offset + size * table.entries
        if end > len(self.data):
            raise self.bad(
                table.offset, f"the {table.what}s end at {end:#x}, beyond the file's end {len(self.data):#x}"
            )
        places = range(table.offset, end, size)
        return [(place, table.layout.unpack(self.data, place)) for place in places]

    def contents(self, place: int, what: str, offset: int, size: int) -> bytes:
        if offset + size > len(self.data):
            raise self.bad(
                place, f"{what} is {size:#x} bytes at offset {offset:#x}, beyond the file's end {len(self.data):#x}"
            )
        return self.data[offset : offset + size]

    def section_names(self, sections: list[tuple[int, Header]], index: int) -> list[str]:
        if not sections:
            return []
        if index >= len(sections):
            raise self.bad(62, f"the section names are in section {index}; there are {len(sections)} sections")
        table = self.strings(*sections[index])
        return [self.string(table, place, header["name"], "section") for place, header in sections]

    def strings(self, place: int, header: Header) -> bytes:
        if header["type"] != elf.SHT_STRTAB:
            raise self.bad(place, f"a string table is wanted; this section has type {header['type']:#x}")
        table = self.contents(place, "the string table", header["offset"], header["size"])
        if table and table[-1]:
            raise self.bad(place, "the string table does not end with a zero byte")
        return table

    def string(self, table: bytes, place: int, offset: int, what: str) -> str:
        if offset >= max(len(table), 1):
            raise self.bad(place, f"the {what}'s name is at {offset:#x} of a string table of {len(table):#x} bytes")
        end = table.find(b"\0", offset, offset + MAXIMUM_NAME_BYTES + 1) if table else offset
        if end < 0:
            raise self.bad(place, f"the {what}'s name has more than {MAXIMUM_NAME_BYTES} bytes, which is the limit")
        self._named += end - offset
        if self._named > MAXIMUM_NAMES_BYTES:
            raise self.bad(place, f"the names have more than {MAXIMUM_NAMES_BYTES} bytes together, which is the limit")
        return self.text(table[offset:end], place, what)

    def check_symbols(self, place: int, header: Header) -> None:
        """Raise BadFileError unless a symbol table is one, and of bounded size."""
        size = elf.SYMBOL.size
        if header["entsize"] != size or header["size"] % size:
            raise self.bad(place, f"the symbol table has {header['size']} bytes; a symbol takes {size}")
        count = header["size"] // size - 1  # the first one is none
        if count > MAXIMUM_SYMBOLS:
            raise self.bad(place, f"there are {count} symbols; the limit is {MAXIMUM_SYMBOLS}")

    def segment_around(self, segments: Sequence[Segment], start: int, end: int, has_contents: bool) -> Segment | None:
        """The one of `segments`, which are in order and do not overlap, that holds these addresses."""
        number = bisect_right(segments, start, key=lambda segment: segment.address) - 1
        if number < 0:
            return None
        segment = segments[number]
        size = len(segment.data) if has_contents else segment.size
        return segment if end <= segment.address + size else None

    def segment_contents(self, place: int, header: Header) -> bytes:
        """What a segment has in the file. Segments that share it could make far more of a file than it has."""
        stored = header["filesz"]
        data = self.contents(place, "the segment", header["offset"], stored)
        self._stored += stored
        if self._stored > len(self.data):
            raise self.bad(
                place, f"the segments up to here hold {self._stored:#x} bytes; the file has {len(self.data):#x}"
            )
        return data

    def text(self, text: bytes, place: int, what: str) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise self.bad(place, f"the {what}'s name {text[:40]!r} is not UTF-8") from None
