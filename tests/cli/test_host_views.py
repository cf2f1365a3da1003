"""The rows of `toyvm host`'s screen and table, without a terminal: as wide and as many as there is room for."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.cli.host.columns import columns, fitted, padded, wrapped
from toyvm.cli.host.console import KEPT, KeptOutput, TypedInput
from toyvm.cli.host.display import Line, Style
from toyvm.cli.host.keys import CLOSES, last_line
from toyvm.cli.host.table import (
    _COLUMNS,
    Row,
    _cell,
    columns_for,
    show_bytes,
    show_count,
    show_part,
    show_seconds,
    show_share,
    table,
)
from toyvm.cli.host.teletype import last_rows
from toyvm.cli.host.views import TableView, console_lines, keys_lines
from toyvm.host.accounts import GuestAccount, HostAccount

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


# The table.


def row(**changes: object) -> Row:
    facts = {
        "name": "a-guest-with-a-long-name",
        "technique": "rewrite+adaptive",
        "condition": "ready",
        "share": 1_000_000,
        "cap": 100,
        "share_got": 1.0,
        "instructions": 123_456_789_012_345,
        "seconds": 12_345.678,
        "exits": 999_999_999,
        "memory": 1 << 40,
        "memory_used": (1 << 30) - 1,
        "memory_monitor": 123_456_789,
        **changes,
    }
    return Row(GuestAccount(**facts), "exit 99", 1e9, "the last line of its output, which is long" * 9)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
def test_a_table_is_as_wide_as_there_is_room(width: int) -> None:
    lines = table([row(), row(name="b")], width, "b")
    assert max(map(len, lines)) <= width
    assert lines[2].startswith("> b")
    assert ("last line" in lines[0]) == (width == 200 or "the last" in lines[1])


def test_a_table_has_as_many_columns_as_there_is_room_for_and_each_whole() -> None:
    counts = []
    for width in range(15, 200):
        columns = columns_for(width)
        heading, line = table([row()], width)
        assert heading.startswith("  " + " ".join(_cell(column, column.heading) for column in columns).rstrip())
        assert line.startswith("  " + " ".join(_cell(column, column.text(row())) for column in columns).rstrip())
        counts.append(len(columns))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, len(_COLUMNS))


def test_figures_fit_their_columns() -> None:
    for value in (0, 9, 999, 999.6, 1_000, 99_949, 99_950, 102_399, 999_499, 999_500, 10**9, 5 * 10**14):
        assert len(show_count(value)) <= 5
        assert len(show_bytes(int(value))) <= 5
        assert len(show_share(int(value))) <= 5
    for part in (0, 0.1, 0.99949, 0.9996, 1):
        assert len(show_part(part)) <= 5
    for seconds in (0, 999.994, 999.995, 999_999.4):
        assert len(show_seconds(seconds)) <= 6
    assert (show_count(1_234_567), show_bytes(16 << 20), show_bytes(1_500_000)) == ("1.2M", "16M", "1.4M")


# The screen.


def view(guests: int, chosen: int, **changes: object) -> TableView:
    rows = [row(name=f"guest-{number}") for number in range(guests)]
    account = HostAccount(
        10**12, 10**11, 1234.5, 99.9, 1 << 40, 1 << 39, 1 << 38, 1 << 30, tuple(r.account for r in rows)
    )
    fields = {"output": b"what it wrote\n" * 99, "message": "told", "typed": None, **changes}
    return TableView(account, 1e9, rows, chosen, **fields)  # type: ignore[arg-type]


def text_of(lines: list[Line]) -> list[str]:
    return [text for text, _ in lines]


@pytest.mark.parametrize("guests", [1, 3, 12, 40, 1000])
def test_a_screen_has_as_many_rows_as_there_are_and_the_chosen_guest_on_one(guests: int) -> None:
    for height in (*range(1, 60), 200):
        for chosen in {0, guests // 2, guests - 1}:
            for first in {0, guests - 1, chosen}:
                lines, found = view(guests, chosen).lines(first, 80, height)
                assert len(lines) == height
                marked = [text for text, style in lines if style is Style.MARKED]
                assert [text.split()[:2] for text in marked] == [[">", f"guest-{chosen}"]]
                assert 0 <= found <= chosen
                again, same = view(guests, chosen).lines(found, 80, height)
                assert (again, same) == (lines, found), "what is drawn again stays where it is"


@pytest.mark.parametrize("height", [2, 5, 11, 24, 60])
def test_a_guest_s_console_has_what_room_the_table_leaves_and_some_in_any_case(height: int) -> None:
    for guests in (1, 12, 300):
        lines = text_of(view(guests, 0).lines(0, 80, height)[0])
        shown = sum(line[2:].startswith("guest-") for line in lines)
        written = lines.count("  what it wrote")
        assert shown == min(guests, shown)
        assert (written > 2) == (height >= 24)
        assert shown == guests or guests - shown > 0
        if height == 60 and guests < 40:
            assert shown == guests


def test_what_is_typed_can_be_seen_on_any_screen() -> None:
    for height in range(1, 30):
        lines = text_of(view(3, 0, typed="stop g").lines(0, 80, height)[0])
        assert any(line.startswith(":stop g_") for line in lines)
        lines = text_of(view(3, 0, typed="send g " + "word" * 20 + " end").lines(0, 80, height)[0])
        assert any(line.endswith("wordword end_") and columns(line) == 80 for line in lines)


def test_the_last_line_begins_with_the_way_to_the_keys() -> None:
    for width in range(6, 200):
        assert last_line(width).startswith("? keys")
        assert len(last_line(width)) <= width
    assert last_line(5) == ""


@pytest.mark.parametrize("height", range(1, 40))
def test_the_keys_and_a_console_leave_the_last_row_for_the_way_back(height: int) -> None:
    keys = keys_lines(height)
    assert len(keys) == height
    assert keys[-1] == (CLOSES, Style.MARKED)
    lines, cursor = console_lines(b"line\n" * 3 + b"end", "the way", 80, height)
    assert len(lines) == height
    assert lines[-1] == ("the way", Style.MARKED)
    assert cursor == (None if height == 1 else (min(height - 2, 3), 3))


# A console as a teletype.


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", [""]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two", ""]),
        (b"10%\r20%\rx", ["x0%"]),
        (b"ab\b\bX\b\b\b\bY", ["Yb"]),
        (b"a\tb\n12345678\tc", ["a       b", "12345678  ", "      c"]),
        (b"bell\a", ["bell"]),
        (b"gone\n\x1b[H\x1b[2Jtop\n", ["top", ""]),
        (b"\x1b[2J\x1b[Hgone\n\x1b[H\x1b[Jtop", ["top"]),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b(Bplain\x1b7\x1b[?25l", ["red plain"]),
        (b"\x1b]0;no end", ["\\x1b]0;no ", "end"]),
        (b"\x00\x7f\xff", ["\\x00\\x7f\ufffd"]),
        (b"0123456789abc", ["0123456789", "abc"]),
        ("äöü東京東京東京".encode(), ["äöü東京東", "京東京"]),
    ],
)
def test_a_console_s_rows(data: bytes, rows: list[str]) -> None:
    assert last_rows(data, 10, 9)[0] == rows


@given(st.binary(max_size=300), st.integers(1, 30), st.integers(1, 10))
def test_rows_of_whatever_a_guest_writes_fit_and_can_be_printed(data: bytes, width: int, height: int) -> None:
    rows, column = last_rows(data, width, height)
    assert 1 <= len(rows) <= height
    assert all(row.isprintable() and columns(row) <= width for row in rows)
    assert 0 <= column < width


def test_the_end_of_much_output_is_shown_from_where_a_line_begins() -> None:
    data = b"".join(b"line %d\n" % number for number in range(100_000))
    assert last_rows(data, 80, 3) == (["line 99998", "line 99999", ""], 0)
    rows, _ = last_rows(b"x" * 100_000, 10, 3)
    assert rows == ["x" * 10] * 3


@given(LETTERS, st.integers(1, 30))
def test_text_is_wrapped_whole_and_fitted_from_its_beginning(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert all(columns(row) <= width for row in rows)
    if width > 1:
        assert "".join(rows) == text
        assert text.startswith(fitted(text, width))
    assert (
        columns(padded(fitted(text, width), width)) == columns(padded(fitted(text, width), width, left=False)) == width
    )


# Consoles.


def test_the_end_of_what_is_typed_comes_once_and_after_all_of_it() -> None:
    typed = TypedInput()
    assert typed.fetch(10, 0) is None
    typed.type(b"abc")
    typed.end()
    typed.type(b"de")
    assert [typed.fetch(4, 0) for _ in range(5)] == [b"abcd", b"e", b"", None, None]


def test_keys_end_the_input_of_a_guest_that_does_not_have_them_all() -> None:
    typed = TypedInput()
    typed.press(b"a\rb\x04c")
    assert [typed.fetch(9, 0) for _ in range(3)] == [b"a\nb", b"", None]
    typed = TypedInput(has_all_keys=True)
    typed.press(b"a\rb\x04c")
    assert [typed.fetch(9, 0) for _ in range(2)] == [b"a\nb\x04c", None]


def test_of_a_guest_s_output_the_end_is_kept_and_all_of_it_passed_on() -> None:
    file = io.BytesIO()
    output = KeptOutput(file)
    parts = [bytes([n % 256]) * 1000 for n in range(100)]
    for part in parts:
        assert output.write(part) == 1000
    assert output.kept == b"".join(parts)[-KEPT:]
    assert file.getvalue() == b"".join(parts)
    assert output.written == len(b"".join(parts))
