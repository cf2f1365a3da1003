"""Instructions in assembly: every one, in every spelling of its operands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assembling import complaint, words_of

from toyvm.asm import assemble_text
from toyvm.asm.diagnostics import Complaint
from toyvm.asm.encoding import ENCODERS, WordHole, encode_any
from toyvm.isa.coding import decode, encode
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.declare import Instruction, Operand
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
from toyvm.isa.machine import DEFAULT_LOAD_ADDRESS as BASE
from toyvm.isa.registers import ABI_NAMES, REGISTERS
from toyvm.testing import strategies


def written(word: int, pc: int, names: tuple[str, ...] = ABI_NAMES) -> str:
    """The plain spelling of a word, made from its row's syntax alone."""
    decoded = decode(word)
    assert decoded is not None
    row, texts = decoded.instruction, []
    for operand, value in zip(row.operands, decoded.values, strict=True):
        if operand.is_register:
            texts.append(names[value])
        else:
            texts.append(str(pc + 4 * value if operand.scale == 4 else value))
    if "imm(rs1)" in row.syntax:
        texts = [texts[0], f"{texts[1]}({texts[2]})"]
    return f"{row.mnemonic} {', '.join(texts)}"


@given(st.lists(strategies.words(), min_size=1, max_size=40))
def test_assembling_inverts_decoding(words: list[int]) -> None:
    text = "\n".join(written(word, BASE + 4 * place) for place, word in enumerate(words))
    assert words_of(text) == words


@given(strategies.words(), st.sampled_from([" ", "\t", "  "]), st.sampled_from([", ", ",", " ,\t"]))
def test_blanks_between_operands_do_not_matter(word: int, gap: str, comma: str) -> None:
    mnemonic, _, operands = written(word, BASE).partition(" ")
    assert words_of(f"{mnemonic}{gap}{operands.replace(', ', comma)}{gap}# comment") == [word]


@given(strategies.words())
def test_registers_have_numbers_too(word: int) -> None:
    assert words_of(written(word, BASE, tuple(f"x{number}" for number in range(32)))) == [word]


_REGISTER = st.sampled_from([*REGISTERS, "q0", "", "5", "label"])
_NUMBER = st.one_of(
    st.integers(-40_000, 40_000).map(str), st.sampled_from(["x", "1f", "'a'", "(1)", "1+", "", "0x7fff", "a0", "017"])
)


@given(st.data())
def test_quick_encoders_agree_with_the_complete_one(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(INSTRUCTIONS))
    texts = [data.draw(_REGISTER if operand.is_register else _NUMBER) for operand in row.operands]
    if "imm(rs1)" in row.syntax:
        texts = [texts[0], f"{texts[1]}({texts[2]})"]
    text = data.draw(st.sampled_from([", ", ","])).join(texts)
    assert outcome(lambda: ENCODERS[row.mnemonic](text)) == outcome(lambda: encode_any(row, text))


def outcome(encoding: object) -> object:
    """A word, what a hole looks like, or what is complained about."""
    try:
        code = encoding()  # type: ignore[operator]
    except Complaint as found:
        return found.message, found.operand, found.offset
    return (code.word, code.node, code.index) if isinstance(code, WordHole) else code


@pytest.mark.parametrize("register", CONTROL_REGISTERS, ids=lambda register: register.name)
def test_control_registers_have_names(register: object) -> None:
    number = register.number  # type: ignore[attr-defined]
    word = encode(BY_MNEMONIC["crr"], (10, number))
    name = register.name  # type: ignore[attr-defined]
    assert words_of(f'.include "t64.inc"\ncrr a0, {name}\ncrr a0, CR_{name.upper()}\ncrr a0, {number}') == [word] * 3


_LIMITED = [row for row in INSTRUCTIONS if row.immediate is not None and row.immediate.scale == 1]


@pytest.mark.parametrize("row", _LIMITED, ids=lambda row: row.mnemonic)
def test_a_number_too_large_is_named_with_its_limits(row: object) -> None:
    mnemonic, operand = row.mnemonic, row.immediate  # type: ignore[attr-defined]
    high = (1 << 20) - 1 if operand is Operand.UPPER else operand.high
    texts = ["a0" if each.is_register else str(high + 1) for each in row.operands]  # type: ignore[attr-defined]
    if "imm(rs1)" in row.syntax:  # type: ignore[attr-defined]
        texts = [texts[0], f"{texts[1]}({texts[2]})"]
    found = complaint(f"{mnemonic} {', '.join(texts)}")
    assert f"{high + 1}" in found.message
    assert f"{mnemonic} takes {operand.low}..{high}" in found.message


def test_a_branch_out_of_reach_says_how_far() -> None:
    found = complaint("beq a0, a1, far\n.zero 65536\nfar: nop")
    assert "is 65540 bytes away; beq reaches -65536..65532" in found.message


def test_the_top_of_the_address_space_is_reached_from_zero() -> None:
    assert words_of("ld a0, 0xfffffffffffffff8(zero)") == words_of("ld a0, -8(zero)")


def test_upper_immediates_can_be_written_unsigned() -> None:
    assert words_of("lui a0, 0xfffff") == words_of("lui a0, -1")


def test_instructions_need_alignment() -> None:
    found = complaint(".byte 1\nnop\nnop")
    assert (found.line, "not a multiple of 4" in found.message) == (2, True)


@pytest.mark.parametrize("text", ["ld a0, 8(sp)", "ld a0, 8( sp )", "ld a0,8 (sp)", "ld a0 , 8 ( sp)"])
def test_blanks_around_a_base_register_mean_nothing(text: str) -> None:
    assert assemble_text(text).image.segments[0].data == assemble_text("ld x10, 8(x2)").image.segments[0].data


def test_a_name_in_capitals_is_a_number_s() -> None:
    for form, basic in (("add", "addi"), ("and", "andi"), ("sll", "slli")):
        short = assemble_text(f"SIZE = 4\n{form} a0, a1, SIZE").image.segments[0].data
        assert short == assemble_text(f"{basic} a0, a1, 4").image.segments[0].data


SOUND = {
    **{"rd": "a0", "rs1": "a1", "rs2": "a2", "rv": "a3", "imm": "4", "imm20": "5", "shamt": "3", "shamt5": "3"},
    **{"target": "here", "cr": "status", "port": "3", "number": "1"},
}
OPERANDS = [(row, word) for row in INSTRUCTIONS for word in re.findall(r"\w+", row.syntax)]


@pytest.mark.parametrize(("row", "word"), OPERANDS, ids=[f"{row.mnemonic} {word}" for row, word in OPERANDS])
@pytest.mark.parametrize("odd", ["q9", "5 6"])
def test_an_operand_that_is_none_is_shown_where_it_stands(row: Instruction, word: str, odd: str) -> None:
    parts = [SOUND.get(part, part) for part in re.split(r"(\w+)", row.syntax)]
    at = next(place for place, part in enumerate(re.split(r"(\w+)", row.syntax)) if part == word)
    assemble_text(f"here: nop\n{row.mnemonic} {''.join(parts)}")
    parts[at] = odd
    found = complaint(f"here: nop\n{row.mnemonic} {''.join(parts)}")
    begin = len(row.mnemonic) + 1 + len("".join(parts[:at]))
    assert (found.line, begin < found.column <= begin + len(odd)) == (2, True)


# What a fence orders, other assemblers say in its operands.
@pytest.mark.parametrize("row", [r for r in INSTRUCTIONS if r.mnemonic != "fence"], ids=lambda row: row.mnemonic)
def test_an_instruction_with_an_operand_more_or_none_is_refused(row: Instruction) -> None:
    parts = [SOUND.get(part, part) for part in re.split(r"(\w+)", row.syntax)]
    for text in (f"{''.join(parts)}, a0" if row.syntax else "a0", "" if row.syntax else "a0, a1"):
        assert complaint(f"here: nop\n{row.mnemonic} {text}").line == 2


@pytest.mark.parametrize("blanks", ["", " ", " \t "])
@pytest.mark.parametrize("mnemonic", ["unimp", "nop", "ret", "fence", "syscall"])
def test_blanks_are_no_operands(mnemonic: str, blanks: str) -> None:
    assert assemble_text(mnemonic + blanks).image == assemble_text(mnemonic).image


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("add a0 a1 a2", ("    commas part them: add a0, a1, a2",)),
        ("add a0 a1, a2", ("    commas part them: add a0, a1, a2",)),
        ("add a0, a1", ()),
        ("add a0 a1", ()),
        ("addi a0 a1 1 2", ()),
        ("add a0, a1, a2, a3", ()),
    ],
)
def test_commas_are_missed_where_as_many_words_stand_as_operands_should(text: str, notes: tuple[str, ...]) -> None:
    assert complaint(f"nop\n{text}").notes == notes
