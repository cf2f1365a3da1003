"""The input that refutes a claim, as a program: it brings the registers there, and executes the instruction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toyvm.asm.disassembler import disassemble_word
from toyvm.isa.coding import encode
from toyvm.isa.declare import Group, Instruction, Operand
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.registers import ABI_NAMES

_SOURCES = {Operand.RV: "x_rd", Operand.RS1: "x_rs1", Operand.RS2: "x_rs2"}


def witness_of(mnemonic: str, claim: str, values: Mapping[str, int]) -> str:
    """A source for `toyvm compare FILE interpreter reference`, which shows the difference if the core has it too."""
    row = BY_MNEMONIC[mnemonic]
    lines = [f"# Refuted: {claim}.", "# With " + ", ".join(f"{name} = {value:#x}" for name, value in values.items())]
    lines += ["# `toyvm compare THIS interpreter reference` shows it where the core has it.", ""]
    lines += ['.include "t64.inc"', "", ".text", "_start:"]
    lines += [f"    {line}" for line in _setting_up(row, values)]
    instruction = disassemble_word(encode(row, _encoded(row, values)), 0, lambda target: "there")
    lines += [f"    {instruction}", "    nop", "there:", "    out  PORT_POWER, zero"]
    if row.group is Group.MEMORY:
        lines += ["", ".data", ".align 8", "place: .dword 0x8182838485868788, 0x9192939495969798"]
    return "\n".join(lines) + "\n"


def _setting_up(row: Instruction, values: Mapping[str, int]) -> Iterator[str]:
    """Values for the registers that the instruction reads; a base leads to what is there to access, or to jump to."""
    base = "place" if row.group is Group.MEMORY else "there" if row.mnemonic == "jalr" else None
    for operand in row.operands:
        number = values.get(operand.field.name, 0)
        if operand not in _SOURCES or number == 0:
            continue
        name = ABI_NAMES[number]
        if operand is Operand.RS1 and base is not None:
            yield f"la   {name}, {base}"
            yield f"addi {name}, {name}, {-_encoded(row, values)[1]}"
        else:
            yield f"li   {name}, {values.get(_SOURCES[operand], 0):#x}"


def _encoded(row: Instruction, values: Mapping[str, int]) -> tuple[int, ...]:
    """The operands as the row takes them. A displacement that could not be taken back by addi is another one."""
    found = []
    for operand in row.operands:
        value, half = values.get(operand.field.name, 0), 1 << operand.field.width - 1
        if operand.low < 0 and value >= half:
            value -= 2 * half
        if operand is Operand.IMM:
            value = max(value, -half + 1)
        found.append(value)
    return tuple(found)
