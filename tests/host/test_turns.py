"""One turn is bounded, whatever its guest does in it: neighbours, limits and Ctrl-C have their say soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.host.stride import MAXIMUM_SLICE
from toyvm.machine.console import InputRecord, ReplayInput
from toyvm.machine.outcome import Stop
from toyvm.machine.run_loop import MOVED_A_TURN, SHOWN_A_TURN

SLICE, TURNS = 1_000, 20
BUFFER, CALLS = 1 << 20, 64  # bytes of a call, calls of the one instruction
FOR_EVER = assemble_text("_start: addi a0, a0, 1\n j _start\n", "for_ever.s").image
READS = assemble_text("1: _start: in a0, 1\n j 1b\n", "reads.s").image
# One multicall of calls that move a buffer's worth each, then its result as the exit code.
MOVES = f"""
.include "platform.inc"
.globl _start
_start:
    la   t0, list
    li   t1, {CALLS}
1:  li   t2, CALL
    sd   t2, 0(t0)
    la   t2, buffer
    sd   t2, 16(t0)
    li   t2, {BUFFER}
    sd   t2, 24(t0)
    addi t0, t0, 64
    addi t1, t1, -1
    bnez t1, 1b
    la   a0, list
    li   a1, {CALLS}
    li   a2, 0
    hcall HC_MULTICALL
    hcall HC_SHUTDOWN
.bss
.balign 8
list: .space {CALLS * 64}
buffer: .space {BUFFER}
"""
for_each_offer = pytest.mark.parametrize("technique", ["para", "trap+hypercalls"])


class Counted:
    """It takes and gives any number of bytes, and counts them."""

    live = False

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    def fetch(self, size: int, wait: float) -> bytes:
        self.bytes += size
        return bytes(size)


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("32M", slice=SLICE) as host:
        yield host


def moving(host: Host, technique: str, call: str, through: Counted) -> Guest:
    guest = host.guest(technique, "2M", input=through, output=through)  # type: ignore[arg-type]
    defines = {"PARAVIRT": 1} if technique == "para" else {}
    guest.load(assemble_text(MOVES.replace("CALL", call, 1), "moves.s", defines=defines).image)
    return guest


@for_each_offer
@pytest.mark.parametrize("call", ["HC_CONSOLE_WRITE", "HC_CONSOLE_READ"])
def test_one_instruction_moves_so_much_through_the_console_and_then_neighbours_have_their_turns(
    host: Host, technique: str, call: str
) -> None:
    through = Counted()
    guest, neighbour = moving(host, technique, call, through), host.guest("trap", "64K")
    neighbour.load(FOR_EVER)
    assert host.run(2 * TURNS * SLICE) is HostStop.LIMIT
    assert guest.outcome is None
    assert neighbour.retired == TURNS * SLICE
    assert TURNS // 2 * MOVED_A_TURN < through.bytes < 2 * TURNS * MOVED_A_TURN


@for_each_offer
def test_a_guest_cannot_tell_in_how_many_turns_its_output_went(host: Host, technique: str) -> None:
    shared, alone = Counted(), Counted()
    guest = moving(host, technique, "HC_CONSOLE_WRITE", shared)
    assert host.run() is HostStop.DONE
    twin = moving(host, technique, "HC_CONSOLE_WRITE", alone)
    assert guest.outcome is not None
    assert (guest.outcome.exit_code, twin.run().exit_code) == (0, 0)
    assert shared.bytes == alone.bytes == CALLS * BUFFER
    assert guest.retired == twin.retired
    assert technique == "para" or guest.state_hash() == twin.state_hash()


def soon_interrupted(host: Host, times: int) -> Callable[[], None]:
    """A function that posts itself so often, and then ends the run: between two turns each time."""
    left = [times]

    def again() -> None:
        left[0] -= 1
        host.post(again) if left[0] else host.interrupt()

    return again


def test_a_turn_of_any_length_lets_clock_and_ctrl_c_in() -> None:
    with Host("4M", slice=MAXIMUM_SLICE) as host:
        guest = host.guest("trap", "64K")
        guest.load(FOR_EVER)
        host.post(soon_interrupted(host, 5))
        assert host.run() is HostStop.INTERRUPTED
        assert 0 < guest.retired < 10_000_000


def test_a_turn_whose_exits_are_all_observed_lets_them_in_too() -> None:
    with Host("4M", slice=MAXIMUM_SLICE) as host:
        seen = Counted()
        guest = host.guest("trap", "64K", input=Counted())  # type: ignore[arg-type]
        guest.load(READS)
        guest.observe(lambda _: seen.write(b"1"), "in")
        host.post(soon_interrupted(host, 5))
        assert host.run() is HostStop.INTERRUPTED
        assert 0 < seen.bytes <= 5 * SHOWN_A_TURN
        host.run(1_000)
        assert seen.bytes == guest.exits["in"], "each exit is shown once"


@pytest.mark.parametrize("slice", [10, 1_000, 1 << 20])
def test_what_a_terminal_brought_comes_back_at_its_count_whatever_the_turns(slice: int) -> None:
    source = "_start: li s0, 3\n1: in a0, 1\n bltz a0, 1b\n addi s0, s0, -1\n bnez s0, 1b\n out 8, zero\n"
    log = [InputRecord(1_001, b"a"), InputRecord(2_500, b"b"), InputRecord(40_000, b"c")]
    ends = []
    for shared in (False, True):
        with Host("4M", slice=slice) as host, host.guest("trap", "1M", input=ReplayInput(log)) as guest:
            guest.load(assemble_text(source, "polls.s").image)
            outcome = host.run(100_000) if shared else guest.run(100_000).stop
            assert outcome is (HostStop.DONE if shared else Stop.EXIT)
            ends.append((guest.retired, guest.state_hash()))
    assert ends[0] == ends[1]
    assert 40_000 < ends[0][0] < 40_010
