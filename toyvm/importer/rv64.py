"""RV64IM words, and the T64 words that mean the same.

The instructions, formats and immediates are those of The RISC-V Instruction Set Manual, volume I, chapters 2, 4 and 7
(RV32I, RV64I, M) and Zifencei. T64 has one instruction for each, with immediates at least as wide.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from toyvm.isa.coding import encode
from toyvm.isa.declare import Instruction
from toyvm.isa.instructions import BY_MNEMONIC

UNIMP = 0xC0001073  # csrrw x0, cycle, x0: the word that assemblers write for "illegal"; T64's own is 0

Values = tuple[int, ...]


def _bits(word: int, high: int, low: int) -> int:
    return (word >> low) & ((1 << (high - low + 1)) - 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _rd(word: int) -> int:
    return _bits(word, 11, 7)


def _rs1(word: int) -> int:
    return _bits(word, 19, 15)


def _rs2(word: int) -> int:
    return _bits(word, 24, 20)


# The immediates, in bytes where they are distances.


def _imm_i(word: int) -> int:
    return _signed(_bits(word, 31, 20), 12)


def _imm_s(word: int) -> int:
    return _signed(_bits(word, 31, 25) << 5 | _bits(word, 11, 7), 12)


def _imm_b(word: int) -> int:
    high = _bits(word, 31, 31) << 12 | _bits(word, 7, 7) << 11
    return _signed(high | _bits(word, 30, 25) << 5 | _bits(word, 11, 8) << 1, 13)


def _imm_u(word: int) -> int:
    return _signed(_bits(word, 31, 12), 20)


def _imm_j(word: int) -> int:
    high = _bits(word, 31, 31) << 20 | _bits(word, 19, 12) << 12
    return _signed(high | _bits(word, 20, 20) << 11 | _bits(word, 30, 21) << 1, 21)


# The operands of the T64 instruction, in its order, by RISC-V's format; None where a target lies between words.


def _register(word: int) -> Values:
    return _rd(word), _rs1(word), _rs2(word)


def _immediate(word: int) -> Values:
    return _rd(word), _rs1(word), _imm_i(word)


def _shift64(word: int) -> Values:
    return _rd(word), _rs1(word), _bits(word, 25, 20)


def _shift32(word: int) -> Values:
    return _register(word)  # the amount stands where rs2 does


def _load(word: int) -> Values:
    return _rd(word), _imm_i(word), _rs1(word)


def _store(word: int) -> Values:
    return _rs2(word), _imm_s(word), _rs1(word)


def _branch(word: int) -> Values | None:
    return None if _imm_b(word) & 3 else (_rs1(word), _rs2(word), _imm_b(word) >> 2)


def _upper(word: int) -> Values:
    return _rd(word), _imm_u(word)


def _jump(word: int) -> Values | None:
    return None if _imm_j(word) & 3 else (_rd(word), _imm_j(word) >> 2)


def _none(word: int) -> Values:
    return ()


_FUNCT3, _FUNCT7, _ALL = 0x0000707F, 0xFE00707F, 0xFFFFFFFF
_OPCODE, _FUNCT6 = 0x0000007F, 0xFC00707F


class Rule(NamedTuple):
    """RISC-V words with `word & mask == match` are this T64 instruction, with these operands."""

    name: str
    mask: int
    match: int
    instruction: Instruction
    operands: Callable[[int], Values | None]


def _rule(name: str, mask: int, match: int, operands: Callable[[int], Values | None], t64: str = "") -> Rule:
    assert match & ~mask == 0, f"{name}: matched bits outside the mask"
    return Rule(name, mask, match, BY_MNEMONIC[t64 or name], operands)


def _row(opcode: int, names: str, operands: Callable[[int], Values | None]) -> list[Rule]:
    """Instructions of one opcode by funct3; "-" where there is none."""
    numbered = enumerate(names.split())
    return [_rule(name, _FUNCT3, opcode | funct3 << 12, operands) for funct3, name in numbered if name != "-"]


def _rows7(opcode: int, funct7: int, names: str, operands: Callable[[int], Values | None]) -> list[Rule]:
    """The same with funct7."""
    numbered = enumerate(names.split())
    fixed = opcode | funct7 << 25
    return [_rule(name, _FUNCT7, fixed | funct3 << 12, operands) for funct3, name in numbered if name != "-"]


# By funct3: 0 to 7.
RULES: tuple[Rule, ...] = (
    *_row(0x03, "lb lh lw ld lbu lhu lwu", _load),
    *_row(0x23, "sb sh sw sd", _store),
    *_row(0x63, "beq bne - - blt bge bltu bgeu", _branch),
    *_row(0x67, "jalr", _load),
    *_row(0x13, "addi - slti sltiu xori - ori andi", _immediate),
    *_row(0x1B, "addiw", _immediate),
    _rule("slli", _FUNCT6, 0x00001013, _shift64),
    _rule("srli", _FUNCT6, 0x00005013, _shift64),
    _rule("srai", _FUNCT6, 0x40005013, _shift64),
    *_rows7(0x1B, 0x00, "- slliw - - - srliw", _shift32),
    *_rows7(0x1B, 0x20, "- - - - - sraiw", _shift32),
    *_rows7(0x33, 0x00, "add sll slt sltu xor srl or and", _register),
    *_rows7(0x33, 0x20, "sub - - - - sra", _register),
    *_rows7(0x33, 0x01, "mul mulh mulhsu mulhu div divu rem remu", _register),
    *_rows7(0x3B, 0x00, "addw sllw - - - srlw", _register),
    *_rows7(0x3B, 0x20, "subw - - - - sraw", _register),
    *_rows7(0x3B, 0x01, "mulw - - - divw divuw remw remuw", _register),
    _rule("lui", _OPCODE, 0x37, _upper),
    _rule("auipc", _OPCODE, 0x17, _upper),
    _rule("jal", _OPCODE, 0x6F, _jump),
    _rule("fence", _FUNCT3, 0x0000000F, _none),
    _rule("fence.i", _FUNCT3, 0x0000100F, _none, "fencei"),
    _rule("ecall", _ALL, 0x00000073, _none, "syscall"),
    _rule("ebreak", _ALL, 0x00100073, _none, "break"),
)

# By opcode and the place of funct3, whether a rule has one or not.
_CANDIDATES: dict[int, tuple[Rule, ...]] = {
    key: tuple(rule for rule in RULES if (key ^ rule.match) & rule.mask & _FUNCT3 == 0)
    for key in {rule.match & _OPCODE | funct3 << 12 for rule in RULES for funct3 in range(8)}
}


def find_rule(word: int) -> Rule | None:
    """The RV64IM instruction that a word is, if it is one."""
    for rule in _CANDIDATES.get(word & _FUNCT3, ()):
        if word & rule.mask == rule.match:
            return rule
    return None


@lru_cache(maxsize=1 << 16)
def reencode(word: int) -> int | None:
    """The T64 word with the meaning of the RV64IM `word`; None if that is none, or jumps between words.

    Words that are illegal by definition, 0 and `unimp`, become T64's illegal word 0.
    """
    if word in (0, UNIMP):
        return 0
    rule = find_rule(word)
    values = rule.operands(word) if rule is not None else None
    return None if rule is None or values is None else encode(rule.instruction, values)
