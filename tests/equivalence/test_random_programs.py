"""Random privileged programs mean the same to every engine and technique, at every instruction."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toyvm.isa.machine import Level
from toyvm.testing import assert_equal, strategies
from toyvm.testing.programs import Program, random_program
from toyvm.testing.techniques import FULL, LEAKY

LIMIT = 1500  # retired instructions; most programs end before
SEEDS = 120
EXAMPLES = 70
SUBJECTS = ["interpreter", *FULL]  # and with each the reference


def checkpoints(random: Random) -> list[int]:
    """Random counts, some of them neighbours, up to the limit."""
    counts = {random.randrange(LIMIT) for _ in range(8)}
    return sorted(counts | {count + 1 for count in counts if random.random() < 0.3} | {LIMIT})


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_random_program_is_the_same_bare_and_under_a_monitor(seed: int) -> None:
    random = Random(seed)
    assert_equal(random_program(random), "reference", *SUBJECTS, checkpoints=checkpoints(random))


@pytest.mark.parametrize("level", [Level.CLASSIC, Level.HYBRID, Level.ASSIST])
@pytest.mark.parametrize("seed", range(SEEDS, SEEDS + 20))
def test_a_random_program_is_the_same_on_the_bare_machine_of_every_level(seed: int, level: Level) -> None:
    random = Random(seed)
    assert_equal(random_program(random, level), "reference", "interpreter", checkpoints=checkpoints(random))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400, 440))
def test_a_random_program_is_the_same_under_the_hybrid_monitor_on_hybrid_hardware(seed: int) -> None:
    random = Random(seed)
    assert_equal(random_program(random, Level.HYBRID), "reference", "hybrid", checkpoints=checkpoints(random))


@pytest.mark.slow
@pytest.mark.parametrize("level", LEAKY)
@pytest.mark.parametrize("seed", range(440, 480))
def test_a_random_program_is_the_same_rewritten_on_hardware_of_every_level(seed: int, level: Level) -> None:
    random = Random(seed)
    assert_equal(
        random_program(random, level), "reference", "rewrite", "rewrite+adaptive", checkpoints=checkpoints(random)
    )


@pytest.mark.parametrize("seed", range(480, 500))
def test_a_random_program_is_the_same_where_shadows_are_flushed(seed: int) -> None:
    random = Random(seed)
    assert_equal(random_program(random), "reference", "trap+flush", "rewrite+flush", checkpoints=checkpoints(random))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(500, 516))
def test_a_random_program_is_the_same_recompiled(seed: int) -> None:
    random = Random(seed)
    assert_equal(
        random_program(random),
        "reference",
        "recompiler",
        "recompiled trap",
        "recompiled hybrid",
        "recompiled rewrite",
        "recompiled assist",
        checkpoints=checkpoints(random),
    )


# 173: the root in use was traced no more. 749, 897: a copy was dropped whose leaf was gone already.
@pytest.mark.parametrize("seed", [173, 749, 897])
def test_a_program_that_was_different_once_is_the_same(seed: int) -> None:
    random = Random(seed)
    assert_equal(
        random_program(random), "reference", "trap", "rewrite", "rewrite+adaptive", checkpoints=checkpoints(random)
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_random_program_is_the_same_stopped_at_every_instruction(seed: int) -> None:
    random = Random(seed)
    assert_equal(random_program(random), "reference", "stepping", checkpoints=checkpoints(random))


@pytest.mark.parametrize("seed", range(300, 320))
def test_a_random_program_is_the_same_with_every_exit_observed(seed: int) -> None:
    random = Random(seed)
    names = ("observed trap", "observed rewrite", "observed assist", "intercepted assist")
    assert_equal(random_program(random), "reference", *names, checkpoints=checkpoints(random))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 220))
def test_a_random_program_is_the_same_saved_and_restored_on_the_way(seed: int) -> None:
    random = Random(seed)
    program = replace(random_program(random), input=b"")
    names = ("interpreter", "trap", "hybrid", "rewrite+adaptive", "assist", "assist+shadow")
    assert_equal(program, "reference", *[f"restored {name}" for name in names], checkpoints=checkpoints(random))


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(program=strategies.privileged_programs(), random=st.randoms(use_true_random=False))
def test_a_drawn_program_is_the_same_bare_and_under_a_monitor(program: Program, random: Random) -> None:
    assert_equal(program, "reference", *SUBJECTS, checkpoints=checkpoints(random))


@pytest.mark.slow
@settings(max_examples=EXAMPLES // 2)
@given(program=strategies.user_programs(), random=st.randoms(use_true_random=False))
def test_a_user_program_is_the_same_bare_and_under_a_monitor(program: Program, random: Random) -> None:
    assert_equal(program, "reference", *SUBJECTS, checkpoints=checkpoints(random))
