"""Words and instructions are the same thing seen from two sides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.isa import INSTRUCTIONS, Instruction, decode, encode
from toyvm.isa.declare import FN, OP, Format, Operand
from toyvm.testing import strategies

ROWS = pytest.mark.parametrize("row", INSTRUCTIONS, ids=lambda row: row.mnemonic)


@given(word=st.one_of(st.integers(0, 0xFFFFFFFF), strategies.words()))
def test_encoding_inverts_decoding(word: int) -> None:
    decoded = decode(word)
    assert decoded is None or encode(decoded.instruction, decoded.values) == word


@given(word=strategies.words())
def test_a_word_made_of_legal_operands_decodes(word: int) -> None:
    assert decode(word) is not None


@pytest.mark.slow
@ROWS
@given(data=st.data())
def test_decoding_inverts_encoding(row: Instruction, data: st.DataObject) -> None:
    values = tuple(data.draw(st.integers(operand.low, operand.high)) for operand in row.operands)
    decoded = decode(encode(row, values))
    assert decoded is not None
    assert (decoded.instruction, decoded.values) == (row, values)


@ROWS
def test_the_extremes_of_every_operand_survive(row: Instruction) -> None:
    for pick in (min, max):
        values = tuple(pick(operand.low, operand.high) for operand in row.operands)
        decoded = decode(encode(row, values))
        assert decoded is not None
        assert decoded.values == values


@ROWS
def test_an_operand_beyond_its_limit_is_refused_with_value_and_limits(row: Instruction) -> None:
    for place, operand in enumerate(row.operands):
        values = [other.low for other in row.operands]
        values[place] = operand.high + 1
        with pytest.raises(ValueError, match=rf"{operand.high + 1} does not fit; .*{operand.low}\.\.{operand.high}"):
            encode(row, tuple(values))


@ROWS
def test_every_bit_outside_the_operands_is_fixed(row: Instruction) -> None:
    word = encode(row, tuple(operand.low for operand in row.operands))
    for bit in range(32):
        flipped = decode(word ^ 1 << bit)
        if row.mask >> bit & 1:
            assert flipped is None or flipped.instruction is not row


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF])
def test_the_words_of_empty_and_erased_memory_are_illegal(word: int) -> None:
    assert decode(word) is None


@pytest.mark.parametrize("mnemonic", ["slli", "srli", "srai", "slliw", "srliw", "sraiw"])
def test_a_shift_by_the_width_or_more_is_illegal(mnemonic: str) -> None:
    row = next(row for row in INSTRUCTIONS if row.mnemonic == mnemonic)
    width = 32 if mnemonic.endswith("w") else 64
    word = row.op | (width - 1) << 17
    assert decode(word) is not None
    assert decode(row.op | width << 17) is None
    assert decode(row.op | 0x7FFF << 17) is None


@given(word=strategies.illegal_words())
def test_an_illegal_word_decodes_to_nothing(word: int) -> None:
    assert decode(word) is None


def test_the_count_of_legal_words_is_what_the_operands_make_it() -> None:
    """A row whose words overlapped another's would be found by counting opcode by opcode."""
    for op in {row.op for row in INSTRUCTIONS}:
        rows = [row for row in INSTRUCTIONS if row.op == op]
        total = sum(_words_of(row) for row in rows)
        assert total <= 1 << (32 - OP.width)
        assert len({row.fn for row in rows}) == len(rows)


def _words_of(row: Instruction) -> int:
    count = 1
    for operand in row.operands:
        count *= operand.high - operand.low + 1
    return count


@given(fn=st.integers(0, (1 << FN.width) - 1), op=st.integers(0, (1 << OP.width) - 1))
def test_an_undeclared_function_is_illegal(fn: int, op: int) -> None:
    declared = {(row.op, row.fn) for row in INSTRUCTIONS if row.format is Format.R}
    others = {row.op for row in INSTRUCTIONS if row.format is not Format.R}
    if op not in others:
        assert (decode(op | fn << FN.low) is not None) == ((op, fn) in declared)


def test_offsets_are_counted_in_words() -> None:
    assert Operand.BRANCH.scale == Operand.JUMP.scale == 4
