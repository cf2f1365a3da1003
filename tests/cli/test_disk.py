"""toyvm disk: what a person does with a disk from a shell, and what is said of what cannot be done."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import call, spawn
from support.compiling import needs_compiler

from toyvm.cli.disk import VERBS
from toyvm.filesystem.layout import UNIFIED
from toyvm.filesystem.volume import Volume

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def disk(tmp_path: Path, capsys: Capture) -> str:
    file = str(tmp_path / "a.disk")
    assert call(capsys, "disk", "create", file, "--size", "512K", "--bare").code == 0
    return file


def test_a_new_disk_is_clean_and_has_what_a_system_needs(disk: str, capsys: Capture) -> None:
    assert call(capsys, "disk", "check", disk).output.startswith("clean: ")
    listed = call(capsys, "disk", "list", disk, "-r").output
    for name in ("/etc/motd", "/dev/console", "/tmp", "/home/guest"):
        assert f" {name}\n" in listed
    assert "drwxrwxrwt" in listed
    assert "   5, 1" in listed


def test_two_disks_made_the_same_are_the_same(tmp_path: Path, capsys: Capture) -> None:
    files = [tmp_path / "1", tmp_path / "2"]
    for file in files:
        call(capsys, "disk", "create", str(file), "--size", "512K", "--bare")
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_file_is_put_listed_got_and_removed(disk: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "note").write_text("hello\n")
    assert call(capsys, "disk", "put", disk, str(tmp_path / "note"), "/home/guest").code == 0
    assert call(capsys, "disk", "list", disk, "/home/guest").output.endswith(" note\n")
    assert call(capsys, "disk", "get", disk, "/home/guest/note", str(tmp_path / "back")).code == 0
    assert (tmp_path / "back").read_text() == "hello\n"
    assert call(capsys, "disk", "remove", disk, "/home/guest/note").code == 0
    assert call(capsys, "disk", "list", disk, "/home/guest").output == ""
    assert call(capsys, "disk", "check", disk).code == 0


def test_a_unified_file_is_listed_as_such_and_replaced_in_one_tree(disk: str, tmp_path: Path, capsys: Capture) -> None:
    data = bytearray(Path(disk).read_bytes())
    volume = Volume(data)
    number = volume.find("/etc/motd")
    volume.write_inode(number, replace(volume.inode(number), flags=UNIFIED))
    volume.add_name(volume.find("/home/guest"), b"motd", number)
    volume.close()
    Path(disk).write_bytes(data)
    assert call(capsys, "disk", "list", disk, "/etc/motd").output.startswith("-rw-r--r--u  2")
    (tmp_path / "motd").write_text("hello\n")
    assert call(capsys, "disk", "put", disk, str(tmp_path / "motd"), "/etc/motd").code == 0
    assert call(capsys, "disk", "list", disk, "/etc/motd").output.startswith("-rw-r--r--   1")
    assert call(capsys, "disk", "list", disk, "/home/guest/motd").output.startswith("-rw-r--r--u  1")
    assert call(capsys, "disk", "check", disk).code == 0


def test_a_file_goes_to_standard_output(disk: str) -> None:
    assert spawn("disk", "get", disk, "/etc/passwd", "-").stdout.startswith(b"root:x:0:0:")


def test_a_directory_is_put_on_a_disk_as_it_is_made(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "in" / "etc").mkdir(parents=True)
    (tmp_path / "in" / "etc" / "motd").write_text("mine\n")
    file = str(tmp_path / "b.disk")
    options = ("--size", "512K", "--bare", "--from", str(tmp_path / "in"))
    assert call(capsys, "disk", "create", file, *options).code == 0
    assert call(capsys, "disk", "get", file, "/etc/motd", str(tmp_path / "motd")).code == 0
    assert (tmp_path / "motd").read_text() == "mine\n"


def test_check_names_each_fault_and_repair_mends_it(disk: str, capsys: Capture) -> None:
    contents = bytearray(Path(disk).read_bytes())
    volume = Volume(contents)
    volume.mark(volume.superblock.block_bitmap, 400, True)
    Path(disk).write_bytes(contents)
    found = call(capsys, "disk", "check", disk)
    assert found.code == 101
    assert "block bitmap: block 400 is free, and said not to be" in found.output
    assert "1 faults; toyvm disk repair mends them" in found.errors
    assert "mended: 1 faults" in call(capsys, "disk", "repair", disk).output
    assert call(capsys, "disk", "repair", disk).output == "clean\n"
    assert call(capsys, "disk", "check", disk).code == 0


def test_nothing_is_changed_where_something_finds_no_room(disk: str, tmp_path: Path, capsys: Capture) -> None:
    before = Path(disk).read_bytes()
    (tmp_path / "big").write_bytes(b"x" * 600_000)
    assert call(capsys, "disk", "put", disk, str(tmp_path / "big"), "/").code == 101
    assert Path(disk).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ((), 2, "VERB"),
        (("mend",), 2, "invalid choice"),
        (("list", "DISK", "/nosuch"), 101, "/nosuch: is not on the disk"),
        (("list", "DISK", "/etc/motd/x"), 101, "is no directory"),
        (("get", "DISK", "/etc", "-"), 2, "- takes a file"),
        (("remove", "DISK", "/"), 2, "the root cannot be removed"),
        (("create", "DISK"), 101, "is there already"),
        (("create", "NEW", "--size", "3K"), 101, "too small"),
        (("create", "NEW", "--size", "2G"), 101, "larger than"),
        (("create", "NEW", "--label", "seventeen letters"), 2, "16 at most"),
        (("create", "NEW", "--from", "/nosuch"), 101, "No such file"),
        (("check", "/nosuch"), 101, "No such file"),
        (("check", "OTHER"), 101, "holds no file system"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    disk: str, tmp_path: Path, capsys: Capture, words: tuple[str, ...], code: int, reason: str
) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(65536))
    places = {"DISK": disk, "NEW": str(tmp_path / "new"), "OTHER": str(other)}
    done = call(capsys, "disk", *(places.get(word, word) for word in words))
    assert done.code == code
    assert reason in done.errors
    assert done.errors.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_each_verb_has_help(capsys: Capture) -> None:
    for verb in VERBS:
        done = call(capsys, "disk", verb, "--help")
        assert done.code == 0
        assert done.output.startswith(f"usage: toyvm disk {verb} ")
        assert max(map(len, done.output.splitlines())) <= 80


@needs_compiler
def test_programs_in_c_come_along_where_there_is_a_compiler(capfd: Capture, tmp_path: Path) -> None:
    done = call(capfd, "disk", "create", str(tmp_path / "disk"), "--size", "4M")
    assert (done.code, done.errors) == (0, "")
    assert " edit\n" in call(capfd, "disk", "list", str(tmp_path / "disk"), "/bin").output


def test_programs_in_c_are_left_out_without_one_and_that_is_said(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    done = call(capfd, "disk", "create", str(tmp_path / "disk"))
    assert done.code == 0
    assert re.fullmatch("toyvm: the programs in C .* are left out: riscv64-unknown-elf-gcc is not .*\n", done.errors)
    assert " edit\n" not in call(capfd, "disk", "list", str(tmp_path / "disk"), "/bin").output
