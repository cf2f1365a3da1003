"""One instruction: its operands as unknown numbers, the state before it, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from types import ModuleType
from typing import Any

import z3

from toyvm.proof.c_world import REGISTER_BITS, unknown
from toyvm.proof.memory import Memory, memory_before
from toyvm.proof.symbols import Number, Term, bits, extend, shifted_right

X_ARRAY = z3.ArraySort(z3.BitVecSort(REGISTER_BITS), z3.BitVecSort(64))
PAGE_WORDS = 1024
ACCESS_SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}  # by the second letter of a load or a store


class End(Enum):
    """How it goes on."""

    NEXT = auto()  # at `pc`
    TRAP = auto()  # with `cause` and `tval`
    STUCK = auto()  # a jump to itself, which only an interrupt ends
    ALONE = auto()  # the instruction at `pc` is executed by itself


@dataclass(frozen=True)
class Outcome:
    """What an instruction has done. `left`: how many instructions fewer may retire, where that is kept."""

    end: End
    x: Term
    memory: Memory
    pc: Term
    cause: Term = None
    tval: Term = None
    left: Term = None
    carried: Term = None


@dataclass(frozen=True)
class Before:
    """The state before: x by number, x0 being 0, an aligned pc, and memory by host address."""

    x: Term
    pc: Term
    memory: Memory

    @property
    def assumptions(self) -> tuple[Term, ...]:
        return (z3.Select(self.x, bits(0, REGISTER_BITS)) == 0,)

    @property
    def place(self) -> Term:
        """Of the instruction in its page, in words."""
        return shifted_right(self.pc & (4 * PAGE_WORDS - 1), bits(2, 64), False)


def state_before(as_bytes: bool = False) -> Before:
    return Before(z3.Const("x", X_ARRAY), z3.Concat(unknown("pc", 62), bits(0, 2)), memory_before(as_bytes))


class Operands:
    """Of an instruction: an unknown number each, as encoded, by its field; `numbers` has them in written order."""

    def __init__(self, row: Any, registers: dict[str, int] | None = None) -> None:
        """`row`: of the checkout's instructions. `registers`: numbers of registers that are given, by field."""
        self.row = row
        self.terms: dict[str, Term] = {}
        self.numbers: list[Number | int] = []
        assumptions = []
        for operand in row.operands:
            name, width = operand.field.name, operand.field.width
            if registers is not None and operand.is_register:
                self.numbers.append(registers[name])
                self.terms[name] = bits(registers[name], width)
                continue
            term = unknown(name, width)
            self.terms[name] = term
            self.numbers.append(Number.of_term(term, operand.low, operand.high))
            if operand.low == 0 and operand.high < (1 << width) - 1:  # one with a sign may be all that its field holds
                assumptions.append(z3.ULE(term, operand.high))
        self.assumptions = tuple(assumptions)

    def at(self, field: str, width: int) -> Term:
        """Of a field, 0 where the instruction has none; immediates are signed."""
        term = self.terms.get(field)
        return bits(0, width) if term is None else extend(term, width, field.startswith("imm"))

    def access(self, before: Before) -> tuple[Term, int, str] | None:
        """Where the instruction accesses memory, how many bytes, and whether by a load or a store."""
        mnemonic = self.row.mnemonic
        if self.row.group.value != "memory":
            return None
        gva = z3.Select(before.x, self.at("rs1", REGISTER_BITS)) + self.at("imm15", 64)
        return gva, ACCESS_SIZES[mnemonic[1]], "store" if mnemonic.startswith("s") else "load"

    @property
    def immediate(self) -> Term:
        return self.at("imm20", 32) if "imm20" in self.terms else self.at("imm15", 32)


def is_targeted(row: Any) -> bool:
    """Does the instruction name a place in code?"""
    return bool(row.operands) and row.operands[-1].name in ("BRANCH", "JUMP")


def rows_of(instructions: ModuleType) -> dict[str, Any]:
    """The innocuous instructions of a checkout that do not leave the interpreter, by mnemonic."""
    rows: dict[str, Any] = {
        row.mnemonic: row
        for row in instructions.INSTRUCTIONS
        if row.cls.value == "innocuous" and row.group.value != "environment"
    }
    return rows
