"""The operating system's disk: what belongs on it, and never an older one than what it is made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from toyvm.filesystem.volume import Volume
from toyvm.paths import guests_directory
from toyvm.shipped.prebuilt import FOLDER
from toyvm.shipped.system_disk import shipped_disk


@pytest.fixture(name="root")
def copied_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is on a disk without programs, in a directory of guests of one's own with nothing ready."""
    guests = tmp_path / "guests"
    shutil.copytree(guests_directory(), guests, ignore=shutil.ignore_patterns(FOLDER))
    for module in ("toyvm.shipped.prebuilt", "toyvm.shipped.system_disk"):
        monkeypatch.setattr(f"{module}.guests_directory", lambda: guests)
    monkeypatch.setattr("toyvm.shipped.system_disk.programs", dict)
    return guests / "os" / "root"


def contents(path: str) -> bytes:
    volume = Volume(shipped_disk())
    return volume.contents(volume.inode(volume.find(path)))


def test_a_disk_made_now_and_a_ready_one_are_the_same(root: Path) -> None:
    assert shipped_disk() == shipped_disk()


def test_a_file_that_is_new_among_the_system_s_or_changed_is_so_on_its_disk(root: Path) -> None:
    shipped_disk()
    for text in (b"new", b"newer"):
        (root / "etc" / "new").write_bytes(text)
        assert contents("/etc/new") == text


def test_everybody_s_directories_are_their_own(root: Path) -> None:
    volume = Volume(shipped_disk())
    owners = {path: volume.inode(volume.find(path)) for path in ("/", "/home", "/home/guest", "/root", "/tmp")}
    assert {path: (inode.uid, inode.gid) for path, inode in owners.items()} == {
        path: (1000, 1000) if path == "/home/guest" else (0, 0) for path in owners
    }
    assert (owners["/root"].mode & 0o7777, owners["/tmp"].mode & 0o7777) == (0o700, 0o1777)
