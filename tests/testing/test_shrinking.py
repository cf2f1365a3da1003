"""Shrinking: of a program that fails little is left, and that fails as well and is specified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.testing.listing import assembly_of
from toyvm.testing.pieces import Pieces, count_instructions
from toyvm.testing.programs import Program, random_program
from toyvm.testing.programs.specified import left_open
from toyvm.testing.shrinking import shrunk
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS


def ends_with_output(program: Program) -> bool:
    """Does it print anything?"""
    with SUBJECTS["interpreter"](program) as machine:
        machine.run(until=2_000)
        return bool(machine.output)


def program_of(text: str) -> Program:
    image = assemble_text(text, "guest.s").image
    return Program(image.segments, image.entry, memory=1 << 18)


LOOP = """
.include "t64.inc"
_start:
    li   t0, 5
    la   s0, text
again:
    addi t1, t1, 3
    xor  t2, t1, t0
    addi t0, t0, -1
    bnez t0, again
    lbu  a0, 0(s0)
    mul  t3, t2, t1
    out  PORT_CONSOLE_OUT, a0
    out  PORT_POWER, t3
.data
text: .asciz "a text"
"""


def test_what_does_not_matter_is_left_out() -> None:
    small = shrunk(program_of(LOOP), ends_with_output)
    assert count_instructions(small) == 2  # it still switches off
    assert "out 0, zero" in assembly_of(small)


def test_branches_lead_where_they_led() -> None:
    """Of a loop all is left out that does not count its rounds."""

    def goes_round(program: Program) -> bool:
        with SUBJECTS["interpreter"](program) as machine:
            machine.run(until=2_000)
            return bool(machine.x[6] == 15 and machine.x[5] == 0)

    small = shrunk(program_of(LOOP), goes_round)
    assert count_instructions(small) == 5  # it still switches off
    assert goes_round(small)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_what_can_be_left_out_only_all_at_once_is_left_out(count: int) -> None:
    """Of one kind, as a single one is all of it, too."""
    apart = "\n".join(f'.section .d{n}, "aw"\n.address {0x8000 + 0x1000 * n}\n.byte {n + 1}' for n in range(count))
    program = program_of(f"_start: out 8, zero\n{apart}\n")
    whole = len(Pieces.of(program).data)
    assert whole == count

    def has_all_or_none(program: Program) -> bool:
        return len(Pieces.of(program).data) in (0, whole)

    assert not Pieces.of(shrunk(program, has_all_or_none)).data


def first_that_prints() -> Program:
    return next(one for seed in range(1000) if ends_with_output(one := random_program(seed)))


def test_shrinking_a_random_program_is_repeatable() -> None:
    program = first_that_prints()
    small, other = (shrunk(program, ends_with_output, attempts=300) for _ in range(2))
    assert small == other
    assert ends_with_output(small)
    assert left_open(small) is None
    assert count_instructions(small) < 12


def test_no_more_candidates_are_asked_about_than_said() -> None:
    asked = 0

    def is_failing(program: Program) -> bool:
        nonlocal asked
        asked += 1
        return True

    shrunk(first_that_prints(), is_failing, attempts=3)
    assert asked == 4  # the program itself, and three


def test_what_does_not_fail_is_not_shrunk() -> None:
    with pytest.raises(UsageError, match="it does not fail"):
        shrunk(program_of(LOOP), lambda program: False)


@pytest.mark.parametrize("seed", range(10))
def test_a_program_taken_apart_is_itself_again(seed: int) -> None:
    program = random_program(Random(seed))
    again = Pieces.of(program).program()
    with SUBJECTS["interpreter"](program) as one, SUBJECTS["interpreter"](again) as other:
        assert not differences(observe(one, 0), observe(other, 0))


FULL = replace(
    program_of("_start: li a0, 5\n out 8, a0\n"),
    memory=1 << 20,
    input=b"typed",
    disk=b"\1" * 1024,
    disk_latency=7,
    disk_writable=False,
)
MATTERS: dict[str, Callable[[Program], bool]] = {
    "nothing": lambda one: True,
    "memory": lambda one: one.memory == 1 << 20,
    "input": lambda one: one.input == b"typed",
    "disk": lambda one: one.disk is not None,
    "disk_latency": lambda one: one.disk_latency == 7,
    "disk_writable": lambda one: not one.disk_writable,
}


@pytest.mark.parametrize("what", MATTERS)
def test_of_the_machine_stays_what_it_fails_with_and_nothing_else(what: str) -> None:
    plain, found = Program(()), shrunk(FULL, MATTERS[what])
    for name in ("memory", "input", "disk", "disk_latency", "disk_writable"):
        if name == "disk" and what.startswith("disk"):  # its latency, too, is of no matter without one
            assert found.disk == bytes(1024), "its contents do not matter"
        else:
            assert getattr(found, name) == getattr(FULL if name == what else plain, name), name
