"""Every exception and exit code of toyvm, and the diagnostic that carries a place in a source."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from toyvm.printable import printable


class ExitCode(IntEnum):
    """What the command line ends with, besides a finished guest's own code (0-99)."""

    OK = 0
    CLAIM_FAILED = 1
    USAGE = 2
    ASSEMBLY = 100
    BAD_FILE = 101
    GUEST_FAULT = 102
    LIMIT = 103
    IDLE = 104
    INTERNAL = 120
    INTERRUPTED = 130


MAXIMUM_GUEST_EXIT_CODE = 99


class ToyvmError(Exception):
    """A host's mistake or a bad input: one clear message, and the exit code the command line gives it."""

    exit_code = ExitCode.INTERNAL


class UsageError(ToyvmError):
    """An option, argument or API value that cannot be taken."""

    exit_code = ExitCode.USAGE


class UnknownNameError(UsageError, AttributeError):
    """A name that is not there: of a register, a guest, an exit reason. `hasattr` takes it for the answer no."""


class BadFileError(ToyvmError):
    """A file that cannot be read or is not what it should be: image, disk, snapshot."""

    exit_code = ExitCode.BAD_FILE


class Diagnostic(NamedTuple):
    """One complaint about a source.

    `column` counts from 1; `source_line` is shown with a caret of `width` characters under it; `notes` are further
    lines: a suggestion, the stack of macros and includes.
    """

    file: str
    line: int
    column: int
    message: str
    source_line: str = ""
    width: int = 1
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text("error")

    def text(self, kind: str) -> str:
        """All of it, for a person: `kind` is an error or a warning."""
        text = f"{self.file}:{self.line}:{self.column}: {kind}: {self.message}"
        lines = [printable(text)]
        if self.source_line:
            before, at = self.source_line[: self.column - 1], self.source_line[self.column - 1 :][: self.width]
            shown = printable(self.source_line, keep="\t")
            margin = "".join("\t" if letter == "\t" else " " for letter in printable(before, keep="\t"))
            width = max(self.width, len(printable(at, keep="\t")))
            lines += [f"    {shown}", f"    {margin}^{'~' * (width - 1)}"]
        return "\n".join((*lines, *(printable(note) for note in self.notes)))


class AssemblyError(ToyvmError):
    """A source that does not assemble or link: every complaint of the run, after what it has said and warned of."""

    exit_code = ExitCode.ASSEMBLY

    def __init__(self, diagnostics: tuple[Diagnostic, ...], messages: tuple[str, ...] = ()) -> None:
        self.diagnostics = diagnostics
        self.messages = messages
        count = len(diagnostics)
        super().__init__("\n".join((*messages, *map(str, diagnostics), f"{count} error{'s' if count != 1 else ''}")))
