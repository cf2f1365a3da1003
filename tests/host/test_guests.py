"""Guests of a host: the same interface as the bare machine, and their exits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from toyvm import ExitEvent, Guest, Host, Machine, Stop, UsageError, assemble_text
from toyvm.exits import EXIT_REASONS
from toyvm.host.exit_events import FIELDS, LAYOUT
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi
from toyvm.techniques import NAMES, parse_variant

PROGRAM = assemble_text(
    """
_start:
    la   t0, handler
    crw  tvec, t0
    li   s0, 3
1:  in   a0, 0x10
    addi s0, s0, -1
    bnez s0, 1b
    syscall
    li   a0, 5
    out  8, a0
handler:
    crr  t0, epc
    addi t0, t0, 4
    crw  epc, t0
    eret
""",
    "guest.s",
).image


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Host() as host, host.guest("trap", "1M") as guest:
        guest.load(PROGRAM)
        yield guest


def test_the_native_layout_of_an_exit_is_the_one_unpacked_here() -> None:
    fields = ffi.typeof("t64_exit").fields
    assert tuple(name for name, _ in fields) == FIELDS
    assert ffi.sizeof("t64_exit") == LAYOUT.size


def test_a_guest_ends_in_the_same_state_as_the_bare_machine(guest: Guest) -> None:
    with Machine("1M") as machine:
        machine.load(PROGRAM)
        ours, theirs = guest.run(), machine.run()
        assert (ours.stop, ours.exit_code, ours.instructions) == (theirs.stop, theirs.exit_code, theirs.instructions)
        assert guest.state_hash() == machine.state_hash()


def test_exits_are_counted_by_reason(guest: Guest) -> None:
    guest.run()
    assert {"in": 3, "syscall": 1, "crw": 2, "crr": 1, "eret": 1, "out": 1}.items() <= guest.exits.items()
    with Machine("1M") as machine:
        assert machine.exits == {}


def test_an_observer_sees_each_exit_it_asked_for_with_instruction_and_line(guest: Guest) -> None:
    events: list[ExitEvent] = []
    guest.observe(events.append, ["in", "syscall"])
    assert guest.run().exit_code == 5
    assert [event.reason for event in events] == ["in", "in", "in", "syscall"]
    first = events[0]
    assert first.cause == "privileged_instruction"
    assert first.instruction is not None
    assert first.instruction.startswith("in")
    assert "guest.s:6" in str(first.location)
    assert [event.instructions for event in events] == sorted(event.instructions for event in events)
    assert first.time == first.instructions


def test_an_observed_run_ends_in_the_same_state_as_one_without(guest: Guest) -> None:
    seen: list[str] = []
    guest.observe(lambda event: seen.append(event.reason))
    guest.run()
    with Host() as host, host.guest("trap", "1M") as other:
        other.load(PROGRAM)
        other.run()
        assert guest.state_hash() == other.state_hash()
        assert len(seen) == sum(other.exits.values())


def test_an_observer_may_change_the_guest(guest: Guest) -> None:
    def skip(event: ExitEvent) -> None:
        event.guest.registers.a0 = 77
        event.guest.pc = event.pc + 4

    guest.observe(skip, "in")
    guest.observe(lambda event: event.guest.interrupt(), "syscall")
    guest.run()
    assert guest.registers.a0 == 77


def test_an_observer_may_end_the_run_and_it_goes_on_afterwards(guest: Guest) -> None:
    guest.observe(lambda event: event.guest.interrupt(), "syscall")
    assert guest.run().stop is Stop.INTERRUPTED
    assert guest.run().exit_code == 5


def test_an_observer_is_called_no_more_once_it_is_taken_off(guest: Guest) -> None:
    seen: list[ExitEvent] = []
    guest.observe(seen.append)
    guest.unobserve(seen.append)
    guest.run()
    assert len(seen) == 0


def test_an_observer_that_raises_ends_the_run_and_the_guest_goes_on(guest: Guest) -> None:
    def fail(event: ExitEvent) -> None:
        raise RuntimeError("seen enough")

    guest.observe(fail, "syscall")
    with pytest.raises(RuntimeError, match="seen enough"):
        guest.run()
    guest.unobserve(fail)
    assert guest.run().exit_code == 5


def test_wrong_names_and_sizes_are_clear_errors() -> None:
    with Host("32M") as host:
        for technique in ("bare", "container", "?"):
            with pytest.raises(UsageError, match=r"there are (bare, )?trap, rewrite, hybrid"):
                host.guest(technique)
        with pytest.raises(UsageError, match="too few for a guest"):
            host.guest("trap", "1G")
        guest = host.guest("trap", "1M")
        with pytest.raises(UsageError, match="no exit reason 'crq'"):
            guest.observe(print, "crq")
    with pytest.raises(UsageError, match="host memory"):
        Host(4096)


def test_closing_a_host_closes_its_guests() -> None:
    host = Host("32M")
    guest = host.guest("trap", "1M")
    host.close()
    assert guest.closed
    with pytest.raises(UsageError, match="closed"):
        guest.run()
    with pytest.raises(UsageError, match="closed"):
        host.guest()


def test_every_exit_reason_fits_the_mask_of_observers() -> None:
    assert max(reason.number for reason in EXIT_REASONS) < 64


@pytest.mark.parametrize("technique", [name for name in NAMES if name != "bare"])
def test_a_guest_that_finds_no_room_leaves_none_taken(technique: str) -> None:
    """Whatever of it comes to be too much: its memory, or any of the tables beside it."""
    with Host("1M", level=parse_variant(technique).level) as host:
        free, made = host.frames_free, 0
        for beside in range(24):
            with suppress(UsageError):
                host.guest(technique, (free - beside) * PAGE_SIZE).close()
                made += 1
            assert host.frames_free == free
        assert 0 < made < 24
