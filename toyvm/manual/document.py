"""Documents: chapters of paragraphs, lists and tables, and how they look as text and as markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

TITLE = "The T64"
_GAP = "  "
_LEAST_ROOM = 20  # columns, for the last column of a table


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; only the last column may wrap."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Lines to be left as they are."""

    lines: tuple[str, ...]


Block = str | Table | Points | Figure


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    blocks: tuple[Block, ...]


Numbered = tuple[int, Chapter]


def as_text(chapters: Sequence[Chapter], width: int) -> str:
    contents = "\n".join(f"{number:>4}. {chapter.title}" for number, chapter in enumerate(chapters, 1))
    head = f"{_underlined(TITLE)}\n\n{contents}\n\n"
    return head + numbered_text(list(enumerate(chapters, 1)), width)


def numbered_text(chapters: Sequence[Numbered], width: int) -> str:
    """Some chapters, or parts of them, under the numbers that they have in the whole."""
    parts = []
    for number, chapter in chapters:
        parts.append(_underlined(f"{number}. {chapter.title}"))
        parts += [_text_block(block, width) for block in chapter.blocks]
    return "\n\n".join(parts) + "\n"


def _underlined(title: str) -> str:
    return f"{title}\n{'=' * len(title)}"


def _text_block(block: Block, width: int) -> str:
    if isinstance(block, str):
        return textwrap.fill(block, width)
    if isinstance(block, Figure):
        return "\n".join(f"    {line}" for line in block.lines)
    if isinstance(block, Points):
        return "\n".join(
            textwrap.fill(item, width, initial_indent="- ", subsequent_indent="  ") for item in block.items
        )
    return _text_table(block, width)


def _text_table(table: Table, width: int) -> str:
    widths = [max(len(row[column]) for row in (table.headers, *table.rows)) for column in range(len(table.headers))]
    room = width - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    stacked = room < min(widths[-1], _LEAST_ROOM)
    ruler = _GAP.join("-" * column for column in widths[: -1 if stacked else None])[:width]
    rows = [(_stacked_row if stacked else _text_row)(row, widths, width) for row in (table.headers, *table.rows)]
    return "\n".join((rows[0], ruler, *rows[1:]))


def _text_row(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    """One row; what is too long in its last column goes on beneath, in the same column."""
    head = _head(cells, widths) + _GAP
    lines = textwrap.wrap(cells[-1], width - len(head)) or [""]
    return "\n".join((head + lines[0], *(" " * len(head) + line for line in lines[1:]))).rstrip()


def _stacked_row(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    """One row of a table that is too wide: its last column stands beneath the others."""
    head = textwrap.wrap(_head(cells, widths), width, subsequent_indent=_GAP * 2)
    last = textwrap.wrap(cells[-1], width, initial_indent=_GAP * 2, subsequent_indent=_GAP * 2)
    return "\n".join((*head, *last))


def _head(cells: Sequence[str], widths: Sequence[int]) -> str:
    """All cells but the last."""
    return _GAP.join(f"{cell:<{column}}" for cell, column in zip(cells[:-1], widths, strict=False))


def as_markdown(chapters: Sequence[Chapter], width: int) -> str:
    contents = "\n".join(f"{number}. {chapter.title}" for number, chapter in enumerate(chapters, 1))
    parts = [f"# {TITLE}", contents]
    for number, chapter in enumerate(chapters, 1):
        parts.append(f"## {number}. {chapter.title}")
        parts += [_markdown_block(block) for block in chapter.blocks]
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Block) -> str:
    if isinstance(block, str):
        return _escape(block)
    if isinstance(block, Figure):
        return "\n".join(("```", *block.lines, "```"))
    if isinstance(block, Points):
        return "\n".join(f"- {_escape(item)}" for item in block.items)
    lines = [_markdown_row(block.headers), "|" + "---|" * len(block.headers)]
    return "\n".join(lines + [_markdown_row(row) for row in block.rows])


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escape(cell).replace("|", "\\|") for cell in cells) + " |"


def _escape(text: str) -> str:
    """Stars, underscores and angles stand for themselves."""
    for character in "*_<>":
        text = text.replace(character, f"\\{character}")
    return text


def as_data(chapters: Sequence[Chapter]) -> list[dict[str, Any]]:
    """The document for programs: each block as the one member that says its kind."""
    return [
        {"number": number, "title": chapter.title, "blocks": [_data_block(block) for block in chapter.blocks]}
        for number, chapter in enumerate(chapters, 1)
    ]


def _data_block(block: Block) -> dict[str, Any]:
    if isinstance(block, str):
        return {"text": block}
    if isinstance(block, Points):
        return {"points": list(block.items)}
    if isinstance(block, Figure):
        return {"figure": list(block.lines)}
    return {"table": {"headers": list(block.headers), "rows": [list(row) for row in block.rows]}}


RENDERERS: dict[str, Callable[[Sequence[Chapter], int], str]] = {"text": as_text, "markdown": as_markdown}
