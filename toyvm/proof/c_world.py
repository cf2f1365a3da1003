"""What stands around C code that is run: the host's memory, and objects whose contents nobody knows.

An object is known by the way that leads to it, as `cpu->vm->phys`: what is read of it is the same unknown number each
time, until something is stored there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import z3

from toyvm.proof.c_meaning import Address
from toyvm.proof.c_values import (
    ArrayType,
    CType,
    FirstElement,
    Int,
    IntType,
    Place,
    PlacePointer,
    PointerType,
    Struct,
    StructType,
    Value,
)
from toyvm.proof.memory import Memory
from toyvm.proof.symbols import Term, resize


def unknown(name: str, width: int) -> Term:
    return z3.BitVec(name, width)


class World:
    """The machine around the code, as c_meaning asks for it."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.names: dict[str, Place] = {}
        self.functions: Mapping[str, Callable[..., Value | None]] = {}
        self.contents: dict[str, Value] = {}  # of objects: what is known, by the way there
        self.computed: dict[str, Callable[..., Term]] = {}  # numbers in tables of objects, from their indices

    def name(self, name: str) -> Place | None:
        return self.names.get(name)

    def at(self, address: Term, kind: CType) -> Place:
        return InMemory(self, address, kind)

    def read(self, address: Term, size: int) -> Term:
        return self.memory.read(z3.simplify(address), size)

    def write(self, address: Term, size: int, value: Term) -> None:
        self.memory = self.memory.write(z3.simplify(address), size, value)


class InMemory(Place):
    """A place with an address."""

    def __init__(self, world: World, address: Term, kind: CType) -> None:
        self._world, self._address, self.type = world, address, kind

    def load(self) -> Value:
        if isinstance(self.type, ArrayType):
            return Address(self._address, self.type.of, self._world)
        term = self._world.read(self._address, self.type.size)
        if isinstance(self.type, IntType):
            return Int(term, self.type)
        assert isinstance(self.type, PointerType)
        return Address(term, self.type.to, self._world)

    def store(self, value: Value) -> None:
        assert isinstance(value, Int)
        self._world.write(self._address, self.type.size, value.term)

    def field(self, name: str) -> Place:
        assert isinstance(self.type, StructType)
        return InMemory(self._world, self._address + self.type.offset(name), self.type.fields[name])

    def element(self, index: Term) -> Place:
        assert isinstance(self.type, ArrayType)
        return InMemory(self._world, self._address + index * self.type.of.size, self.type.of)


class Object(Place):
    """A place that one comes to from a known object, by fields and indices."""

    def __init__(self, world: World, way: str, kind: CType, indices: tuple[Term, ...] = ()) -> None:
        self._world, self._way, self.type, self._indices = world, way, kind, indices

    def load(self) -> Value:
        if self._way in self._world.contents:
            assert not self._indices, f"{self._way} by index"
            return self._world.contents[self._way]
        if self._way in self._world.computed:
            assert isinstance(self.type, IntType)
            return Int(self._world.computed[self._way](*self._indices), self.type)
        if isinstance(self.type, IntType):
            return Int(self._unknown(self.type.width), self.type)
        if isinstance(self.type, ArrayType):
            return FirstElement(self)
        if isinstance(self.type, StructType):
            return Struct(self.type, {name: self.field(name).load() for name in self.type.fields})
        assert isinstance(self.type, PointerType)
        return ObjectPointer(Object(self._world, f"{self._way}->", self.type.to, self._indices), self._unknown(64))

    def _unknown(self, width: int) -> Term:
        if not self._indices:
            return unknown(self._way, width)
        sorts = [index.sort() for index in self._indices]
        return z3.Function(self._way, *sorts, z3.BitVecSort(width))(*self._indices)

    def store(self, value: Value) -> None:
        assert not self._indices, f"{self._way} is stored by index"
        self._world.contents[self._way] = value

    def field(self, name: str) -> Place:
        assert isinstance(self.type, StructType)
        return Object(self._world, f"{self._way}.{name}", self.type.fields[name], self._indices)

    def element(self, index: Term) -> Place:
        assert isinstance(self.type, ArrayType)
        return Object(
            self._world, f"{self._way}[]", self.type.of, (*self._indices, z3.simplify(resize(index, 64, False)))
        )


class ObjectPointer(PlacePointer):
    """A pointer to an object, whose address is unknown."""

    def __init__(self, place: Place, address: Term) -> None:
        super().__init__(place)
        self._address = address

    @property
    def address(self) -> Term:
        return self._address


class Registers(Place):
    """An array of 64-bit words as a place, known as a whole: `words` has it as a term."""

    def __init__(self, words: Term, kind: ArrayType) -> None:
        self.words = words
        self.type: CType = kind
        self.apart: list[tuple[Term, Term]] = []  # numbers that are known to be different

    def read(self, index: Term) -> Term:
        """What was stored there, where that is seen at once."""
        words = self.words
        while z3.is_store(words):
            stored_at = words.arg(1)
            if z3.eq(stored_at, index):
                return words.arg(2)
            if not self._are_apart(stored_at, index):
                break
            words = words.arg(0)
        return z3.Select(words, index)

    def _are_apart(self, one: Term, other: Term) -> bool:
        return any((z3.eq(one, a) and z3.eq(other, b)) or (z3.eq(one, b) and z3.eq(other, a)) for a, b in self.apart)

    def load(self) -> Value:
        return FirstElement(self)

    def element(self, index: Term) -> Place:
        assert isinstance(self.type, ArrayType)
        return _Word(self, z3.simplify(resize(index, REGISTER_BITS, False)), self.type.of)


REGISTER_BITS = 6  # of a number: 32 registers, and the sink for what is written to x0


class _Word(Place):
    def __init__(self, registers: Registers, index: Term, kind: CType) -> None:
        self._registers, self._index, self.type = registers, index, kind

    def load(self) -> Value:
        assert isinstance(self.type, IntType)
        return Int(self._registers.read(self._index), self.type)

    def store(self, value: Value) -> None:
        assert isinstance(value, Int)
        self._registers.words = z3.simplify(z3.Store(self._registers.words, self._index, value.term))
