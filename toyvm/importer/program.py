"""RISC-V programs: what a static ELF64 file holds, with every number in it doubted."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.image import PF_X, Image, LineTable, Section, Segment, Symbol, elf
from toyvm.image.file import ElfFile, Expected, Header
from toyvm.importer.dwarf_lines import SECTION_NAMES, DamagedLines, DebugSections, read_lines
from toyvm.isa.machine import MAXIMUM_MEMORY

_FLAG_COMPRESSED = 1  # EF_RISCV_RVC: some object was made for a target with compressed instructions
_PT_DYNAMIC, _PT_INTERP = 2, 3
_SHF_TLS, _SHF_COMPRESSED = 0x400, 0x800
_ARRAYS_AND_NOTES = (7, 14, 15, 16)  # SHT_NOTE, and the arrays of constructors and destructors
_CONTENTS = (elf.SHT_PROGBITS, *_ARRAYS_AND_NOTES)
_LOCAL_PREFIX = ".L"
_CODE_MARK, _DATA_MARK = "$x", "$d"  # mapping symbols of the RISC-V ELF psABI: what begins here

_IDENTITY = (
    Expected("machine", 18, elf.MACHINE_RISCV, "machine"),
    Expected("type", 16, elf.TYPE_EXECUTABLE, "file type", {1: "link it", 3: "link with -static -no-pie"}),
)


class Mark(NamedTuple):
    """From this address on a section holds code, or data, as its mapping symbols say."""

    address: int
    is_code: bool


class Program(NamedTuple):
    """A program as it was linked. `headers` is where memory holds its program headers, as (address, count)."""

    name: str
    entry: int
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    objects: tuple[Symbol, ...]
    marks: tuple[Mark, ...]
    lines: LineTable
    headers: tuple[int, int] | None
    has_compressed: bool
    notes: tuple[str, ...]

    @property
    def end(self) -> int:
        """The first address behind all segments."""
        return max(segment.address + segment.size for segment in self.segments)

    def as_image(self) -> Image:
        """The same as an image, whose `locate` names symbols and lines."""
        return Image(self.entry, self.segments, self.symbols, self.lines, self.sections)


def read_program(data: bytes, name: str) -> Program:
    """The program in an ELF file. Raises BadFileError: one line with the offset, the value and what it may be."""
    return _Reader(data, name).program()


class _Reader(ElfFile):
    def program(self) -> Program:
        header = self.header("a static RV64IM program", _IDENTITY)
        programs = self.program_headers(header)
        segments = self._segments(programs)
        is_compressed = bool(header["flags"] & _FLAG_COMPRESSED)
        # A place between two words says that instructions are compressed: those are refused together, with advice.
        complaint = Image(header["entry"] & (~2 if is_compressed else ~0), segments).complaint()
        if complaint is not None:
            raise self.bad(24, complaint)
        sections = self.section_headers(header)
        if not sections:
            raise self.bad(40, "there are no section headers, which tell code from data; do not strip them")
        names = self.section_names(sections, header["shstrndx"])
        loaded = self._loaded(sections, names, segments)
        symbols = list(self._symbols(sections, loaded))
        lines, notes = self._lines(sections, names)
        return Program(
            self.name,
            header["entry"],
            segments,
            tuple(loaded.values()),
            tuple(symbol for kind, symbol in symbols if _is_name(kind, symbol)),
            tuple(symbol for kind, symbol in symbols if kind == elf.STT_OBJECT and symbol.size),
            tuple(_marks(symbols, loaded)),
            lines,
            self._headers_in_memory(header, programs),
            is_compressed,
            notes,
        )

    # Segments.

    def _segments(self, programs: list[tuple[int, Header]]) -> tuple[Segment, ...]:
        for place, header in programs:
            if header["type"] in (_PT_DYNAMIC, _PT_INTERP):
                raise self.bad(place, "it wants a dynamic linker: link with -static")
        loads = ((place, header) for place, header in programs if header["type"] == elf.PT_LOAD and header["memsz"])
        segments = [self._segment(place, header) for place, header in loads]
        return tuple(sorted(segments, key=lambda segment: segment.address))

    def _segment(self, place: int, header: Header) -> Segment:
        address, size, stored = header["vaddr"], header["memsz"], header["filesz"]
        if stored > size:
            raise self.bad(place, f"the segment has {stored:#x} bytes in the file, more than its {size:#x} in memory")
        if address + size > MAXIMUM_MEMORY:
            limit = f"{MAXIMUM_MEMORY:#x}; link with -Wl,-Ttext-segment=0x10000"
            raise self.bad(place, f"the segment at {address:#x}, {size:#x} bytes, ends beyond any memory, {limit}")
        data = self.segment_contents(place, header)
        return Segment(address, data, size, header["flags"] & 7)

    def _headers_in_memory(self, header: Header, programs: list[tuple[int, Header]]) -> tuple[int, int] | None:
        start, end = header["phoff"], header["phoff"] + len(programs) * elf.PROGRAM_HEADER.size
        for _, each in programs:
            if each["type"] == elf.PT_LOAD and each["offset"] <= start and end <= each["offset"] + each["filesz"]:
                return each["vaddr"] + start - each["offset"], len(programs)
        return None

    # Sections.

    def _loaded(
        self, sections: list[tuple[int, Header]], names: list[str], segments: tuple[Segment, ...]
    ) -> dict[int, Section]:
        """The sections that occupy memory, by number."""
        found: dict[int, Section] = {}
        for number, ((place, header), name) in enumerate(zip(sections, names, strict=True)):
            flags, has_contents = header["flags"], header["type"] in _CONTENTS
            if (
                not flags & elf.SHF_ALLOC
                or not header["size"]
                or not (has_contents or header["type"] == elf.SHT_NOBITS)
            ):
                continue
            if flags & _SHF_TLS and not has_contents:
                continue  # only a size for each thread
            section = Section(name, header["addr"], header["size"], flags & 7, has_contents)
            self._check_section(place, section, segments)
            found[number] = section
        return found

    def _check_section(self, place: int, section: Section, segments: tuple[Segment, ...]) -> None:
        start, end = section.address, section.address + section.size
        segment = self.segment_around(segments, start, end, section.has_contents)
        if segment is None:
            raise self.bad(
                place, f"section '{section.name}' at {start:#x}..{end:#x} does not lie in what a segment holds"
            )
        if section.flags & elf.SHF_EXECINSTR and not segment.flags & PF_X:
            raise self.bad(place, f"section '{section.name}' holds code, and its segment may not be executed")

    # Symbols.

    def _symbols(self, sections: list[tuple[int, Header]], loaded: dict[int, Section]) -> list[tuple[int, Symbol]]:
        """Every symbol that is a place in memory, with its ELF type."""
        tables = [(place, header) for place, header in sections if header["type"] == elf.SHT_SYMTAB]
        if len(tables) > 1:
            raise self.bad(tables[1][0], "there is a second symbol table; a program has at most one")
        return [symbol for table in tables for symbol in self._symbol_table(*table, sections, loaded)]

    def _symbol_table(
        self, place: int, header: Header, sections: list[tuple[int, Header]], loaded: dict[int, Section]
    ) -> list[tuple[int, Symbol]]:
        size = elf.SYMBOL.size
        self.check_symbols(place, header)
        if header["link"] >= len(sections):
            raise self.bad(place, f"the symbols' names are in section {header['link']}; there are {len(sections)}")
        self.contents(place, "the symbol table", header["offset"], header["size"])
        names = self.strings(*sections[header["link"]])
        found = []
        for offset in range(header["offset"], header["offset"] + header["size"], size):
            entry = elf.SYMBOL.unpack(self.data, offset)
            kind, section = entry["info"] & 15, loaded.get(entry["shndx"])
            if section is None or kind in (elf.STT_SECTION, elf.STT_FILE):
                continue
            name = self.string(names, offset, entry["name"], "symbol")
            is_global = entry["info"] >> 4 != elf.STB_LOCAL
            found.append((kind, Symbol(name, entry["value"], is_global, section.name, entry["size"])))
        return found

    # Lines.

    def _lines(self, sections: list[tuple[int, Header]], names: list[str]) -> tuple[LineTable, tuple[str, ...]]:
        """The line table, and what there is to say if it cannot be read: a program runs without."""
        found: dict[str, bytes] = {}
        for (place, header), name in zip(sections, names, strict=True):
            if name in SECTION_NAMES and header["type"] == elf.SHT_PROGBITS:
                if header["flags"] & _SHF_COMPRESSED:
                    return LineTable(), ("no line numbers: they are compressed; compile with -gz=none",)
                found[name] = self.contents(place, f"section '{name}'", header["offset"], header["size"])
        try:
            return read_lines(DebugSections(*(found.get(name, b"") for name in SECTION_NAMES))), ()
        except DamagedLines as damage:
            return LineTable(), (f"no line numbers: {damage}",)


def _is_name(kind: int, symbol: Symbol) -> bool:
    """Is this a name that people gave to a place in memory?"""
    named = symbol.name and not symbol.name.startswith((_LOCAL_PREFIX, _CODE_MARK, _DATA_MARK))
    return bool(named) and kind in (elf.STT_NOTYPE, elf.STT_OBJECT, elf.STT_FUNC)


def _marks(symbols: list[tuple[int, Symbol]], loaded: dict[int, Section]) -> list[Mark]:
    """The mapping symbols of executable sections, by address."""
    executable = {section.name for section in loaded.values() if section.flags & elf.SHF_EXECINSTR}
    found = {
        symbol.address: symbol.name.startswith(_CODE_MARK)
        for kind, symbol in symbols
        if kind == elf.STT_NOTYPE and symbol.section in executable and symbol.name.startswith((_CODE_MARK, _DATA_MARK))
    }
    return [Mark(address, is_code) for address, is_code in sorted(found.items())]
