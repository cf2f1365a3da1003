"""Saving a disk to its file: holes, modes and owners are kept, and whatever fails loses nothing."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.writing import SECTOR, SIZE, WRITING, is_written, sparse_disk, write, written

from toyvm import BadFileError, Host, Machine
from toyvm.files.replacing import Draft
from toyvm.machine.disk import Disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sparse_disk(tmp_path)


def test_holes_mode_and_owner_are_kept(file: Path) -> None:
    file.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(file, 1234, 2345)
    before = file.stat()
    write(file)
    after = file.stat()
    assert is_written(file)
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_size == SIZE
    assert after.st_blocks <= before.st_blocks < SIZE // 512


def test_a_file_without_holes_has_none_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    file.write_bytes(b"start" + bytes((1 << 20) - 5))
    before = file.stat().st_blocks
    write(file)
    assert file.stat().st_blocks >= before
    assert is_written(file)


def test_a_disk_that_is_mostly_hole_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    with file.open("wb") as disk:
        disk.write(b"start")
        disk.truncate(64 << 30)
    write(file)
    assert is_written(file)
    assert file.stat().st_blocks < 1000


def test_a_symbolic_link_stays_one(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to("disk")
    write(link)
    assert link.is_symlink()
    assert is_written(file)


def test_a_file_with_two_names_is_refused_for_writing_and_not_for_reading(file: Path) -> None:
    file.with_name("second").hardlink_to(file)
    with pytest.raises(BadFileError, match="has 2 names"):
        Machine("1M", disk=file)
    Machine("1M", disk=file, disk_writable=False).close()


def test_an_owner_that_could_not_be_kept_is_said_before_the_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:  # as it would be for everybody but root
        raise PermissionError(errno.EPERM, "Operation not permitted")

    before = file.stat()
    owned = os.stat_result((*before[:4], before.st_uid + 1, *before[5:]))
    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(BadFileError, match="belongs to"):
        Draft(str(file), owned)
    assert os.listdir(file.parent) == ["disk"]


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may have more than `room` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=[True, False], ids=["nameless", "named"])
def drafts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of drafts: on file systems that have files without a name, and on others."""
    if not request.param:
        monkeypatch.setattr("toyvm.files.replacing._OWN_FILES", "/nowhere")


@pytest.mark.usefixtures("drafts")
def test_a_full_disk_is_one_error_and_loses_nothing(file: Path) -> None:
    machine = Machine("1M", disk=file)
    written(machine)
    before = file.read_bytes()
    with full_disk(SIZE // 2), pytest.raises(BadFileError, match="disk: File too large"):
        machine.close()
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["disk"]
    machine.close()  # there is room again
    assert is_written(file)


@pytest.mark.parametrize("call", ["ftruncate", "pwrite", "fsync", "replace"])
@pytest.mark.usefixtures("drafts")
def test_every_step_of_writing_may_fail(file: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    machine = Machine("1M", disk=file)
    written(machine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(BadFileError, match="disk: No space left on device"):
            machine.close()
    assert os.listdir(file.parent) == ["disk"]
    with pytest.raises(BadFileError, match="another guest writes"):
        Disk.open(file)
    machine.close()
    assert is_written(file)


@pytest.mark.usefixtures("drafts")
def test_ctrl_c_while_the_disk_is_written_leaves_no_draft(file: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    machine = Machine("1M", disk=file)
    written(machine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            machine.close()
    assert os.listdir(file.parent) == ["disk"]
    machine.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_killed_as_it_writes_leaves_no_draft(file: Path, number: int) -> None:
    text = f"""if True:
        import os, time
        from toyvm.machine.disk import Disk
        disk = Disk.open({str(file)!r})
        os.fsync = lambda _: (print(flush=True), time.sleep(60))
        disk.write_back()"""
    before = file.read_bytes()
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
    assert process.returncode == -number
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["disk"]


def test_a_disk_that_nobody_closes_gives_its_lock_and_memory_back(file: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    disk = Disk.open(file)
    assert disk.unsaved is False
    del disk
    for writable in (True, False):
        Disk.open(file, writable).close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_reference_writes_its_disk_back_and_lets_go_of_it(file: Path) -> None:
    command = [sys.executable, "-m", "toyvm", "run", "-", "--engine", "reference", "--disk", str(file)]
    image = file.with_name("image")
    WRITING.save(image)
    command[4] = str(image)
    for _ in range(2):
        assert subprocess.run(command, check=False).returncode == 0
        assert is_written(file)


def test_what_reads_the_contents_still_does_not_keep_the_disk_from_closing(file: Path) -> None:
    disk = Disk.open(file)
    with memoryview(disk.contents) as view:
        disk.close()
        assert view[:5] == b"start"


def failing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next disk that is saved is not."""
    from toyvm.machine.disk_file import DiskFile

    save = DiskFile.save

    def fail(self: DiskFile) -> None:
        monkeypatch.setattr(DiskFile, "save", save)
        raise BadFileError("disk: No space left on device")

    monkeypatch.setattr(DiskFile, "save", fail)


def test_what_could_not_be_saved_is_saved_by_the_next_computer_though_that_writes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk.open(file)
    machine = Machine("1M", disk=disk)
    written(machine)
    failing_once(monkeypatch)
    with pytest.raises(BadFileError, match="No space"):
        machine.close()
    assert disk.unsaved
    with Machine("1M", disk=disk):
        pass
    assert is_written(file)


def test_a_guest_s_disk_that_cannot_be_saved_keeps_no_other_from_being_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f"disk{number}" for number in range(3)]
    host = Host("16M")
    for path in files:
        path.write_bytes(b"start" + bytes(2 * SECTOR - 5))
        guest = host.guest("trap", "1M", disk=path)
        guest.load(WRITING)
        assert guest.run().ok
    failing_once(monkeypatch)
    with pytest.raises(BadFileError, match="No space"):
        host.close()
    assert [is_written(path) for path in files].count(True) == 2


def test_writing_back_leaves_no_descriptor_open(file: Path) -> None:
    write(file)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        write(file)
    assert len(os.listdir("/proc/self/fd")) == before
