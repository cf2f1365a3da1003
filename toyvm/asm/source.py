"""Sources: where the assembler's text comes from, and how it becomes numbered statements."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

from toyvm.arguments import check_text
from toyvm.errors import AssemblyError, Diagnostic
from toyvm.files.boundary import boundary, read_file
from toyvm.limits import CHARACTERS_OF_A_WIDE_ONE, MAXIMUM_COLUMNS, MAXIMUM_SOURCE_BYTES

# Accounts for statements and characters. Raises Complaint when there are too many.
Spend = Callable[[int, int], None]
# A statement as the assembler sees it: its line, counted from 1, and its text, padded so that columns are the file's.
Numbered = tuple[int, str]

# What a block comment must not be looked for in comes first: strings, character constants and line comments.
_OPAQUE = re.compile(r"""("(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])'|\#[^\n]*|//[^\n]*)|(/\*.*?\*/)|(/\*)""", re.DOTALL)
_PIECE = re.compile(r"""(?:[^;"'#/]|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])'|'|/(?!/))*""")


@dataclass(frozen=True)
class Source:
    """One text to assemble: `name` stands in diagnostics and line tables, includes are looked for beside `path`."""

    name: str
    text: str
    path: Path | None = None

    @classmethod
    def read(cls, path: str | PathLike[str], name: str | None = None) -> Source:
        """The source in a file. Raises BadFileError if it cannot be read or named, AssemblyError if it is not text."""
        name = os.fspath(path) if name is None else name
        with boundary(path, "its name is not UTF-8, as names in an image are"):
            name.encode()
        return cls(name, decode(read_file(path, MAXIMUM_SOURCE_BYTES), name), Path(path))

    @cached_property
    def lines(self) -> list[str]:
        """The lines as written, for diagnostics and listings."""
        return split_lines(self.text)

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def statements(self, spend: Spend) -> Iterator[Numbered]:
        """Every statement with its line: block comments blanked out, `;` taken as the end of a statement."""
        weight = 1 if self.text.isascii() else CHARACTERS_OF_A_WIDE_ONE  # of bytes that memory takes for each
        spend(self.text.count("\n") + 1, len(self.text) * weight)
        text = self.without_block_comments() if "/*" in self.text else self.text
        lines = split_lines(text)
        self._check_lengths(lines)
        numbered = enumerate(lines, 1)
        if ";" not in text:
            return numbered
        return (piece for number, line in numbered for piece in split_statements(number, line, spend))

    def _check_lengths(self, lines: list[str]) -> None:
        if lines and len(max(lines, key=len)) > MAXIMUM_COLUMNS:
            number, line = next(place for place in enumerate(lines, 1) if len(place[1]) > MAXIMUM_COLUMNS)
            message = f"the line has {len(line)} characters; the limit is {MAXIMUM_COLUMNS}"
            raise AssemblyError((Diagnostic(self.name, number, 1, message),))

    def without_block_comments(self) -> str:
        return _OPAQUE.sub(self._blank, self.text)

    def _blank(self, match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        if match[3] is None:
            return re.sub(r"[^\n]", " ", match[2])
        line = self.text.count("\n", 0, match.start()) + 1
        column = match.start() - self.text.rfind("\n", 0, match.start())
        raise AssemblyError((Diagnostic(self.name, line, column, "unterminated comment", self.line(line), 2),))


def split_lines(text: str) -> list[str]:
    """Lines end with \\n or \\r\\n; the other separators that str.splitlines knows are white space here."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def split_statements(number: int, line: str, spend: Spend) -> Iterator[Numbered]:
    """The statements of a line, each padded with blanks to its column, which makes them longer than the line."""
    if ";" not in line:
        yield number, line
        return
    start = 0
    while True:
        end = _end_of_piece(line, start)
        if not line[start:end].isspace():
            spend(1, end)
            yield number, " " * start + line[start:end]
        if end >= len(line) or line[end] != ";":
            return
        start = end + 1


def _end_of_piece(line: str, start: int) -> int:
    match = _PIECE.match(line, start)
    assert match is not None
    end = match.end()
    return end if line[end : end + 1] == ";" else len(line)


def decode(data: bytes, name: str) -> str:
    """The text of `data`; AssemblyError names the first byte that is not UTF-8, or is NUL."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad_byte(data, error.start, name, "is not UTF-8 text") from None
    if "\0" in text:
        raise _bad_byte(data, data.index(0), name, "is no part of a text")
    return text


def check_source(text: str, name: str) -> None:
    """Raise AssemblyError if a text given as such holds what no file could, UsageError if it is none."""
    check_text(text, "source")
    for character in ("\0", *_SURROGATES.findall(text)[:1]):
        if character in text:
            before = text[: text.index(character)]
            place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
            raise AssemblyError((Diagnostic(name, *place, f"character {character!a} is no part of a text"),))


_SURROGATES = re.compile("[\ud800-\udfff]")


def _bad_byte(data: bytes, offset: int, name: str, what: str) -> AssemblyError:
    line = data.count(b"\n", 0, offset) + 1
    column = offset - data.rfind(b"\n", 0, offset)
    return AssemblyError((Diagnostic(name, line, column, f"byte {data[offset]:#04x} {what}"),))
