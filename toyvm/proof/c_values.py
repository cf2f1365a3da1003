"""What C computes with: types of a 64-bit host, numbers as terms, pointers, and the places that values stand in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import z3

from toyvm.proof.symbols import Term, as_bits, bits, resize


@dataclass(frozen=True)
class IntType:
    width: int
    signed: bool
    boolean: bool = False

    @property
    def size(self) -> int:
        return self.width // 8

    align = size


@dataclass(frozen=True)
class PointerType:
    to: CType
    size: int = 8
    align: int = 8


@dataclass(frozen=True)
class VoidType:
    size: int = 1  # as gcc counts
    align: int = 1


@dataclass(frozen=True)
class ArrayType:
    of: CType
    count: int

    @property
    def size(self) -> int:
        return self.of.size * self.count

    @property
    def align(self) -> int:
        return self.of.align


class StructType:
    """`fields` gives names and types, asked for when they are needed: a struct may lead to itself."""

    def __init__(self, name: str, fields: Callable[[], Mapping[str, CType]]) -> None:
        self.name = name
        self._fields = fields

    @property
    def fields(self) -> Mapping[str, CType]:
        return self._fields()

    def offset(self, name: str | None) -> int:
        """Of a field, in bytes; of None, where the last one ends."""
        at = 0
        for field, kind in self.fields.items():
            at = -(-at // kind.align) * kind.align
            if field == name:
                return at
            at += kind.size
        return at

    @property
    def size(self) -> int:
        return -(-self.offset(None) // self.align) * self.align

    @property
    def align(self) -> int:
        return max(kind.align for kind in self.fields.values())


CType = IntType | PointerType | VoidType | ArrayType | StructType

INT, UNSIGNED, U8, U64, I64 = (
    IntType(32, True),
    IntType(32, False),
    IntType(8, False),
    IntType(64, False),
    IntType(64, True),
)
BOOL = IntType(8, False, boolean=True)


@dataclass(frozen=True)
class Int:
    """A number of a type."""

    term: Term
    type: IntType


@dataclass(frozen=True)
class Struct:
    """By value: its fields by name."""

    type: StructType
    values: Mapping[str, Value]


class Pointer(Protocol):
    """Where something is."""

    def shifted(self, count: Term) -> Pointer:
        """So many elements further on."""

    def place(self) -> Place:
        """What it points at."""

    @property
    def address(self) -> Term:
        """As a number."""

    def to(self, target: CType) -> Pointer:
        """The same as a pointer to something else."""


@dataclass(frozen=True)
class Function:
    """One by its name."""

    name: str


Value = Int | Struct | Pointer | Function


class Place(ABC):
    """Where a value stands. Not each can be written, or has fields or elements."""

    type: CType

    @abstractmethod
    def load(self) -> Value: ...

    def store(self, value: Value) -> None:
        raise NotImplementedError(f"{self.__class__.__name__} is written")

    def field(self, name: str) -> Place:
        raise NotImplementedError(f"{self.__class__.__name__} has no field {name}")

    def element(self, index: Term) -> Place:
        raise NotImplementedError(f"{self.__class__.__name__} has no elements")


class Variable(Place):
    """A local one; `value` is None until it is set."""

    def __init__(self, kind: CType, value: Value | None = None) -> None:
        self.type = kind
        self._value = value

    def load(self) -> Value:
        assert self._value is not None, "a variable is read before it is set"
        return self._value

    def store(self, value: Value) -> None:
        self._value = value

    def field(self, name: str) -> Place:
        return _Field(self, name)


class _Field(Place):
    """A field of a struct that stands in some place as a whole."""

    def __init__(self, whole: Place, name: str) -> None:
        assert isinstance(whole.type, StructType)
        self._whole, self._name = whole, name
        self.type: CType = whole.type.fields[name]

    def load(self) -> Value:
        whole = self._whole.load()
        assert isinstance(whole, Struct)
        return whole.values[self._name]

    def store(self, value: Value) -> None:
        whole = self._whole.load()
        assert isinstance(whole, Struct)
        self._whole.store(Struct(whole.type, {**whole.values, self._name: value}))

    def field(self, name: str) -> Place:
        return _Field(self, name)


class Constant(Place):
    """A place that only is read: of a call's result, or of a table."""

    def __init__(self, value: Value, kind: CType) -> None:
        self._value, self.type = value, kind

    def load(self) -> Value:
        return self._value

    def field(self, name: str) -> Place:
        assert isinstance(self._value, Struct)
        value = self._value.values[name]
        return Constant(value, self._value.type.fields[name])


class Table(Place):
    """A constant array, by index; what it has no initializer for is 0."""

    def __init__(self, kind: ArrayType, values: Mapping[int, Any], zero: Any) -> None:
        """`values` and `zero` are values of the elements, or tables."""
        self.type: CType = kind
        self._values, self._zero = dict(values), zero

    def set(self, index: int, value: Any) -> None:
        """While it is read from its declaration."""
        self._values[index] = value

    def load(self) -> Value:
        return FirstElement(self)

    def element(self, index: Term) -> Place:
        assert isinstance(self.type, ArrayType)
        return _choose(index, [*self._values.items()], self._zero, self.type.of)


def _choose(index: Term, values: list[tuple[int, Any]], zero: Any, kind: CType) -> Place:
    if isinstance(kind, ArrayType):  # of tables: one of theirs
        inner = {
            n: _choose_number(index, [(i, _at(table, n)) for i, table in values], bits(0, kind.of.size * 8))
            for n in range(kind.count)
        }
        assert isinstance(kind.of, IntType)
        return Table(kind, {n: Int(term, kind.of) for n, term in inner.items()}, Int(bits(0, kind.of.width), kind.of))
    if isinstance(kind, StructType):
        chosen: dict[str, Value] = {}
        for name, one in kind.fields.items():
            assert isinstance(one, IntType)
            terms = [(i, value.values[name].term) for i, value in values]
            chosen[name] = Int(_choose_number(index, terms, bits(0, one.width)), one)
        return Constant(Struct(kind, chosen), kind)
    assert isinstance(kind, IntType)
    return Constant(Int(_choose_number(index, [(i, v.term) for i, v in values], zero.term), kind), kind)


def _at(table: Table, index: int) -> Term:
    value = table.element(bits(index, 64)).load()
    assert isinstance(value, Int)
    return z3.simplify(value.term)


def _choose_number(index: Term, terms: list[tuple[int, Term]], zero: Term) -> Term:
    result = zero
    for number, term in terms:
        result = z3.If(index == number, term, result)
    return result


class PlacePointer:
    """To something that has a place and no address."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def shifted(self, count: Term) -> Pointer:
        raise NotImplementedError("arithmetic with a pointer to a variable")

    def place(self) -> Place:
        return self._place

    @property
    def address(self) -> Term:
        raise NotImplementedError("the address of a variable")

    def to(self, target: CType) -> Pointer:
        return self


class FirstElement:
    """A pointer into an array that has a place."""

    def __init__(self, array: Place, index: Term | None = None) -> None:
        self._array, self._index = array, bits(0, 64) if index is None else index

    def shifted(self, count: Term) -> Pointer:
        return FirstElement(self._array, z3.simplify(self._index + count))

    def place(self) -> Place:
        return self._array.element(self._index)

    @property
    def address(self) -> Term:
        raise NotImplementedError("the address of an array")

    def to(self, target: CType) -> Pointer:
        return self


def as_type(value: Value, kind: CType) -> Value:
    """Converted, as by a cast or an assignment."""
    if isinstance(kind, IntType):
        if isinstance(value, Int):
            if kind.boolean:
                return Int(as_bits(value.term != 0, 8), kind)
            return Int(resize(value.term, kind.width, value.type.signed), kind)
        assert not isinstance(value, (Struct, Function))
        return Int(resize(value.address, kind.width, False), kind)
    if isinstance(kind, PointerType) and not isinstance(value, (Int, Struct, Function)):
        return value.to(kind.to)
    return value
