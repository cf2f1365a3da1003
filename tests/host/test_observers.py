"""Observers of exits: who is called for which, in which order, and what an event says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.exits import EXIT_REASONS
from toyvm.host.exit_events import ExitEvent, Observers
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.testing.techniques import FULL

TEXT = """_start:
    crr  t0, scratch
    out  0, zero
    crw  scratch, t0
    in   a0, 1
    li   a0, 0
    out  8, a0
"""


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Host("4M") as host:
        guest = host.guest("trap", "64K")
        guest.load(assemble_text(TEXT, "seen.s"))
        yield guest


def test_each_observer_sees_what_it_asked_for_in_the_order_in_which_they_asked(guest: Guest) -> None:
    seen: list[tuple[str, str]] = []

    def first(event: ExitEvent) -> None:
        seen.append(("first", event.reason))

    def second(event: ExitEvent) -> None:
        seen.append(("second", event.reason))

    guest.observe(first, ["out", "crw"])
    guest.observe(second, "out")
    guest.observe(second, ("in",))
    assert guest.run().ok
    both = [("first", "out"), ("second", "out")]
    assert seen == [*both, ("first", "crw"), ("second", "in"), *both]


def test_who_asks_for_nothing_in_particular_sees_every_exit_and_each_once(guest: Guest) -> None:
    seen: list[str] = []
    guest.observe(lambda event: seen.append(event.reason))
    assert guest.run().ok
    counts = guest.exits
    assert {reason: seen.count(reason) for reason in dict.fromkeys(seen)} == {name: counts[name] for name in counts}
    assert [reason for reason in seen if reason != "shadow_page_fault"] == ["crr", "out", "crw", "in", "out"]


def test_who_is_taken_off_is_so_for_all_reasons_and_the_others_stay(guest: Guest) -> None:
    seen: list[str] = []

    def gone(event: ExitEvent) -> None:
        pytest.fail("it is not there any more")

    def stays(event: ExitEvent) -> None:
        seen.append(event.reason)

    guest.observe(gone, ["out", "crr"])
    guest.observe(stays, ["out", "in"])
    guest.unobserve(gone)
    guest.unobserve(gone)
    assert guest.run().ok
    assert seen == ["out", "in", "out"]


def test_the_core_shows_no_reason_that_nobody_watches() -> None:
    observers = Observers()
    assert observers.mask == 0

    def one(event: ExitEvent) -> None: ...
    def other(event: ExitEvent) -> None: ...

    numbers = {reason.name: reason.number for reason in EXIT_REASONS}
    observers.add(one, ["out", "in"])
    observers.add(other, "in")
    assert observers.mask == 1 << numbers["out"] | 1 << numbers["in"]
    observers.remove(one)
    assert observers.mask == 1 << numbers["in"]
    assert observers.by_reason == {numbers["in"]: (other,)}
    observers.remove(other)
    assert (observers.mask, observers.by_reason) == (0, {})
    observers.add(one, None)
    assert observers.mask == sum(1 << number for number in numbers.values())


@pytest.mark.parametrize("reasons", ["outs", ["out", "outs"], 5, [5]])
def test_a_reason_that_is_none_is_refused_and_nobody_is_there_for_it(guest: Guest, reasons: object) -> None:
    with pytest.raises(UsageError):
        guest.observe(lambda event: pytest.fail("it was refused"), reasons)  # type: ignore[arg-type]
    assert guest.run().ok


def test_an_event_says_what_happened_where_and_when(guest: Guest) -> None:
    events: list[ExitEvent] = []
    guest.observe(events.append)
    guest.run()
    event = next(event for event in events if event.reason == "crw")
    assert (event.pc, event.instruction, event.instructions, event.time) == (0x1008, "crw scratch, t0", 2, 2)
    assert (event.cause, event.gpa, str(event.location)) == ("privileged_instruction", None, "seen.s:4 (_start+0x8)")
    assert repr(event) == f"ExitEvent(reason='crw', pc=0x1008, cause='privileged_instruction', address={event.word:#x})"
    fault = events[0]
    assert (fault.reason, fault.word, fault.instruction, fault.address) == ("shadow_page_fault", 0, None, 0x1000)
    assert (fault.cause, fault.gpa) == ("fetch_page_fault", 0x1000)


MOVED = """
_start:
    li   a0, 'x'
writing:
    out  0, a0
    li   a0, 2
    out  8, a0
elsewhere:
    out  8, zero
"""


@pytest.mark.parametrize("technique", [name for name in FULL if name != "hybrid"])
def test_an_exit_from_which_an_observer_moves_the_guest_away_comes_to_nothing(technique: str) -> None:
    program = assemble_text(MOVED, "moved.s")

    def move(event: ExitEvent) -> None:
        if event.pc == program.image.address_of("writing"):
            event.guest.registers.pc = program.image.address_of("elsewhere")

    with Host("16M", level="assist") as host, host.guest(technique, "1M") as guest:
        guest.load(program)
        guest.observe(move, "out")
        assert guest.run().exit_code == 0
        assert guest.output == b""


@pytest.mark.parametrize("alone", [True, False])
def test_what_was_printed_before_an_observer_raised_is_there(guest: Guest, alone: bool) -> None:
    def refuse(event: ExitEvent) -> None:
        raise RuntimeError("enough")

    guest.observe(refuse, "crw")
    with pytest.raises(RuntimeError, match="enough"):
        guest.run() if alone else guest.host.run()
    assert guest.output == b"\0"
