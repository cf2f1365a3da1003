"""A monitor's work for a guest in one exit: bounded, gone on with after others had their turn, and unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from support.guest_runs import GUESTS, header_of, image_of
from support.hypercalls import ALL_ONES, CODE, LIST, READ_ONLY, Asker, allow, asker, asker_on, end_of, error, words

from toyvm.host.host import Host
from toyvm.hypercalls import (
    BY_NAME,
    DISK_READ,
    DISK_WRITE,
    EVENT_INTERRUPT,
    RING_DATA,
    RINGS,
    WORK_CALL,
    WORK_LIMIT,
    WORK_PAGE,
    WORK_PIECE,
    WORK_RECORD,
)
from toyvm.isa.paging import PAGE_SIZE, PTE_R, PTE_U, PTE_V, PTE_W
from toyvm.machine.outcome import Stop
from toyvm.manual.document import Points
from toyvm.manual.hypercalls import hypercall_chapter
from toyvm.native import lib

TABLES = range(20, 32)
RECORDS, DONE = 0x5000, 0x6000


# Page tables.


@contextmanager
def pair(units: int) -> Iterator[list[Asker]]:
    """Two guests alike on hosts alike; the first one's is interrupted after so many units of work."""
    with asker() as often, asker() as never:
        allow(often.host, units)
        yield [often, never]


def draw_tables(ask: Asker, random: Random) -> None:
    """Tables of all levels, most of them sound."""
    for page in TABLES:
        ask.protect(page)
    bases = {0: TABLES[:6], 1: TABLES[6:9], 2: TABLES[9:]}
    root = ask.guest.read(ask.root_page * PAGE_SIZE, 8)
    for level, pages in bases.items():
        for page in pages:
            entries = [0] * 512
            for _ in range(random.randrange(1, 20)):
                entries[random.randrange(1, 511)] = some_entry(ask, random, level)
            data = words(*entries)
            ask.guest.write(page * PAGE_SIZE, root + data[8:] if level == 2 else data)


def some_entry(ask: Asker, random: Random, level: int) -> int:
    if level == 0:
        page = random.choice([50, 51, 52, 53, 53, TABLES[0]])
        return ask.frame(page) * PAGE_SIZE | PTE_V | PTE_R | PTE_U | random.choice([0, 0, PTE_W])
    below = TABLES[:6] if level == 1 else TABLES[6:9]
    frame = ask.frame(random.choice([*below] * 3 + [*TABLES]))
    return frame * PAGE_SIZE | PTE_V | random.choice([0] * 12 + [PTE_U])


def some_call(ask: Asker, random: Random) -> tuple[str, tuple[int, ...]]:
    """A call about tables, which may be refused; what it needs in memory is written."""
    frame, root = ask.frame(random.choice(TABLES)), ask.frame(random.choice(TABLES[9:]))
    match random.randrange(6):
        case 0:
            return "pin_table", (frame, random.randrange(3))
        case 1:
            return "unpin_table", (frame,)
        case 2:
            return "set_roots", (root, random.choice([ALL_ONES, frame, root]))
        case 3:
            return "set_roots", (ask.start["root_frame"], ALL_ONES)
        case _:
            count = random.randrange(1, 8)
            records = []
            for _ in range(count):
                page = random.choice(TABLES)
                level = 0 if page in TABLES[:6] else 1 if page in TABLES[6:9] else 2
                slot = random.randrange(1, 64)
                entry = random.choice([0, some_entry(ask, random, level)])
                records += [ask.frame(page) * PAGE_SIZE + 8 * slot, entry]
            ask.guest.write(LIST, words(*records))
            return "mmu_update", (LIST, count, DONE)


@pytest.mark.parametrize("seed", range(60))
def test_a_guest_cannot_tell_where_calls_about_tables_were_interrupted(seed: int) -> None:
    with pair(random_units(seed)) as askers:
        randoms = [Random(seed), Random(seed)]
        for ask, random in zip(askers, randoms, strict=True):
            draw_tables(ask, random)
        for _ in range(40):
            results = []
            for ask, random in zip(askers, randoms, strict=True):
                name, arguments = some_call(ask, random)
                results.append((name, ask(name, *arguments), ask.read(DONE)))
            assert results[0] == results[1]
        assert end_of(askers[0].guest) == end_of(askers[1].guest)


def random_units(seed: int) -> int:
    return 1 if seed % 2 else Random(seed).randrange(1, 5000)


def deep_tree(ask: Asker, leaves: int = 8, upper: int = TABLES[0]) -> int:
    """Pages of a level-1 table and of so many full tables behind it; the page of the upper one."""
    lower = range(upper + 1, upper + 1 + leaves)
    for page in (upper, *lower):
        ask.protect(page)
    for page in lower:
        ask.write(page * PAGE_SIZE, *[ask.entry(50, READ_ONLY)] * 512)
    ask.write(upper * PAGE_SIZE, *[ask.frame(page) * PAGE_SIZE | PTE_V for page in lower])
    return upper


def call(name: str, *arguments: int) -> bytes:
    return words(BY_NAME[name].number, 0, *arguments, *[0] * (6 - len(arguments)))


def put_calls(ask: Asker, *calls: bytes) -> tuple[int, int, int]:
    ask.guest.write(RECORDS, b"".join(calls))
    return RECORDS, len(calls), DONE


def pins(ask: Asker, times: int) -> tuple[int, int, int]:
    frame = ask.frame(deep_tree(ask))
    return put_calls(ask, *[call("pin_table", frame, 1), call("unpin_table", frame)] * times)


def steps(ask: Asker, name: str, *arguments: int) -> Iterator[int]:
    """Make a hypercall, run by run: yields how many there were after each that gave way."""
    ask.guest.pc = CODE + 4 * BY_NAME[name].number
    for number, value in enumerate(arguments):
        ask.guest.x[10 + number] = value & ALL_ONES
    until, count = ask.guest.retired + 1, 1
    while lib.t64_vm_run(ask.guest.vm, until) == lib.T64_STOP_WORK:
        yield count
        count += 1
    assert ask.guest.retired == until


def test_one_hypercall_gives_way_as_often_as_its_work_is_worth() -> None:
    with asker() as ask:
        work = []
        for _ in steps(ask, "multicall", *pins(ask, 60)):
            assert ask.guest.hypercalls.get("multicall", 0) == 0
            work.append(lib.t64_host_work(ask.host.native))
        assert (ask.guest.x[10], ask.read(DONE), ask.guest.hypercalls["multicall"]) == (0, 120, 1)
        assert all(WORK_LIMIT <= units <= WORK_LIMIT + WORK_PIECE for units in work)
        assert sum(work) + WORK_LIMIT >= 120 * 9 * 512  # each table's entries are looked at for each pin and unpin


def trap_table(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    ask.write(LIST, *[word for _ in range(count) for word in (ALL_ONES, CODE, 0)])
    return "set_trap_table", (LIST, count)


def updates(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    entry = ask.frame(ask.root_page + 2) * PAGE_SIZE + 8 * 511
    ask.write(LIST, *[word for _ in range(count) for word in (entry, 0)])
    return "mmu_update", (LIST, count, 0)


def versions(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    return "multicall", put_calls(ask, *[call("version", 0)] * count)


def given_back(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    pages = range(40, 40 + count)
    for page in pages:
        ask("update_va", page * PAGE_SIZE, 0, 1)
    ask.write(LIST, *[word for page in pages for word in (page, 0)])
    return "decrease_reservation", (LIST, count, 0)


def got_again(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    name, arguments = given_back(ask, count)
    assert ask(name, *arguments) == 0
    return "increase_reservation", arguments


def bytes_out(ask: Asker, pages: int) -> tuple[str, tuple[int, ...]]:
    return "console_write", (0x5000, pages * PAGE_SIZE)


def bytes_in(ask: Asker, pages: int) -> tuple[str, tuple[int, ...]]:
    return "console_read", (0x5000, pages * PAGE_SIZE)


def neighbours(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    """There is one to begin with."""
    while len(ask.host.guests) < count:
        ask.host.guest("trap", 1 << 16)
    return "domains", (LIST, 0)


def tables_pinned(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    """One that leads to others, with those: each has all its entries looked at."""
    for page in TABLES[:count]:
        ask.protect(page)
    ask.write(TABLES[0] * PAGE_SIZE, *[ask.frame(page) * PAGE_SIZE | PTE_V for page in TABLES[1:count]])
    return "pin_table", (ask.frame(TABLES[0]), 1)


def tables_let_go(ask: Asker, count: int) -> tuple[str, tuple[int, ...]]:
    name, arguments = tables_pinned(ask, count)
    assert ask(name, *arguments) == 0
    return "unpin_table", arguments[:1]


PRICES: dict[Callable[[Asker, int], tuple[str, tuple[int, ...]]], int] = {
    trap_table: WORK_RECORD,
    updates: WORK_RECORD,
    versions: WORK_CALL,
    given_back: WORK_PAGE,
    got_again: WORK_PAGE,
    bytes_out: WORK_RECORD,
    bytes_in: WORK_RECORD,
    neighbours: WORK_RECORD,
    tables_pinned: 512,
    tables_let_go: 512,
}


@pytest.mark.parametrize("prepare", PRICES)
def test_what_a_hypercall_does_is_counted_as_work_by_the_price_of_each_part(prepare: Any) -> None:
    work = []
    for count in (1, 4, 7):
        with asker(8 << 20, input=bytes(8 * PAGE_SIZE)) as ask:
            name, arguments = prepare(ask, count)
            assert ask(name, *arguments) >= 0
            work.append(lib.t64_host_work(ask.host.native))
    assert [work[1] - work[0], work[2] - work[1]] == [3 * PRICES[prepare]] * 2
    assert work[0] >= PRICES[prepare]


@pytest.mark.parametrize("operation", [DISK_READ, DISK_WRITE])
def test_what_a_disk_s_ring_does_is_counted_as_work_by_the_price_of_each_page(operation: int) -> None:
    work = []
    for pages in (1, 4, 7):
        with asker(disk=bytearray(1 << 16), disk_latency=1) as ask:
            assert ask("ring_setup", RINGS["disk"], LIST) == 0
            ask.write(LIST + RING_DATA, 1, operation, 0, pages * (PAGE_SIZE // 512), 0x5000)
            ask.write(LIST, 1)
            assert ask("doorbell", RINGS["disk"]) == 0
            ask.run(0x2000, count=4)
            assert ask.read(LIST + 16) == 1
            work.append(lib.t64_host_work(ask.host.native))
    assert work == [WORK_PAGE * (2 + pages) for pages in (1, 4, 7)]


def test_a_long_hypercall_obeys_timeouts() -> None:
    with asker() as ask:
        arguments = pins(ask, 40)
        allow(ask.host, 1)
        ask.guest.pc = CODE + 4 * BY_NAME["multicall"].number
        for number, value in enumerate(arguments):
            ask.guest.x[10 + number] = value
        before = ask.guest.retired
        assert lib.t64_vm_run(ask.guest.vm, before + 1) == lib.T64_STOP_WORK
        assert ask.guest.run(timeout=0).stop is Stop.TIMEOUT
        assert (ask.guest.retired, ask.guest.pc) == (before, CODE + 4 * BY_NAME["multicall"].number)
        assert ask.guest.run(1).stop is Stop.LIMIT
        assert ask.read(DONE) == 80


def new_root(ask: Asker, page: int, upper: int) -> int:
    """A page like the root in use, but for a tree of its own; its frame."""
    ask.protect(page)
    ask.guest.write(page * PAGE_SIZE, ask.guest.read(ask.root_page * PAGE_SIZE, PAGE_SIZE))
    ask.write(page * PAGE_SIZE + 8, upper * PAGE_SIZE | PTE_V)
    return ask.frame(page)


def walks(ask: Asker) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Calls that take several steps; each is to be made after those before it."""
    upper = ask.frame(deep_tree(ask))
    roots = [new_root(ask, page, upper) for page in TABLES[9:11]]
    entry = roots[0] * PAGE_SIZE + 8
    ask.write(LIST, entry, 0, entry, upper * PAGE_SIZE | PTE_V, entry, 0)
    return {
        "pin": ("pin_table", (upper, 1)),
        "unpin": ("unpin_table", (upper,)),
        "switch": ("set_roots", tuple(roots)),
        "update": ("mmu_update", (LIST, 3, DONE)),
        "back": ("set_roots", (ask.start["root_frame"], ALL_ONES)),
    }


def in_steps(interfere: Callable[[Asker], None], when: int = 0) -> tuple[Any, ...]:
    """Make those calls one after the other, with something done before that step of each of them."""
    with asker() as ask:
        calls = walks(ask)
        allow(ask.host, 1)
        for name, arguments in calls.values():
            for step in steps(ask, name, *arguments):
                if step == when:
                    interfere(ask)
            assert ask.guest.x[10] == 0, name
            assert lib.t64_guest_audit(ask.guest.vm) == lib.T64_OK
        return end_of(ask.guest)


@pytest.mark.parametrize("when", range(1, 18))
def test_a_snapshot_holds_how_far_a_hypercall_got(when: int) -> None:
    assert in_steps(lambda ask: ask.guest.restore(ask.guest.save()), when) == in_steps(lambda ask: None)


@pytest.mark.parametrize("when", range(1, 18))
def test_memory_written_from_outside_in_the_middle_of_a_hypercall_is_looked_at(when: int) -> None:
    def write(ask: Asker) -> None:
        page = TABLES[1] * PAGE_SIZE
        ask.guest.write(page, ask.guest.read(page, 8))

    assert in_steps(write, when) == in_steps(lambda ask: None)


@pytest.mark.parametrize("name", ["pin", "unpin", "switch", "update", "back"])
def test_the_books_are_right_after_the_host_has_moved_a_guest_away_from_its_hypercall(name: str) -> None:
    for when in range(1, 40):
        with asker() as ask:
            calls = walks(ask)
            for other, (call_name, arguments) in calls.items():
                if other == name:
                    break
                assert ask(call_name, *arguments) == 0
            allow(ask.host, 1)
            moved = False
            for step in steps(ask, calls[name][0], *calls[name][1]):
                if step == when:
                    moved = True
                    break
            assert ask("version", 0) > 0  # audits
            if not moved:
                return
    raise AssertionError("the call never ends")


ONE, OTHER = range(2)  # of two roots
CHANGED = {
    "a pin": ("pin_table", lambda one, other, n: (one if n == ONE else other, 2)),
    "the first root": ("set_roots", lambda one, other, n: (one if n == ONE else other, other)),
    "the second root": ("set_roots", lambda one, other, n: (other, one if n == ONE else other)),
    "a second root, and then none": ("set_roots", lambda one, other, n: (other, one if n == ONE else ALL_ONES)),
}


@pytest.mark.parametrize("units", [1, WORK_LIMIT])
@pytest.mark.parametrize("change", CHANGED)
def test_a_hypercall_that_the_host_has_given_other_arguments_goes_by_those(change: str, units: int) -> None:
    """In whichever of its steps; what it had taken for those before is let go."""
    name, arguments = CHANGED[change]
    for when in range(1, 40):
        with asker() as ask:
            uppers = [ask.frame(deep_tree(ask, 2, page)) for page in TABLES[:6:3]]
            one, other = (new_root(ask, page, upper) for page, upper in zip(TABLES[9:11], uppers, strict=True))
            allow(ask.host, 1)
            changed = False
            for step in steps(ask, name, *arguments(one, other, ONE)):
                if step == when:
                    changed = True
                    allow(ask.host, units)
                    for number, value in enumerate(arguments(one, other, OTHER)):
                        ask.guest.x[10 + number] = value
            assert ask.guest.x[10] == 0
            assert ask("version", 0) > 0  # audits
            if not changed:
                return
            assert ask("update_va", TABLES[9] * PAGE_SIZE, ask.entry(TABLES[9]), 1) == 0, "it is no table"
            assert ask("update_va", TABLES[10] * PAGE_SIZE, ask.entry(TABLES[10]), 1) == error("busy")
    raise AssertionError("the call never ends")


def test_a_pin_under_way_that_the_host_has_given_another_level_is_refused_as_that() -> None:
    for when in range(1, 40):
        with asker() as ask:
            upper = deep_tree(ask, 2)
            allow(ask.host, 1)
            changed = False
            for step in steps(ask, "pin_table", ask.frame(upper), 1):
                if step == when:
                    changed = True
                    ask.guest.x[11] = 0
            if not changed:
                return
            assert ask.guest.x[10] == error("inval") & ALL_ONES
            assert ask("unpin_table", ask.frame(upper)) == error("inval"), "it is not pinned"  # audits
            assert ask("update_va", upper * PAGE_SIZE, ask.entry(upper), 1) == 0, "it is no table"
    raise AssertionError("the call never ends")


def test_no_table_that_is_half_let_go_becomes_writable_for_a_neighbour() -> None:
    with Host(1 << 20) as host:
        ask, other = asker_on(host), asker_on(host)
        upper = deep_tree(ask)
        frame = ask.frame(upper)
        reference = ask("grant_access", other.domain, frame, 1)
        assert reference == 0
        assert ask("pin_table", frame, 1) == 0
        allow(host, 1)
        assert other("update_va", 40 * PAGE_SIZE, 0, 1) == 0
        refused = [
            other("grant_map", ask.domain, reference, 40 * PAGE_SIZE, 1)
            for _ in steps(ask, "unpin_table", frame)
            if lib.t64_guest_audit(ask.guest.vm) == lib.T64_ERROR_BUSY
        ]
        assert len(refused) > 5
        assert set(refused) == {error("busy")}
        assert other("grant_map", ask.domain, reference, 40 * PAGE_SIZE, 1) == 0
        assert lib.t64_guest_audit(ask.guest.vm) == lib.T64_OK


def test_no_interrupt_comes_in_the_middle_of_a_hypercall() -> None:
    with Host(1 << 20) as host:
        ask, other = asker_on(host), asker_on(host)
        ask.set_handler()
        port = ask("event_alloc_unbound", other.domain)
        far = other("event_bind_interdomain", ask.domain, port)
        frame = ask.frame(deep_tree(ask))
        ask.guest.write(0x8000, b"xy")
        writes = [call("console_write", 0x8000 + n, 1) for n in range(2)]
        calls = put_calls(ask, writes[0], call("pin_table", frame, 1), writes[1])
        ask.set_shared("imask", ALL_ONES)
        ask.set_shared("status", 1)
        allow(host, 1)
        for step in steps(ask, "multicall", *calls):
            if step == 3:
                assert other("event_send", far) == 0
        assert (ask.read(DONE), ask.guest.x[10], ask.shared("epc")) == (3, 0, 0)
        ask.guest.run(1)
        assert ask.guest.output == b"xy"
        assert ask.shared("epc") == CODE + 4 * (BY_NAME["multicall"].number + 1)


def test_a_list_that_unmaps_its_own_page_is_read_as_far_as_it_is_mapped() -> None:
    for units in (1, WORK_LIMIT):
        with asker() as ask:
            allow(ask.host, units)
            ask.write(LIST, *[0] * 64)
            root = ask.guest.read(ask.root_page * PAGE_SIZE, 8)
            table = int.from_bytes(root, "little") & ~0xFFF
            level0 = int.from_bytes(ask.host.read(table, 8), "little") & ~0xFFF
            entry = level0 + 8 * (LIST // PAGE_SIZE)
            ask.write(LIST, entry, 0, entry, 0)
            assert ask("mmu_update", LIST, 2, DONE) == error("fault")
            assert ask.read(DONE) == 1


def test_a_list_of_pages_given_back_and_got_again_is_gone_through_page_by_page() -> None:
    ends = []
    for units in (WORK_LIMIT, 1):
        with asker() as ask:
            allow(ask.host, units)
            for page in range(50, 58):
                assert ask("update_va", page * PAGE_SIZE, 0, 1) == 0
            ask.write(LIST, *[value for page in range(50, 58) for value in (page, 0)])
            assert (ask("decrease_reservation", LIST, 8, DONE), ask.read(DONE)) == (0, 8)
            assert (ask("increase_reservation", LIST, 8, DONE), ask.read(DONE)) == (0, 8)
            ends.append(end_of(ask.guest))
    assert ends[0] == ends[1]


def test_the_manual_says_what_one_exit_may_cost() -> None:
    (chapter,) = (block for block in hypercall_chapter().blocks if isinstance(block, Points) and "units" in str(block))
    assert f"at most {WORK_LIMIT + WORK_PIECE} units" in str(chapter)


def test_an_allowance_is_at_least_a_unit_and_no_more_than_the_manual_says() -> None:
    with Host("1M") as host:
        for units in (0, WORK_LIMIT + 1):
            assert lib.t64_host_allow(host.native, units) == lib.T64_ERROR_VALUE


# All of it together.


def test_a_paravirtual_kernel_cannot_tell_how_often_its_monitor_gave_way() -> None:
    ends = []
    for units in (WORK_LIMIT, 1):
        header = header_of(GUESTS / "kernel" / "kernel.s")
        with Host("16M") as host, host.guest("para", "2M", input=header.text("input") or b"a line\n") as guest:
            allow(host, units)
            guest.load(image_of(GUESTS / "kernel" / "kernel.s", "para"))
            assert guest.run(20_000_000).stop is Stop.EXIT
            ends.append(end_of(guest))
    assert ends[0] == ends[1]


def disk_asker() -> Any:
    return asker(disk=bytearray(16 * 512), disk_latency=30)


def put_request(ask: Asker) -> None:
    """One to read a sector, in the disk's ring."""
    page = 50 * PAGE_SIZE
    assert ask("ring_setup", RINGS["disk"], page) == 0
    ask.write(page + RING_DATA, 1, DISK_READ, 0, 1, 51 * PAGE_SIZE)
    ask.write(page, 1)


def test_a_doorbell_among_calls_that_give_way_starts_what_takes_its_latency() -> None:
    """What was asked for there would come at once, for time stands still a tick before the doorbell's."""
    ends = []
    for units in (WORK_LIMIT, 1):
        with disk_asker() as ask:
            allow(ask.host, units)
            put_request(ask)
            frame = ask.frame(deep_tree(ask))
            doorbell = call("doorbell", RINGS["disk"])
            calls = put_calls(ask, doorbell, call("pin_table", frame, 1), call("unpin_table", frame))
            assert (ask("multicall", *calls), ask.read(DONE)) == (0, 3)
            answered = ask.record("disk_ring", 50 * PAGE_SIZE)["rsp_prod"]
            waited = [ask("version", 0) for _ in range(40)]
            assert (answered, ask.record("disk_ring", 50 * PAGE_SIZE)["rsp_prod"], len(waited)) == (0, 1, 40)
            ends.append(end_of(ask.guest))
    assert ends[0] == ends[1]


def test_an_event_that_a_call_sent_comes_behind_the_list_though_a_snapshot_came_between() -> None:
    ends = []
    for runs in ((), (1, 1), (2,)):  # once it is moved: the list and what follows, apart or at once
        with asker() as ask:
            ask.set_handler()
            port = ask("event_alloc_unbound", ask.domain)
            loop = ask("event_bind_interdomain", ask.domain, port)
            calls = put_calls(ask, call("event_send", loop), *[call("version", 0)] * 3)
            ask.set_shared("imask", 1 << EVENT_INTERRUPT)
            ask.set_shared("status", 1)
            allow(ask.host, 1)
            for step in steps(ask, "multicall", *calls):
                if step == 2:
                    snapshot = ask.guest.save()
            if runs:
                ask.guest.run(2)
                ask.guest.restore(snapshot)
                allow(ask.host, WORK_LIMIT)
            for count in runs or (1,):
                assert ask.guest.run(count).stop is Stop.LIMIT
            ends.append((ask.shared("epc"), ask.guest.pc, end_of(ask.guest)[:4]))
    assert ends[0][0] == CODE + 4 * (BY_NAME["multicall"].number + 1)
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("ticks", range(2, 6))
def test_exits_are_counted_alike_where_a_switch_of_tables_gave_way(ticks: int) -> None:
    ends = []
    for units in (WORK_LIMIT, 1):
        with asker() as ask:
            calls = walks(ask)
            allow(ask.host, units)
            assert ask("set_timer", ask.guest.time + ticks) == 0
            for name in ("pin", "switch", "back"):
                assert ask(calls[name][0], *calls[name][1]) == 0
            assert ask("version", 0) > 0
            ends.append(end_of(ask.guest))
    assert ends[0] == ends[1]
