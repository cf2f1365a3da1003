"""The manual's tables: what stands in a row, and how a table looks as text and as markdown."""

from __future__ import annotations

import pytest

from toyvm.exits import EXIT_REASONS
from toyvm.hypercalls import RECORDS
from toyvm.isa import CONTROL_REGISTERS, EXCEPTIONS, INSTRUCTIONS, INTERRUPTS, PORTS
from toyvm.isa.paging import PTE_FIELDS
from toyvm.isa.traps import Cause
from toyvm.manual.chapters import chapters
from toyvm.manual.document import Chapter, Figure, Points, Table, as_markdown, as_text

Rows = list[tuple[str, ...]]


def tables(title: str, *headers: str) -> list[Rows]:
    """The rows of each table of a chapter that has these headers."""
    blocks = (block for chapter in chapters() if chapter.title == title for block in chapter.blocks)
    return [list(block.rows) for block in blocks if isinstance(block, Table) and block.headers == headers]


def causes(rows: tuple[Cause, ...]) -> Rows:
    return [(row.name, hex(row.code), row.tval, row.description) for row in rows]


def test_what_is_declared_stands_in_the_columns_that_are_headed_so() -> None:
    assert tables("Exits", "reason", "meaning") == [[(row.name, row.description) for row in EXIT_REASONS]]
    assert tables("Traps and interrupts", "name", "cause", "tval", "meaning") == [
        causes(EXCEPTIONS),
        causes(INTERRUPTS),
    ]
    (fields,) = tables("Paging", "field", "bits", "mask", "meaning")
    assert [(row[0], row[3]) for row in fields] == [(field.name, field.description) for field in PTE_FIELDS]
    (ports,) = tables("Ports", "port", "number", "", "meaning")
    assert [(row[0], int(row[1], 0)) for row in ports] == [(port.name, port.number) for port in PORTS]
    (registers,) = tables("Control registers", "register", "number", "writable bits", "reset", "meaning")
    for row, register in zip(registers, CONTROL_REGISTERS, strict=True):
        assert (row[0], int(row[1]), int(row[3], 0), row[4]) == (
            *(register.name, register.number),
            *(register.reset, register.description),
        )
    groups = tables("Instructions", "instruction", "format", "encoding, bits 31..0", "meaning")
    written = sorted((row[0].split()[0], row[1], row[3]) for rows in groups for row in rows)
    assert written == sorted((row.mnemonic, row.format.name, row.description) for row in INSTRUCTIONS)


SAMPLES = [
    ("Registers", ("x1", "ra", "x9", "s1", "x17", "a7", "x25", "s9")),
    ("Registers", ("x7", "t2", "x15", "a5", "x23", "s7", "x31", "t6")),
    ("Instruction formats", ("rv", "11..7", "0..31", "register", "sb sh sw sd beq bne blt bge bltu bgeu")),
    ("Instruction formats", ("port", "31..17", "-16384..16383", "1", "in out")),
    ("Instructions", ("add rd, rs1, rs2", "R", "0000000000 rs2 rs1 rd 0000001", "rd = rs1 + rs2")),
    ("Instructions", ("addi rd, rs1, imm", "I", "imm rs1 rd 0010000", "rd = rs1 + imm")),
    ("Instructions", ("sd rv, imm(rs1)", "I", "imm rs1 rv 0110011", "8 bytes at rs1 + imm = rv")),
    ("Instructions", ("fence", "I", "000000000000000 00000 00000 1000000")),
    ("Instructions", ("hcall number", "U", "number 00000 0100011")),
    ("Control registers", ("status", "0", "0x1010001", "0x0", "modes and interrupt enable")),
    ("Control registers", ("tvec", "1", "all", "0x0", "address that every trap goes to")),
    ("Paging", ("r", "1", "0x2", "may be loaded from")),
    ("Paging", ("frame", "55..12", "0xfffffffffff000", "physical address, bits 55..12 in place")),
    ("Ports", ("console_out", "0x00", "out", "write byte [7:0]")),
    ("Guest mode", ("interrupt", "38", "its cause", "an interrupt, intercepted")),
    ("Guest mode", ("spin", "43", "", "a branch or jal to itself is taken")),
    ("The paravirtual interface, version 1.0", ("a5", "0x38", "")),
    ("The paravirtual interface, version 1.0", ("handler", "0x8", "its address")),
    ("The paravirtual interface, version 1.0", ("info", "0x58")),
    ("The paravirtual interface, version 1.0", ("notconn", "-107", "the channel has no other end")),
    ("The paravirtual interface, version 1.0", ("HC_INTERFACE", "0x10000")),
    ("Assembly language", ("nop", "addi zero, zero, 0", "do nothing")),
    ("Assembly language", ("add rd, rs, imm", "addi rd, rs, imm", "addi by its shorter name")),
    ("Assembly language", (".bss", "go on in section .bss")),
    ("Assembly language", ("CR_TVEC", "0x1")),
    ("Images", ("crc", "20", "4", "zlib's crc32 of all that follows the header")),
]


@pytest.mark.parametrize(("title", "row"), SAMPLES)
def test_a_row_is_written_so(title: str, row: tuple[str, ...]) -> None:
    blocks = (block for chapter in chapters() if chapter.title == title for block in chapter.blocks)
    rows = [each for block in blocks if isinstance(block, Table) for each in block.rows]
    assert row in [each[: len(row)] for each in rows]


def test_an_operand_of_many_instructions_names_some_and_their_number() -> None:
    (operands,) = tables("Instruction formats", "operand", "bits", "encoded values", "unit", "used by")
    for row in operands:
        users = row[4].split()
        assert len(users) <= 12 or users[11:] == ["...", f"({row[4].rpartition('(')[2].split()[0]}", "in", "all)"]
    assert operands[0][4].endswith(f"({sum('rd' in str(row.syntax).split(', ') for row in INSTRUCTIONS)} in all)")


DOCUMENT = (
    Chapter("One", ("A paragraph that is wrapped.", Points(("first of the points", "second")))),
    Chapter(
        "Two", (Figure(("a | b", "c")), Table(("name", "what it means"), (("x", "short"), ("long_name", "a b c"))))
    ),
)


def test_a_document_as_text_is_as_wide_as_asked_for() -> None:
    assert as_text(DOCUMENT, 18).split("\n") == [
        *("The T64", "=======", "", "   1. One", "   2. Two", ""),
        *("1. One", "======", "", "A paragraph that", "is wrapped.", "", "- first of the", "  points", "- second", ""),
        *("2. Two", "======", "", "    a | b", "    c", ""),
        *("name", "    what it means", "---------", "x", "    short", "long_name", "    a b c", ""),
    ]
    assert as_text(DOCUMENT, 24).split("\n")[-5:] == [
        *("name       what it means", "---------  -------------", "x          short", "long_name  a b c", ""),
    ]


def test_the_last_column_goes_on_beneath_itself() -> None:
    table = Table(("n", "meaning"), (("1", "one two three four five six seven"), ("22", "")))
    assert as_text([Chapter("T", (table,))], 24).split("\n")[8:] == [
        *("n   meaning", "--  --------------------", "1   one two three four", "    five six seven", "22", ""),
    ]


def test_a_document_as_markdown_escapes_what_would_be_read_as_form() -> None:
    table = Table(("a", "b"), (("x*", "<y> | _z_"),))
    assert as_markdown([Chapter("T", ("one *two*", table, Points(("p_q",))))], 80).split("\n") == [
        *("# The T64", "", "1. T", "", "## 1. T", "", "one \\*two\\*", ""),
        *("| a | b |", "|---|---|", "| x\\* | \\<y\\> \\| \\_z\\_ |", "", "- p\\_q", ""),
    ]


def test_each_record_is_headed_by_its_name_and_size() -> None:
    (chapter,) = (each for each in chapters() if each.title.startswith("The paravirtual interface"))
    heads = [block for block in chapter.blocks if isinstance(block, str) and block.startswith("Record ")]
    assert heads == [f"Record {each.name}, {each.size} bytes: {each.description}." for each in RECORDS]
    for head in heads:
        members = chapter.blocks[chapter.blocks.index(head) + 1]
        assert isinstance(members, Table)
        assert int(members.rows[-1][1], 0) == int(head.split(", ")[1].split()[0]) - 8


def test_each_group_of_instructions_is_headed_by_its_name_and_what_is_true_of_all() -> None:
    (chapter,) = (each for each in chapters() if each.title == "Instructions")
    heads = [block for block in chapter.blocks if isinstance(block, str)]
    assert [head.partition(" (")[0] for head in heads] == [
        *("Register ALU", "Multiply and divide", "Immediate ALU", "Wide", "Memory", "Control", "Order"),
        *("Environment", "Privileged", "Critical"),
    ]
    assert all(head.endswith(" (innocuous):") for head in heads[:-2])
    assert heads[-2].partition(" (")[2].startswith("privileged: in user mode each raises the privileged trap")
    assert heads[-1].partition(" (")[2].startswith("critical: sensitive, yet unprivileged on classic hardware")
