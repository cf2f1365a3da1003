"""Guests that share a host have nothing to do with one another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest
from support.guest_runs import GUESTS, image_of

from toyvm.errors import UsageError
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE, PTE_FRAME, PTE_R, PTE_V, PTE_W, PTE_X
from toyvm.machine.bare import Machine
from toyvm.native import lib
from toyvm.testing.techniques import MONITORED

KERNEL = GUESTS / "kernel" / "kernel.s"
MEMORY = 2 << 20
SLICE = 10_007  # instructions
NO_ROOT = ALL_BITS


def started(host: Host, technique: str) -> Guest:
    guest = host.guest(technique, MEMORY)
    guest.load(image_of(KERNEL, technique))
    return guest


def end_of(machine: Machine | Guest) -> tuple[object, ...]:
    return machine.retired, machine.time, machine.output, machine.state_words()[:33], machine.cr("cause")


def test_guests_by_turns_end_as_each_does_alone() -> None:
    kinds = ["trap", "assist", "para", "trap", "assist", "para", "assist"]
    alone = {}
    for kind in set(kinds):
        with Host(level="assist") as host, started(host, kind) as guest:
            guest.run()
            alone[kind] = end_of(guest)
    with Host(level="assist") as host, ExitStack() as stack:
        guests = [stack.enter_context(started(host, kind)) for kind in kinds]
        running = list(guests)
        while running:
            running = [guest for guest in running if guest.run(SLICE).stop == "limit"]
        assert [end_of(guest) for guest in guests] == [alone[kind] for kind in kinds]


@pytest.mark.slow
@pytest.mark.parametrize("technique", MONITORED)
@pytest.mark.parametrize("seed", range(3))
def test_a_guest_cannot_tell_where_its_runs_began(technique: str, seed: int) -> None:
    random = Random(seed)
    with (
        Host(level="assist") as host,
        started(host, technique) as whole,
        Host(level="assist") as other,
        started(other, technique) as sliced,
    ):
        whole.run()
        while sliced.run(random.choice([1, 2, 17, 300, 4_000])).stop == "limit":
            pass
        assert end_of(sliced) == end_of(whole)
        assert {**sliced.exits, "spin": 0} == {**whole.exits, "spin": 0}


def test_an_exit_that_waits_is_handled_on_the_guest_s_own_tables() -> None:
    with Host(level="assist") as host, ExitStack() as stack:
        guests = [stack.enter_context(started(host, "trap")) for _ in range(2)]
        for guest in guests:
            guest.observe(lambda event: event.guest.interrupt(), ["crr", "hypercall", "shadow_page_fault"])
        for _ in range(2_000):
            for guest in guests:
                guest.run()
        assert end_of(guests[0]) == end_of(guests[1])
        for guest in guests:
            assert guest.exits["crr"] > 100


def leaves(host: Host, table: int, level: int) -> Iterator[int]:
    """All leaf entries below a table of host-physical memory."""
    data = host.read(table, PAGE_SIZE)
    for at in range(0, PAGE_SIZE, 8):
        entry = int.from_bytes(data[at : at + 8], "little")
        if not entry & PTE_V:
            continue
        if entry & (PTE_R | PTE_W | PTE_X):
            yield entry
        else:
            yield from leaves(host, entry & PTE_FRAME, level - 1)


def roots(guest: Guest) -> list[int]:
    found = (int(lib.t64_guest_root(guest.vm, mode)) for mode in range(2))
    return [root for root in found if root != NO_ROOT]


@pytest.mark.parametrize("technique", MONITORED)
def test_the_hardware_s_tables_reach_only_the_guest_s_frames(technique: str) -> None:
    with Host(level="assist") as host, started(host, technique) as guest, started(host, "trap") as neighbour:
        own = {guest.host_frame(page) for page in range(MEMORY >> 12)}
        foreign = {neighbour.host_frame(page) for page in range(MEMORY >> 12)}
        assert not own & foreign
        for until in range(50_000, 800_000, 50_000):
            guest.run(until=until)
            neighbour.run(SLICE)
            entries = [entry for root in roots(guest) for entry in leaves(host, root, 2)]
            seen = {(entry & PTE_FRAME) >> 12 for entry in entries}
            copies = {(entry & PTE_FRAME) >> 12 for entry in entries if not entry & (PTE_R | PTE_W)}
            window = technique in ("para", "rewrite")
            assert len(seen - own - copies) <= window, "one page of the monitor's can be read"
            assert not copies or technique == "rewrite"
            assert not copies & own, "of rewritten code it can do no more than run it"
            assert not seen & foreign


def test_no_page_table_of_a_paravirtual_guest_is_mapped_writable() -> None:
    with Host(level="assist") as host, started(host, "para") as guest:
        for until in range(50_000, 800_000, 50_000):
            guest.run(until=until)
            assert lib.t64_guest_audit(guest.vm) == lib.T64_OK
            for root in roots(guest):
                writable = {(entry & PTE_FRAME) >> 12 for entry in leaves(host, root, 2) if entry & PTE_W}
                assert root >> 12 not in writable


@pytest.mark.parametrize("technique", MONITORED)
def test_a_guest_s_end_gives_every_frame_back_clean(technique: str) -> None:
    with Host("16M", level="assist") as host:
        free = host.frames_free
        for _ in range(12):  # more in all than there is at once
            with started(host, technique) as guest:
                guest.run(400_000)
                assert host.frames_monitor > 0
            assert (host.frames_free, host.frames_monitor) == (free, 0)
        with host.guest("trap", "8M") as guest:
            assert list(guest.pages()) == []


def test_shadow_tables_stay_within_their_bound() -> None:
    with Host(level="assist") as host, started(host, "trap") as guest:
        guest.run()
        assert host.frames_monitor <= 128 + (MEMORY >> 12) // 32


def test_the_fewest_shadow_tables_are_enough_to_go_on_exactly() -> None:
    size, fewest = (1 << 20) - 12 * PAGE_SIZE, 12  # pages that are left for them
    with Host("1M") as host, host.guest("trap", size) as guest, Machine(size) as bare:
        for machine in (guest, bare):
            machine.load(image_of(KERNEL, "trap"))
            machine.run()
        assert (host.frames_free, host.frames_monitor) == (0, fewest)
        assert end_of(guest) == end_of(bare)
        assert guest.state_hash() == bare.state_hash()


def test_a_guest_that_the_host_has_no_room_for_is_refused_and_nothing_is_lost() -> None:
    with Host("4M", level="assist") as host:
        free = host.frames_free
        for size in ("4M", "64M"):
            for technique in ("trap", "rewrite", "para", "assist"):
                with pytest.raises(UsageError):
                    host.guest(technique, size)
        assert (host.frames_free, host.frames_monitor) == (free, 0)
