"""`toyvm host` where something fails that is done for one guest: it ends that guest, is said, and ends nobody else."""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import ROOT, call, spawn

from toyvm.host.guest import Guest

Capture = pytest.CaptureFixture[str]
MUCH = 300_000  # bytes
PRINTS = f"""
_start:
    li   t1, {MUCH}
    li   t0, 'x'
1:  out  0, t0
    addi t1, t1, -1
    bnez t1, 1b
    li   a0, 0
    out  8, a0
"""
ENDS = "_start: li t1, 1000000\n1: addi t1, t1, -1\n bnez t1, 1b\n li t0, 'y'\n out 0, t0\n li a0, 0\n out 8, a0\n"
READS = "_start: in a0, 1\n li a0, 7\n out 8, a0\n"
WRITES = """
_start:
    li   t0, 'z'
    out  0x1c, t0
    out  0x19, zero             # the first sector
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t1, t0, 2
    beqz t1, 1b
    srli a0, t0, 2
    out  8, a0
"""
# A host whose files may not grow beyond so many bytes once it runs: its copies of disks are files, too.
LIMITED = """
import resource, sys
from toyvm.cli import main
from toyvm.host.host import Host
run = Host.run
def limited(*arguments, **options):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
    return run(*arguments, **options)
Host.run = limited
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, source in (("prints", PRINTS), ("ends", ENDS), ("reads", READS)):
        (tmp_path / f"{name}.s").write_text(source)
    return tmp_path


def written(folder: Path, *guests: str) -> str:
    path = folder / "hosts.toml"
    path.write_text("".join(f"[[guest]]\nmemory = '64K'\n{guest}\n" for guest in guests))
    return str(path)


NEIGHBOUR = "name = 'next'\nprogram = 'ends.s'\noutput = 'next.txt'"


def test_a_full_output_file_ends_its_guest_alone(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'full'\nprogram = 'prints.s'\noutput = '/dev/full'", NEIGHBOUR)
    done = call(capfd, "host", path, "--report", str(folder / "r.json"))
    assert done.code == 101
    assert done.errors == "toyvm: guest full: /dev/full: No space left on device\n"
    assert [line.split()[2:4] for line in done.output.splitlines()[1:3]] == [["stopped", "100"], ["exit", "0"]]
    assert (folder / "next.txt").read_bytes() == b"y"
    full, following = json.loads((folder / "r.json").read_text())["guests"]
    assert (full["stop"], full["condition"], full["problem"]) == (
        None,
        "stopped",
        "/dev/full: No space left on device",
    )
    assert (following["exit_code"], following["problem"]) == (0, None)


def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_an_output_file_that_may_not_grow_ends_its_guest_alone(folder: Path) -> None:
    path = written(folder, "name = 'big'\nprogram = 'prints.s'\noutput = 'big.txt'", NEIGHBOUR)
    done = spawn("host", path, preexec_fn=limited(100_000))
    assert done.returncode == 101
    assert done.stderr.decode() == f"toyvm: guest big: {folder / 'big.txt'}: File too large\n"
    assert (folder / "big.txt").read_bytes() == b"x" * 100_000
    assert (folder / "next.txt").read_bytes() == b"y"


def test_a_pipe_that_its_reader_closes_ends_its_guest_alone(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    path = written(folder, "name = 'piped'\nprogram = 'prints.s'\noutput = 'pipe'", NEIGHBOUR)
    process = start("host", path)
    wait_for_writer(reader)
    assert os.read(reader, 10) == b"x" * 10
    os.close(reader)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 101
    assert errors.decode() == f"toyvm: guest piped: {folder / 'pipe'}: Broken pipe\n"
    assert (folder / "next.txt").read_bytes() == b"y"


def test_a_pipe_that_nobody_reads_for_a_while_keeps_its_guest_waiting_alone(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    path = written(folder, "name = 'piped'\nprogram = 'prints.s'\noutput = 'pipe'", NEIGHBOUR)
    process = start("host", path)
    until(lambda: (folder / "next.txt").exists() and (folder / "next.txt").read_bytes() == b"y")
    assert process.poll() is None
    wait_for_writer(reader)
    got = b""
    while part := os.read(reader, 65536):
        got += part
    assert got == b"x" * MUCH
    os.close(reader)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


def test_what_a_pipe_has_not_taken_at_a_limit_is_said(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    path = written(folder, "name = 'piped'\nprogram = 'prints.s'\noutput = 'pipe'", NEIGHBOUR)
    done = spawn("host", path, "--timeout", "1")
    assert done.returncode == 103
    assert "guest piped: waiting when the run ended\n" in done.stderr.decode()
    assert "bytes of its output were not read\n" in done.stderr.decode()
    assert (folder / "next.txt").read_bytes() == b"y"
    os.close(reader)


def start(*words: str, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "toyvm", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


def wait_for_writer(reader: int) -> None:
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    assert poll.poll(60_000)
    os.set_blocking(reader, True)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_input_that_cannot_be_read_ends_its_guest_alone(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'reader'\nprogram = 'reads.s'\ninput = '/proc/self/mem'", NEIGHBOUR)
    done = call(capfd, "host", path)
    assert (done.code, done.errors) == (101, "toyvm: guest reader: /proc/self/mem: Input/output error\n")
    assert (folder / "next.txt").read_bytes() == b"y"


def test_a_state_that_cannot_be_hashed_is_left_out_of_a_report(
    capfd: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Guest.state_hash

    def fails(guest: Guest) -> str:
        if guest.name == "guest1":
            raise MemoryError("too much of it")
        return real(guest)

    monkeypatch.setattr(Guest, "state_hash", fails)
    report = folder / "r.json"
    done = call(capfd, "host", written(folder, "program = 'ends.s'", NEIGHBOUR), "--report", str(report))
    assert (done.code, done.errors) == (101, "toyvm: guest guest1: its state cannot be reported: too much of it\n")
    first, second = json.loads(report.read_text())["guests"]
    assert (first["state"], first["exit_code"]) == (None, 0)
    assert len(second["state"]) == 32


def test_a_disk_that_cannot_be_written_back_is_its_guest_s_problem_alone(folder: Path) -> None:
    (folder / "writes.s").write_text(WRITES)
    (folder / "large").write_bytes(bytes(512 * 400))
    (folder / "small").write_bytes(bytes(512))
    path = written(folder, *(f"name = '{name}'\nprogram = 'writes.s'\ndisk = '{name}'" for name in ("large", "small")))
    command = [sys.executable, "-c", LIMITED, "100000", "host", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 101
    assert done.stderr.decode() == f"toyvm: guest large: {folder / 'large'}: File too large\n"
    assert not any((folder / "large").read_bytes())
    assert (folder / "small").read_bytes()[:1] == b"z"


def test_a_report_that_cannot_be_written_takes_nothing_with_it(capfd: Capture, folder: Path) -> None:
    done = call(capfd, "host", written(folder, NEIGHBOUR), "--report", "/dev/full")
    assert (done.code, done.errors) == (101, f"toyvm: /dev/full: {os.strerror(errno.ENOSPC)}\n")
    assert " exit 0 " in done.output


def test_what_cannot_be_shown_ends_nobody(folder: Path) -> None:
    (folder / "commands").write_text("at 1000 show next\n")
    path = written(folder, NEIGHBOUR)
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "toyvm", "host", path, "--commands", str(folder / "commands")],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert process.returncode == 101
    assert b"No space left on device" in process.stderr
    assert (folder / "next.txt").read_bytes() == b"y"


def test_a_mistake_in_a_file_costs_no_guest_its_earlier_output(capfd: Capture, folder: Path) -> None:
    (folder / "next.txt").write_bytes(b"of yesterday")
    assert call(capfd, "host", written(folder, NEIGHBOUR, "program = 'nothing'")).code == 101
    assert (folder / "next.txt").read_bytes() == b"of yesterday"
    assert call(capfd, "host", written(folder, NEIGHBOUR)).code == 0
    assert (folder / "next.txt").read_bytes() == b"y"
