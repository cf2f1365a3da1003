"""The balloon, memory given back and got again; and the three times."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hypercalls import (
    A0,
    ALL_ONES,
    CODE,
    HANDLER,
    MEMORY,
    READ_ONLY,
    Asker,
    asker,
    asker_on,
    askers,
    error,
    words,
)

from toyvm.errors import ToyvmError, UsageError
from toyvm.host.host import Host
from toyvm.hypercalls import MAXIMUM_RECORDS, VIRTUAL_INTERRUPTS
from toyvm.image import Image
from toyvm.isa.paging import PAGE_SIZE

LIST, DONE = 0x5000, 0x6000
PAGES = MEMORY // PAGE_SIZE
PAGE, OTHER = 10, 13


@pytest.fixture
def ask() -> Iterator[Asker]:
    with asker() as ask:
        ask.set_handler()
        yield ask


def unmap(ask: Asker, page: int) -> None:
    assert ask("update_va", page * PAGE_SIZE, 0, 0) == 0


def give(ask: Asker, *pages: int) -> tuple[int, int]:
    """decrease_reservation of these: its result, and how many were done."""
    ask.write(LIST, *(word for page in pages for word in (page, 0)))
    return ask("decrease_reservation", LIST, len(pages), DONE), ask.read(DONE)


def get(ask: Asker, *pages: int) -> tuple[int, int]:
    ask.write(LIST, *(word for page in pages for word in (page, 0)))
    return ask("increase_reservation", LIST, len(pages), DONE), ask.read(DONE)


def test_a_page_given_back_is_the_host_s_and_comes_back_full_of_zeros(ask: Asker) -> None:
    host, free, frames = ask.host, ask.host.frames_free, [ask.frame(page) for page in (PAGE, OTHER)]
    ask.write(PAGE * PAGE_SIZE, 77)
    for page in (PAGE, OTHER):
        unmap(ask, page)
    assert give(ask, PAGE, OTHER) == (0, 2)
    assert (host.frames_free, ask.guest.reservation) == (free + 2, PAGES - 2)
    with host.guest("trap", 65536) as neighbour:  # it gets one of the two, so that the pages come back elsewhere
        assert neighbour.host_frame(0) in frames
        assert get(ask, OTHER, PAGE) == (0, 2)
        got = [ask.read(LIST + 8), ask.read(LIST + 24)]
        assert got == [ask.frame(OTHER), ask.frame(PAGE)]
        assert sorted(got) != sorted(frames)
        assert ask("update_va", PAGE * PAGE_SIZE, ask.entry(PAGE), 0) == 0
        assert ask.load(PAGE * PAGE_SIZE) == 0
    assert ask.guest.reservation == PAGES


def test_what_the_hardware_remembers_of_a_page_given_back_is_forgotten(ask: Asker) -> None:
    assert ask.store(PAGE * PAGE_SIZE, 5)  # a translation is there now
    unmap(ask, PAGE)  # without a flush
    assert give(ask, PAGE) == (0, 1)
    with ask.host.guest("trap", 65536) as neighbour:
        neighbour.write(0, words(1234))
        assert ask.load(PAGE * PAGE_SIZE) is None
        assert not ask.store(PAGE * PAGE_SIZE, 6)
        assert neighbour.memory.dword(0) == 1234


def test_a_page_given_back_is_out_of_reach_at_once_though_it_was_just_used(ask: Asker) -> None:
    """And whatever else happens on the host: no other guest runs in between."""
    assert ask.store(PAGE * PAGE_SIZE, 5)
    assert ask.load(PAGE * PAGE_SIZE) == 5
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    assert ask.load(PAGE * PAGE_SIZE) is None
    assert not ask.store(PAGE * PAGE_SIZE, 6)


def test_a_page_in_use_is_not_given_back(ask: Asker) -> None:
    assert give(ask, PAGE) == (error("busy"), 0), "mapped writable"
    assert ask("update_va", PAGE * PAGE_SIZE, ask.entry(PAGE, READ_ONLY), 1) == 0
    assert give(ask, PAGE) == (error("busy"), 0), "mapped to be read"
    ask.write(PAGE * PAGE_SIZE, 0)
    assert ask("pin_table", ask.frame(PAGE), 0) == 0
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (error("busy"), 0), "a table"
    assert ask("unpin_table", ask.frame(PAGE)) == 0
    assert ask("ring_setup", 1, PAGE * PAGE_SIZE) == 0
    assert give(ask, PAGE) == (error("busy"), 0), "a ring"
    assert ask("ring_setup", 1, ALL_ONES) == 0
    assert give(ask, ask.root_page) == (error("busy"), 0)
    unmap(ask, OTHER)
    assert give(ask, OTHER, PAGE, PAGE) == (error("inval"), 2), "what is gone cannot be given back"


def test_a_page_that_others_may_map_is_not_given_back() -> None:
    with askers() as (owner, other):
        reference = owner("grant_access", other.domain, owner.frame(PAGE), 0)
        unmap(owner, PAGE)
        assert give(owner, PAGE) == (error("busy"), 0)
        unmap(other, PAGE)
        assert other("grant_map", owner.domain, reference, PAGE * PAGE_SIZE, 0) == 0
        assert give(owner, PAGE) == (error("busy"), 0)
        assert other("grant_unmap", PAGE * PAGE_SIZE) == 0
        assert owner("grant_end", reference) == 0
        assert give(owner, PAGE) == (0, 1)


def test_wrong_arguments_are_refused(ask: Asker) -> None:
    for page in (PAGES, ALL_ONES, 1 << 32 | PAGE):
        assert give(ask, page) == (error("inval"), 0)
        assert get(ask, page) == (error("inval"), 0)
    assert get(ask, PAGE) == (error("inval"), 0), "it is there"
    for name in ("decrease_reservation", "increase_reservation"):
        assert ask(name, LIST, MAXIMUM_RECORDS + 1, 0) == error("toobig")
        assert ask(name, LIST + 4, 1, 0) == error("fault")
        assert ask(name, MEMORY, 1, 0) == error("fault")
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    ask.write(LIST, PAGE, 0)
    ask.protect(LIST // PAGE_SIZE)
    assert ask("increase_reservation", LIST, 1, 0) == error("fault"), "the number could not be told"
    assert ask.guest.reservation == PAGES - 1


def test_the_host_sets_a_target_that_the_guest_sees_and_cannot_pass(ask: Asker) -> None:
    port = ask("event_bind_virq", VIRTUAL_INTERRUPTS["balloon"])
    ask("version", 0)
    assert (ask.shared("target"), ask.shared("pages"), ask.guest.balloon_target) == (PAGES, PAGES, PAGES)
    ask.set_shared("imask", 1 << 3)
    ask.set_shared("status", 1)
    ask.guest.balloon_target = PAGES - 1
    ask.run(HANDLER)
    assert ask.guest.pc == HANDLER + 4
    assert (ask.shared("event_pending"), ask.shared("target")) == (1 << port, PAGES - 1)
    ask.set_shared("event_pending", 0)
    for page in (PAGE, OTHER):
        unmap(ask, page)
    assert give(ask, PAGE, OTHER) == (0, 2)
    assert get(ask, PAGE, OTHER) == (error("nomem"), 1)
    ask("version", 0)
    assert ask.shared("pages") == PAGES - 1
    ask.guest.balloon_target = PAGES
    assert get(ask, OTHER) == (0, 1)


def test_what_is_given_back_is_not_on_the_guest_s_account(ask: Asker) -> None:
    def on_account() -> int:
        return ask.host.account().guests[0].memory

    unmap(ask, PAGE)
    assert on_account() == MEMORY
    assert give(ask, PAGE) == (0, 1)
    assert on_account() == MEMORY - PAGE_SIZE
    assert get(ask, PAGE) == (0, 1)
    assert on_account() == MEMORY


def test_a_host_with_nothing_left_gives_nothing(ask: Asker) -> None:
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    with ask.host.guest("para", (ask.host.frames_free - 3) * PAGE_SIZE):
        assert ask.host.frames_free == 0
        assert get(ask, PAGE) == (error("nomem"), 0)


def test_targets_that_cannot_be_are_refused(ask: Asker) -> None:
    for pages in (-1, PAGES + 1):
        with pytest.raises(UsageError):
            ask.guest.balloon_target = pages
    with ask.host.guest("trap", MEMORY) as guest:
        assert guest.balloon_target == guest.reservation == PAGES
        with pytest.raises(UsageError):
            guest.balloon_target = 1


def test_a_hole_reads_as_zeros_and_cannot_be_written(ask: Asker) -> None:
    ask.write(PAGE * PAGE_SIZE, 77)
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    assert ask.guest.read((PAGE - 1) * PAGE_SIZE, 3 * PAGE_SIZE)[PAGE_SIZE : 2 * PAGE_SIZE] == bytes(PAGE_SIZE)
    assert PAGE not in dict(ask.guest.pages())
    with pytest.raises(UsageError, match="given a page there back"):
        ask.guest.write(PAGE * PAGE_SIZE - 8, bytes(16))
    assert ask("console_write", PAGE * PAGE_SIZE, 8) == error("fault")


@pytest.mark.parametrize("page", [0, PAGE])
def test_a_snapshot_has_holes_too(ask: Asker, page: int) -> None:
    unmap(ask, page)
    whole = ask.guest.save()
    assert give(ask, page) == (0, 1)
    holed, state, free = ask.guest.save(), ask.guest.state_hash(), ask.host.frames_free
    ask.guest.restore(whole)
    assert (ask.guest.reservation, ask.host.frames_free) == (PAGES, free - 1)
    ask.guest.restore(holed)
    assert (ask.guest.reservation, ask.host.frames_free) == (PAGES - 1, free)
    assert ask.guest.state_hash() == state
    assert get(ask, page) == (0, 1)


@pytest.mark.parametrize("target", [0, PAGES - 1, PAGES])
def test_a_snapshot_has_the_target_that_the_host_had_set(ask: Asker, target: int) -> None:
    ask.guest.balloon_target = target
    snapshot = ask.guest.save()
    for page in (PAGE, OTHER):
        unmap(ask, page)
    assert give(ask, PAGE, OTHER) == (0, 2)
    ask.guest.balloon_target = PAGES - 2
    ask.guest.restore(snapshot)
    assert (ask.guest.balloon_target, ask.guest.reservation, ask.shared("target")) == (target, PAGES, target)
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    assert get(ask, PAGE) == ((0, 1) if target == PAGES else (error("nomem"), 0))


def test_a_guest_s_end_gives_back_what_it_has(ask: Asker) -> None:
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    total = ask.host.memory_size // PAGE_SIZE
    ask.guest.close()
    assert ask.host.frames_free == total


def test_the_list_of_domains_tells_how_much_each_has(ask: Asker) -> None:
    unmap(ask, PAGE)
    assert give(ask, PAGE) == (0, 1)
    assert ask("domains", LIST, 1) == 1
    assert ask.record("domain", LIST)["pages"] == PAGES - 1


def test_a_page_given_back_is_on_its_guest_s_account_no_more(ask: Asker) -> None:
    for page in (PAGE, OTHER):
        ask.write(page * PAGE_SIZE, 77)
        unmap(ask, page)
    assert give(ask, PAGE) == (0, 1)
    before = ask.host.account().guests[0].memory_used
    assert give(ask, OTHER) == (0, 1)
    assert ask.host.account().guests[0].memory_used == before - PAGE_SIZE


def test_a_guest_that_starts_anew_has_all_its_pages_again(ask: Asker) -> None:
    free = ask.host.frames_free
    for page in (PAGE, OTHER):
        unmap(ask, page)
    assert give(ask, PAGE, OTHER) == (0, 2)
    ask.guest.load(Image(CODE, ()))
    assert (ask.guest.reservation, ask.host.frames_free) == (PAGES, free)
    frames = [ask.frame(page) for page in range(PAGES)]
    assert len({*frames}) == PAGES
    assert [ask.read(ask.record("start", ask.guest.x[A0])["frames"] + 8 * page) for page in range(PAGES)] == frames
    assert ask("version", 0) > 0  # audits
    assert ask.load(PAGE * PAGE_SIZE) == 0


def test_a_guest_does_not_start_anew_on_a_host_without_a_frame_for_each_of_its_pages(ask: Asker) -> None:
    for page in (PAGE, OTHER):
        unmap(ask, page)
    assert give(ask, PAGE, OTHER) == (0, 2)
    with ask.host.guest("para", (ask.host.frames_free - 4) * PAGE_SIZE):  # and three for its monitor
        with pytest.raises(ToyvmError, match="no memory left"):
            ask.guest.load(Image(CODE, ()))
        assert ask.host.frames_free == 0
    ask.guest.load(Image(CODE, ()))
    assert ask.guest.reservation == PAGES
    assert ask("version", 0) > 0  # audits


# Time.


def test_virtual_real_and_wall_time() -> None:
    with Host("2M") as host:
        one = asker_on(host, clock_base=5_000_000)
        two = asker_on(host, clock_base=5_000_000)
        for _ in range(10):
            two("version", 0)
        began = host.real_time
        assert began == one.guest.retired + two.guest.retired
        assert one("time", 0) == one.guest.time - 1 == one.guest.retired - 1
        assert one("time", 1) == began + 1
        assert one("time", 2) == 5_000_000 + began + 2
        assert one("time", 3) == error("inval")
        host.pass_time(1000)
        one("yield")
        one("version", 0)
        assert one.shared("real_time") == began + 1000 + 5
        assert one.shared("wall_time") == 5_000_000 + one.shared("real_time")
        assert host.real_time == one.guest.retired + two.guest.retired + 1000
        with pytest.raises(UsageError):
            host.pass_time(-1)


def test_skipped_time_is_virtual_alone(ask: Asker) -> None:
    ask.set_shared("imask", 1)
    ask("set_timer", ask.guest.time + 10_000)
    real = ask.host.real_time
    assert ask("block") == 0
    assert ask.host.real_time == real + 1
    assert ask.guest.time > 10_000
