"""`toyvm run PROGRAM --files DIRECTORY`: a C program with files, on the operating system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.commands import call, spawn
from support.compiling import build, needs_compiler
from support.os_runs import PROGRAMS
from support.riscv_elf import greeting, program
from support.terminal import Terminal

Capture = pytest.CaptureFixture[str]
EVERY_BYTE = bytes(range(256)) + b"\r\n\x03\x04 and no end of line"


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "prog.elf"
    path.write_bytes(program(*greeting(b"hi\n", 7), data=b"hi\n"))
    return path


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("compiled") / "writer", PROGRAMS / "c" / "writer.c")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    (directory / "there").write_text("there")
    return directory


@needs_compiler
@pytest.mark.parametrize("technique", ["bare", "trap", "para", "container"])
def test_bytes_words_and_status_are_the_programs(writer: Path, home: Path, technique: str) -> None:
    words = [str(writer), "--technique", technique, "--files", str(home), "--write-back", "--env", "SAID=a 'b' $c"]
    done = spawn("run", *words, "--", "a new file", "42", "it's", "", input=EVERY_BYTE)
    assert (done.returncode, done.stdout, done.stderr) == (42, b"5 /files a 'b' $c\n", b"")
    assert {path.name: path.read_bytes() for path in home.iterdir()} == {"there": b"there", "a new file": EVERY_BYTE}


@needs_compiler
def test_in_a_context_there_is_nobody_else(tmp_path: Path, home: Path) -> None:
    source = '#include <stdlib.h>\nint main(void) { return system("ls /ctx; ps"); }'
    prying = build(tmp_path / "prying", source)
    done = spawn("run", str(prying), "--files", str(home), "--technique", "container")
    assert (done.returncode, done.stderr) == (0, b"")
    refused, _, *processes = done.stdout.decode().splitlines()
    assert refused == "ls: /ctx: no such file or directory"
    assert [line.split()[-1] for line in processes] == ["init", "prying", "sh", "ps"]


@needs_compiler
def test_without_write_back_everything_stays(writer: Path, home: Path) -> None:
    done = spawn("run", str(writer), "--files", str(home), "--", "there", "0", input=b"else")
    assert (done.returncode, done.stdout) == (0, b"3 /files nothing\n")
    assert {path.name: path.read_text() for path in home.iterdir()} == {"there": "there"}


@needs_compiler
@pytest.mark.parametrize("technique", ["bare", "container"])
def test_what_a_program_wrote_comes_home_though_it_was_stopped(tmp_path: Path, home: Path, technique: str) -> None:
    source = '#include <stdio.h>\nint main(void) { fclose(fopen("mark", "w")); for (;;) ; }'
    endless = build(tmp_path / "endless", source)
    limit = ["--max-instructions", "20000000"]
    done = spawn("run", str(endless), "--technique", technique, "--files", str(home), "--write-back", *limit)
    assert done.returncode == 103
    assert sorted(path.name for path in home.iterdir()) == ["mark", "there"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--write-back"], "--write-back says where files come back to"),
        (["--files", ".", "--disk", "x"], "--disk does not go with --files"),
        (["--files", ".", "--stack", "1M"], "--stack does not go with --files"),
        (["--files", ".", "--power-cut", "5"], "--power-cut does not go with --files"),
        (["--files", ".", "--read-only", "--write-back"], "nothing can have changed"),
    ],
)
def test_options_that_do_not_go_together_are_told(capfd: Capture, elf: Path, words: list[str], said: str) -> None:
    done = call(capfd, "run", str(elf), *words)
    assert done.code == 2
    assert said in done.errors


def test_files_go_with_risc_v_programs(capfd: Capture) -> None:
    done = call(capfd, "run", "hello", "--files", ".")
    assert done.code == 2
    assert "--files goes with a RISC-V program; this is none" in done.errors


def test_arguments_have_a_limit(capfd: Capture, elf: Path, home: Path) -> None:
    done = call(capfd, "run", str(elf), "--files", str(home), "--", "x" * 9000)
    assert done.code == 2
    assert "--files takes" in done.errors


def _pipe(home: Path) -> str:
    os.mkfifo(home / "pipe")
    return "pipe: is a device, pipe or socket"


def _large(home: Path) -> str:
    (home / "large").touch()
    os.truncate(home / "large", 100 << 20)
    return f"large: has {100 << 20} bytes; the limit is"


def _long_name(home: Path) -> str:
    (home / ("n" * 59)).touch()
    return "a name of 59 bytes"


def _none(home: Path) -> str:
    (home / "there").unlink()
    home.rmdir()
    return "No such file or directory"


@pytest.mark.parametrize("spoil", [_pipe, _large, _long_name, _none])
def test_what_cannot_be_copied_is_named(capfd: Capture, elf: Path, home: Path, spoil: object) -> None:
    assert callable(spoil)
    said = spoil(home)
    done = call(capfd, "run", str(elf), "--files", str(home))
    assert done.code == 101
    assert said in done.errors


@needs_compiler
@pytest.mark.parametrize("technique", ["bare", "container"])
def test_at_a_terminal_lines_are_edited_and_ctrl_c_ends_the_program(tmp_path: Path, home: Path, technique: str) -> None:
    source = '#include <stdio.h>\nint main(void) { char line[9]; for (;;) printf("<%s>\\n", fgets(line, 9, stdin)); }'
    program = build(tmp_path / "reader", source)
    words = [str(program), "--files", str(home), "--technique", technique]
    with Terminal([sys.executable, "-m", "toyvm", "run", *words]) as terminal:
        terminal.press("ac\x7fb\r")
        terminal.shows("ab\n<ab\n>")
        terminal.press("\x03")
        assert terminal.end() == 99
        assert "exit code is 130" in terminal.text
