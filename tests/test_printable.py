"""Printing what others wrote: no name or source line of theirs reaches a terminal as anything but text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm import Machine
from toyvm.asm import assemble, assemble_text
from toyvm.asm.disassembler import disassemble_image, disassemble_word
from toyvm.asm.source import Source
from toyvm.cli import main
from toyvm.cli.host.console import KeptOutput
from toyvm.cli.saying import say
from toyvm.errors import AssemblyError, Diagnostic
from toyvm.image import Image, LineTable, Location
from toyvm.printable import printable

# A colour, a window's title, a turn of direction, a bell, a line feed, an invisible letter, and half of a pair.
EVIL = "n\x1b[31m\x1b]0;t\x07\u202e\x9b2J\n\u200b\udcff\r"
Capture = pytest.CaptureFixture[str]


@given(st.text())
def test_what_is_printable_is_left_alone_and_the_rest_escaped(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()


@given(st.text(alphabet="\t\n\x1ba "))
def test_what_is_to_be_kept_is_kept(text: str) -> None:
    assert printable(text, keep="\t\n") == text.replace("\x1b", "\\x1b")


@pytest.mark.parametrize("letter", EVIL[1:2] + EVIL[-8:].replace("2J", ""))
def test_an_escape_shows_what_it_stands_for(letter: str) -> None:
    assert printable(letter) == letter.encode("unicode_escape", "surrogatepass").decode()


def is_text(text: str) -> bool:
    return all(line.replace("\t", "").isprintable() for line in text.split("\n"))


def evil_image(text: str = "_start: nop\nnop\nunimp") -> Image:
    """An image all of whose names are evil."""
    image = assemble_text(text).image
    symbols = tuple(symbol._replace(name=EVIL) for symbol in image.symbols)
    lines = image.lines
    return image._replace(symbols=symbols, lines=LineTable((EVIL,), *lines[1:]))


def test_a_place_is_text() -> None:
    location = evil_image().locate(0x1004)
    assert location.symbol == EVIL
    assert is_text(str(location))
    assert str(location).count("\n") == 0
    assert is_text(str(Location(None, None, EVIL, 3)))


def test_a_disassembly_is_text() -> None:
    assert is_text(disassemble_image(evil_image()))
    jump = assemble_text("j .").image.segments[0].data
    assert disassemble_word(int.from_bytes(jump, "little"), 0, lambda _: EVIL).isprintable()


def test_the_report_on_a_guest_is_text() -> None:
    with Machine("1M") as machine:
        machine.load(evil_image("_start: nop\nj 1f\n1: unimp"))
        outcome = machine.run(max_instructions=100)
    assert "x1b[31m" in outcome.report
    assert is_text(outcome.report)
    assert is_text(outcome.detail)


def test_complaints_about_a_source_are_text() -> None:
    text = '\tld a0, a1 # \x1b[31m\u202e\n.error "\x1b]0;t\x07"\n.include "\x1bx"\n.warning "\x1b"\n\x9bq \x1b'
    with pytest.raises(AssemblyError) as caught:
        assemble([Source(EVIL, text)])
    assert is_text(str(caught.value))
    # A warning and four errors of three lines each, a hint, and how many errors: nothing in the source has broken one.
    assert len(str(caught.value).splitlines()) == 17


def test_warnings_and_prints_are_text() -> None:
    assert all(map(is_text, assemble_text('nop\n.warning "\x1b[31m"\n.print "\x1b\x07"').messages))


def test_the_caret_stands_under_what_it_is_about() -> None:
    shown = str(Diagnostic("t.s", 1, 6, "m", "a\x1bb, cd", 2)).split("\n")
    assert shown[1].index("cd") == shown[2].index("^~")
    assert str(Diagnostic("t.s", 1, 2, "m", "a\x1bb", 1)).split("\n")[2].strip() == "^~~~"


def test_a_listing_is_text() -> None:
    listing = assemble([Source(EVIL, "f:\tnop # \x1b[31m\u202e\n")]).listing()
    assert is_text(listing)
    assert "\tnop # \\x1b[31m\\u202e" in listing


def test_the_last_line_of_a_guests_output_is_text() -> None:
    output = KeptOutput()
    output.write(b"a\n\x1b[31mred\x1b]0;t\x07\n\n")
    assert output.last_line == "\\x1b[31mred\\x1b]0;t\\x07"


def test_what_commands_say_is_text(capsys: Capture) -> None:
    say(f"{EVIL} two\n\tlines")
    said = capsys.readouterr().err
    assert is_text(said)
    assert said.endswith(" two\n\tlines\n")


@pytest.mark.parametrize("words", [["dis"], ["run"], ["asm", "-o", "x.img"], ["import", "-o", "x.img"], ["host"]])
def test_the_name_of_a_file_that_is_not_there_is_text(words: list[str], capsys: Capture, tmp_path: Path) -> None:
    assert main([*words, str(tmp_path / "\x1b[31m\udcff")]) in (2, 101)
    assert is_text(capsys.readouterr().err)


def test_a_wrong_word_is_text(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--\x1b[31m", "hello"])
    assert is_text(capsys.readouterr().err)


def test_an_image_that_is_not_what_it_seems_is_text(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "evil.img"
    path.write_bytes(evil_image("_start: nop\nj 1f\n1: unimp").to_bytes())
    assert main(["run", str(path)]) == 102
    assert is_text(capsys.readouterr().err)
    assert main(["dis", str(path)]) == 0
    assert is_text(capsys.readouterr().out)
    assert main(["rewritten", str(path)]) in (0, 2)
    assert is_text(capsys.readouterr().out)


def test_a_source_whose_name_is_not_utf8_is_refused_as_text(tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "a\udcff.s"
    source.write_text("f: nop\n")
    assert main(["asm", str(source), "-o", str(tmp_path / "a.img"), "--listing", str(tmp_path / "a.lst")]) == 101
    said = capsys.readouterr().err
    assert "a\\udcff.s: its name is not UTF-8" in said
    assert is_text(said)
    assert not (tmp_path / "a.img").exists()


def test_a_text_may_have_any_name_and_its_image_one_that_is_text() -> None:
    image = assemble([Source("a\udcff\x1b.s", "f: nop\n")]).image
    assert Image.from_bytes(image.to_bytes()).lines.files == ("a\\udcff\\x1b.s",)


def test_what_is_underlined_is_as_wide_as_it_is_shown() -> None:
    line = "\tab\x1bcd ef"
    text = Diagnostic("f.s", 3, 3, "no", line, 3).text("error")
    assert text.split("\n") == ["f.s:3:3: error: no", "    \tab\\x1bcd ef", "    \t ^" + "~" * 5]
    assert Diagnostic("f.s", 3, 7, "no", line, 1).text("warning").split("\n")[2] == "    \t" + " " * 8 + "^"
