"""Strategies: what they draw is what they say, of every kind."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toyvm.errors import UsageError
from toyvm.host.host import Host
from toyvm.hypercalls import OFFERED
from toyvm.isa.coding import decode
from toyvm.isa.control import ALL_BITS
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing import (
    FOLLOWED,
    Program,
    assert_equal,
    compare,
    left_open,
    random_computation,
    random_program,
    strategies,
)
from toyvm.testing.programs import layout
from toyvm.testing.programs.calling import RETURNING, Call
from toyvm.testing.states import differences, observe
from toyvm.testing.strategies import HostedGuest
from toyvm.testing.subjects import SUBJECTS


@given(strategies.values(), strategies.words(), strategies.illegal_words(), strategies.registers())
def test_values_and_words_are_what_they_say(value: int, word: int, illegal: int, register: int) -> None:
    assert 0 <= value <= ALL_BITS
    assert decode(word) is not None
    assert decode(illegal) is None
    assert 0 <= register < 32


@given(strategies.instructions().flatmap(lambda row: st.tuples(st.just(row), strategies.words([row]))))
def test_words_are_of_the_instructions_asked_for(drawn: tuple[object, int]) -> None:
    decoded = decode(drawn[1])
    assert decoded is not None
    assert decoded.instruction is drawn[0]


@given(
    st.sampled_from([operand for row in INSTRUCTIONS if (operand := row.immediate)]).flatmap(
        lambda operand: st.tuples(st.just(operand), strategies.immediates(operand))
    )
)
def test_immediates_fit(drawn: tuple[object, int]) -> None:
    operand, value = drawn
    assert operand.low <= value <= operand.high  # type: ignore[attr-defined]


@settings(max_examples=30)
@given(strategies.configurations(), strategies.programs())
def test_a_program_is_the_same_in_every_configuration(machine: Program, program: Program) -> None:
    whole = replace(machine, segments=program.segments, entry=program.entry)
    assert_equal(whole, "reference", "interpreter", checkpoints=[FOLLOWED])


@given(strategies.page_tables())
def test_page_tables_lie_in_memory_and_map_the_code(tables: dict[int, int]) -> None:
    assert all(address % 8 == 0 and 0 <= address < layout.SMALL_MEMORY for address in tables)
    assert {layout.ROOT, layout.OTHER_ROOT} <= tables.keys()
    assert all(0 <= entry <= ALL_BITS for entry in tables.values())


@settings(max_examples=40)
@given(strategies.programs())
def test_a_computing_program_ends_and_never_traps(program: Program) -> None:
    machine = ReferenceMachine(program.memory)
    machine.load(program)
    assert machine.run(FOLLOWED) == "exit"
    assert not machine.traps
    assert machine.unspecified is None


SOME = ("add", "sd", "bne")


@settings(max_examples=40)
@given(strategies.programs(instructions=SOME))
def test_a_computing_program_has_the_instructions_asked_for(program: Program) -> None:
    machine = ReferenceMachine(program.memory)
    machine.load(program)
    machine.run(FOLLOWED)
    assert machine.executed.keys() <= {*SOME, "addi", "lui", "ori", "slli", "out"}


@pytest.mark.parametrize("mnemonic", ["crw", "syscall", "nothing"])
def test_programs_that_compute_have_no_other_instruction(mnemonic: str) -> None:
    with pytest.raises(UsageError, match=mnemonic):
        strategies.programs(instructions=[mnemonic])


@settings(max_examples=10)
@given(strategies.privileged_programs(Level.CLASSIC), strategies.user_programs())
def test_programs_with_a_kernel_are_specified(privileged: Program, user: Program) -> None:
    assert privileged.level is Level.CLASSIC
    assert left_open(privileged) is None
    assert left_open(user) is None


@pytest.mark.parametrize("seed", range(40))
def test_a_random_program_is_specified_and_that_of_its_seed(seed: int) -> None:
    program = random_program(seed)
    assert left_open(program) is None
    assert program == random_program(Random(seed))


def test_a_program_is_followed_behind_a_wait_that_nothing_ends() -> None:
    """Seed 300 leads first to one that is idle after 240 instructions, and uses a stale translation after that."""
    program = random_program(300)
    with SUBJECTS["reference"](program) as reference:
        while reference.retired < FOLLOWED and reference.run(FOLLOWED) == "idle":
            pass
        assert reference.unspecified is None


def test_some_programs_leave_something_open_where_they_may() -> None:
    found = [seed for seed in range(120) if left_open(random_program(seed, leaving_open=True))]
    assert 1 <= len(found) <= 15


@given(strategies.hypercall_sequences())
def test_hypercalls_have_their_arguments(calls: list[Call]) -> None:
    assert all(len(arguments) == len(row.arguments) for row, arguments in calls)


@settings(max_examples=25)
@given(strategies.calling_programs())
def test_hypercalls_do_the_same_on_every_engine(program: Program) -> None:
    pytest.importorskip("llvmlite")
    verdict = compare(program, "para", "para/recompiler")
    assert verdict.equal
    assert not verdict.by_output


@settings(max_examples=15)
@given(strategies.calling_programs([row for row in RETURNING if row.name in OFFERED]))
def test_hypercalls_that_are_offered_are_served(program: Program) -> None:
    with SUBJECTS["trap"](program):
        assert compare(program, "trap+hypercalls", "rewrite+hypercalls").names


@settings(max_examples=6)
@given(strategies.hosted_guests(most=3))
def test_guests_of_a_host_are_as_if_alone(guests: list[HostedGuest]) -> None:
    with Host(memory="64M", level="assist") as host:
        for guest in guests:
            made = host.guest(guest.technique, guest.program.memory, share=guest.share, **guest.program.devices())
            made.load(guest.program)  # type: ignore[arg-type]
            made.image = None
        for made, guest in zip(host.guests, guests, strict=True):
            with SUBJECTS["reference"](guest.program) as alone:
                assert not differences(observe(alone, 900), observe(made, 900))


def test_every_computing_instruction_comes() -> None:
    seen = set()
    for seed in range(60):
        machine = ReferenceMachine(1 << 18)
        machine.load(random_computation(seed))
        machine.run(FOLLOWED)
        seen |= machine.executed.keys()
    assert seen >= {"jal", "jalr", "ld", "sb", "bgeu", "mulhsu", "remuw", "auipc", "sraiw"}
    assert all(name in BY_MNEMONIC for name in seen)
