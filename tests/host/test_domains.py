"""The shipped guest `domains`: two of them on one host talk over a granted page and event channels."""

from __future__ import annotations

import pytest
from support.guest_runs import GUESTS, image_of

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.machine.console import Input

DOMAINS = GUESTS / "domains.s"
SAID = {
    1: b"domain 1 sees domain 2\ndomain 1: and hello from the second\n",
    2: b"domain 2 sees domain 1\ndomain 2: hello from the first domain\n",
}


def started(host: Host) -> Guest:
    guest = host.guest("para", "1M")
    guest.load(image_of(DOMAINS, "para"))
    return guest


@pytest.mark.parametrize("slice_", [50, 1_000, 20_000])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_domains_talk_whoever_runs_first(slice_: int, order: tuple[int, int]) -> None:
    with Host("8M") as host:
        guests = [started(host), started(host)]
        running = [guests[n] for n in order]
        while running:
            running = [guest for guest in running if guest.run(slice_).stop == "limit"]
        assert [guest.output for guest in guests] == [SAID[1], SAID[2]]
        assert [guest.exits.get("exception", 0) for guest in guests] == [0, 0]


def test_a_shared_host_lets_them_talk() -> None:
    with Host("8M") as host:
        guests = [started(host), started(host)]
        host.run()
        assert [guest.output for guest in guests] == [SAID[1], SAID[2]]


_PING = """
.include "platform.inc"
# Waits for the other domain's event, with nothing else that could end the wait, answers it, {rounds} times.
.globl _start
_start:
    platform_begin
    li   t0, IRQ_EVENT
    cr_write IMASK, t0
    la   t0, start_info
    ld   t0, 0(t0)
    ld   s0, START_DOMAIN(t0)
    li   s1, {rounds}
    li   t0, 1
    bne  s0, t0, second
    li   a0, 2
    hcall HC_EVENT_ALLOC_UNBOUND
    mv   s3, a0
1:  ld   t0, SHARED_EVENT_PENDING(zero)
    bnez t0, 2f
    wait_event
    j    1b
second:
    li   a0, 1
    li   a1, 1
    hcall HC_EVENT_BIND_INTERDOMAIN
    mv   s3, a0
    bltz a0, second
    j    3f
2:  sd   zero, SHARED_EVENT_PENDING(zero)
    addi s1, s1, -1
3:  mv   a0, s3
    hcall HC_EVENT_SEND
    bgtz s1, 1b
    li   a0, 0
    power_off
"""


class Silent:
    """A terminal at which nobody types."""

    live = True

    def fetch(self, size: int, wait: float) -> None:
        return None


def pinging(host: Host, rounds: int, input: Input = None) -> Guest:
    from toyvm.asm import assemble_text

    guest = host.guest("para", "1M", input=input)
    guest.load(assemble_text(_PING.format(rounds=rounds), "ping.s", defines={"PARAVIRT": 1}).image)
    return guest


@pytest.mark.parametrize("inputs", [(None, None), (Silent(), Silent()), (Silent(), None)])
def test_a_wait_that_only_another_domain_can_end_is_no_end_on_a_shared_host(inputs: tuple[Input, Input]) -> None:
    with Host("8M") as host:
        guests = [pinging(host, 20, input) for input in inputs]
        host.run(timeout=60)
        assert [guest.seat.outcome.stop for guest in guests] == ["exit", "exit"]
        assert all(guest.hypercalls["event_send"] >= 20 for guest in guests)


def test_who_waits_for_a_domain_that_never_sends_is_idle_in_the_end() -> None:
    with Host("8M") as host:
        guests = [pinging(host, 20), pinging(host, 5)]
        host.run()
        assert [guest.seat.outcome.stop for guest in guests] == ["idle", "exit"]


def test_a_domain_alone_gives_up() -> None:
    with Host("8M") as host, started(host) as guest:
        outcome = guest.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 1)
        assert guest.output == b"the other domain never came\n"


def test_what_they_say_is_a_function_of_their_turns() -> None:
    def counts() -> list[tuple[int, int]]:
        with Host("8M") as host:
            guests = [started(host), started(host)]
            host.run()
            return [(guest.retired, guest.time) for guest in guests]

    assert counts() == counts()
