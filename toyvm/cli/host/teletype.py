"""A guest's console as a teletype would have it: what it wrote, in rows. No sequence of its reaches the terminal."""

from __future__ import annotations

import re

from toyvm.cli.host.columns import columns, wrapped
from toyvm.printable import printable

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")
_CLEARS = (b"\x1b[2J", b"\x1b[H\x1b[J")  # the screen
_TAB = 8
_BYTES_A_COLUMN = 4


def last_rows(data: bytes, width: int, height: int) -> tuple[list[str], int]:
    """The last rows of what was written, at most `height`, and the column behind the last letter.

    Lines are wrapped. Carriage return, backspace and tab do what they do, and what clears the screen does; other escape
    sequences, which would set colours or move about, are left out, and other controls shown as escapes.
    """
    for clear in _CLEARS:
        data = data.rpartition(clear)[2]
    lines = _tail(data, (width * height + 1) * _BYTES_A_COLUMN).split("\n")
    shown = [_line(line) for line in lines[-height:]]
    rows = [row for text, _ in shown for row in wrapped(text, width)]
    text, at = shown[-1]
    behind = columns(text[:at])
    if behind and behind % width == 0 and at == len(text):
        behind = width - 1  # the row is full: the next letter begins another one
    return rows[-height:], behind % width


def _tail(data: bytes, size: int) -> str:
    """At least so many bytes of the data's end, from where a line begins."""
    start = data.rfind(b"\n", 0, max(0, len(data) - size)) + 1
    return data[start:].decode("utf-8", "replace")


def _line(text: str) -> tuple[str, int]:
    """What stands in a line after all that was written to it, and where the next letter goes."""
    if text.isprintable():
        return text, len(text)
    cells: list[str] = []
    at = 0
    for letter in _SEQUENCE.sub("", text):
        if letter == "\r":
            at = 0
        elif letter == "\b":
            at = max(0, at - 1)
        elif letter == "\t":
            at += _TAB - at % _TAB
            cells += " " * (at - len(cells))
        elif letter != "\a":
            for part in printable(letter):
                cells[at : at + 1] = [part]
                at += 1
    return "".join(cells), at
