"""The manual's chapters on the assembly language and on images."""

from __future__ import annotations

from typing import Any

from toyvm.asm.directives import TABLE
from toyvm.asm.parser import PRECEDENCE
from toyvm.asm.pseudo import DERIVED, PSEUDO_INSTRUCTIONS, Pseudo
from toyvm.asm.t64inc import NAME, constants
from toyvm.manual.document import Block, Chapter, Figure, Points, Table

_SYNTAX = (
    "The syntax is that of GNU as for RISC-V. A statement ends with its line or with `;`; comments begin with # or "
    "//, or stand "
    "between /* and */.",
    "name: is a label. A number: is a local one, which 1b (the last before) and 1f (the next) refer to. A dot is the "
    "place of "
    "the statement.",
    "Numbers: 10, 0x10, 0b10, 'a'. Names are letters, digits, underscore, dollar and dot.",
    "%hi(x) is x >> 12, for lui; %lo(x) its low 12 bits, unsigned, for ori, addi, a load or a store. %pcrel_hi(x) is "
    "for auipc, "
    "and %pcrel_lo(label) for what completes the auipc at label.",
    "A control register may be written by name; a port is an expression.",
    "A program starts at _start, or at the beginning of .text. Sections are placed in the order .text .rodata .data "
    ".bss.",
)
_IMAGES = (
    "An image is an ELF64 file, little-endian, of type EXEC, with a machine number of its own, 0x5436. Its loadable "
    "segments "
    "are placed at their physical addresses, which equal the virtual ones; what a segment has beyond its file "
    "contents is zero.",
    "It has a symbol table, and a line table in a section of its own, so that tools can name file, line and symbol.",
)


def assembly_chapter() -> Chapter:
    blocks: tuple[Block, ...] = (
        Points(_SYNTAX),
        "Operators, loosest first; those of one line group to the left:",
        Figure(tuple(" ".join(row) for row in PRECEDENCE)),
        "Pseudo-instructions:",
        _pseudo_table(PSEUDO_INSTRUCTIONS),
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
    return Chapter("Images", (Points(_IMAGES),))


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
