"""A modelled TLB counts the same on every engine and technique, where the guest's accesses are the same."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random

import pytest

from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.tlb import COUNTED, TlbShape, tlb_shape
from toyvm.recompiler.options import Recompiling
from toyvm.reference import ReferenceMachine
from toyvm.testing.programs import Program, random_program
from toyvm.testing.subjects import level_for
from toyvm.testing.techniques import VARIANTS

LIMIT = 1500  # retired instructions
SHAPES = ("1x1", "4x4", "8x2", "64x4")
EAGER = Recompiling(threshold=1, eager=True, waiting=True, limit=100, shortest=1, cache=None)
OF_THE_GUEST = tuple(name for name in COUNTED if name != "nested_steps")


def counts_of(computer: Computer) -> dict[str, int]:
    assert computer.tlb is not None
    return {name: getattr(computer.tlb, name) for name in OF_THE_GUEST}


def reference_of(program: Program, shape: TlbShape) -> ReferenceMachine:
    machine = ReferenceMachine(memory=program.memory, level=program.level, **program.devices())
    machine.model_tlb(*shape)
    machine.load(program)
    return machine


def check(seed: int, techniques: tuple[str, ...], engine: str | Recompiling = "interpreter") -> None:
    """Hold them to the reference at a few counts."""
    random = Random(seed)
    program, shape = random_program(random), tlb_shape(SHAPES[seed % len(SHAPES)])
    reference = reference_of(program, shape)
    checkpoints = [*sorted(random.randrange(LIMIT) for _ in range(3)), LIMIT]
    with ExitStack() as stack:
        computers = {}
        for technique in techniques:
            level = level_for(technique, program.level)
            options = {"tlb": shape, **program.devices()}
            how = launched(technique, program.memory, engine=engine, level=level, **options)
            computers[technique] = stack.enter_context(how)
            computers[technique].load(program)
        for checkpoint in checkpoints:
            reference.run(checkpoint)
            expected = {name: reference.tlb_counts[name] for name in OF_THE_GUEST}
            for technique, computer in computers.items():
                computer.run(until=checkpoint)
                assert counts_of(computer) == expected, (technique, checkpoint, str(shape))


@pytest.mark.parametrize("seed", range(60))
def test_the_counts_are_those_of_the_reference_bare_and_under_every_full_virtualization(seed: int) -> None:
    check(seed, ("bare", *VARIANTS))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 400))
def test_they_are_in_many_programs(seed: int) -> None:
    check(seed, ("bare", *VARIANTS))


@pytest.mark.parametrize("seed", range(400, 404))
def test_they_are_with_a_recompiler_which_stands_still(seed: int) -> None:
    pytest.importorskip("llvmlite")
    check(seed, ("bare", "trap", "assist"), EAGER)
