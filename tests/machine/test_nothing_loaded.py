"""What is said of a computer that runs with nothing loaded, and of one whose memory was written by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toyvm import Host, Level, Machine
from toyvm.isa.coding import encode
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.machine.computer import Computer
from toyvm.machine.outcome import Stop
from toyvm.techniques import ENGINES
from toyvm.testing.techniques import FULL

POWER = encode(BY_MNEMONIC["out"], (8, 0)).to_bytes(4, "little")
ADD = encode(BY_MNEMONIC["addi"], (10, 10, 1)).to_bytes(4, "little")


@pytest.fixture(params=[*ENGINES, *FULL])
def computer(request: pytest.FixtureRequest) -> Iterator[Computer]:
    if request.param in ENGINES:
        with Machine(engine=request.param) as machine:
            yield machine
    else:
        with Host(level=Level.ASSIST) as host, host.guest(request.param, "1M") as guest:
            yield guest


SAID = "the guest cannot go on: nothing is loaded: memory is all zeros, at pc 0x0"


def test_a_fault_with_nothing_loaded_says_so(computer: Computer) -> None:
    outcome = computer.run(max_instructions=100)
    assert outcome.stop is Stop.FAULT
    assert outcome.detail == outcome.report.splitlines()[0] == SAID


def test_so_does_a_domain_that_has_no_tables_either() -> None:
    with Host() as host, host.guest("para", "1M") as guest:
        assert guest.run(max_instructions=100).detail == SAID


def test_memory_that_is_written_by_hand_runs_and_is_something(computer: Computer) -> None:
    computer.write(0x1000, ADD)
    computer.registers.pc = 0x1000
    outcome = computer.run(max_instructions=100)
    assert (outcome.instructions, computer.registers.a0) == (1, 1)
    assert "nothing is loaded" not in outcome.report
    assert "execution ran past the end of the code, after 0x1000: " in outcome.detail


def test_a_program_that_is_written_by_hand_ends_well() -> None:
    with Machine() as machine:
        machine.write(0x1000, ADD + POWER)
        machine.registers.pc = 0x1000
        assert machine.run().check().instructions == 2
