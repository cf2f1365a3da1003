"""Snapshots: a machine goes on from one as it would have; what is no whole one of its own kind is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cores import ENTRY, NOWHERE, Core, word

from toyvm.native import lib

# Copies the console to the disk, 8 bytes a sector, under interrupts of the disk and the timer.
PROGRAM = (
    word("in", 5, "console_in"),
    word("out", "disk_data", 5),
    word("out", "disk_sector", 6),
    word("out", "disk_command", 7),
    word("wfi"),
    word("out", "disk_status", 0),
    word("addi", 6, 6, 1),
    word("andi", 6, 6, 3),
    word("sd", 6, 0x2800, 0),
    word("out", "console_out", 5),
    word("jal", 0, -10),
)


def copying_core() -> Core:
    core = Core(*PROGRAM)
    core.contents = bytearray(4 * 512)
    core.attach(core.contents)
    core.input(b"the quick brown fox", end=True)
    core.set_cr("imask", 5)
    core.set_cr("timecmp", 400)
    core.state.x[7] = 2
    return core


def test_a_machine_goes_on_from_a_snapshot_at_any_instruction() -> None:
    whole = copying_core()
    whole.run(400)
    for count in range(0, 400, 3):
        first, second = copying_core(), copying_core()
        first.run(count)
        assert second.load(first.save()) == lib.T64_OK
        second.run(400)
        assert second.save() == whole.save()
        assert second.contents == whole.contents


# One command, or a second one while the first is under way; then the status, before and after it is acknowledged.
ASKS = (
    word("out", "disk_sector", 6),
    word("out", "disk_command", 7),
    word("out", "disk_command", 28),
    word("in", 8, "disk_status"),
    word("wfi"),
    word("in", 9, "disk_status"),
    word("in", 10, "disk_data"),
    word("in", 11, "disk_data"),
    word("out", "disk_status", 0),
    word("in", 12, "disk_status"),
    word("addi", 13, 13, 1),
    word("jal", 0, -1),
)


@pytest.mark.parametrize("sector", [1, 2, 1 << 40])
@pytest.mark.parametrize("command", [0, 1, 2, 3])
@pytest.mark.parametrize("writable", [True, False])
def test_what_a_disk_s_command_comes_to_is_kept_at_any_instruction(writable: bool, command: int, sector: int) -> None:
    def asking() -> Core:
        core = Core(*ASKS)
        core.contents = bytearray(range(256)) * 4
        core.attach(core.contents, writable=writable)
        core.set_cr("imask", 4)
        core.state.x[6], core.state.x[7], core.state.x[28] = sector, command, 1
        return core

    whole = asking()
    whole.run(100)
    for count in range(len(ASKS) + 1):
        first, second = asking(), asking()
        first.run(count)
        assert second.load(first.save()) == lib.T64_OK
        second.run(100)
        assert second.save() == whole.save()
        assert second.contents == whole.contents


def test_a_snapshot_can_be_loaded_into_the_machine_it_came_from() -> None:
    core = copying_core()
    core.run(50)
    early = core.save()
    core.run(300)
    late = core.save()
    assert core.load(early) == lib.T64_OK
    assert core.save() == early
    core.run(300)
    assert core.save() == late


def test_a_stopped_machine_is_stopped_in_its_snapshot_too() -> None:
    core, other = Core(word("out", "power", 5)), Core()
    core.run()
    assert other.load(core.save()) == lib.T64_OK
    assert other.run() == lib.T64_STOP_EXIT


def stop_of(core: Core) -> tuple[int, ...]:
    info = lib.t64_vm_stop_info(core.vm)
    return info.fault, info.exit_code, info.cause, info.pc, info.tval


ILLEGAL = 0
STOPS = {
    "exit": (word("addi", 5, 0, 77), word("out", "power", 5)),
    "double fault": (word("addi", 5, 5, 1), word("ld", 6, 1, 0), ILLEGAL),
    "stuck": (word("addi", 5, 5, 1), word("jal", 0, 0)),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_is_told_alike_whenever_the_machine_was_moved(name: str) -> None:
    """At a double fault between its two traps, too."""

    def stopping() -> Core:
        core = Core(*STOPS[name])
        core.set_cr("tvec", ENTRY + 8)
        return core

    whole = stopping()
    code = whole.run(100)
    assert stop_of(whole) != (0, 0, 0, 0, 0)
    for count in (0, 1, 2, 100):
        first, second = stopping(), stopping()
        first.run(count)
        assert second.load(first.save()) == lib.T64_OK
        assert (second.run(100), stop_of(second)) == (code, stop_of(whole))


@pytest.mark.parametrize("count", range(5))
def test_the_end_of_input_is_kept_and_whether_it_was_read(count: int) -> None:
    program = tuple(each for rd in (8, 10) for each in (word("in", rd, "console_in"), word("crr", rd + 1, "ipend")))
    whole, first, second = Core(*program), Core(*program), Core(*program)
    whole.input(b"", end=True)
    first.input(b"", end=True)
    whole.run(4)
    first.run(count)
    assert second.load(first.save()) == lib.T64_OK
    assert (second.run(4), second.save()) == (lib.T64_STOP_LIMIT, whole.save())
    assert list(second.state.x)[8:12] == [NOWHERE - 1, second.cr("ipend")] * 2


def test_a_disk_that_was_written_is_so_wherever_the_machine_goes_on() -> None:
    first, second = copying_core(), copying_core()
    assert not lib.t64_vm_disk_dirty(first.vm)
    first.run(400)
    assert second.load(first.save()) == lib.T64_OK
    assert lib.t64_vm_disk_dirty(second.vm)


def test_a_disk_that_a_snapshot_changes_has_to_be_written_back() -> None:
    """Whether it was written when that was saved says nothing of the file that this one has."""
    core, other = copying_core(), copying_core()
    other.contents[:5] = b"other"
    snapshot = core.save()
    assert core.load(snapshot) == lib.T64_OK
    assert not lib.t64_vm_disk_dirty(core.vm)
    assert other.load(snapshot) == lib.T64_OK
    assert lib.t64_vm_disk_dirty(other.vm)
    assert other.contents == core.contents


@pytest.mark.parametrize("held", [None, 0, 511, 4095, 4096, 8192, 8703])
@pytest.mark.parametrize("saved", [None, 0, 511, 4095, 4096, 8192, 8703])
def test_a_disk_that_is_only_read_takes_a_snapshot_of_itself_alone(saved: int | None, held: int | None) -> None:
    """One that has more, or less, or the same elsewhere is another one; its last piece is no whole one."""

    def reading(place: int | None) -> Core:
        core = Core()
        core.contents = bytearray(17 * 512)
        if place is not None:
            core.contents[place] = 1
        core.attach(core.contents, writable=False)
        return core

    core, before = reading(held), bytes(reading(held).contents)
    assert core.load(reading(saved).save()) == (lib.T64_OK if saved == held else lib.T64_ERROR_SNAPSHOT)
    assert core.contents == before


@pytest.mark.parametrize("sectors", range(1, 18))
def test_what_is_behind_a_disk_s_end_is_zero_in_a_snapshot(sectors: int) -> None:
    """Of one disk there is one snapshot, and nothing of the saver's own memory in it."""
    core = Core()
    core.contents = bytearray(b"\xaa" * 512 * sectors)
    core.attach(core.contents)
    snapshot, size = core.save(), 4096
    for n, at in enumerate(range(0, len(core.contents), size)):
        piece = bytes(core.contents[at : at + size])
        found = snapshot.index(n.to_bytes(8, "little") + piece) + 8
        assert snapshot[found : found + size] == piece.ljust(size, b"\0")
        assert snapshot[found + size : found + size + 8] in ((n + 1).to_bytes(8, "little"), b"\xff" * 8)


def test_snapshots_are_sparse() -> None:
    assert len(Core(memory=64 << 20).save()) < 64 << 10


SNAPSHOT = copying_core().save()


@given(at=st.integers(0, len(SNAPSHOT) - 1), bit=st.integers(0, 7))
def test_a_snapshot_with_any_bit_flipped_is_refused_and_changes_nothing(at: int, bit: int) -> None:
    damaged = bytearray(SNAPSHOT)
    damaged[at] ^= 1 << bit
    core = copying_core()
    assert core.load(bytes(damaged)) == lib.T64_ERROR_SNAPSHOT
    assert core.save() == SNAPSHOT


@given(size=st.integers(0, len(SNAPSHOT) - 1))
def test_a_cut_snapshot_is_refused(size: int) -> None:
    core = copying_core()
    assert core.load(SNAPSHOT[:size]) == lib.T64_ERROR_SNAPSHOT
    assert core.save() == SNAPSHOT


@given(junk=st.binary(max_size=200))
def test_junk_is_refused(junk: bytes) -> None:
    assert Core().load(junk) == lib.T64_ERROR_SNAPSHOT
    assert copying_core().load(SNAPSHOT + junk) == (lib.T64_ERROR_SNAPSHOT if junk else lib.T64_OK)


@pytest.mark.parametrize(
    "other", [Core(memory=1 << 18), Core(latency=51), Core()], ids=["memory", "latency", "no disk"]
)
def test_a_snapshot_of_another_configuration_is_refused(other: Core) -> None:
    before = other.save()
    assert other.load(SNAPSHOT) == lib.T64_ERROR_SNAPSHOT
    assert other.save() == before


def test_loading_forgets_code_and_translations_of_before() -> None:
    core, other = Core(word("addi", 5, 5, 1), word("jal", 0, -1)), Core(word("addi", 6, 6, 1), word("jal", 0, -1))
    core.run(10)
    core.load(other.save())
    core.run(10)
    assert (core.state.x[5], core.state.x[6], core.state.pc) == (0, 5, ENTRY)


@pytest.mark.parametrize(("place", "value"), [("x[0]", 1), ("x[0]", 1 << 63), ("fresh", 2)])
def test_a_state_that_no_machine_has_is_refused(place: str, value: int) -> None:
    """Where somebody has put together what is no computer's, and told its checksum."""
    whole, broken = copying_core(), copying_core()
    before = whole.save()
    if place == "fresh":
        broken.state.fresh = value
    else:
        broken.state.x[0] = value
    assert whole.load(broken.save()) == lib.T64_ERROR_SNAPSHOT
    assert whole.save() == before
