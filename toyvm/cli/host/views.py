"""What the host's screen shows, in rows: the table with the chosen guest's console, one console alone, the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toyvm.cli.host.columns import columns, wrapped
from toyvm.cli.host.control import VERBS
from toyvm.cli.host.display import Line, Style
from toyvm.cli.host.keys import CLOSES, help_lines, last_line
from toyvm.cli.host.table import Row, summary, table
from toyvm.cli.host.teletype import last_rows
from toyvm.host.accounts import HostAccount

# A screen of so many rows has room for...
_FOR_KEYS, _FOR_HEADING, _FOR_MESSAGE, _FOR_SUMMARY, _FOR_SPACE = 2, 3, 4, 8, 12
_LEAST_CONSOLE = 3  # rows of the chosen guest's console: a space, its heading, and a line...
_USUAL_CONSOLE, _FOR_USUAL_CONSOLE = 6, 15  # ...and those that it has of so many, however many guests there are
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class TableView:
    """The guests in a table, and what the chosen one has written."""

    account: HostAccount
    ticks_a_second: float | None
    rows: Sequence[Row]
    chosen: int
    output: bytes  # the chosen guest's
    message: str
    typed: str | None  # of a command

    def lines(self, first: int, width: int, height: int) -> tuple[list[Line], int]:
        """A screen of that size, and the first guest on it: `first`, if the chosen one can be seen then."""
        if height == 1 and self.typed is not None:
            return [(self._prompt(width), Style.PLAIN)], first
        above = self._above(width, height)
        others = sum(height >= least for least in (_FOR_KEYS, _FOR_HEADING, _FOR_MESSAGE))
        count = self._guests_in(height - len(above) - others)
        first = max(0, self.chosen - count + 1, min(first, self.chosen, len(self.rows) - count))
        heading, *guests = table(self.rows[first : first + count], width, self.rows[self.chosen].account.name)
        lines = above + [(heading, Style.HEADING)] * (height >= _FOR_HEADING)
        lines += [(line, self._style(first + number)) for number, line in enumerate(guests)]
        below = self._below(first, count, width, height)
        return [*lines, *self._console(width, height - len(lines) - len(below)), *below], first

    def _above(self, width: int, height: int) -> list[Line]:
        if height < _FOR_SUMMARY:
            return []
        first, second = summary(self.account, self.ticks_a_second, width)
        return [(first, Style.PLAIN), (second, Style.PLAIN), *[("", Style.PLAIN)] * (height >= _FOR_SPACE)]

    def _guests_in(self, room: int) -> int:
        """How many guests so many rows are for; the rest is the console's."""
        count = len(self.rows)
        if room >= count + _LEAST_CONSOLE:
            return count
        return min(count, room - _USUAL_CONSOLE if room >= _FOR_USUAL_CONSOLE else room)

    def _style(self, number: int) -> Style:
        if number == self.chosen:
            return Style.MARKED
        row = self.rows[number]
        if row.is_bad:
            return Style.BAD
        return Style.PLAIN if row.account.condition in ("ready", "waiting") else Style.FAINT

    def _console(self, width: int, height: int) -> list[Line]:
        if height < _LEAST_CONSOLE:
            return [("", Style.PLAIN)] * height
        rows, _ = last_rows(self.output, max(1, width - len(_INDENT)), height - 2)
        while rows and not rows[-1]:
            rows.pop()
        name = self.rows[self.chosen].account.name
        heading = f"{_INDENT}console of {name}" + ("" if rows else ", which has written nothing")
        lines = [("", Style.PLAIN), (heading, Style.HEADING), *((_INDENT + row, Style.PLAIN) for row in rows)]
        return lines + [("", Style.PLAIN)] * (height - len(lines))

    def _below(self, first: int, count: int, width: int, height: int) -> list[Line]:
        keys = last_line(width)
        if height < _FOR_MESSAGE:
            return [(keys if self.typed is None else self._prompt(width), Style.PLAIN)] * (height >= _FOR_KEYS)
        total = len(self.rows)
        more = f"guests {first + 1} to {first + count} of {total}" if count < total else ""
        message = "   ".join(filter(None, (self.message, more)))
        return [(message if self.typed is None else self._prompt(width), Style.PLAIN), (keys, Style.FAINT)]

    def _prompt(self, width: int) -> str:
        """What is typed, its end in any case."""
        typed = f":{self.typed}_"
        return f"{typed}   ({' '.join(VERBS)})" if columns(typed) <= width else wrapped(typed[::-1], width)[0][::-1]


def console_lines(output: bytes, bar: str, width: int, height: int) -> tuple[list[Line], tuple[int, int] | None]:
    """A guest's console over a bar that stays at the bottom, and the place of its cursor."""
    if height == 1:
        return [(bar, Style.MARKED)], None
    rows, column = last_rows(output, width, height - 1)
    lines = [(row, Style.PLAIN) for row in rows] + [("", Style.PLAIN)] * (height - 1 - len(rows))
    return [*lines, (bar, Style.MARKED)], (len(rows) - 1, column)


def keys_lines(height: int) -> list[Line]:
    """What the keys do, as far as there is room, over how to close that."""
    lines = help_lines()
    if len(lines) >= height:
        lines = [line for line in lines if line]
    shown = [(line, Style.PLAIN if line.startswith(" ") else Style.HEADING) for line in lines[: height - 1]]
    return [*shown, *[("", Style.PLAIN)] * (height - 1 - len(shown)), (CLOSES, Style.MARKED)]
