"""Homecoming: the host's directory becomes what the volume's has become, and nothing is lost or touched besides."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from toyvm.errors import BadFileError
from toyvm.filesystem import homecoming, tree
from toyvm.filesystem.homecoming import bring_home, entries_below, facts_below
from toyvm.filesystem.layout import DIRECTORY, LINK, REGULAR, ROOT_INODE, Inode
from toyvm.filesystem.tree import put_contents, remove
from toyvm.filesystem.volume import Volume, new_volume

SIZE = 8 << 20
Change = Callable[[Volume], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory of the host's with something of each kind."""
    directory = tmp_path / "home"
    (directory / "sub" / "deep").mkdir(parents=True)
    (directory / "file").write_text("old")
    (directory / "sub" / "deep" / "other").write_text("other")
    os.link(directory / "file", directory / "twin")
    (directory / "link").symlink_to("file")
    return directory


def away(directory: Path, change: Change) -> list[str]:
    """Copy the directory onto a volume, change it there, and bring it home."""
    volume = new_volume(bytearray(SIZE))
    facts = facts_below(directory)
    put_contents(volume, directory, ROOT_INODE)
    before = entries_below(volume, ROOT_INODE)
    change(volume)
    return bring_home(volume, ROOT_INODE, before, directory, facts)


def new_file(volume: Volume, path: str, data: bytes, mode: int = 0o640, kind: int = REGULAR) -> int:
    folder, _, name = path.rpartition("/")
    number = volume.new_inode(Inode(mode=kind | mode))
    volume.set_contents(number, data)
    volume.add_name(volume.find(folder), name.encode(), number)
    return number


def looks(directory: Path) -> dict[str, object]:
    """What is there, by path: the contents, the text of a link, or the mode of a directory."""
    found: dict[str, object] = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("directory", path.stat().st_mode & 0o777)
        else:
            found[name] = path.read_bytes()
    return found


def test_nothing_is_touched_where_nothing_has_changed(home: Path) -> None:
    def status() -> dict[Path, tuple[int, ...]]:
        found = {path: path.lstat() for path in home.rglob("*")}  # but for when it was read
        return {
            path: (one.st_ino, one.st_mode, one.st_nlink, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
            for path, one in found.items()
        }

    before = status()
    assert away(home, lambda volume: None) == []
    assert status() == before


def test_what_is_new_comes_home_and_what_is_gone_goes(home: Path) -> None:
    def change(volume: Volume) -> None:
        remove(volume, volume.find("/sub"), b"deep")
        new_file(volume, "sub/new", b"new", 0o755)
        volume.new_directory(volume.find("/sub"), Inode(mode=DIRECTORY | 0o750), b"empty")
        new_file(volume, "sub/away", b"/nowhere", kind=LINK)

    untouched = (home / "file").stat()
    away(home, change)
    assert (home / "sub" / "new").stat().st_mode & 0o777 == 0o755
    assert looks(home) == {
        **{"file": b"old", "twin": b"old", "link": ("link", "file"), "sub": ("directory", 0o755), "sub/new": b"new"},
        **{"sub/empty": ("directory", 0o750), "sub/away": ("link", "/nowhere")},
    }
    assert (home / "file").stat() == untouched


def test_names_of_one_file_are_so_again(home: Path) -> None:
    def change(volume: Volume) -> None:
        for name in (b"file", b"twin"):
            remove(volume, ROOT_INODE, name)
        volume.add_name(ROOT_INODE, b"twin", new_file(volume, "file", b"changed"))

    away(home, change)
    assert (home / "file").read_bytes() == b"changed"
    assert (home / "file").stat().st_ino == (home / "twin").stat().st_ino


def test_kinds_may_change(home: Path) -> None:
    def change(volume: Volume) -> None:
        for name in (b"file", b"sub", b"link"):
            remove(volume, ROOT_INODE, name)
        volume.new_directory(ROOT_INODE, Inode(mode=DIRECTORY | 0o755), b"file")
        new_file(volume, "file/in", b"in")
        new_file(volume, "sub", b"a file")
        new_file(volume, "link", b"no link")

    away(home, change)
    expected = {"file": ("directory", 0o755), "file/in": b"in", "sub": b"a file", "link": b"no link", "twin": b"old"}
    assert looks(home) == expected


def test_no_link_is_followed(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()

    def change(volume: Volume) -> None:
        new_file(volume, "sub/new", b"new")
        (home / "sub").rename(tmp_path / "moved")
        (home / "sub").symlink_to(outside)

    with pytest.raises(BadFileError):
        away(home, change)
    assert list(outside.iterdir()) == []


def test_what_somebody_else_has_changed_is_kept_and_so_is_what_is_new(home: Path) -> None:
    def change(volume: Volume) -> None:
        remove(volume, ROOT_INODE, b"file")
        new_file(volume, "file", b"the program's")
        (home / "file").write_text("somebody's")

    with pytest.raises(BadFileError, match="file was changed here while the program ran; the new files"):
        away(home, change)
    assert (home / "file").read_text() == "somebody's"
    (staging,) = home.glob(".toyvm-*")
    assert (staging / "file").read_bytes() == b"the program's"


def test_all_stays_as_it_was_where_what_is_new_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(volume: Volume) -> None:
        remove(volume, ROOT_INODE, b"sub")
        new_file(volume, "new", b"new")
        new_file(volume, "newer", b"newer")

    calls = []

    def full(descriptor: int, data: bytes) -> None:
        calls.append(data)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    before = looks(home)
    monkeypatch.setattr(tree, "write_with_holes", full)
    with pytest.raises(BadFileError, match="No space left"):
        away(home, change)
    assert looks(home) == before


def test_nothing_is_lost_where_a_name_cannot_be_given(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(volume: Volume) -> None:
        for name in (b"file", b"sub"):
            remove(volume, ROOT_INODE, name)
        new_file(volume, "aaa", b"first")
        new_file(volume, "file", b"second")

    def fails(source: bytes, name: bytes, **folders: int) -> None:
        if name == b"file":
            raise PermissionError(13, "Permission denied")
        os.replace(source, name, **folders)

    monkeypatch.setattr(homecoming.os, "rename", fails)
    with pytest.raises(BadFileError, match="Permission denied; the new files that are not in their place are in"):
        away(home, change)
    assert (home / "aaa").read_bytes() == b"first"
    assert (home / "file").read_bytes() == b"old"
    assert (home / "sub" / "deep" / "other").exists()
    (staging,) = home.glob(".toyvm-*")
    assert (staging / "file").read_bytes() == b"second"


def test_a_pipe_is_left_out_and_said(home: Path) -> None:
    def change(volume: Volume) -> None:
        volume.add_name(ROOT_INODE, b"pipe", volume.new_inode(Inode(mode=0o010644)))

    before = looks(home)
    assert away(home, change) == ["pipe: is a device or pipe, and left out"]
    assert looks(home) == before


def test_a_directory_that_has_more_here_stays(home: Path) -> None:
    def change(volume: Volume) -> None:
        remove(volume, ROOT_INODE, b"sub")
        (home / "sub" / "mine").write_text("mine")

    assert away(home, change) == ["sub: stays, for there is more in it here"]
    assert looks(home)["sub/mine"] == b"mine"


def test_a_tree_may_be_deeper_than_files_can_be_open(home: Path) -> None:
    depth = 300
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 100, limit[1]))
    try:
        away(home, lambda volume: new_file(volume, _deep(volume, depth) + "/leaf", b"leaf"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert home.joinpath(*["d"] * depth, "leaf").read_bytes() == b"leaf"
    assert not list(home.glob(".toyvm-*"))


def _deep(volume: Volume, depth: int) -> str:
    number = ROOT_INODE
    for _ in range(depth):
        number = volume.new_directory(number, Inode(mode=DIRECTORY | 0o755), b"d")
    return "/d" * depth
