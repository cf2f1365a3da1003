"""Every RV64IM instruction, re-encoded, does what the RISC-V manual says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import rv64
from support.rv64 import ALL, Hart, Operation

from toyvm.importer.rv64 import find_rule, reencode
from toyvm.isa.coding import decode
from toyvm.machine.bare import Machine

CODE, DATA, DATA_SIZE = 0x100000, 0x8000, 16
CORNERS = (0, 1, 2, 31, 32, 63, 64, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, ALL)

registers = st.integers(0, 31)
values = st.one_of(st.sampled_from(CORNERS), st.integers(0, ALL))
BACKGROUND = (0, *(0x0123456789ABCDEF * number & ALL for number in range(1, 32)))
immediates = st.integers(-2048, 2047)

STRATEGIES: dict[str, st.SearchStrategy[Operation]] = {}
for name in rv64.REGISTER_CODES:
    STRATEGIES[name] = st.builds(Operation, st.just(name), registers, registers, registers)
for name in rv64.IMMEDIATE_CODES:
    STRATEGIES[name] = st.builds(Operation, st.just(name), registers, registers, imm=immediates)
for name in rv64.SHIFT_CODES:
    amounts = st.integers(0, 31 if name.endswith("w") else 63)
    STRATEGIES[name] = st.builds(Operation, st.just(name), registers, registers, imm=amounts)
for name in (*rv64.LOAD_CODES, *rv64.STORE_CODES, "jalr"):
    STRATEGIES[name] = st.builds(Operation, st.just(name), registers, st.integers(1, 31), registers, immediates)
for name in rv64.BRANCH_CODES:
    distances = st.integers(-1024, 1023).filter(bool).map(lambda words: 4 * words)  # one to itself stops the machine
    STRATEGIES[name] = st.builds(Operation, st.just(name), st.just(0), registers, registers, distances)
for name in rv64.UPPER_CODES:
    STRATEGIES[name] = st.builds(Operation, st.just(name), registers, imm=st.integers(0, (1 << 20) - 1))
STRATEGIES["jal"] = st.builds(
    Operation,
    st.just("jal"),
    registers,
    imm=st.integers(-(1 << 18), (1 << 18) - 1).filter(bool).map(lambda words: 4 * words),
)
for name in rv64.WHOLE_WORDS:
    STRATEGIES[name] = st.just(Operation(name))


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with Machine("2M") as machine:
        yield machine


def place_operands(draw: st.DrawFn, one: Operation, x: list[int]) -> None:
    """Let a load, store or jalr meet an address that it can use."""
    if one.name in rv64.LOAD_CODES or one.name in rv64.STORE_CODES:
        slot = draw(st.integers(0, DATA_SIZE // one.size - 1))
        x[one.rs1] = DATA + slot * one.size - one.imm & ALL
    elif one.name == "jalr":
        target = draw(st.integers(0, 1 << 61)) << 2 | draw(st.integers(0, 1))
        x[one.rs1] = target - one.imm & ALL


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_reencoded_instruction_does_what_the_manual_says(name: str, machine: Machine, data: st.DataObject) -> None:
    one = data.draw(STRATEGIES[name])
    x = list(BACKGROUND)
    for number in {one.rs1, one.rs2} - {0}:
        x[number] = data.draw(values)
    place_operands(data.draw, one, x)  # type: ignore[arg-type]
    contents = data.draw(st.binary(min_size=DATA_SIZE, max_size=DATA_SIZE))
    hart = Hart(list(x), CODE, {DATA + n: byte for n, byte in enumerate(contents)})
    hart.step(one)

    word = reencode(rv64.encode(one))
    assert word is not None
    machine.write(DATA, contents)
    machine.write(CODE, word.to_bytes(4, "little"))
    machine.registers.pc = CODE
    for number in range(1, 32):
        machine.x[number] = x[number]
    machine.step()

    assert machine.registers.pc == hart.pc
    assert [machine.x[number] for number in range(32)] == hart.x
    assert machine.read(DATA, DATA_SIZE) == bytes(hart.memory[DATA + n] for n in range(DATA_SIZE))


@given(st.integers(0, (1 << 32) - 1))
def test_a_word_becomes_an_instruction_exactly_if_it_is_one(word: int) -> None:
    translated = reencode(word)
    if translated is not None and translated != 0:
        assert decode(translated) is not None
        assert find_rule(word) is not None


@pytest.mark.parametrize(
    ("word", "expected"), [(0x00000073, "syscall"), (0x00100073, "break"), (0x8330000F, "fence"), (0x0100000F, "fence")]
)
def test_a_word_without_operands_has_its_counterpart(word: int, expected: str) -> None:
    translated = reencode(word)
    assert translated is not None
    decoded = decode(translated)
    assert decoded is not None
    assert decoded.instruction.mnemonic == expected


@pytest.mark.parametrize("word", [0x00000000, 0xC0001073])
def test_a_word_that_is_illegal_by_definition_stays_illegal(word: int) -> None:
    translated = reencode(word)
    assert translated is not None
    assert decode(translated) is None


@pytest.mark.parametrize("name", [*rv64.BRANCH_CODES, "jal"])
def test_a_jump_between_two_words_is_not_translated(name: str) -> None:
    assert reencode(rv64.encode(Operation(name, imm=6))) is None
