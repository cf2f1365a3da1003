"""Exits are exact: each counted once, whatever the host had to do before it could be handled."""

from __future__ import annotations

from collections import Counter

import pytest
from support.guest_runs import BEHAVIOURS, GUESTS, image_of

from toyvm import Host, assemble_text
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.host.rewriting import counts_of
from toyvm.image import Image
from toyvm.isa.traps import BY_NAME
from toyvm.testing.techniques import MONITORED

BYTES = 40_000  # more than the console's buffer holds, twice


def talkative() -> Image:
    return assemble_text(
        f"""
_start:
    li   s0, {BYTES}
1:  in   a0, 1
    out  0, a0
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
""",
        "talkative.s",
    ).image


@pytest.mark.parametrize("observed", [False, True])
def test_an_exit_that_had_to_wait_for_the_host_counts_once_and_is_shown_once(observed: bool) -> None:
    data = bytes(n % 251 for n in range(BYTES))
    shown: dict[str, int] = {}

    def look(event: object) -> None:
        reason = event.reason  # type: ignore[attr-defined]
        shown[reason] = shown.get(reason, 0) + 1

    with Host() as host, host.guest("trap", "1M", input=data) as guest:
        guest.load(talkative())
        if observed:
            guest.observe(look, ["in", "out"])
        guest.run()
        assert guest.output == data
        assert {name: guest.exits[name] for name in ("in", "out")} == {"in": BYTES, "out": BYTES + 1}
        assert guest.operands == {"in": {"console_in": BYTES}, "out": {"console_out": BYTES, "power": 1}}
    if observed:
        assert shown == {"in": BYTES, "out": BYTES + 1}


def test_exits_for_registers_and_ports_that_there_are_not_are_counted_together() -> None:
    image = assemble_text("_start: la a0, 1f\n crw tvec, a0\n1: in a0, 20\n in a0, -1\n").image
    with Host() as host, host.guest("trap", "1M") as guest:
        guest.load(image)
        guest.run(max_instructions=10)
        assert guest.operands == {"crw": {"tvec": 1}, "in": {"none": guest.exits["in"]}}


SHADOWED = """
_start:
    li   s0, 100
    li   s1, 0x20000
1:  ld   t0, 0(s1)
    sd   t0, 0(s1)
    tlbi s1
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
"""


@pytest.mark.parametrize(("technique", "fills"), [("trap", 1), ("trap+flush", 100)])
def test_a_page_is_filled_once_until_it_is_forgotten(technique: str, fills: int) -> None:
    with Host() as host, host.guest(technique, "1M") as guest:
        guest.load(assemble_text(SHADOWED, "shadowed.s").image)
        guest.run()
        assert guest.exits["tlbi"] == 100
        assert guest.exits["shadow_page_fault"] == fills + 1, "the data's page, and the code's once"
        assert not guest.exits.get("guest_page_fault")


@pytest.mark.parametrize("technique", MONITORED)
@pytest.mark.parametrize("slices", [None, 7])
def test_a_guest_without_a_timer_has_no_exit_for_one(technique: str, slices: int | None) -> None:
    image = image_of(BEHAVIOURS[0].with_name("console_echo.s"), technique)
    with Host(level="assist") as host, host.guest(technique, "1M", input=b"some bytes, then their end") as guest:
        guest.load(image)
        while guest.run(slices).stop == "limit":
            pass
        assert guest.output == b"some bytes, then their end"
        assert not guest.exits.get("timer")


def test_a_paravirtual_guest_is_shown_the_time_and_what_is_pending_before_its_first_instruction() -> None:
    loads = "ld a0, SHARED_PAGES(zero)\nld a1, SHARED_IPEND(zero)\nld a2, SHARED_WALL_TIME(zero)\n"
    source = f'.include "t64.inc"\n_start:\n{loads}'
    with Host() as host, host.guest("para", "1M", clock_base=12345) as guest:
        guest.load(assemble_text(source, "shown.s").image)
        guest.run(3)
        assert [guest.registers[name] for name in ("a0", "a1", "a2")] == [256, 1 << BY_NAME["console"].number, 12345]


FAULTING = {"shadow_page_fault", "nested_page_fault", "trace", "code_read", "code_write", "guest_page_fault", "adapted"}


@pytest.mark.parametrize("technique", [*MONITORED, "rewrite+adaptive"])
def test_an_exit_says_a_guest_physical_address_only_where_it_is_about_one(technique: str) -> None:
    """And no other exit that of the one before."""
    seen: dict[str, set[bool]] = {}

    def look(event: ExitEvent) -> None:
        seen.setdefault(event.reason, set()).add(event.gpa is not None)

    with Host("16M", level="assist") as host, host.guest(technique, "2M", input=b"x\n") as guest:
        guest.load(image_of(GUESTS / "kernel" / "kernel.s", technique))
        guest.observe(look)
        assert guest.run(400_000).stop in ("limit", "exit")
    assert len(seen) > 2
    assert not [reason for reason, there in seen.items() if True in there and reason not in FAULTING]
    assert seen.get("nested_page_fault", {True}) == {True}


@pytest.mark.parametrize("technique", ["trap", "rewrite", "assist"])
@pytest.mark.parametrize(("comes", "then"), [(5_000, 5_000), (-2, 0)])
def test_an_event_tells_the_guest_s_time_with_what_it_has_skipped(technique: str, comes: int, then: int) -> None:
    """Up to a timer, or beyond the last tick, behind which time starts again from 0."""
    source = f"""
_start:
    li   t0, {comes}
    crw  timecmp, t0
    li   t0, 1
    crw  imask, t0
    wfi
    {"nop; nop" if comes < 0 else ""}
    out  8, zero
"""
    told: list[tuple[int, int]] = []
    with Host(level="assist") as host, host.guest(technique, "1M") as guest:
        guest.load(assemble_text(source, "skips.s").image)
        guest.observe(lambda event: told.append((event.time, event.guest.time)), "out")
        guest.run()
        assert guest.skipped > 4_000
    assert told == [(then, then)]


def run_shown(guest: Guest) -> Counter[str | None]:
    """The instructions of an observer's exits, of which each is counted once."""
    shown: Counter[str] = Counter()
    instructions: Counter[str | None] = Counter()

    def look(event: ExitEvent) -> None:
        shown[event.reason] += 1
        instructions[event.instruction] += 1

    guest.observe(look)
    assert guest.run(1_000_000).ok
    assert guest.exits == shown
    return instructions


@pytest.mark.parametrize("register", ["scratch", "epc", "cause", "tval", "imask", "status"])
def test_a_write_that_the_window_does_not_take_is_counted_by_its_register(register: str) -> None:
    """While an interrupt is pending, rewritten writes fault, for they might let it in."""
    source = f"""
_start:
    li   t0, 1
    crw  timecmp, zero
    crw  {"status" if register != "status" else "imask"}, t0
    crw  {register}, zero
    crw  {register}, zero
    out  8, zero
"""
    with Host() as host, host.guest("rewrite", "1M") as guest:
        guest.load(assemble_text(source, "writes.s").image)
        assert run_shown(guest)[f"crw {register}, zero"] == 2
        assert guest.operands["crw"][register] == 2
        assert "none" not in guest.operands["crw"]


def test_an_exit_whose_code_was_stepped_up_to_what_waits_for_the_host_is_counted() -> None:
    """Stepped is what stands on a page that changes all the time."""
    source = f"""
_start:
    li   s0, {BYTES}
    la   s1, changes
1:  sd   s0, 0(s1)
    in   a0, 1
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
.balign 8
changes: .quad 0
"""
    with Host() as host, host.guest("rewrite", "1M", input=bytes(BYTES)) as guest:
        guest.load(assemble_text(source, "steps.s").image)
        run_shown(guest)
        assert counts_of(guest).stepped > BYTES
