"""Source lines: an image names files, and its user says which of them are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toyvm.asm import assemble
from toyvm.asm.disassembler import disassemble_image
from toyvm.asm.source_lines import SourceLines
from toyvm.cli import main
from toyvm.image import Image
from toyvm.limits import MAXIMUM_SHOWN_SOURCE_BYTES
from toyvm.paths import guests_directory

TEXT = "first\nsecond\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, which has a neighbour."""
    for name in ("here/inner", "here/.hidden", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("here/a.s", "here/inner/b.s", "here/.hidden/c.s", "here/.d", "elsewhere/e.s"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "here/leads-out").symlink_to(tmp_path / "elsewhere/e.s")
    (tmp_path / "elsewhere/leads-in").symlink_to(tmp_path / "here/a.s")
    os.mkfifo(tmp_path / "here/pipe")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


SHOWN = ("a.s", "inner/b.s", "./inner/../a.s", "../here/a.s", "../elsewhere/leads-in")
NOT_SHOWN = (
    *("../elsewhere/e.s", "leads-out", ".hidden/c.s", ".d", "pipe", "inner", "", "a\0b", "missing", "/etc/passwd"),
    *("/dev/zero", "/proc/self/environ", "x" * 5000, "a.s/b"),
)


@pytest.mark.parametrize("name", SHOWN)
def test_lines_of_files_beneath_the_current_directory_are_shown(here: Path, name: str) -> None:
    assert SourceLines().line(name, 2) == "second"
    assert SourceLines().line(str(here / name), 2) == "second"


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_lines_of_other_files_are_not(here: Path, name: str) -> None:
    assert SourceLines().line(name, 1) == ""


@pytest.mark.parametrize("number", [0, -1, 4, 1 << 40])
def test_a_line_that_is_not_there_is_empty(here: Path, number: int) -> None:
    assert SourceLines().line("a.s", number) == ""


def test_a_directory_that_the_user_names_is_looked_in_too(here: Path) -> None:
    elsewhere = here.parent / "elsewhere"
    assert SourceLines([elsewhere]).line(str(elsewhere / "e.s"), 1) == "first"
    assert SourceLines([elsewhere]).line("e.s", 1) == "first"
    assert SourceLines([Path("../elsewhere")]).line("leads-out", 1) == "first"


def test_lines_of_shipped_guests_are_shown(here: Path) -> None:
    assert SourceLines().line(str(guests_directory() / "hello.s"), 1)


def test_what_a_name_withholds_is_told(here: Path) -> None:
    lines = SourceLines()
    lines.line("../elsewhere/e.s", 1)
    lines.line("missing", 1)
    assert lines.withheld == ["../elsewhere/e.s"]


def test_a_source_beyond_the_bound_is_not_read(here: Path) -> None:
    (here / "big.s").write_text("x\n")
    os.truncate(here / "big.s", MAXIMUM_SHOWN_SOURCE_BYTES + 1)
    assert SourceLines().line("big.s", 1) == ""
    os.truncate(here / "big.s", MAXIMUM_SHOWN_SOURCE_BYTES)
    assert SourceLines().line("big.s", 1) == "x"


def test_sources_have_one_bound_together_by_however_many_names(here: Path) -> None:
    (here / "half.s").write_text("x\n")
    os.truncate(here / "half.s", MAXIMUM_SHOWN_SOURCE_BYTES // 2)
    lines = SourceLines()
    assert [lines.line("./" * n + "half.s", 1) for n in range(4)] == ["x", "x", "", ""]


def image_of(folder: Path) -> Image:
    (folder / "own.s").write_text("f: nop # secret\n")
    return assemble([folder / "own.s"]).image


def test_a_disassembly_shows_no_line_of_a_file_elsewhere_and_says_how_to(here: Path) -> None:
    image = image_of(here.parent / "elsewhere")
    assert "secret" not in disassemble_image(image)
    assert "own.s is not shown: it lies elsewhere than beneath this directory" in disassemble_image(image)
    assert "secret" in disassemble_image(image, [here.parent / "elsewhere"])
    assert "is not shown" not in disassemble_image(image_of(here))


def test_dis_takes_the_directories_of_sources(here: Path, capsys: Capture) -> None:
    image_of(here.parent / "elsewhere").save("a.img")
    assert main(["dis", "a.img", "--source", "../elsewhere"]) == 0
    assert "f: nop # secret" in capsys.readouterr().out


def test_dis_and_run_say_how_a_source_becomes_what_they_take(here: Path, capsys: Capture) -> None:
    (here / "m.s").write_text("f: nop\n")
    assert main(["dis", "m.s"]) == 2
    assert "m.s is a source; dis takes an image: toyvm asm m.s -o m.img" in capsys.readouterr().err
    assert main(["run", "m.s", "a.s"]) == 2
    assert "run takes one source; for several: toyvm asm m.s a.s -o all.img" in capsys.readouterr().err


def test_a_line_that_is_not_in_the_file_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text("first\nlast")
    lines = SourceLines([tmp_path])
    assert [lines.line("a.s", number) for number in (-1, 0, 1, 2, 3)] == ["", "", "first", "last", ""]
