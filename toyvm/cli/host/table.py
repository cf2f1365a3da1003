"""The table of a host's guests: a row each, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toyvm.arguments import UNITS
from toyvm.cli.host.columns import fitted, padded, shortened
from toyvm.host.accounts import GuestAccount, HostAccount
from toyvm.host.scheduler import Condition


@dataclass(frozen=True, slots=True)
class Row:
    """A guest, and what has been seen of it since the last table."""

    account: GuestAccount
    state: str  # its condition, or how it ended
    rate: float | None  # instructions a second
    last_line: str
    is_bad: bool = False  # has it ended as it should not?


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
    _Column("share", 5, lambda row: show_share(row.account.share), 1),
    _Column("cap", 4, lambda row: f"{row.account.cap}%" if row.account.cap < 100 else "-", 1),
    _Column("got", 5, lambda row: show_part(row.account.share_got), 0),
    _Column("instr", 5, lambda row: show_count(row.account.instructions), 0),
    _Column("/s", 5, lambda row: "-" if row.rate is None else show_count(row.rate), 1),
    _Column("CPU s", 6, lambda row: show_seconds(row.account.seconds), 3),
    _Column("exits", 5, lambda row: show_count(row.account.exits), 0),
    _Column("memory", 6, lambda row: show_bytes(row.account.memory_used), 0),
    _Column("of", 5, lambda row: show_bytes(row.account.memory), 2),
    _Column("monitor", 7, lambda row: show_bytes(row.account.memory_monitor), 3),
)
_LINE_WIDTH = 16  # the least for a guest's last line


def show_count(value: float) -> str:
    """In at most 5 characters: 999, 12.3K, 1.2M."""
    for factor, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= 0.9995 * factor:
            scaled = value / factor
            return f"{scaled:.0f}{unit}" if scaled >= 99.95 else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def show_share(share: int) -> str:
    return str(share) if share < 100_000 else show_count(share)


def show_part(part: float) -> str:
    """In percent, in at most 5 characters."""
    return f"{100 * part:.1f}%" if part < 0.9995 else "100%"


def show_seconds(seconds: float) -> str:
    """In at most 6 characters, for some weeks."""
    return f"{seconds:.2f}" if seconds < 999.995 else f"{seconds:.0f}"


def show_bytes(size: int) -> str:
    """In at most 5 characters: 480K, 1.5M, 16M."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor:
            scaled = size / factor
            return f"{scaled:.1f}{unit}" if scaled < 99.95 and size % factor else f"{scaled:.0f}{unit}"
    return str(size)


def columns_for(width: int) -> list[_Column]:
    """The columns that fit, the marker's two characters aside."""
    shown = list(_COLUMNS)
    while len(shown) > 1 and sum(column.width + 1 for column in shown) + 1 > width:
        last = max(column.rank for column in shown)
        shown.remove(next(column for column in reversed(shown) if column.rank == last))
    return shown


def _cell(column: _Column, text: str) -> str:
    return padded(shortened(text, column.width), column.width, left=column.left)


def table(rows: Sequence[Row], width: int, marked: str | None = None) -> list[str]:
    """Heading and rows, none longer than `width`; the row of the guest `marked` has a mark."""
    shown = columns_for(width)
    used = sum(column.width + 1 for column in shown) + 1
    room = width - used - 2 if width - used - 2 >= _LINE_WIDTH else 0
    heading = "  " + " ".join(_cell(column, column.heading) for column in shown)
    lines = [heading + ("  last line" if room else "")]
    for row in rows:
        mark = "> " if row.account.name == marked else "  "
        line = mark + " ".join(_cell(column, column.text(row)) for column in shown)
        lines.append(line + (f"  {shortened(row.last_line, room)}" if room else ""))
    return [fitted(line.rstrip(), width) for line in lines]


def summary(account: HostAccount, ticks_a_second: float | None, width: int) -> list[str]:
    """Two lines on the host and the monitor."""
    conditions = [guest.condition for guest in account.guests]
    counts = ", ".join(f"{conditions.count(name)} {name}" for name in Condition if name in conditions)
    rate = "" if ticks_a_second is None else f", {show_count(ticks_a_second)}/s"
    idle = f", {100 * account.idle / account.clock:.0f}% idle" if account.idle else ""
    part = 100 * account.seconds_monitor / account.seconds if account.seconds else 0.0
    guests = "1 guest" if len(account.guests) == 1 else f"{len(account.guests)} guests"
    lines = (
        f"{guests}: {counts}; clock {show_count(account.clock)} ticks{rate}{idle}",
        f"memory {show_bytes(account.memory_used)} used, {show_bytes(account.memory_free)} free of "
        f"{show_bytes(account.memory)}; monitor: {show_bytes(account.memory_monitor)}, {part:.0f}% of "
        f"{account.seconds:.2f} CPU s",
    )
    return [shortened(line, width) for line in lines]
