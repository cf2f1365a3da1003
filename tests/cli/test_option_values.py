"""Values of options at their edges, what each option of a technique comes to, and what keys become on a terminal."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path

import pytest
from support.commands import call

from toyvm.cli import every_command, lab, parser_of, width
from toyvm.cli.options import add_technique_options, parse_count, parse_defines, parse_seconds, variant_of
from toyvm.cli.outputs import check_kept, check_outputs
from toyvm.cli.terminal import TerminalInput, standard_input
from toyvm.errors import UsageError
from toyvm.isa.machine import Level
from toyvm.techniques import COMPARED, SYSTEM_NAMES, facts_of

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_each_option_and_argument_has_a_word_of_help(command: tuple[str, ...]) -> None:
    """Or is hidden on purpose, being taken so as to be refused."""
    assert all(action.help for action in parser_of(*command)._actions)


@pytest.mark.parametrize(("text", "value"), [(None, None), ("0", 0), ("5e6", 5_000_000), ("0x10", 16)])
def test_a_count_is_0_or_more(text: str | None, value: int | None) -> None:
    assert parse_count(text, "--of") == value
    with pytest.raises(UsageError, match="--of -1: it is a count, 0 or more"):
        parse_count("-1", "--of")


def test_seconds_are_above_0_and_finite() -> None:
    assert (parse_seconds(None, "--of"), parse_seconds("1e-9", "--of"), parse_seconds("2.5", "--of")) == (
        None,
        1e-9,
        2.5,
    )
    for text in ("0", "-1", "inf", "nan"):
        with pytest.raises(UsageError, match=f"--of {text}: it takes a number of seconds above 0"):
            parse_seconds(text, "--of")


def test_a_symbol_without_a_value_is_1_and_the_last_of_a_name_holds() -> None:
    assert parse_defines(["A", "B=0x10", "B=3", "_c.d$=-1"]) == {"A": 1, "B": 3, "_c.d$": -1}
    for text, message in (("1a", "-D 1a: '1a' is no symbol's name"), ("A=", "-D A: "), ("=3", "'' is no symbol")):
        with pytest.raises(UsageError, match=message):
            parse_defines([text])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "bare"),
        (("--technique", "trap"), "trap"),
        (("--technique", "trap", "--hypercalls"), "trap+hypercalls"),
        (("--technique", "trap", "--shadow", "flush"), "trap+flush"),
        (("--technique", "trap+flush", "--hypercalls"), "trap+flush+hypercalls"),
        (("--technique", "trap", "--shadow", "cached"), "trap"),
        (("--technique", "assist", "--nested", "off"), "assist+shadow"),
        (("--technique", "rewrite", "--rewriting", "adaptive"), "rewrite+adaptive"),
    ],
)
def test_an_option_of_a_technique_is_part_of_its_name(words: tuple[str, ...], name: str) -> None:
    parser = argparse.ArgumentParser()
    add_technique_options(parser)
    assert variant_of(parser.parse_args(words)).name == name


@pytest.mark.parametrize("level", [None, *Level])
def test_the_lab_compares_what_exists_on_the_hardware(level: Level | None) -> None:
    chosen = lab._techniques(argparse.Namespace(technique=None, hardware=level))
    every = (*COMPARED, *SYSTEM_NAMES)
    assert chosen == [name for name in every if level is None or level in facts_of(name).levels]
    assert (len(chosen) == len(every)) == (level in (None, Level.ASSIST))


def test_the_lab_takes_techniques_each_once_and_by_their_full_names() -> None:
    chosen = lab._techniques(argparse.Namespace(technique=" trap+flush,bare ,,trap+flush", hardware=None))
    assert chosen == ["trap+flush", "bare"]


# Files that are written.


def test_two_outputs_may_be_one_device_but_no_one_file(tmp_path: Path) -> None:
    check_outputs({"--report": "/dev/null", "--record": "/dev/null"})
    check_outputs({"--report": str(tmp_path / "one"), "--record": str(tmp_path / "two"), "-o": None})
    (tmp_path / "link").symlink_to(tmp_path / "one")
    for there in (False, True):
        if there:
            (tmp_path / "one").touch()
        with pytest.raises(UsageError, match=r"--record .*link: --report writes that file"):
            check_outputs({"--report": str(tmp_path / "one"), "--record": str(tmp_path / "link")})


def test_an_output_may_be_no_file_that_is_read_by_whatever_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    check_kept({"-o": str(file)}, (file,))
    file.touch()
    (tmp_path / "link").symlink_to(file)
    check_kept({"-o": None, "-r": str(tmp_path / "other")}, (file, None, tmp_path))
    check_kept({"-o": "/dev/null"}, ("/dev/null",))
    for name in ("file", "link"):
        with pytest.raises(UsageError, match=f"-o .*{name}: that would overwrite"):
            check_kept({"-o": str(tmp_path / name)}, (None, str(file)))


# Terminals.


def test_control_d_ends_the_input_behind_what_was_typed_before_it() -> None:
    read, write = os.pipe()
    keys = TerminalInput(read)
    assert keys.live
    assert keys.fetch(100, 0) is None
    os.write(write, b"ab")
    assert keys.fetch(100, 0) == b"ab"
    os.write(write, b"cd\x04ef")
    assert [keys.fetch(100, 0) for _ in range(4)] == [b"cd", b"", None, None]
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("before", [b"", b"x"])
def test_a_terminal_that_goes_away_is_at_its_end(before: bytes) -> None:
    read, write = os.pipe()
    keys = TerminalInput(read)
    os.write(write, before)
    os.close(write)
    assert b"".join(iter(lambda: keys.fetch(1, 0) or b"", b"")) == before
    os.close(read)
    gone = TerminalInput(os.open("/dev/null", os.O_RDONLY))
    os.close(gone._descriptor)
    assert gone.fetch(1, 0) == b""


def test_a_standard_input_that_is_closed_or_none_is_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as closed:
        pass
    for stream in (None, closed):
        monkeypatch.setattr("sys.stdin", stream)
        source = standard_input()
        assert (source.live, source.fetch(1, 0)) == (False, b"")


@pytest.mark.parametrize(
    ("said", "columns", "used"),
    [("", 0, 80), ("", 39, 40), ("", 90, 90), ("", 200, 100), ("60", 90, 60), ("0", 90, 80), ("wide", 90, 90)],
)
def test_help_is_as_wide_as_can_be_read(monkeypatch: pytest.MonkeyPatch, said: str, columns: int, used: int) -> None:
    monkeypatch.setenv("COLUMNS", said)
    monkeypatch.setattr(width.os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    assert width.help_width() == used


def test_what_is_searched_for_is_found_in_any_case_with_page_and_line(capfd: Capture) -> None:
    done = call(capfd, "docs", "glossary", "--search", "TABLES monitor")
    assert done.code == 0
    page = (Path(import_module("toyvm").__file__ or "").parent / "docs" / "glossary.md").read_text().splitlines()
    for line in done.output.splitlines():
        topic, number, text = line.split(":", 2)
        assert topic == "glossary"
        assert page[int(number) - 1].strip() == text.strip()
        assert all(word in text.casefold() for word in ("tables", "monitor"))
    both = [line for line in page if "tables" in line.casefold() and "monitor" in line.casefold()]
    assert len(done.output.splitlines()) == len(both)
    assert call(capfd, "docs", "--search", " ").errors == "toyvm: --search takes a word or several\n"
    assert "has 'xyzzyx'" in call(capfd, "docs", "--search", "xyzzyx").errors
