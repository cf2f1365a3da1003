"""What commands write, and where they must not: over their own sources, or where it cannot be written at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, call

from toyvm.replacing import Draft

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
