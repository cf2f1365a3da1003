"""Show the documents that come with toyvm: without a TOPIC what there is, else that page.

On a terminal a page is shown page by page ($PAGER, or less). They are Markdown, in toyvm/docs.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from toyvm.arguments import unknown_name
from toyvm.cli.width import output_width
from toyvm.errors import ExitCode, UsageError

_WIDEST = 120  # columns
# What is read first comes first.
_ORDER = (
    *("running", "guests", "os", "containers", "c-programs", "techniques", "rewriting", "domains", "hosts", "lab"),
    *("verify", "proofs", "engines", "python", "monitors", "testing", "glossary", "security", "measurements"),
    *("design", "os-design", "contexts-design", "map"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="the page to show")
    parser.add_argument("--search", metavar="WORDS", help="the lines with these words, of all pages or of TOPIC")


def execute(arguments: argparse.Namespace) -> int:
    found = pages()
    if arguments.topic is not None and arguments.topic not in found:
        raise unknown_name("topic", arguments.topic, found, are_listed=True)
    if arguments.search is not None:
        chosen = {name: path for name, path in found.items() if arguments.topic in (None, name)}
        return _search(chosen, arguments.search)
    if arguments.topic is None:
        width = max(map(len, found))
        sys.stdout.writelines(f"{name:<{width}}  {_title(path)}\n" for name, path in found.items())
        return ExitCode.OK
    _show(found[arguments.topic].read_text(encoding="utf-8"))
    return ExitCode.OK


def pages() -> dict[str, Path]:
    """The pages by topic, in the order in which they are read."""
    from toyvm.paths import PACKAGE

    found = {path.stem: path for path in sorted((PACKAGE / "docs").glob("*.md"))}
    return {name: found[name] for name in (*_ORDER, *found) if name in found}


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()


def _show(text: str) -> None:
    """On a terminal set in its width, through a pager; else as it is."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        import pydoc

        pydoc.pager(_set(text))
    else:
        sys.stdout.write(text)


def _set(text: str) -> str:
    """Markdown as a terminal shows it, tables within its width; comments are left out."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=min(output_width(), _WIDEST), force_terminal=True, no_color="NO_COLOR" in os.environ)
    with console.capture() as captured:
        console.print(Markdown(_links_told(re.sub(r"<!--.*?-->\n?", "", text)), hyperlinks=False))
    return captured.get()


def _links_told(text: str) -> str:
    """A link to another page becomes the command that shows it."""
    text = re.sub(r"\[([\w-]+)\.md\]\(\1\.md\)", r"`toyvm docs \1`", text)
    return re.sub(r"\[([^\]]+)\]\(([\w-]+)\.md\)", r"\1 (`toyvm docs \2`)", text)


def _search(pages: dict[str, Path], words: str) -> int:
    """Print the lines that have all the words. Raises UsageError where there is none."""
    wanted = words.casefold().split()
    if not wanted:
        raise UsageError("--search takes a word or several")
    lines = [
        f"{name}:{number}: {line.strip()}"
        for name, path in pages.items()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if all(word in line.casefold() for word in wanted)
    ]
    if not lines:
        raise UsageError(f"no line of {', '.join(pages)} has {words!r}")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return ExitCode.OK
