"""Help: what a command's parser knows, set in the width of who reads it, words whole and listings hanging."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator

from toyvm.cli.width import help_width

_LISTED = re.compile(r"(\s+\S+\s\s+)\S")  # a name, and its description


class Help(argparse.HelpFormatter):
    """Lists options as argparse does; in texts, indented lines stay lines and all else is set anew."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=help_width())

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
        return "\n\n".join("\n".join(_set(paragraph.splitlines(), width)) for paragraph in paragraphs)


def _set(lines: list[str], width: int) -> Iterator[str]:
    """One paragraph: its running text, and the lines that are indented."""
    running: list[str] = []
    for line in lines:
        if not line.startswith(" "):
            running.append(line)
            continue
        yield from _wrapped(" ".join(running), width)
        running = []
        listed = _LISTED.match(line)
        yield from _wrapped(line, width, " " * len(listed[1]) if listed else "    ")
    yield from _wrapped(" ".join(running), width)


def _wrapped(text: str, width: int, hanging: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
