"""Classifying instructions as Popek and Goldberg do (CACM 17(7), 1974), by what the machine does and nothing else.

Each instruction is tried with a choice of operands in pairs of states, in an experiment that is a program
(guests/include/sensitivity.inc): what it shows is a witness, which anybody can run. That nothing is shown is no proof;
toyvm/proof/classes.py has that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import NamedTuple

from toyvm.asm.api import assemble_text
from toyvm.asm.disassembler import disassemble_word
from toyvm.image import Image
from toyvm.isa.coding import encode
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.declare import Class, Group, Instruction, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.isa.ports import BY_NAME as PORT
from toyvm.isa.ports import PORTS
from toyvm.isa.registers import ABI_NAMES
from toyvm.machine.bare import Machine
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.machine.outcome import Stop

MEMORY = 2 << 20  # bytes
LIMIT = 20_000  # instructions of an experiment
ENDS = 42  # what an instruction that switches off may say


class Claim(Enum):
    """What an experiment can show of an instruction, and in which mode; by the number that the program knows it by."""

    PRIVILEGED = ("privileged", "P", 0, 0)
    CONTROL = ("control-sensitive", "C", 1, 0)
    USER_CONTROL = ("control-sensitive in user mode", "c", 1, 1)
    MODE = ("mode-sensitive", "M", 2, 0)
    LOCATION = ("location-sensitive", "L", 3, 0)
    USER_LOCATION = ("location-sensitive in user mode", "l", 3, 1)

    def __init__(self, words: str, letter: str, number: int, user: int) -> None:
        self.words = words
        self.letter = letter
        self.number = number
        self.user = user


SENSITIVE = (Claim.CONTROL, Claim.USER_CONTROL, Claim.MODE, Claim.LOCATION, Claim.USER_LOCATION)
USER_SENSITIVE = (Claim.USER_CONTROL, Claim.USER_LOCATION)  # what theorem 3 is about


class Witness(NamedTuple):
    """An instruction with operands, in a state in which the claim is shown: what a1 and a2 hold, as expressions."""

    claim: Claim
    text: str
    a1: str = "0"
    a2: str = "0"

    @property
    def exit_code(self) -> int:
        """What the program ends with: 1, or what an instruction says that switches off."""
        return ENDS if self.text.startswith(f"out {PORT['power'].number},") else 1

    def source(self) -> str:
        """A program that shows it."""
        return (
            f"# {self.text}: {self.claim.words}.\n\n"
            f".macro subject\n    {self.text}\n.endm\n"
            f".macro values\n    .dword {self.a1}, {self.a2}\n.endm\n"
            f".equ CLAIM, {self.claim.number}\n.equ USER, {self.claim.user}\n"
            '.include "sensitivity.inc"\n'
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What was shown of an instruction, each claim with the smallest witness, and what is declared of it."""

    mnemonic: str
    declared: Class
    witnesses: Mapping[Claim, Witness]

    @property
    def privileged(self) -> bool:
        return Claim.PRIVILEGED in self.witnesses

    @property
    def sensitive(self) -> bool:
        return any(claim in self.witnesses for claim in SENSITIVE)

    @property
    def user_sensitive(self) -> bool:
        return any(claim in self.witnesses for claim in USER_SENSITIVE)

    @property
    def words(self) -> str:
        """What it is: privileged, of which kinds sensitive, or innocuous."""
        found = [claim.words for claim in Claim if claim in self.witnesses]
        return ", ".join(found) if found else "innocuous"


def classify(level: Level, rows: Iterable[Instruction] = INSTRUCTIONS) -> Iterator[Finding]:
    """What each instruction is on hardware of a level, one after another."""
    with _Laboratory(level) as laboratory:
        for row in rows:
            yield laboratory.finding(row)


def contradictions(level: Level, finding: Finding, declared: Class | None = None) -> list[str]:
    """How what was found differs from what is declared, or from another declaration."""
    declared = finding.declared if declared is None else declared
    wrong = []
    if declared is Class.INNOCUOUS:
        if finding.privileged or finding.sensitive:
            wrong.append(f"declared innocuous, and {finding.words}")
    elif not (finding.sensitive or finding.privileged):
        wrong.append(f"declared {declared.value}, and innocuous")
    elif declared is Class.PRIVILEGED and not finding.privileged:
        wrong.append("declared privileged, and does not trap in user mode")
    elif declared is Class.CRITICAL and finding.privileged and level is Level.CLASSIC:
        wrong.append("declared critical, and traps in user mode of classic hardware")
    return wrong


class Theorem(NamedTuple):
    """One of Popek and Goldberg's theorems, whether it applies, and what stands in its way."""

    number: int
    promises: str
    condition: str
    obstacles: tuple[str, ...]

    @property
    def applies(self) -> bool:
        return not self.obstacles


def theorems(findings: Iterable[Finding]) -> tuple[Theorem, ...]:
    """Which theorems apply to a machine with these instructions."""
    findings = tuple(findings)
    first = tuple(one.mnemonic for one in findings if one.sensitive and not one.privileged)
    third = tuple(one.mnemonic for one in findings if one.user_sensitive and not one.privileged)
    return (
        Theorem(1, "a virtual machine monitor can be built", "each sensitive instruction is privileged", first),
        Theorem(
            2,
            "its monitors can run in its virtual machines",
            "each sensitive instruction is privileged, and monitors here take none of a guest's time",
            first,
        ),
        Theorem(3, "a hybrid monitor can be built", "each user-sensitive instruction is privileged", third),
    )


def _experiment(claim: Claim) -> Image:
    """The program of a claim, with a place for the instruction's word and for the values of a1 and a2."""
    return assemble_text(Witness(claim, "nop").source(), f"{claim.name.lower()}.s").image


class _Laboratory:
    """A machine of a level, and the experiment of each claim as it begins, in which words are put."""

    def __init__(self, level: Level) -> None:
        self._machine = Machine(MEMORY, level=level, input=b"x")
        self._images = {claim: _experiment(claim) for claim in Claim}
        self._begun, empty = {}, self._machine.save()
        for claim, image in self._images.items():
            self._machine.restore(empty)
            self._machine.load(image)
            self._begun[claim] = self._machine.save()

    def __enter__(self) -> _Laboratory:
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.close()

    def finding(self, row: Instruction) -> Finding:
        witnesses = {}
        for claim in Claim:
            witness = next((one for one in _candidates(row, claim) if self._shows(row, one)), None)
            if witness is not None:
                witnesses[claim] = witness.witness
        return Finding(row.mnemonic, row.cls, witnesses)

    @interrupts_raised()
    def _shows(self, row: Instruction, candidate: _Candidate) -> bool:
        image, machine = self._images[candidate.witness.claim], self._machine
        machine.restore(self._begun[candidate.witness.claim])
        machine.write(image.address_of("it"), encode(row, candidate.values).to_bytes(4, "little"))
        values = (_value(image, text) for text in (candidate.witness.a1, candidate.witness.a2))
        machine.write(image.address_of("what_a1_holds"), b"".join(value.to_bytes(8, "little") for value in values))
        outcome = machine.run(LIMIT)
        shows = {1, ENDS} if candidate.witness.claim.number == Claim.CONTROL.number else {1}
        return outcome.stop is Stop.EXIT and outcome.exit_code in shows


def _value(image: Image, text: str) -> int:
    """What an expression of _VALUES comes to: a number, or a symbol and what is added."""
    symbol, _, more = text.partition(" + ")
    return int(text, 0) if not more else image.address_of(symbol) + int(more, 0)


class _Candidate(NamedTuple):
    witness: Witness
    values: tuple[int, ...]  # of the operands, encoded


# Register operands: the result is a0, the others a1 and a2.
_REGISTERS = {Operand.RD: 10, Operand.RS1: 11, Operand.RS2: 12, Operand.RV: 12}
# What a1 may hold: numbers; pages of the experiment, one of them forbidden to user mode; what a control register may
# take: other tables, another handler; where the experiment goes on.
_STALE = "0x103000"  # a page whose entry is changed while its translation is known
_NUMBERS = ("0", "1", f"{ENDS}", f"{1 << 63}")
_PLACES = ("0x100000", "0x102000", _STALE, "root_elsewhere + 1", "handler_elsewhere + 0", "it + 4")
_COMPUTING = (Group.ALU, Group.MULDIV, Group.ALU_IMM, Group.WIDE)
_SECOND_VALUES = ("0", "1", "8")


def _candidates(row: Instruction, claim: Claim) -> Iterator[_Candidate]:
    """Operands and values to try, the simplest first."""
    firsts: tuple[str, ...] = ("0",)
    if Operand.RS1 in row.operands:
        firsts = _NUMBERS if row.group in _COMPUTING else _NUMBERS + _PLACES
    if row.group is Group.MEMORY:
        firsts = tuple(value for value in firsts if value != _STALE)  # what is there the specification leaves open
    seconds = _SECOND_VALUES if {Operand.RS2, Operand.RV} & set(row.operands) else ("0",)
    for immediate, a1, a2 in product(_immediates(row.immediate, claim), firsts, seconds):
        if row.immediate is Operand.PORT and immediate == PORT["power"].number and a1 != str(ENDS):
            continue  # it would end the experiment with an answer
        values = tuple(_REGISTERS.get(operand, immediate) for operand in row.operands)
        yield _Candidate(Witness(claim, _text(row, values), a1, a2), values)


def _immediates(operand: Operand | None, claim: Claim) -> tuple[int, ...]:
    """Numbers to try. Where results are compared nothing that tells the time is read: it is another one each time."""
    passes = claim.number in (Claim.PRIVILEGED.number, Claim.CONTROL.number)
    if operand is Operand.CR:
        return tuple(register.number for register in CONTROL_REGISTERS if passes or register.name != "time")
    if operand is Operand.PORT:
        return tuple(port.number for port in PORTS if passes or port.name != "clock")
    if operand in (Operand.BRANCH, Operand.JUMP):
        return (1,)  # word: the next instruction
    return (0, 1, 8)


def _text(row: Instruction, values: tuple[int, ...]) -> str:
    if row.immediate in (Operand.BRANCH, Operand.JUMP):
        names = [ABI_NAMES[value] for value in values[:-1]]
        return f"{row.mnemonic} {', '.join((*names, '. + 4'))}"
    return disassemble_word(encode(row, values), 0)
