"""The interpreter's handlers, run as they stand in the fast dispatch loop after the preprocessor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import z3

from toyvm.proof.c_meaning import Address, Code
from toyvm.proof.c_text import CFile
from toyvm.proof.c_values import (
    I64,
    INT,
    U8,
    U64,
    ArrayType,
    CType,
    Int,
    Place,
    PlacePointer,
    PointerType,
    Struct,
    StructType,
    Value,
    Variable,
)
from toyvm.proof.c_world import Object, Registers, World, unknown
from toyvm.proof.sources import ACCESS, INTERPRETER, Sources
from toyvm.proof.steps import PAGE_WORDS, Before, End, Operands, Outcome
from toyvm.proof.symbols import Term, bits, decide, extend, shifted_right
from toyvm.proof.translation import addend, fault_of, host_of, tag

SINK = 32  # where writes to x0 go
ENTRY_SIZE = 16  # bytes; a page of code has an entry for each of its words
ACCESS_STORE = 4  # of enum t64_access
_STOPS = frozenset(("dispatch", "look", "raise", "far_jump", "alone"))


@dataclass(frozen=True)
class Entry:
    """What predecode makes of a word, as far as handlers read it."""

    rs1: Term
    rd: Term
    imm: Term

    @property
    def bytes(self) -> Term:
        """All 16, what is not known of them unknown."""
        return z3.Concat(
            self.imm,
            unknown("entry.unused", 8),
            unknown("entry.kind", 8),
            self.rd,
            self.rs1,
            unknown("entry.handler", 64),
        )


def entry_of(operands: Operands, scaled: str = "") -> Entry:
    """As predecode.c fills it; `scaled`: near for a jump within its page, far for another one."""
    reads_rd = any(operand.name == "RV" for operand in operands.row.operands)
    rd = operands.at("rd", 8)
    if not reads_rd:
        rd = z3.If(rd == 0, bits(SINK, 8), rd)
    imm = operands.immediate | operands.at("rs2", 32)
    if scaled:
        imm = (imm - 1) * ENTRY_SIZE if scaled == "near" else imm * 4
    return Entry(operands.at("rs1", 8), rd, imm)


class Interpreter(World):
    """A dispatch loop that has come to an entry: pc, and what is left, are in `ip`, `bias` and `slack`."""

    def __init__(self, sources: Sources, before: Before, entries: Sequence[Entry]) -> None:
        super().__init__(before.memory)
        self._sources = sources
        self._code = Code(sources.c(INTERPRETER), self)
        self._entries = entries
        self._page = z3.Concat(bits(0, 17), unknown("page", 43), bits(0, 4))  # the address of its first entry
        self._start = self._page + before.place * ENTRY_SIZE
        self.x = Registers(before.x, ArrayType(U64, 33))
        self._carried = unknown("carried", 64)
        self._slack = z3.Concat(bits(0, 24), unknown("slack", 36), bits(0, 4))  # no less than 0: dispatch.h
        entry = self._code.struct("code_entry")
        self.ip = Variable(PointerType(entry), Address(self._start, entry, self))
        self.names = {
            "x": self.x,
            "ip": self.ip,
            "bias": Variable(U64, Int(before.pc - shifted_right(self._start, bits(2, 64), False), U64)),
            "slack": Variable(I64, Int(self._slack, I64)),
            "carried": Variable(U64, Int(self._carried, U64)),
            "horizon": Variable(U64, Int(unknown("horizon", 64), U64)),
            **{name: Variable(U64) for name in ("to", "cause", "tval")},
            **{name: self._object(name) for name in ("cpu", "vm", "page", "tlb")},
        }
        self.contents["page->.entries"] = Address(self._page, entry, self)
        self.ram = Address(unknown("ram", 64), U8, self)
        self.contents["cpu->.vm->.phys.ram"] = self.ram
        for access in ("load", "store"):
            self.computed[f"tlb->.{access}[].tag"] = partial(tag, access)
            self.computed[f"tlb->.{access}[].addend"] = partial(addend, access)
        self.functions = {
            "access_load": partial(self._access, "access_load"),
            "access_store": partial(self._access, "access_store"),
        }

    def _object(self, name: str) -> Place:
        struct = {"cpu": "t64_cpu", "vm": "t64_vm", "page": "code_page", "tlb": "tlb"}[name]
        return Object(self, name, PointerType(self._code.struct(struct)))

    def run(self, label: str) -> Outcome:
        """From a label on, to where another entry is dispatched, or control is given away."""
        stopped = self._code.run_from(label, _STOPS)
        assert stopped != "return"
        if stopped == "far_jump":  # there it is counted: LEFT - 1
            return self.outcome(End.NEXT, self._number("to"), ENTRY_SIZE)
        return self.outcome({"raise": End.TRAP, "alone": End.ALONE}.get(stopped, End.NEXT))

    def outcome(self, end: End, pc: Term | None = None, more: int = 0) -> Outcome:
        """As it stands now. `pc`: where that is elsewhere than at ip; `more`: what is not counted yet."""
        trap = {name: self._number(name) for name in ("cause", "tval")} if end is End.TRAP else {}
        left = self._left() - self._left_before() - more
        pc = self._pc() if pc is None else pc
        return Outcome(end, self.x.words, self.memory, pc, left=left, carried=self._number("carried"), **trap)

    def is_at(self, number: int) -> bool:
        """Has it come to this entry, by what is seen of the address?"""
        distance = z3.simplify(self._address() - self._start)
        return bool(z3.is_bv_value(distance) and distance.as_signed_long() == number * ENTRY_SIZE)

    def _number(self, name: str) -> Term:
        value = self.names[name].load()
        assert isinstance(value, Int)
        return value.term

    def _address(self) -> Term:
        pointer = self.ip.load()
        assert isinstance(pointer, Address)
        return pointer.address

    def _pc(self) -> Term:
        return self._number("bias") + shifted_right(self._address(), bits(2, 64), False)

    def _left(self) -> Term:
        """The distance from the entry to where the end lies, in bytes."""
        return self._page + PAGE_WORDS * ENTRY_SIZE + self._number("slack") - self._address()

    def _left_before(self) -> Term:
        return self._page + PAGE_WORDS * ENTRY_SIZE + self._slack - self._start

    # Memory: the entries, the TLB, and the host's.

    def read(self, address: Term, size: int) -> Term:
        distance = z3.simplify(address - self._start)
        if z3.is_bv_value(distance):
            number, at = divmod(distance.as_signed_long(), ENTRY_SIZE)
            if 0 <= number < len(self._entries):
                return z3.Extract(8 * (at + size) - 1, 8 * at, self._entries[number].bytes)
        return super().read(address, size)

    def _access(self, name: str, *arguments: Value) -> Value | None:
        """What access.c does where the TLB has no answer."""
        return _SlowAccess(self, self._sources.c(ACCESS)).call(name, *arguments)


class _WithFunctions(World):
    """An interpreter's world, in which some functions are others."""

    def __init__(self, world: World, functions: Mapping[str, Callable[..., Value | None]]) -> None:
        super().__init__(world.memory)
        self._world = world
        self.functions = functions

    def at(self, address: Term, kind: CType) -> Place:
        return self._world.at(address, kind)

    def read(self, address: Term, size: int) -> Term:
        return self._world.read(address, size)

    def write(self, address: Term, size: int, value: Term) -> None:
        self._world.write(address, size, value)


class _SlowAccess:
    """access.c, where the walk finds what there is to find.

    What only makes the next access faster, or takes the time, is left out.
    """

    def __init__(self, interpreter: Interpreter, file: CFile) -> None:
        self._interpreter = interpreter
        self._code = Code(
            file,
            _WithFunctions(
                interpreter,
                {
                    "translate": self._translate,
                    "phys_to_write": self._to_write,
                    "access_fill": lambda *_: None,
                    "access_is_timed": lambda *_: Int(bits(0, 32), INT),
                    "change_code": lambda *_: None,
                    "code_of": lambda *_: Int(bits(0, 32), INT),
                },
            ),
        )

    def call(self, name: str, *arguments: Value) -> Value | None:
        return self._code.call(name, *arguments)

    def _translate(self, cpu: Value, gva: Value, access: Value, misaligned: Value, hpa: Value) -> Value:
        assert isinstance(gva, Int)
        assert isinstance(access, Int)
        assert isinstance(misaligned, Int)
        assert isinstance(hpa, PlacePointer)
        store = z3.simplify(access.term).as_long() == ACCESS_STORE
        fault = fault_of(gva.term, "store" if store else "load")
        if decide(fault != 0):
            return Int(misaligned.term + extend(fault, 64, False), U64)
        place = hpa.place()
        assert isinstance(place.type, StructType)
        place.store(Struct(place.type, {"at": Int(host_of(gva.term) - self._interpreter.ram.address, U64)}))
        return Int(bits(0, 64), U64)

    def _to_write(self, phys: Value, hpa: Value) -> Value:
        assert isinstance(hpa, Struct)
        offset = hpa.values["at"]
        assert isinstance(offset, Int)
        return self._interpreter.ram.shifted(offset.term)
