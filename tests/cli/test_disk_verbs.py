"""toyvm disk, verb by verb: where things go by whatever destination, and each column of each kind of line."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import call

from toyvm.filesystem.layout import CHARACTER, DIRECTORY, LINK, REGULAR, UNIFIED, Inode
from toyvm.filesystem.volume import Volume

Capture = pytest.CaptureFixture[str]
SECOND = 10**9
FAR = ((1 << 63) - 1) // SECOND  # some 250 years from now, the last second that there is room for


@pytest.fixture
def disk(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "disk", "create", "a.disk", "--size", "256K", "--bare").code == 0
    return tmp_path / "a.disk"


def shown(capsys: Capture, *words: str) -> list[str]:
    done = call(capsys, "disk", *words)
    assert (done.code, done.errors) == (0, ""), words
    return done.output.splitlines()


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/note"),
        ("/tmp", "/tmp/note"),
        ("/tmp/", "/tmp/note"),
        ("/tmp/other", "/tmp/other"),
        ("/new/deep/name", "/new/deep/name"),
        ("relative", "/relative"),
        ("/etc/motd", "/etc/motd"),
        ("/a b,ä", "/a b,ä"),
    ],
)
def test_a_file_is_put_where_its_path_says(disk: Path, capsys: Capture, path: str, where: str) -> None:
    (disk.parent / "note").write_bytes(b"words\0\xff")
    os.chmod("note", 0o640)
    os.utime("note", ns=(5, 7 * SECOND + 3))
    shown(capsys, "put", "a.disk", "note", path)
    volume = Volume(memoryview(bytearray(disk.read_bytes())))
    inode = volume.inode(volume.find(where))
    assert (bytes(volume.contents(inode)), stat.S_IMODE(inode.mode), inode.mtime) == (
        b"words\0\xff",
        0o640,
        7 * SECOND + 3,
    )
    shown(capsys, "check", "a.disk")
    shown(capsys, "remove", "a.disk", where)
    assert call(capsys, "disk", "list", "a.disk", where).code == 101
    shown(capsys, "check", "a.disk")


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("/etc/motd",), "motd"),
        (("/etc/motd", "other"), "other"),
        (("/etc/motd", "folder"), "folder/motd"),
        (("/etc/motd", "folder/"), "folder/motd"),
        (("/etc/motd", "folder/x"), "folder/x"),
        (("/etc",), "etc/motd"),
        (("/etc/",), "etc/motd"),
        (("/etc", "folder"), "folder/etc/motd"),
        (("/etc", "new"), "new/motd"),
        (("/",), "root/etc/motd"),
    ],
)
def test_a_file_comes_to_where_its_destination_says_and_nowhere_else(
    disk: Path, capsys: Capture, words: tuple[str, ...], where: str
) -> None:
    (disk.parent / "folder").mkdir()
    there = set(disk.parent.rglob("*"))
    call(capsys, "disk", "get", "a.disk", *words)
    volume = Volume(memoryview(bytearray(disk.read_bytes())))
    assert Path(where).read_bytes() == bytes(volume.contents(volume.inode(volume.find("/etc/motd"))))
    new = {one.relative_to(disk.parent) for one in set(disk.parent.rglob("*")) - there}
    top = Path(where).parts[1] if where.startswith("folder") else Path(where).parts[0]
    base = Path("folder") / top if where.startswith("folder") else Path(top)
    assert all(one == base or base in one.parents for one in new)


def test_each_column_of_a_line_is_what_the_inode_has(disk: Path, capsys: Capture) -> None:
    data = bytearray(disk.read_bytes())
    volume = Volume(data)
    place = volume.new_directory(
        volume.find("/"), Inode(mode=DIRECTORY | 0o1751, uid=11, gid=22, mtime=86_400 * SECOND), b"x"
    )
    made = {
        b"file": Inode(mode=REGULAR | 0o4640, uid=1, gid=65535, mtime=(60 * 60 * 24 * 365 + 59) * SECOND),
        b"unified": Inode(mode=REGULAR | 0o755, flags=UNIFIED, mtime=FAR * SECOND),
        b"link": Inode(mode=LINK | 0o777, mtime=(1 << 63) - 1),
        b"tty": Inode(mode=CHARACTER | 0o620, device=5 << 8 | 255),
        b"A first\n": Inode(mode=REGULAR | 0o000),
    }
    contents = {b"file": b"x" * 1234, b"link": b"to\x1b[here"}
    for name, inode in made.items():
        number = volume.new_inode(inode)
        volume.set_contents(number, contents.get(name, b""))
        volume.write_inode(number, replace(volume.inode(number), mtime=inode.mtime))
        volume.add_name(place, name, number)
    volume.add_name(place, b"twice", volume.find("/x/file"))
    volume.close()
    disk.write_bytes(data)

    def line(mode: str, links: int, owner: tuple[int, int], size: str, seconds: int, name: str) -> str:
        when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
        return f"{mode}{links:>3} {owner[0]:>5} {owner[1]:>5} {size:>9} {when} {name}"

    year = 60 * 60 * 24 * 365 + 59
    expected = [
        line("---------- ", 1, (0, 0), "0", 0, "A first\\n"),
        line("-rwSr----- ", 2, (1, 65535), "1234", year, "file"),
        line("lrwxrwxrwx ", 1, (0, 0), str(len(contents[b"link"])), FAR, r"link -> to\x1b[here"),
        line("crw--w---- ", 1, (0, 0), "5, 255", 0, "tty"),
        line("-rwSr----- ", 2, (1, 65535), "1234", year, "twice"),
        line("-rwxr-xr-xu", 1, (0, 0), "0", FAR, "unified"),
    ]
    found = shown(capsys, "list", "a.disk", "/x")
    assert found == expected
    assert shown(capsys, "list", "a.disk", "/x/file") == [expected[1].replace(" file", " /x/file")]
    every = shown(capsys, "list", "a.disk", "-r")
    for one in expected:
        assert re.sub(r" ((A |link -> )?\S+)$", r" /x/\1", one) in every
    assert [one for one in shown(capsys, "list", "a.disk", "/") if one.endswith(" x")] == [
        line("drwxr-x--t ", 2, (11, 22), "1024", 86_400, "x")
    ]
    assert shown(capsys, "list", "a.disk") == shown(capsys, "list", "a.disk", "/")


def test_what_check_counts_is_what_the_disk_has_and_changes_as_files_come_and_go(disk: Path, capsys: Capture) -> None:
    def counted() -> list[int]:
        (line,) = shown(capsys, "check", "a.disk")
        found = re.fullmatch(r"clean: (\d+) of (\d+) inodes, (\d+) of (\d+) KiB", line)
        assert found is not None
        return [int(number) for number in found.groups()]

    volume = Volume(memoryview(bytearray(disk.read_bytes())))
    superblock = volume.superblock
    numbers = [number for number in range(1, superblock.inodes) if volume.is_used(superblock.inode_bitmap, number)]
    blocks = [number for number in range(superblock.blocks) if volume.is_used(superblock.block_bitmap, number)]
    before = counted()
    assert before == [len(numbers), superblock.inodes - 1, len(blocks), 256]
    for size, more in ((0, 0), (1, 1), (1024, 1), (1025, 2), (10 * 1024, 10)):
        (disk.parent / "file").write_bytes(b"x" * size)
        shown(capsys, "put", "a.disk", "file", "/tmp/file")
        after = counted()
        assert [after[0] - before[0], after[1] - before[1]] == [1, 0]
        assert after[2] - before[2] == more
        shown(capsys, "remove", "a.disk", "/tmp/file")
        assert counted() == before


@pytest.mark.parametrize(
    ("label", "fits"), [("", True), ("x" * 16, True), ("ä" * 8, True), ("x" * 17, False), ("ä" * 9, False)]
)
def test_a_label_has_up_to_sixteen_bytes(tmp_path: Path, capsys: Capture, label: str, fits: bool) -> None:
    file = tmp_path / "b.disk"
    done = call(capsys, "disk", "create", str(file), "--size", "256K", "--bare", "--label", label)
    assert (done.code, file.exists()) == ((0, True) if fits else (2, False))
    if fits:
        assert Volume(memoryview(bytearray(file.read_bytes()))).superblock.label == label.encode()
    else:
        assert f"has {len(label.encode())} bytes; it takes 16 at most" in done.errors


@pytest.mark.parametrize("verb", ["list", "get", "check"])
def test_a_verb_that_reads_leaves_the_file_alone(disk: Path, capsys: Capture, verb: str) -> None:
    os.chmod(disk, 0o640)
    os.utime(disk, ns=(1, 2 * SECOND))
    before = (disk.read_bytes(), os.stat(disk).st_mode, os.stat(disk).st_mtime_ns, os.stat(disk).st_ino)
    call(capsys, "disk", verb, "a.disk", *(("/etc/motd", "out") if verb == "get" else ()))
    assert (disk.read_bytes(), os.stat(disk).st_mode, os.stat(disk).st_mtime_ns, os.stat(disk).st_ino) == before


@pytest.mark.parametrize("verb", ["put", "remove", "repair"])
def test_a_verb_that_writes_keeps_the_file_s_mode_and_does_nothing_to_one_that_may_not_be_written(
    disk: Path, capsys: Capture, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"put": ("a.disk", "/tmp"), "remove": ("/etc/motd",), "repair": ()}[verb]
    os.chmod(disk, 0o640)
    shown(capsys, verb, "a.disk", *words) if verb != "put" else call(capsys, "disk", "put", "a.disk", "a.disk", "/tmp")
    assert stat.S_IMODE(os.stat(disk).st_mode) == 0o640
    before = disk.read_bytes()
    opened = os.open

    def refuse(path: str, flags: int, *arguments: int, **options: int) -> int:
        if flags & os.O_RDWR and str(path) == str(disk):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *arguments, **options)

    monkeypatch.setattr("toyvm.machine.disk_file.os.open", refuse)
    (disk.parent / "note").write_text("x")
    words = {"put": ("note", "/tmp"), "remove": ("/etc/passwd",), "repair": ()}[verb]
    done = call(capsys, "disk", verb, "a.disk", *words)
    assert (done.code, done.errors) == (101, "toyvm: a.disk: may not be written\n")
    assert disk.read_bytes() == before
