"""A monitor's work for a ring in one exit or wait: bounded, gone on with after others' turns, and unnoticed."""

from __future__ import annotations

from threading import Timer

import pytest
from support.feeding_ring import WAITS, answered, feeding, feeding_guest
from support.guest_runs import GUESTS, image_of
from support.hypercalls import allow, end_of

from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.hypercalls import WORK_LIMIT, WORK_PIECE
from toyvm.machine.outcome import Stop
from toyvm.native import lib

SHORT, FOREVER = 1 << 20, 1 << 62  # ticks


@pytest.mark.parametrize(("technique", "wait"), WAITS)
def test_a_wait_gives_way_as_soon_as_its_ring_has_cost_so_much(technique: str, wait: str) -> None:
    with feeding(technique, wait, FOREVER) as (host, guest):
        done = 0
        for _ in range(5):
            assert lib.t64_vm_run(guest.vm, 1 << 40) == lib.T64_STOP_WORK
            assert WORK_LIMIT <= lib.t64_host_work(host.native) <= WORK_LIMIT + WORK_PIECE
            assert answered(guest) > done
            done = answered(guest)


@pytest.mark.parametrize(("technique", "wait"), WAITS)
def test_a_guest_cannot_tell_how_often_its_ring_s_work_was_interrupted(technique: str, wait: str) -> None:
    ends = []
    for units in (WORK_LIMIT, 1, 1000):
        with feeding(technique, wait, SHORT) as (host, guest):
            allow(host, units)
            assert guest.run().stop is Stop.EXIT
            ends.append((answered(guest), *end_of(guest)))
    assert ends[0][0] > 1000
    assert ends[1] == ends[2] == ends[0]


@pytest.mark.parametrize(("technique", "wait"), WAITS)
def test_a_limit_within_a_ring_s_work_is_kept_and_no_work_is_left_behind_it(technique: str, wait: str) -> None:
    with feeding(technique, wait, SHORT) as (_, whole):
        whole.run()
        for past in (-1, 0, 1):
            with feeding(technique, wait, SHORT) as (host, guest):
                allow(host, 1)
                count = whole.retired - 3 + past  # about the wait
                assert guest.run(until=count).stop is Stop.LIMIT
                assert guest.retired == count
                assert guest.time < SHORT or answered(guest) == answered(whole)
                guest.run()
                assert end_of(guest) == end_of(whole)


def test_timeout_and_interrupt_end_a_wait_without_end() -> None:
    with feeding("trap", "wfi", FOREVER) as (_, guest):
        assert guest.run(timeout=0.05).stop is Stop.TIMEOUT
        timer = Timer(0.05, guest.interrupt)
        timer.start()
        assert guest.run().stop is Stop.INTERRUPTED
        timer.join()


@pytest.mark.parametrize(("technique", "wait"), WAITS[:2] + WAITS[-1:])
def test_neighbours_have_their_turns_beside_a_wait_without_end(technique: str, wait: str) -> None:
    with Host("8M", slice=1000) as host:
        feeding_guest(host, technique, wait, FOREVER)
        neighbour = host.guest("trap", "1M", name="neighbour")
        neighbour.load(image_of(GUESTS / "workloads" / "compute.s", "trap"))
        assert host.run(400_000) is HostStop.LIMIT
        assert 190_000 <= neighbour.retired <= 210_000


def test_a_cap_holds_for_work_too() -> None:
    with Host("8M", slice=1000) as host:
        feeding_guest(host, "trap", "wfi", FOREVER, cap=10)
        neighbour = host.guest("trap", "1M", name="neighbour")
        neighbour.load(image_of(GUESTS / "workloads" / "compute.s", "trap"))
        assert host.run(100_000) is HostStop.LIMIT
        assert neighbour.retired >= 85_000


@pytest.mark.parametrize(("technique", "wait"), WAITS)
def test_a_snapshot_holds_what_is_left_of_a_ring_s_work(technique: str, wait: str) -> None:
    with feeding(technique, wait, SHORT) as (_, whole):
        whole.run()
        wanted = end_of(whole)
    with feeding(technique, wait, SHORT) as (host, guest), feeding(technique, wait, SHORT) as (_, other):
        allow(host, 40_000)
        while lib.t64_vm_run(guest.vm, 1 << 40) == lib.T64_STOP_WORK:
            if technique == "para":  # its frames are its own: it goes back on its own host alone
                guest.restore(guest.save())
            else:
                other.restore(guest.save())
                other.run()
                assert end_of(other)[:4] == wanted[:4]
        assert end_of(guest)[:4] == wanted[:4]
