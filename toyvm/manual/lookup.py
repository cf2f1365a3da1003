"""Looking up: the entries of the manual that a word names, each in its chapter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toyvm.arguments import unknown_name
from toyvm.manual.document import Chapter, Numbered, Table

_WORD = re.compile(r"[a-z0-9_.]+", re.ASCII)


def look_up(word: str, chapters: Sequence[Chapter]) -> list[Numbered]:
    """A chapter whole, by its number or title; else the rows of tables that are about the word, chapter by chapter.

    Raises UsageError for what is nowhere, with the nearest that is somewhere.
    """
    wanted = word.strip().casefold()
    numbered = list(enumerate(chapters, 1))
    if whole := [(number, one) for number, one in numbered if wanted in (str(number), one.title.casefold())]:
        return whole
    if found := [(number, part) for number, one in numbered if (part := _part_about(wanted, one)).blocks]:
        return found
    if begun := [(number, one) for number, one in numbered if one.title.casefold().startswith(wanted)]:
        return begun[:1]
    raise unknown_name(
        "entry of the manual for", word, {*entries(chapters), *(one.title.casefold() for one in chapters)}
    )


def entries(chapters: Sequence[Chapter]) -> set[str]:
    """Every word that has a row of its own."""
    tables = (block for chapter in chapters for block in chapter.blocks if isinstance(block, Table))
    return {name for table in tables for row in table.rows for name in _names(row)}


def _part_about(wanted: str, chapter: Chapter) -> Chapter:
    tables = [block for block in chapter.blocks if isinstance(block, Table)]
    found = (Table(table.headers, tuple(row for row in table.rows if wanted in _names(row))) for table in tables)
    return Chapter(chapter.title, tuple(table for table in found if table.rows))


def _names(row: Sequence[str]) -> set[str]:
    """What a row is about: what its first cell begins with, or where that is a number, its second one."""
    first = row[1] if len(row) > 1 and not _begin(row[0]).strip("0123456789") else row[0]
    return {name for name in (_begin(first), _begin(row[0])) if name}


def _begin(cell: str) -> str:
    match = _WORD.match(cell.casefold())
    return match[0] if match else ""
