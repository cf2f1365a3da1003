"""Pseudo-instructions: what they expand to, and that `li` loads what it says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assembling import complaint, words_of

from toyvm.asm.li import load_constant
from toyvm.asm.pseudo import DERIVED, PSEUDO_INSTRUCTIONS, Pseudo
from toyvm.asm.values import signed64
from toyvm.isa.coding import decode
from toyvm.isa.control import ALL_BITS
from toyvm.testing import strategies

_OPERANDS = {"rd": "a0", "rs": "a1", "rt": "a2", "target": "here", "address": "here", "imm": "5", "imm(rs)": "5(a1)"}
_FIXED = [row for row in PSEUDO_INSTRUCTIONS if row.mnemonic != "li"]


_LOADING: dict[str, Callable[[int, int], int]] = {
    "lui": lambda _, number: number << 12,
    "slli": lambda value, number: value << number,
    "srli": lambda value, number: value >> number,
}


def loaded(words: list[int]) -> int:
    """What a0 holds after these words, as a plain account of the five instructions that `li` is made of."""
    value = 0
    for word in words:
        decoded = decode(word)
        assert decoded is not None
        number = decoded.values[-1]
        mnemonic = decoded.instruction.mnemonic
        if mnemonic == "addi":
            value = (value if decoded.values[1] else 0) + number
        elif mnemonic == "ori":
            value |= number & ALL_BITS
        else:
            value = _LOADING[mnemonic](value, number)
        value &= ALL_BITS
    return value


@given(strategies.values())
def test_li_loads_any_constant(value: int) -> None:
    words = words_of(f"li a0, {value:#x}")
    assert loaded(words) == value
    assert len(words) <= 8


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_li_of_32_bits_takes_two_words_at_most(value: int) -> None:
    assert len(words_of(f"li a0, {value}")) <= 2


@given(st.integers(0, 63), st.integers(-(1 << 14), (1 << 14) - 1))
def test_li_of_a_shifted_small_number_takes_two_words_at_most(shift: int, small: int) -> None:
    assert len(load_constant(signed64(small << shift))) <= 2


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_li_of_what_is_defined_later_loads_it_too(value: int) -> None:
    words = words_of(f"li a0, later\n.equ later, {value}")
    assert (loaded(words), len(words)) == (value & ALL_BITS, 2)


def test_li_of_a_large_value_defined_later_is_refused() -> None:
    assert "does not fit" in complaint("li a0, later\n.equ later, 1 << 40").message


def test_li_of_what_is_defined_before_is_short() -> None:
    assert len(words_of(".equ before, 5\nli a0, before")) == 1


@pytest.mark.parametrize("row", _FIXED, ids=lambda row: f"{row.mnemonic} {row.operands}")
def test_pseudo_instructions_are_what_their_table_says(row: Pseudo) -> None:
    assert words_of(f"here: nop\n{written(row)}") == words_of(f"here: nop\n{expanded(row)}")


@pytest.mark.parametrize("row", DERIVED, ids=lambda row: f"{row.mnemonic} {row.operands}")
def test_derived_forms_are_what_their_table_says(row: Pseudo) -> None:
    assert words_of(f"here: nop\n{written(row)}") == words_of(f"here: nop\n{expanded(row)}")


def written(row: Pseudo) -> str:
    names = row.operands.split(", ") if row.operands else []
    return f"{row.mnemonic} {', '.join(_OPERANDS.get(name, name) for name in names)}"


def expanded(row: Pseudo) -> str:
    text = "\n".join(row.expansion)
    for name, operand in _OPERANDS.items():
        text = re.sub(rf"(?<![\w%.]){name}\b", operand, text)
    return text


@given(st.integers(0, 3), st.integers(0, 5000))
def test_la_reaches_what_it_names(before: int, distance: int) -> None:
    auipc, addi = words_of(f"{'nop;' * before}\nla a0, there\n.zero {4 * distance}\nthere: nop")[before : before + 2]
    high, low = decode(auipc), decode(addi)
    assert high is not None
    assert low is not None
    assert 4 * before + (high.values[1] << 12) + low.values[2] == 4 * (before + 2 + distance)


def test_pcrel_operators_make_the_same_as_la() -> None:
    written_out = "1: auipc a0, %pcrel_hi(there)\naddi a0, a0, %pcrel_lo(1b)"
    tail = "\n.zero 8192\nthere: nop"
    assert words_of(written_out + tail) == words_of("la a0, there" + tail)


def test_hi_and_lo_make_an_address() -> None:
    high, low = words_of("lui a0, %hi(0x12345fff)\naddi a0, a0, %lo(0x12345fff)")
    assert loaded([high, low | 10 << 12]) == 0x12345FFF


def test_a_store_to_a_symbol_needs_a_register_to_go_by() -> None:
    assert "8(sp)" in complaint("x: sd a0, x").message


def test_a_mistake_in_a_pseudo_instruction_points_at_the_operand_written() -> None:
    found = complaint("nop\n    la  a0, nowhere + 4")
    assert (found.line, found.column, found.width) == (2, 13, 7)


FORMS = {
    "jr 8(t0)": "jalr zero, 8(t0)",
    "jr (t0)": "jalr zero, 0(t0)",
    "jr t0, 8": "jalr zero, 8(t0)",
    "jalr -4(t0)": "jalr ra, -4(t0)",
    "jalr (t0)": "jalr ra, 0(t0)",
    "jalr a0, 4(t0)": "jalr a0, 4(t0)",
    "call t0, here": "jal t0, here",
    "jump here, t1": "jal zero, here",
    "move a0, a1": "mv a0, a1",
    "unimp": ".word 0",
}


@pytest.mark.parametrize("text", FORMS)
def test_forms_of_gnu_as_are_taken(text: str) -> None:
    assert words_of(f"here: nop\n{text}") == words_of(f"here: nop\n{FORMS[text]}")


def test_unimp_is_no_instruction() -> None:
    assert decode(words_of("unimp")[0]) is None


FORM_MISTAKES = {
    "jr t0, 1, 2": "too many operands: 3; write 'jr rs'",
    "jump here, 5": "expected a register, not '5'",
    "jump here": "too few operands: 1; write 'jump target, rt'",
    "call 5, here": "expected a register, not '5'",
    "unimp 5": "too many operands: 1; write 'unimp'",
}


@pytest.mark.parametrize("text", FORM_MISTAKES)
def test_a_mistake_in_one_of_these_forms_is_named(text: str) -> None:
    assert complaint(f"here: {text}").message == FORM_MISTAKES[text]


def zeros_of(value: int) -> int:
    """Zeros at the end of a number, which is not 0."""
    return (value & -value).bit_length() - 1


def has_32_bits(value: int) -> bool:
    return -(1 << 31) <= value < 1 << 31


def as_the_manual_has_it(value: int) -> tuple[tuple[str, int], ...]:
    """The expansion of `li` for a signed number, by the manual's list alone."""
    if -16384 <= value <= 16383:
        return (("addi", value),)
    if has_32_bits(value) and value % 4096 == 0:
        return (("lui", value >> 12),)
    zeros = zeros_of(value)
    if has_32_bits(value) and -16384 <= value >> zeros <= 16383:
        return (("addi", value >> zeros), ("slli", zeros))
    if has_32_bits(value):
        return (("lui", value >> 12), ("ori", value % 4096))
    high = value >> 14
    above = zeros_of(high)
    ways = [(*as_the_manual_has_it(high >> above), ("slli", 14 + above), ("ori", value % (1 << 14)))]
    if zeros:
        ways.append((*as_the_manual_has_it(value >> zeros), ("slli", zeros)))
    if value > 0:
        lead = 64 - value.bit_length()
        for moved in ((value << lead) + (1 << lead) - 1, value << lead):
            number = moved - (1 << 64)
            if has_32_bits(number) or has_32_bits(number >> zeros_of(number)):
                ways.append((*as_the_manual_has_it(number), ("srli", lead)))
    return min(ways, key=len)


@given(strategies.values())
def test_li_expands_as_the_manual_has_it(value: int) -> None:
    assert load_constant(signed64(value)) == as_the_manual_has_it(signed64(value))


@given(st.integers(0, 63), st.integers(-2, 2), st.integers(0, 63), st.integers(-1, 1))
def test_li_expands_as_the_manual_has_it_at_every_edge(bit: int, near: int, other: int, sign: int) -> None:
    value = signed64((1 << bit) + near + sign * (1 << other))
    assert load_constant(value) == as_the_manual_has_it(value)
    assert len(load_constant(value)) <= (1 if -16384 <= value <= 16383 else 2 if has_32_bits(value) else 8)


@pytest.mark.parametrize("number", [-0x80000, -1, 0, 0x7FFFF, 0x80000, 0xFFFFF])
def test_lui_takes_its_20_bits_signed_or_not(number: int) -> None:
    decoded = decode(words_of(f"lui a0, {number}")[0])
    assert decoded is not None
    assert decoded.values[1] == (number if number < 0x80000 else number - (1 << 20))


@pytest.mark.parametrize("number", [-0x80001, 0x100000])
def test_lui_takes_no_more_than_20_bits(number: int) -> None:
    assert "does not fit; lui takes -524288..1048575" in complaint(f"lui a0, {number}").message
