"""The reference, run as it stands: its Cpu with registers, control registers and memory that are unknown."""

from __future__ import annotations

from typing import Any

import z3

from toyvm.proof.c_world import REGISTER_BITS
from toyvm.proof.memory import Memory
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Before, End, Outcome
from toyvm.proof.symbols import Claim, Number, Term, bits
from toyvm.proof.translation import fault_of, host_of

_FAULTS = {1: "page_fault", 2: "access_fault"}  # of fault_of


class Reference:
    """A CPU of the checkout's reference that is about to execute one instruction."""

    def __init__(self, sources: Sources, before: Before) -> None:
        self._sources = sources
        cpu_module = sources.python("toyvm.reference.cpu")
        self._trap = sources.python("toyvm.reference.traps").Trap
        self._halt = sources.python("toyvm.reference.stops").Halt
        self._x = NumberedRegisters(before.x)
        self._ram = Ram(before.memory)
        self._cpu = object.__new__(cpu_module.Cpu)
        vars(self._cpu).update(
            x=self._x,
            pc=Number.unsigned(before.pc),
            memory=self._ram,
            control=_Control(),
            mmu=Mmu(self._trap),
        )

    def run(self, mnemonic: str, operands: list[Number | int]) -> Outcome:
        """The instruction's meaning. Its operands are in written order."""
        cpu, causes = self._cpu, self._sources.python("toyvm.isa.traps")
        cpu._next_pc = self._sources.python("toyvm.reference.words").u64(cpu.pc + 4)
        meaning = self._sources.python("toyvm.reference.meaning").MEANING[mnemonic]
        try:
            meaning(cpu, *operands)
        except self._trap as trap:
            cause, tval = bits(causes.BY_NAME[trap.cause.name].code, 64), Number.of(trap.tval).at(64)
            return Outcome(End.TRAP, self._x.words, self._ram.now, cpu.pc.at(64), cause, tval)
        except self._halt:
            return Outcome(End.STUCK, self._x.words, self._ram.now, cpu.pc.at(64))
        return Outcome(End.NEXT, self._x.words, self._ram.now, Number.of(cpu._next_pc).at(64))


class NumberedRegisters:
    """What the CPU has as a list."""

    def __init__(self, words: Term) -> None:
        self.words = words

    def __getitem__(self, number: Number | int) -> Number:
        return Number.unsigned(z3.Select(self.words, Number.of(number).at(REGISTER_BITS)))

    def __setitem__(self, number: Number | int, value: Any) -> None:
        self.words = z3.Store(self.words, Number.of(number).at(REGISTER_BITS), Number.of(value).at(64))


class _Control:
    """Control registers, as far as these instructions ask: mode, and whether interrupts are on, are unknown."""

    @property
    def user_mode(self) -> Claim:
        return Claim(z3.Bool("user_mode"))

    @property
    def interrupts_enabled(self) -> Claim:
        return Claim(z3.Bool("interrupts_enabled"))


class Ram:
    def __init__(self, memory: Memory) -> None:
        self.now = memory

    def load(self, address: Number, size: int) -> Number:
        return Number.unsigned(self.now.read(address.at(64), size))

    def store(self, address: Number, size: int, value: Number) -> None:
        self.now = self.now.write(address.at(64), size, Number.of(value).at(64))


class Mmu:
    """What the walk finds: a place in the host's memory, or a fault."""

    def __init__(self, trap: Any) -> None:
        self._trap = trap

    def translate(self, address: Number, access: Any) -> Number:
        fault = Number.unsigned(fault_of(address.at(64), access.label))
        for kind, name in _FAULTS.items():
            if fault == kind:
                raise self._trap(f"{access.label}_{name}", address)
        return Number.unsigned(host_of(address.at(64)))

    def accessed(self, address: Number, access: Any) -> None:
        """What watches has no part in what is done."""

    def watch_window(self, address: Number) -> None:
        """Nor has it here."""
