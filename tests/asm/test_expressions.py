"""Expressions: values, precedences, and what cannot be worked out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assembling import complaint, values_of

from toyvm import Machine
from toyvm.asm import assemble_text
from toyvm.asm.expressions import Number
from toyvm.asm.parser import PRECEDENCE, parse
from toyvm.asm.sections import MAXIMUM_CHAIN
from toyvm.isa.coding import encode
from toyvm.isa.instructions import BY_MNEMONIC

VALUES = {
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "10 - 4 - 3": 3,
    "1 << 3 + 1": 9,
    "6 & 3 + 1": 3,
    "1 | 6 ^ 2": 5,
    "-7 / 2": -3,
    "-7 % 2": -1,
    "7 / -2": -3,
    "~0": -1,
    "!5 + !0": 1,
    "- - 3": 3,
    "2 == 2": -1,
    "2 != 2": 0,
    "3 <> 4": -1,
    "1 + 1 == 2": -1,
    "4 > 3 && 2 >= 2": 1,
    "0 || 0": 0,
    "0 || 2": 1,
    "5 ! 0": -1,
    "'a'": 97,
    "'\\n' + '\\''": 49,
    "'\\x41'": 65,
    "'\\101'": 65,
    "0x1F": 31,
    "0b101": 5,
    "017": 15,
    "1_000": 1000,
    "0xffffffffffffffff": -1,
    "(1 << 64) - 1": -1,
    "%lo(0x12345fff)": 0xFFF,
    "%hi(0x12345fff)": 0x12345,
    "1 << 63 >> 62": 2,
}


@pytest.mark.parametrize("text", VALUES)
def test_an_expression_is_worth(text: str) -> None:
    assert values_of(text) == [VALUES[text]]


@given(st.integers(-(1 << 63), (1 << 64) - 1), st.sampled_from(["{}", "{:#x}", "{:#b}"]))
def test_any_64_bit_number_can_be_written(number: int, form: str) -> None:
    node = parse(form.format(number))
    assert isinstance(node, Number)
    assert node.value == number


_NUMBERS = st.integers(0, 99).map(str)
_SIGNS = st.sampled_from([sign for row in PRECEDENCE for sign in row if sign not in ("/", "%", "<<", ">>", "*")])


@given(st.lists(st.tuples(_SIGNS, _NUMBERS), max_size=6), _NUMBERS)
def test_parentheses_as_the_precedences_say_change_nothing(tail: list[tuple[str, str]], first: str) -> None:
    flat = " ".join([first, *(f"{sign} {number}" for sign, number in tail)])
    items = [first, *(item for pair in tail for item in pair)]
    for row in reversed(PRECEDENCE):
        items = _grouped(items, row)
    assert parse(flat).evaluate(None) == parse(items[0]).evaluate(None)  # type: ignore[arg-type]


def _grouped(items: list[str], row: tuple[str, ...]) -> list[str]:
    """Operands joined by the operators of one row in parentheses, from the left."""
    out = items[:1]
    for sign, operand in zip(items[1::2], items[2::2], strict=True):
        if sign in row:
            out[-1] = f"({out[-1]} {sign} {operand})"
        else:
            out += [sign, operand]
    return out


def test_here_is_the_place_of_the_datum() -> None:
    assert values_of("., . - 8") == [0x1000, 0x1000]


def test_labels_can_be_used_before_they_are_there() -> None:
    assert values_of("end - start, end\n.equ start, .\n.zero 8\nend:") == [8, 0x1018, 0]


def test_a_difference_of_labels_is_a_number_at_once() -> None:
    assert values_of("1\nfirst: .dword 2\nlast: .if last - first == 8\n.dword 3\n.endif") == [1, 2, 3]


MISTAKES = {
    "1 +": (4, "expected an expression"),
    "(1": (1, "not closed"),
    "1 2": (3, "unexpected '2'"),
    "1 / 0": (3, "division by zero"),
    "1 << 200": (3, "shifts take 0..127"),
    "1 << -1": (3, "shifts take 0..127"),
    "0x": (1, "'0x' is not a number"),
    "09": (1, "not a number in base 8"),
    "12ab": (1, "'12ab' is not a number"),
    "0x10000000000000000": (1, "does not fit in 64 bits"),
    "nowhere": (1, "undefined symbol 'nowhere'"),
    "5 + nowhere": (5, "undefined symbol 'nowhere'"),
    "1 @ 2": (3, "unexpected character '@'"),
    "1f": (1, "no label '1:' after"),
    "1b": (1, "no label '1:' before"),
    "''": (1, "character constant"),
    "(1 << 127) * 4": (12, "more than 128 bits"),
    "(" * 80: (66, "nested more than 64 deep"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_shown_where_it_is(text: str) -> None:
    column, message = MISTAKES[text]
    found = complaint(f".dword {text}")
    assert message in found.message
    assert found.column == 7 + column


def test_a_numeric_label_is_called_as_it_was_written_before_it_is_known() -> None:
    found = complaint(".if 1f - .\n.endif\n1: nop")
    assert (found.column, found.message) == (5, "label '1f' is not known yet")


@pytest.mark.parametrize(("label", "target"), [("1:", "1b"), ("x:", "x")])
def test_a_target_that_is_too_far_is_said_with_its_address(label: str, target: str) -> None:
    found = complaint(f".zero 8\n{label} nop\n.zero 1 << 17\nbeq a0, a1, {target}")
    assert found.message == "target 0x1008 is -131076 bytes away; beq reaches -65536..65532"


def test_a_symbol_defined_by_itself_is_refused() -> None:
    found = complaint("nop\n.equ x, x + 1")
    assert (found.line, "defined by itself" in found.message) == (2, True)


@pytest.mark.parametrize(
    "text", ["x = nowhere + 1", "  x =  nowhere", "x=nowhere", ".equ x, nowhere", "x = 1 + (2 * nowhere)"]
)
def test_what_is_defined_by_a_name_that_is_nowhere_is_shown_at_that_name(text: str) -> None:
    found = complaint(f"nop\n{text}")
    assert (found.line, found.column, found.width) == (2, text.index("nowhere") + 1, len("nowhere"))


@pytest.mark.parametrize("text", ["x =   f / (f - f)", "x=f / (f - f)"])
def test_what_has_no_value_once_addresses_are_known_is_shown_where_it_is(text: str) -> None:
    found = complaint(f"{text}\nf: nop")
    assert (found.line, found.message) == (1, "division by zero: 4096 / 0")
    assert (found.column, found.width) == (text.index("/") + 1, 1)


def test_many_symbols_by_others_are_not_a_chain_of_them() -> None:
    names = [f"n{number}" for number in range(3 * MAXIMUM_CHAIN)]
    text = "".join(f".equ {name}, late + {number}\n" for number, name in enumerate(names))
    image = assemble_text(f"nop\n{text}.data\n.dword {', '.join(names)}\n.equ late, 7").image
    assert image.segments[1].data == b"".join((7 + n).to_bytes(8, "little") for n in range(len(names)))


@pytest.mark.parametrize(
    ("value", "high"), [(0x7FFFF, 0x7FFFF), (0x80000, -0x80000), (0xFFFFF, -1), (-0x80000, -0x80000)]
)
def test_an_upper_half_is_written_signed_or_unsigned(value: int, high: int) -> None:
    word = encode(BY_MNEMONIC["lui"], (10, high))
    for text in (f"lui a0, {value}", f"lui a0, x\n.equ x, {value}"):
        assert assemble_text(text).image.segments[0].data == word.to_bytes(4, "little")


@pytest.mark.parametrize("value", [0x100000, -0x80001])
def test_an_upper_half_that_is_neither_is_refused(value: int) -> None:
    for text in (f"lui a0, {value}", f"lui a0, x\n.equ x, {value}"):
        assert f"immediate {value} " in complaint(f"nop\n{text}").message


def test_a_number_and_an_address_are_added_in_either_order() -> None:
    text = "nop\nf: nop\n.if 5 + f - f == 5\n.skip 4 + f - f\n.endif\n.data\n.dword 3 + f, f + 3, f - 3"
    data = assemble_text(text).image.segments[1].data
    assert [int.from_bytes(data[at : at + 8], "little") for at in (0, 8, 16)] == [0x1007, 0x1007, 0x1001]


def test_a_number_of_too_many_digits_is_not_said_to_be_none() -> None:
    found = complaint(f"nop\n.dword {'9' * 5000}")
    assert found.message.endswith("9' has too many digits")
    assert complaint("nop\n.dword 08").message == "'08' is not a number in base 8"
    assert complaint("nop\n.dword 0xg").message == "'0xg' is not a number"


def test_a_constant_of_any_operand_is_shown_at_it_when_it_is_nowhere() -> None:
    for text in ("addi a0, a0, nowhere", "ld a0, nowhere(sp)", "crr a0, nowhere", "in a0, nowhere", "hcall nowhere"):
        found = complaint(f"nop\n{text}")
        assert (found.line, found.column, found.width) == (2, text.index("nowhere") + 1, len("nowhere")), text


@pytest.mark.parametrize(
    ("text", "meant"), [("crr a0, statsu", True), ("addi a0, a0, statsu", False), ("ld a0, statsu(sp)", False)]
)
def test_a_control_register_is_suggested_where_one_stands(text: str, meant: bool) -> None:
    assert complaint(f"nop\n{text}").notes == (("    did you mean 'status'?",) if meant else ())


@pytest.mark.parametrize("distance", [-(1 << 31), (1 << 31) - 1])
def test_an_address_is_reached_to_the_byte_and_what_is_further_is_refused(distance: int) -> None:
    sign = 1 if distance > 0 else -1
    place = (1 << 40) + distance
    text = ".address 1 << 40\n_start: auipc a0, %pcrel_hi({})\naddi a0, a0, %pcrel_lo(_start)"
    with Machine("64K") as machine:
        words = assemble_text(text.format(place)).image.segments[0].data
        machine.write(0, words)
        machine.run(2)
        assert machine.registers.a0 == distance & (1 << 64) - 1
    found = complaint(text.format(place + sign).rpartition("\n")[0])
    assert f"bytes away; auipc reaches {-(1 << 31)}..{(1 << 31) - 1}" in found.message


@pytest.mark.parametrize(("text", "column"), [("x =", 4), ("x =   ", 4), ("x = +", 6), ("x = 1 2", 7), ("  y=1 2", 7)])
def test_an_assignment_of_no_expression_is_shown_where_one_should_be(text: str, column: int) -> None:
    assert complaint(f"nop\n{text}").column == column


@pytest.mark.parametrize("text", ["beq a0, a1, {}", "j {}", "jal {}", "jal a0, {}", "bnez a0, {}"])
@pytest.mark.parametrize("target", ["f + 1", "f + 2", "0x1003"])
def test_a_target_between_two_instructions_is_refused_at_its_operand(text: str, target: str) -> None:
    found = complaint(f"f: nop\n{text.format(target)}")
    address = target if target.startswith("0x") else f"0x100{target[-1]}"
    assert found.message == f"target {address} is not a multiple of 4 bytes away"
    assert (found.line, found.column) == (2, text.index("{") + 1)


def test_a_numeric_label_that_is_nowhere_is_not_taken_for_a_misspelled_name() -> None:
    found = complaint("nop\nlf: nop\n.word 1f")
    assert (found.message, found.notes) == ("there is no label '1:' after this line", ())


@pytest.mark.parametrize(
    ("text", "value"), [("'\\x41'", 0x41), ("'\\x4'", 4), ("'\\101'", 0x41), ("'\\n'", 10), ("'\\\\'", 92)]
)
def test_a_character_may_be_written_by_its_number(text: str, value: int) -> None:
    assert values_of(text) == [value]


@pytest.mark.parametrize("text", ["'\\x'", "'\\q'", "'\\8'"])
def test_an_escape_that_is_none_is_said_to_be_unknown(text: str) -> None:
    assert complaint(f"nop\n.dword {text}").message == f"unknown escape '{text[1:-1]}'"
