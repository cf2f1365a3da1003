"""Guests in guest mode: their memory by the nested tables in host RAM."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from support.guest_mode import assist_host, started
from support.guest_runs import TESTS, image_of

from toyvm import Host, Machine, assemble_text
from toyvm.host.guest import Guest
from toyvm.image import Image
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_FRAME, PTE_R, PTE_RESERVED, PTE_V, PTE_W, PTE_X

LARGE = 2 << 20  # bytes that an entry of level 1 maps


def leaves(host: Host, table: int, level: int = 2, base: int = 0) -> Iterator[tuple[int, int, int]]:
    """Each leaf of nested tables: the guest-physical address where it begins, its level, and the entry."""
    data = host.read(table, PAGE_SIZE)
    for index in range(512):
        entry = int.from_bytes(data[8 * index : 8 * index + 8], "little")
        at = base + (index << 12 + 9 * level)
        if entry & (PTE_R | PTE_W | PTE_X):
            yield at, level, entry
        elif entry & PTE_V:
            yield from leaves(host, entry & PTE_FRAME, level - 1, at)


def mapped_frames(guest: Guest) -> dict[int, int]:
    """Page to host frame, as the hardware finds it from the root on."""
    root = guest.root(0)
    assert root is not None
    found = {}
    for at, level, entry in leaves(guest.host, root):
        assert not entry & PTE_RESERVED
        for page in range(512**level):
            found[(at >> 12) + page] = ((entry & PTE_FRAME) >> 12) + page
    return found


# Nested tables.


@pytest.mark.parametrize("scattered", [False, True])
def test_the_nested_tables_map_each_page_to_its_frame_and_nothing_else(scattered: bool) -> None:
    with assist_host(scattered=scattered) as host:
        guest = started(host)
        pages = guest.memory_size >> 12
        for until in (1, 50_000, 700_000, 10**9):
            guest.run(until=until)
            found = mapped_frames(guest)
            assert found
            assert all(page < pages and guest.host_frame(page) == frame for page, frame in found.items())


def test_a_guest_s_memory_is_a_superpage_where_the_host_has_a_run() -> None:
    with assist_host() as host:
        guest = started(host)
        guest.run()
        root = guest.root(0)
        assert root is not None
        assert {level for _, level, _ in leaves(host, root)} == {1}
        firsts = [guest.host_frame(page) for page in range(0, guest.memory_size >> 12, 512)]
        assert all(frame % 512 == 0 for frame in firsts)
        assert all(b != a + 512 for a, b in pairwise(firsts)), "the runs lie scattered"


def test_without_a_run_it_is_small_pages_and_the_guest_is_the_same() -> None:
    states = []
    for scattered in (False, True):
        with assist_host(scattered=scattered) as host:
            guest = started(host)
            guest.run()
            root = guest.root(0)
            assert root is not None
            assert {level for _, level, _ in leaves(host, root)} == {0 if scattered else 1}
            states.append((guest.retired, guest.time, guest.output, guest.state_hash()))
    assert states[0] == states[1]


@pytest.mark.parametrize("name", ["superpages", "accessed_dirty", "tables_apart", "page_rights", "self_modifying"])
def test_a_behaviour_guest_is_the_same_over_small_pages_and_large(name: str) -> None:
    path = TESTS / "guests" / "behaviours" / f"{name}.s"
    states = []
    for scattered in (False, True):
        with assist_host(scattered=scattered) as host, host.guest("assist", 16 << 20) as guest:
            guest.load(image_of(path, "assist"))
            assert guest.run().exit_code == 0
            states.append((guest.retired, guest.state_hash()))
    with Machine(16 << 20, level="assist") as bare:
        bare.load(image_of(path, "bare"))
        bare.run()
        assert states == [(bare.retired, bare.state_hash())] * 2


def test_a_run_is_given_back_and_comes_again() -> None:
    with assist_host(8 << 20) as host:
        free = host.frames_free
        for _ in range(6):
            guest = host.guest("assist", 4 << 20)
            assert guest.host_frame(0) % 512 == 0
            guest.write(LARGE - 8, b"12345678" * 2)
            guest.close()
            assert host.frames_free == free
        with host.guest("assist", 6 << 20) as guest:
            assert list(guest.pages()) == []


def test_a_run_among_frames_that_were_given_back_is_nobody_else_s() -> None:
    with assist_host(16 << 20) as host:
        free = host.frames_free
        host.guest("trap", 8 << 20).close()  # what it had is handed out again before anything else
        guests = [host.guest(technique, 4 << 20) for technique in ("assist", "trap", "trap")]
        frames = [guest.host_frame(page) for guest in guests for page in range(guest.memory_size >> 12)]
        assert [frame % 512 for frame in frames[:512]] == list(range(512)), "a run"
        assert len(set(frames)) == len(frames)
        for guest in guests:
            guest.close()
        assert host.frames_free == free


def test_neighbours_have_no_frame_in_common() -> None:
    with assist_host() as host:
        guests = [started(host) for _ in range(3)]
        for _ in range(5):
            for guest in guests:
                guest.run(100_000)
        found = [set(mapped_frames(guest).values()) for guest in guests]
        assert not found[0] & found[1]
        assert not (found[0] | found[1]) & found[2]
        roots = {(guest.root(0) or 0) >> 12 for guest in guests}
        assert len(roots) == 3
        assert not roots & set.union(*found), "nor does one reach the monitor's tables"


def program(text: str) -> Image:
    return assemble_text(text, "program.s").image


# The guest's tables, and what they map, each in a region of 2 MiB of its own.
FAR_APART = """
.equ ROOT, 0x400000
.equ MIDDLE, 0x600000
.equ LEAVES, 0x800000
.equ DATA, 0xa00000
_start:
    li   t0, ROOT
    li   t1, MIDDLE | 1
    sd   t1, 0(t0)
    li   t0, MIDDLE
    li   t1, LEAVES | 1
    sd   t1, 0(t0)
    li   t0, LEAVES
    li   t1, 0x1000 | 15
    sd   t1, 8(t0)
    li   t1, DATA | 15
    sd   t1, 16(t0)
    li   t0, ROOT | 1
    crw  6, t0
    ld   s0, 0x2000(zero)
    sd   s0, 0x2008(zero)
    out  8, zero
"""


def test_what_is_not_mapped_exits_with_its_guest_physical_address_and_nothing_has_changed() -> None:
    with assist_host() as host, host.guest("assist", 16 << 20) as guest:
        seen: list[tuple[int, int | None, int]] = []
        guest.observe(lambda event: seen.append((event.pc, event.gpa, event.guest.retired)), ["nested_page_fault"])
        guest.load(program(FAR_APART))
        guest.run().check()
        assert [gpa for _, gpa, _ in seen] == [0x1000, 0x400000, 0x600000, 0x800008, 0xA00000]
        assert guest.exits == {"nested_page_fault": 5, "out": 1}


def test_a_fault_in_the_middle_of_the_guest_s_own_walk_exits_for_the_table() -> None:
    """The tables are written from outside: the walk itself is the first to touch them."""
    with assist_host() as host, host.guest("assist", 16 << 20) as guest, Machine(16 << 20) as bare:
        seen: list[int | None] = []
        guest.observe(lambda event: seen.append(event.gpa), ["nested_page_fault"])
        for machine in (guest, bare):
            machine.load(program("_start: crw 6, a0\n ld a1, 0x2000(zero)\n sd a1, 0x2008(zero)\n out 8, zero"))
            for at, value in (
                (0x400000, 0x600001),
                (0x600000, 0x800001),
                (0x800008, 0x1000 | PTE_V | PTE_X),
                (0x800010, 0xA00000 | PTE_V | PTE_R | PTE_W),
                (0xA00000, 1234),
            ):
                machine.write(at, value.to_bytes(8, "little"))
            machine.x[10] = 0x400001
            machine.run().check()
        assert seen == [0x1000, 0x400000, 0x600000, 0x800008, 0xA00000]
        assert guest.state_hash() == bare.state_hash()
        entry = int.from_bytes(guest.read(0x800010, 8), "little")
        assert entry & (PTE_A | PTE_D) == PTE_A | PTE_D


def test_what_lies_beyond_the_guest_s_memory_is_its_own_access_fault() -> None:
    source = """
_start:
    la   t0, handler
    crw  1, t0
    li   s0, 0x7ffffff8
    ld   t1, 0(s0)
handler:
    crr  a0, 3
    crr  a1, 4
    out  8, a0
"""
    with assist_host() as host, host.guest("assist", 1 << 20) as guest:
        guest.load(program(source))
        outcome = guest.run()
        assert (outcome.exit_code, guest.x[11]) == (10, 0x7FFFFFF8)


def test_nested_entries_are_marked_by_what_was_done() -> None:
    source = "_start: li s0, 0x20000\n ld t0, 0(s0)\n li s0, 0x30000\n sd t0, 0(s0)\n out 8, zero"
    with assist_host(scattered=True) as host, host.guest("assist", 1 << 20) as guest:
        guest.load(program(source))
        guest.run()
        root = guest.root(0)
        assert root is not None
        marks = {at: entry & (PTE_A | PTE_D) for at, _, entry in leaves(host, root)}
        assert {at: bits for at, bits in marks.items() if bits} == {
            0x1000: PTE_A,
            0x20000: PTE_A,
            0x30000: PTE_A | PTE_D,
        }


def test_the_fewest_nested_tables_are_enough_to_go_on_exactly() -> None:
    """A host that is full: with more regions of 2 MiB than tables, some are forgotten for others, again and again."""
    fewest = 17
    source = """
_start:
    li   s0, 40
1:  li   s1, 0
    li   s2, 44 << 20
2:  ld   t0, 0x100(s1)
    add  t0, t0, s0
    sd   t0, 0x100(s1)
    ld   t0, 0x1100(s3)     # in the region before
    add  t0, t0, s0
    sd   t0, 0x1100(s3)
    mv   s3, s1
    li   t1, 2 << 20
    add  s1, s1, t1
    bne  s1, s2, 2b
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
"""
    with assist_host(46 << 20, scattered=True) as host:
        memory = (host.frames_free - fewest) * PAGE_SIZE
        with host.guest("assist", memory) as guest, Machine(memory) as bare:
            for machine in (guest, bare):
                machine.load(program(source))
                machine.run().check()
            assert host.frames_free == 0
            assert guest.exits["nested_page_fault"] > 100
            assert (guest.retired, guest.state_hash()) == (bare.retired, bare.state_hash())


# Code in one region of 2 MiB that goes back and forth to another.
BACK_AND_FORTH = """
.globl _start
_start:
    li   s0, 0x300000
    li   s1, 50
1:  ld   t0, 0(s0)
    addi t0, t0, 1
    sd   t0, 0(s0)
    addi s1, s1, -1
    bnez s1, 1b
    out  8, zero
"""


def test_a_guest_whose_frames_lie_apart_goes_on_in_every_region() -> None:
    with Host("16M", level="assist") as host, host.guest("trap", "1M"), host.guest("assist", "4M") as guest:
        guest.load(assemble_text(BACK_AND_FORTH, "far.s").image)
        assert guest.run(1_000).exit_code == 0


@pytest.mark.parametrize("regions", range(12, 18))
def test_whatever_was_mapped_before_what_lies_beyond_a_gib_brings_tables_of_its_own(regions: int) -> None:
    """Two are missing there at once; where frames are few, those before it are all in use."""
    beyond = 1 << 30
    text = f"""
    _start: li t0, {LARGE}
            li t1, {regions}
            li t2, 0x100
    1:      sd t1, 0(t2)
            add t2, t2, t0
            addi t1, t1, -1
            bnez t1, 1b
            li t2, {beyond}
            sd t0, 0(t2)
            ld a0, 0(t2)
            sub a0, a0, t0
            out 8, a0
    """
    with Host(beyond + (64 << 20), level="assist") as host:
        neighbour = host.guest("trap", 4 << 20)  # which leaves no run
        guest = host.guest("assist", beyond + LARGE)
        guest.load(assemble_text(text).image)
        assert guest.run().exit_code == 0
        found = mapped_frames(guest)
        assert len(found) > 512
        assert all(guest.host_frame(page) == frame for page, frame in found.items())
        assert not any(neighbour.read(0, neighbour.memory_size))
