"""The table of a host's guests and its summary: each figure in its own column, and rounded as it should be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from toyvm.cli.host.table import Row, columns_for, show_bytes, show_count, summary, table
from toyvm.host.accounts import GuestAccount, HostAccount

ACCOUNT = GuestAccount(
    name="web",
    technique="trap+flush",
    condition="ready",
    share=300,
    cap=99,
    share_got=0.1234,
    instructions=5_600_000,
    seconds=7.891,
    exits=4_321,
    memory=32 << 20,
    memory_used=16 << 20,
    memory_monitor=40 << 10,
)
HOST = HostAccount(
    clock=2_000_000,
    idle=500_000,
    seconds=4.0,
    seconds_monitor=1.0,
    memory=64 << 20,
    memory_free=32 << 20,
    memory_used=16 << 20,
    memory_monitor=8 << 10,
    guests=(ACCOUNT, replace(ACCOUNT, condition="paused"), ACCOUNT),
)
FIGURES = ["web", "trap+flush", "waiting", "300", "99%", "12.3%", "5.6M", "75K", "7.89", "4.3K", "16M", "32M", "40K"]


def row(rate: float | None = 75_000.0, last_line: str = "", **changes: object) -> Row:
    return Row(replace(ACCOUNT, **changes), "waiting", rate, last_line)  # type: ignore[arg-type]


def test_each_figure_stands_in_its_column() -> None:
    heading, line = table([row()], 200)
    names = ["name", "technique", "state", "share", "cap", "got", "instr", "/s", "CPU s", "exits", "memory", "of"]
    assert heading.split("  last line")[0].replace("CPU s", "CPU_s").split() == [
        name.replace(" ", "_") for name in (*names, "monitor")
    ]
    assert line.replace("75.0K", "75K").split() == FIGURES
    for name, figure in zip(("name", "technique", "state"), FIGURES, strict=False):
        assert line.index(figure) == heading.index(name), "text begins where its heading does"
    for name, figure in (("share", "300"), ("cap", "99%"), ("exits", "4.3K"), ("monitor", "40K")):
        assert line.rindex(figure) + len(figure) == heading.index(name) + len(name), "figures end where it does"


def test_what_is_not_said_of_a_guest_is_a_dash() -> None:
    heading, line = table([row(rate=None, cap=100)], 200)
    assert line[: heading.index("cap") + 3].split()[-1] == "-"
    assert line[: heading.index("/s") + 2].split()[-1] == "-"


@pytest.mark.parametrize(("width", "there"), [(115, False), (116, True)])
def test_last_lines_are_there_where_sixteen_characters_of_them_are(width: int, there: bool) -> None:
    heading, line, silent = table([row(last_line="abcdefghijklmnopqrst"), row()], width)
    assert heading.endswith("last line") is there
    assert line.endswith("abcdefghijklmno…") is there
    assert silent.endswith("40K")
    assert max(map(len, (heading, line, silent))) <= width


def test_the_guest_with_the_mark_alone_has_it() -> None:
    lines = table([row(), row(name="other")], 80, "other")
    assert [line[:2] for line in lines] == ["  ", "  ", "> "]


def test_columns_that_say_least_go_first() -> None:
    """Of those of one rank the last one; nothing goes that there is room for."""
    widths = [(width, [column.heading for column in columns_for(width)]) for width in range(120, 0, -1)]
    gone: list[str] = []
    for (_, wide), (_, narrow) in pairwise(widths):
        assert set(narrow) <= set(wide)
        gone += [name for name in reversed(wide) if name not in narrow]
    assert gone[:7] == ["monitor", "CPU s", "of", "/s", "cap", "share", "technique"]
    assert gone[7:] == ["memory", "exits", "instr", "got", "state"]
    for width, names in widths:
        needed = sum(column.width + 1 for column in columns_for(width)) + 1
        assert needed <= width or names == ["name"]


@pytest.mark.parametrize("text", ["exactly-twel", "thirteen-char"])
def test_what_is_too_long_for_its_column_ends_in_dots(text: str) -> None:
    line = table([row(name=text)], 80)[1]
    assert line[2:14] == (text if len(text) == 12 else text[:11] + "…")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (999, "999"), (1_000, "1.0K"), (99_900, "99.9K"), (99_999, "100K"), (100_000, "100K")),
        *((999_000, "999K"), (10**6, "1.0M"), (10**9, "1.0G"), (10**12, "1.0T"), (10**15, "1.0P"), (0.4, "0")),
    ],
)
def test_counts_have_a_unit_and_three_digits(value: float, text: str) -> None:
    assert show_count(value) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        *((0, "0"), (1023, "1023"), (1024, "1K"), (1536, "1.5K"), (100 << 10, "100K"), ((100 << 10) - 1, "100K")),
        *(((100 << 10) + 512, "100K"), (1 << 20, "1M"), (3 << 19, "1.5M"), (1 << 30, "1G"), (5 << 29, "2.5G")),
    ],
)
def test_sizes_have_a_unit_and_are_whole_where_they_can_be(size: int, text: str) -> None:
    assert show_bytes(size) == text


def test_the_summary_counts_guests_by_condition_and_says_the_host_s_books() -> None:
    assert summary(HOST, 1_500.0, 200) == [
        "3 guests: 2 ready, 1 paused; clock 2.0M ticks, 1.5K/s, 25% idle",
        "memory 16M used, 32M free of 64M; monitor: 8K, 25% of 4.00 CPU s",
    ]
    alone = replace(HOST, idle=0, seconds=0.0, seconds_monitor=0.0, guests=(ACCOUNT,))
    assert summary(alone, None, 200) == [
        "1 guest: 1 ready; clock 2.0M ticks",
        "memory 16M used, 32M free of 64M; monitor: 8K, 0% of 0.00 CPU s",
    ]
    assert [len(line) for line in summary(HOST, 1_500.0, 30)] == [30, 30]
