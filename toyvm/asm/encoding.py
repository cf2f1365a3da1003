"""Instructions from their operands' text to words. Nothing here knows a symbol's value, so results can be remembered.

What an operand's text alone does not decide stays a hole in the word, with the expression that fills it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toyvm.asm.diagnostics import Complaint, did_you_mean
from toyvm.asm.expressions import Node, Number
from toyvm.asm.operands import split
from toyvm.asm.parser import parse
from toyvm.asm.values import describe, signed64
from toyvm.isa.control import BY_NAME as CONTROL_BY_NAME
from toyvm.isa.declare import IMM15, RD, RS1, RS2, Field, Instruction, Operand
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.registers import REGISTERS
from toyvm.numerals import read_number

NAMES = {"imm": "immediate", "shamt": "shift amount", "imm20": "immediate", "cr": "control register"}


class Hole:
    """A place in a section's data that a value goes to."""

    size: int
    index: int  # of the operand it was written as
    shift: int = 0  # how many columns before the expression are not the writer's own

    def fill(self, value: int, pc: int) -> bytes:
        """The bytes with `value` in place. Raises Complaint if it does not fit."""
        raise NotImplementedError

    def blame(self, complaint: Complaint) -> Complaint:
        """A complaint about the expression as one about the operand, as it was written."""
        if complaint.operand is None:
            complaint.operand, complaint.offset = self.index, max(0, complaint.offset - self.shift)
        return complaint


@dataclass(slots=True)
class WordHole(Hole):
    """An instruction word that lacks its immediate."""

    word: int
    row: Instruction
    operand: Operand
    node: Node
    index: int
    shift: int = 0
    size = 4

    def fill(self, value: int, pc: int) -> bytes:
        if self.operand.scale != 1:
            value = self._distance(value, pc)
        elif self.operand is Operand.UPPER and 1 << 19 <= value < 1 << 20:
            value -= 1 << 20  # as GNU as writes the upper half: 0x80000..0xfffff
        elif value >> 63 == 1:
            value -= 1 << 64
        if not self.operand.low <= value <= self.operand.high:
            raise misfit(self.row, self.operand, value, self.index)
        field = self.operand.field
        return (self.word | (value << field.low) & field.mask).to_bytes(4, "little")

    def _distance(self, target: int, pc: int) -> int:
        """How many words the target is away, which is what the word holds."""
        low, high = self.operand.low * 4, self.operand.high * 4
        distance = signed64(target - pc)
        if distance & 3:
            raise Complaint(f"target {target:#x} is not a multiple of 4 bytes away", self.index)
        if not low <= distance <= high:
            raise Complaint(
                f"target {target:#x} is {distance} bytes away; {self.row.mnemonic} reaches {low}..{high}", self.index
            )
        return distance >> 2


@dataclass(slots=True)
class Constant:
    """`li` with an expression: how long it is depends on what is known of its value where it stands."""

    rd: int
    node: Node
    index: int


Code = int | WordHole
Result = Code | list[Code] | Constant


def misfit(row: Instruction, operand: Operand, value: int, index: int) -> Complaint:
    name = NAMES.get(operand.label, operand.label)
    high = (1 << 20) - 1 if operand is Operand.UPPER else operand.high
    return Complaint(f"{name} {describe(value)} does not fit; {row.mnemonic} takes {operand.low}..{high}", index)


def register(text: str, index: int) -> int:
    """The number of the register an operand names."""
    name = text.strip()
    number = REGISTERS.get(name)
    if number is None:
        what = f"expected a register, not '{name}'" if name else "expected a register"
        raise Complaint(what, index, notes=did_you_mean(name, REGISTERS))
    return number


def expression(text: str, index: int) -> Node:
    """The tree of an operand; where it is wrong, the complaint says in which operand."""
    name = text.strip()
    if name in REGISTERS:
        raise Complaint(not_a_number(name), index)
    return address_expression(text, index)


def not_a_number(register: str) -> str:
    return f"expected a number or a symbol, not register '{register}'"


def address_in(register: str) -> tuple[str, ...]:
    return (f"    the address in it is written 0({register})",)


def address_expression(text: str, index: int) -> Node:
    """The same where no register can stand: compilers' symbols may have the name of one."""
    try:
        return parse(text.strip())
    except Complaint as complaint:
        raise in_operand(complaint, index) from None


def in_operand(complaint: Complaint, index: int, offset: int = 0) -> Complaint:
    return Complaint(complaint.message, index, complaint.offset + offset, complaint.width, complaint.notes)


def wrong_count(mnemonic: str, syntax: str, given: list[str]) -> Complaint:
    wanted = syntax.count(",") + 1 if syntax else 0
    form = f"{mnemonic} {syntax}".strip()
    if len(given) > wanted:
        return Complaint(f"too many operands: {len(given)}; write '{form}'", wanted)
    words = " ".join(given).split()
    notes = (f"    commas part them: {mnemonic} {', '.join(words)}",) if len(words) == wanted > len(given) else ()
    return Complaint(f"too few operands: {len(given)}; write '{form}'", len(given) if given else None, notes=notes)


def place_immediate(word: int, row: Instruction, operand: Operand, node: Node, index: int) -> Code:
    """The word with the immediate, if its value and its meaning are known already."""
    hole = WordHole(word, row, operand, node, index)
    if isinstance(node, Number) and operand.scale == 1:
        return int.from_bytes(hole.fill(node.value, 0), "little")
    return hole


def encode_any(row: Instruction, text: str) -> Code:
    """Encode from any spelling of the operands: the complete account, which the quick encoders only shorten."""
    given = split(text)
    syntax = row.syntax.split(", ") if row.syntax else []
    if len(given) != len(syntax):
        raise wrong_count(row.mnemonic, row.syntax, given)
    word, late = row.match, None
    operands = iter(row.operands)
    for index, piece in enumerate(given):
        operand = next(operands)
        if operand.is_register:
            word |= register(piece, index) << operand.field.low
        elif syntax[index].endswith(")"):
            offset, base = split_memory(row, piece, index)
            word |= base << next(operands).field.low
            late = (operand, expression(offset, index) if offset.strip() else Number(0, 0), index)
        else:
            late = (operand, _number(operand, piece, index), index)
    return word if late is None else place_immediate(word, row, *late)


def _number(operand: Operand, piece: str, index: int) -> Node:
    if operand is Operand.CR:
        return control_register(piece, index)
    return expression(piece, index) if operand.scale == 1 else address_expression(piece, index)


def split_memory(row: Instruction, piece: str, index: int) -> tuple[str, int]:
    """`imm(rs1)` as the text of its offset, which may be empty, and the number of its register."""
    text = piece.strip()
    opening = text.rfind("(")
    if text in REGISTERS:
        raise Complaint(f"expected an address like 8(sp), not register '{text}'", index, notes=address_in(text))
    if not text.endswith(")") or opening < 0:
        raise Complaint(f"expected an address like 8(sp), not '{text}'" if text else "expected an address", index)
    base = text[opening + 1 : -1].strip()
    number = REGISTERS.get(base)
    if number is None:
        raise Complaint(
            f"expected a register in the parentheses, not '{base}'",
            index,
            opening + 1,
            max(1, len(base)),
            did_you_mean(base, REGISTERS),
        )
    return text[:opening], number


def control_register(piece: str, index: int) -> Node:
    """A control register by name, or any expression for its number."""
    register = CONTROL_BY_NAME.get(piece.strip())
    return expression(piece, index) if register is None else Number(0, register.number)


# The quick encoders: one for each common shape of operands, written as tables and integers that Python does fast.
# Whatever they cannot do at once, the complete account does; a test holds that they agree.

Encoder = Callable[[str], Result]


def _placed(field: Field) -> dict[str, int]:
    """Registers by name, already in `field`, also with the blank that follows a comma."""
    return {blank + name: number << field.low for name, number in REGISTERS.items() for blank in ("", " ")}


_RD, _RS1, _RS2 = _placed(RD), _placed(RS1), _placed(RS2)
_LOW = IMM15.low


def _three_registers(row: Instruction) -> Encoder:
    match = row.match

    def encode(text: str) -> Result:
        try:
            rd, rs1, rs2 = text.split(",")
            return match | _RD[rd] | _RS1[rs1] | _RS2[rs2]
        except (KeyError, ValueError):
            return encode_any(row, text)

    return encode


def _two_registers_and_number(row: Instruction) -> Encoder:
    match, operand = row.match, row.operands[2]
    low, high = operand.low, operand.high

    def encode(text: str) -> Result:
        try:
            rd, rs1, number = text.split(",")
            value = read_number(number)
            if low <= value <= high:
                return match | _RD[rd] | _RS1[rs1] | (value & 0x7FFF) << _LOW
        except (KeyError, ValueError):
            pass
        return encode_any(row, text)

    return encode


def _memory(row: Instruction) -> Encoder:
    match = row.match

    def encode(text: str) -> Result:
        try:
            rd, address = text.split(",")
            number, base = address.split("(")
            value = read_number(number) if number != " " else 0
            if base[-1] == ")" and -16384 <= value <= 16383:
                return match | _RD[rd] | _RS1[base[:-1]] | (value & 0x7FFF) << _LOW
        except (KeyError, ValueError, IndexError):
            pass
        return encode_any(row, text)

    return encode


def _branch(row: Instruction) -> Encoder:
    match, operand = row.match, row.operands[2]

    def encode(text: str) -> Result:
        try:
            rv, rs1, target = text.split(",")
            return WordHole(match | _RD[rv] | _RS1[rs1], row, operand, parse(target.strip()), 2)
        except (KeyError, ValueError, Complaint):
            pass
        return encode_any(row, text)

    return encode


def _register_and_number(row: Instruction) -> Encoder:
    match, operand = row.match, row.operands[1]
    low, high, place = operand.low, operand.high, operand.field.low

    def encode(text: str) -> Result:
        try:
            rd, number = text.split(",")
            value = read_number(number)
            if low <= value <= high:
                return match | _RD[rd] | (value << place) & 0xFFFFFFFF
        except (KeyError, ValueError):
            pass
        return encode_any(row, text)

    return encode


def _register_and_target(row: Instruction) -> Encoder:
    match, operand = row.match, row.operands[1]

    def encode(text: str) -> Result:
        try:
            rd, target = text.split(",")
            return WordHole(match | _RD[rd], row, operand, parse(target.strip()), 1)
        except (KeyError, ValueError, Complaint):
            pass
        return encode_any(row, text)

    return encode


_QUICK: dict[str, Callable[[Instruction], Encoder]] = {
    "rd, rs1, rs2": _three_registers,
    "rd, rs1, imm": _two_registers_and_number,
    "rd, rs1, shamt": _two_registers_and_number,
    "rd, rs1, shamt5": _two_registers_and_number,
    "rd, imm(rs1)": _memory,
    "rv, imm(rs1)": _memory,
    "rv, rs1, target": _branch,
    "rd, imm20": _register_and_number,
    "rd, target": _register_and_target,
}


def _encoder(row: Instruction) -> Encoder:
    quick = _QUICK.get(row.syntax)
    return quick(row) if quick is not None else lambda text: encode_any(row, text)


ENCODERS: dict[str, Encoder] = {mnemonic: _encoder(row) for mnemonic, row in BY_MNEMONIC.items()}
