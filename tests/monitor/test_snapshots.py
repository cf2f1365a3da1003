"""A guest's snapshot goes on as the guest would have, on this host and on another."""

from __future__ import annotations

import struct

import pytest
from support.guest_runs import GUESTS, TESTS, image_of
from support.hypercalls import ALL_ONES, CODE, HANDLER, asker, asker_on
from support.hypercalls import MEMORY as ASKED

from toyvm.asm import assemble_text
from toyvm.errors import BadFileError, UsageError
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import EVENT_INTERRUPT, EVENT_PORTS, GRANT_MAPS, VIRTUAL_INTERRUPTS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.testing.techniques import FULL, MONITORED

KERNEL = GUESTS / "kernel" / "kernel.s"
MEMORY = 4 << 20
TECHNIQUES = pytest.mark.parametrize("technique", MONITORED)
HALFWAY = 600_000  # instructions


def started(host: Host, technique: str) -> Guest:
    guest = host.guest(technique, MEMORY)
    guest.load(image_of(KERNEL, technique))
    return guest


def end_of(guest: Guest) -> tuple[object, ...]:
    """All that the end of a run shows but the output, of which a restored guest has only the rest."""
    outcome = guest.run()
    return outcome.stop, outcome.exit_code, guest.retired, guest.time, guest.state_hash()


@TECHNIQUES
def test_a_snapshot_goes_on_as_the_guest_did(technique: str) -> None:
    with Host(level="assist") as host, started(host, technique) as guest:
        guest.run(HALFWAY)
        snapshot, output = guest.save(), guest.output
        first, rest = end_of(guest), guest.output[len(output) :]
        guest.restore(snapshot)
        assert (guest.retired, end_of(guest)) == (HALFWAY, first)
        assert guest.output.endswith(rest)


@TECHNIQUES
@pytest.mark.parametrize("count", [0, 1, 5_000, 123_457, 900_001])
def test_a_snapshot_goes_on_on_another_host(technique: str, count: int) -> None:
    with (
        Host(level="assist") as host,
        started(host, technique) as guest,
        Host(level="assist") as other,
        started(other, technique) as copy,
    ):
        guest.run(until=count)
        copy.run(until=30_000)
        copy.restore(guest.save())
        assert end_of(copy) == end_of(guest)


# Kernels that ask for everything, and one under full virtualization, which are moved before every instruction.
MOVED = [
    *(("para", name) for name in ("trap_table", "console_ring", "disk_ring", "multicall", "timed")),
    *((technique, "timer") for technique in FULL),
]
# Turns interrupts on by iret, with a timer due that was seen while they were off; then lets another one come.
TIMED = """
.include "t64.inc"
.globl _start
_start:
    la   t0, table
    mv   a0, t0
    li   a1, 1
    li   a2, 0
    hcall HC_SET_TRAP_TABLE
    li   s0, SHARED_PAGE
    li   t0, 1
    sd   t0, SHARED_IMASK - SHARED_PAGE(s0)
    li   a0, 0
    hcall HC_SET_TIMER
    hcall HC_YIELD
    la   t0, on
    sd   t0, SHARED_EPC - SHARED_PAGE(s0)
    li   t0, STATUS_PIE
    sd   t0, SHARED_STATUS - SHARED_PAGE(s0)
    hcall HC_IRET
on: addi s1, s1, 1
    addi s1, s1, 1
    addi s1, s1, 1
    li   a0, 0
    hcall HC_SHUTDOWN
handler:
    slli s2, s2, 4
    add  s2, s2, s1
    addi s2, s2, 1
    ld   a0, SHARED_TIME - SHARED_PAGE(s0)
    li   t0, 0
    sd   t0, SHARED_IMASK - SHARED_PAGE(s0)
    hcall HC_IRET
.balign 8
table: .dword TRAP_ANY, handler, 0
"""


@pytest.mark.parametrize(("technique", "name"), MOVED)
def test_a_guest_that_is_moved_before_every_instruction_does_not_notice(technique: str, name: str) -> None:
    """To and fro between two hosts: the other guest there has stood elsewhere, and is to forget that."""
    path = TESTS / "guests" / "behaviours" / f"{name}.s"
    image = assemble_text(TIMED, "timed.s").image if name == "timed" else image_of(path, technique)
    ends = []
    for moves in (0, 700):
        with Host("8M", level="assist") as one, Host("8M", level="assist") as other:
            here, there = (
                host.guest(technique, "256K", disk=bytearray(16 * 512), input=b"abc\ndef\n") for host in (one, other)
            )
            here.load(image)
            there.load(image)
            there.run(60)
            for _ in range(moves):
                if here.run(1).stop != "limit":
                    break
                there.restore(here.save())
                here, there = there, here
            outcome = here.run(200_000)
            ends.append(
                (outcome.stop, outcome.exit_code, here.retired, here.time, here.state_words(), here.state_hash())
            )
    assert ends[1] == ends[0]


def test_what_was_pending_is_no_news_after_a_restore() -> None:
    """An event is raised where something becomes pending; what was acknowledged before is not raised again."""
    with asker() as ask:
        ask.set_handler()
        port = ask("event_bind_virq", VIRTUAL_INTERRUPTS["timer"])
        ask("set_timer", 0)
        ask("yield")
        assert ask("version", 0) > 0
        assert ask.shared("event_pending") == 1 << port
        ask.set_shared("event_pending", 0)
        snapshot = ask.guest.save()
        ask("set_timer", (1 << 64) - 1)
        ask("yield")
        assert ask("version", 0) > 0
        ask.guest.restore(snapshot)
        ask("yield")
        assert ask("version", 0) > 0
        assert ask.shared("event_pending") == 0


def test_what_the_guest_wrote_beside_the_bits_of_its_status_is_there_after_a_restore() -> None:
    with asker() as ask:
        ask.set_shared("status", (1 << 64) - 1)
        snapshot = ask.guest.save()
        ask.guest.restore(snapshot)
        assert ask.shared("status") == (1 << 64) - 1
        assert ask.guest.save() == snapshot


def test_an_event_that_came_between_two_runs_is_news_after_a_restore_too() -> None:
    with Host(2 << 20) as host:
        ask, other = asker_on(host), asker_on(host)
        ask.set_handler()
        port = ask("event_alloc_unbound", other.domain)
        far = other("event_bind_interdomain", ask.domain, port)
        ask.set_shared("imask", (1 << 64) - 1)
        ask.set_shared("status", 1)
        assert other("event_send", far) == 0
        ask.guest.pc = CODE
        snapshot, ends = ask.guest.save(), []
        for _ in range(2):
            ask.guest.run(1)
            ends.append((ask.guest.pc, ask.shared("epc"), ask.shared("cause")))
            ask.guest.restore(snapshot)
        assert ends[0][0] == HANDLER + 4
        assert ends[0] == ends[1]


def test_a_paravirtual_guest_gets_its_own_frames_back_on_a_host_where_it_had_others() -> None:
    with Host(level="assist") as host, started(host, "para") as guest, Host(level="assist") as other:
        first = other.guest("trap", 1 << 20)
        copy = started(other, "para")
        first.close()
        frames = [guest.host_frame(page) for page in range(MEMORY >> 12)]
        assert frames != [copy.host_frame(page) for page in range(MEMORY >> 12)]
        guest.run(HALFWAY)
        free = other.frames_free
        copy.restore(guest.save())
        assert frames == [copy.host_frame(page) for page in range(MEMORY >> 12)]
        assert other.frames_free == free
        assert end_of(copy) == end_of(guest)


def test_a_paravirtual_snapshot_is_refused_where_its_frames_are_another_guest_s() -> None:
    with Host(level="assist") as host, started(host, "para") as guest, Host(level="assist") as other:
        other.guest("trap", 1 << 20)
        copy = started(other, "para")
        before = copy.save()
        with pytest.raises(BadFileError, match="belong to others on this host now"):
            copy.restore(guest.save())
        assert copy.save() == before
        assert end_of(copy)[1] == 0


def test_a_paravirtual_snapshot_is_refused_where_its_frames_are_not_there() -> None:
    with Host("64M", level="assist") as host, Host("8M", level="assist") as smaller:
        host.guest("trap", "16M")
        guest, copy = started(host, "para"), started(smaller, "para")
        before = copy.save()
        with pytest.raises(BadFileError, match="or are not there"):
            copy.restore(guest.save())
        assert copy.save() == before
        assert end_of(copy)[1] == 0


NO_ROOM = "starting the image: the image leaves too little of the guest's memory"


def test_a_paravirtual_image_that_leaves_its_monitor_no_room_is_called_so() -> None:
    image = assemble_text("_start: jal zero, _start\n.data\n.zero 0xfaff0\n.dword 1\n", "large.s").image
    with Host(level="assist") as host, host.guest("para", 1 << 20) as guest, pytest.raises(UsageError, match=NO_ROOM):
        guest.load(image)


def test_whether_a_paravirtual_guest_has_started_goes_with_its_snapshot() -> None:
    """An image must leave room for what its monitor puts behind it, unless that is there from an earlier start."""
    small = assemble_text("_start: jal zero, _start\n", "small.s").image
    with Host() as host, host.guest("para", "1M") as guest, host.guest("para", "1M") as other:
        never = guest.save()
        guest.load(small)
        guest.run(10)
        guest.restore(guest.save())
        guest.load(small)  # again: its tables are there
        guest.restore(never)
        guest.write((1 << 20) - 8, b"in a way")
        with pytest.raises(UsageError, match=NO_ROOM):
            guest.load(small)
        assert other.reservation == 256


@TECHNIQUES
def test_a_snapshot_of_the_other_technique_is_refused(technique: str) -> None:
    with Host(level="assist") as host, started(host, "trap") as trap, started(host, "para") as para:
        source, target = (para, trap) if technique == "trap" else (trap, para)
        with pytest.raises(BadFileError):
            target.restore(source.save())


def sealed(snapshot: bytes) -> bytes:
    """With the checksum that its bytes have now, as native/src/machine/snapshot.c computes it."""
    total = 0xCBF29CE484222325
    for place in range(40, len(snapshot), 8):
        word = int.from_bytes(snapshot[place : place + 8], "little")
        total = (total ^ word) * 0x100000001B3 % (1 << 64)
        total ^= total >> 29
    return snapshot[:32] + total.to_bytes(8, "little") + snapshot[40:]


def test_a_paravirtual_snapshot_that_gives_two_pages_one_frame_is_refused() -> None:
    with Host() as host, host.guest("para", "256K") as guest:
        guest.load(image_of(GUESTS / "hello.s", "para"))
        snapshot, frames = bytearray(guest.save()), [guest.host_frame(page) for page in range(64)]
        at = snapshot.index(struct.pack("<64I", *frames))
        snapshot[at + 4 : at + 8] = snapshot[at : at + 4]
        with pytest.raises(BadFileError, match="damaged"):
            guest.restore(sealed(bytes(snapshot)))
        assert [guest.host_frame(page) for page in range(64)] == frames
        assert guest.run().exit_code == 0


# The monitor's books, as native/src/monitor/para/para_snapshot.c has them: words, by the index of each.
PAGES, BITS = ASKED // PAGE_SIZE, EVENT_INTERRUPT + 1
HANDLERS = 16 + BITS + 1
(NUMBER, KERNEL_ROOT, USER_ROOT, BOOTED, BROKEN, PENDING, UNSETTLED, HANDLER_WORDS) = range(8)
TARGET = HANDLER_WORDS + 3 * HANDLERS
PORTS = TARGET + 1
MAPS = PORTS + max(VIRTUAL_INTERRUPTS.values()) + 1
BOOKS_END = MAPS + GRANT_MAPS
LAST_HANDLER, LAST_PORT, LAST_MAP = TARGET - 3, MAPS - 1, BOOKS_END - 1
TAKEN = [
    (KERNEL_ROOT, ALL_ONES),
    (USER_ROOT, PAGES - 1),
    (PENDING, (1 << BITS) - 1),
    (LAST_HANDLER, ALL_ONES),
    (LAST_HANDLER + 1, 0),
    (LAST_HANDLER + 2, 1),
    (TARGET, PAGES),
    (PORTS, EVENT_PORTS - 1),
    (LAST_PORT, EVENT_PORTS - 1),
    (MAPS, ASKED - 8),
    (LAST_MAP, 0),
]
REFUSED = [
    *((NUMBER, value) for value in (PAGES - 1, PAGES + 1)),
    *((root, value) for root in (KERNEL_ROOT, USER_ROOT) for value in (PAGES, ALL_ONES - 1)),
    *((flag, 2) for flag in (BOOTED, BROKEN, UNSETTLED)),
    *((handler + part, 2) for handler in (HANDLER_WORDS, LAST_HANDLER) for part in (1, 2)),
    (PENDING, 1 << BITS),
    (TARGET, PAGES + 1),
    *((port, value) for port in (PORTS, LAST_PORT) for value in (EVENT_PORTS, ALL_ONES)),
    *((place, value) for place in (MAPS, LAST_MAP) for value in (ASKED, 4, ALL_ONES - 7)),
]


def restore_with(index: int, value: int) -> None:
    """Restore a snapshot that has this word in its books; then run it."""
    with asker() as ask:
        ask.set_handler()
        ask("event_bind_virq", VIRTUAL_INTERRUPTS["balloon"])
        snapshot = bytearray(ask.guest.save())
        frames = struct.pack(f"<{PAGES}I", *(ask.frame(page) for page in range(PAGES)))
        at = snapshot.index(frames) - 3 * 4 - PAGE_SIZE - 8 * BOOKS_END
        assert struct.unpack_from("<2Q", snapshot, at) == (PAGES, ask.root_page)
        struct.pack_into("<Q", snapshot, at + 8 * index, value)
        ask.guest.restore(sealed(bytes(snapshot)))
        ask.guest.run(10)


@pytest.mark.parametrize(("index", "value"), TAKEN)
def test_a_paravirtual_snapshot_may_say_of_its_guest_all_that_can_be(index: int, value: int) -> None:
    restore_with(index, value)


@pytest.mark.parametrize(("index", "value"), REFUSED)
def test_a_paravirtual_snapshot_that_says_of_its_guest_what_cannot_be_is_refused(index: int, value: int) -> None:
    with pytest.raises(BadFileError, match="damaged"):
        restore_with(index, value)


def test_no_two_virtual_interrupts_of_a_paravirtual_snapshot_have_one_port() -> None:
    with pytest.raises(BadFileError, match="damaged"):
        restore_with(PORTS + VIRTUAL_INTERRUPTS["timer"], 1)


@pytest.mark.parametrize("page", [0, PAGES - 1])
@pytest.mark.parametrize("pin", [3, 4])
def test_a_paravirtual_snapshot_has_pins_of_the_levels_that_there_are(page: int, pin: int) -> None:
    with asker() as ask:
        snapshot = bytearray(ask.guest.save())
        frames = struct.pack(f"<{PAGES}I", *(ask.frame(page) for page in range(PAGES)))
        snapshot[snapshot.index(frames) + len(frames) + page] = pin
        if pin == 3:
            ask.guest.restore(sealed(bytes(snapshot)))
            return
        with pytest.raises(BadFileError, match="damaged"):
            ask.guest.restore(sealed(bytes(snapshot)))


@TECHNIQUES
def test_a_damaged_snapshot_is_refused(technique: str) -> None:
    with Host(level="assist") as host, started(host, technique) as guest:
        guest.run(HALFWAY)
        snapshot = bytearray(guest.save())
        for at in range(0, len(snapshot), len(snapshot) // 50):
            snapshot[at] ^= 0x10
            with pytest.raises(BadFileError):
                guest.restore(bytes(snapshot))
            snapshot[at] ^= 0x10
        guest.restore(bytes(snapshot))
        assert end_of(guest)[1] == 0
