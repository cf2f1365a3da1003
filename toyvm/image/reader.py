"""Reads an image from an ELF64 file, doubting every number in it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise

from toyvm.errors import BadFileError
from toyvm.image import elf
from toyvm.image.model import Image, LineTable, Section, Segment, Symbol
from toyvm.isa.machine import MAXIMUM_MEMORY

MAXIMUM_SEGMENTS = 4096
MAXIMUM_SECTIONS = 0xFEFF
_TOP = 1 << 64

Header = dict[str, int]


def read(data: bytes, name: str) -> Image:
    """The image in `data`. Raises BadFileError: one line with the offset, the value and what it may be."""
    return _Reader(data, name).image()


@dataclass(frozen=True, slots=True)
class _Table:
    """Where a table of headers lies in the file."""

    what: str
    offset: int
    count: int
    layout: elf.Layout


class _Reader:
    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name

    def image(self) -> Image:
        header = self._header()
        programs = self._table(
            _Table("program header", header["phoff"], header["phnum"], elf.PROGRAM_HEADER),
            header["phentsize"],
            MAXIMUM_SEGMENTS,
        )
        segments = self._segments(programs)
        complaint = Image(header["entry"], segments).complaint()
        if complaint is not None:
            raise self.bad(24, complaint)
        sections = self._table(
            _Table("section header", header["shoff"], header["shnum"], elf.SECTION_HEADER),
            header["shentsize"],
            MAXIMUM_SECTIONS,
        )
        names = self._section_names(sections, header["shstrndx"])
        loaded = self._loaded(sections, names, segments)
        symbols = self._symbols(sections, loaded)
        lines = self._lines(sections, names)
        return Image(header["entry"], segments, symbols, lines, tuple(loaded.values()))

    def bad(self, offset: int, message: str) -> BadFileError:
        return BadFileError(f"{self.name}: offset {offset:#x}: {message}")

    def _header(self) -> Header:
        if len(self.data) < elf.HEADER.size:
            raise self.bad(0, f"the file has {len(self.data)} bytes; an ELF64 header takes {elf.HEADER.size}")
        if self.data[:4] != elf.MAGIC:
            raise self.bad(0, f"not an ELF file: it begins with {self.data[:4].hex(' ')}, not {elf.MAGIC.hex(' ')}")
        header = elf.HEADER.unpack(self.data, 0)
        for field, offset, wanted, what in (
            ("class_", 4, elf.CLASS_64, "ELF class"),
            ("data", 5, elf.DATA_LITTLE, "byte order"),
            ("ident_version", 6, elf.VERSION, "ELF version"),
            ("type", 16, elf.TYPE_EXECUTABLE, "file type"),
            ("machine", 18, elf.MACHINE_T64, "machine"),
            ("version", 20, elf.VERSION, "ELF version"),
            ("ehsize", 52, elf.HEADER.size, "header size"),
        ):
            if header[field] != wanted:
                raise self.bad(offset, f"{what} is {header[field]:#x}; a T64 image has {wanted:#x}")
        return header

    def _table(self, table: _Table, entry_size: int, most: int) -> list[tuple[int, Header]]:
        """Every header of a table with its offset."""
        if not table.count:
            return []
        size = table.layout.size
        if entry_size != size:
            raise self.bad(0, f"the size of a {table.what} is {entry_size}; it must be {size}")
        if table.count > most:
            raise self.bad(0, f"there are {table.count} {table.what}s; the limit is {most}")
        end = table.offset + size * table.count
        if end > len(self.data):
            raise self.bad(
                table.offset, f"the {table.what}s end at {end:#x}, beyond the file's end {len(self.data):#x}"
            )
        places = range(table.offset, end, size)
        return [(place, table.layout.unpack(self.data, place)) for place in places]

    def _contents(self, place: int, what: str, offset: int, size: int) -> bytes:
        if offset + size > len(self.data):
            raise self.bad(
                place, f"{what} is {size:#x} bytes at offset {offset:#x}, beyond the file's end {len(self.data):#x}"
            )
        return self.data[offset : offset + size]

    # Segments.

    def _segments(self, programs: list[tuple[int, Header]]) -> tuple[Segment, ...]:
        segments = [self._segment(place, header) for place, header in programs if header["type"] == elf.PT_LOAD]
        for place, header in programs:
            if header["type"] not in (elf.PT_LOAD, elf.PT_NULL):
                raise self.bad(place, f"program header of type {header['type']:#x}; a T64 image has only type 1, LOAD")
        return tuple(segments)

    def _segment(self, place: int, header: Header) -> Segment:
        address, size, stored = header["paddr"], header["memsz"], header["filesz"]
        if header["vaddr"] != address:
            raise self.bad(place, f"virtual address {header['vaddr']:#x} is not the physical address {address:#x}")
        if stored > size:
            raise self.bad(place, f"the segment has {stored:#x} bytes in the file, more than its {size:#x} in memory")
        if size > MAXIMUM_MEMORY or address + size > _TOP:
            raise self.bad(
                place, f"segment of {size:#x} bytes at {address:#x} is larger than any memory, {MAXIMUM_MEMORY:#x}"
            )
        if not size:
            raise self.bad(place, f"the segment at {address:#x} is empty")
        if header["flags"] & ~7:
            raise self.bad(place, f"segment flags {header['flags']:#x}; only 0..7 have a meaning")
        data = self._contents(place, "the segment", header["offset"], stored)
        return Segment(address, data, size, header["flags"])

    # Sections.

    def _section_names(self, sections: list[tuple[int, Header]], index: int) -> list[str]:
        if not sections:
            return []
        if index >= len(sections):
            raise self.bad(62, f"the section names are in section {index}; there are {len(sections)} sections")
        table = self._strings(*sections[index])
        return [self._string(table, place, header["name"], "section") for place, header in sections]

    def _strings(self, place: int, header: Header) -> bytes:
        if header["type"] != elf.SHT_STRTAB:
            raise self.bad(place, f"a string table is wanted; this section has type {header['type']:#x}")
        table = self._contents(place, "the string table", header["offset"], header["size"])
        if table and table[-1]:
            raise self.bad(place, "the string table does not end with a zero byte")
        return table

    def _string(self, table: bytes, place: int, offset: int, what: str) -> str:
        if offset >= max(len(table), 1):
            raise self.bad(place, f"the {what}'s name is at {offset:#x} of a string table of {len(table):#x} bytes")
        return self._text(table[offset : table.find(b"\0", offset)] if table else b"", place, what)

    def _text(self, text: bytes, place: int, what: str) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise self.bad(place, f"the {what}'s name {text[:40]!r} is not UTF-8") from None

    def _loaded(
        self, sections: list[tuple[int, Header]], names: list[str], segments: tuple[Segment, ...]
    ) -> dict[int, Section]:
        """The sections that are part of a segment, by number."""
        found: dict[int, Section] = {}
        for number, ((place, header), name) in enumerate(zip(sections, names, strict=True)):
            if not header["flags"] & elf.SHF_ALLOC or header["type"] not in (elf.SHT_PROGBITS, elf.SHT_NOBITS):
                continue
            self._check_section(place, header, name, segments)
            has_contents = header["type"] == elf.SHT_PROGBITS
            found[number] = Section(name, header["addr"], header["size"], header["flags"] & 7, has_contents)
        return found

    def _check_section(self, place: int, header: Header, name: str, segments: tuple[Segment, ...]) -> None:
        start, end = header["addr"], header["addr"] + header["size"]
        for segment in segments:
            stored = len(segment.data) if header["type"] == elf.SHT_PROGBITS else segment.size
            if segment.address <= start and end <= segment.address + stored:
                return
        if header["size"]:
            raise self.bad(place, f"section '{name}' at {start:#x}..{end:#x} does not lie in what a segment holds")

    # Symbols and lines.

    def _symbols(self, sections: list[tuple[int, Header]], loaded: dict[int, Section]) -> tuple[Symbol, ...]:
        tables = [(place, header) for place, header in sections if header["type"] == elf.SHT_SYMTAB]
        if len(tables) > 1:
            raise self.bad(tables[1][0], "there is a second symbol table; an image has at most one")
        return tuple(symbol for table in tables for symbol in self._symbol_table(*table, sections, loaded))

    def _symbol_table(
        self, place: int, header: Header, sections: list[tuple[int, Header]], loaded: dict[int, Section]
    ) -> list[Symbol]:
        size = elf.SYMBOL.size
        if header["entsize"] != size or header["size"] % size:
            raise self.bad(place, f"the symbol table has {header['size']} bytes; a symbol takes {size}")
        if header["link"] >= len(sections):
            raise self.bad(place, f"the symbols' names are in section {header['link']}; there are {len(sections)}")
        self._contents(place, "the symbol table", header["offset"], header["size"])
        names = self._strings(*sections[header["link"]])
        offsets = range(header["offset"] + size, header["offset"] + header["size"], size)
        found = (self._symbol(offset, names, loaded) for offset in offsets)
        return [symbol for symbol in found if symbol is not None]

    def _symbol(self, offset: int, names: bytes, loaded: dict[int, Section]) -> Symbol | None:
        """One symbol; None for those that name no address: sections, files, what is undefined."""
        entry = elf.SYMBOL.unpack(self.data, offset)
        kind, binding, section = entry["info"] & 15, entry["info"] >> 4, entry["shndx"]
        if binding not in (elf.STB_LOCAL, elf.STB_GLOBAL):
            raise self.bad(offset, f"symbol with binding {binding}; it can be 0, local, or 1, global")
        if kind in (elf.STT_SECTION, elf.STT_FILE) or section == elf.SHN_UNDEF:
            return None
        name = self._string(names, offset, entry["name"], "symbol")
        if not name:
            raise self.bad(offset, "symbol without a name")
        if section != elf.SHN_ABS and section not in loaded:
            raise self.bad(offset, f"symbol '{name}' is in section {section}, which is not loaded")
        where = "" if section == elf.SHN_ABS else loaded[section].name
        return Symbol(name, entry["value"], binding == elf.STB_GLOBAL, where, entry["size"])

    def _lines(self, sections: list[tuple[int, Header]], names: list[str]) -> LineTable:
        for (place, header), name in zip(sections, names, strict=True):
            if name == elf.LINES_SECTION and header["type"] == elf.SHT_PROGBITS:
                contents = self._contents(place, "the line table", header["offset"], header["size"])
                return self._line_table(contents, header["offset"])
        return LineTable()

    def _line_table(self, contents: bytes, place: int) -> LineTable:
        if len(contents) < elf.LINES_HEADER.size:
            raise self.bad(place, f"the line table has {len(contents)} bytes; its header takes {elf.LINES_HEADER.size}")
        header = elf.LINES_HEADER.unpack(contents, 0)
        if contents[:4] != elf.LINES_MAGIC or header["version"] != elf.LINES_VERSION:
            raise self.bad(
                place, f"line table {contents[:4]!r} of version {header['version']}; this is not one we know"
            )
        body = contents[elf.LINES_HEADER.size :]
        if len(body) != header["names_size"] + 16 * header["rows"]:
            raise self.bad(
                place, f"the line table says {header['rows']} rows, which its size of {len(contents)} does not bear out"
            )
        if zlib.crc32(body) != header["crc"]:
            raise self.bad(
                place, f"the line table's checksum is {zlib.crc32(body):#x}, not {header['crc']:#x} as it says"
            )
        return self._columns(body, header, place)

    def _columns(self, body: bytes, header: Header, place: int) -> LineTable:
        size, rows = header["names_size"], header["rows"]
        files = tuple(self._text(name, place, "file") for name in body[:size].split(b"\0")[:-1])
        if len(files) != header["files"]:
            raise self.bad(place, f"the line table says {header['files']} files and names {len(files)}")
        addresses = struct.unpack_from(f"<{rows}Q", body, size)
        numbers = struct.unpack_from(f"<{rows}I", body, size + 8 * rows)
        lines = struct.unpack_from(f"<{rows}I", body, size + 12 * rows)
        if any(number >= len(files) for number in numbers):
            raise self.bad(place, f"the line table names file {max(numbers)}; there are {len(files)}")
        if any(before > after for before, after in pairwise(addresses)):
            raise self.bad(place, "the line table's addresses do not ascend")
        return LineTable(files, addresses, numbers, lines)
