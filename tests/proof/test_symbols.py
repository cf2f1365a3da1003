"""Symbolic integers compute what Python's own do, whatever stands for the unknowns."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from toyvm.proof.symbols import Number, decide, explore

U64 = st.one_of(st.integers(0, (1 << 64) - 1), st.sampled_from([0, 1, 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]))
A, B = z3.BitVecs("a b", 64)


def value_of(number: Number, a: int, b: int) -> int:
    """With numbers for the unknowns."""
    term = z3.simplify(z3.substitute(number.at(256), (A, z3.BitVecVal(a, 64)), (B, z3.BitVecVal(b, 64))))
    return int(term.as_signed_long())


OPERATIONS: tuple[Callable[[Any, Any], Any], ...] = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.and_,
    operator.or_,
    operator.xor,
    lambda a, b: a << (b & 63),
    lambda a, b: a >> (b & 63),
    lambda a, b: -a - b,
    lambda a, b: abs(a - b),
    lambda a, b: ~a & b,
    lambda a, b: (a - b) >> 7,
    lambda a, b: (a + b) % 4096,
    lambda a, b: (a * 3 + 1) // 8 - (b & ~1),
    lambda a, b: 1 << (b & 7) | (a & 0xFF),
)


@pytest.mark.parametrize("operation", OPERATIONS)
@given(a=U64, b=U64)
def test_arithmetic_is_python_s(operation: Callable[[Any, Any], Any], a: int, b: int) -> None:
    one, other = Number.unsigned(A), Number.unsigned(B)
    (path,) = explore(lambda: operation(one, other))
    assert value_of(path.result, a, b) == operation(a, b)
    assert path.result.low <= operation(a, b) <= path.result.high


@given(a=U64, b=U64)
def test_signs_are_kept(a: int, b: int) -> None:
    one, other = Number.signed(A), Number.signed(B)
    signed_a, signed_b = (number - (number >> 63 << 64) for number in (a, b))
    assert value_of(one * other, a, b) == signed_a * signed_b
    assert value_of(abs(one), a, b) == abs(signed_a)
    assert value_of(one >> 3, a, b) == signed_a >> 3


def test_a_decision_goes_both_ways_if_both_can_be() -> None:
    number = Number.unsigned(A)

    def sign() -> int:
        if number < 10:
            return 1 if number < 20 else 2  # it is below 20 then
        return 3

    assert sorted(path.result for path in explore(sign)) == [1, 3]


def test_what_is_known_decides_nothing() -> None:
    assert [path.result for path in explore(lambda: decide(z3.BoolVal(False)))] == [False]


def test_a_number_is_written_by_a_name_that_leads_back_to_it() -> None:
    from toyvm.proof.symbols import number_named

    def run() -> bool:
        number = Number.unsigned(A)
        text = str(number + 1)
        return text == f"{number + 1}" and z3.is_true(z3.simplify(number_named(text).at(64) == A + 1))

    assert [path.result for path in explore(run)] == [True]
