"""The disk's ring in shared memory: of a paravirtual guest, and of one offered hypercalls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.guest_runs import WORKLOADS, image_of
from support.hypercalls import ALL_ONES, CODE, HANDLER, MEMORY, READ_ONLY, Asker, asker, asker_on, error, offset

from toyvm.host.host import Host
from toyvm.host.rewriting import counts_of
from toyvm.hypercalls import (
    BY_NAME,
    DISK_FLUSH,
    DISK_READ,
    DISK_SECTORS_MAXIMUM,
    DISK_SLOT_SIZE,
    DISK_SLOTS,
    DISK_WRITE,
    RING_DATA,
    RINGS,
    VIRTUAL_INTERRUPTS,
)
from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.paging import PAGE_SIZE, PTE_V
from toyvm.isa.ports import BY_NAME as PORTS
from toyvm.isa.ports import SECTOR_SIZE as SECTOR
from toyvm.launch import launched
from toyvm.testing.programs.assembly import op, to_bytes
from toyvm.testing.techniques import OFFERING

RING, BUFFER = 0x6000, 0x8000
CONSOLE, DISK = RINGS["console"], RINGS["disk"]
LATENCY = 40
SECTORS = 64
TIMER_BIT = 1 << VIRTUAL_INTERRUPTS["timer"]
DISK_BIT = 1 << VIRTUAL_INTERRUPTS["disk"]
BOTH = ["para", *OFFERING]


class Driver:
    """A front end: the guest's side of the disk's ring."""

    def __init__(self, ask: Asker) -> None:
        self.ask, self.sent, self.read = ask, 0, 0
        assert ask("ring_setup", DISK, RING) == 0

    def header(self, member: str) -> int:
        return self.ask.read(RING + offset("disk_ring", member))

    def set_header(self, member: str, value: int) -> None:
        self.ask.write(RING + offset("disk_ring", member), value)

    def put(self, operation: int, sector: int, count: int, address: int) -> None:
        at = RING + RING_DATA + self.sent % DISK_SLOTS * DISK_SLOT_SIZE
        self.ask.write(at, 100 + self.sent, operation, sector, count, address)
        self.sent += 1
        self.set_header("req_prod", self.sent)

    def ring(self) -> int:
        return self.ask("doorbell", DISK)

    def wait(self, ticks: int) -> None:
        """Let time pass: idle instructions."""
        while ticks:
            count = min(ticks, 8)
            self.ask.run(HANDLER, count=count)
            ticks -= count

    def responses(self) -> list[tuple[int, int]]:
        found = []
        while self.read < self.header("rsp_prod"):
            at = RING + RING_DATA + self.read % DISK_SLOTS * DISK_SLOT_SIZE
            status = self.ask.read(at + 8)
            found.append((self.ask.read(at), status - (1 << 64) if status >> 63 else status))
            self.read += 1
        return found

    def disk_is_pending(self) -> bool:
        return bool(self.ask.guest.cr("ipend") & DISK_BIT)


@pytest.fixture(params=BOTH)
def ask(request: pytest.FixtureRequest) -> Iterator[Asker]:
    disk = bytearray(b"".join(bytes([n]) * SECTOR for n in range(SECTORS)))
    with asker(technique=request.param, disk=disk, disk_latency=LATENCY) as ask:
        yield ask


@pytest.fixture
def driver(ask: Asker) -> Driver:
    return Driver(ask)


def test_one_doorbell_serves_many_requests_each_after_the_disk_s_latency(driver: Driver) -> None:
    for n in range(3):
        driver.put(DISK_READ, n + 1, 2, BUFFER + n * 2 * SECTOR)
    assert driver.ring() == 0
    driver.wait(LATENCY - 1)
    assert driver.responses() == []
    driver.wait(1)
    assert driver.responses() == [(100, 0)]
    driver.wait(2 * LATENCY - 1)
    assert driver.responses() == [(101, 0)]
    driver.wait(1)
    assert driver.responses() == [(102, 0)]
    sectors = (1, 2, 2, 3, 3, 4)
    assert driver.ask.guest.read(BUFFER, 6 * SECTOR) == b"".join(bytes([n]) * SECTOR for n in sectors)


def test_what_is_written_is_on_the_disk(driver: Driver) -> None:
    data = Random(1).randbytes(3 * SECTOR)
    driver.ask.guest.write(BUFFER, data)
    driver.put(DISK_WRITE, 7, 3, BUFFER)
    driver.ring()
    driver.wait(LATENCY)
    assert driver.responses() == [(100, 0)]
    assert driver.ask.guest.disk[7 * SECTOR : 10 * SECTOR] == data


def test_a_flush_looks_at_its_operation_alone_and_takes_its_time(driver: Driver) -> None:
    before = driver.ask.guest.disk
    driver.put(DISK_FLUSH, ALL_ONES, ALL_ONES, ALL_ONES)
    driver.put(DISK_FLUSH, 0, 0, BUFFER + 1)
    driver.ring()
    driver.wait(LATENCY)
    assert driver.responses() == [(100, 0)]
    driver.wait(LATENCY)
    assert driver.responses() == [(101, 0)]
    assert driver.ask.guest.disk == before


@pytest.mark.parametrize("technique", BOTH)
def test_without_a_disk_a_flush_fails(technique: str) -> None:
    with asker(technique=technique, disk_latency=LATENCY) as ask:
        driver = Driver(ask)
        driver.put(DISK_FLUSH, 0, 1, BUFFER)
        driver.ring()
        driver.wait(LATENCY)
        assert driver.responses() == [(100, error("io"))]


def test_the_interrupt_comes_where_the_guest_asked_for_it(driver: Driver) -> None:
    driver.set_header("rsp_event", 3)
    for n in range(4):
        driver.put(DISK_READ, n, 1, BUFFER)
    driver.ring()
    driver.wait(2 * LATENCY)
    assert len(driver.responses()) == 2
    assert not driver.disk_is_pending()
    driver.wait(LATENCY)
    assert driver.disk_is_pending()
    driver.wait(LATENCY)
    assert driver.disk_is_pending(), "until it is acknowledged"
    assert driver.ring() == 0
    assert not driver.disk_is_pending()


@pytest.mark.parametrize("technique", OFFERING)
def test_the_ring_s_interrupt_is_acknowledged_at_the_disk_s_port_too(technique: str) -> None:
    with asker(technique=technique, disk=bytearray(SECTORS * SECTOR), disk_latency=LATENCY) as ask:
        driver = Driver(ask)
        driver.put(DISK_READ, 0, 1, BUFFER)
        driver.ring()
        driver.wait(LATENCY)
        assert driver.disk_is_pending()
        ask.guest.write(0x5000, to_bytes([op("out", PORTS["disk_status"].number, 0)]))
        ask.run(0x5000)
        assert not driver.disk_is_pending()
        assert driver.responses() == [(100, 0)]


def test_while_the_disk_works_no_doorbell_is_needed(driver: Driver) -> None:
    assert driver.header("req_event") == 1
    driver.put(DISK_READ, 1, 1, BUFFER)
    driver.ring()
    assert driver.header("req_event") > driver.sent + DISK_SLOTS
    driver.put(DISK_READ, 2, 1, BUFFER + SECTOR)
    driver.wait(2 * LATENCY)
    assert driver.responses() == [(100, 0), (101, 0)]
    assert driver.header("req_event") == driver.sent + 1
    driver.put(DISK_READ, 2, 1, BUFFER + SECTOR)
    driver.wait(2 * LATENCY)
    assert driver.responses() == []


def test_the_ring_wraps_around(driver: Driver) -> None:
    random = Random(2)
    answered = 0
    while driver.sent < 3 * DISK_SLOTS:
        for _ in range(random.randint(1, DISK_SLOTS - (driver.sent - answered))):
            driver.put(DISK_READ, driver.sent % SECTORS, 1, BUFFER)
        driver.ring()
        driver.wait(random.randint(1, 5) * LATENCY)
        got = driver.responses()
        assert got == [(100 + answered + n, 0) for n in range(len(got))]
        answered += len(got)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ((0, 0, 1, BUFFER), "inval"),
        ((4, 0, 1, BUFFER), "inval"),
        ((DISK_READ, 0, 0, BUFFER), "inval"),
        ((DISK_READ, 0, DISK_SECTORS_MAXIMUM + 1, BUFFER), "inval"),
        ((DISK_READ, 0, ALL_ONES, BUFFER), "inval"),
        ((DISK_READ, 0, 1, BUFFER + 4), "inval"),
        ((DISK_READ, SECTORS, 1, BUFFER), "io"),
        ((DISK_READ, SECTORS - 1, 2, BUFFER), "io"),
        ((DISK_READ, ALL_ONES, 2, BUFFER), "io"),
        ((DISK_READ, 0, 1, MEMORY), "fault"),
        ((DISK_WRITE, 0, 2, MEMORY - SECTOR), "fault"),
        ((DISK_WRITE, 0, 1, MEMORY - SECTOR + 8), "fault"),
        ((DISK_READ, 0, 1, ALL_ONES & ~7), "fault"),
    ],
)
def test_a_request_that_cannot_be_done_is_answered_so(
    driver: Driver, request_: tuple[int, int, int, int], refusal: str
) -> None:
    before = driver.ask.guest.disk
    driver.put(*request_)
    driver.put(DISK_READ, 1, 1, BUFFER)
    driver.ring()
    driver.wait(2 * LATENCY)
    assert driver.responses() == [(100, error(refusal)), (101, 0)]
    assert driver.ask.guest.disk == before


@pytest.mark.parametrize("request_", [(1, SECTORS - 1), (SECTORS, 0), (8, 3)])
def test_a_request_may_go_up_to_the_last_byte_of_memory_and_of_the_disk(
    driver: Driver, request_: tuple[int, int]
) -> None:
    count, sector = request_
    driver.put(DISK_WRITE, sector, count, MEMORY - count * SECTOR)
    driver.ring()
    driver.wait(1)  # by now the marks are set in the tables, which are at the end
    end = driver.ask.guest.read(MEMORY - count * SECTOR, count * SECTOR)
    driver.wait(LATENCY - 1)
    assert driver.responses() == [(100, 0)]
    assert driver.ask.guest.disk[sector * SECTOR :][: count * SECTOR] == end


def test_a_disk_that_is_not_there_or_read_only_says_so() -> None:
    for disk, operation in ((None, DISK_READ), (bytearray(SECTOR), DISK_WRITE)):
        with asker(disk=disk, disk_writable=False) as ask:
            driver = Driver(ask)
            driver.put(operation, 0, 1, BUFFER)
            driver.ring()
            driver.wait(1000)
            assert driver.responses() == [(100, error("io"))]


@pytest.mark.parametrize("count", [DISK_SLOTS + 2, ALL_ONES, 1 << 63])
def test_counts_that_cannot_be_are_refused(driver: Driver, count: int) -> None:
    driver.set_header("req_prod", count)
    assert driver.ring() == error("inval")
    assert driver.header("rsp_prod") == 0
    driver.set_header("req_prod", 0)
    driver.put(DISK_READ, 0, 1, BUFFER)
    assert driver.ring() == 0
    driver.set_header("req_prod", count)
    driver.wait(2 * LATENCY)
    assert driver.header("rsp_prod") == 1, "what was taken is done"
    assert driver.ring() == error("inval")


def test_what_the_guest_writes_into_the_ring_later_changes_nothing(driver: Driver) -> None:
    driver.put(DISK_READ, 5, 1, BUFFER)
    driver.ring()
    driver.ask.write(RING + RING_DATA, 1, DISK_WRITE, 0, DISK_SECTORS_MAXIMUM, ALL_ONES)
    driver.set_header("rsp_prod", 77)
    driver.wait(LATENCY)
    assert driver.header("rsp_prod") == 1
    assert driver.responses() == [(100, 0)]
    assert driver.ask.guest.read(BUFFER, SECTOR) == bytes([5]) * SECTOR


def test_a_ring_may_lie_in_its_own_buffer(driver: Driver) -> None:
    driver.put(DISK_READ, 0, 8, RING)
    driver.ring()
    driver.wait(LATENCY)
    assert driver.header("rsp_prod") == 1
    assert driver.ask.guest.read(RING + 0x800, 512) == bytes([4]) * 512


def test_rings_that_cannot_be_are_refused(ask: Asker) -> None:
    assert ask("ring_setup", 2, RING) == error("inval")
    assert ask("ring_setup", DISK, RING + 8) == error("inval")
    assert ask("ring_setup", DISK, MEMORY) == error("perm")
    assert ask("ring_setup", DISK, ALL_ONES & ~0xFFF) == error("perm")
    for ring in (CONSOLE, DISK, 2, ALL_ONES):
        assert ask("doorbell", ring) == error("inval"), "there is none"
    for ring in (CONSOLE, DISK):
        assert ask("ring_setup", ring, ALL_ONES) == 0, "there was none"


def test_a_ring_is_not_moved_while_requests_are_under_way(driver: Driver) -> None:
    driver.put(DISK_READ, 0, 1, BUFFER)
    driver.ring()
    for place in (RING, BUFFER, ALL_ONES):
        assert driver.ask("ring_setup", DISK, place) == error("busy")
    driver.wait(LATENCY)
    assert driver.ask("ring_setup", DISK, ALL_ONES) == 0
    assert driver.ring() == error("inval")


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("slice_", [1, 3, 17])
def test_it_is_all_the_same_wherever_runs_begin(technique: str, slice_: int) -> None:
    seen = []
    for step in (10_000, slice_):
        with asker(technique=technique, disk=bytearray(SECTORS * SECTOR), disk_latency=LATENCY) as ask:
            driver = Driver(ask)
            for n in range(5):
                driver.put(DISK_READ, n, 1, BUFFER)
            driver.ring()
            ask.guest.pc = CODE + 4 * BY_NAME["version"].number
            loop = [(ask.guest.pc, driver.header("rsp_prod"))]
            until = ask.guest.retired + 250
            ask.guest.write(0x5000, to_bytes([op("addi", 5, 5, 1), op("ld", 6, 0, 8), op("jal", 0, -2)]))
            ask.guest.x[8] = RING + offset("disk_ring", "rsp_prod")
            ask.guest.pc = 0x5000
            while ask.guest.retired < until:
                ask.guest.run(min(step, until - ask.guest.retired))
            seen.append((loop, list(ask.guest.x), ask.guest.time, ask.guest.state_hash()))
    assert seen[0] == seen[1]


def skip_to(ask: Asker, time: int) -> None:
    """Let an idle guest's time pass, up to there."""
    if ask.guest.technique == "para":
        ask("set_timer", time)
        ask.set_shared("imask", TIMER_BIT)
        ask("block")
        ask.set_shared("imask", 0)
        return
    wait = [op("crw", CONTROL["timecmp"].number, 5), op("crw", CONTROL["imask"].number, 6), op("wfi")]
    ask.guest.write(0x5000, to_bytes([*wait, op("crw", CONTROL["imask"].number, 0)]))
    ask.guest.x[5], ask.guest.x[6] = time, TIMER_BIT
    ask.run(0x5000, count=4)


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("left", [20, 70, 90, 130, 1 << 40])
def test_a_request_takes_the_disk_s_latency_where_time_starts_again_from_0(technique: str, left: int) -> None:
    """And a timer that is due before it is on time."""
    with asker(technique=technique, disk=bytearray(SECTORS * SECTOR), disk_latency=LATENCY) as ask:
        driver = Driver(ask)
        skip_to(ask, (1 << 64) - left)
        for n in range(3):
            driver.put(DISK_READ, n, 1, BUFFER)
        driver.ring()
        rung, timer = ask.guest.time, (1 << 64) - 10
        # Counts rounds until the third answer is there; the timer's handler looks at the count, and masks it.
        rounds = [op("addi", 5, 5, 1), op("ld", 6, 0, 8), op("bne", 6, 9, -2)]
        ask.guest.write(0x5000, to_bytes([*rounds, *[op("addi", 7, 7, 1)] * 200]))
        masking = [op("addi", 18, 5, 0), op("crw", CONTROL["imask"].number, 0), op("eret")]
        if technique != "para":
            ask.guest.write(0x5800, to_bytes(masking))
            for name, value in (("tvec", 0x5800), ("timecmp", timer), ("imask", TIMER_BIT), ("status", 1)):
                ask.guest.set_cr(name, value)
        ask.guest.x[5], ask.guest.x[8], ask.guest.x[9] = 0, RING + offset("disk_ring", "rsp_prod"), 3
        ask.run(0x5000, count=300)
        assert abs(3 * ask.guest.x[5] - 3 * LATENCY) <= 3 + len(masking)
        if technique != "para" and left in (70, 90, 130):
            assert abs(3 * ask.guest.x[18] - (timer - rung)) <= 3


@pytest.mark.parametrize("technique", BOTH)
@pytest.mark.parametrize("writable", [True, False])
def test_a_disk_file_that_was_written_by_the_ring_alone_is_saved(
    technique: str, writable: bool, tmp_path: Path
) -> None:
    file = tmp_path / "disk"
    file.write_bytes(bytes(4 * SECTOR))
    before = file.stat().st_ino
    for operation in (DISK_READ, DISK_WRITE):
        with asker(technique=technique, disk=file, disk_writable=writable, disk_latency=LATENCY) as ask:
            driver = Driver(ask)
            ask.guest.write(BUFFER, b"x" * SECTOR)
            driver.put(operation, 2, 1, BUFFER)
            driver.ring()
            driver.wait(LATENCY)
            assert driver.responses() == [(100, 0 if writable or operation == DISK_READ else error("io"))]
        written = operation == DISK_WRITE and writable
        assert file.read_bytes() == bytes(2 * SECTOR) + (b"x" if written else b"\0") * SECTOR + bytes(SECTOR)
        assert (file.stat().st_ino == before) is not written


def test_a_snapshot_keeps_the_requests_under_way(ask: Asker) -> None:
    driver = Driver(ask)
    for n in range(3):
        driver.put(DISK_READ, n + 1, 1, BUFFER + n * SECTOR)
    driver.ring()
    driver.wait(LATENCY)
    snapshot = ask.guest.save()
    ask.guest.write(BUFFER, bytes(4096))
    driver.wait(5 * LATENCY)
    ask.guest.restore(snapshot)
    assert driver.responses() == [(100, 0)]
    driver.wait(2 * LATENCY)
    assert driver.responses() == [(101, 0), (102, 0)]
    assert ask.guest.read(BUFFER + SECTOR, 2 * SECTOR) == bytes([2]) * SECTOR + bytes([3]) * SECTOR


# Of a paravirtual guest alone.


def test_a_ring_is_no_table_and_a_table_no_ring() -> None:
    with asker() as ask:
        assert ask("ring_setup", DISK, ask.root_page * PAGE_SIZE) == error("busy")
        assert ask("ring_setup", DISK, RING) == 0
        ask.protect(RING // PAGE_SIZE)
        assert ask("pin_table", ask.frame(RING // PAGE_SIZE), 0) == error("busy")
        assert ask("ring_setup", DISK, ALL_ONES) == 0
        ask.write(RING, 0, 0, 0, 0)
        assert ask("pin_table", ask.frame(RING // PAGE_SIZE), 0) == 0


@pytest.mark.parametrize("ring", [DISK, CONSOLE])
def test_a_ring_whose_page_the_host_makes_a_table_is_closed(ring: int) -> None:
    with asker() as ask:
        assert ask("ring_setup", ring, RING) == 0
        assert ask("doorbell", ring) == 0
        level1, level0 = ((ask.root_page + below) * PAGE_SIZE for below in (1, 2))
        ask.write(RING, *[0] * (PAGE_SIZE // 8))
        ask.write(level0 + RING // PAGE_SIZE * 8, ask.entry(RING // PAGE_SIZE, READ_ONLY))
        ask.write(level1 + 8, ask.entry(RING // PAGE_SIZE, PTE_V))
        assert ask("doorbell", ring) == error("inval"), "and the books are sound"
        assert ask("ring_setup", ring, RING) == error("busy")
        assert ask("ring_setup", ring, BUFFER) == 0
        assert ask("doorbell", ring) == 0


def test_the_disk_never_writes_into_a_table() -> None:
    with asker(disk=bytearray(b"\xff" * 8 * SECTOR), disk_latency=LATENCY) as ask:
        driver = Driver(ask)
        driver.put(DISK_READ, 0, 8, ask.root_page * PAGE_SIZE)
        driver.put(DISK_WRITE, 0, 1, ask.root_page * PAGE_SIZE)
        driver.put(DISK_READ, 0, 8, BUFFER)
        driver.ring()
        ask.protect(BUFFER // PAGE_SIZE)
        assert ask("pin_table", ask.frame(BUFFER // PAGE_SIZE), 0) == 0
        driver.wait(4 * LATENCY)
        assert [status for _, status in driver.responses()] == [error("fault"), 0, error("fault")]


def test_the_disk_s_interrupt_as_an_event() -> None:
    with asker(disk=bytearray(SECTORS * SECTOR), disk_latency=LATENCY) as ask:
        port = ask("event_bind_virq", VIRTUAL_INTERRUPTS["disk"])
        ask.set_shared("imask", 1 << 3)
        driver = Driver(ask)
        for n in range(2):
            driver.put(DISK_READ, n, 1, BUFFER)
        driver.ring()
        for n in range(2):  # the second comes though the first is never acknowledged
            driver.set_header("rsp_event", n + 1)
            assert ask("block") == 0
            assert ask("version", 0) > 0
            assert ask.shared("event_pending") == 1 << port
            ask.set_shared("event_pending", 0)


def test_rings_of_guests_on_one_host_are_their_own() -> None:
    with Host(2 << 20) as host:
        drivers = []
        for n, technique in enumerate(("para", "trap+hypercalls", "para")):
            asker = asker_on(host, technique, disk=bytearray([n + 1]) * (8 * SECTOR), disk_latency=LATENCY)
            drivers.append(Driver(asker))
        for driver in drivers:
            driver.put(DISK_READ, 0, 8, BUFFER)
            driver.ring()
        for _ in range(LATENCY):
            for driver in drivers:
                driver.wait(1)
        for n, driver in enumerate(drivers):
            assert driver.responses() == [(100, 0)]
            assert driver.ask.guest.read(BUFFER, 8 * SECTOR) == bytes([n + 1]) * (8 * SECTOR)


@pytest.mark.parametrize("variant", ["rewrite+hypercalls", "rewrite+adaptive+hypercalls"])
def test_a_ring_s_work_is_done_and_told_to_code_that_is_stepped(variant: str) -> None:
    """Its page is stepped once it has changed often, as it does where a guest goes back to a snapshot."""
    path = next(path for path in WORKLOADS if path.stem == "diskcopy")
    ends = []
    for changes in (0, 30):
        with launched(variant, 2 << 20, disk=bytearray(64 * 512)) as guest:
            guest.load(image_of(path, variant))
            guest.run(until=17_489)
            snapshot = guest.save()
            for _ in range(changes):
                guest.run(60)
                guest.restore(snapshot)
            guest.run()
            assert (counts_of(guest).stepped > 0) == (changes > 0)
            ends.append((guest.retired, guest.time, guest.state_hash(), guest.disk))
    assert ends[0] == ends[1]
