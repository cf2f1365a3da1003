"""Symbolic integers: what Python code computes with in place of ints, so that it runs unchanged, on all inputs at once.

A Number has no width, as a Python int has none: it knows bounds, and its low bits at whatever width they are wanted.
Where code decides by a symbolic claim, `explore` runs it again for the other decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

import z3

Term = Any  # of z3: a bit vector, a truth value or an array
T = TypeVar("T")

WIDTHS = (8, 16, 32, 64, 128, 256)
FEASIBILITY_MS = 100  # what a decision may take that turns out to be none; then both ways are gone


def bits(value: int, width: int) -> Term:
    return z3.BitVecVal(value, width)


def extract(term: Term, width: int) -> Term:
    """The low bits."""
    return term if term.size() == width else z3.Extract(width - 1, 0, term)


def extend(term: Term, width: int, signed: bool) -> Term:
    missing = width - term.size()
    if missing == 0:
        return term
    return z3.SignExt(missing, term) if signed else z3.ZeroExt(missing, term)


def resize(term: Term, width: int, signed: bool) -> Term:
    """The same number at another width, as far as it fits."""
    return extract(term, width) if width <= term.size() else extend(term, width, signed)


def shifted_right(term: Term, amount: Term, signed: bool) -> Term:
    """By a known amount it is a part of the term, or what the term is a multiple of: all who shift write the same."""
    amount = z3.simplify(amount)
    if not z3.is_bv_value(amount):
        return term >> amount if signed else z3.LShR(term, amount)
    by, width = amount.as_long(), term.size()
    if by == 0:
        return term
    if by >= width:
        return term >> width - 1 if signed else bits(0, width)
    divided = None if signed or z3.is_bv_value(term) else _divided(term, by)
    if divided is not None and _trails and not _trails[-1].is_feasible(z3.UGE(divided, 1 << width - by)):
        return divided
    return extend(z3.simplify(z3.Extract(width - 1, by, term)), width, signed)


def _divided(term: Term, power: int) -> Term | None:
    """What makes the term when multiplied by 2**power, modulo its width; None: not seen at once."""
    kind, parts = term.decl().kind(), term.children()
    if z3.is_bv_value(term):
        number = term.as_signed_long()
        return None if number % (1 << power) else bits(number >> power, term.size())
    if kind in (z3.Z3_OP_BADD, z3.Z3_OP_BSUB, z3.Z3_OP_BNEG):
        quotients = [_divided(part, power) for part in parts]
        return None if None in quotients else term.decl()(*quotients)
    if kind == z3.Z3_OP_BMUL and len(parts) == 2:
        for one, other in (parts, parts[::-1]):
            quotient = _divided(one, power) if z3.is_bv_value(one) else None
            if quotient is not None:
                return quotient * other
    if kind == z3.Z3_OP_BSHL and z3.is_bv_value(parts[1]) and parts[1].as_long() >= power:
        return parts[0] << parts[1].as_long() - power
    if kind == z3.Z3_OP_CONCAT and z3.is_bv_value(parts[-1]) and parts[-1].as_long() == 0 and parts[-1].size() >= power:
        return z3.Concat(bits(0, power), z3.Extract(term.size() - 1, power, term))
    return None


def as_bits(claim: Term, width: int) -> Term:
    """1 where it holds, else 0."""
    return z3.If(claim, bits(1, width), bits(0, width))


def magnitude(term: Term) -> Term:
    return z3.If(term < 0, -term, term)


_NATURAL = z3.BitVecSort(64)
QUOTIENT = z3.Function("quotient", _NATURAL, _NATURAL, _NATURAL)  # of natural numbers; what they mean: abstraction.py
REMAINDER = z3.Function("remainder", _NATURAL, _NATURAL, _NATURAL)


def quotient(a: Term, b: Term) -> Term:
    """Of natural numbers of at most 64 bits, as wide as `a`: all sides speak of one function."""
    return resize(QUOTIENT(resize(a, 64, False), resize(b, 64, False)), a.size(), False)


def remainder(a: Term, b: Term) -> Term:
    return resize(REMAINDER(resize(a, 64, False), resize(b, 64, False)), a.size(), False)


def signed_quotient(a: Term, b: Term) -> Term:
    """Towards zero, as C and LLVM have it."""
    natural = quotient(magnitude(a), magnitude(b))
    return z3.If((a < 0) != (b < 0), -natural, natural)


def signed_remainder(a: Term, b: Term) -> Term:
    """With the sign of `a`."""
    natural = remainder(magnitude(a), magnitude(b))
    return z3.If(a < 0, -natural, natural)


def _width_of(low: int, high: int) -> int:
    """The first width at which these numbers are told apart: without a sign if none is negative."""
    needed = high.bit_length() if low >= 0 else max(high.bit_length(), (-low - 1).bit_length()) + 1
    for width in WIDTHS:
        if needed <= width:
            return width
    raise OverflowError(f"a number between {low} and {high}: {WIDTHS[-1]} bits are the most")


class Number:
    """An integer between `low` and `high`; `at(width)` gives its low bits."""

    __slots__ = ("_known", "_make", "high", "low", "width")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, low: int, high: int, make: Callable[[int], Term]) -> None:
        """`make` computes the low bits at a width; it is asked for none beyond the one that holds all values."""
        self.low, self.high, self._make = low, high, make
        self.width = _width_of(low, high)
        self._known: dict[int, Term] = {}

    @staticmethod
    def of_term(term: Term, low: int, high: int) -> Number:
        """What a term means, which is as wide as it needs to be."""
        return Number(low, high, lambda width: resize(term, width, low < 0))

    @staticmethod
    def unsigned(term: Term) -> Number:
        return Number.of_term(term, 0, (1 << term.size()) - 1)

    @staticmethod
    def signed(term: Term) -> Number:
        half = 1 << term.size() - 1
        return Number.of_term(term, -half, half - 1)

    @staticmethod
    def of(value: Any) -> Number:
        if isinstance(value, Number):
            return value
        if isinstance(value, Claim):
            claim = value.term
            return Number(0, 1, lambda width: as_bits(claim, width))
        number = int(value)
        return Number(number, number, lambda width: bits(number, width))

    def at(self, width: int) -> Term:
        if width not in self._known:
            if width <= self.width:
                self._known[width] = z3.simplify(self._make(width))
            else:
                self._known[width] = extend(self.at(self.width), width, self.low < 0)
        return self._known[width]

    # Arithmetic whose low bits follow from the low bits of its operands.

    def _ring(self, other: Any, operation: Callable[[Term, Term], Term], low: int, high: int) -> Number:
        right = Number.of(other)
        return Number(low, high, lambda width: operation(self.at(width), right.at(width)))

    def __add__(self, other: Any) -> Number:
        right = Number.of(other)
        return self._ring(right, lambda a, b: a + b, self.low + right.low, self.high + right.high)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Number:
        right = Number.of(other)
        return self._ring(right, lambda a, b: a - b, self.low - right.high, self.high - right.low)

    def __rsub__(self, other: Any) -> Number:
        return Number.of(other) - self

    def __neg__(self) -> Number:
        return Number.of(0) - self

    def __mul__(self, other: Any) -> Number:
        right = Number.of(other)
        corners = [a * b for a in (self.low, self.high) for b in (right.low, right.high)]
        return self._ring(right, lambda a, b: a * b, min(corners), max(corners))

    __rmul__ = __mul__

    def __and__(self, other: Any) -> Number:
        right = Number.of(other)
        if self.low >= 0 or right.low >= 0:
            low, high = 0, min(one.high for one in (self, right) if one.low >= 0)
        else:
            low, high = _bitwise_bounds(self, right)
        return self._ring(right, lambda a, b: a & b, low, high)

    __rand__ = __and__

    def __or__(self, other: Any) -> Number:
        right = Number.of(other)
        return self._ring(right, lambda a, b: a | b, *_bitwise_bounds(self, right))

    __ror__ = __or__

    def __xor__(self, other: Any) -> Number:
        right = Number.of(other)
        return self._ring(right, lambda a, b: a ^ b, *_bitwise_bounds(self, right))

    __rxor__ = __xor__

    def __invert__(self) -> Number:
        return -self - 1

    def __lshift__(self, other: Any) -> Number:
        by = Number.of(other)
        _check_shift(by)
        low = self.low << (by.high if self.low < 0 else by.low)
        high = self.high << (by.low if self.high < 0 else by.high)
        return Number(low, high, lambda width: _shifted_left(self.at(width), by))

    def __rlshift__(self, other: Any) -> Number:
        return Number.of(other) << self

    # Arithmetic that needs all of its operands.

    def __rshift__(self, other: Any) -> Number:
        by = Number.of(other)
        _check_shift(by)
        low = self.low >> (by.low if self.low < 0 else by.high)
        high = self.high >> (by.high if self.high < 0 else by.low)
        shifted = shifted_right(self.at(self.width), _amount(by, self.width), self.low < 0)
        return Number(low, high, lambda width: resize(shifted, width, self.low < 0))

    def __floordiv__(self, other: Any) -> Number:
        right = Number.of(other)
        if right.low == right.high and right.low > 0 and right.low & right.low - 1 == 0:
            return self >> right.low.bit_length() - 1
        if right == 0:
            raise ZeroDivisionError
        assert self.low >= 0, "quotients are of natural numbers"
        assert right.low >= 0, "quotients are of natural numbers"
        width = max(self.width, right.width)
        result = quotient(self.at(width), right.at(width))
        return Number(0, self.high, lambda wanted: resize(result, wanted, False))

    def __mod__(self, other: Any) -> Number:
        right = Number.of(other)
        if right.low == right.high and right.low > 0 and right.low & right.low - 1 == 0:
            return self & (right.low - 1)
        return self - right * (self // right)

    def __abs__(self) -> Number:
        if self.low >= 0:
            return self
        return Number(0, max(-self.low, self.high), lambda width: resize(magnitude(self.at(self.width)), width, False))

    # Claims.

    def _compare(
        self, other: Any, unsigned: Callable[[Term, Term], Term], signed: Callable[[Term, Term], Term]
    ) -> Claim:
        right = Number.of(other)
        low, high = min(self.low, right.low), max(self.high, right.high)
        width = _width_of(low, high)
        return Claim((unsigned if low >= 0 else signed)(self.at(width), right.at(width)))

    def __lt__(self, other: Any) -> Claim:
        return self._compare(other, z3.ULT, lambda a, b: a < b)

    def __le__(self, other: Any) -> Claim:
        return self._compare(other, z3.ULE, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Claim:
        return self._compare(other, z3.UGT, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Claim:
        return self._compare(other, z3.UGE, lambda a, b: a >= b)

    def __eq__(self, other: object) -> Claim:  # type: ignore[override]
        return self._compare(other, lambda a, b: a == b, lambda a, b: a == b)

    def __ne__(self, other: object) -> Claim:  # type: ignore[override]
        return self._compare(other, lambda a, b: a != b, lambda a, b: a != b)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __str__(self) -> str:
        """A name that stands for the number in text that is written of it."""
        if self.low == self.high:
            return str(self.low)
        return _NAMES.name_of(self)

    def __format__(self, spec: str) -> str:
        return format(self.low, spec) if self.low == self.high else str(self)


def _bitwise_bounds(a: Number, b: Number) -> tuple[int, int]:
    low, high = min(a.low, b.low), max(a.high, b.high)
    longest = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0)
    return (-(1 << longest) if low < 0 else 0), (1 << longest) - 1


def _check_shift(by: Number) -> None:
    if by < 0:
        raise ValueError("negative shift count")


def _amount(by: Number, width: int) -> Term:
    """A shift's count at the width of what is shifted."""
    assert by.high < 1 << width, f"a count of up to {by.high}"
    return by.at(width)


def _shifted_left(term: Term, by: Number) -> Term:
    return term << _amount(by, term.size())


class Claim:
    """A truth value. Whoever decides by it decides both ways, one after another."""

    __slots__ = ("term",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, term: Term) -> None:
        self.term = term

    def __bool__(self) -> bool:
        return decide(self.term)

    def __eq__(self, other: object) -> bool:
        """Decides each of both: what follows may be about one of them."""
        return bool(self) == bool(other)

    def __ne__(self, other: object) -> bool:
        return bool(self) != bool(other)


class _Names:
    """Numbers by the names that stand for them in written text: one number has one name."""

    def __init__(self) -> None:
        self._numbers: list[Number] = []

    def name_of(self, number: Number) -> str:
        for position, known in enumerate(self._numbers):
            if known.width == number.width and z3.eq(known.at(known.width), number.at(number.width)):
                return f"${position}"
        self._numbers.append(number)
        return f"${len(self._numbers) - 1}"

    def number(self, name: str) -> Number:
        return self._numbers[int(name[1:])]

    def clear(self) -> None:
        self._numbers.clear()


_NAMES = _Names()


def number_named(name: str) -> Number:
    """What `str` of a symbolic number gave this name, in the run that is under way."""
    return _NAMES.number(name)


@dataclass(frozen=True)
class Path(Generic[T]):
    """One way through what was explored: under these conditions it comes to this result."""

    conditions: tuple[Term, ...]
    result: T
    undefined: tuple[Term, ...]  # where a step of it has no meaning, under the conditions so far


@dataclass
class _Trail:
    """The decisions of one run: those to repeat, then new ones."""

    script: list[bool]
    assumptions: tuple[Term, ...]
    position: int = 0
    conditions: list[Term] = field(default_factory=list)
    undefined: list[Term] = field(default_factory=list)
    forks: list[int] = field(default_factory=list)  # decisions for which there is another one
    told: int = 0  # conditions that the solver has

    def decide(self, claim: Term) -> bool:
        """By a claim that is simple, and no constant."""
        opposite = z3.simplify(z3.Not(claim))
        for known in self.conditions:
            if z3.eq(known, claim) or z3.eq(known, opposite):
                return bool(z3.eq(known, claim))
        if self.position < len(self.script):
            decision = self.script[self.position]
        else:
            decision = self._new_decision(claim, opposite)
        self.position += 1
        self.conditions.append(claim if decision else opposite)
        return decision

    def _new_decision(self, claim: Term, opposite: Term) -> bool:
        may_hold, may_fail = self.is_feasible(claim), self.is_feasible(opposite)
        if may_hold and may_fail:
            self.forks.append(self.position)
        self.script.append(may_hold)
        return may_hold

    @cached_property
    def _solver(self) -> Any:
        solver = z3.SimpleSolver()
        solver.set("timeout", FEASIBILITY_MS)
        solver.set("ctrl_c", False)
        solver.add(*self.assumptions)
        return solver

    def is_feasible(self, claim: Term) -> bool:
        self._solver.add(*self.conditions[self.told :])
        self.told = len(self.conditions)
        self._solver.push()
        try:
            self._solver.add(claim)
            return bool(self._solver.check() != z3.unsat)
        finally:
            self._solver.pop()


_trails: list[_Trail] = []


def decide(claim: Term) -> bool:
    """Go one way, and later the other one too, if both can be."""
    claim = z3.simplify(claim)
    if z3.is_true(claim) or z3.is_false(claim):
        return bool(z3.is_true(claim))
    assert _trails, "a symbolic claim decides, and nobody explores"
    return _trails[-1].decide(claim)


def note_undefined(claim: Term) -> None:
    """Where this holds, the step under way has no meaning."""
    claim = z3.simplify(claim)
    if not z3.is_false(claim):
        trail = _trails[-1]
        trail.undefined.append(z3.And(*trail.conditions, claim))


def note_undefined_division(a: Term, b: Term, signed: bool) -> None:
    """Where C and LLVM have no quotient: by zero, and one with a sign that overflows."""
    note_undefined(b == 0)
    if signed:
        note_undefined(z3.And(a == bits(1 << a.size() - 1, a.size()), b == -1))


def assume(claim: Term) -> None:
    """Take what is explored no further than where this holds."""
    _trails[-1].conditions.append(z3.simplify(claim))


def explore(run: Callable[[], T], assumptions: tuple[Term, ...] = ()) -> Iterator[Path[T]]:
    """Every way through `run`, which must do the same whenever it decides the same."""
    waiting: list[list[bool]] = [[]]
    while waiting:
        trail = _Trail(waiting.pop(), assumptions)
        _trails.append(trail)
        _NAMES.clear()
        try:
            result = run()
        finally:
            _trails.pop()
        yield Path(tuple(trail.conditions), result, tuple(trail.undefined))
        waiting += [[*trail.script[:fork], False] for fork in trail.forks]
