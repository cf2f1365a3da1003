"""The disassembler: words and images as text that assembles back to the same bytes at the same addresses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path

from toyvm.asm.source_lines import SourceLines
from toyvm.image import PF_W, PF_X, Image, Section, Segment, Symbol
from toyvm.isa.coding import decode
from toyvm.isa.control import ALL_BITS
from toyvm.isa.control import BY_NUMBER as CONTROL_BY_NUMBER
from toyvm.isa.declare import Instruction, Operand
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import ABI_NAMES, REGISTERS
from toyvm.printable import printable

SymbolAt = Callable[[int], str | None]

_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)
_NO_ZERO = re.compile(rb"[^\0]")
_WRITE, _ALLOC, _EXECUTE = 1, 2, 4  # a section's flags, with ELF's values
_CODE_COLUMN = 40
_BYTES_IN_ROW = 8
_LEAST_ZEROS = 16  # bytes of zeros that are worth a line of their own


def disassemble_word(word: int, pc: int, symbol_at: SymbolAt | None = None) -> str:
    """The instruction `word` at address `pc`; a word that is none as `.word`.

    `symbol_at` names addresses: a target that it has a name for is written as that, any other as a number.
    """
    decoded = decode(word)
    if decoded is None:
        return f".word {word:#010x}"
    short = _SHORT.get((word & _SHORT_MASKS.get(decoded.instruction.mnemonic, 0), decoded.instruction.mnemonic))
    row, values = decoded.instruction, decoded.values
    texts = dict(zip(_LETTERS, _operands(row, values, pc, symbol_at), strict=False))
    form = short or _form(row)
    return form.format(**texts)


_LETTERS = "abc"


@lru_cache(maxsize=256)
def _form(row: Instruction) -> str:
    """How an instruction is written: its mnemonic, and a letter in braces for each operand."""
    letters = iter(_LETTERS)
    written = [
        re.sub(r"\w+", lambda _: f"{{{next(letters)}}}", operand) for operand in row.syntax.split(", ") if operand
    ]
    return f"{row.mnemonic} {', '.join(written)}".strip()


# Pseudo-instructions that read better: an instruction, what its bits are, and the form.
_SHORT: dict[tuple[int, str], str] = {
    (0x00000010, "addi"): "li {a}, {c}",
    (0x0000003E | 1 << 12, "jalr"): "ret",
    (0x00000022, "jal"): "j {b}",
}
_SHORT_MASKS = {"addi": 0x0001F07F, "jalr": 0xFFFFFFFF, "jal": 0x00000FFF}


def _operands(row: Instruction, values: tuple[int, ...], pc: int, symbol_at: SymbolAt | None) -> Iterator[str]:
    for operand, value in zip(row.operands, values, strict=True):
        if operand.is_register:
            yield ABI_NAMES[value]
        elif operand.scale != 1:
            address = (pc + operand.scale * value) & ALL_BITS
            name = symbol_at(address) if symbol_at is not None else None
            yield printable(name) if name else f"{address:#x}"
        elif operand is Operand.CR and value in CONTROL_BY_NUMBER:
            yield CONTROL_BY_NUMBER[value].name
        elif operand is Operand.UPPER:
            yield f"{value & 0xFFFFF:#x}"
        else:
            yield str(value)


def disassemble_image(image: Image, folders: Sequence[Path] = ()) -> str:
    """A whole image, as `disassembly` has it."""
    return "\n".join(disassembly(image, folders)) + "\n"


def disassembly(image: Image, folders: Sequence[Path] = ()) -> Iterator[str]:
    """The lines of an image: sections, labels, words, source lines as comments; assembled they give the same memory.

    The text of source lines comes from files beneath the current directory, `folders` and the shipped guests.
    """
    names = _Names.of(image)
    sources = SourceLines(folders)
    yield "# Disassembled by toyvm; assembles back to the same bytes at the same addresses."
    yield f".entry {names.at(image.entry) or hex(image.entry)}"
    yield from names.declarations()
    for section, data in _sections(image):
        yield ""
        yield from _section(section, data, image, names, sources)
    yield from names.left_over()
    for file in sources.withheld[:1]:
        yield f"# The text of {printable(file)} is not shown: {_WITHHELD}."


_WITHHELD = "it lies elsewhere than beneath this directory; name its own with --source"


def _sections(image: Image) -> Iterator[tuple[Section, bytes]]:
    """The sections with what the file has of them, and what segments hold outside of them, under names made up."""
    sections = deque(sorted(image.sections, key=lambda one: one.address))
    taken = {section.name for section in image.sections}
    made_up = (name for n in count() if (name := f".part{n}") not in taken)
    used = set()
    for segment in sorted(image.segments, key=lambda segment: segment.address):
        position, end = segment.address, segment.address + segment.size
        while sections and sections[0].address < end:
            section = sections.popleft()
            # What two sections claim is written once.
            if section.address < position or section.name in used or not _is_part(section, segment):
                continue
            gap = section.address - position
            is_padding = gap < PAGE_SIZE and not any(_between(segment, position, section.address))
            if position == segment.address or not is_padding:
                yield from _nameless(segment, position, section.address, made_up)
            used.add(section.name)
            yield section, _between(segment, section.address, section.address + section.size)
            position = section.address + section.size
        yield from _nameless(segment, position, end, made_up)


def _is_part(section: Section, segment: Segment) -> bool:
    """Can this be written as a section, and give that part of the segment back?"""
    is_legal = section.size and _NAME.fullmatch(section.name) and section.flags & _ALLOC
    stored = segment.address + len(segment.data)
    low, high = (segment.address, stored) if section.has_contents else (stored, segment.address + segment.size)
    is_inside = low <= section.address and section.address + section.size <= high
    is_as_writable = bool(section.flags & _WRITE) == bool(segment.flags & PF_W)
    is_as_executable = bool(section.flags & _EXECUTE) == bool(segment.flags & PF_X)
    return bool(is_legal) and is_inside and is_as_writable and is_as_executable


def _between(segment: Segment, start: int, end: int) -> bytes:
    """What the file has of these addresses."""
    return segment.data[start - segment.address : end - segment.address]


def _nameless(segment: Segment, start: int, end: int, made_up: Iterator[str]) -> Iterator[tuple[Section, bytes]]:
    """Sections for the part of a segment that belongs to none: what the file holds, then what is only room."""
    stored = segment.address + len(segment.data)
    flags = _ALLOC | (_WRITE if segment.flags & PF_W else 0) | (_EXECUTE if segment.flags & PF_X else 0)
    for low, high, has_contents in ((start, min(end, stored), True), (max(start, stored), end, False)):
        if low < high:
            yield Section(next(made_up), low, high - low, flags, has_contents), _between(segment, low, high)


@dataclass
class _Names:
    """The symbols that can be labels: legal, and each once. What is a name's place is decided by the first of it."""

    places: dict[int, list[Symbol]] = field(default_factory=dict)
    used: dict[str, Symbol] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    ordered: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, image: Image) -> _Names:
        names = cls()
        for symbol in sorted(image.symbols, key=lambda symbol: not symbol.is_global):
            if symbol.name in names.used or not _NAME.fullmatch(symbol.name) or symbol.name in (*REGISTERS, "."):
                continue
            names.used[symbol.name] = symbol
            if symbol.section:
                names.places.setdefault(symbol.address, []).append(symbol)
        names.ordered = sorted(names.places)
        return names

    def at(self, address: int) -> str | None:
        symbols = self.places.get(address)
        return symbols[0].name if symbols else None

    def next_after(self, address: int, end: int) -> int:
        """The next place with a label, or `end`."""
        index = bisect_right(self.ordered, address)
        return self.ordered[index] if index < len(self.ordered) else end

    def declarations(self) -> list[str]:
        shared = [symbol for symbol in self.used.values() if symbol.is_global]
        return [f"{'.weak' if symbol.is_weak else '.globl'} {symbol.name}" for symbol in shared]

    def labels(self, address: int) -> Iterator[str]:
        for symbol in self.places.get(address, ()):
            if symbol.name not in self.written:
                self.written.add(symbol.name)
                yield f"{symbol.name}:"
                if symbol.size:
                    yield f"    .size {symbol.name}, {symbol.size}"

    def left_over(self) -> list[str]:
        """Numbers, and places that no line begins at."""
        rest = [symbol for symbol in self.used.values() if symbol.name not in self.written]
        return ["", *(f".equ {symbol.name}, {symbol.address:#x}" for symbol in rest)] if rest else []


def _section(section: Section, data: bytes, image: Image, names: _Names, sources: SourceLines) -> Iterator[str]:
    flags = "".join(letter for letter, bit in (("a", _ALLOC), ("w", _WRITE), ("x", _EXECUTE)) if section.flags & bit)
    kind = "@progbits" if section.has_contents else "@nobits"
    yield f'.section {section.name}, "{flags}", {kind}'
    yield f".address {section.address:#x}"
    position, end = section.address, section.address + section.size
    shown: tuple[str, int] | None = None
    while position < end:
        place = image.lines.find(position)
        if place is not None and place != shown:
            file, number = place
            line = f"# {file}:{number}: {sources.line(file, number).strip()}"
            yield printable(line, keep="\t").rstrip(": ")
        shown = place
        yield from names.labels(position)
        size, text = _row(section, data, position, _limit(section, names, position), names)
        yield text
        position += size
    yield from names.labels(end)


def _holds_words(section: Section) -> bool:
    return bool(section.flags & _EXECUTE) and section.address & 3 == 0


def _limit(section: Section, names: _Names, position: int) -> int:
    """Where the row that begins at `position` has to end at the latest: the next label, the section's end."""
    end = section.address + section.size
    if section.has_contents and _holds_words(section) and position & 3 == 0:
        return end
    return min(end, names.next_after(position, end))


def _row(section: Section, data: bytes, position: int, limit: int, names: _Names) -> tuple[int, str]:
    """One line: how many bytes it stands for, and its text."""
    left = limit - position
    if not section.has_contents:
        return left, f"    .zero {left}"
    at = position - section.address
    if _holds_words(section) and position & 3 == 0 and left >= 4:
        word = int.from_bytes(data[at : at + 4], "little")
        text = disassemble_word(word, position, names.at)
        return 4, f"    {text:<{_CODE_COLUMN}}# {position:x}: {word:08x}"
    no_zero = _NO_ZERO.search(data, at, at + left)
    zeros = no_zero.start() - at if no_zero else left
    if zeros >= _LEAST_ZEROS:
        text = f".zero {zeros}"
        return zeros, f"    {text:<{_CODE_COLUMN}}# {position:x}"
    size = min(left, 4 - (position & 3) if section.flags & _EXECUTE else 8, _BYTES_IN_ROW - (position & 7))
    chunk = data[at : at + size]
    text = ".byte " + ", ".join(f"{byte:#04x}" for byte in chunk)
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
    return size, f"    {text:<{_CODE_COLUMN + 16}}# {position:x}: {shown}"
