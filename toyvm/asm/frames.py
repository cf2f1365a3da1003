"""Frames: the texts being read, one inside the other: files, macro expansions, repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.operands import column_of, split, take_apart
from toyvm.asm.sections import LINE_BITS, Origin
from toyvm.asm.source import Numbered, Source
from toyvm.errors import Diagnostic

MAXIMUM_DEPTH = 100
MAXIMUM_SHOWN = 400  # characters


@dataclass(slots=True)
class Condition:
    """An `.if` that is open: its statement, and the `.else` that it has had."""

    origin: Origin
    has_else: bool = False


@dataclass(eq=False, slots=True)
class Frame:
    """One text being read. `place` is what line tables say of all its lines; None: each line is its own place."""

    source: Source
    rest: Iterator[Numbered]
    file_number: int
    parent: Frame | None = None
    call_number: int = 0
    what: str = ""  # for notes: "included", "in expansion of macro 'x'"; empty: not worth one
    place: int | None = None
    depth: int = 0
    conditions: list[Condition] = field(default_factory=list)

    def place_of(self, number: int) -> int:
        return self.file_number << LINE_BITS | number if self.place is None else self.place

    def inner(self, source: Source, rest: Iterator[Numbered], number: int, what: str, file_number: int) -> Frame:
        """A frame opened by this one's line `number`. Raises Complaint if there are too many inside one another."""
        if self.depth >= MAXIMUM_DEPTH:
            raise Complaint(
                f"macros, repetitions and includes are nested more than {MAXIMUM_DEPTH} deep", is_fatal=True
            )
        return Frame(source, rest, file_number, self, number, what, self.place, self.depth + 1)

    def notes(self) -> tuple[str, ...]:
        """Where this text was called from, the nearest first."""
        notes: list[str] = []
        frame = self
        while frame.parent is not None:
            if frame.what:
                notes.append(f"{frame.parent.source.name}:{frame.call_number}: note: {frame.what}")
            frame = frame.parent
        return tuple(notes if len(notes) <= 12 else [*notes[:8], f"    ... {len(notes) - 11} more", *notes[-3:]])


def diagnose(origin: Origin, complaint: Complaint) -> Diagnostic:
    """The complaint about a statement, with its place in the source."""
    column, width = _column(origin.text, complaint)
    frame = origin.frame
    notes = (*complaint.notes, *frame.notes())
    return Diagnostic(
        frame.source.name, origin.number, column + 1, complaint.message, _shown(origin.text), width, notes
    )


def diagnose_word(origin: Origin, message: str, operand: int) -> Diagnostic:
    """The same about an operand of an instruction, which the statement may have written as fewer."""
    written = len(split(take_apart(origin.text).operands))
    return diagnose(origin, Complaint(message, min(operand, written - 1)))


def diagnose_text(origin: Origin, complaint: Complaint) -> Diagnostic:
    """The same for a complaint whose offset is a column of the whole line."""
    notes = (*complaint.notes, *origin.frame.notes())
    return Diagnostic(
        origin.frame.source.name,
        origin.number,
        complaint.offset + 1,
        complaint.message,
        _shown(origin.text),
        max(1, complaint.width),
        notes,
    )


def _shown(text: str) -> str:
    """A line as a diagnostic shows it: not at all if it would fill the screen."""
    return text if len(text) <= MAXIMUM_SHOWN else ""


def _column(text: str, complaint: Complaint) -> tuple[int, int]:
    """Column, from 0, and width of what a complaint is about."""
    try:
        parts = take_apart(text)
    except Complaint as lexical:
        return lexical.offset, max(1, lexical.width)
    if complaint.operand is None:
        return parts.word_column + complaint.offset, complaint.width or max(1, len(parts.word))
    column, width = column_of(parts.operands, complaint.operand)
    return parts.column + column + complaint.offset, complaint.width or max(1, width - complaint.offset)
