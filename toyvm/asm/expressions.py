"""Expressions as trees, and what they are worth: exact whole numbers, C's operators, GNU's meaning of comparisons."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.values import LIMIT, NotKnown, Relative, Value, describe, signed64

if TYPE_CHECKING:
    from toyvm.asm.sections import NumericLabel

MAXIMUM_SHIFT = 127


class Scope(Protocol):
    """Where an expression stands, and what the names mean there."""

    def here(self) -> Value:
        """The address of the statement."""

    def symbol(self, name: str) -> Value:
        """A symbol's value. Raises NotKnown."""

    def place_of(self, label: NumericLabel) -> Value:
        """Where a numeric label stands. Raises NotKnown."""

    def pcrel_high_at(self, address: int) -> int:
        """The distance that the `%pcrel_hi` at this address was given. Raises NotKnown."""


class Binder(Protocol):
    """What knows which label `1b` and `1f` mean at this place."""

    def numeric_label(self, number: int, forward: bool) -> NumericLabel:
        """The label that is meant. Raises Complaint if there is none."""


@dataclass(frozen=True, slots=True)
class Node:
    """Part of an expression; `offset` is its column in the text it was parsed from."""

    offset: int

    def evaluate(self, scope: Scope) -> Value:
        raise NotImplementedError

    def bind(self, binder: Binder) -> Node:
        """The same expression with numeric labels replaced by those that they mean here."""
        return self

    def weight(self) -> int:
        """How many parts it has."""
        return 1


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int

    def evaluate(self, scope: Scope) -> Value:
        return self.value


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str

    def evaluate(self, scope: Scope) -> Value:
        try:
            return scope.symbol(self.name)
        except NotKnown as error:
            error.offset = self.offset
            raise


@dataclass(frozen=True, slots=True)
class UnboundLabel(Node):
    """`1b` or `1f`, before it is known which label that is."""

    number: int
    forward: bool

    def evaluate(self, scope: Scope) -> Value:
        raise AssertionError("a numeric label is evaluated before it is bound")

    def bind(self, binder: Binder) -> Node:
        try:
            return BoundLabel(self.offset, binder.numeric_label(self.number, self.forward))
        except Complaint as complaint:
            complaint.offset, complaint.width = self.offset, len(str(self.number)) + 1
            raise


@dataclass(frozen=True, slots=True)
class BoundLabel(Node):
    label: NumericLabel

    def evaluate(self, scope: Scope) -> Value:
        try:
            return scope.place_of(self.label)
        except NotKnown as error:
            error.offset = self.offset
            raise


@dataclass(frozen=True, slots=True)
class Here(Node):
    """`.`"""

    def evaluate(self, scope: Scope) -> Value:
        return scope.here()


@dataclass(frozen=True, slots=True)
class Unary(Node):
    sign: str
    of: Node

    def evaluate(self, scope: Scope) -> Value:
        value = self.of.evaluate(scope)
        if self.sign == "+":
            return value
        if isinstance(value, Relative):
            raise NotKnown(f"'{self.sign}' of an address is not known before linking")
        return self.apply(value)

    def apply(self, value: int) -> int:
        return value if self.sign == "+" else UNARY[self.sign](value)

    def bind(self, binder: Binder) -> Node:
        return Unary(self.offset, self.sign, self.of.bind(binder))

    def weight(self) -> int:
        return 1 + self.of.weight()


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`offset` is that of the operator."""

    sign: str
    left: Node
    right: Node

    def evaluate(self, scope: Scope) -> Value:
        left, right = self.left.evaluate(scope), self.right.evaluate(scope)
        if isinstance(left, int) and isinstance(right, int):
            return self.apply(left, right)
        return _relative(self.sign, left, right)

    def apply(self, left: int, right: int) -> int:
        """The operation on two numbers. Raises Complaint where it has no result."""
        if self.sign in ("/", "%") and right == 0:
            raise Complaint(f"division by zero: {left} {self.sign} 0", None, self.offset, 1)
        if self.sign in ("<<", ">>") and not 0 <= right <= MAXIMUM_SHIFT:
            raise Complaint(f"shift by {describe(right)}; shifts take 0..{MAXIMUM_SHIFT}", None, self.offset, 2)
        value = BINARY[self.sign](left, right)
        if not -LIMIT < value < LIMIT:
            raise Complaint(f"the result of '{self.sign}' has more than 128 bits", None, self.offset, len(self.sign))
        return value

    def bind(self, binder: Binder) -> Node:
        return Binary(self.offset, self.sign, self.left.bind(binder), self.right.bind(binder))

    def weight(self) -> int:
        return 1 + self.left.weight() + self.right.weight()


@dataclass(frozen=True, slots=True)
class Part(Node):
    """`%hi` and its like: the part of an address that one instruction takes.

    An immediate has 15 bits, so the low part is the 12 low bits as they are, and the high part needs no rounding.
    """

    of: Node

    def bind(self, binder: Binder) -> Node:
        return type(self)(self.offset, self.of.bind(binder))

    def weight(self) -> int:
        return 1 + self.of.weight()

    def _number(self, scope: Scope) -> int:
        value = self.of.evaluate(scope)
        if isinstance(value, Relative):
            raise NotKnown("the address is not known before linking")
        return value


class High(Part):
    def evaluate(self, scope: Scope) -> Value:
        value = self._number(scope)
        # As an address: the top half of the address space is below zero.
        if not -(1 << 31) <= signed64(value) < 1 << 31 or not -(1 << 63) <= value < 1 << 64:
            raise Complaint(
                f"%hi of {describe(value)} does not fit; lui reaches {-(1 << 31):#x}..{(1 << 31) - 1:#x}",
                None,
                self.offset,
                3,
            )
        return signed64(value) >> 12


class Low(Part):
    def evaluate(self, scope: Scope) -> Value:
        return self._number(scope) & 0xFFF


class PcrelHigh(Part):
    def distance(self, scope: Scope) -> int:
        here = scope.here()
        if isinstance(here, Relative):
            raise NotKnown("the distance is not known before linking")
        distance = signed64(self._number(scope) - here)
        if not -(1 << 31) <= distance < 1 << 31:
            raise Complaint(
                f"the address is {describe(distance)} bytes away; auipc reaches {-(1 << 31)}..{(1 << 31) - 1}",
                None,
                self.offset,
                1,
            )
        return distance

    def evaluate(self, scope: Scope) -> Value:
        return self.distance(scope) >> 12


class PcrelLow(Part):
    """`of` is the address of the auipc with the `%pcrel_hi`."""

    def evaluate(self, scope: Scope) -> Value:
        return scope.pcrel_high_at(self._number(scope)) & 0xFFF


class PairLow(Part):
    """The low part for a `%pcrel_hi` of the same expression in the instruction before, as `la` has it."""

    def evaluate(self, scope: Scope) -> Value:
        return PcrelHigh(self.offset, self.of).distance(_Before(scope)) & 0xFFF


@dataclass(frozen=True, slots=True)
class _Before:
    """The scope of the instruction before."""

    scope: Scope

    def here(self) -> Value:
        here = self.scope.here()
        return here - 4 if isinstance(here, int) else Relative(here.section, here.offset - 4)

    def symbol(self, name: str) -> Value:
        return self.scope.symbol(name)

    def place_of(self, label: NumericLabel) -> Value:
        return self.scope.place_of(label)

    def pcrel_high_at(self, address: int) -> int:
        return self.scope.pcrel_high_at(address)


def _divide(left: int, right: int) -> int:
    """C's division: towards zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _comparison(compare: Callable[[int, int], bool]) -> Callable[[int, int], int]:
    """As in GNU as, true is -1: all ones."""
    return lambda left, right: -1 if compare(left, right) else 0


UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "~": operator.invert,
    "!": lambda value: int(value == 0),
}
BINARY: dict[str, Callable[[int, int], int]] = {
    "*": operator.mul,
    "/": _divide,
    "%": lambda left, right: left - right * _divide(left, right),
    "<<": operator.lshift,
    ">>": operator.rshift,
    "|": operator.or_,
    "&": operator.and_,
    "^": operator.xor,
    "!": lambda left, right: left | ~right,
    "+": operator.add,
    "-": operator.sub,
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "<>": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
    "&&": lambda left, right: int(left != 0 and right != 0),
    "||": lambda left, right: int(left != 0 or right != 0),
}


def _relative(sign: str, left: Value, right: Value) -> Value:
    """What an operator makes of addresses before linking: sums with numbers, and distances within a section."""
    if isinstance(left, Relative) and isinstance(right, int) and sign in ("+", "-"):
        return Relative(left.section, BINARY[sign](left.offset, right))
    if isinstance(left, int) and isinstance(right, Relative) and sign == "+":
        return Relative(right.section, left + right.offset)
    if (
        isinstance(left, Relative)
        and isinstance(right, Relative)
        and left.section is right.section
        and sign in _DISTANCE
    ):
        return BINARY[sign](left.offset, right.offset)
    raise NotKnown(f"'{sign}' of these addresses is not known before linking")


_DISTANCE = ("-", "==", "!=", "<>", "<", "<=", ">", ">=")
