"""No program harms the kernel: one of its programs is replaced by random requests, or by random words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guest_runs import GUESTS, Patch, run_guest

from toyvm.isa.registers import REGISTERS
from toyvm.techniques import NAMES
from toyvm.testing import strategies
from toyvm.testing.programs.assembly import li, op, to_bytes

pytestmark = pytest.mark.slow

KERNEL = GUESTS / "kernel" / "kernel.s"
VICTIM = "user_greeter"  # init's first program; its text is a page of its own
VICTIM_WORDS = 1024
LIMIT = 150_000  # instructions: programs may loop, or start themselves again and again
SYSCALLS = 10
EDGES = (0, 1, 8, 4096, 0x1000, 0x40000000, 0x40000FF8, 0x40010000, 0x40020000, 0x401FE000, 0x401FFFF9, 0x40200000)

arguments = st.sampled_from(EDGES) | st.integers(0, 13) | strategies.values()
requests = st.tuples(st.integers(0, SYSCALLS), arguments, arguments, arguments)


def _program(calls: list[tuple[int, int, int, int]]) -> bytes:
    """System calls one after another, then the end."""
    words: list[int] = []
    for number, *values in [*calls, (0, 0, 0, 0)]:
        for register, value in zip(("a7", "a0", "a1", "a2"), (number, *values), strict=True):
            words += li(REGISTERS[register], value)
        words.append(op("syscall"))
    assert len(words) <= VICTIM_WORDS
    return to_bytes(words)


def _check_survival(program: bytes) -> None:
    runs = {name: run_guest(KERNEL, name, patch=Patch(VICTIM, program), limit=LIMIT) for name in NAMES}
    for name, run in runs.items():
        assert run.stop in ("exit", "limit", "idle"), (name, run)
        assert b"panic" not in run.output, (name, run)
        assert b"the monitor refused" not in run.output, (name, run)
        if run.stop == "exit":
            assert run.output.endswith(b"kernel: every page came back\n"), (name, run)
    bare, trap = runs["bare"], runs["trap"]
    assert (trap.stop, trap.instructions, trap.state) == (bare.stop, bare.instructions, bare.state)


@settings(max_examples=60)
@given(st.lists(requests, max_size=20))
def test_no_request_harms_the_kernel(calls: list[tuple[int, int, int, int]]) -> None:
    _check_survival(_program(calls))


@settings(max_examples=60)
@given(st.lists(strategies.words(), max_size=200))
def test_no_instruction_of_a_program_harms_the_kernel(words: list[int]) -> None:
    _check_survival(to_bytes(words))


@pytest.mark.parametrize("number", range(SYSCALLS + 1))
def test_each_call_survives_every_edge(number: int) -> None:
    for value in (*EDGES, (1 << 64) - 1, 1 << 63):
        _check_survival(_program([(number, value, value, value), (number, 1, value, 8), (number, 0, value, 8)]))
