"""Tables of a report: the numbers of its plots, for the page and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from toyvm.lab.text import number

Value = str | float | None


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column says what a row is."""

    name: str  # of its file, without the suffix
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Value]]

    @property
    def shown(self) -> list[list[str]]:
        return [[_shown(value) for value in row] for row in self.rows]

    @property
    def numeric(self) -> list[bool]:
        """Which columns have nothing but numbers: those stand at the right."""
        return [not any(isinstance(value, str) for value in column) for column in zip(*self.rows, strict=True)]

    @property
    def csv(self) -> str:
        """With every digit there is."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.head)
        writer.writerows(["" if value is None else value for value in row] for row in self.rows)
        return text.getvalue()

    @property
    def link(self) -> str:
        """The CSV as an address that holds all of it."""
        return f"data:text/csv;charset=utf-8,{quote(self.csv)}"


def _shown(value: Value) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else number(value)
