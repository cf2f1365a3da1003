"""Hypothesis strategies for T64 words, values and whole programs, all derived from toyvm/isa.

Hypothesis is needed by this module alone; `toyvm.testing.programs.random_program` draws the same programs without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from toyvm.isa.declare import Instruction, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.isa.registers import REGISTER_COUNT
from toyvm.testing.programs import gadgets, tables, values
from toyvm.testing.programs.program import Program, assemble
from toyvm.testing.programs.source import Source

MOST_GADGETS = 32
MOST_DEVIATIONS = 10


class DrawnSource(Source):
    """Decisions that Hypothesis makes, and shrinks."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


def registers() -> SearchStrategy[int]:
    """Numbers of general registers."""
    return st.integers(0, REGISTER_COUNT - 1)


@st.composite
def immediates(draw: DrawFn, operand: Operand) -> int:
    """Legal encoded values of a non-register operand, biased to its limits."""
    return values.immediate(DrawnSource(draw), operand)


@st.composite
def words64(draw: DrawFn) -> int:
    """Unsigned 64-bit values, biased to small ones and to the neighbours of powers of two."""
    return values.value64(DrawnSource(draw))


@st.composite
def legal_words(draw: DrawFn, rows: Sequence[Instruction] = INSTRUCTIONS) -> int:
    """Words of these instructions, each instruction as likely as another."""
    source = DrawnSource(draw)
    return values.word_of(source, source.choose(rows))


@st.composite
def illegal_words(draw: DrawFn) -> int:
    """Words that decode to nothing, most of them a bit away from one that does."""
    return values.illegal_word(DrawnSource(draw))


@st.composite
def entries(draw: DrawFn, memory: int) -> int:
    """Page-table entries of every kind, good and bad, for `memory` bytes of RAM."""
    return tables.entry(DrawnSource(draw), memory)


@st.composite
def _gadgets(draw: DrawFn, table: tuple[tuple[int, gadgets.Gadget], ...]) -> list[int]:
    source = DrawnSource(draw)
    return source.weighted(table)(source)


def _bodies(table: tuple[tuple[int, gadgets.Gadget], ...]) -> SearchStrategy[list[list[int]]]:
    # A drawn minimum makes long lists likely, and still lets them shrink to nothing.
    lengths = st.integers(0, MOST_GADGETS * 2 // 3)
    return lengths.flatmap(lambda least: st.lists(_gadgets(table), min_size=least, max_size=MOST_GADGETS))


@st.composite
def privileged_programs(draw: DrawFn, level: Level = Level.STRICT) -> Program:
    """Programs with a small kernel: traps, paging, timer, interrupts and devices, in both modes."""
    body = draw(_bodies(gadgets.GADGETS + gadgets.RARELY))
    return assemble(DrawnSource(draw), body, draw(st.integers(0, MOST_DEVIATIONS)), level)


@st.composite
def user_programs(draw: DrawFn, level: Level = Level.STRICT) -> Program:
    """Programs whose body does what user programs do: compute, load, store, jump, call the kernel."""
    body = draw(_bodies(gadgets.USER_GADGETS))
    return assemble(DrawnSource(draw), body, 0, level)
