"""The declarations are sound, and declaring refuses what is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import toyvm.isa
from toyvm.isa import CAUSES, CONTROL_REGISTERS, INSTRUCTIONS, PORTS
from toyvm.isa.control import ALL_BITS, INFO_FIELDS, PTBR_FIELDS, STATUS_FIELDS, BitField
from toyvm.isa.declare import Class, DeclarationError, Format, Group, check_unique, instruction
from toyvm.isa.paging import PTE_FIELDS, PTE_RESERVED
from toyvm.isa.registers import ABI_NAMES, REGISTERS

RV64IM = (
    "add sub and or xor sll srl sra slt sltu addw subw sllw srlw sraw "
    "mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw "
    "addi andi ori xori slti sltiu slli srli srai addiw slliw srliw sraiw lui auipc "
    "lb lbu lh lhu lw lwu ld sb sh sw sd beq bne blt bge bltu bgeu jal jalr fence"
)


def test_every_rv64im_user_instruction_has_its_t64_instruction() -> None:
    assert set(RV64IM.split()) <= {row.mnemonic for row in INSTRUCTIONS}


def test_sensitive_instructions_are_those_of_the_design() -> None:
    by_class = {cls: [row.mnemonic for row in INSTRUCTIONS if row.cls is cls] for cls in Class}
    assert by_class[Class.PRIVILEGED] == ["crr", "crw", "crx", "eret", "wfi", "tlbi", "in", "out"]
    assert by_class[Class.CRITICAL] == ["getst", "setst", "getvec", "getpt", "probe"]


@pytest.mark.parametrize("fields", [STATUS_FIELDS, PTBR_FIELDS, INFO_FIELDS, PTE_FIELDS])
def test_fields_of_a_word_are_disjoint(fields: tuple[BitField, ...]) -> None:
    union = 0
    for field in fields:
        assert not union & field.mask
        union |= field.mask


def test_every_bit_of_an_entry_is_accounted_for() -> None:
    assert sum(field.mask for field in PTE_FIELDS) ^ PTE_RESERVED == ALL_BITS


def test_reset_values_are_within_the_fields() -> None:
    for register in CONTROL_REGISTERS:
        assert not register.writable or not register.reset & ~register.writable


def test_the_interrupt_enable_bit_has_byte_0_for_itself() -> None:
    assert [field.name for field in STATUS_FIELDS if field.low < 8] == ["ie"]


def test_registers_are_numbered_as_in_the_riscv_psabi() -> None:
    names = "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
    assert names.split() == list(ABI_NAMES)
    assert REGISTERS["fp"] == REGISTERS["s0"] == 8


def test_every_declaration_is_described() -> None:
    for row in (*INSTRUCTIONS, *CONTROL_REGISTERS, *CAUSES):
        assert row.description.strip()
    assert all(port.read or port.write for port in PORTS)


def test_two_rows_cannot_share_a_code_or_a_name() -> None:
    first, second = INSTRUCTIONS[:2]
    for twin in (second._replace(mnemonic=first.mnemonic), second._replace(fn=first.fn)):
        with pytest.raises(DeclarationError, match=r"add|sub"):
            check_unique((first, twin))


def test_an_opcode_cannot_have_two_formats() -> None:
    other = instruction("zzz", Format.U, 1, 0, "rd, imm20", Group.WIDE, Class.INNOCUOUS, "nothing")
    with pytest.raises(DeclarationError, match="zzz"):
        check_unique((INSTRUCTIONS[1], other))


@pytest.mark.parametrize(
    ("format", "op", "fn", "syntax"),
    [
        (Format.I, 0x10, 1, "rd, rs1, imm"),  # a function where there is no field for it
        (Format.U, 0x10, 0, "rd, rs1, imm"),  # an operand that the format lacks
        (Format.R, 0x7F, 0, "rd, rs1, rs2"),  # the opcode of the word 0xffffffff
        (Format.R, 0, 0, "rd, rs1, rs2"),  # and that of the word 0
        (Format.R, 1, 1 << 10, "rd, rs1, rs2"),
    ],
)
def test_an_unsound_row_is_refused(format: Format, op: int, fn: int, syntax: str) -> None:
    with pytest.raises(DeclarationError, match="zzz"):
        instruction("zzz", format, op, fn, syntax, Group.ALU, Class.INNOCUOUS, "nothing")


def test_the_specification_imports_nothing_of_ours_but_itself() -> None:
    for path in Path(toyvm.isa.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(re.match(r"toyvm\.isa(\.|$)", name) or not name.startswith("toyvm") for name in names)
