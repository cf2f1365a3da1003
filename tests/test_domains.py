"""The shipped guest `domains`: two of them on one host talk over a granted page and event channels."""

from __future__ import annotations

import pytest
from guest_runs import GUESTS, image_of

from toyvm.host import Guest, Host

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
