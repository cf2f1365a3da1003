"""Power cuts: what may be left of a disk, on every technique, against a model that applies every subset of writes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.disk_scripts import (
    MOST,
    SECTOR,
    SECTORS,
    Command,
    Model,
    contents_with,
    disk,
    load_script,
    model_of,
    script_of,
)

from toyvm import BadFileError, Machine, Stop, UsageError, assemble_text
from toyvm.hypercalls import DISK_FLUSH, DISK_READ, DISK_WRITE
from toyvm.isa.ports import DISK_CACHE_WRITES
from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.power_cut import Medium, PowerCut, Write
from toyvm.recompiler.options import Recompiling
from toyvm.reference.devices import Disk as ReferenceDisk
from toyvm.testing.techniques import EVERY, FULL, OFFERING

MEMORY = 1 << 20
EAGER = Recompiling(threshold=20, waiting=True, shortest=1)
ENGINES = ["interpreter", pytest.param(EAGER, id="recompiler")]


def ran(machine: Computer, script: list[Command], technique: str = "bare") -> Computer:
    load_script(machine, script, technique)
    assert machine.run(10**7).check().exit_code == 0
    return machine


def bytes_of(media: object) -> list[bytes]:
    return [bytes(medium) for medium in media]  # type: ignore[attr-defined]


@pytest.mark.parametrize("technique", [*EVERY, *OFFERING])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_cut_leaves_the_media_of_the_model(technique: str, engine: str | Recompiling) -> None:
    for seed in range(6):
        script = script_of(seed, 6, flushes=15)
        model = model_of(script)
        with launched(technique, MEMORY, engine=engine, disk=disk(), disk_latency=50) as machine:
            cut = ran(machine, script, technique).power_cut()
            assert machine.disk == model.contents == bytes(cut.newest)
        assert list(cut.pending) == model.pending
        assert bytes(cut.durable) == model.medium
        found = bytes_of(cut.media(limit=20))
        assert len(found) == len(set(found)) == cut.count(), "each once"
        assert set(found) == model.media()


@pytest.mark.parametrize("technique", FULL)
def test_at_every_count_a_cut_is_the_reference_s(technique: str) -> None:
    script, random = script_of(7, 30), Random(7)
    options = {"disk_latency": 200, "memory": MEMORY}
    with (
        Machine(engine="reference", disk=disk(), **options) as reference,  # type: ignore[arg-type]
        Machine(disk=disk(), **options) as bare,  # type: ignore[arg-type]
        Machine(engine=EAGER, disk=disk(), **options) as compiled,  # type: ignore[arg-type]
        launched(technique, disk=disk(), **options) as guest,  # type: ignore[arg-type]
    ):
        machines = (reference, bare, compiled, guest)
        for machine in machines:
            load_script(machine, script)
        stop, count = Stop.LIMIT, 0
        while stop is Stop.LIMIT:
            count += random.randint(1, 700)
            stop = reference.run(until=count).stop
            expected = reference.power_cut()
            for machine in machines[1:]:
                assert machine.run(until=count).stop is stop
                found = machine.power_cut()
                assert (found.pending, bytes(found.durable)) == (expected.pending, bytes(expected.durable))
                assert machine.disk == reference.disk


def test_a_disk_without_a_cache_loses_nothing() -> None:
    script = script_of(3, 20, flushes=0)
    for engine in ("interpreter", "reference"):
        with Machine(MEMORY, disk=disk(), disk_cache=False, engine=engine) as machine:
            cut = ran(machine, script).power_cut()
        assert cut.pending == ()
        assert bytes_of(cut.media()) == [model_of(script).contents]


@pytest.mark.parametrize("technique", ["bare", "trap", "para", *OFFERING[:1]])
def test_what_the_cache_has_no_room_for_is_on_the_medium(technique: str) -> None:
    """Over a ring one request may bring more than there is room left for."""
    commands = [(DISK_WRITE, n % 3, SECTORS - n % 3, n << 32) for n in range(DISK_CACHE_WRITES // 8)]
    script = [*commands[:3], (DISK_FLUSH, 0, 0, 0), *commands]
    model = model_of(script)
    assert len(model.pending) == DISK_CACHE_WRITES
    with launched(technique, MEMORY, disk=disk(), disk_latency=5) as machine:
        cut = ran(machine, script, technique).power_cut()
    assert list(cut.pending) == model.pending
    assert bytes(cut.durable) == model.medium


def test_the_reference_has_no_more_room() -> None:
    device, model = ReferenceDisk(disk(), latency=0, writable=True), Model()
    for n in range(DISK_CACHE_WRITES + 5):
        data = n.to_bytes(8, "little") * (SECTOR // 8)
        for _ in range(SECTOR // 8):
            device.write_data(n)
        device.sector = n % SECTORS
        device.start(DISK_WRITE, now=n)
        device.advance(now=n)
        model.write(Write(n % SECTORS, data))
    assert list(device.waiting) == model.pending
    assert contents_with(model.medium, map(Write._make, device.lasting.items())) == model.medium
    assert device.lasting.keys() == set(range(SECTORS))
    assert bytes(device.data) == model.contents


# Writes sector 1, flushed or not, and begins a command that takes 500 ticks.
BEGINNING = """
_start:
    li   t0, IRQ_DISK
    crw  CR_IMASK, t0
    li   t0, 1
    out  PORT_DISK_SECTOR, t0
    out  PORT_DISK_DATA, t0
    li   t0, DISK_WRITE
    out  PORT_DISK_COMMAND, t0
    wfi
    out  PORT_DISK_STATUS, zero
    li   t0, 2
    out  PORT_DISK_SECTOR, t0
    li   t0, COMMAND
    out  PORT_DISK_COMMAND, t0
1:  addi t1, t1, 1
    j    1b
"""


@pytest.mark.parametrize("command", [DISK_READ, DISK_WRITE, DISK_FLUSH])
def test_a_command_under_way_has_done_nothing(command: int) -> None:
    image = assemble_text('.include "t64.inc"\n' + BEGINNING, defines={"COMMAND": command}).image
    for engine in ("interpreter", "reference"):
        with Machine(MEMORY, disk=disk(), disk_latency=500, engine=engine) as machine:
            machine.load(image)
            machine.run(max_instructions=500)
            assert [write.sector for write in machine.power_cut().pending] == [1]
            machine.run(max_instructions=100)
            written = {DISK_READ: [1], DISK_WRITE: [1, 2], DISK_FLUSH: []}[command]
            assert [write.sector for write in machine.power_cut().pending] == written


def sector_by_sector(command: Command) -> list[Command]:
    """As a driver without a ring does it."""
    kind, sector, count, value = command
    return [(kind, sector + n, 1, value + n * SECTOR // 8) for n in range(count)]


@pytest.mark.parametrize("technique", [*EVERY, *OFFERING])
def test_a_run_stops_after_each_write(technique: str) -> None:
    script = script_of(11, 12)
    expected, model = [], Model()
    for command in script:
        for part in [command] if technique == "para" or technique in OFFERING else sector_by_sector(command):
            model.do(part)
            if part[0] == DISK_WRITE:
                expected.append((list(model.pending), model.medium))
    found = []
    with launched(technique, MEMORY, disk=disk(), disk_latency=30) as machine:
        load_script(machine, script, technique)
        while (outcome := machine.run_to_disk_write()).stop is Stop.LIMIT:
            cut = machine.power_cut()
            found.append((list(cut.pending), bytes(cut.durable)))
            assert machine.disk_writes == len(found)
        assert outcome.ok
    assert found == expected


def test_where_runs_stop_after_writes_is_the_same_on_each_engine() -> None:
    script, counts = script_of(12, 10), list[list[int]]()
    for engine in ("interpreter", "reference", EAGER):
        with Machine(MEMORY, disk=disk(), engine=engine) as machine:
            load_script(machine, script)
            counts.append([])
            while machine.run_to_disk_write().stop is Stop.LIMIT:
                counts[-1].append(machine.retired)
    assert counts[0] == counts[1] == counts[2] != []


def test_a_run_to_a_write_keeps_its_limits() -> None:
    with Machine(MEMORY, disk=disk()) as machine:
        load_script(machine, [(DISK_WRITE, 1, 1, 5)])
        assert machine.run_to_disk_write(max_instructions=20).stop is Stop.LIMIT
        assert (machine.retired, machine.disk_writes) == (20, 0)
        assert machine.run_to_disk_write().stop is Stop.LIMIT
        assert machine.disk_writes == 1
        before = machine.retired
        assert machine.run(5).stop is Stop.LIMIT
        assert machine.retired == before + 5, "it goes on as ever"


def test_the_machine_is_none_the_wiser_for_a_cut() -> None:
    script, states = script_of(5, 15), []
    for cuts in (False, True):
        with Machine(MEMORY, disk=disk()) as machine:
            load_script(machine, script)
            while machine.run(max_instructions=333).stop is Stop.LIMIT:
                if cuts:
                    machine.power_cut()
            states.append((machine.retired, machine.state_hash(), machine.disk))
    assert states[0] == states[1]


def test_a_cut_stays_as_it_is_while_the_machine_runs_on() -> None:
    script = script_of(6, 12, flushes=30)
    with Machine(MEMORY, disk=disk()) as machine:
        load_script(machine, script)
        machine.run_to_disk_write()
        cut = machine.power_cut()
        before = (cut.pending, bytes_of(cut.media()))
        machine.run()
        assert (cut.pending, bytes_of(cut.media())) == before


def test_media_of_one_machine_that_hold_the_same_are_equal() -> None:
    with Machine(MEMORY, disk=disk()) as machine:
        load_script(machine, script_of(8, 25))
        seen, contents = set[Medium](), set[bytes]()
        while machine.run_to_disk_write().stop is Stop.LIMIT:
            media = list(machine.power_cut().media())
            seen.update(media)
            contents.update(map(bytes, media))
    assert len(seen) == len(contents) > 20


def test_the_end_of_a_run_loses_nothing(tmp_path: Path) -> None:
    """Nothing was flushed, by a guest that switches itself off and by one that was stopped."""
    script = script_of(9, 10, flushes=0)
    for instructions in (10**7, 3000):
        file = tmp_path / "disk"
        file.write_bytes(disk())
        with Machine(MEMORY, disk=file) as machine:
            load_script(machine, script)
            machine.run(instructions)
            assert machine.power_cut().pending
            held = machine.disk
        assert file.read_bytes() == held


# More writes than all subsets of can be tried.


def many(count: int) -> tuple[PowerCut, bytes]:
    origin = bytes(count * SECTOR)
    writes = [Write(sector, bytes([sector + 1]) * SECTOR) for sector in range(count)]
    return PowerCut(origin, {sector: bytes(SECTOR) for sector in range(count)}, writes), origin


def test_of_many_writes_prefixes_one_or_two_missing_and_random_ones_are_tried() -> None:
    cut, origin = many(12)
    found = bytes_of(cut.media(random=0))
    every = range(12)
    wanted = [range(first) for first in range(13)]
    wanted += [[n for n in every if n not in (one, other)] for one in every for other in every]  # type: ignore[misc]
    expected = {contents_with(origin, (cut.pending[n] for n in subset)) for subset in wanted}
    assert set(found) == expected
    assert len(found) == len(expected)
    more = bytes_of(cut.media(random=50))
    assert more[: len(found)] == found
    assert len(set(more)) == len(more) > len(found) + 30
    assert bytes_of(cut.media(random=50)) == more, "a seed gives the same"
    assert bytes_of(cut.media(random=50, seed=1)) != more


def test_up_to_the_limit_all_are_tried() -> None:
    cut, _ = many(10)
    assert len(set(cut.media())) == len(list(cut.media())) == cut.count() == 1024
    assert len(list(cut.media(limit=9, random=0))) == 11 + 9 + 44, "without the last ones are the first ones"


def test_media_that_hold_the_same_are_counted_once() -> None:
    random = Random(30)
    for _ in range(200):
        contents = b"".join(bytes([random.randrange(3)]) * SECTOR for _ in range(3))
        writes = [Write(random.randrange(3), bytes([random.randrange(3)]) * SECTOR) for _ in range(random.randrange(8))]
        durable = {sector: contents[sector * SECTOR : (sector + 1) * SECTOR] for sector, _ in writes}
        cut = PowerCut(contents, durable, writes)
        expected = Model(contents, writes).media()
        for limit in (0, 10):
            found = bytes_of(cut.media(limit=limit))
            assert len(found) == len(set(found)) <= cut.count() == len(expected)
            assert set(found) <= expected
        assert set(found) == expected


def test_what_reaches_the_medium_can_be_chosen() -> None:
    cut, origin = many(5)
    assert bytes(cut.medium([3, 1])) == contents_with(origin, (cut.pending[1], cut.pending[3]))
    twice = PowerCut(origin, {0: bytes(SECTOR)}, [Write(0, b"1" * SECTOR), Write(0, b"2" * SECTOR)])
    assert twice.medium([1, 0]) == twice.newest, "they are written in their order"
    with pytest.raises(UsageError, match=r"write of 5 is out of range; it takes 0\.\.4"):
        cut.medium([5])
    with pytest.raises(UsageError, match="it takes the numbers of pending writes"):
        cut.medium(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="limit of 25 is out of range"):
        cut.media(limit=25)


def test_a_medium_is_read_and_saved(tmp_path: Path) -> None:
    medium = many(5)[0].medium([2])
    assert medium.read(2) == bytes([3]) * SECTOR
    assert medium.read(1) == bytes(SECTOR)
    medium.save(tmp_path / "medium")
    assert (tmp_path / "medium").read_bytes() == bytes(medium)
    with pytest.raises(UsageError, match=r"sector of 5 is out of range; it takes 0\.\.4"):
        medium.read(5)


# Machines that go on from a medium.


@pytest.mark.parametrize("technique", EVERY)
def test_a_machine_is_put_back_to_its_start_with_one_medium_after_another(technique: str) -> None:
    """It does as a new one with that medium, whatever it had written before."""
    script = script_of(20, 8, flushes=20)
    media = Random(20).sample(list(cut_of(script).media(limit=20)), 12)
    with launched(technique, MEMORY, disk=media[0]) as machine:
        load_script(machine, script_of(21, 8), technique)
        start = machine.save(disk=False)
        for medium in media:
            with launched(technique, MEMORY, disk=medium) as fresh:
                load_script(fresh, script_of(21, 8), technique)
                fresh.run(10**7).check()
                expected = (fresh.retired, fresh.state_hash(), fresh.disk, fresh.power_cut().pending)
            machine.restore(start, disk=medium)
            assert machine.disk == bytes(medium)
            assert machine.power_cut().pending == ()
            machine.run(10**7).check()
            assert (machine.retired, machine.state_hash(), machine.disk, machine.power_cut().pending) == expected


def cut_of(script: list[Command]) -> PowerCut:
    with Machine(MEMORY, disk=disk()) as machine:
        return ran(machine, script).power_cut()


def test_going_back_brings_all_memory_back_and_code_that_was_changed() -> None:
    with Machine(MEMORY, disk=disk()) as machine:
        load_script(machine, script_of(22, 5))
        start, state = machine.save(), machine.state_hash()
        for _ in range(2):
            machine.run(10**7).check()
            machine.write(machine.address_of("_start"), bytes(64))
            machine.write(MEMORY - 8, b"far away")
            machine.restore(start)
            assert machine.state_hash() == state
            assert machine.run(10**7).check().exit_code == 0


def test_a_medium_of_another_machine_is_what_later_cuts_start_from() -> None:
    medium = cut_of(script_of(29, 6)).newest
    with Machine(MEMORY, disk=bytearray(SECTORS * SECTOR)) as machine:
        machine.power_cut()
        machine.restore(machine.save(disk=False), disk=medium)
        cut = machine.power_cut()
        assert bytes(cut.newest) == bytes(medium)
        assert cut.newest == medium, "of one origin now"


def test_what_a_machine_s_disk_becomes_is_written_to_its_file(tmp_path: Path) -> None:
    file, medium = tmp_path / "disk", cut_of(script_of(23, 6)).newest
    file.write_bytes(disk())
    with Machine(MEMORY, disk=file) as machine:
        machine.restore(machine.save(disk=False), disk=medium)
    assert file.read_bytes() == bytes(medium) != disk()


@pytest.mark.parametrize("technique", EVERY)
def test_a_snapshot_has_the_writes_that_wait(technique: str) -> None:
    with launched(technique, MEMORY, disk=disk()) as machine:
        cut = ran(machine, script_of(24, 8, flushes=10), technique).power_cut()
        assert cut.pending
        snapshot = machine.save()
        with launched(technique, MEMORY, disk=disk()) as other:
            other.restore(snapshot)
            found = other.power_cut()
            assert (found.pending, bytes(found.durable)) == (cut.pending, bytes(cut.durable))
            assert other.save() == snapshot


@pytest.mark.parametrize("technique", EVERY)
def test_what_waited_in_a_snapshot_waits_no_more_where_another_medium_is_given(technique: str) -> None:
    with launched(technique, MEMORY, disk=disk()) as machine:
        cut = ran(machine, script_of(24, 8, flushes=10), technique).power_cut()
        assert cut.pending
        for medium in cut.media(limit=5):
            machine.restore(machine.save(disk=False), disk=medium)
            found = machine.power_cut()
            assert (found.pending, bytes(found.durable), machine.disk) == ((), bytes(medium), bytes(medium))


@pytest.mark.parametrize("technique", EVERY)
def test_what_a_snapshot_brought_to_the_disk_is_known_to_later_cuts_and_media(technique: str) -> None:
    with launched(technique, MEMORY, disk=disk()) as machine, launched(technique, MEMORY, disk=disk()) as other:
        cut = ran(machine, script_of(24, 8, flushes=10), technique).power_cut()
        before = other.power_cut()
        other.restore(machine.save())
        found = other.power_cut()
        assert (found.pending, bytes(found.durable)) == (cut.pending, bytes(cut.durable))
        other.restore(other.save(disk=False), disk=before.newest)
        assert other.disk == disk() != machine.disk


def test_a_snapshot_is_gone_back_to_from_a_cache_that_was_full_before() -> None:
    few, many = script_of(27, 3, flushes=0), [(DISK_WRITE, 0, 12, n) for n in range(DISK_CACHE_WRITES // 12 + 2)]
    with Machine(MEMORY, disk=disk(), disk_latency=5) as machine:
        cut = ran(machine, few).power_cut()
        snapshot = machine.save()
        assert len(ran_again(machine, many).power_cut().pending) == DISK_CACHE_WRITES
        machine.restore(snapshot)
        found = machine.power_cut()
        assert (found.pending, bytes(found.durable)) == (cut.pending, bytes(cut.durable))
        assert machine.save() == snapshot


def ran_again(machine: Computer, script: list[Command]) -> Computer:
    """A machine that has switched itself off, like a new one."""
    with Machine(MEMORY, disk=disk(), disk_latency=5) as other:
        machine.restore(other.save())
    return ran(machine, script)


def test_a_medium_takes_the_place_of_what_waits_in_a_snapshot() -> None:
    with Machine(MEMORY, disk=disk()) as machine:
        cut = ran(machine, script_of(28, 6, flushes=0)).power_cut()
        machine.restore(machine.save(), disk=cut.durable)
        found = machine.power_cut()
        assert (found.pending, bytes(found.newest)) == ((), bytes(cut.durable))


def test_a_disk_that_a_snapshot_has_changed_is_what_a_cut_leaves() -> None:
    with Machine(MEMORY, disk=disk()) as machine, Machine(MEMORY, disk=bytearray(SECTORS * SECTOR)) as other:
        machine.power_cut()
        machine.restore(other.save())
        assert bytes_of(machine.power_cut().media()) == [bytes(SECTORS * SECTOR)]


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    with Machine(MEMORY, disk=disk()) as machine:
        ran(machine, script_of(25, 4))
        before = machine.save()
        without, medium = machine.save(disk=False), cut_of(script_of(26, 4)).newest
        with pytest.raises(BadFileError, match="without what the disk held; give it a disk"):
            machine.restore(without)
        with pytest.raises(UsageError, match="a medium of 5 sectors; the disk has 12"):
            machine.restore(without, disk=many(5)[0].newest)
        with pytest.raises(UsageError, match="it takes a Medium"):
            machine.restore(without, disk=bytes(medium))  # type: ignore[arg-type]
        assert machine.save() == before
        with Machine(MEMORY, disk=disk(), disk_cache=False) as other, pytest.raises(BadFileError, match="another conf"):
            other.restore(before)
    with Machine(MEMORY, disk=disk(), disk_writable=False) as machine, pytest.raises(UsageError, match="read-only"):
        machine.restore(without, disk=medium)
    with Machine(MEMORY) as machine, pytest.raises(UsageError, match="there is no disk"):
        machine.power_cut()


def test_the_commands_of_these_tests_fit_their_guest() -> None:
    assert all(count <= MOST for seed in range(30) for _, _, count, _ in script_of(seed, 30))
