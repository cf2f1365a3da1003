"""The corner cases of arithmetic, as RV64IM has them: results worked out by hand."""

from __future__ import annotations

import pytest
from support.snippets import Case, check, on_every_engine, parametrize

from toyvm.isa.control import ALL_BITS as ALL
from toyvm.isa.registers import REGISTERS
from toyvm.testing.programs.assembly import li, op

A0, A1, A2 = (REGISTERS[name] for name in ("a0", "a1", "a2"))
MIN64, MAX64 = 1 << 63, (1 << 63) - 1
MIN32, MAX32 = 0xFFFFFFFF80000000, 0x7FFFFFFF

# mnemonic, rs1, rs2, rd
REGISTER_ROWS = [
    ("add", ALL, 1, 0),
    ("add", MAX64, 1, MIN64),
    ("sub", 0, 1, ALL),
    ("sub", MIN64, 1, MAX64),
    ("and", 0xFF00FF00FF00FF00, 0x0F0F0F0F0F0F0F0F, 0x0F000F000F000F00),
    ("or", 0xFF00FF00FF00FF00, 0x0F0F0F0F0F0F0F0F, 0xFF0FFF0FFF0FFF0F),
    ("xor", 0xFF00FF00FF00FF00, 0x0F0F0F0F0F0F0F0F, 0xF00FF00FF00FF00F),
    ("sll", 1, 63, MIN64),
    ("sll", 1, 64, 1),  # the amount is modulo 64
    ("sll", ALL, ALL, MIN64),
    ("srl", MIN64, 63, 1),
    ("srl", MIN64, 64, MIN64),
    ("sra", MIN64, 63, ALL),
    ("sra", MAX64, 62, 1),
    ("sra", MIN64, 0x1000, MIN64),
    ("slt", ALL, 0, 1),
    ("slt", MIN64, MAX64, 1),
    ("slt", 5, 5, 0),
    ("sltu", ALL, 0, 0),
    ("sltu", 0, ALL, 1),
    ("addw", MAX32, 1, MIN32),
    ("addw", 0x1_0000_0001, 0x2_0000_0002, 3),
    ("subw", MIN32, 1, MAX32),
    ("subw", 0, 1, ALL),
    ("sllw", 1, 31, MIN32),
    ("sllw", 1, 32, 1),  # the amount is modulo 32
    ("sllw", 0x1_0000_0000, 1, 0),
    ("srlw", MIN32, 31, 1),
    ("srlw", 0xFFFFFFFF, 0, ALL),  # the result is sign-extended even without a shift
    ("sraw", MIN32, 31, ALL),
    ("sraw", 0x80000000, 4, 0xFFFFFFFFF8000000),
    ("sraw", 0xFFFFFFFF7FFFFFFF, 4, 0x7FFFFFF),
    ("mul", MIN64, ALL, MIN64),
    ("mul", 0x1_0000_0001, 0x1_0000_0001, 0x2_0000_0001),
    ("mulh", ALL, ALL, 0),
    ("mulh", MIN64, MIN64, 1 << 62),
    ("mulh", MIN64, 1, ALL),
    ("mulh", MAX64, MAX64, (1 << 62) - 1),
    ("mulhsu", ALL, ALL, ALL),
    ("mulhsu", MIN64, MIN64, 0xC000000000000000),
    ("mulhsu", 1, ALL, 0),
    ("mulhsu", MAX64, ALL, MAX64 - 1),
    ("mulhu", ALL, ALL, ALL - 1),
    ("mulhu", MIN64, 2, 1),
    ("mulhu", MIN64, MIN64, 1 << 62),
    ("div", 20, 6, 3),
    ("div", -20 & ALL, 6, -3 & ALL),
    ("div", 20, -6 & ALL, -3 & ALL),
    ("div", -20 & ALL, -6 & ALL, 3),
    ("div", MIN64, ALL, MIN64),  # overflow
    ("div", MIN64, 1, MIN64),
    ("div", MIN64, 0, ALL),
    ("div", 0, 0, ALL),
    ("divu", 20, 6, 3),
    ("divu", -20 & ALL, 6, 3074457345618258599),
    ("divu", MIN64, ALL, 0),
    ("divu", 1, 0, ALL),
    ("rem", 20, 6, 2),
    ("rem", -20 & ALL, 6, -2 & ALL),
    ("rem", 20, -6 & ALL, 2),
    ("rem", -20 & ALL, -6 & ALL, -2 & ALL),
    ("rem", MIN64, ALL, 0),  # overflow
    ("rem", MIN64, 0, MIN64),
    ("remu", -20 & ALL, 6, 2),
    ("remu", MIN64, ALL, MIN64),
    ("remu", 7, 0, 7),
    ("mulw", 0x10000, 0x10000, 0),
    ("mulw", 0x8000, 0x10000, MIN32),
    ("mulw", 0xFFFFFFFF, 0xFFFFFFFF, 1),
    ("divw", MIN32, ALL, MIN32),  # overflow
    ("divw", 0x80000000, 0xFFFFFFFF, MIN32),  # only the low halves count
    ("divw", -20 & ALL, 6, -3 & ALL),
    ("divw", 0x5_0000_0014, 0x7_0000_0006, 3),
    ("divw", 1, 0x1_0000_0000, ALL),  # a low half of zero is a zero
    ("divuw", 0xFFFFFFFF, 1, ALL),
    ("divuw", ALL, 2, 0x7FFFFFFF),
    ("divuw", 20, 0, ALL),
    ("remw", MIN32, ALL, 0),
    ("remw", -20 & ALL, 6, -2 & ALL),
    ("remw", 0x80000001, 0, 0xFFFFFFFF80000001),
    ("remuw", 0xFFFFFFFF, 0, ALL),
    ("remuw", ALL, 0x10, 0xF),
    ("remuw", 0x80000000, 0xFFFFFFFF, MIN32),
]

# mnemonic, rs1, immediate, rd
IMMEDIATE_ROWS = [
    ("addi", 0, -16384, -16384 & ALL),
    ("addi", MAX64, 1, MIN64),
    ("andi", ALL, -16384, -16384 & ALL),
    ("andi", ALL, 16383, 16383),
    ("ori", 0, -1, ALL),
    ("xori", 0xFF, -1, ~0xFF & ALL),
    ("slti", MIN64, -16384, 1),
    ("slti", -16384 & ALL, -16384, 0),
    ("sltiu", 5, -1, 1),  # the immediate is sign-extended, then unsigned
    ("sltiu", ALL, -1, 0),
    ("slli", 1, 63, MIN64),
    ("srli", ALL, 63, 1),
    ("srai", MIN64, 63, ALL),
    ("addiw", MAX32, 1, MIN32),
    ("addiw", 0xFFFFFFFF, 0, ALL),
    ("slliw", 1, 31, MIN32),
    ("srliw", 0xFFFFFFFF, 0, ALL),
    ("srliw", 0xF_FFFF_FFFF, 4, 0x0FFFFFFF),
    ("sraiw", 0x80000000, 31, ALL),
]


@on_every_engine
@pytest.mark.parametrize(("mnemonic", "left", "right", "result"), REGISTER_ROWS)
def test_register_arithmetic_is_that_of_rv64im(engine: str, mnemonic: str, left: int, right: int, result: int) -> None:
    body = [*li(A1, left), *li(A2, right), op(mnemonic, A0, A1, A2)]
    # The same with the result over each operand, and into x0.
    body += [op("addi", REGISTERS["s2"], A1, 0), op(mnemonic, REGISTERS["s2"], REGISTERS["s2"], A2)]
    body += [op("addi", REGISTERS["s3"], A2, 0), op(mnemonic, REGISTERS["s3"], A1, REGISTERS["s3"])]
    body += [op(mnemonic, 0, A1, A2)]
    expect = {"a0": result, "s2": result, "s3": result, "a1": left, "a2": right, "zero": 0}
    check(Case(mnemonic, body, expect), engine)


@on_every_engine
@pytest.mark.parametrize(("mnemonic", "left", "immediate", "result"), IMMEDIATE_ROWS)
def test_immediate_arithmetic_is_that_of_rv64im(
    engine: str, mnemonic: str, left: int, immediate: int, result: int
) -> None:
    body = [*li(A1, left), op(mnemonic, A0, A1, immediate), op(mnemonic, 0, A1, immediate)]
    check(Case(mnemonic, body, {"a0": result, "zero": 0}), engine)


WIDE_AND_JUMPS = [
    Case("lui sign-extends", [op("lui", A0, -(1 << 19))], {"a0": MIN32}),
    Case("lui at its largest", [op("lui", A0, (1 << 19) - 1)], {"a0": 0x7FFFF000}),
    Case("auipc counts from itself", [op("auipc", A0, 1)], {"a0": 0x5000}),
    Case("auipc backwards", [op("auipc", A0, -5)], {"a0": (0x4000 - 0x5000) & ALL}),
    Case("jal links", [op("jal", A0, 2), op("addi", A1, 0, 1)], {"a0": 0x4004, "a1": 0}),
    Case(
        "jalr clears bit 0 and links after reading",
        [*li(A0, 0x4011), op("jalr", A0, 0, A0), op("addi", A1, 0, 1)],
        {"a0": 0x400C, "a1": 0},
    ),
    Case(
        "jalr with bit 1 set traps itself, with nothing written",
        [*li(A0, 0x4011), op("jalr", A0, 2, A0)],
        {"trap": "fetch_misaligned", "at": 2, "tval": 0x4012, "a0": 0x4011},
    ),
    Case("a branch that is not taken to itself", [op("bne", A0, A0, 0)], {"trap": "break", "at": 1}),
    Case("branches compare signed", [*li(A0, ALL), op("blt", A0, 0, 2), op("addi", A1, 0, 1)], {"a1": 0}),
    Case("branches compare unsigned", [*li(A0, ALL), op("bltu", A0, 0, 2), op("addi", A1, 0, 1)], {"a1": 1}),
    Case("bge takes equality", [op("bge", A0, A0, 2), op("addi", A1, 0, 1)], {"a1": 0}),
    Case("bgeu is unsigned", [*li(A0, ALL), op("bgeu", 0, A0, 2), op("addi", A1, 0, 1)], {"a1": 1}),
]


@on_every_engine
@parametrize(WIDE_AND_JUMPS)
def test_wide_immediates_and_jumps(case: Case, engine: str) -> None:
    check(case, engine)


def _loads() -> list[Case]:
    value = 0x8182838485868788
    start = li(A1, 0x10000)
    rows = [
        ("lb", 7, 0xFFFFFFFFFFFFFF81),
        ("lbu", 7, 0x81),
        ("lh", 2, 0xFFFFFFFFFFFF8586),
        ("lhu", 2, 0x8586),
        ("lw", 4, 0xFFFFFFFF81828384),
        ("lwu", 4, 0x81828384),
        ("ld", 0, value),
    ]
    return [
        Case(name, [*start, op(name, A0, offset, A1)], {"a0": result}, entries={0x10000: value})
        for name, offset, result in rows
    ]


def _stores() -> list[Case]:
    value, old = 0x8182838485868788, 0x1111111111111111
    start = [*li(A1, 0x10000), *li(A2, value)]
    rows = [
        ("sb", 1, 0x1111111111118811),
        ("sh", 2, 0x1111111187881111),
        ("sw", 4, 0x8586878811111111),
        ("sd", 0, value),
    ]
    return [
        Case(name, [*start, op(name, A2, offset, A1)], {"memory": {0x10000: result}}, entries={0x10000: old})
        for name, offset, result in rows
    ]


@on_every_engine
@parametrize(_loads() + _stores())
def test_loads_and_stores_are_little_endian_and_extended(case: Case, engine: str) -> None:
    check(case, engine)
