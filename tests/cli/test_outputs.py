"""What commands write, and where they must not: over their own sources, or where it cannot be written at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ROOT, call

from toyvm.files.replacing import Draft

Capture = pytest.CaptureFixture[str]
SOURCE = "_start: li a0, 0\n out 8, a0\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "guest.s"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("option", ["-o", "--listing"])
@pytest.mark.parametrize("victim", ["guest.s", "part.inc", "data.bin", "link"])
def test_an_image_or_listing_never_overwrites_what_it_is_made_from(
    capfd: Capture, source: Path, option: str, victim: str
) -> None:
    folder = source.parent
    (folder / "part.inc").write_text("nop\n")
    (folder / "data.bin").write_bytes(b"abcd")
    (folder / "link").symlink_to(source)
    source.write_text(SOURCE + '.include "part.inc"\n.incbin "data.bin"\n')
    before = {path: path.read_bytes() for path in folder.iterdir()}
    places = {"-o": str(folder / "image")} | {option: str(folder / victim)}
    done = call(capfd, "asm", str(source), *[word for place in places.items() for word in place])
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "would overwrite" in done.errors
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_image_and_listing_are_two_files(capfd: Capture, source: Path) -> None:
    place = str(source.parent / "both")
    done = call(capfd, "asm", str(source), "-o", place, "--listing", place)
    assert (done.code, os.listdir(source.parent)) == (2, ["guest.s"])


@pytest.mark.parametrize("option", ["--report", "--record"])
@pytest.mark.parametrize("place", ["missing/file", ".", "guest.s"])
def test_what_cannot_be_written_after_the_run_is_refused_before_it(
    capfd: Capture, source: Path, option: str, place: str
) -> None:
    source.write_text("_start: li a0, 'x'\n out 0, a0\n li a0, 0\n out 8, a0\n")
    done = call(capfd, "run", str(source), option, str(source.parent / place))
    assert (done.code, done.output, done.errors.count("\n")) == (2 if place == "guest.s" else 101, "", 1)
    assert os.listdir(source.parent) == ["guest.s"]


def test_a_file_in_a_directory_that_may_not_be_written_is_refused_before_the_run(
    capfd: Capture, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Draft) -> int:  # as it would be for everybody but root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Draft, "_open", refuse)
    done = call(capfd, "run", str(source), "--report", str(source.parent / "report"))
    assert (done.code, done.output) == (101, "")
    assert done.errors.endswith("report: Permission denied\n")


def test_the_lab_refuses_a_record_that_cannot_be_written_before_it_measures(capfd: Capture, tmp_path: Path) -> None:
    done = call(capfd, "lab", "--json", str(tmp_path / "missing" / "file"))
    assert (done.code, done.output, done.errors.count("\n")) == (101, "", 1)


@pytest.mark.parametrize("words", [("run", "hello"), ("isa",), ("lab",), ("--help",)])
def test_a_closed_output_is_said_at_once_with_101(words: tuple[str, ...]) -> None:
    script = f"exec {sys.executable} -m toyvm {' '.join(words)} >&-"
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (101, 1)
    assert b"standard output is closed" in done.stderr


def test_closed_errors_and_input_are_done_without(source: Path) -> None:
    source.write_text("bogus\n")
    script = f"exec {sys.executable} -m toyvm run {source} 2>&- <&-"
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (100, b"")


def test_an_empty_disk_is_refused_in_one_line(capfd: Capture, source: Path) -> None:
    (source.parent / "disk").touch()
    done = call(capfd, "run", str(source), "--disk", str(source.parent / "disk"))
    assert (done.code, done.errors.count("\n")) == (101, 1)
    assert "is empty" in done.errors


WRITES = """
_start:
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t0, t0, 2
    beqz t0, 1b
    li   a0, 0
    out  8, a0
"""


def commands_that_write(folder: Path) -> dict[str, tuple[str, ...]]:
    """Every option of a command that names a file to be written, with the rest of the command before it."""
    guest = str(folder / "guest.s")
    return {
        "image": ("asm", guest, "-o"),
        "listing": ("asm", guest, "-o", str(folder / "other"), "--listing"),
        "report": ("run", guest, "--report"),
        "record": ("run", guest, "--record"),
        "disk": ("run", guest, "--disk"),
        "rewritten": ("run", guest, "--technique", "rewrite", "--disk"),
        "lab": ("lab", "crwrite", "--technique", "bare", "--quick", "--repeats", "1", "--json"),
    }


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
@pytest.mark.parametrize("what", commands_that_write(Path()))
def test_a_file_that_is_written_anew_keeps_its_mode(capfd: Capture, tmp_path: Path, what: str, mode: int) -> None:
    (tmp_path / "guest.s").write_text(WRITES if "--disk" in commands_that_write(tmp_path)[what] else SOURCE)
    file = tmp_path / "file"
    file.write_bytes(b"\xff" * 1024)
    file.chmod(mode)
    assert call(capfd, *commands_that_write(tmp_path)[what], str(file)).code == 0
    assert file.read_bytes() != b"\xff" * 1024
    assert file.stat().st_mode & 0o7777 == mode
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_a_new_file_has_the_mode_that_the_user_s_mask_leaves(capfd: Capture, tmp_path: Path) -> None:
    (tmp_path / "guest.s").write_text(SOURCE)
    before = os.umask(0o027)
    try:
        assert call(capfd, "asm", str(tmp_path / "guest.s"), "-o", str(tmp_path / "image")).code == 0
    finally:
        os.umask(before)
    assert (tmp_path / "image").stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("output", ["--report", "--record"])
@pytest.mark.parametrize("victim", ["--disk", "--input", "--replay"])
def test_what_a_run_leaves_never_overwrites_what_it_was_given(
    capfd: Capture, source: Path, output: str, victim: str
) -> None:
    file = source.parent / "file"
    file.write_bytes(bytes(1024))
    done = call(capfd, "run", str(source), victim, str(file), output, str(file))
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "would overwrite" in done.errors
    assert file.read_bytes() == bytes(1024)


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "escapes", "--cases", "1", "--regressions"),
        ("classify", "--hardware", "strict", "--output"),
        ("lab", "syscall", "--svg"),
    ],
)
def test_a_file_where_a_folder_is_wanted_is_refused_before_anything_is_done(
    capfd: Capture, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("kept")
    done = call(capfd, *words, str(tmp_path / "file"))
    assert (done.code, done.output) == (101, "")
    assert done.errors == f"toyvm: {tmp_path}/file: is a file, where a folder is wanted\n"
