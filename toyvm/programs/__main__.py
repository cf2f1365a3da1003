"""`python -m toyvm.programs [COUNT]`: what COUNT random programs cover, run on the reference."""

from __future__ import annotations

import sys
from random import Random

from toyvm.programs import random_program
from toyvm.programs.coverage import Coverage
from toyvm.reference import ReferenceMachine

LIMIT = 2000  # retired instructions a program


def measure(count: int) -> Coverage:
    """Run the programs of the seeds 0..count-1."""
    coverage = Coverage()
    for seed in range(count):
        program = random_program(Random(seed))
        machine = ReferenceMachine(
            program.memory,
            program.level,
            None if program.disk is None else bytearray(program.disk),
            program.disk_latency,
            program.disk_writable,
            input=program.input,
        )
        machine.load(program)
        coverage.add(machine, machine.run(LIMIT))
    return coverage


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000).report())
