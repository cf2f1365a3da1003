"""Grants: a domain shares a frame with another one, and only as it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hypercalls import ALL_ONES, HANDLER, MEMORY, READ_ONLY, WRITABLE, Asker, askers, error

from toyvm.errors import BadFileError
from toyvm.hypercalls import GRANT_MAPS, GRANT_WRITABLE, GRANTS, SHARED_PAGE_ADDRESS
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.native import lib

LIST, PAGE, FREE = 0x5000, 9, 11  # a page that is granted, and one whose place maps it
SHARED, THERE = PAGE * PAGE_SIZE, FREE * PAGE_SIZE


@pytest.fixture
def pair() -> Iterator[list[Asker]]:
    with askers() as pair:
        for ask in pair:
            ask.set_handler()
            ask.write(SHARED, 1000 + ask.domain)
        yield pair


def grant(owner: Asker, other: Asker, flags: int = GRANT_WRITABLE, page: int = PAGE) -> int:
    reference = owner("grant_access", other.domain, owner.frame(page), flags)
    assert reference >= 0
    return reference


def make_room(ask: Asker, page: int = FREE) -> None:
    """Unmap a page, so that its place can map something else."""
    assert ask("update_va", page * PAGE_SIZE, 0, 1) == 0


def mapped(owner: Asker, other: Asker, flags: int = GRANT_WRITABLE) -> int:
    """A frame of `owner`, mapped by `other` at THERE: the reference."""
    reference = grant(owner, other, flags)
    make_room(other)
    assert other("grant_map", owner.domain, reference, THERE, flags) == 0
    return reference


def test_both_see_what_either_writes(pair: list[Asker]) -> None:
    owner, other = pair
    mapped(owner, other)
    assert other.load(THERE) == 1000 + owner.domain
    assert other.store(THERE + 8, 77)
    assert owner.load(SHARED + 8) == 77
    assert owner.store(SHARED, 55)
    assert other.load(THERE) == 55


def test_an_address_that_maps_a_foreign_frame_is_no_page_of_the_guest_s_own(pair: list[Asker]) -> None:
    owner, other = pair
    assert other.guest.translate(THERE) == THERE
    mapped(owner, other)
    assert other.guest.translate(THERE) is None
    assert other.guest.translate(SHARED) == SHARED
    assert owner.guest.translate(SHARED) == SHARED


def test_a_grant_to_read_cannot_be_written_through(pair: list[Asker]) -> None:
    owner, other = pair
    reference = grant(owner, other, 0)
    make_room(other)
    assert other("grant_map", owner.domain, reference, THERE, GRANT_WRITABLE) == error("perm")
    assert other("grant_map", owner.domain, reference, THERE, 0) == 0
    assert other.load(THERE) == 1000 + owner.domain
    assert not other.store(THERE, 1)
    assert other("console_read", THERE, 8) == error("fault")
    assert owner.read(SHARED) == 1000 + owner.domain


def test_only_the_domain_named_may_map_it() -> None:
    with askers(3) as (owner, other, third):
        reference = grant(owner, other)
        make_room(third)
        assert third("grant_map", owner.domain, reference, THERE, 0) == error("noent")
        assert other("grant_map", third.domain, reference, THERE, 0) == error("busy"), "the place is taken"
        make_room(other)
        assert other("grant_map", third.domain, reference, THERE, 0) == error("noent")


def test_wrong_arguments_of_a_grant_are_refused(pair: list[Asker]) -> None:
    owner, other = pair
    frame = owner.frame(PAGE)
    assert owner("grant_access", other.domain, other.frame(PAGE), 0) == error("perm")
    assert owner("grant_access", other.domain, owner.start["shared_frame"], 0) == error("perm")
    assert owner("grant_access", other.domain, ALL_ONES, 0) == error("perm")
    assert owner("grant_access", other.domain, frame, 2) == error("inval")
    for nobody in (0, owner.domain, 99, ALL_ONES):
        assert owner("grant_access", nobody, frame, 0) == error("noent")
    for reference in (0, GRANTS, ALL_ONES):
        assert owner("grant_end", reference) == error("noent")


def test_wrong_arguments_of_a_map_are_refused(pair: list[Asker]) -> None:
    owner, other = pair
    reference = grant(owner, other)
    make_room(other)
    assert other("grant_map", owner.domain, reference + 1, THERE, 0) == error("noent")
    assert other("grant_map", owner.domain, ALL_ONES, THERE, 0) == error("noent")
    assert other("grant_map", other.domain, reference, THERE, 0) == error("noent")
    assert other("grant_map", owner.domain, reference, THERE, 2) == error("inval")
    assert other("grant_map", owner.domain, reference, 1 << 45, 0) == error("inval")
    assert other("grant_map", owner.domain, reference, 0x4000_0000, 0) == error("inval"), "no table is there"
    assert other("grant_map", owner.domain, reference, SHARED_PAGE_ADDRESS, 0) == error("perm")
    assert other("grant_unmap", THERE) == error("noent")
    assert other("grant_unmap", SHARED) == error("noent")
    assert other("grant_unmap", 1 << 45) == error("noent")


def test_a_grant_cannot_be_taken_back_while_it_is_mapped(pair: list[Asker]) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    assert owner("grant_end", reference) == error("busy")
    assert other("grant_unmap", THERE) == 0
    assert other.load(THERE) is None
    assert owner("grant_end", reference) == 0
    assert other("grant_map", owner.domain, reference, THERE, 0) == error("noent")


def test_no_other_entry_may_name_a_foreign_frame(pair: list[Asker]) -> None:
    owner, other = pair
    mapped(owner, other)
    foreign = owner.frame(PAGE) * PAGE_SIZE
    for place in (THERE, (FREE + 1) * PAGE_SIZE):
        for rights in (READ_ONLY, WRITABLE):
            assert other("update_va", place, foreign | rights, 1) == error("perm")
    assert other("pin_table", owner.frame(PAGE), 0) == error("perm")
    assert other("grant_access", owner.domain, owner.frame(PAGE), 0) == error("perm"), "it is not other's to pass on"
    assert other.load(THERE) == 1000 + owner.domain


def test_writing_over_the_entry_unmaps(pair: list[Asker]) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    assert other("update_va", THERE, other.entry(FREE), 0) == 0
    assert other.store(THERE, 3)
    assert owner.read(SHARED) == 1000 + owner.domain
    assert owner("grant_end", reference) == 0


@pytest.mark.parametrize("how", ["grant_unmap", "update_va"])
def test_what_is_unmapped_is_out_of_reach_at_once_though_it_was_just_used(pair: list[Asker], how: str) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    assert other.load(THERE) == 1000 + owner.domain
    assert other.store(THERE, 5)
    arguments = (THERE,) if how == "grant_unmap" else (THERE, 0, 0)
    assert other(how, *arguments) == 0
    assert other.load(THERE) is None
    assert not other.store(THERE, 6)
    assert owner.read(SHARED) == 5
    assert owner("grant_end", reference) == 0


def test_letting_go_of_the_table_unmaps(pair: list[Asker]) -> None:
    owner, other = pair
    table, upper, root = 20, 21, 22
    for page, entries in (
        (table, ()),
        (upper, (other.entry(table, 1),)),
        (root, (other.read(other.root_page * PAGE_SIZE), other.entry(upper, 1))),
    ):
        other.write(page * PAGE_SIZE, *entries)
        other.protect(page)
    assert other("pin_table", other.frame(root), 2) == 0
    assert other("set_roots", other.frame(root), ALL_ONES) == 0
    reference = grant(owner, other)
    assert other("grant_map", owner.domain, reference, 0x4000_0000, GRANT_WRITABLE) == 0
    assert other.load(0x4000_0000) == 1000 + owner.domain
    assert other("set_roots", other.start["root_frame"], ALL_ONES) == 0
    assert owner("grant_end", reference) == error("busy")
    assert other("unpin_table", other.frame(root)) == 0
    assert owner("grant_end", reference) == 0


def test_a_table_is_never_granted_writable(pair: list[Asker]) -> None:
    owner, other = pair
    root = owner.start["root_frame"]
    assert owner("grant_access", other.domain, root, GRANT_WRITABLE) == error("busy")
    reference = owner("grant_access", other.domain, root, 0)
    make_room(other)
    assert other("grant_map", owner.domain, reference, THERE, 0) == 0
    assert other.load(THERE) == owner.read(owner.root_page * PAGE_SIZE)
    assert not other.store(THERE, 0)


def test_a_frame_that_became_a_table_since_is_not_mapped_writable(pair: list[Asker]) -> None:
    owner, other = pair
    owner.write(SHARED, 0)
    reference = grant(owner, other)
    owner.protect(PAGE)
    assert owner("pin_table", owner.frame(PAGE), 0) == 0
    make_room(other)
    assert other("grant_map", owner.domain, reference, THERE, GRANT_WRITABLE) == error("busy")
    assert other("grant_map", owner.domain, reference, THERE, 0) == 0


def test_a_frame_that_others_may_write_does_not_become_a_table(pair: list[Asker]) -> None:
    owner, other = pair
    mapped(owner, other)
    owner.write(SHARED, 0)
    owner.protect(PAGE)
    assert owner("pin_table", owner.frame(PAGE), 0) == error("busy")
    assert other("grant_unmap", THERE) == 0
    assert owner("pin_table", owner.frame(PAGE), 0) == 0


def test_a_frame_survives_its_domain_while_it_is_mapped(pair: list[Asker]) -> None:
    owner, other = pair
    host = owner.host
    mapped(owner, other)
    number = 1000 + owner.domain
    free = host.frames_free
    owner.guest.close()
    kept = host.frames_free
    assert kept == free + MEMORY // PAGE_SIZE + 3 - 1, "all but one come back"
    assert other.load(THERE) == number
    assert other.store(THERE, 5)
    assert lib.t64_guest_audit(other.guest.vm) == lib.T64_OK
    assert other("grant_unmap", THERE) == 0
    assert host.frames_free == kept + 1


def test_a_domain_s_end_lets_go_of_what_it_mapped(pair: list[Asker]) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    other.guest.close()
    assert owner("grant_end", reference) == 0
    owner.protect(PAGE)


def test_there_are_so_many_references_and_maps_and_no_more() -> None:
    with askers(2) as (owner, other):
        references = [grant(owner, other) for _ in range(GRANTS)]
        assert references == list(range(GRANTS))
        assert owner("grant_access", other.domain, owner.frame(PAGE), 0) == error("nomem")
        table = 20
        place = 0x10_0000  # in the last of the first tables, beyond memory
        for n in range(GRANT_MAPS):
            assert other("grant_map", owner.domain, n, place + n * PAGE_SIZE, 1) == 0
        assert other("grant_map", owner.domain, 0, place - PAGE_SIZE, 0) == error("nomem")
        other.write(table * PAGE_SIZE, 0)


def test_what_is_wrong_with_a_call_is_said_where_no_reference_is_free_as_well(pair: list[Asker]) -> None:
    owner, other = pair
    while owner("grant_access", other.domain, owner.frame(PAGE), 0) >= 0:
        pass
    assert owner("grant_access", other.domain, owner.frame(PAGE), 2) == error("inval")
    assert owner("grant_access", owner.domain, owner.frame(PAGE), 0) == error("noent")
    assert owner("grant_access", other.domain, other.frame(PAGE), 0) == error("perm")
    assert owner("grant_access", other.domain, owner.start["root_frame"], GRANT_WRITABLE) == error("busy")


def test_what_is_wrong_with_a_map_is_said_where_no_other_is_left_as_well(pair: list[Asker]) -> None:
    owner, other = pair
    reference, beyond = grant(owner, other, 0), 0x10_0000  # in the last of the first tables
    for n in range(GRANT_MAPS):
        assert other("grant_map", owner.domain, reference, beyond + n * PAGE_SIZE, 0) == 0
    place = beyond - PAGE_SIZE
    assert other("grant_map", owner.domain, reference, place, 0) == error("nomem")
    assert other("grant_map", owner.domain, reference, place, 2) == error("inval")
    assert other("grant_map", other.domain, reference, place, 0) == error("noent")
    assert other("grant_map", owner.domain, reference + 1, place, 0) == error("noent")
    assert other("grant_map", owner.domain, reference, place, GRANT_WRITABLE) == error("perm")
    assert other("grant_map", owner.domain, reference, SHARED, 0) == error("busy")
    assert other("grant_map", owner.domain, reference, SHARED_PAGE_ADDRESS, 0) == error("perm")


def test_the_host_s_own_write_to_a_table_leaves_sound_books(pair: list[Asker]) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    other.guest.write(other.root_page * PAGE_SIZE + 8, bytes(8))  # anything: all tables are checked anew
    assert other.load(THERE) == 1000 + owner.domain
    assert owner("grant_end", reference) == error("busy")
    entry = other.guest.memory.dword(level0_of(other) + 8 * FREE)
    assert entry & ~0xFFF == owner.frame(PAGE) * PAGE_SIZE
    other.guest.write(level0_of(other) + 8 * FREE, bytes(8))
    assert other.load(THERE) is None
    assert owner("grant_end", reference) == 0


AS_MAPPED = PTE_V | PTE_R | PTE_U
WRITTEN = {
    "as it was": (0, AS_MAPPED, True),
    "with marks": (0, AS_MAPPED | PTE_A | PTE_D, True),
    "writable, as it was": (GRANT_WRITABLE, AS_MAPPED | PTE_W, True),
    "readable alone": (GRANT_WRITABLE, AS_MAPPED, True),
    "writable, though it was not": (0, AS_MAPPED | PTE_W, False),
    "executable": (GRANT_WRITABLE, AS_MAPPED | PTE_X, False),
    "as a pointer": (0, PTE_V, False),
    "with a reserved bit": (0, AS_MAPPED | 1 << 10, False),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_entry_of_a_map_may_be_written_over_by_the_host_with_what_gives_no_more(
    pair: list[Asker], name: str
) -> None:
    owner, other = pair
    flags, rights, is_sound = WRITTEN[name]
    reference = mapped(owner, other, flags)
    other.write(level0_of(other) + 8 * FREE, owner.entry(PAGE, rights))
    outcome = other.run(HANDLER)
    assert outcome.stop == ("limit" if is_sound else "fault")
    assert lib.t64_guest_audit(owner.guest.vm) == lib.T64_OK
    assert owner("grant_end", reference) == (error("busy") if is_sound else 0)


@pytest.mark.parametrize("page", [PAGE + 1, None])
def test_the_entry_of_a_map_leads_to_its_own_frame_alone(pair: list[Asker], page: int | None) -> None:
    """Written over with another one of the owner's, or with one of the mapper's, which is no map."""
    owner, other = pair
    reference = mapped(owner, other, 0)
    entry = other.entry(PAGE, AS_MAPPED) if page is None else owner.entry(page, AS_MAPPED)
    other.write(level0_of(other) + 8 * FREE, entry)
    assert other.run(HANDLER).stop == ("limit" if page is None else "fault")
    assert lib.t64_guest_audit(owner.guest.vm) == lib.T64_OK
    assert owner("grant_end", reference) == 0


@pytest.mark.parametrize("through", [0, 1])
def test_a_map_goes_with_the_table_that_the_host_takes_away(pair: list[Asker], through: int) -> None:
    """Its entry still stands in what was a table: written over is the one that led there, of the level above."""
    owner, other = pair
    reference = mapped(owner, other)
    frames = {other.frame(page): page for page in range(MEMORY // PAGE_SIZE)}
    level1 = frames[other.read(other.root_page * PAGE_SIZE) >> 12] * PAGE_SIZE
    other.guest.write((other.root_page * PAGE_SIZE, level1)[through], bytes(8))
    other.run(HANDLER)
    assert lib.t64_guest_audit(owner.guest.vm) == lib.T64_OK
    assert owner("grant_end", reference) == 0


def level0_of(ask: Asker) -> int:
    """Guest-physical address of the first level-0 table."""
    frames = {ask.frame(page): page for page in range(MEMORY // PAGE_SIZE)}
    level1 = frames[ask.read(ask.root_page * PAGE_SIZE) >> 12] * PAGE_SIZE
    return frames[ask.read(level1) >> 12] * PAGE_SIZE


def test_a_restore_ends_maps_and_grants(pair: list[Asker]) -> None:
    owner, other = pair
    reference = mapped(owner, other)
    snapshot = other.guest.save()
    other.guest.restore(snapshot)
    assert other.load(THERE) is None
    assert other("grant_unmap", THERE) == error("noent")
    assert owner("grant_end", reference) == 0
    reference = grant(owner, other)
    owner.guest.restore(owner.guest.save())
    assert owner("grant_end", reference) == error("noent")


def test_a_domain_whose_frames_are_mapped_cannot_go_back(pair: list[Asker]) -> None:
    owner, other = pair
    snapshot = owner.guest.save()
    mapped(owner, other)
    with pytest.raises(BadFileError):
        owner.guest.restore(snapshot)
    assert other.load(THERE) == 1000 + owner.domain
    assert other("grant_unmap", THERE) == 0
    owner.guest.restore(snapshot)


# Domains.


def test_domains_are_aware_of_one_another(pair: list[Asker]) -> None:
    one, two = pair
    third = one.host.guest("trap", MEMORY)
    assert one("domains", LIST, 5) == 3
    size = 24
    records = [tuple(one.record("domain", LIST + size * n).values()) for n in range(3)]
    pages = MEMORY // PAGE_SIZE
    assert records == [(one.domain, 1, pages), (two.domain, 1, pages), (two.domain + 1, 0, pages)]
    third.close()
    two.run(0x1000 + 4 * 12, 7)
    one.write(LIST, *[0] * 9)
    assert one("domains", LIST, 1) == 2
    assert [one.read(LIST + 8 * n) for n in range(4)] == [one.domain, 1, pages, 0]
    assert one("domains", LIST, 2) == 2
    assert one.record("domain", LIST + size) == {"id": two.domain, "state": 2, "pages": pages}


def test_the_list_of_domains_goes_where_the_guest_could_write(pair: list[Asker]) -> None:
    one, _ = pair
    assert one("domains", 0, 0) == 2
    assert one("domains", LIST + 4, 1) == error("fault")
    assert one("domains", MEMORY, 1) == error("fault")
    assert one("domains", one.root_page * PAGE_SIZE, 1) == error("fault")
    assert one("domains", LIST, ALL_ONES) == error("toobig")
