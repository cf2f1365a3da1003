"""Writes an image as an ELF64 file."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from toyvm.image import elf
from toyvm.image.model import Contents, LineTable, Section, Segment, Symbol
from toyvm.isa.paging import PAGE_SIZE


class _Strings:
    """A string table: each string once, each followed by a zero byte."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")
        self._offsets: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = len(self.data)
            self.data += _encoded(text) + b"\0"
        return offset


def _encoded(name: str) -> bytes:
    """A name as UTF-8; what a file's name has that is none is escaped."""
    return name.encode(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class _Extra:
    """A section that is not loaded."""

    name: str
    type: int
    data: bytes
    link: int = 0
    info: int = 0
    align: int = 1
    entsize: int = 0


def write(image: Contents) -> bytes:
    """The file: header, program headers, segments (each at a multiple of the page), tables, section headers."""
    out = bytearray(elf.HEADER.size + elf.PROGRAM_HEADER.size * len(image.segments))
    offsets = [_place_segment(out, segment) for segment in image.segments]
    names = _Strings()
    headers = [elf.SECTION_HEADER.pack(**dict.fromkeys((name for name, _ in elf.SECTION_HEADER.members), 0))]
    headers += [_section_header(section, image, offsets, names) for section in image.sections]
    for extra in _extras(image, names):
        headers.append(_place_extra(out, extra, names))
    out += bytes(-len(out) % 8)
    start = len(out)
    out += b"".join(headers)
    out[: elf.HEADER.size] = _header(image, start, len(headers))
    for number, (segment, offset) in enumerate(zip(image.segments, offsets, strict=True)):
        place = elf.HEADER.size + number * elf.PROGRAM_HEADER.size
        out[place : place + elf.PROGRAM_HEADER.size] = _program_header(segment, offset)
    return bytes(out)


def _header(image: Contents, section_headers: int, count: int) -> bytes:
    return elf.HEADER.pack(
        magic=elf.MAGIC,
        class_=elf.CLASS_64,
        data=elf.DATA_LITTLE,
        ident_version=elf.VERSION,
        abi=0,
        padding=bytes(8),
        type=elf.TYPE_EXECUTABLE,
        machine=elf.MACHINE_T64,
        version=elf.VERSION,
        entry=image.entry,
        phoff=elf.HEADER.size if image.segments else 0,
        shoff=section_headers,
        flags=0,
        ehsize=elf.HEADER.size,
        phentsize=elf.PROGRAM_HEADER.size,
        phnum=len(image.segments),
        shentsize=elf.SECTION_HEADER.size,
        shnum=count,
        shstrndx=count - 1,
    )


def _place_segment(out: bytearray, segment: Segment) -> int:
    """Append a segment's data, at an offset that equals its address modulo the page; the offset."""
    out += bytes((segment.address - len(out)) % PAGE_SIZE)
    offset = len(out)
    out += segment.data
    return offset


def _program_header(segment: Segment, offset: int) -> bytes:
    return elf.PROGRAM_HEADER.pack(
        type=elf.PT_LOAD,
        flags=segment.flags,
        offset=offset,
        vaddr=segment.address,
        paddr=segment.address,
        filesz=len(segment.data),
        memsz=segment.size,
        align=PAGE_SIZE,
    )


def _section_header(section: Section, image: Contents, offsets: list[int], names: _Strings) -> bytes:
    return elf.SECTION_HEADER.pack(
        name=names.add(section.name),
        type=elf.SHT_PROGBITS if section.has_contents else elf.SHT_NOBITS,
        flags=section.flags,
        addr=section.address,
        offset=_offset_of(section, image, offsets),
        size=section.size,
        link=0,
        info=0,
        addralign=_alignment_of(section.address),
        entsize=0,
    )


def _alignment_of(address: int) -> int:
    """An alignment that the address has, and readers take."""
    return min(address & -address, 16) if address else 16


def _offset_of(section: Section, image: Contents, offsets: list[int]) -> int:
    for segment, offset in zip(image.segments, offsets, strict=True):
        if segment.address <= section.address and section.address + section.size <= segment.address + segment.size:
            return offset + min(section.address - segment.address, len(segment.data))
    return 0


def _extras(image: Contents, names: _Strings) -> list[_Extra]:
    """The tables; the section names come last, when all names are in."""
    strings = _Strings()
    numbers = {section.name: number for number, section in enumerate(image.sections, 1)}
    executable = {section.name for section in image.sections if section.flags & elf.SHF_EXECINSTR}
    ranked = sorted(image.symbols, key=lambda symbol: symbol.is_global)
    symbols = [_symbol(symbol, strings, numbers, executable) for symbol in ranked]
    locals_ = sum(not symbol.is_global for symbol in ranked)
    first = len(image.sections) + 1
    table = bytes(elf.SYMBOL.size) + b"".join(symbols)
    for name in (".symtab", ".strtab", elf.LINES_SECTION, ".shstrtab"):
        names.add(name)
    return [
        _Extra(".symtab", elf.SHT_SYMTAB, table, first + 1, locals_ + 1, 8, elf.SYMBOL.size),
        _Extra(".strtab", elf.SHT_STRTAB, bytes(strings.data)),
        _Extra(elf.LINES_SECTION, elf.SHT_PROGBITS, _lines(image.lines)),
        _Extra(".shstrtab", elf.SHT_STRTAB, bytes(names.data)),
    ]


def _symbol(symbol: Symbol, strings: _Strings, numbers: dict[str, int], executable: set[str]) -> bytes:
    binding = elf.STB_WEAK if symbol.is_weak else elf.STB_GLOBAL if symbol.is_global else elf.STB_LOCAL
    kind = elf.STT_FUNC if symbol.section in executable else elf.STT_OBJECT if symbol.section else elf.STT_NOTYPE
    return elf.SYMBOL.pack(
        name=strings.add(symbol.name),
        info=binding << 4 | kind,
        other=0,
        shndx=numbers.get(symbol.section, elf.SHN_ABS),
        value=symbol.address,
        size=symbol.size,
    )


def _lines(lines: LineTable) -> bytes:
    names = b"".join(_encoded(name) + b"\0" for name in lines.files)
    rows = len(lines.addresses)
    body = b"".join(
        (
            names,
            struct.pack(f"<{rows}Q", *lines.addresses),
            struct.pack(f"<{rows}I", *lines.file_numbers),
            struct.pack(f"<{rows}I", *lines.line_numbers),
        )
    )
    header = elf.LINES_HEADER.pack(
        magic=elf.LINES_MAGIC,
        version=elf.LINES_VERSION,
        files=len(lines.files),
        names_size=len(names),
        rows=rows,
        crc=zlib.crc32(body),
    )
    return header + body


def _place_extra(out: bytearray, extra: _Extra, names: _Strings) -> bytes:
    out += bytes(-len(out) % max(8, extra.align))
    offset = len(out)
    out += extra.data
    return elf.SECTION_HEADER.pack(
        name=names.add(extra.name),
        type=extra.type,
        flags=0,
        addr=0,
        offset=offset,
        size=len(extra.data),
        link=extra.link,
        info=extra.info,
        addralign=extra.align,
        entsize=extra.entsize,
    )
