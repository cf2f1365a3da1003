"""Help: set in the reader's width, words whole, names apart from what is said of them, options under headings."""

from __future__ import annotations

import re

import pytest
from support.commands import call, spawn

from toyvm.cli import COMMANDS

Capture = pytest.CaptureFixture[str]
EVERY = [(), *((name,) for name in COMMANDS)]
WIDTHS = [60, 80, 120]
WIDE = 100  # more is not used, whatever there is
UNBROKEN = 10_000
for_all = pytest.mark.parametrize("command", EVERY, ids=lambda words: "".join(words) or "toyvm")


def help_of(capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], width: int) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    done = call(capfd, *command, "--help")
    assert (done.code, done.errors) == (0, "")
    return done.output


@for_all
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_reader_has(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], width: int
) -> None:
    lengths = [len(line) for line in help_of(capfd, monkeypatch, command, width).splitlines()]
    assert max(lengths) <= min(width, WIDE)


@for_all
def test_no_word_is_broken_in_two(capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("toyvm.cli.width.HELP_WIDEST", UNBROKEN)
        whole = help_of(capfd, patch, command, UNBROKEN).split()
    for width in range(40, WIDE + 1):
        assert help_of(capfd, monkeypatch, command, width).split() == whole, f"in {width} columns"


@for_all
def test_a_name_stands_apart_from_what_is_said_of_it(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    listed = re.findall(r"^  (-\S.*)$", help_of(capfd, monkeypatch, command, 80), re.MULTILINE)
    assert listed
    for line in listed:
        name, _, text = line.partition("  ")
        assert text.strip() or len(name) > 20, f"{line!r} runs into its name"


def test_each_command_stands_apart_from_what_it_does(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = help_of(capfd, monkeypatch, (), 80).splitlines()
    for name, what in COMMANDS.items():
        assert any(re.fullmatch(rf"  {name}  +{re.escape(what)}", line) for line in lines), name


@for_all
def test_many_options_stand_under_headings_of_a_few(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    blocks = help_of(capfd, monkeypatch, command, 80).split("\n\n")
    counts = [len(re.findall(r"^  -", block, re.MULTILINE)) for block in blocks]
    assert max(counts) <= 9


def test_rewritten_offers_only_what_makes_sense_there(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def options(command: str) -> set[str]:
        return set(re.findall(r"^  (--[a-z-]+|-[A-Z])", help_of(capfd, monkeypatch, (command,), 80), re.MULTILINE))

    left_out = {"--technique", "--nested", "--report", "--record", "--replay", "--list", "--files", "--write-back"}
    left_out |= {"--power-cut", "--power-cut-media", "--power-cut-seed", "--tlb"}
    assert options("run") - options("rewritten") == left_out
    assert "reference" not in help_of(capfd, monkeypatch, ("rewritten",), 80)


def test_help_in_a_pipe_has_80_columns() -> None:
    lines = spawn("run", "--help", env={"PATH": ""}).stdout.decode().splitlines()
    assert 70 < max(map(len, lines)) <= 80
