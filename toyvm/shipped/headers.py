"""Guests' headers: what a source says of itself in comments at its top, one `# key: value` a line.

Keys in use: `build` (plain or paravirt, if only one exists), `missing WHERE` (why there is none on that technique, or
of that build), those of workloads (guests/include/workload.inc and guests/os/bench/bench.inc say which), and what a run
is given and must give: `input`, `disk` (sectors), `limit` (instructions), `output`, `exit`, `stop`. Values of `input`
and `output` may hold escapes as Python's bytes literals do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.numerals import read_number
from toyvm.techniques import TECHNIQUES, Build, facts_of

_LINE = re.compile(r"# ([a-z]+(?: [a-z]+)?): (.*)")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one source; `values` has each key as written, several lines of one key joined by nothing.

    `title` is what stands before the first key, or before an empty line.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """Where the guest can exist: on every technique that takes a build of it."""
        build = self.values.get("build")
        return tuple(technique.name for technique in TECHNIQUES if build in (None, technique.build))

    def why_missing(self, technique: str) -> str | None:
        """Why the guest cannot exist on the technique, or None if it can."""
        facts = facts_of(technique)
        if facts.name in self.techniques:
            return None
        of_build = self.values.get(f"missing {facts.build}")
        return self.values.get(f"missing {facts.name}", of_build or f"{self.name} does not exist on {facts.name}")

    def number(self, key: str, default: int | None = None) -> int | None:
        """A value as a whole number. Raises BadFileError if it is none."""
        if key not in self.values:
            return default
        try:
            return read_number(self.values[key])
        except ValueError:
            raise BadFileError(f"{self.name}: the header's {key} is {self.values[key]!r}, not a number") from None

    def text(self, key: str) -> bytes | None:
        """A value as bytes, its escapes resolved. Raises BadFileError for a broken escape or one beyond Latin-1."""
        if key not in self.values:
            return None
        try:
            return self.values[key].encode("latin-1").decode("unicode_escape").encode("latin-1")
        except UnicodeError as error:
            raise BadFileError(f"{self.name}: the header's {key}: {error}") from None


def parse_header(source: str, name: str) -> Header:
    """The header of a source: the `# key: value` lines before its first line that is not a comment."""
    values: dict[str, str] = {}
    lines = list(takewhile(lambda line: line.startswith("#"), source.splitlines()))
    for line in lines:
        if match := _LINE.fullmatch(line):
            values[match[1]] = values.get(match[1], "") + match[2]
    title = takewhile(lambda line: line.strip("# ") and not _LINE.fullmatch(line), lines)
    header = Header(name, values, " ".join(line.removeprefix("#").strip() for line in title))
    build = values.get("build", Build.PLAIN)
    if build not in tuple(Build):
        raise BadFileError(f"{name}: the header's build is {build!r}; there are {', '.join(Build)}")
    return header


def read_header(path: Path) -> Header:
    """The header of the source at `path`. Raises BadFileError if it cannot be read or says nonsense."""
    try:
        return parse_header(path.read_text(encoding="utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(f"{path}: {error}") from None
