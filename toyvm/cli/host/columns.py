"""Text in the columns of a terminal, where a letter takes one, two or none."""

from __future__ import annotations

from unicodedata import category, east_asian_width


def columns(text: str) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(letter: str) -> int:
    if category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """The text in rows of at most `width` columns, filled one after another; at least one row."""
    if text.isascii():
        return [text[start : start + width] for start in range(0, len(text), width)] or [""]
    rows, used = [""], 0
    for letter in text:
        takes = _columns_of(letter)
        if takes > width:
            letter, takes = "?", 1
        if used + takes > width:
            rows.append("")
            used = 0
        rows[-1] += letter
        used += takes
    return rows


def fitted(text: str, width: int) -> str:
    """As much of the text as fits."""
    return text if columns(text) <= width else wrapped(text, width)[0]


def shortened(text: str, width: int) -> str:
    """The text, or as much of it as leaves room for dots that say so."""
    return text if columns(text) <= width else fitted(text, width - 1) + "…" if width > 1 else "…"


def padded(text: str, width: int, *, left: bool = True) -> str:
    """The text, and as many spaces as make it that wide; `left`, they are behind it."""
    spaces = " " * (width - columns(text))
    return text + spaces if left else spaces + text
