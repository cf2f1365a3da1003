"""Disk files: one writer at a time, and a copy that nobody else can change."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.writing import SECTOR, SIZE, WORD, is_written, sparse_disk, write, written

from toyvm import BadFileError, Host, Machine, UsageError
from toyvm.machine.disk import Disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sparse_disk(tmp_path)


# One writer.


@pytest.mark.parametrize("name", ["disk", "symbolic", "../*/disk"])
def test_a_second_writer_is_refused_by_whatever_name_it_comes(file: Path, name: str) -> None:
    (file.parent / "symbolic").symlink_to(file)
    other = file.parent / name.replace("*", file.parent.name)
    with Machine("1M", disk=file) as first:
        with pytest.raises(BadFileError, match="another guest writes this disk"):
            Machine("1M", disk=other)
        written(first)
    write(other)
    assert is_written(file)


def test_two_guests_of_a_host_do_not_write_one_file(file: Path) -> None:
    with Host("16M") as host:
        host.guest("trap", "1M", disk=file)
        with pytest.raises(BadFileError, match="another guest writes this disk"):
            host.guest("trap", "1M", disk=file)


def test_another_process_is_refused_until_the_first_is_done(file: Path) -> None:
    text = f"from toyvm import Machine; Machine('1M', disk={str(file)!r})"
    command = [sys.executable, "-c", text]
    with Machine("1M", disk=file):
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "another guest writes this disk" in refused.stderr.splitlines()[-1]
    assert subprocess.run(command, check=False).returncode == 0


def test_without_locks_in_the_file_system_a_process_still_knows_what_it_writes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("toyvm.machine.disk_file.fcntl.flock", fail)
    with Machine("1M", disk=file) as machine:
        with pytest.raises(BadFileError, match="another guest writes this disk"):
            Disk.open(file)
        written(machine)
    assert is_written(file)


def test_the_lock_is_on_the_file_that_replaced_the_first_one_too(file: Path) -> None:
    disk = Disk.open(file)
    disk.contents[:1] = b"S"
    disk.write_back()
    with pytest.raises(BadFileError, match="another guest writes this disk"):
        Disk.open(file)
    disk.close()
    Disk.open(file).close()


def test_a_file_that_is_replaced_as_it_is_opened_is_opened_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace_first(descriptor: int, kind: int) -> None:
        monkeypatch.undo()
        new = file.with_name("new")
        new.write_bytes(b"new" + bytes(SECTOR - 3))
        new.replace(file)

    monkeypatch.setattr("toyvm.machine.disk_file.fcntl.flock", replace_first)
    disk = Disk.open(file)
    assert disk.contents[:3] == b"new"
    with pytest.raises(BadFileError, match="another guest"):
        Disk.open(file)
    disk.close()


def test_many_may_read_while_one_writes(file: Path) -> None:
    readers = [Machine("1M", disk=file, disk_writable=False), Machine("1M", disk=Disk.open(file, False))]
    with Machine("1M", disk=file) as writer:
        written(writer)
        assert readers[0].disk == readers[1].disk != writer.disk
    for reader in readers:
        reader.close()
    assert is_written(file)


def test_readers_share_a_copy_and_see_what_the_file_holds_when_they_come(file: Path) -> None:
    first, second = Disk.open(file, False), Disk.open(file, False)
    assert first.contents is second.contents
    write(file)
    third = Disk.open(file, False)
    assert first.contents[SECTOR : SECTOR + 8] == bytes(8)
    assert third.contents[SECTOR : SECTOR + 8] == WORD


def test_a_snapshot_with_another_disk_changes_none_that_is_only_read(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes([7]) * SIZE)
    with (
        Machine("1M", disk=other, disk_writable=False) as source,
        Machine("1M", disk=file, disk_writable=False) as target,
        Machine("1M", disk=file, disk_writable=False) as reader,
    ):
        before = bytes(reader.disk)
        with pytest.raises(BadFileError, match="restoring"):
            target.restore(source.save())
        assert bytes(reader.disk) == bytes(target.disk) == before
        target.restore(reader.save())


def test_a_file_holds_what_its_guest_went_back_to(file: Path) -> None:
    disk = Disk.open(file)
    with Machine("1M", disk=disk) as machine:
        snapshot = machine.save()
        written(machine)
        disk.write_back()
        machine.restore(snapshot)
    assert not is_written(file)


def test_a_snapshot_leaves_the_holes_of_a_disk_alone(file: Path) -> None:
    """Reading them through memory would take as much of it as the disk is large, 1 TiB at most."""
    os.truncate(file, 1 << 40)
    disk = Disk.open(file)
    with Machine("1M", disk=disk) as machine:
        snapshot = machine.save()
        machine.write(0x8000, b"x")
        machine.restore(snapshot)
        parts = disk.parts(1 << 20)
        assert parts is not None
        assert [n for n, filled in enumerate(parts) if filled] == [0, 4]
        assert machine.save() == snapshot
    assert not is_written(file)


def test_what_was_a_hole_when_the_snapshot_was_saved_is_zero_again(file: Path) -> None:
    disk = Disk.open(file)
    with Machine("1M", disk=disk) as machine:
        snapshot = machine.save()
        disk.contents[3 << 20 : (3 << 20) + 4] = b"data"
        later = machine.save()
        machine.restore(snapshot)
        assert disk.contents[3 << 20 : (3 << 20) + 4] == bytes(4)
        machine.restore(later)
        assert disk.contents[3 << 20 : (3 << 20) + 4] == b"data"


def test_a_machine_that_cannot_be_made_gives_its_disk_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        Machine("1M", disk=file, input="text")  # type: ignore[arg-type]
    write(file)
    monkeypatch.setattr("toyvm.machine.disk_file.MAXIMUM_DISK_DATA_BYTES", 1024)
    with pytest.raises(BadFileError, match="holds more than 1024 bytes"):
        Disk.open(file)
    monkeypatch.undo()
    write(file)


# One computer.


def test_a_disk_is_for_one_computer_at_a_time(file: Path) -> None:
    for disk in (Disk.open(file), Disk(bytearray(SECTOR), True)):
        with Machine("1M", disk=disk) as first:
            with pytest.raises(UsageError, match="another computer has this disk"):
                Machine("1M", disk=disk)
            assert len(first.disk) == len(disk.contents)
        with pytest.raises(UsageError, match="this disk is closed"):
            Machine("1M", disk=disk)
        with pytest.raises(UsageError, match="this disk is closed"):
            disk.write_back()
        disk.close()


# Nobody else's.


def test_a_file_that_is_truncated_meanwhile_harms_nobody(file: Path) -> None:
    with Machine("1M", disk=file, disk_writable=False) as machine:
        os.truncate(file, 0)
        assert machine.disk[:5] == b"start"
        assert machine.disk[SIZE // 2 :][:6] == b"middle"


def _truncate(file: Path) -> None:
    os.truncate(file, SECTOR)


def _replace(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"other")


def _overwrite(file: Path) -> None:
    with file.open("r+b") as disk:
        disk.write(b"other")
    os.utime(file, ns=(0, 0))


def _link(file: Path) -> None:
    file.with_name("second").hardlink_to(file)


@pytest.mark.parametrize("change", [_truncate, _replace, _overwrite, _link])
def test_what_another_program_made_of_the_file_is_kept_and_the_guests_beside_it(file: Path, change: object) -> None:
    machine = Machine("1M", disk=file)
    written(machine)
    change(file)  # type: ignore[operator]
    theirs = file.read_bytes()
    with pytest.raises(BadFileError, match=r"another program changed it .* is in .*disk\.guest1"):
        machine.close()
    machine.close()
    assert file.read_bytes() == theirs
    assert is_written(file.with_name("disk.guest1"))


def test_a_file_that_was_deleted_meanwhile_is_there_again(file: Path) -> None:
    file.chmod(0o640)
    with Machine("1M", disk=file) as machine:
        written(machine)
        file.unlink()
    assert is_written(file)
    assert file.stat().st_mode & 0o777 == 0o640
