"""Every file that a command reads or writes, against all that a name may lead to: one line, and the right code."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import call, spawn

from toyvm.files import boundary

Capture = pytest.CaptureFixture[str]
SOURCE = "_start: li a0, 0\n out 8, a0\n"


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones: what they are is not what is tested here."""
    monkeypatch.setattr("toyvm.files.boundary.PATIENCE_SECONDS", 0.02)
    for place in ("asm.source.MAXIMUM_SOURCE", "image.image.MAXIMUM_IMAGE", "importer.files.MAXIMUM_PROGRAM"):
        monkeypatch.setattr(f"toyvm.{place}_BYTES", 1 << 20)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "guest.s").write_text(SOURCE)
    (tmp_path / "good.toml").write_text('[[guest]]\nprogram = "guest.s"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _random(path: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(2047))


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text, encoding="utf-8", errors="surrogateescape") and None


# What a name leads to, and how that is made.
ODD: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    ".": lambda path: None,
    "missing/.": lambda path: None,
    "guest.s/below": lambda path: None,
    "": lambda path: None,
    "nul\0": lambda path: None,
    "x" * 300: lambda path: None,
    "/dev/zero": lambda path: None,
    "/dev/null": lambda path: None,
    "directory": lambda path: path.mkdir(),
    "pipe": lambda path: os.mkfifo(path),
    "socket": _socket,
    "loop": _loop,
    "empty": _text(""),
    "random": _random,
    "random.s": _random,
    "not-utf8-\udce9.s": _text(SOURCE),
    "two\nlines\x1b[2J": _text("nothing"),
    "nested": _text("[" * 100_000),
    "nested-toml": _text("a = " + "[" * 100_000),
    "nested-json": _text('{"input": ' + '{"a": ' * 100_000),
    "dots": _text(".".join("a" * 5000) + " = 1"),
    "digits": _text("slice = " + "9" * 5000),
    "hex": _text("host.slice = 0x" + "f" * 9000 + '\n[[guest]]\nprogram = "guest.s"'),
    "infinite": _text('{"input": [{"instructions": Infinity, "data": ""}]}'),
    "not-a-number": _text('{"input": [{"instructions": NaN, "data": ""}]}'),
    "wrong-types": _text('{"input": [[], 3, null]}'),
    "no-object": _text("[3]"),
    "odd-hex": _text('{"input": [{"instructions": 1, "data": "abc"}]}'),
    "backwards": _text('{"input": [{"instructions": 2, "data": ""}, {"instructions": 1, "data": ""}]}'),
    "nul-in-path": _text('[[guest]]\nprogram = "gu\\u0000est.s"'),
    "nul-in-disk": _text('[[guest]]\nprogram = "guest.s"\ndisk = "\\u0000"'),
    "loop-in-path": _text('[[guest]]\nprogram = "guest.s"\noutput = "loop"\ndisk = "loop"'),
    "long-path": _text(f'[[guest]]\nprogram = "guest.s"\ninput = "{"x" * 5000}"'),
    "lines-in-name": _text('[[guest]]\nprogram = "guest.s"\nname = "a\\nb\\u001b[2J"'),
    "many-copies": _text('[[guest]]\nprogram = "guest.s"\ncopies = 10000\n' * 3),
    "long-key": _text(f"[[guest]]\n{'k' * 100_000} = 1"),
    "deep-value": _text("[host]\nslice = " + "[" * 300 + "]" * 300),
}

READING = {
    "program": ("run", "{}"),
    "image": ("dis", "{}"),
    "source": ("asm", "{}", "-o", "out"),
    "RISC-V program": ("import", "{}", "-o", "out"),
    "rewritten": ("rewritten", "{}"),
    "host file": ("host", "{}"),
    "commands": ("host", "good.toml", "--commands", "{}"),
    "disk": ("run", "guest.s", "--disk", "{}"),
    "disk to read": ("run", "guest.s", "--read-only", "--disk", "{}"),
    "input": ("run", "guest.s", "--input", "{}"),
    "replay": ("run", "guest.s", "--replay", "{}"),
    "included": ("asm", "guest.s", "-o", "out", "-I", "{}"),
}
WRITING = {
    "image out": ("asm", "guest.s", "-o", "{}"),
    "listing": ("asm", "guest.s", "-o", "out", "--listing", "{}"),
    "report": ("run", "guest.s", "--report", "{}"),
    "record": ("run", "guest.s", "--record", "{}"),
    "host report": ("host", "good.toml", "--report", "{}"),
}


@pytest.mark.parametrize("name", ODD, ids=ascii)
@pytest.mark.parametrize("command", [*READING, *WRITING])
def test_whatever_a_name_leads_to_is_one_line_and_the_right_code(
    capfd: Capture, folder: Path, command: str, name: str
) -> None:
    ODD[name](folder / name)
    before = sorted(os.listdir(folder))
    done = call(capfd, *(word.format(name) for word in {**READING, **WRITING}[command]))
    assert done.code in (0, 2, 100, 101), done.errors
    assert "internal error" not in done.errors
    assert "Traceback" not in done.errors
    if done.code in (2, 101):
        assert done.errors.count("\n") == 1, done.errors
        assert done.errors[:-1].isprintable(), done.errors
        assert len(done.errors) < 6000
        assert sorted(os.listdir(folder)) == before or (command, name) == ("listing", "pipe")
    if command in READING and command not in ("source", "input", "commands", "included") and name[-2:] != ".s":
        assert done.code == (101 if name else 2), done.errors


@pytest.mark.parametrize("command", ["source", "host file", "replay", "commands"])
def test_a_pipe_whose_writer_never_ends_is_given_up(capfd: Capture, folder: Path, command: str) -> None:
    os.mkfifo(folder / "pipe")
    writer = os.open(folder / "pipe", os.O_RDWR)
    os.write(writer, b"# the beginning\n")
    done = call(capfd, *(word.format("pipe") for word in READING[command]))
    os.close(writer)
    assert (done.code, done.errors) == (101, "toyvm: pipe: has not come to its end within 0.02 seconds\n")


@pytest.mark.parametrize("command", ["source", "host file", "replay", "commands"])
def test_a_pipe_is_read_to_its_end(capfd: Capture, folder: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.files.boundary.PATIENCE_SECONDS", 30)
    texts = {"source": SOURCE, "host file": '[[guest]]\nprogram = "hello"', "replay": '{"input": []}', "commands": ""}
    read, write = os.pipe()
    os.write(write, texts[command].encode())
    os.close(write)
    done = call(capfd, *(word.format(f"/dev/fd/{read}") for word in READING[command]))
    os.close(read)
    assert done.code == 0, done.errors


def test_a_file_beyond_its_limit_is_refused_by_its_size(capfd: Capture, folder: Path) -> None:
    with (folder / "large").open("wb") as large:
        large.truncate(1 << 40)
    for command in READING.keys() - {"input", "disk", "disk to read", "included"}:
        done = call(capfd, *(word.format("large") for word in READING[command]))
        assert done.code == 101, (command, done)


def test_an_unreadable_file_is_said(capfd: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:  # as it would be for everybody but root
        raise PermissionError(13, "Permission denied")

    (folder / "file").write_text(SOURCE)
    open_file = boundary.open_file
    monkeypatch.setattr(boundary, "open_file", lambda path: refuse() if Path(path).name == "file" else open_file(path))
    for command in READING.keys() - {"input", "disk", "disk to read", "included"}:
        done = call(capfd, *(word.format("file") for word in READING[command]))
        assert (done.code, done.errors) == (101, "toyvm: file: Permission denied\n"), command


def test_a_link_is_followed_by_every_output(capfd: Capture, folder: Path) -> None:
    (folder / "below").mkdir()
    for name, words in WRITING.items():
        (folder / "target").unlink(missing_ok=True)
        link = folder / name
        link.symlink_to("below/../target")
        for _ in range(2):  # one that leads nowhere yet, and one to a file
            assert call(capfd, *(word.format(name) for word in words)).code == 0
            assert link.is_symlink()
            assert (folder / "target").stat().st_size
    assert not [name for name in os.listdir(folder) if "tmp" in name]


def test_an_output_with_several_names_is_refused_before_anything_is_done(capfd: Capture, folder: Path) -> None:
    (folder / "one").write_text("kept")
    (folder / "two").hardlink_to(folder / "one")
    for words in WRITING.values():
        done = call(capfd, *(word.format("one") for word in words))
        assert (done.code, "has 2 names" in done.errors) == (101, True)
    assert (folder / "two").read_text() == "kept"


def test_an_output_may_be_a_pipe_or_standard_output(folder: Path) -> None:
    for name in ("/dev/stdout", "/dev/fd/1"):
        done = spawn("asm", str(folder / "guest.s"), "-o", name)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"\x7fELF")


def test_a_terminal_that_cannot_show_a_letter_shows_its_code(folder: Path) -> None:
    (folder / "guest.s").rename(folder / "größe.s")
    image = str(folder / "image")
    assert spawn("asm", str(folder / "größe.s"), "-o", image).returncode == 0
    done = spawn("dis", image, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert b"gr\\xf6\\xdfe" in done.stdout


# What comes through a pipe is recorded.

ECHO = "_start:\n1: in a0, 1\n bltz a0, 2f\n out 0, a0\n j 1b\n2: li a0, 0\n out 8, a0\n"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_what_came_through_a_pipe_is_recorded_and_replays_the_same(folder: Path, engine: str) -> None:
    (folder / "echo.s").write_text(ECHO)
    program = ("run", str(folder / "echo.s"), "--engine", engine)
    record, first, second = (str(folder / name) for name in ("record", "first", "second"))
    data = b"hi\n" * 3000
    done = spawn(*program, "--record", record, "--report", first, input=data)
    assert (done.returncode, done.stdout) == (0, data)
    again = spawn(*program, "--replay", record, "--report", second, "--record", record + "2")
    assert (again.returncode, again.stdout) == (0, data)
    one, two = (json.loads(Path(report).read_text()) for report in (first, second))
    assert [one[key] for key in ("instructions", "state")] == [two[key] for key in ("instructions", "state")]
    assert spawn(*program, "--replay", record + "2").stdout == data


def test_a_record_with_too_many_parts_is_refused_before_they_are_made(
    capfd: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toyvm.report.records.MAXIMUM_REPLAY_RECORDS", 10)
    (folder / "record").write_text("[" * 41)
    done = call(capfd, "run", "guest.s", "--replay", "record")
    assert (done.code, done.errors) == (101, "toyvm: record: has more than 10 records, which is the limit\n")


def test_python_gets_our_error_too(folder: Path) -> None:
    from toyvm import BadFileError, Machine, assemble, load_program
    from toyvm.image import Image

    uses: list[Callable[[str], object]] = [
        load_program,
        Image.load,
        lambda name: assemble([name]),
        lambda name: Machine("1M", disk=name),
        assemble(["guest.s"]).image.save,
    ]
    for use in uses:
        for name in ("nul\0", "x" * 300, ".", "guest.s/below"):
            with pytest.raises(BadFileError):
                use(name)
