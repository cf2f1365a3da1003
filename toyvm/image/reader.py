"""Reads an image from an ELF64 file, doubting every number in it."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise

from toyvm.image import elf
from toyvm.image.file import ElfFile, Expected, Header
from toyvm.image.model import Contents, LineTable, Section, Segment, Symbol
from toyvm.isa.machine import MAXIMUM_MEMORY
from toyvm.limits import MAXIMUM_FILES, MAXIMUM_LINES, MAXIMUM_NAMES_BYTES

_TOP = 1 << 64

# What the header must say.
IDENTITY = (Expected("machine", 18, elf.MACHINE_T64, "machine"), Expected("type", 16, elf.TYPE_EXECUTABLE, "file type"))


def read(data: bytes, name: str) -> Contents:
    """What the image in `data` holds. Raises BadFileError: one line with the offset, the value and what it may be."""
    return _Reader(data, name).image()


class _Reader(ElfFile):
    def image(self) -> Contents:
        header = self.header("a T64 image", IDENTITY)
        programs = self.program_headers(header)
        segments = self._segments(programs)
        complaint = Contents(header["entry"], segments).complaint()
        if complaint is not None:
            raise self.bad(24, complaint)
        sections = self.section_headers(header)
        names = self.section_names(sections, header["shstrndx"])
        loaded = self._loaded(sections, names, segments)
        symbols = self._symbols(sections, loaded)
        lines = self._lines(sections, names)
        return Contents(header["entry"], segments, symbols, lines, tuple(loaded.values()))

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
        data = self.segment_contents(place, header)
        return Segment(address, data, size, header["flags"])

    # Sections.

    def _loaded(
        self, sections: list[tuple[int, Header]], names: list[str], segments: tuple[Segment, ...]
    ) -> dict[int, Section]:
        """The sections that are part of a segment, by number."""
        found: dict[int, Section] = {}
        ordered = sorted(segments, key=lambda segment: segment.address)
        for number, ((place, header), name) in enumerate(zip(sections, names, strict=True)):
            if not header["flags"] & elf.SHF_ALLOC or header["type"] not in (elf.SHT_PROGBITS, elf.SHT_NOBITS):
                continue
            start, end = header["addr"], header["addr"] + header["size"]
            has_contents = header["type"] == elf.SHT_PROGBITS
            if header["size"] and self.segment_around(ordered, start, end, has_contents) is None:
                raise self.bad(place, f"section '{name}' at {start:#x}..{end:#x} does not lie in what a segment holds")
            found[number] = Section(name, header["addr"], header["size"], header["flags"] & 7, has_contents)
        return found

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
        self.check_symbols(place, header)
        if header["link"] >= len(sections):
            raise self.bad(place, f"the symbols' names are in section {header['link']}; there are {len(sections)}")
        self.contents(place, "the symbol table", header["offset"], header["size"])
        names = self.strings(*sections[header["link"]])
        offsets = range(header["offset"] + size, header["offset"] + header["size"], size)
        found = (self._symbol(offset, names, loaded) for offset in offsets)
        return [symbol for symbol in found if symbol is not None]

    def _symbol(self, offset: int, names: bytes, loaded: dict[int, Section]) -> Symbol | None:
        """One symbol; None for those that name no address: sections, files, what is undefined."""
        entry = elf.SYMBOL.unpack(self.data, offset)
        kind, binding, section = entry["info"] & 15, entry["info"] >> 4, entry["shndx"]
        if binding not in (elf.STB_LOCAL, elf.STB_GLOBAL, elf.STB_WEAK):
            raise self.bad(offset, f"symbol with binding {binding}; it can be 0, local, 1, global, or 2, weak")
        if kind in (elf.STT_SECTION, elf.STT_FILE) or section == elf.SHN_UNDEF:
            return None
        name = self.string(names, offset, entry["name"], "symbol")
        if not name:
            raise self.bad(offset, "symbol without a name")
        if section != elf.SHN_ABS and section not in loaded:
            raise self.bad(offset, f"symbol '{name}' is in section {section}, which is not loaded")
        where = "" if section == elf.SHN_ABS else loaded[section].name
        is_global, is_weak = binding != elf.STB_LOCAL, binding == elf.STB_WEAK
        return Symbol(name, entry["value"], is_global, where, entry["size"], is_weak)

    def _lines(self, sections: list[tuple[int, Header]], names: list[str]) -> LineTable:
        for (place, header), name in zip(sections, names, strict=True):
            if name == elf.LINES_SECTION and header["type"] == elf.SHT_PROGBITS:
                contents = self.contents(place, "the line table", header["offset"], header["size"])
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
        for what, limit in (("rows", MAXIMUM_LINES), ("files", MAXIMUM_FILES), ("names_size", MAXIMUM_NAMES_BYTES)):
            if header[what] > limit:
                raise self.bad(place, f"the line table says {what} of {header[what]}; the limit is {limit}")
        if zlib.crc32(body) != header["crc"]:
            raise self.bad(
                place, f"the line table's checksum is {zlib.crc32(body):#x}, not {header['crc']:#x} as it says"
            )
        return self._columns(body, header, place)

    def _columns(self, body: bytes, header: Header, place: int) -> LineTable:
        size, rows = header["names_size"], header["rows"]
        count = body.count(b"\0", 0, size)
        if count != header["files"]:
            raise self.bad(place, f"the line table says {header['files']} files and names {count}")
        files = tuple(self.text(name, place, "file") for name in body[:size].split(b"\0")[:-1])
        addresses = struct.unpack_from(f"<{rows}Q", body, size)
        numbers = struct.unpack_from(f"<{rows}I", body, size + 8 * rows)
        lines = struct.unpack_from(f"<{rows}I", body, size + 12 * rows)
        if any(number >= len(files) for number in numbers):
            raise self.bad(place, f"the line table names file {max(numbers)}; there are {len(files)}")
        if any(before > after for before, after in pairwise(addresses)):
            raise self.bad(place, "the line table's addresses do not ascend")
        return LineTable(files, addresses, numbers, lines)
