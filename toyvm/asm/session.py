"""Sessions: what the sources of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint, Log
from toyvm.asm.source import Source
from toyvm.asm.values import describe
from toyvm.files.boundary import check_regular
from toyvm.limits import CHARACTERS_OF_A_WIDE_ONE, MAXIMUM_CHARACTERS, MAXIMUM_CONTENTS_BYTES, MAXIMUM_STATEMENTS

if TYPE_CHECKING:
    from toyvm.asm.assembler import Compact


@dataclass
class Session:
    """One run: what it has read so far, and what there is to complain about."""

    log: Log = field(default_factory=Log)
    files: list[Source] = field(default_factory=list)  # every file read, by its number in line tables
    include: tuple[Path, ...] = ()
    statements: int = 0  # spent so far, as are the characters and the contents' bytes
    characters: int = 0
    contents: int = 0
    # Encoded statements by their text: encoding does not depend on symbols, so it is the same in every source.
    codes: dict[str, Compact] = field(default_factory=dict)

    sources: dict[Path, Source] = field(default_factory=dict)
    binaries: list[Path] = field(default_factory=list)  # files that .incbin has read

    def spend(self, statements: int, characters: int) -> None:
        """Account for what is read or made. Raises Complaint, with the limit, when it is too much."""
        self.statements += statements
        self.characters += characters
        over = None
        if self.statements > MAXIMUM_STATEMENTS:
            over = f"{MAXIMUM_STATEMENTS} statements"
        elif self.characters > MAXIMUM_CHARACTERS:
            how = f"one counts as {CHARACTERS_OF_A_WIDE_ONE} unless its source is all ASCII"
            over = f"{MAXIMUM_CHARACTERS} characters of text ({how})"
        if over is not None:
            raise Complaint(f"sources, macros and repetitions make more than {over}", is_fatal=True)

    def reserve(self, count: int, operand: int = 0) -> None:
        """Account for bytes that the image file holds. Raises Complaint when there are too many."""
        if self.contents + count > MAXIMUM_CONTENTS_BYTES:
            message = f"{describe(count)} bytes are too many; an image can hold {MAXIMUM_CONTENTS_BYTES}"
            raise Complaint(message, operand, is_fatal=True)
        self.contents += count

    def read(self, path: Path, name: str) -> Source:
        """The source in a file, read once in a run. Raises as Source.read does."""
        found = self.sources.get(path)
        if found is None:
            check_regular(path)
            found = self.sources[path] = Source.read(path, name)
        return found

    def file_number(self, source: Source) -> int:
        self.files.append(source)
        return len(self.files) - 1
