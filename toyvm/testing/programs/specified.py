"""What is specified: whether a program, followed so far, does anything that the specification leaves open."""

from __future__ import annotations

from toyvm.reference.machine import ReferenceMachine
from toyvm.testing.programs.program import Program

FOLLOWED = 2_000  # instructions that a random program is followed for; most have ended


def left_open(program: Program, instructions: int = FOLLOWED) -> str | None:
    """What a program does within so many instructions that the specification leaves open; None: nothing.

    The reference is asked, at some 12 microseconds an instruction.
    """
    machine = ReferenceMachine(program.memory, program.level, **program.devices())
    machine.load(program)
    machine.run(instructions)
    return machine.unspecified
