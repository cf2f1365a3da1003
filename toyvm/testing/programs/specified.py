"""What is specified: whether a program, followed so far, does anything that the specification leaves open."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.arguments import check_integer
from toyvm.reference.machine import ReferenceMachine
from toyvm.reference.stops import Stop
from toyvm.testing.programs.program import Given, Program, as_program

FOLLOWED = 2_000  # instructions that a random program is followed for; most have ended


class Course(NamedTuple):
    """What a program does as far as it was followed."""

    left_open: str | None  # the first thing that the specification leaves open
    is_plain: bool  # it has never trapped, and switched off


def course_of(program: Program, instructions: int = FOLLOWED) -> Course:
    """What the reference says of so many instructions, at some 12 microseconds each."""
    machine = ReferenceMachine(program.memory, program.level, **program.devices())
    machine.load(program)
    stop, waited = machine.run(instructions), False
    while stop is Stop.IDLE and machine.retired < instructions:  # who runs it on goes on behind the wfi
        stop, waited = machine.run(instructions), True
    return Course(machine.unspecified, stop is Stop.EXIT and not machine.traps and not waited)


def left_open(program: Given, instructions: int = FOLLOWED) -> str | None:
    """What a program does within so many instructions that the specification leaves open; None: nothing."""
    return course_of(as_program(program), check_integer(instructions, "instructions")).left_open
