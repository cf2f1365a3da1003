"""How an instruction is declared: formats, fields, operands, and the checks that make a row sound."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Class(Enum):
    """Popek and Goldberg's classes (CACM 17(7), 1974), as the hardware level `strict` leaves them open."""

    INNOCUOUS = "innocuous"
    PRIVILEGED = "privileged"  # traps in user mode at every hardware level
    CRITICAL = "critical"  # sensitive; whether user mode traps depends on the hardware level


class Group(Enum):
    """The manual's chapters, in the order it prints them."""

    ALU = "register ALU"
    MULDIV = "multiply and divide"
    ALU_IMM = "immediate ALU"
    WIDE = "wide"
    MEMORY = "memory"
    CONTROL = "control"
    ORDER = "order"
    ENVIRONMENT = "environment"
    SYSTEM = "privileged"
    CRITICAL = "critical"


class Field(NamedTuple):
    """Bits `high`..`low` of an instruction word."""

    name: str
    high: int
    low: int

    @property
    def width(self) -> int:
        return self.high - self.low + 1

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.low

    def extract(self, word: int) -> int:
        return (word >> self.low) & ((1 << self.width) - 1)


OP = Field("op", 6, 0)
RD = Field("rd", 11, 7)
RS1 = Field("rs1", 16, 12)
RS2 = Field("rs2", 21, 17)
FN = Field("fn", 31, 22)
IMM15 = Field("imm15", 31, 17)
IMM20 = Field("imm20", 31, 12)
_RD, _RS1, _RS2 = RD, RS1, RS2  # their names inside Operand, whose members are called so too


class Format(Enum):
    """The three instruction formats: which fields share the 32 bits of a word.

    ::

        R  fn[31:22] rs2[21:17] rs1[16:12] rd[11:7] op[6:0]
        I  imm15[31:17]         rs1[16:12] rd[11:7] op[6:0]
        U  imm20[31:12]                    rd[11:7] op[6:0]
    """

    R = (FN, RS2, RS1, RD, OP)
    I = (IMM15, RS1, RD, OP)  # noqa: E741 (the manual's own letter)
    U = (IMM20, RD, OP)

    @property
    def fields(self) -> tuple[Field, ...]:
        fields: tuple[Field, ...] = self.value
        return fields


class Operand(Enum):
    """What stands at one place of an instruction's operand list: its field and the values it may take.

    `low`..`high` bound the *encoded* value; `scale` is how many bytes one unit of it means (4 for a target).
    """

    RD = ("rd", _RD, 0, 31, 1)  # a register that is written
    RV = ("rv", _RD, 0, 31, 1)  # a register that is read, in the rd field: stored value, first compared
    RS1 = ("rs1", _RS1, 0, 31, 1)
    RS2 = ("rs2", _RS2, 0, 31, 1)
    IMM = ("imm", IMM15, -(1 << 14), (1 << 14) - 1, 1)
    SHAMT64 = ("shamt", IMM15, 0, 63, 1)
    SHAMT32 = ("shamt", IMM15, 0, 31, 1)
    BRANCH = ("target", IMM15, -(1 << 14), (1 << 14) - 1, 4)
    JUMP = ("target", IMM20, -(1 << 19), (1 << 19) - 1, 4)
    UPPER = ("imm20", IMM20, -(1 << 19), (1 << 19) - 1, 1)
    NUMBER = ("number", IMM20, -(1 << 19), (1 << 19) - 1, 1)
    CR = ("cr", IMM15, -(1 << 14), (1 << 14) - 1, 1)
    PORT = ("port", IMM15, -(1 << 14), (1 << 14) - 1, 1)

    def __init__(self, label: str, field: Field, low: int, high: int, scale: int) -> None:
        self.label = label
        self.field = field
        self.low = low
        self.high = high
        self.scale = scale

    @property
    def is_register(self) -> bool:
        return self.field in (RD, RS1, RS2)


# How the operands of an instruction are written in assembly, by the name its row uses.
SYNTAX: dict[str, tuple[Operand, ...]] = {
    "": (),
    "rd, rs1, rs2": (Operand.RD, Operand.RS1, Operand.RS2),
    "rd, rs1, imm": (Operand.RD, Operand.RS1, Operand.IMM),
    "rd, rs1, shamt": (Operand.RD, Operand.RS1, Operand.SHAMT64),
    "rd, rs1, shamt5": (Operand.RD, Operand.RS1, Operand.SHAMT32),
    "rd, imm(rs1)": (Operand.RD, Operand.IMM, Operand.RS1),
    "rv, imm(rs1)": (Operand.RV, Operand.IMM, Operand.RS1),
    "rv, rs1, target": (Operand.RV, Operand.RS1, Operand.BRANCH),
    "rd, target": (Operand.RD, Operand.JUMP),
    "rd, imm20": (Operand.RD, Operand.UPPER),
    "number": (Operand.NUMBER,),
    "rd, cr": (Operand.RD, Operand.CR),
    "cr, rs1": (Operand.CR, Operand.RS1),
    "rd, cr, rs1": (Operand.RD, Operand.CR, Operand.RS1),
    "rd, port": (Operand.RD, Operand.PORT),
    "port, rs1": (Operand.PORT, Operand.RS1),
    "rs1": (Operand.RS1,),
    "rd": (Operand.RD,),
}


class DeclarationError(AssertionError):
    """A row of the specification contradicts itself or another row."""


class Instruction(NamedTuple):
    """One row of the instruction set.

    `mask` has a one for every bit that the instruction fixes (opcode, function, unused fields), `match` their values:
    a word is this instruction exactly when `word & mask == match` and its immediate lies within the operand's limits.
    """

    mnemonic: str
    format: Format
    op: int
    fn: int
    syntax: str
    group: Group
    cls: Class
    description: str
    operands: tuple[Operand, ...]
    mask: int
    match: int

    @property
    def immediate(self) -> Operand | None:
        """The operand that is not a register, if there is one."""
        return next((operand for operand in self.operands if not operand.is_register), None)


def instruction(
    mnemonic: str, format: Format, op: int, fn: int, syntax: str, group: Group, cls: Class, description: str
) -> Instruction:
    """Declare one instruction, checking that its fields are disjoint and account for every bit."""
    operands = SYNTAX[syntax]
    fixed = [OP] + ([FN] if format is Format.R else [])
    used = fixed + [operand.field for operand in operands]
    for field in used:
        if field not in format.fields:
            raise DeclarationError(f"{mnemonic}: format {format.name} has no field {field.name}")
    if sum(field.mask for field in used) != _union(used):
        raise DeclarationError(f"{mnemonic}: two operands share a field")
    if _union(format.fields) != 0xFFFFFFFF or sum(field.mask for field in format.fields) != 0xFFFFFFFF:
        raise DeclarationError(f"{mnemonic}: format {format.name} does not account for every bit once")
    if not 0 < op < 0x7F or not 0 <= fn < 1 << FN.width:
        raise DeclarationError(f"{mnemonic}: opcode {op:#x}, function {fn:#x} out of range")
    if fn and format is not Format.R:
        raise DeclarationError(f"{mnemonic}: only format R has a function field")
    free = _union([operand.field for operand in operands])
    return Instruction(
        mnemonic, format, op, fn, syntax, group, cls, description, operands, 0xFFFFFFFF & ~free, op | fn << FN.low
    )


def _union(fields: list[Field] | tuple[Field, ...]) -> int:
    bits = 0
    for field in fields:
        bits |= field.mask
    return bits


def check_unique(rows: tuple[Instruction, ...]) -> None:
    """Raise DeclarationError unless mnemonics are unique, (op, fn) pairs are, and an opcode has one format."""
    mnemonics: set[str] = set()
    codes: set[tuple[int, int]] = set()
    formats: dict[int, Format] = {}
    for row in rows:
        if row.mnemonic in mnemonics:
            raise DeclarationError(f"{row.mnemonic}: declared twice")
        if (row.op, row.fn) in codes:
            raise DeclarationError(f"{row.mnemonic}: opcode {row.op:#x}/{row.fn:#x} is taken")
        if formats.setdefault(row.op, row.format) is not row.format:
            raise DeclarationError(f"{row.mnemonic}: opcode {row.op:#x} already has another format")
        mnemonics.add(row.mnemonic)
        codes.add((row.op, row.fn))
