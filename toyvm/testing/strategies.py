"""Hypothesis strategies for everything that a T64 is given, all derived from toyvm/isa.

Hypothesis is needed by this module alone; `toyvm.testing.random_program` draws such programs without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from toyvm.hypercalls import Hypercall
from toyvm.isa.declare import Instruction, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.isa.registers import REGISTER_COUNT
from toyvm.testing.programs import gadgets, layout, tables
from toyvm.testing.programs.calling import MOST_CALLS, RETURNING, Call, call, calling_program
from toyvm.testing.programs.computing import check_instructions, computing_program
from toyvm.testing.programs.program import Program, assemble
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.specified import left_open
from toyvm.testing.programs.values import illegal_word, immediate, value64, word_of
from toyvm.testing.techniques import FULL

MOST_GADGETS = 32
MOST_DEVIATIONS = 10


class DrawnSource(Source):
    """Decisions that Hypothesis makes, and shrinks."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


# Values and instructions.


def registers() -> SearchStrategy[int]:
    """Numbers of general registers."""
    return st.integers(0, REGISTER_COUNT - 1)


@st.composite
def values(draw: DrawFn) -> int:
    """Unsigned 64-bit values, biased to small ones and to the neighbours of powers of two."""
    return value64(DrawnSource(draw))


@st.composite
def immediates(draw: DrawFn, operand: Operand) -> int:
    """Legal encoded values of a non-register operand, biased to its limits."""
    return immediate(DrawnSource(draw), operand)


def instructions(rows: Sequence[Instruction] = INSTRUCTIONS) -> SearchStrategy[Instruction]:
    """Rows of the instruction set, each as likely as another."""
    return st.sampled_from(rows)


@st.composite
def words(draw: DrawFn, rows: Sequence[Instruction] = INSTRUCTIONS) -> int:
    """Legal 32-bit words of these instructions, with every operand."""
    source = DrawnSource(draw)
    return word_of(source, source.choose(rows))


@st.composite
def illegal_words(draw: DrawFn) -> int:
    """32-bit words that decode to nothing, most of them a bit away from one that does."""
    return illegal_word(DrawnSource(draw))


# Machines.


@st.composite
def configurations(draw: DrawFn, levels: Sequence[Level] = tuple(Level)) -> Program:
    """Machines with nothing loaded: memory, hardware level, input and disk; `replace` gives one its segments."""
    source = DrawnSource(draw)
    sectors = source.integer(0, 4)
    return Program(
        (),
        memory=source.choose((layout.SMALL_MEMORY, layout.LARGE_MEMORY)),
        level=source.choose(levels),
        input=draw(st.binary(max_size=8)),
        disk=bytes(SECTOR_SIZE * sectors) if sectors else None,
        disk_latency=source.choose((1000, 0, 1, 20, 300)),
        disk_writable=not source.chance(20),
    )


@st.composite
def entries(draw: DrawFn, memory: int = layout.SMALL_MEMORY) -> int:
    """Page-table entries of every kind, good and bad, for `memory` bytes of RAM."""
    return tables.entry(DrawnSource(draw), memory)


@st.composite
def page_tables(draw: DrawFn, memory: int = layout.SMALL_MEMORY) -> dict[int, int]:
    """Page tables as entries by physical address: two roots, layout.ROOT and OTHER_ROOT, with a few entries spoilt."""
    source = DrawnSource(draw)
    return tables.spoilt_tables(source, memory, source.integer(0, MOST_DEVIATIONS))


# Programs.


@st.composite
def _computing(draw: DrawFn, wanted: frozenset[str]) -> Program:
    return computing_program(DrawnSource(draw), wanted)


def programs(instructions: Collection[str] | None = None) -> SearchStrategy[Program]:
    """Programs that compute, of these instructions besides those with which values are loaded; no kernel, no trap.

    They run in kernel mode with paging off, and end by switching off. Raises UsageError for an instruction that does
    more than compute, load, store, branch or jump.
    """
    return _computing(check_instructions(instructions))


@st.composite
def _gadgets(draw: DrawFn, table: tuple[tuple[int, gadgets.Gadget], ...]) -> list[int]:
    source = DrawnSource(draw)
    return source.weighted(table)(source)


def _bodies(table: tuple[tuple[int, gadgets.Gadget], ...]) -> SearchStrategy[list[list[int]]]:
    # A drawn minimum makes long lists likely, and still lets them shrink to nothing.
    lengths = st.integers(0, MOST_GADGETS * 2 // 3)
    return lengths.flatmap(lambda least: st.lists(_gadgets(table), min_size=least, max_size=MOST_GADGETS))


@st.composite
def _privileged(draw: DrawFn, level: Level) -> Program:
    body = draw(_bodies(gadgets.GADGETS + gadgets.RARELY))
    return assemble(DrawnSource(draw), body, draw(st.integers(0, MOST_DEVIATIONS)), level)


def privileged_programs(level: Level = Level.STRICT, *, leaving_open: bool = False) -> SearchStrategy[Program]:
    """Programs with a small kernel: traps, paging, timer, interrupts and devices, in both modes.

    The specification says what all of their first FOLLOWED instructions do, unless `leaving_open`.
    """
    return _privileged(level) if leaving_open else _privileged(level).filter(_is_specified)


@st.composite
def _user(draw: DrawFn, level: Level) -> Program:
    return assemble(DrawnSource(draw), draw(_bodies(gadgets.USER_GADGETS)), 0, level)


def user_programs(level: Level = Level.STRICT, *, leaving_open: bool = False) -> SearchStrategy[Program]:
    """Programs whose body does what user programs do, under such a kernel: compute, load, store, jump, call it."""
    return _user(level) if leaving_open else _user(level).filter(_is_specified)


def _is_specified(program: Program) -> bool:
    return left_open(program) is None


# Monitors and hosts.


@st.composite
def _calls(draw: DrawFn, rows: Sequence[Hypercall]) -> Call:
    return call(DrawnSource(draw), rows)


def hypercall_sequences(rows: Sequence[Hypercall] = RETURNING) -> SearchStrategy[list[Call]]:
    """Lists of hypercalls of these rows with arguments of every kind, most of which are refused."""
    return st.lists(_calls(rows), max_size=MOST_CALLS)


@st.composite
def calling_programs(draw: DrawFn, rows: Sequence[Hypercall] = RETURNING) -> Program:
    """Programs that make such hypercalls one after another, keep their results in memory, and shut down.

    For a paravirtual kernel, or one that is offered hypercalls.
    """
    calls = draw(hypercall_sequences(rows))
    return calling_program(DrawnSource(draw), calls)


@dataclass(frozen=True, slots=True)
class HostedGuest:
    """A guest of a host with others: its technique, its program, and its share of the CPU."""

    technique: str
    program: Program
    share: int


@st.composite
def _guest(draw: DrawFn, techniques: Sequence[str]) -> HostedGuest:
    return HostedGuest(
        draw(st.sampled_from(techniques)), draw(privileged_programs()), draw(st.sampled_from((100, 1, 50, 1000)))
    )


def hosted_guests(techniques: Sequence[str] = FULL, most: int = 4) -> SearchStrategy[list[HostedGuest]]:
    """From one to `most` guests for one host, of hardware level `assist` and with room for all, on these techniques."""
    return st.lists(_guest(techniques), min_size=1, max_size=most)
