"""Console and disk of a machine: where bytes come from and go to."""

from __future__ import annotations

import io
import os
import resource
import threading
from pathlib import Path

import pytest
from support.writing import WRITING

from toyvm import BadFileError, Machine, Stop, UsageError, assemble_text
from toyvm.image import Image
from toyvm.machine.console import DescriptorInput, InputRecord, ReplayInput

ECHO = assemble_text("""
_start:
1:  in   a0, 1
    bltz a0, 2f
    out  0, a0
    j    1b
2:  li   a0, 0
    out  8, a0
""").image


def echoed(source: object) -> bytes:
    with Machine("1M", input=source) as machine:  # type: ignore[arg-type]
        machine.load(ECHO)
        assert machine.run(timeout=30).ok
        return machine.output


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 100])
def test_input_arrives_whole_whatever_it_comes_from(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(data)
    with file.open("rb") as stream:
        assert echoed(data) == echoed(io.BytesIO(data)) == echoed(stream) == data


def test_a_pipe_is_read_as_the_guest_asks() -> None:
    read, write = os.pipe()
    threading.Timer(0.05, lambda: (os.write(write, b"late"), os.close(write))).start()
    assert echoed(DescriptorInput(read)) == b"late"
    os.close(read)


def test_a_descriptor_may_have_any_number() -> None:
    """Beyond what select takes, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = 1024
    if soft <= number:
        if hard != resource.RLIM_INFINITY and hard <= number:
            pytest.skip("no process may have as many")
        resource.setrlimit(resource.RLIMIT_NOFILE, (number + 1, hard))
    read, write = os.pipe()
    try:
        os.dup2(read, number)
        os.write(write, b"far")
        os.close(write)
        assert echoed(DescriptorInput(number)) == b"far"
        os.close(number)
    finally:
        os.close(read)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_descriptor_that_does_not_block_may_have_nothing_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has read it in between."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"x")
    source, real = DescriptorInput(read), os.read

    def taken(descriptor: int, size: int) -> bytes:
        real(descriptor, size)
        return real(descriptor, size)

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", taken)
        assert source.fetch(10, 0) is None
    os.write(write, b"yz")
    assert source.fetch(10, 0) == b"yz"
    os.close(read)
    os.close(write)


def test_output_goes_to_a_file_object_as_it_comes() -> None:
    stream = io.BytesIO()
    with Machine("1M", input=b"hello", output=stream) as machine:
        machine.load(ECHO)
        machine.run()
        assert (stream.getvalue(), machine.output) == (b"hello", b"")


def test_more_output_than_the_buffer_holds_is_not_lost() -> None:
    data = bytes(range(251)) * 1000
    assert echoed(data) == data


def test_waiting_for_a_pipe_ends_with_the_timeout_and_goes_on_after() -> None:
    read, write = os.pipe()
    with Machine("1M", input=DescriptorInput(read)) as machine:
        machine.load(ECHO)
        assert machine.run(timeout=0.02).stop is Stop.TIMEOUT
        os.write(write, b"ok")
        os.close(write)
        assert machine.run(timeout=30).ok
        assert machine.output == b"ok"
    os.close(read)


# Sleeps until a key comes, echoes it, and ends with the end of the input.
KEYS = assemble_text("""
_start:
    li   t0, 2
    crw  imask, t0
1:  wfi
2:  in   a0, 1
    li   t0, -1
    beq  a0, t0, 1b
    bltz a0, 3f
    out  0, a0
    j    2b
3:  li   a0, 0
    out  8, a0
""").image


def test_a_terminal_is_recorded_and_its_record_replays_to_the_same_state() -> None:
    read, write = os.pipe()
    threading.Timer(0.05, lambda: os.write(write, b"ab")).start()
    threading.Timer(0.15, lambda: (os.write(write, b"c"), os.close(write))).start()
    with Machine("1M", input=DescriptorInput(read, live=True)) as machine:
        machine.load(KEYS)
        assert machine.run(timeout=30).ok
        state, log, output = machine.state_hash(), machine.input_log, machine.output
    os.close(read)
    assert output == b"abc"
    assert b"".join(record.data for record in log) == b"abc"
    assert log[-1].data == b""
    with Machine("1M", input=ReplayInput(log)) as machine:
        machine.load(KEYS)
        assert machine.run(timeout=30).ok
        assert (machine.output, machine.state_hash()) == (b"abc", state)


# Takes its time over each byte, so that more comes than its buffer holds.
SLOW = assemble_text("""
_start:
1:  in   a0, 1
    li   t0, -1
    beq  a0, t0, 1b
    bltz a0, 3f
    out  0, a0
    li   t1, 300
2:  addi t1, t1, -1
    bnez t1, 2b
    j    1b
3:  li   a0, 0
    out  8, a0
""").image


class Burst:
    """A terminal that has all of its bytes at once, and then no more; its end comes when they have been taken."""

    live = True

    def __init__(self, data: bytes) -> None:
        self.left = data

    def fetch(self, size: int, wait: float) -> bytes | None:
        part, self.left = self.left[:size], self.left[size:]
        return part


@pytest.mark.parametrize("size", [4095, 4096, 4097, 20_001])
def test_a_terminal_that_brings_more_than_there_is_room_for_loses_nothing(size: int) -> None:
    data = bytes(n * n % 251 for n in range(size))
    with Machine("1M", input=Burst(data)) as machine:
        machine.load(SLOW)
        assert machine.run(timeout=60).ok
        assert machine.output == data
        log, state = machine.input_log, machine.state_hash()
    assert b"".join(record.data for record in log) == data
    with Machine("1M", input=ReplayInput(log)) as machine:
        machine.load(SLOW)
        assert machine.run(timeout=60).ok
        assert (machine.output, machine.state_hash()) == (data, state)


def test_a_replay_brings_bytes_at_exactly_their_count() -> None:
    polling = assemble_text("_start:\n1: in a0, 1\n bltz a0, 1b\n li a0, 0\n out 8, a0\n").image
    with Machine("1M", input=ReplayInput([InputRecord(1000, b"x")])) as machine:
        machine.load(polling)
        assert machine.run().instructions == 1000 + 4


def test_a_disk_file_is_replaced_only_if_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    file.write_bytes(bytes(4 * 512))
    before = file.stat().st_ino
    with Machine("1M", disk=file) as machine:
        machine.load(ECHO)
        machine.run()
    assert file.stat().st_ino == before
    with Machine("1M", disk=file) as machine:
        machine.load(WRITING)
        assert machine.run().ok
        assert file.read_bytes() == bytes(4 * 512)
    assert file.read_bytes()[512:520] == (0x1122334455667788).to_bytes(8, "little")
    assert os.listdir(tmp_path) == ["disk"]


def test_a_disk_in_memory_is_changed_in_place() -> None:
    disk = bytearray(1024)
    with Machine("1M", disk=disk) as machine:
        machine.load(WRITING)
        machine.run()
        assert machine.disk == disk
    assert disk[512] == 0x88


def test_a_read_only_disk_fails_the_write_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    file.write_bytes(bytes(1024))
    with Machine("1M", disk=file, disk_writable=False) as machine:
        machine.load(WRITING)
        assert machine.run().exit_code == 1
    assert file.read_bytes() == bytes(1024)


def test_disks_of_odd_sizes_missing_files_and_directories_are_refused(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(bytes(513))
    for disk in (odd, tmp_path / "missing", tmp_path):
        with pytest.raises(BadFileError):
            Machine("1M", disk=disk)
    with pytest.raises(UsageError, match="multiple of 512"):
        Machine("1M", disk=bytearray(100))


def run_image(image: Image) -> bytes:
    with Machine("1M") as machine:
        machine.load(image)
        machine.run()
        return machine.output


def test_without_input_the_end_is_there_from_the_start() -> None:
    assert run_image(ECHO) == b""


# Waits for a timer 30 ms ahead, with a terminal that stays silent; a tick is a nanosecond.
SLEEPING = assemble_text("""
_start:
    crr  t0, time
    li   t1, 30000000
    add  t0, t0, t1
    crw  timecmp, t0
    li   t0, 1
    crw  imask, t0
    wfi
    li   a0, 0
    out  8, a0
""").image


def test_waiting_with_a_silent_terminal_ends_when_the_timer_is_due() -> None:
    read, write = os.pipe()
    with Machine("1M", input=DescriptorInput(read, live=True)) as live, Machine("1M") as other:
        for machine in (live, other):
            machine.load(SLEEPING)
            assert machine.run(timeout=30).ok
        assert live.time == other.time
    os.close(read)
    os.close(write)


def test_a_wait_for_a_terminal_can_be_cut_short_and_resumed() -> None:
    read, write = os.pipe()
    with Machine("1M", input=DescriptorInput(read, live=True)) as machine:
        machine.load(KEYS)
        assert machine.run(timeout=0.05).stop is Stop.TIMEOUT
        os.write(write, b"k")
        os.close(write)
        assert machine.run(timeout=30).ok
        assert machine.output == b"k"
    os.close(read)
