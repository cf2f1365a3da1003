"""The reference's step with all of the machine unknown: control registers and mode, what translates, devices, time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import z3

from toyvm.proof.c_world import unknown
from toyvm.proof.cells import is_there
from toyvm.proof.coding import SearchedTable
from toyvm.proof.reference import Mmu, NumberedRegisters, Ram
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Before, Operands
from toyvm.proof.symbols import Claim, Number, Term, assume, bits, decide
from toyvm.proof.translation import PAGE_SHIFT, host_of, page_of

_PAGE, _WORD = z3.BitVecSort(64 - PAGE_SHIFT), z3.BitVecSort(64)
_DEVICES = z3.DeclareSort("Devices")


@dataclass(frozen=True)
class Run:
    """One way through an instruction: under these conditions, and from which mode, it comes to this."""

    conditions: tuple[Term, ...]
    user: bool
    trapped: str | None  # the cause, or that it stops the machine
    result: tuple[Term, ...] = ()  # registers, memory, pc
    changes: tuple[Term, ...] = ()  # where a resource is not as it was


def run_reference(sources: Sources, before: Before, row: Any, operands: Operands, level: str) -> Run:
    """The CPU's step as it is written, from the decoded instruction on, on hardware of a level."""
    module: Any = sources.python("toyvm.reference.cpu")
    decoded = sources.python("toyvm.isa.coding").Decoded(row, tuple(operands.numbers))
    module._decode = lambda word: decoded
    module.BY_NUMBER = SearchedTable(sources.python("toyvm.isa.control").BY_NUMBER)
    trap, halt = sources.python("toyvm.reference.traps").Trap, sources.python("toyvm.reference.stops").Halt
    control = sources.python("toyvm.reference.control").ControlRegisters()
    for name in control._values:
        control[name] = Number.unsigned(_status() if name == "status" else unknown(name, 64))
    held = dict(control._values)
    cpu = object.__new__(_cpu_class(module))
    devices, mmu, ram = _Devices(sources), _Mmu(trap), Ram(before.memory)
    vars(ram).update(size=Number.unsigned(unknown("size", 64)))
    skipped = Number.unsigned(unknown("skipped", 64))
    vars(cpu).update(
        x=NumberedRegisters(before.x), pc=Number.unsigned(before.pc), memory=ram, control=control, mmu=mmu,
        devices=devices, level=sources.python("toyvm.isa.machine").Level(level), skipped=skipped,
        retired=Number.unsigned(unknown("retired", 64)), executed={}, _fresh=False,
    )  # fmt: skip
    user = bool(control.user_mode)
    try:
        cpu._retire(cpu._execute())
    except trap as raised:
        return Run((), user, raised.cause.name)
    except halt:
        return Run((), user, "halt")
    changes = [Number.of(control[name]).at(64) != value.at(64) for name, value in held.items()]
    changes += [Number.of(cpu.skipped).at(64) != skipped.at(64), devices.state != _Devices(sources).state]
    changes.append(z3.BoolVal(mmu.has_forgotten))
    return Run((), user, None, (cpu.x.words, ram.now.term, Number.of(cpu.pc).at(64)), tuple(changes))


def _status() -> Term:
    """ie, mode, pie and pmode, a byte each."""
    parts = [part for name in ("pmode", "pie", "mode", "ie") for part in (bits(0, 7), unknown(name, 1))]
    return z3.Concat(bits(0, 32), *parts)


def _cpu_class(module: Any) -> Any:
    class Cpu(module.Cpu):  # type: ignore[misc]
        """One that has an instruction; which interrupts wait, and when the next comes, is unknown."""

        pending = property(lambda self: Number.unsigned(unknown("pending", 64)))

        def _fetch(self) -> Number:
            return Number.unsigned(unknown("word", 32))

        def _ticks_to_event(self) -> Number | None:
            return Number.unsigned(unknown("ticks", 64)) if decide(z3.Bool("event comes")) else None

    return Cpu


class _Mmu(Mmu):
    """What translates, and that something is forgotten. What an address leads to is there, wherever that is."""

    def __init__(self, trap: Any) -> None:
        super().__init__(trap)
        self.has_forgotten = False

    def translate(self, address: Number, access: Any) -> Number:
        found = super().translate(address, access)
        assume(is_there(address.at(64)))
        return found

    def probe(self, address: Number, rights: Number) -> Number:
        fault = z3.Function("probe_fault", _PAGE, _WORD, z3.BoolSort())(page_of(address.at(64)), rights.at(64))
        if decide(fault):
            return Number.of(-1)
        assume(is_there(address.at(64)))
        return Number.unsigned(host_of(address.at(64)))

    def forget_all(self) -> None:
        self.has_forgotten = True

    def forget_page(self, address: Number) -> None:
        self.has_forgotten = True


class _Devices:
    """A state, what is read of it at a port, and what it is after."""

    exit_code = None

    def __init__(self, sources: Sources) -> None:
        self._ports = sources.python("toyvm.isa.ports").PORTS
        self.state: Term = z3.Const("devices", _DEVICES)

    def readable(self, port: Number) -> Claim:
        return Claim(z3.Or(*(port.at(64) == one.number for one in self._ports if one.read is not None)))

    def writable(self, port: Number) -> Claim:
        return Claim(z3.Or(*(port.at(64) == one.number for one in self._ports if one.write is not None)))

    def read(self, port: Number, now: Number) -> Number:
        asked = (self.state, port.at(64), now.at(64))
        self.state = z3.Function("devices_after_in", _DEVICES, _WORD, _WORD, _DEVICES)(*asked)
        return Number.unsigned(z3.Function("devices_say", _DEVICES, _WORD, _WORD, _WORD)(*asked))

    def write(self, port: Number, value: Number, after: Number) -> None:
        after_out = z3.Function("devices_after_out", _DEVICES, _WORD, _WORD, _WORD, _DEVICES)
        self.state = after_out(self.state, port.at(64), value.at(64), after.at(64))

    def advance(self, now: Number) -> None:
        """What time brings is no instruction's doing."""
