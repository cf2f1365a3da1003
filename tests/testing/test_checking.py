"""Checking: subjects by name and by class are held to one another, and what differs is made small."""

from __future__ import annotations

import re

import pytest
from support.wrong_monitors import WRONG, LosesPmode, NeverFlushesPages, first_found

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.monitor import Monitor
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing import (
    Engine,
    NotEqual,
    Program,
    Subject,
    assert_equal,
    compare,
    differs,
    explain,
    left_open,
    random_program,
    smallest,
)
from toyvm.testing.pieces import count_instructions


class Right(TrapAndEmulate):
    pass


@pytest.mark.parametrize("seed", range(5))
def test_names_and_classes_are_held_to_the_first(seed: int) -> None:
    verdict = compare(random_program(seed), "bare", "trap", Right, "observed trap", ReferenceMachine)
    assert verdict.equal
    assert verdict.names == ("bare", "trap", "Right", "observed trap", "ReferenceMachine")
    assert explain(verdict).startswith("equal in every state: bare, trap, Right, observed trap, ReferenceMachine (")


def test_one_subject_alone_is_held_to_the_reference() -> None:
    assert compare(random_program(1), "trap").names == ("reference", "trap")


@pytest.mark.parametrize("subject", [5, int, "none", "trap/fast"])
def test_what_is_no_subject_is_refused(subject: object) -> None:
    with pytest.raises(UsageError):
        compare(random_program(1), subject)  # type: ignore[arg-type]


def test_nobody_to_compare_is_refused() -> None:
    with pytest.raises(UsageError, match="name a subject"):
        differs(random_program(1))


def test_a_difference_is_explained() -> None:
    _, program = first_found(LosesPmode)
    with pytest.raises(NotEqual) as caught:
        assert_equal(program, LosesPmode)
    text = str(caught.value)
    assert re.search(r"LosesPmode differs from reference after \d+ instructions:\n  status: ", text)
    assert "the reference agrees" not in text, "it is held to the reference"
    assert caught.value.subjects == ("reference", LosesPmode)
    assert caught.value.program is program


def test_a_difference_in_what_is_left_open_is_none() -> None:
    programs = (random_program(seed, leaving_open=True) for seed in range(3000))
    open_ones = (one for one in programs if left_open(one) is not None)
    program = next(one for one in open_ones if differs(one, "interpreter", NeverFlushesPages))
    assert_equal(program, NeverFlushesPages)  # the reference goes no further
    assert "followed no further" in explain(compare(program, NeverFlushesPages))


@pytest.mark.slow
@pytest.mark.parametrize("monitor", WRONG[::4], ids=lambda monitor: monitor.__name__)  # of all bench_testing.py tells
def test_a_mistake_in_a_monitor_is_found_and_made_small(monitor: type[Monitor]) -> None:
    _, program = first_found(monitor)
    small = smallest(program, monitor)
    assert differs(small, monitor)
    assert left_open(small) is None
    assert count_instructions(small) < min(45, count_instructions(program))


class Nothing(Engine):
    """Does not say what an instruction does."""


class Fails(Engine):
    def step(self) -> None:
        raise ZeroDivisionError("at the first instruction")


class Stands(Engine):
    def step(self) -> bool:
        return False


class Wide(Engine):
    def __init__(self, memory: int, **devices: object) -> None:
        super().__init__(4096, **devices)  # type: ignore[arg-type]


SWITCHES_OFF = assemble_text("_start: li a0, 7\n out 8, a0\n", "off.s").image


class SwitchesOff(Engine):
    """Knows the two instructions that the program has."""

    def step(self) -> None:
        if self.pc == SWITCHES_OFF.entry:
            self.x[10] = 7
        else:
            self.exit_code = self.x[10]
        self.pc += 4


def test_an_engine_of_ones_own_is_a_whole_machine() -> None:
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry, input=b"abc", disk=bytes(512))
    assert_equal(program, SwitchesOff)
    assert compare(program, SwitchesOff).instructions == 2


@pytest.mark.parametrize(
    ("engine", "says"),
    [(Nothing, "it takes step()"), (Fails, ": at the first instruction"), (Stands, "Stands gets nowhere: ")],
)
def test_an_engine_that_fails_differs(engine: type[Engine], says: str) -> None:
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry)
    assert says in explain(compare(program, engine))
    assert differs(program, engine)


def test_an_engine_with_too_little_memory_is_told() -> None:
    with pytest.raises(UsageError, match="a segment ends at"):
        compare(random_program(1), Wide)


def test_a_subject_is_a_name_and_a_factory() -> None:
    subject = Subject("mine", lambda program: pytest.fail("it is not run"))
    assert (subject.technique, subject.kind) == ("bare", "plain")
