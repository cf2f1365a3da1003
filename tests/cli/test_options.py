"""Values of options: lists of names, seconds, counts and symbols, and what is refused of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.commands import call

from toyvm.cli import every_command, parser_of
from toyvm.cli.options import parse_choices, parse_count, parse_defines, parse_seconds
from toyvm.errors import UsageError

_FILES = {"FILE", "DIR", "PROGRAM", "SOURCE", "IMAGE", "ELF"}


def named_files() -> Iterator[list[str]]:
    """A command with no name where it takes that of a file, for each option and argument that does."""
    for command in every_command():
        parser = parser_of(*command)
        for action in (each for each in parser._actions if each.metavar in _FILES):
            others = [each.option_strings[0] for each in parser._actions if each.required and each.option_strings]
            needed = [word for option in others if option not in action.option_strings for word in (option, "x")]
            yield [*command, *action.option_strings[:1], "", *needed]


KNOWN = ("one", "two", "three")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, ["one", "two", "three"]),
        ("two", ["two"]),
        ("three,one", ["three", "one"]),
        (" one , two,", ["one", "two"]),
        ("two,one,two,one", ["two", "one"]),
    ],
)
def test_names_are_taken_in_the_order_given_and_each_once(text: str | None, names: list[str]) -> None:
    assert parse_choices(text, KNOWN, "--of") == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("four", "--of four: there are one, two, three"),
        ("one,four", "--of four: there are one, two, three"),
        ("", "--of: name at least one of one, two, three"),
        (" , ", "--of: name at least one of one, two, three"),
    ],
)
def test_names_that_are_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_choices(text, KNOWN, "--of")
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "seconds"), [(None, None), ("1e-9", 1e-9), ("2.5", 2.5), ("1e300", 1e300)])
def test_seconds_are_any_number_above_0(text: str | None, seconds: float | None) -> None:
    assert parse_seconds(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["0", "-0.0", "-1", "inf", "nan", "1e999", "", "x", "٣"])
def test_what_is_no_number_of_seconds_above_0_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--timeout"):
        parse_seconds(text, "--timeout")


@pytest.mark.parametrize("words", list(named_files()), ids=" ".join)
def test_a_file_without_a_name_is_said_to_be_that(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, *words)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "the name of a file is empty" in done.errors


def test_a_count_is_0_or_more() -> None:
    assert [parse_count(text, "--count") for text in (None, "0", "0x10", "1e3")] == [None, 0, 16, 1000]
    with pytest.raises(UsageError, match="--count -1: it is a count, 0 or more"):
        parse_count("-1", "--count")


def test_a_symbol_is_1_unless_said_and_the_last_value_counts() -> None:
    assert parse_defines(["A", "B=0", "C=-0x10", "A=7"]) == {"A": 7, "B": 0, "C": -16}
    for text in ("", "=1", "1A", "A-B=1", "A=", "A=x"):
        with pytest.raises(UsageError, match="-D"):
            parse_defines([text])
