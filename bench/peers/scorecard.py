"""The table of targets: as text for a terminal, as Markdown for the documents, and as a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from peers.figures import Figure
from peers.targets import Row, Target

_HEADS = ("", "to reach", "go for", "measured", "holds")
_HOLDS = {True: "yes", False: "no", None: "-"}


def text_lines(rows: Sequence[Row], width: int) -> Iterator[str]:
    """The table in so many columns; beneath each row what its peers do, and what else there is to say."""
    table = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(cells[n]) for cells in table) for n in range(len(_HEADS))]
    yield _line(_HEADS, widths)
    for row, cells in zip(rows, table[1:], strict=True):
        yield _line(cells, widths)
        for note in filter(None, (_peers(row), row.beside)):
            yield from wrap(note, width, initial_indent="    ", subsequent_indent="      ")


def markdown_lines(rows: Sequence[Row]) -> Iterator[str]:
    """The same for the documents."""
    yield "| | to reach | peers | go for | measured | holds |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        what, reach, go_for, measured, holds = _cells(row)
        beside = f"; {row.beside}" if row.beside else ""
        yield f"| {what} | {reach} | {_peers(row)} | {go_for} | **{measured}**{beside} | {holds} |"


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same for a JSON file."""
    return [
        {
            "what": row.target.what,
            "unit": row.target.unit or "times native",
            "to_reach": row.target.reach,
            "go_for": row.target.go_for,
            "measured": _record(row.figure),
            "holds": row.holds,
            "goal_reached": row.is_goal_reached,
            "peers_here": {name: _record(figure) for name, figure in row.peers.items()},
            "peers_elsewhere": dict(row.target.elsewhere),
            "beside": row.beside,
        }
        for row in rows
    ]


def _record(figure: Figure | None) -> dict[str, Any] | None:
    return None if figure is None else asdict(figure)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    rest = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))
    return f"{cells[0]:<{widths[0]}}  {rest}".rstrip()


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    target = row.target
    unit = f" {target.unit}" if target.unit else ""
    go_for = "" if target.go_for is None else f"{target.go_for:g}{unit}"
    holds = _HOLDS[row.holds] + (", both" if row.is_goal_reached else "")
    return target.what, f"{target.reach:g}{unit}", go_for, measured_text(target, row.figure), holds


def measured_text(target: Target, figure: Figure | None) -> str:
    """`17.3 ns ±2%`."""
    if figure is None:
        return "-"
    value, _, spread = figure.text(target.digits).partition(" ")
    return " ".join(filter(None, (value, target.unit, spread)))


def _peers(row: Row) -> str:
    """Those measured here, then those of which a figure from elsewhere is all there is."""
    digits = row.target.digits
    here = [f"{name} {figure.text(digits)}" for name, figure in row.peers.items() if figure]
    known = {name for name, figure in row.peers.items() if figure}
    there = [f"{name} {value}" for name, value in row.target.elsewhere.items() if name not in known]
    said = [", ".join(here) + " here" if here else "", ", ".join(there) + " elsewhere" if there else ""]
    return "; ".join(filter(None, said))
