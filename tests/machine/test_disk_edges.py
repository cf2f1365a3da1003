"""Disk files at their edges: sizes, holes, systems that do things by halves, and files that may only be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from toyvm.errors import BadFileError, UsageError
from toyvm.machine import disk_file
from toyvm.machine.disk import Disk, open_disk
from toyvm.machine.disk_file import Copy, data_extents

SECTOR = 512
BLOCK = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(bytes(range(256)) * 64)  # 16 KiB
    return path


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "is empty; a disk has at least one sector, 512 bytes"),
        (SECTOR - 1, "511 bytes is no disk; it takes a multiple of 512"),
        (SECTOR, None),
        (SECTOR + 1, "513 bytes is no disk"),
        (4 * SECTOR, None),
        (5 * SECTOR, "has 2560 bytes; the limit is 2048"),
    ],
)
@pytest.mark.parametrize("writable", [True, False])
def test_a_disk_has_whole_sectors_up_to_the_limit(
    file: Path, size: int, message: str | None, writable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_file, "MAXIMUM_DISK_BYTES", 4 * SECTOR)
    file.write_bytes(bytes(size))
    before = descriptors()
    if message is None:
        disk = Disk.open(file, writable)
        assert disk.sectors == size // SECTOR
        disk.close()
    else:
        with pytest.raises(BadFileError, match=message):
            Disk.open(file, writable)
    assert descriptors() == before


@pytest.mark.parametrize(("limit", "taken"), [(2 * BLOCK, True), (2 * BLOCK - 1, False)])
def test_what_a_disk_holds_counts_and_its_holes_do_not(
    tmp_path: Path, limit: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_file, "MAXIMUM_DISK_DATA_BYTES", limit)
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as out:
        out.write(b"x" * BLOCK)
        out.seek(1 << 20)
        out.write(b"y" * BLOCK)
        out.truncate(4 << 20)
    if taken:
        Disk.open(sparse).close()
    else:
        with pytest.raises(BadFileError, match=f"holds more than {limit} bytes, which is the limit"):
            Disk.open(sparse)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY, errno.EIO])
def test_a_file_that_may_not_be_written_is_a_read_only_disk_and_any_other_trouble_is_said(
    file: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: str, flags: int, *arguments: int) -> int:
        if flags & os.O_RDWR and path == str(file):
            raise OSError(number, os.strerror(number))
        return opened(path, flags, *arguments)

    monkeypatch.setattr(disk_file.os, "open", refuse)
    if number == errno.EIO:
        with pytest.raises(BadFileError, match="Input/output error"):
            Disk.open(file)
    else:
        disk = Disk.open(file)
        assert (disk.writable, bytes(disk.contents[:4])) == (False, b"\0\1\2\3")
        disk.close()


def test_a_file_that_is_replaced_again_and_again_is_given_up_and_nothing_is_left_open(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(disk_file, "_identity", lambda status: (0, 0))
        with pytest.raises(BadFileError, match="is replaced again and again"):
            Disk.open(file)
    assert descriptors() == before
    Disk.open(file).close()


@pytest.mark.parametrize("most", [1, 1000, BLOCK])
def test_what_a_system_reads_and_writes_by_halves_is_whole(
    file: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.preadv, os.pwrite
    data = bytes(n % 253 for n in range(8 * SECTOR))
    file.write_bytes(data)
    monkeypatch.setattr(disk_file.os, "preadv", lambda fd, parts, at: read(fd, [parts[0][:most]], at))
    monkeypatch.setattr(disk_file.os, "pwrite", lambda fd, part, at: write(fd, part[:most], at))
    disk = Disk.open(file)
    assert bytes(disk.contents) == data
    disk.contents[5] = 0xFF
    disk.unsaved = True
    disk.close()
    assert file.read_bytes() == data[:5] + b"\xff" + data[6:]


def test_a_file_that_ends_while_it_is_read_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_file.os, "preadv", lambda *_: 0)
    with pytest.raises(BadFileError, match="was truncated while it was read"):
        Disk.open(file)


@pytest.mark.parametrize("size", [BLOCK, 2 * BLOCK, 1 << 20])
def test_parts_with_data_are_known_and_no_others(tmp_path: Path, size: int) -> None:
    sparse = tmp_path / "sparse"
    places = [0, 5 * BLOCK, (1 << 20) + 3 * BLOCK]
    with sparse.open("wb") as out:
        out.truncate((2 << 20) + BLOCK)
        for place in places:
            out.seek(place)
            out.write(b"x" * BLOCK)
    with sparse.open("rb") as source:
        copy = Copy(source.fileno(), (2 << 20) + BLOCK)
        assert list(data_extents(source.fileno(), 5 * BLOCK + 7)) == [(0, BLOCK), (5 * BLOCK, 5 * BLOCK + 7)]
    parts = copy.parts(size)
    assert parts is not None
    assert len(parts) == -(-((2 << 20) + BLOCK) // size)
    assert [number for number, part in enumerate(parts) if part] == sorted({place // size for place in places})
    copy.let_go_of_file()
    assert copy.parts(size) is None
    copy.contents.close()


def test_each_guest_s_contents_lie_beside_a_file_that_others_changed_under_a_name_of_their_own(file: Path) -> None:
    for number in (1, 2):
        disk = Disk.open(file)
        disk.contents[0] = number
        disk.unsaved = True
        file.write_bytes(bytes([number]) * SECTOR)
        with pytest.raises(BadFileError, match=f"what the guest wrote is in .*disk.guest{number}"):
            disk.close()
        disk.close()
        assert not disk.unsaved
        assert file.with_name(f"disk.guest{number}").read_bytes()[0] == number
        assert file.read_bytes() == bytes([number]) * SECTOR
        with pytest.raises(UsageError, match="closed"):
            _ = disk.contents


def test_what_is_written_back_by_hand_is_not_written_again(file: Path) -> None:
    disk = Disk.open(file)
    disk.contents[0] = 77
    disk.unsaved = True
    disk.write_back()
    assert (file.read_bytes()[0], disk.unsaved) == (77, False)
    disk.contents[0] = 78
    disk.close()
    assert file.read_bytes()[0] == 77, "nobody said that it has changed again"
    disk.close()


def test_a_disk_in_memory_has_its_contents_in_place_and_is_for_one_at_a_time() -> None:
    memory = bytearray(2 * SECTOR)
    disk = open_disk(memory, False)
    assert disk is not None
    assert (disk.sectors, disk.writable, disk.contents is memory) == (2, False, True)
    assert disk.attach() is memory
    with pytest.raises(UsageError, match="another computer has this disk"):
        disk.attach()
    disk.detach(True)
    assert not disk.unsaved, "there is no file to write it to"
    with pytest.raises(UsageError, match="closed"):
        disk.attach()
    assert open_disk(None, True) is None
    assert open_disk(disk, False) is disk
    for wrong in (b"bytes", 5, bytearray(), bytearray(SECTOR + 1)):
        with pytest.raises(UsageError):
            open_disk(wrong, True)  # type: ignore[arg-type]
