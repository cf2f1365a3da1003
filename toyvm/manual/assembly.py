"""The manual's chapters on the assembly language and on images."""

from __future__ import annotations

from typing import Any

from toyvm.asm.directives.table import TABLE
from toyvm.asm.parser import PRECEDENCE
from toyvm.asm.pseudo import DERIVED, PSEUDO_INSTRUCTIONS, Pseudo
from toyvm.asm.t64inc import NAME, constants
from toyvm.image import elf
from toyvm.image.file import MAXIMUM_SECTIONS, MAXIMUM_SEGMENTS
from toyvm.limits import (
    CHARACTERS_OF_A_WIDE_ONE,
    MAXIMUM_CHARACTERS,
    MAXIMUM_COLUMNS,
    MAXIMUM_CONTENTS_BYTES,
    MAXIMUM_STATEMENTS,
    MAXIMUM_SYMBOLS,
    STATEMENTS_OF_A_NAME,
    STATEMENTS_OF_AN_INCLUDE,
)
from toyvm.manual.document import Block, Chapter, Figure, Points, Table
from toyvm.numerals import FORMS

_SYNTAX = (
    "The syntax is that of GNU as for RISC-V. A statement ends with its line or with `;`; comments begin with # or "
    "//, or stand between /* and */.",
    "name: is a label. A number: is a local one, which 1b (the last before) and 1f (the next) refer to. A dot is the "
    "place of the statement.",
    f"Numbers: {FORMS}, with _ between digits, and 'a'. Names are letters, digits, underscore, dollar and dot.",
    "%hi(x) is x >> 12, for lui; %lo(x) its low 12 bits, unsigned, for ori, addi, a load or a store. %pcrel_hi(x) is "
    "for auipc, and %pcrel_lo(label) for what completes the auipc at label.",
    "A macro's arguments are parted by commas, or by blanks between words or strings: m 1 2 has two, m 1 -2 has one. "
    "One in double quotes loses them and may hold anything; m b=2 names its parameter.",
    "Of several sources' symbols of one name a strong one is meant, else the largest common one, else the first weak "
    "one; a weak symbol that is nowhere is 0. Two strong ones are an error.",
    "An instruction that can only trap, whatever the registers hold, is a warning: a control register or port that is "
    "not there or cannot be read or written so, and an address or a target of x0 alone that is misaligned.",
    f"One run of the assembler takes {MAXIMUM_STATEMENTS:,} statements and {MAXIMUM_CHARACTERS:,} characters, those "
    "counted that macros and repetitions make and that are included, each time; an include counts as "
    f"{STATEMENTS_OF_AN_INCLUDE} statements more, a symbol, or a part of a value that waits for the linker, as "
    f"{STATEMENTS_OF_A_NAME}, a further label of a line as one; each "
    f"character of a source that is not all ASCII as {CHARACTERS_OF_A_WIDE_ONE}. "
    f"Lines, as written or made, have {MAXIMUM_COLUMNS:,} characters, and an image holds "
    f"{MAXIMUM_CONTENTS_BYTES:,} bytes, {MAXIMUM_SECTIONS:,} sections, {MAXIMUM_SEGMENTS:,} segments and "
    f"{MAXIMUM_SYMBOLS:,} symbols. What is more is an error where it is made.",
    "A control register may be written by name; a port is an expression.",
    "A program starts at _start, or at the beginning of .text. Sections are placed in the order .text .rodata .data "
    ".bss.",
)
_CONSTANTS = (
    "1: -16384..16383: addi.",
    "1: a multiple of 4096 in -2**31..2**31-1: lui, which takes the number's bits 31..12 as -0x80000..0xfffff: from "
    "0x80000 on it is the negative number of those 20 bits.",
    "2: -2**31..2**31-1: addi and slli, where the number without the zeros at its end is in -16384..16383; else lui "
    "and ori of its low 12 bits.",
    "2 to 8: any other of 64 bits, the shortest of these, and of equal ones the first. The number without its low 14 "
    "bits and the zeros above them, loaded so; slli by 14 and as many as those zeros; ori of the low 14 bits. The "
    "number without the zeros at its end, loaded so; slli. If it is above 0, the number shifted left until bit 63 is "
    "1, with ones moved in, or with zeros, loaded so; srli. That one only if what is loaded has 32 bits, or has "
    "without the zeros at its end.",
    "2: a number in -2**31..2**31-1 that waits for the linker: lui and ori.",
)
_IMAGES = (
    f"An image is an ELF64 file: class {elf.CLASS_64}, little-endian, version {elf.VERSION}, of type "
    f"{elf.TYPE_EXECUTABLE} (EXEC), with a machine number of its own, {elf.MACHINE_T64:#x}. Flags and ABI are 0.",
    f"A program header has type {elf.PT_LOAD} (LOAD) or {elf.PT_NULL} (NULL, which is passed over). A segment is "
    "placed at its physical address, which equals the virtual one; what it has beyond its file contents is zero. It "
    "is not empty, holds no more in the file than in memory, has no flags but X 1, W 2 and R 4, and overlaps no "
    "other. The flags are for tools: memory has the rights that page tables give it.",
    "The entry point is a multiple of 4 and lies in a segment with X.",
    f"Sections may be missing. One that is allocated, of type {elf.SHT_PROGBITS} (PROGBITS) or {elf.SHT_NOBITS} "
    "(NOBITS), lies within a segment. There is at most one symbol table; what it names is in such a section or "
    "absolute; a symbol is local, global or weak (0, 1, 2), and other symbols are passed over.",
    f"The line table is the section {elf.LINES_SECTION}, of type {elf.SHT_PROGBITS}: a header; the names of the "
    "sources, UTF-8, a zero byte behind each; then three columns of as many values as there are rows, little-endian: "
    "addresses of 8 bytes, ascending, numbers of sources of 4 bytes, counted from 0, and lines of 4 bytes, counted "
    "from 1. A row holds from its address up to the next row's; line 0 says that nothing is known from there on.",
)
_LINES_MEANING = {
    "magic": elf.LINES_MAGIC.decode(),
    "version": str(elf.LINES_VERSION),
    "files": "how many sources there are",
    "names_size": "bytes that their names take",
    "rows": "how many rows there are",
    "crc": "zlib's crc32 of all that follows the header",
}


def assembly_chapter() -> Chapter:
    blocks: tuple[Block, ...] = (
        Points(_SYNTAX),
        "Operators, loosest first; those of one line group to the left:",
        Figure(tuple(" ".join(row) for row in PRECEDENCE)),
        "Pseudo-instructions:",
        _pseudo_table(PSEUDO_INSTRUCTIONS),
        "li loads a number by the first of these that can, the number of instructions in front:",
        Points(_CONSTANTS),
        "Further forms of instructions. %pair_lo(address) completes the auipc before it:",
        _pseudo_table(DERIVED),
        "Directives:",
        Table(
            ("directive", "meaning"),
            tuple((f"{row.name} {row.operands}".rstrip(), row.description) for row in TABLE),
        ),
        f'.include "{NAME}" declares these constants:',
        Table(("name", "value"), tuple((name, f"{value:#x}") for name, value in constants().items())),
    )
    return Chapter("Assembly language", blocks)


def image_chapter() -> Chapter:
    return Chapter("Images", (Points(_IMAGES), "The header of the line table:", _lines_header()))


def _lines_header() -> Table:
    return Table(
        ("member", "offset", "bytes", "meaning"),
        tuple(
            (name, str(offset), str(size), _LINES_MEANING[name])
            for name, (offset, size) in elf.LINES_HEADER.places.items()
        ),
    )


def image_data() -> dict[str, Any]:
    return {
        "machine": elf.MACHINE_T64,
        "type": elf.TYPE_EXECUTABLE,
        "lines": {
            "section": elf.LINES_SECTION,
            "header": {
                name: {"offset": offset, "size": size, "meaning": _LINES_MEANING[name]}
                for name, (offset, size) in elf.LINES_HEADER.places.items()
            },
        },
    }


def _pseudo_table(rows: tuple[Pseudo, ...]) -> Table:
    return Table(
        ("written", "stands for", "meaning"),
        tuple((f"{row.mnemonic} {row.operands}".rstrip(), "; ".join(row.expansion), row.description) for row in rows),
    )


def assembly_data() -> dict[str, Any]:
    return {
        "precedence": [list(row) for row in PRECEDENCE],
        "pseudo_instructions": [_pseudo(row) for row in (*PSEUDO_INSTRUCTIONS, *DERIVED)],
        "directives": [{"name": row.name, "operands": row.operands, "meaning": row.description} for row in TABLE],
        "constants": constants(),
    }


def _pseudo(row: Pseudo) -> dict[str, Any]:
    return {
        "mnemonic": row.mnemonic,
        "operands": row.operands,
        "expansion": list(row.expansion),
        "meaning": row.description,
    }
