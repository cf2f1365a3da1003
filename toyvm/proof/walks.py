"""The page walk: walk.c and the reference find the same, for all tables, addresses, rights and modes.

Both read an entry of each level, one after another. What the first read finds is one unknown number for both, what the
second finds another; that both read it at the same place is asked as well, level by level. So no question is about the
way through memory from one table to the next. What is refuted is asked once more with what memory is besides: where two
reads are at the same place they find the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import z3

from toyvm.isa.control import ALL_BITS
from toyvm.proof.c_meaning import Address, Code
from toyvm.proof.c_values import BOOL, U8, U64, UNSIGNED, Int, PlacePointer, Struct, Value, Variable
from toyvm.proof.c_world import Object, ObjectPointer, World, unknown
from toyvm.proof.memory import memory_before
from toyvm.proof.obligations import Obligation, Questions, on_path
from toyvm.proof.sources import WALK, Sources
from toyvm.proof.symbols import Claim, Number, Term, as_bits, assume, bits, explore
from toyvm.proof.translation import PAGE_SHIFT

AREA = "walk"
_OK, _FAULTS = 0, {"page_fault": 1, "access_fault": 2}  # of enum t64_walk_result
_NOWHERE = ALL_BITS  # T64_NOWHERE
_ENTRY_SIZE = 8


def obligations(sources: Sources) -> Iterator[Obligation]:
    """By where the walk ends: each entry before is a pointer to a table, and the one of that level is none."""
    levels = sources.python("toyvm.isa.paging").LEVELS
    for level in (None, *reversed(range(levels))):
        yield Obligation(
            "walk: without paging" if level is None else f"walk: level {level}",
            AREA,
            f"where {_where(levels, level)}, walk.c reads the entries that the reference reads, and finds the same "
            "address, leaf, place and level, or fault, for all contents and sizes of memory, ptbr, addresses, rights "
            "and both modes; marks of a fetch, a load or a store are the same; no step of it is undefined in C",
            partial(_walk, sources, level),
        )


def _where(levels: int, level: int | None) -> str:
    if level is None:
        return "paging is off"
    return "all tables are gone through" if level == 0 else f"the entry of level {level} leads to no table"


class _Given:
    """What a walk is given, each unknown. Memory is a whole number of pages, and so is where it begins in the host."""

    def __init__(self) -> None:
        self.ptbr, self.gva = unknown("ptbr", 64), unknown("gva", 64)
        self.rights = z3.Concat(bits(0, 28), unknown("rights", 3), bits(0, 1))
        self.user = z3.Bool("user")
        self.size = z3.Concat(bits(0, 24), unknown("pages", 28), bits(0, 12))
        self.ram = z3.Concat(bits(0, 17), unknown("ram", 35), bits(0, 12))
        self.assumptions = (self.ram != 0,)

    @property
    def inputs(self) -> dict[str, Term]:
        return {"ptbr": self.ptbr, "gva": self.gva, "rights": self.rights, "user": as_bits(self.user, 1),
                "size": self.size}  # fmt: skip


class _Entries:
    """The entries that one side reads, in turn: where, and what. As an array, what was read there is there again."""

    def __init__(self, array: list[tuple[Term, Term]] | None) -> None:
        """`array`: what was read of it, by anybody; None: each entry is unknown."""
        self._array = array
        self.read: list[tuple[Term, Term]] = []

    def next(self, address: Term) -> Term:
        entry = _entry(len(self.read if self._array is None else self._array))
        for known_at, known in self._array or ():
            assume(z3.Implies(address == known_at, entry == known))
        if self._array is not None:
            self._array.append((address, entry))
        self.read.append((address, entry))
        return entry


def _entry(number: int) -> Term:
    return unknown(f"entry_{number}", 8 * _ENTRY_SIZE)


class _Ram:
    """The reference's memory: `size` bytes of the host's, from `start` on."""

    def __init__(self, given: _Given, entries: _Entries) -> None:
        self._start, self._size, self.entries = given.ram, Number.unsigned(given.size), entries
        self.stored: tuple[Term, Term] | None = None  # the address, and what was stored there last

    def holds(self, address: Number) -> Claim:
        return Number.of(address) < self._size

    def load(self, address: Number, size: int) -> Number:
        assert size == _ENTRY_SIZE
        return Number.unsigned(self.entries.next(self._start + address.at(64)))

    def store(self, address: Number, size: int, value: Number) -> None:
        assert size == _ENTRY_SIZE
        self.stored = Number.of(address).at(64), Number.of(value).at(64)


class _InC(World):
    """walk.c, on the bare machine: gpa = hpa."""

    def __init__(self, sources: Sources, given: _Given, entries: _Entries) -> None:
        super().__init__(memory_before(False))
        self.entries = entries
        self._given, self._code = given, Code(sources.c(WALK), self)
        self.contents = {
            "phys.ram": Address(given.ram, U8, self),
            "phys.size": Int(given.size, U64),
            "phys.frames": Address(bits(0, 64), UNSIGNED, self),
        }

    def read(self, address: Term, size: int) -> Term:
        assert size == _ENTRY_SIZE
        return self.entries.next(address)

    def walk(self) -> Struct:
        given = self._given
        phys = ObjectPointer(Object(self, "phys", self._code.struct("t64_phys")), unknown("phys", 64))
        gva = Struct(self._code.type_of("t64_gva"), {"at": Int(given.gva, U64)})
        user = Int(as_bits(given.user, 8), BOOL)
        found = self._code.call("walk", phys, Int(given.ptbr, U64), gva, Int(given.rights, UNSIGNED), user)
        assert isinstance(found, Struct)
        return found

    def marks(self, found: Struct, right: int) -> Term:
        """What the leaf lacks after an access that needs a right."""
        place = PlacePointer(Variable(found.type, found))
        return _number(self._code.call("walk_marks", place, Int(bits(right, 32), UNSIGNED)))


def _walk(sources: Sources, level: int | None, as_array: bool) -> Questions:
    given = _Given()
    assumptions = (*given.assumptions, *_ends_at(sources, given, level))
    for path in explore(partial(_differences, sources, given, as_array), assumptions):
        goals, entries = path.result
        inputs = given.inputs | {f"entry_{n}": entry for n, entry in enumerate(entries)}
        yield from on_path(path, assumptions, [z3.Or(*goals)], inputs)


def _ends_at(sources: Sources, given: _Given, level: int | None) -> Iterator[Term]:
    """That the walk ends where an obligation is about."""
    paging = sources.python("toyvm.isa.paging")
    is_on = z3.Extract(0, 0, given.ptbr) == 1
    if level is None:
        yield z3.Not(is_on)
        return
    yield is_on
    fixed = paging.PTE_V | paging.PTE_R | paging.PTE_W | paging.PTE_X | paging.PTE_U | paging.PTE_A | paging.PTE_D
    for n in range(paging.LEVELS - level):
        leads_on = _entry(n) & bits(fixed | paging.PTE_RESERVED, 64) == paging.PTE_V
        if n < paging.LEVELS - 1 - level:
            yield leads_on
        elif level:
            yield z3.Not(leads_on)


def _differences(sources: Sources, given: _Given, as_array: bool) -> tuple[list[Term], list[Term]]:
    """Run both; where what they find is not the same, and which entries the reference has read."""
    paging = sources.python("toyvm.reference.paging")
    array: list[tuple[Term, Term]] | None = [] if as_array else None
    ram, c = _Ram(given, _Entries(array)), _InC(sources, given, _Entries(array))
    ptbr, gva, rights = (Number.unsigned(one) for one in (given.ptbr, given.gva, given.rights))
    try:
        expected = paging.walk(ram, ptbr, gva, rights, Claim(given.user))
    except paging.WalkFault as fault:
        goals = [_number(c.walk().values["result"]) != _FAULTS[fault.kind]]
    else:
        found = c.walk()
        goals = [*_other_leaf(expected, found), *_other_marks(paging, ram, expected, c, found)]
    for (here, _), (there, _) in zip(ram.entries.read, c.entries.read, strict=False):
        goals.append(here != there)
    return goals, [entry for _, entry in ram.entries.read]


def _other_leaf(expected: Any, found: Struct) -> Iterator[Term]:
    """Where a walk that did not fault has found something else."""
    no_leaf = expected.leaf_address is None
    yield _number(found.values["result"]) != _OK
    yield _address(found.values["gpa"]) != Number.of(expected.physical).at(64)
    yield _address(found.values["entry_at"]) != (
        bits(_NOWHERE, 64) if no_leaf else Number.of(expected.leaf_address).at(64)
    )
    yield _number(found.values["entry"]) != Number.of(expected.leaf).at(64)
    yield _number(found.values["level"]) != (0 if no_leaf else (expected.size.bit_length() - 1 - PAGE_SHIFT) // 9)


def _other_marks(paging: Any, ram: _Ram, expected: Any, c: _InC, found: Struct) -> Iterator[Term]:
    """Where the leaf is another one after some access."""
    for access in paging.Access:
        paging.mark(ram, expected, access)
        marks = c.marks(found, access.right)
        if ram.stored is None:
            yield marks != 0
        else:
            address, entry = ram.stored
            yield address != _address(found.values["entry_at"])
            yield entry != marks | _number(found.values["entry"])


def _number(value: Value | None) -> Term:
    assert isinstance(value, Int)
    return value.term


def _address(value: Value) -> Term:
    assert isinstance(value, Struct)
    return _number(value.values["at"])
