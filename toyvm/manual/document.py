"""Documents: chapters of paragraphs, lists and tables, and how they look as text and as markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TEXT_WIDTH = 118
_GAP = "  "


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


def as_text(chapters: Sequence[Chapter]) -> str:
    parts = []
    for number, chapter in enumerate(chapters, 1):
        title = f"{number}. {chapter.title}"
        parts.append(f"{title}\n{'=' * len(title)}")
        parts += [_text_block(block) for block in chapter.blocks]
    return "\n\n".join(parts) + "\n"


def _text_block(block: Block) -> str:
    if isinstance(block, str):
        return textwrap.fill(block, TEXT_WIDTH)
    if isinstance(block, Figure):
        return "\n".join(f"    {line}" for line in block.lines)
    if isinstance(block, Points):
        return "\n".join(
            textwrap.fill(item, TEXT_WIDTH, initial_indent="- ", subsequent_indent="  ") for item in block.items
        )
    return _text_table(block)


def _text_table(table: Table) -> str:
    widths = [max(len(row[column]) for row in (table.headers, *table.rows)) for column in range(len(table.headers))]
    lines = [_text_row(table.headers, widths), _GAP.join("-" * width for width in widths)[:TEXT_WIDTH]]
    return "\n".join(lines + [_text_row(row, widths) for row in table.rows])


def _text_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One row; what is too long in its last column goes on beneath, in the same column."""
    head = "".join(f"{cell:<{width}}{_GAP}" for cell, width in zip(cells[:-1], widths, strict=False))
    room = max(TEXT_WIDTH - len(head), 30)
    lines = textwrap.wrap(cells[-1], room) or [""]
    return "\n".join((head + lines[0], *(" " * len(head) + line for line in lines[1:]))).rstrip()


def as_markdown(chapters: Sequence[Chapter]) -> str:
    parts = ["# The T64"]
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


RENDERERS: dict[str, Callable[[Sequence[Chapter]], str]] = {"text": as_text, "markdown": as_markdown}
