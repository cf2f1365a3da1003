"""Event channels: between domains, to oneself, and from virtual interrupts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hypercalls import A0, ALL_ONES, CODE, HANDLER, MEMORY, SHARED_AT, Asker, asker, askers, error

from toyvm.asm import assemble_text
from toyvm.hypercalls import BY_NAME, EVENT_CAUSE, EVENT_INTERRUPT, EVENT_PORTS, VIRTUAL_INTERRUPTS
from toyvm.isa.control import IE
from toyvm.isa.traps import BY_NAME as CAUSE
from toyvm.testing.programs.assembly import op, to_bytes

RECORD, NOWHERE = 0x6000, MEMORY
EVENT = 1 << EVENT_INTERRUPT
FREE, UNBOUND, INTERDOMAIN, VIRQ = range(4)
TIMER = VIRTUAL_INTERRUPTS["timer"]


@pytest.fixture
def pair() -> Iterator[list[Asker]]:
    with askers() as pair:
        for ask in pair:
            ask.set_handler()
        yield pair


@pytest.fixture
def ask() -> Iterator[Asker]:
    with asker() as ask:
        ask.set_handler()
        yield ask


def ask_pc(name: str) -> int:
    return CODE + 4 * BY_NAME[name].number


def look(ask: Asker) -> None:
    """Have the monitor look at events, and enter the guest again."""
    assert ask("yield") == 0
    assert ask("version", 0) > 0


def status(ask: Asker, port: int) -> tuple[int, int, int]:
    assert ask("event_status", port, RECORD) == 0
    record = ask.record("channel", RECORD)
    return record["state"], record["domain"], record["port"]


def bound(one: Asker, two: Asker) -> tuple[int, int]:
    """A channel between both: the port of each."""
    port = one("event_alloc_unbound", two.domain)
    return port, two("event_bind_interdomain", one.domain, port)


def test_a_channel_is_unbound_then_bound_then_unbound_again(pair: list[Asker]) -> None:
    one, two = pair
    port = one("event_alloc_unbound", two.domain)
    assert status(one, port) == (UNBOUND, two.domain, 0)
    other = two("event_bind_interdomain", one.domain, port)
    assert status(one, port) == (INTERDOMAIN, two.domain, other)
    assert status(two, other) == (INTERDOMAIN, one.domain, port)
    assert two("event_close", other) == 0
    assert status(two, other) == (FREE, 0, 0)
    assert status(one, port) == (UNBOUND, two.domain, 0)
    assert one("event_send", port) == error("notconn")


def test_an_event_arrives_as_an_interrupt_of_its_own(pair: list[Asker]) -> None:
    one, two = pair
    port, other = bound(one, two)
    two.set_shared("imask", EVENT)
    two.set_shared("status", IE)
    assert one("event_send", port) == 0
    assert two.shared("event_pending") == 1 << other
    two.run(HANDLER + 8)
    assert (two.guest.pc, two.shared("cause"), two.shared("epc")) == (HANDLER + 4, EVENT_CAUSE, HANDLER + 8)
    assert two.shared("ipend") & EVENT
    assert one.shared("event_pending") == 0


def test_an_event_that_is_masked_waits_until_it_is_not(pair: list[Asker]) -> None:
    one, two = pair
    port, other = bound(one, two)
    two.set_shared("event_mask", 1 << other)
    two.set_shared("imask", EVENT)
    two.set_shared("status", IE)
    assert one("event_send", port) == 0
    look(two)
    assert two.shared("event_pending") == 1 << other
    assert not two.shared("ipend") & EVENT
    two.set_shared("event_mask", 0)
    assert two("yield") == 0
    two.guest.run(1)
    assert (two.guest.pc, two.shared("cause")) == (HANDLER + 4, EVENT_CAUSE)


def test_events_of_many_senders_are_one_interrupt(ask: Asker) -> None:
    ports = []
    for _ in range(3):
        port = ask("event_alloc_unbound", 0)
        ports.append(ask("event_bind_interdomain", ask.domain, port))
        assert ask("event_send", port) == 0
        assert ask("event_send", port) == 0
    assert ask.shared("event_pending") == sum(1 << port for port in ports)
    ask.set_shared("event_pending", 0)
    look(ask)
    assert not ask.shared("ipend") & EVENT


def test_a_channel_can_only_be_bound_by_whom_it_was_made_for() -> None:
    with askers(3) as (one, two, three):
        port = one("event_alloc_unbound", two.domain)
        assert three("event_bind_interdomain", one.domain, port) == error("noent")
        assert two("event_bind_interdomain", one.domain, port + 1) == error("noent")
        assert two("event_bind_interdomain", 99, port) == error("noent")
        assert two("event_bind_interdomain", one.domain, port) > 0
        assert two("event_bind_interdomain", one.domain, port) == error("noent"), "it is bound already"


def test_ports_that_are_none_are_refused(ask: Asker) -> None:
    for port in (0, 1, EVENT_PORTS, 1 << 32 | 1, ALL_ONES):
        assert ask("event_send", port) == error("noent")
        assert ask("event_close", port) == error("noent")
    assert ask("event_status", EVENT_PORTS, RECORD) == error("noent")
    assert ask("event_status", 1, RECORD + 4) == error("fault")
    assert ask("event_status", 1, NOWHERE) == error("fault")
    assert ask("event_status", 1, ask.root_page * 4096) == error("fault"), "the guest could not write it"
    assert ask("event_alloc_unbound", ALL_ONES) == error("noent")
    assert ask("event_bind_virq", EVENT_INTERRUPT) == error("inval")
    assert ask("event_bind_virq", ALL_ONES) == error("inval")


def test_a_guest_under_full_virtualization_has_no_channels(ask: Asker) -> None:
    with ask.host.guest("trap", MEMORY):
        assert ask("event_alloc_unbound", ask.domain + 1) == error("noent")


def test_there_are_so_many_ports_and_no_more(ask: Asker) -> None:
    ports = [ask("event_alloc_unbound", 0) for _ in range(EVENT_PORTS - 1)]
    assert ports == list(range(1, EVENT_PORTS))
    for call in (("event_alloc_unbound", 0), ("event_bind_interdomain", ask.domain, 1), ("event_bind_virq", 0)):
        assert ask(*call) == error("nomem")
    assert status(ask, 1) == (UNBOUND, ask.domain, 0)
    assert ask("event_close", 5) == 0
    assert ask("event_alloc_unbound", 0) == 5


def test_what_is_wrong_with_a_call_is_said_where_no_port_is_free_as_well(ask: Asker) -> None:
    assert ask("event_bind_virq", TIMER) == 1
    while ask("event_alloc_unbound", 0) > 0:
        pass
    assert ask("event_alloc_unbound", 99) == error("noent")
    assert ask("event_bind_interdomain", 99, 2) == error("noent")
    for port in (0, 1, EVENT_PORTS):
        assert ask("event_bind_interdomain", ask.domain, port) == error("noent")
    assert ask("event_bind_virq", EVENT_INTERRUPT) == error("inval")
    assert ask("event_bind_virq", TIMER) == error("busy")


def test_the_end_of_a_domain_closes_its_channels(pair: list[Asker]) -> None:
    one, two = pair
    port, _ = bound(one, two)
    id = two.domain
    two.guest.close()
    assert status(one, port) == (UNBOUND, id, 0)
    assert one("event_send", port) == error("notconn")
    assert one("event_alloc_unbound", id) == error("noent")


# Virtual interrupts.


def test_the_timer_as_an_event(ask: Asker) -> None:
    port = ask("event_bind_virq", TIMER)
    assert status(ask, port) == (VIRQ, 0, TIMER)
    assert ask("event_bind_virq", TIMER) == error("busy")
    assert ask("event_send", port) == error("inval")
    ask.set_shared("imask", EVENT)
    ask("set_timer", ask.guest.time + 500)
    deadline = ask.guest.time - 1 + 500
    assert ask("block") == 0
    assert ask.guest.time == deadline
    assert ask("version", 0) > 0
    assert ask.shared("event_pending") == 1 << port
    assert ask.shared("ipend") & EVENT
    ask.set_shared("event_pending", 0)
    look(ask)
    assert ask.shared("event_pending") == 0, "it is still pending: no news"
    assert ask("set_timer", 0) == 0
    assert ask("version", 0) > 0
    assert ask.shared("event_pending") == 1 << port, "a deadline of its own, though it has passed"


def test_a_virtual_interrupt_whose_port_was_closed_goes_nowhere_and_may_be_bound_again(ask: Asker) -> None:
    first = ask("event_bind_virq", TIMER)
    assert ask("event_close", first) == 0
    other = ask("event_alloc_unbound", 0)
    assert other == first, "the port is free"
    assert ask("set_timer", 0) == 0
    look(ask)
    assert ask.shared("event_pending") == 0
    again = ask("event_bind_virq", TIMER)
    assert again > first
    look(ask)
    assert ask.shared("event_pending") == 1 << again


def test_an_event_is_taken_at_the_very_instruction(ask: Asker) -> None:
    ask("event_bind_virq", TIMER)
    ask.guest.write(HANDLER + 0x100, b"\x10\0\0\0" * 80)
    ask.set_shared("imask", EVENT)
    ask.set_shared("status", IE)
    ask("set_timer", ask.guest.time + 18)
    ask.run(HANDLER + 0x100, count=20)
    assert (ask.shared("epc"), ask.shared("cause")) == (HANDLER + 0x100 + 4 * 17, EVENT_CAUSE)


def test_a_wait_for_a_masked_event_is_idle(ask: Asker) -> None:
    port = ask("event_bind_virq", TIMER)
    ask.set_shared("imask", EVENT)
    ask.set_shared("event_mask", 1 << port)
    ask("set_timer", ask.guest.time + 500)
    assert ask.run(ask_pc("block")).stop == "idle"


def test_a_wait_ends_when_another_domain_sends(pair: list[Asker]) -> None:
    one, two = pair
    port, other = bound(one, two)
    two.set_shared("imask", EVENT)
    two.set_shared("status", IE)
    assert two.run(ask_pc("block")).stop == "idle"
    assert one("event_send", port) == 0
    two.guest.run(1)
    assert (two.guest.pc, two.shared("event_pending")) == (HANDLER + 4, 1 << other)


def test_on_a_shared_host_an_idle_domain_goes_on_when_another_one_sends(pair: list[Asker]) -> None:
    one, two = pair
    host, (port, other) = one.host, bound(one, two)
    two.set_shared("imask", EVENT)
    two.set_shared("status", IE)
    one.guest.pause()
    two.guest.pc = ask_pc("block")
    assert host.run() == "done"
    assert two.guest.outcome is not None
    assert two.guest.outcome.stop == "idle"
    one.guest.pc, one.guest.x[A0] = ask_pc("event_send"), port
    one.guest.resume()
    one.guest.seat.limit, two.guest.seat.limit = one.guest.retired + 1, two.guest.retired + 1
    assert host.run() == "done"
    assert two.guest.outcome.stop == "limit"
    assert (two.guest.pc, two.shared("event_pending")) == (HANDLER + 4, 1 << other)


@pytest.mark.parametrize("how", ["the host wants pages", "another one sends in a run of its own"])
def test_between_two_runs_of_a_host_an_idle_domain_is_woken_as_well(pair: list[Asker], how: str) -> None:
    one, two = pair
    host, (port, _) = one.host, bound(one, two)
    assert two("event_bind_virq", VIRTUAL_INTERRUPTS["balloon"]) > 0
    two.set_shared("imask", EVENT)
    one.guest.pause()
    two.guest.pc = ask_pc("block")  # and then comes shutdown
    assert host.run() == "done"
    assert two.guest.outcome is not None
    assert two.guest.outcome.stop == "idle"
    if how == "the host wants pages":
        two.guest.balloon_target = two.guest.reservation - 1
    else:
        assert one("event_send", port) == 0
    assert host.run() == "done"
    assert two.guest.outcome.stop == "exit"


def test_domains_that_wake_each_other_all_the_time_give_up_a_slice_with_each_wait(pair: list[Asker]) -> None:
    one, two = pair
    host, ports = one.host, bound(one, two)
    for each, port in zip(pair, ports, strict=True):
        each.set_shared("imask", EVENT)
        source = f"""
            .include "t64.inc"
            .globl _start
            _start:
            1:  hcall HC_BLOCK
                li   t0, SHARED_PAGE
                sd   zero, {SHARED_AT["event_pending"]}(t0)
                li   a0, {port}
                hcall HC_EVENT_SEND
                j    1b
        """
        each.guest.write(0x5000, assemble_text(source, "wakes.s", defines={"PARAVIRT": 1}).image.segments[0].data)
        each.guest.pc = 0x5000
    one.guest.pc += 4  # it begins
    neighbour = host.guest("trap", "64K")
    neighbour.load(assemble_text("_start: addi a0, a0, 1\n j _start\n", "for_ever.s").image)
    before = one.guest.retired + two.guest.retired
    host.run(20 * host.sharing.schedule.slice)
    assert one.guest.retired + two.guest.retired - before > 20 * 6, "each is woken whenever the other one sends"
    assert neighbour.retired > 19 * host.sharing.schedule.slice


def test_how_a_wait_for_others_ended_is_described_once_nobody_can_end_it_in_the_run(pair: list[Asker]) -> None:
    one, two = pair
    two.set_shared("imask", EVENT)
    two.guest.pc = ask_pc("block")
    one.guest.write(0x5000, one.guest.read(ask_pc("yield"), 4) * 3)
    one.guest.pc = 0x5000
    one.guest.seat.limit = one.guest.retired + 3
    seen: list[str] = []

    def look(_: object) -> None:
        outcome = two.guest.outcome
        seen.append("" if outcome is None else outcome.detail)

    one.guest.observe(look, "hypercall")
    assert one.host.run() == "done"
    assert seen == ["", "the guest waits for others", "the guest waits for others"]
    assert two.guest.outcome is not None
    assert "for what can never come: no event is to come" in two.guest.outcome.detail


def test_the_share_of_a_domain_that_was_woken_is_of_all_the_time_up_to_its_last_end(pair: list[Asker]) -> None:
    one, two = pair
    host, (port, _) = one.host, bound(one, two)
    two.set_shared("imask", EVENT)
    one.guest.pause()
    two.guest.pc = ask_pc("block")
    host.run()
    (ended,) = (guest.share_got for guest in host.account().guests if guest.name == two.guest.name)
    assert two.guest.seat.left == host.clock
    one.guest.write(0x5000, b"\x10\0\0\0" * 600)
    one.guest.pc = 0x5000
    one.guest.resume()
    host.run(500)
    assert two.guest.seat.share_got == ended, "it has gone"
    one.guest.pc, one.guest.x[A0] = ask_pc("event_send"), port
    host.run(1)
    assert two.guest.seat.left is None
    share = two.guest.seat.client.ran / (host.clock - two.guest.seat.joined)
    assert two.guest.seat.share_got == share < ended
    two.guest.stop()
    host.run(0)
    assert two.guest.seat.left == host.clock


def test_a_domain_that_was_woken_and_has_ended_since_stays_so(pair: list[Asker]) -> None:
    """Though what woke it is still pending, and others go on sending."""
    one, two = pair
    host, (port, _) = one.host, bound(one, two)
    two.set_shared("imask", EVENT)
    two.guest.write(0x5000, to_bytes([op("hcall", BY_NAME["block"].number), op("addi", A0, 0, 7)]))
    two.guest.write(0x5008, to_bytes([op("hcall", BY_NAME["shutdown"].number)]))
    one.guest.pause()
    two.guest.pc = 0x5000
    assert host.run() == "done"
    send = [op("addi", A0, 0, port), op("hcall", BY_NAME["event_send"].number), op("jal", 0, -2)]
    one.guest.write(0x5000, to_bytes(send))
    one.guest.pc = 0x5000
    one.guest.resume()
    for _ in range(5):
        host.run(300_000)
        assert two.guest.outcome is not None
        assert (two.guest.outcome.stop, two.guest.outcome.exit_code) == ("exit", 7)


def test_a_domain_that_is_closed_while_it_is_idle_is_woken_no_more(pair: list[Asker]) -> None:
    one, two = pair
    host, (port, _) = one.host, bound(one, two)
    one.guest.pause()
    two.guest.pc = ask_pc("block")
    assert host.run() == "done"
    two.guest.close()
    one.guest.pc, one.guest.x[A0] = ask_pc("event_send"), port
    one.guest.resume()
    one.guest.seat.limit = one.guest.retired + 1
    assert host.run() == "done"
    assert one.guest.x[A0] == error("notconn") % (1 << 64)


def test_closing_clears_what_is_pending(ask: Asker) -> None:
    port = ask("event_bind_virq", VIRTUAL_INTERRUPTS["console"])
    look(ask)
    assert ask.shared("event_pending") == 1 << port, "a stream always has its next byte, or its end"
    assert ask("event_close", port) == 0
    look(ask)
    assert ask.shared("event_pending") == 0
    assert not ask.shared("ipend") & EVENT
    assert CAUSE["console"].number == VIRTUAL_INTERRUPTS["console"]


def test_a_restored_domain_has_kept_its_virtual_interrupts_and_nothing_of_others(pair: list[Asker]) -> None:
    one, two = pair
    port, other = bound(one, two)
    virq = one("event_bind_virq", TIMER)
    snapshot = one.guest.save()
    one.guest.restore(snapshot)
    assert status(one, virq) == (VIRQ, 0, TIMER)
    assert status(one, port) == (FREE, 0, 0)
    assert one("event_send", port) == error("noent")
    assert status(two, other) == (UNBOUND, one.domain, 0)
    assert two("event_send", other) == error("notconn")
