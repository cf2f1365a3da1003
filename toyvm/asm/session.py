"""Sessions: what the sources of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from toyvm.asm.diagnostics import Log
from toyvm.asm.encoding import Code, Constant, WordHole
from toyvm.asm.source import Source

MAXIMUM_STATEMENTS = 2_000_000  # out of macros and repetitions, in one run


@dataclass
class Session:
    """One run: what it has read so far, and what there is to complain about."""

    log: Log = field(default_factory=Log)
    files: list[Source] = field(default_factory=list)  # every file read, by its number in line tables
    include: tuple[Path, ...] = ()
    budget: int = MAXIMUM_STATEMENTS
    # Encoded statements by their text: encoding does not depend on symbols, so it is the same in every source.
    codes: dict[str, bytes | WordHole | Constant | list[Code]] = field(default_factory=dict)

    sources: dict[Path, Source] = field(default_factory=dict)
    binaries: list[Path] = field(default_factory=list)  # files that .incbin has read

    def read(self, path: Path, name: str) -> Source:
        """The source in a file, read once in a run. Raises as Source.read does."""
        found = self.sources.get(path)
        if found is None:
            found = self.sources[path] = Source.read(path, name)
        return found

    def file_number(self, source: Source) -> int:
        self.files.append(source)
        return len(self.files) - 1
