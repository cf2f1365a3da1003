"""The table of a host's guests: a row each, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toyvm.arguments import UNITS
from toyvm.host.accounts import GuestAccount, HostAccount


@dataclass(frozen=True, slots=True)
class Row:
    """A guest, and what has been seen of it since the last table."""

    account: GuestAccount
    state: str  # its condition, or how it ended
    rate: float | None  # instructions a second
    last_line: str


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    width: int
    text: Callable[[Row], str]
    rank: int  # those of the highest go first where there is no room
    left: bool = False


_COLUMNS = (
    _Column("name", 12, lambda row: row.account.name, 0, left=True),
    _Column("technique", 10, lambda row: row.account.technique, 1, left=True),
    _Column("state", 9, lambda row: row.state, 0, left=True),
    _Column("share", 6, lambda row: str(row.account.share), 1),
    _Column("cap", 4, lambda row: f"{row.account.cap}%" if row.account.cap < 100 else "-", 3),
    _Column("got", 6, lambda row: f"{100 * row.account.share_got:.1f}%", 0),
    _Column("instr", 6, lambda row: show_count(row.account.instructions), 0),
    _Column("/s", 6, lambda row: "-" if row.rate is None else show_count(row.rate), 1),
    _Column("CPU s", 7, lambda row: f"{row.account.seconds:.2f}", 3),
    _Column("exits", 6, lambda row: show_count(row.account.exits), 0),
    _Column("memory", 6, lambda row: show_bytes(row.account.memory_used), 0),
    _Column("of", 6, lambda row: show_bytes(row.account.memory), 2),
    _Column("monitor", 7, lambda row: show_bytes(row.account.memory_monitor), 2),
)
LEGEND = "got: of the ticks in its own life, until it ended   cap: earned tick by tick, from nothing"
_LINE_WIDTH = 16  # the least for a guest's last line


def show_count(value: float) -> str:
    """In at most 5 characters: 999, 12.3K, 1.2M."""
    for factor, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= factor:
            scaled = value / factor
            return f"{scaled:.0f}{unit}" if scaled >= 99.95 else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def show_bytes(size: int) -> str:
    """In at most 5 characters: 480K, 1.5M, 16M."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor:
            scaled = size / factor
            return f"{scaled:.1f}{unit}" if scaled < 99.95 and size % factor else f"{scaled:.0f}{unit}"
    return str(size)


def columns_for(width: int) -> list[_Column]:
    """The columns that fit, the marker's two characters aside."""
    columns = list(_COLUMNS)
    while len(columns) > 1 and sum(column.width + 1 for column in columns) + 1 > width:
        last = max(column.rank for column in columns)
        columns.remove(next(column for column in reversed(columns) if column.rank == last))
    return columns


def _cell(column: _Column, text: str) -> str:
    shown = text if len(text) <= column.width else text[: column.width - 1] + "…"
    return shown.ljust(column.width) if column.left else shown.rjust(column.width)


def table(rows: Sequence[Row], width: int, marked: str | None = None) -> list[str]:
    """Heading and rows, none longer than `width`; the row of the guest `marked` has a mark."""
    columns = columns_for(width)
    used = sum(column.width + 1 for column in columns) + 1
    room = width - used - 2 if width - used - 2 >= _LINE_WIDTH else 0
    heading = "  " + " ".join(_cell(column, column.heading) for column in columns)
    lines = [heading + ("  last line" if room else "")]
    for row in rows:
        mark = "> " if row.account.name == marked else "  "
        line = mark + " ".join(_cell(column, column.text(row)) for column in columns)
        lines.append(line + (f"  {row.last_line[:room]}" if room and row.last_line else ""))
    return [line.rstrip()[:width] for line in lines]


def summary(account: HostAccount, ticks_a_second: float | None, width: int) -> list[str]:
    """Two lines on the host and the monitor."""
    conditions = [guest.condition for guest in account.guests]
    counts = ", ".join(f"{conditions.count(name)} {name}" for name in dict.fromkeys(conditions))
    rate = "" if ticks_a_second is None else f", {show_count(ticks_a_second)}/s"
    idle = f", {100 * account.idle / account.clock:.0f}% idle" if account.idle else ""
    part = 100 * account.seconds_monitor / account.seconds if account.seconds else 0.0
    guests = "1 guest" if len(account.guests) == 1 else f"{len(account.guests)} guests"
    return [
        f"{guests}: {counts}; clock {show_count(account.clock)} ticks{rate}{idle}"[:width],
        (
            f"memory {show_bytes(account.memory_used)} used, {show_bytes(account.memory_free)} free of "
            f"{show_bytes(account.memory)}; monitor: {show_bytes(account.memory_monitor)}, {part:.0f}% of "
            f"{account.seconds:.2f} CPU s"
        )[:width],
    ]
