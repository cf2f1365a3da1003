"""Trees of files: onto a disk and back they are the same; what a disk says can lead nowhere else on the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toyvm.errors import BadFileError
from toyvm.filesystem.check import check
from toyvm.filesystem.layout import LINK, MAXIMUM_LINK_TEXT, REGULAR, ROOT_INODE, Inode
from toyvm.filesystem.tree import get, put, put_contents
from toyvm.filesystem.volume import Volume, new_volume


def volume_of(size: int = 512 << 10) -> Volume:
    return new_volume(bytearray(size))


def make_tree(root: Path) -> None:
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "a").write_bytes(b"a" * 5000)
    (root / "sub" / "tool").write_bytes(b"#!/bin/sh\n")
    (root / "sub" / "tool").chmod(0o755)
    (root / "sub" / "link").symlink_to("../a")
    os.link(root / "a", root / "sub" / "same")
    os.utime(root / "a", ns=(10**18, 10**18))


def test_a_tree_comes_back_as_it_was(tmp_path: Path) -> None:
    make_tree(tmp_path / "in")
    volume = volume_of()
    put_contents(volume, tmp_path / "in", ROOT_INODE)
    assert check(volume) == []
    (tmp_path / "out").mkdir()
    assert get(volume, ROOT_INODE, tmp_path / "out") == []
    out = tmp_path / "out"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        *("a", "sub", "sub/empty", "sub/link", "sub/same", "sub/tool")
    ]
    assert (out / "a").read_bytes() == b"a" * 5000
    assert (out / "a").stat().st_mtime_ns == 10**18
    assert os.access(out / "sub" / "tool", os.X_OK)
    assert os.readlink(out / "sub" / "link") == "../a"


def test_directories_keep_their_modes_and_stay_the_user_s_to_change(tmp_path: Path) -> None:
    for name, mode in (("group", 0o750), ("fixed", 0o555)):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name).chmod(mode)
    volume = volume_of()
    put(volume, tmp_path / "in", ROOT_INODE, b"in")
    get(volume, volume.find("/in"), tmp_path / "out")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == {"group": 0o750, "fixed": 0o755}


def test_a_tree_may_come_to_where_it_came_before(tmp_path: Path) -> None:
    make_tree(tmp_path / "in")
    volume = volume_of()
    put(volume, tmp_path / "in", ROOT_INODE, b"in")
    get(volume, volume.find("/in"), tmp_path / "out")
    (tmp_path / "out" / "a").write_bytes(b"other")
    (tmp_path / "out" / "sub" / "link").unlink()
    (tmp_path / "out" / "sub" / "link").symlink_to("elsewhere")
    get(volume, volume.find("/in"), tmp_path / "out")
    assert (tmp_path / "out" / "a").read_bytes() == b"a" * 5000
    assert os.readlink(tmp_path / "out" / "sub" / "link") == "../a"


def test_a_directory_is_put_into_the_one_of_its_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(name.encode())
    volume = volume_of()
    numbers = [put(volume, tmp_path / name, ROOT_INODE, b"both") for name in ("one", "two")]
    assert numbers == [volume.find("/both")] * 2
    assert [volume.contents(volume.inode(volume.find(f"/both/{name}"))) for name in ("one", "two")] == [b"one", b"two"]


def test_the_longest_link_is_a_clean_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x" * MAXIMUM_LINK_TEXT)
    volume = volume_of()
    put(volume, tmp_path / "link", ROOT_INODE, b"link")
    assert check(volume) == []


def test_hard_links_within_a_tree_are_kept(tmp_path: Path) -> None:
    make_tree(tmp_path)
    volume = volume_of()
    put_contents(volume, tmp_path, ROOT_INODE)
    assert volume.find("/a") == volume.find("/sub/same")
    assert volume.inode(volume.find("/a")).links == 2


def test_what_had_the_name_is_replaced_with_all_that_was_in_it(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree")
    (tmp_path / "file").write_bytes(b"new")
    volume = volume_of()
    put(volume, tmp_path / "tree", ROOT_INODE, b"x")
    put(volume, tmp_path / "file", ROOT_INODE, b"x")
    assert volume.contents(volume.inode(volume.find("/x"))) == b"new"
    put(volume, tmp_path / "tree", ROOT_INODE, b"x")
    assert volume.find("/x/sub/tool")
    assert check(volume) == []


def test_files_are_converted_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    volume = volume_of()
    put(volume, tmp_path / "a", ROOT_INODE, b"a", lambda path, data: path.name.encode() + data.upper())
    assert volume.contents(volume.inode(volume.find("/a"))) == b"aABC"


def test_a_pipe_of_the_host_is_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadFileError, match="pipe: is a device, pipe or socket"):
        put_contents(volume_of(), tmp_path, ROOT_INODE)


def test_what_finds_no_room_is_named(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 100_000)
    with pytest.raises(BadFileError, match="big: the disk is full"):
        put_contents(volume_of(64 << 10), tmp_path, ROOT_INODE)


def test_a_name_that_is_too_long_is_named(tmp_path: Path) -> None:
    (tmp_path / ("n" * 59)).write_bytes(b"")
    with pytest.raises(BadFileError, match="a name of 59 bytes"):
        put_contents(volume_of(), tmp_path, ROOT_INODE)


def test_devices_are_left_out_and_said(tmp_path: Path) -> None:
    from toyvm.filesystem.layout import CHARACTER

    volume = volume_of()
    volume.add_name(ROOT_INODE, b"null", volume.new_inode(Inode(mode=CHARACTER | 0o666, device=0x103)))
    assert get(volume, ROOT_INODE, tmp_path / "out") == ["null: is a device or pipe, and left out"]


def test_a_file_of_holes_takes_no_room_on_the_host(tmp_path: Path) -> None:
    volume = volume_of()
    number = volume.new_inode(Inode(mode=REGULAR | 0o644, size=60 << 20))
    volume.add_name(ROOT_INODE, b"hollow", number)
    get(volume, number, tmp_path / "hollow")
    status = (tmp_path / "hollow").stat()
    assert status.st_size == 60 << 20
    assert status.st_blocks * 512 < 1 << 20


def test_nothing_is_written_through_a_link_that_the_disk_has(tmp_path: Path) -> None:
    """A disk with two rows of one name, a link that leads out and a directory, as a hostile guest may make one."""
    outside = tmp_path / "outside"
    outside.mkdir()
    volume = volume_of()
    link = volume.new_inode(Inode(mode=LINK | 0o777))
    volume.set_contents(link, os.fsencode(outside))
    volume.add_name(ROOT_INODE, b"x", link)
    directory = volume.new_directory(ROOT_INODE, Inode(mode=0o040755), b"x")
    inner = volume.new_inode(Inode(mode=REGULAR | 0o644))
    volume.add_name(directory, b"stolen", inner)
    with pytest.raises(BadFileError):
        get(volume, ROOT_INODE, tmp_path / "out")
    assert list(outside.iterdir()) == []


def test_a_file_replaces_a_link_of_the_host_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "a").symlink_to("kept")
    volume = volume_of()
    number = volume.new_inode(Inode(mode=REGULAR | 0o644))
    volume.set_contents(number, b"new")
    volume.add_name(ROOT_INODE, b"a", number)
    get(volume, number, tmp_path / "a")
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert (tmp_path / "a").read_bytes() == b"new"
