"""`toyvm run --power-cut`: what the disk's file has then, and all that it might have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

Capture = pytest.CaptureFixture[str]

SECTOR = 512
# Writes 1 to sector 0 and flushes; writes 2 to sector 0, 3 to sector 1 and 4 to sector 0, and goes round and round.
GUEST = """
.include "platform.inc"
.include "platform/disk.inc"
.macro put sector, value
    li   a0, \\sector
    li   a1, 1
    la   a2, buffer
    li   t0, \\value
    sd   t0, 0(a2)
    li   a3, DISK_WRITE
    call disk_transfer
.endm
_start:
    platform_begin
    call disk_begin
    put  0, 1
    call disk_flush
    put  0, 2
    put  1, 3
    put  0, 4
1:  addi t0, t0, 1
    j    1b
.bss
.balign 8
buffer: .zero SECTOR_SIZE
"""
AT_LAST = "5000"


@pytest.fixture
def guest(tmp_path: Path) -> tuple[str, ...]:
    source, disk = tmp_path / "guest.s", tmp_path / "disk"
    source.write_text(GUEST)
    disk.write_bytes(bytes(4 * SECTOR))
    return ("run", str(source), "--disk", str(disk))


def held(path: Path) -> tuple[int, int]:
    """What sectors 0 and 1 begin with."""
    data = path.read_bytes()
    assert len(data) == 4 * SECTOR
    return data[0], data[SECTOR]


@pytest.mark.parametrize("words", [(), ("--technique", "para"), ("--engine", "reference")])
def test_the_file_has_what_was_flushed(
    capfd: Capture, guest: tuple[str, ...], tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = call(capfd, *guest, "--power-cut", AT_LAST, *words)
    assert done.code == 103
    assert done.errors == (
        "toyvm: the power was cut after 5000 instructions: 3 writes were not flushed, "
        f"and 6 different disks might be left; {tmp_path / 'disk'} has none of them\n"
    )
    assert held(tmp_path / "disk") == (1, 0)


def test_a_seed_chooses_what_is_left(capfd: Capture, guest: tuple[str, ...], tmp_path: Path) -> None:
    found = set()
    for seed in range(30):
        (tmp_path / "disk").write_bytes(bytes(4 * SECTOR))
        assert call(capfd, *guest, "--power-cut", AT_LAST, "--power-cut-seed", str(seed)).code == 103
        found.add(held(tmp_path / "disk"))
    assert found == {(zero, one) for zero in (1, 2, 4) for one in (0, 3)}


def test_each_disk_that_might_be_left_is_put_into_a_directory(
    capfd: Capture, guest: tuple[str, ...], tmp_path: Path
) -> None:
    media, report = tmp_path / "media", tmp_path / "report"
    done = call(capfd, *guest, "--power-cut", AT_LAST, "--power-cut-media", str(media), "--report", str(report))
    assert done.code == 103
    assert done.errors.endswith(f"toyvm: {media} has 6 disks, and media.json, which tells them apart\n")
    index = json.loads((media / "media.json").read_text())
    assert (index["instructions"], index["pending"]) == (5000, [0, 1, 0])
    rows = {row["file"]: row["sectors"] for row in index["media"]}
    assert {path.name for path in media.iterdir()} == {*rows, "media.json"}
    assert {held(media / name) for name in rows} == {(zero, one) for zero in (1, 2, 4) for one in (0, 3)}
    assert held(media / "0000.img") == (1, 0) == held(tmp_path / "disk")
    for name, sectors in rows.items():
        assert sectors == [n for n in (0, 1) if held(media / name)[n] != (1, 0)[n]]
    record = json.loads(report.read_text())
    assert (record["stop"], record["power_cut"]) == ("limit", {"pending": [0, 1, 0], "media": 6})


def test_what_was_flushed_is_there_and_all_without_a_cache(
    capfd: Capture, guest: tuple[str, ...], tmp_path: Path
) -> None:
    done = call(capfd, *guest, "--power-cut", AT_LAST, "--disk-cache", "off")
    assert done.errors.endswith(f"all that was written to {tmp_path / 'disk'} is there\n")
    assert held(tmp_path / "disk") == (4, 3)


def test_a_run_that_ends_before_loses_nothing(capfd: Capture, guest: tuple[str, ...], tmp_path: Path) -> None:
    done = call(capfd, *guest, "--power-cut", "9e9", "--max-instructions", AT_LAST)
    assert done.code == 103
    assert done.errors.endswith("toyvm: the power was not cut: the run had ended, after 5000 instructions\n")
    assert held(tmp_path / "disk") == (4, 3)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--power-cut", "x"), "--power-cut: 'x' is no whole number"),
        (("--power-cut", "5", "--read-only"), "the disk is read-only, and has nothing to lose"),
        (("--power-cut-seed", "5"), "--power-cut-seed says something about a power cut; add --power-cut N"),
        (("--power-cut-media", "there"), "--power-cut-media says something about a power cut; add --power-cut N"),
        (("--power-cut", "5", "--power-cut-seed", "y"), "--power-cut-seed: 'y' is no whole number"),
        (("--disk-cache", "maybe"), "--disk-cache maybe: it takes on or off"),
    ],
)
def test_what_makes_no_sense_is_refused(
    capfd: Capture, guest: tuple[str, ...], words: tuple[str, ...], complaint: str
) -> None:
    done = call(capfd, *guest, *words)
    assert done.code == 2
    assert complaint in done.errors


def test_without_a_disk_there_is_nothing_to_lose(capfd: Capture) -> None:
    done = call(capfd, "run", "hello", "--power-cut", "5")
    assert (done.code, done.errors) == (
        2,
        "toyvm: --power-cut: there is no disk that could lose anything; add --disk FILE\n",
    )
    assert "--disk-cache says something about a disk" in call(capfd, "run", "hello", "--disk-cache", "off").errors


def test_a_directory_that_has_files_is_left_alone(capfd: Capture, guest: tuple[str, ...], tmp_path: Path) -> None:
    done = call(capfd, *guest, "--power-cut", AT_LAST, "--power-cut-media", str(tmp_path))
    assert done.code == 101
    assert "holds files already; name a directory that is empty, or not there yet" in done.errors
    assert held(tmp_path / "disk") == (0, 0)
    assert call(capfd, *guest, "--power-cut", AT_LAST, "--power-cut-media", str(tmp_path / "no" / "such")).code == 101


def test_media_are_files_with_holes(capfd: Capture, guest: tuple[str, ...], tmp_path: Path) -> None:
    with (tmp_path / "disk").open("r+b") as disk:
        disk.truncate(16 << 20)
    assert call(capfd, *guest, "--power-cut", AT_LAST, "--power-cut-media", str(tmp_path / "media")).code == 103
    status = (tmp_path / "media" / "0003.img").stat()
    assert status.st_size == 16 << 20
    assert status.st_blocks * 512 < 1 << 20
