"""Drawing: a random program for a seed, of which all is specified that it does."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from toyvm.arguments import wrong
from toyvm.isa.machine import Level
from toyvm.machine.config import parse_level
from toyvm.testing.programs.computing import check_instructions, computing_program
from toyvm.testing.programs.gadgets import gadget
from toyvm.testing.programs.program import Program, assemble
from toyvm.testing.programs.source import RandomSource, Source
from toyvm.testing.programs.specified import left_open


def random_program(seed: int | Random, level: Level = Level.STRICT, *, leaving_open: bool = False) -> Program:
    """The privileged program that a seed leads to, or the state of a `Random`, for hardware of a level.

    The specification says what all of its first FOLLOWED instructions do, which the reference is asked about; that
    takes some ten milliseconds. Five in a hundred others do what it leaves open, mostly to use a stale translation.
    With `leaving_open` these are taken as they are drawn, at once.
    """
    source, level = _source(seed), parse_level(level)
    while True:
        program = _drawn(source, level)
        if leaving_open or left_open(program) is None:
            return program


def random_computation(seed: int | Random, instructions: Collection[str] | None = None) -> Program:
    """A program for a seed that computes, of these instructions besides those with which values are loaded.

    It has no kernel and never traps, and ends within FOLLOWED instructions by switching off. Raises UsageError for an
    instruction that does more than compute, load, store, branch or jump.
    """
    source = _source(seed)
    return computing_program(source, check_instructions(instructions))


def _source(seed: int | Random) -> Source:
    if not isinstance(seed, (int, Random)):
        raise wrong("seed", seed, "an integer, or a random.Random")
    return RandomSource(seed if isinstance(seed, Random) else Random(seed))


def _drawn(source: Source, level: Level) -> Program:
    return assemble(
        source,
        gadgets=[gadget(source) for _ in range(source.integer(4, 28))],
        deviations=source.integer(0, 12),
        level=level,
    )
