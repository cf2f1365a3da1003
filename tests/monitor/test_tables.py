"""A paravirtual guest's page tables: what the monitor grants, and what it refuses with which error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hypercalls import ALL_ONES, MEMORY, READ_ONLY, WRITABLE, Asker, asker, error

from toyvm.hypercalls import MAXIMUM_RECORDS, SHARED_PAGE_ADDRESS
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_U, PTE_V, PTE_W
from toyvm.isa.traps import BY_NAME as CAUSE

RECORDS, DONE = 0x5000, 0x6000  # pages of their own
NEW = 10  # a page that is to become a table
POINTER = PTE_V


@pytest.fixture
def ask() -> Iterator[Asker]:
    with asker() as ask:
        ask.set_handler()
        yield ask


def place(ask: Asker, page: int, slot: int = 0) -> int:
    """Host-physical address of an entry."""
    return ask.frame(page) * PAGE_SIZE + 8 * slot


def update(ask: Asker, *pairs: tuple[int, int]) -> tuple[int, int]:
    """mmu_update of these entries: its result, and how many were done."""
    ask.write(RECORDS, *(word for pair in pairs for word in pair))
    result = ask("mmu_update", RECORDS, len(pairs), DONE)
    return result, ask.read(DONE)


def table(ask: Asker, page: int, level: int, *entries: int) -> int:
    """Make a page a pinned table; its frame."""
    ask.write(page * PAGE_SIZE, *entries)
    ask.protect(page)
    assert ask("pin_table", ask.frame(page), level) == 0
    return ask.frame(page)


def test_a_page_becomes_a_table_once_no_mapping_of_it_is_writable(ask: Asker) -> None:
    assert ask("pin_table", ask.frame(NEW), 0) == error("busy")
    ask.protect(NEW)
    assert ask("pin_table", ask.frame(NEW), 0) == 0
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 1) == error("busy")
    assert ask("unpin_table", ask.frame(NEW)) == 0
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 1) == 0


def test_a_leaf_without_u_is_taken_and_of_no_use(ask: Asker) -> None:
    address = NEW * PAGE_SIZE
    assert ask.load(address) == 0
    assert ask("update_va", address, ask.entry(NEW, WRITABLE & ~PTE_U), 1) == 0
    assert ask.load(address) is None
    assert ask.shared("cause") == CAUSE["load_page_fault"].code


def test_the_guest_s_own_store_to_a_table_is_a_page_fault(ask: Asker) -> None:
    before = ask.shared("cause")
    ask.run(0x4000, NEW * PAGE_SIZE, 77)  # writable so far, and the hardware remembers it
    assert (before, ask.read(NEW * PAGE_SIZE)) == (ask.shared("cause"), 77)
    ask.write(NEW * PAGE_SIZE, 0)
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW, READ_ONLY), 0) == 0
    assert ask("pin_table", ask.frame(NEW), 0) == 0
    ask.run(0x4000, NEW * PAGE_SIZE, 88)
    assert ask.shared("cause") == CAUSE["store_page_fault"].code
    assert ask.read(NEW * PAGE_SIZE) == 0


@pytest.mark.parametrize(
    ("entry", "refusal"),
    [
        (lambda ask: ask.entry(NEW, PTE_V), "inval"),  # a pointer at level 0
        (lambda ask: ask.entry(NEW) | 1 << 10, "inval"),
        (lambda ask: ask.entry(NEW) | 1 << 63, "inval"),
        (lambda ask: ask.entry(ask.root_page), "busy"),
        (lambda ask: ask.start["shared_frame"] * PAGE_SIZE | READ_ONLY, "perm"),
        (lambda ask: 0xFFF_FFFF_F000 | READ_ONLY, "perm"),
        (lambda ask: (ask.guest.host.memory_size) | WRITABLE, "perm"),
    ],
)
def test_a_leaf_that_gives_too_much_is_refused(ask: Asker, entry: object, refusal: str) -> None:
    assert ask("update_va", NEW * PAGE_SIZE, entry(ask), 0) == error(refusal)  # type: ignore[operator]
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 0) == 0


def test_another_guest_s_frame_is_refused(ask: Asker) -> None:
    with ask.host.guest("trap", MEMORY) as neighbour:
        foreign = neighbour.host_frame(0)
        assert ask("update_va", NEW * PAGE_SIZE, foreign * PAGE_SIZE | READ_ONLY, 0) == error("perm")
        assert ask("pin_table", foreign, 0) == error("perm")
        assert ask("unpin_table", foreign) == error("perm")
        assert ask("set_roots", foreign, ALL_ONES) == error("perm")
        assert update(ask, (foreign * PAGE_SIZE, 0)) == (error("perm"), 0)


def test_an_entry_that_is_not_valid_may_hold_anything(ask: Asker) -> None:
    assert ask("update_va", NEW * PAGE_SIZE, ALL_ONES & ~PTE_V, 1) == 0
    assert ask.guest.translate(NEW * PAGE_SIZE) is None
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 1) == 0
    assert ask.guest.translate(NEW * PAGE_SIZE, "rwx") == NEW * PAGE_SIZE


@pytest.mark.parametrize("bits", [PTE_U, PTE_A, PTE_D, PTE_W, 1 << 11])
def test_a_pointer_with_other_bits_is_refused(ask: Asker, bits: int) -> None:
    table(ask, NEW, 0)
    table(ask, NEW + 1, 1)
    assert update(ask, (place(ask, NEW + 1, 3), ask.entry(NEW, POINTER | bits))) == (error("inval"), 0)
    assert update(ask, (place(ask, NEW + 1, 3), ask.entry(NEW, POINTER))) == (0, 1)


def test_a_pointer_leads_one_level_down_and_nowhere_else(ask: Asker) -> None:
    table(ask, NEW, 0)
    table(ask, NEW + 1, 1)
    table(ask, NEW + 2, 2)
    busy = error("busy")
    assert update(ask, (place(ask, NEW + 2), ask.entry(NEW, POINTER))) == (busy, 0)
    assert update(ask, (place(ask, NEW + 2), ask.entry(NEW + 2, POINTER))) == (busy, 0)
    assert update(ask, (place(ask, NEW + 1), ask.entry(NEW + 2, POINTER))) == (busy, 0)
    assert update(ask, (place(ask, NEW + 2), ask.entry(NEW + 1, POINTER))) == (0, 1)
    assert ask("pin_table", ask.frame(NEW), 1) == busy


def test_a_table_may_be_mapped_readable_in_itself(ask: Asker) -> None:
    frame = table(ask, NEW, 0, ask.entry(NEW, READ_ONLY))
    assert update(ask, (frame * PAGE_SIZE + 8, ask.entry(NEW, READ_ONLY))) == (0, 1)
    assert update(ask, (frame * PAGE_SIZE + 8, ask.entry(NEW))) == (error("busy"), 0)


def test_a_table_with_one_bad_entry_below_is_refused_as_a_whole(ask: Asker) -> None:
    ask.write(NEW * PAGE_SIZE, ask.entry(3, READ_ONLY), ask.entry(ask.root_page))
    ask.write((NEW + 1) * PAGE_SIZE, ask.entry(NEW, POINTER))
    for page in (NEW, NEW + 1):
        ask.protect(page)
    assert ask("pin_table", ask.frame(NEW + 1), 1) == error("busy")
    for page in (NEW, NEW + 1):
        assert ask("update_va", page * PAGE_SIZE, ask.entry(page), 0) == 0, "it is an ordinary page again"


def test_updates_stop_at_the_first_that_is_refused_and_tell_how_many_were_done(ask: Asker) -> None:
    frame = table(ask, NEW, 0)
    at = frame * PAGE_SIZE
    assert update(ask, (at, ask.entry(3)), (at + 8, ask.entry(4)), (at + 16, 1 << 62 | 1), (at + 24, 0)) == (-22, 2)
    assert [ask.read(NEW * PAGE_SIZE + 8 * n) for n in range(3)] == [ask.entry(3), ask.entry(4), 0]


def test_a_record_may_begin_on_one_page_and_end_on_another(ask: Asker) -> None:
    """Whose frames are no neighbours."""
    frame = table(ask, NEW, 0)
    assert ask.frame(6) != ask.frame(5) + 1
    for before in (8, 16, 24):
        at = 6 * PAGE_SIZE - before
        ask.write(at, frame * PAGE_SIZE, ask.entry(3, READ_ONLY), frame * PAGE_SIZE + 8, ask.entry(4, READ_ONLY))
        assert ask("mmu_update", at, 2, 0) == 0
        assert [ask.read(NEW * PAGE_SIZE + 8 * n) for n in (0, 1)] == [ask.entry(n, READ_ONLY) for n in (3, 4)]
        ask.write(at, frame * PAGE_SIZE, 0, frame * PAGE_SIZE + 8, 0)
        assert ask("mmu_update", at, 2, 0) == 0


def test_an_update_outside_a_table_is_refused(ask: Asker) -> None:
    assert update(ask, (place(ask, NEW), 0)) == (error("inval"), 0)
    frame = table(ask, NEW, 0)
    assert update(ask, (frame * PAGE_SIZE + 4, 0)) == (error("inval"), 0)
    assert update(ask, (ALL_ONES & ~7, 0)) == (error("perm"), 0)
    assert update(ask, (ask.start["root_frame"] * PAGE_SIZE + 511 * 8, 0)) == (error("perm"), 0)


def test_lists_are_held_to_their_limits(ask: Asker) -> None:
    assert ask("mmu_update", RECORDS, MAXIMUM_RECORDS + 1, 0) == error("toobig")
    assert ask("mmu_update", RECORDS, ALL_ONES, 0) == error("toobig")
    assert ask("mmu_update", RECORDS + 4, 1, 0) == error("fault")
    assert ask("mmu_update", 0x1234_5678_0000, 1, 0) == error("fault")
    assert ask("mmu_update", ALL_ONES & ~7, 1, 0) == error("fault")
    assert ask("mmu_update", RECORDS, 0, MEMORY) == error("fault")
    assert ask("mmu_update", RECORDS, 0, ask.root_page * PAGE_SIZE) == error("fault"), "the guest could not write it"
    assert ask("mmu_update", MEMORY + RECORDS, 0, 0) == 0, "no record, no fault"


def test_the_monitor_s_slot_and_unmapped_addresses_have_no_entry_to_write(ask: Asker) -> None:
    assert ask("update_va", SHARED_PAGE_ADDRESS, 0, 0) == error("perm")
    assert ask("update_va", 0x4000_0000, 0, 0) == error("inval")
    assert ask("update_va", 1 << 45, 0, 0) == error("inval")
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 2) == error("inval")


def test_pins_are_held_to_what_they_mean(ask: Asker) -> None:
    assert ask("pin_table", ask.frame(NEW), 3) == error("inval")
    assert ask("pin_table", ALL_ONES, 0) == error("perm")
    assert ask("unpin_table", ask.frame(NEW)) == error("inval")
    frame = table(ask, NEW, 0)
    assert ask("pin_table", frame, 0) == 0
    assert ask("pin_table", frame, 1) == error("busy")
    assert ask("unpin_table", frame) == 0
    assert ask("unpin_table", frame) == error("inval")


def new_root(ask: Asker) -> int:
    """A second root, with the first one's memory."""
    first = ask.root_page * PAGE_SIZE
    return table(ask, NEW, 2, ask.read(first), *([0] * 510), ask.read(first + 511 * 8))


def test_roots_are_switched_and_the_window_follows_the_kernel(ask: Asker) -> None:
    old, new = ask.start["root_frame"], new_root(ask)
    for kernel, user in ((new, old), (old, new), (new, new), (old, ALL_ONES)):
        assert ask("set_roots", kernel, user) == 0
        assert ask.guest.root(0) == kernel * PAGE_SIZE
        assert ask.guest.root(1) == (None if user == ALL_ONES else user * PAGE_SIZE)
        ask.set_shared("scratch", kernel + 1)
        assert ask.shared("scratch") == kernel + 1


def test_a_root_in_use_stays_a_table_when_it_is_unpinned(ask: Asker) -> None:
    new = new_root(ask)
    assert ask("set_roots", new, ALL_ONES) == 0
    assert ask("unpin_table", new) == 0
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 0) == error("busy")
    assert ask("set_roots", ask.start["root_frame"], ALL_ONES) == 0
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 0) == 0


def test_a_page_that_was_a_root_keeps_nothing_of_the_monitor_s(ask: Asker) -> None:
    new = new_root(ask)
    for kernel in (new, ask.start["root_frame"]):
        assert ask("set_roots", kernel, ALL_ONES) == 0
        ask.set_shared("scratch", 1)
    assert ask("unpin_table", new) == 0
    assert ask.guest.read((NEW + 1) * PAGE_SIZE - 8, 8) == bytes(8)


def test_roots_that_are_refused_keep_no_table_in_use(ask: Asker) -> None:
    new = new_root(ask)
    for wrong in (ask.frame(3), ALL_ONES - 1):
        assert ask("set_roots", new, wrong) < 0
    assert ask("unpin_table", new) == 0
    assert ask("update_va", NEW * PAGE_SIZE, ask.entry(NEW), 0) == 0, "it is no table any more"


def test_roots_that_are_none_leave_the_old_ones(ask: Asker) -> None:
    new = new_root(ask)
    assert ask("set_roots", new, ask.frame(3)) == error("busy")
    assert ask("set_roots", ask.frame(3), new) == error("busy")
    assert ask("set_roots", ALL_ONES, new) == error("perm")
    assert ask.guest.root(0) == ask.start["root_frame"] * PAGE_SIZE


def test_a_table_that_the_host_overwrites_is_checked_again(ask: Asker) -> None:
    frame = table(ask, NEW, 0)
    ask.write(NEW * PAGE_SIZE, ask.entry(3))
    assert ask("unpin_table", frame) == 0, "the books know of the new entry"
    ask.protect(NEW + 1)
    ask.write((NEW + 1) * PAGE_SIZE, 0)
    ask.write(ask.root_page * PAGE_SIZE, 1 << 62 | 1)
    outcome = ask.run(0x2000)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "bad page table")


@pytest.mark.parametrize("place", ["a pinned table", "the kernel's root", "the users' root"])
def test_a_table_in_use_that_the_host_has_spoiled_ends_the_guest(ask: Asker, place: str) -> None:
    """A root is in use though it is not pinned, and a pinned table though no root leads to it."""
    old, new = ask.start["root_frame"], new_root(ask)
    if place != "a pinned table":
        roots = (new, ALL_ONES) if place == "the kernel's root" else (old, new)
        assert ask("set_roots", *roots) == 0
        assert ask("unpin_table", new) == 0
    ask.write(NEW * PAGE_SIZE + 8, 1 << 62 | 1)
    outcome = ask.run(0x2000)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "bad page table")
    assert ask.guest.root(0) == (None if place == "the kernel's root" else old * PAGE_SIZE)


# What makes the hardware forget where a page was; those that name the page, and those that forget all.
FORGETTING = {
    "flush of the page": lambda ask, address, entry: ask("flush", address),
    "flush of all": lambda ask, address, entry: ask("flush", ALL_ONES),
    "update_va of the same": lambda ask, address, entry: ask("update_va", address, entry, 1),
    "set_roots with the root in use": lambda ask, address, entry: ask("set_roots", ask.start["root_frame"], ALL_ONES),
}


@pytest.mark.parametrize("how", FORGETTING)
def test_what_was_mapped_before_is_reached_no_more_once_it_was_to_be_forgotten(ask: Asker, how: str) -> None:
    address, entry = NEW * PAGE_SIZE, ask.entry(NEW + 1)
    for page in (NEW, NEW + 1):
        ask.write(page * PAGE_SIZE, page)
    assert ask.load(address) == NEW  # and the hardware remembers it
    assert ask("update_va", address, entry, 0) == 0
    assert FORGETTING[how](ask, address, entry) == 0
    assert ask.load(address) == NEW + 1
