"""toyvm ctx: a disk's contexts administered from outside, with the verb's output and its status alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.commands import call, spawn
from support.os_shell import system_disk

from toyvm.cli.ctx import VERBS_INSIDE
from toyvm.filesystem.check import check
from toyvm.filesystem.volume import Volume

HEADING = "NAME          STATE     PROCS  MEMORY    DISK  SHARED  ADDRESS         HOSTNAME\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def disk(tmp_path: Path) -> str:
    file = tmp_path / "a.disk"
    file.write_bytes(system_disk())
    return str(file)


def test_what_a_verb_does_stays_on_the_disk_and_only_its_output_is_seen(disk: str) -> None:
    done = spawn("ctx", disk, "create", "web", "--hostname", "www")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    listed = spawn("ctx", disk, "list").stdout.decode()
    assert re.fullmatch(rf"{HEADING}web           stopped       -       - +\d+ +\d+  -               www\n", listed)
    assert check(Volume(bytearray(Path(disk).read_bytes()))) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("start", "nosuch"), 1, b"ctx: nosuch: no such context; ctx list shows which there are\n"),
        (("create",), 2, b"ctx: usage: ctx create NAME [--template T] [--KEY VALUE...]\n"),
        (("create", "it's"), 2, b"ctx: it's: is no name"),
    ],
)
def test_the_status_of_the_verb_is_the_command_s(disk: str, words: tuple[str, ...], code: int, said: bytes) -> None:
    done = spawn("ctx", disk, *words)
    assert done.returncode == code
    assert done.stdout.startswith(said)


def test_a_verb_runs_on_each_kind_of_computer(disk: str) -> None:
    for options in (("--technique", "rewrite"), ("--technique", "para", "--memory", "8M")):
        assert spawn("ctx", *options, disk, "list").stdout == HEADING.encode()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ((), 2, "the following arguments are required: FILE"),
        (("DISK",), 2, "it takes a verb behind the disk's file"),
        (("DISK", "--technique", "trap", "list"), 2, "no verb '--technique'"),
        (("--technique", "magic", "DISK", "list"), 2, "no technique 'magic'"),
        (("DISK", "create", "a\nb"), 2, "cannot be typed"),
        (("DISK", "create", "a" * 1000), 2, "takes 1000"),
        (("/nosuch", "list"), 101, "No such file"),
        (("OTHER", "list"), 101, "holds no file system"),
        (("BARE", "list"), 101, "has no /bin/ctx"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(
    disk: str, tmp_path: Path, capsys: Capture, words: tuple[str, ...], code: int, reason: str
) -> None:
    (tmp_path / "other").write_bytes(bytes(65536))
    call(capsys, "disk", "create", str(tmp_path / "bare"), "--size", "512K", "--bare")
    places = {"DISK": disk, "OTHER": str(tmp_path / "other"), "BARE": str(tmp_path / "bare")}
    done = spawn("ctx", *(places.get(word, word) for word in words))
    assert done.returncode == code
    assert reason.encode() in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_what_runs_inside_reads_standard_input_and_its_status_is_the_command_s(disk: str) -> None:
    assert spawn("ctx", disk, "create", "web", "--onboot", "yes").returncode == 0
    done = spawn("ctx", disk, "exec", "web", "cat; exit 42", input=b"hello\nyou\n")
    assert (done.returncode, done.stdout, done.stderr) == (42, b"hello\nyou\n", b"")


def test_the_verbs_are_those_of_the_system(disk: str) -> None:
    listed = spawn("ctx", disk, "help").stdout.decode()
    assert re.findall(r"^ctx (\w+)", listed, re.MULTILINE) == list(VERBS_INSIDE)


def test_a_limit_stops_it(disk: str) -> None:
    done = spawn("ctx", "--max-instructions", "1e5", disk, "list")
    assert done.returncode == 103
    assert b"the limit on instructions stopped the guest" in done.stderr
