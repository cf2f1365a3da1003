"""Which words of a program are code, and their translation in place; what cannot be translated is refused together.

Code is what the executable sections hold, but for the places that the symbols call data: mapping symbols ($x begins
code, $d data), and objects with a size. Where an executable section has no mapping symbols, all else in it is taken for
code, and that is said.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby, islice, pairwise
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.image import Image, Section, Segment, elf
from toyvm.importer.foreign import Kind, kind_of, size_of
from toyvm.importer.program import Program
from toyvm.importer.rv64 import reencode
from toyvm.limits import MAXIMUM_CODE_TO_TRANSLATE

MOST_LINES = 20  # of the list of what cannot be translated


class Refusal(NamedTuple):
    """One place that cannot be translated."""

    address: int
    size: int
    kind: Kind


class Translation(NamedTuple):
    """The segments with T64 code, how many words were translated and left as data, and what there is to say."""

    segments: tuple[Segment, ...]
    instructions: int
    data_words: int
    notes: tuple[str, ...]


def translate(program: Program) -> Translation:
    """Every instruction re-encoded at its own address. Raises BadFileError with all that cannot be."""
    memory = {segment.address: bytearray(segment.data) for segment in program.segments}
    bases = sorted(memory)
    runs = _checked_runs(program)
    refusals: list[Refusal] = []
    for start, end in runs:
        base = bases[bisect_right(bases, start) - 1]
        data = memory[base]
        refusals += _translate_run(data, base, start, end, program.has_compressed)
    if refusals:
        raise BadFileError(_complaint(program, refusals))
    if program.entry % 4:
        raise BadFileError(f"{program.name}: the entry point {program.entry:#x} is not a multiple of 4")
    segments = tuple(segment._replace(data=bytes(memory[segment.address])) for segment in program.segments)
    instructions = sum(end - start for start, end in runs) // 4
    data_words = sum(section.size for section in _executable(program)) // 4 - instructions
    return Translation(segments, instructions, data_words, tuple(_notes(program)))


def _checked_runs(program: Program) -> list[tuple[int, int]]:
    """Every stretch of code. Raises BadFileError if some overlap, or the entry point is in none."""
    sections = sorted(_executable(program), key=lambda section: section.address)
    for before, after in pairwise(sections):
        if before.address + before.size > after.address:
            raise BadFileError(f"{program.name}: two executable sections share the code at {after.address:#x}")
    total = sum(section.size for section in sections)
    if total > MAXIMUM_CODE_TO_TRANSLATE:
        raise BadFileError(f"{program.name}: has {total} bytes of code; the limit is {MAXIMUM_CODE_TO_TRANSLATE}")
    runs = sorted(code_runs(program))
    if not any(start <= program.entry < end for start, end in runs):
        raise BadFileError(f"{program.name}: at the entry point {program.entry:#x} there is no code")
    return runs


def code_runs(program: Program) -> Iterator[tuple[int, int]]:
    """Begin and end of every stretch of code."""
    places = [mark.address for mark in program.marks]
    objects = sorted((data.address, data.address + data.size) for data in program.objects)
    for section in _executable(program):
        start, end = section.address, section.address + section.size
        marks = program.marks[bisect_left(places, start) : bisect_left(places, end)]
        turns = {start: True, **{mark.address: mark.is_code for mark in marks}}
        holes = objects[bisect_left(objects, (start, 0)) : bisect_left(objects, (end, 0))]
        yield from _without(holes, _true_runs(sorted(turns.items()), end))


def _without(holes: list[tuple[int, int]], runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of `runs` that lie in none of `holes`; both ascend, and holes may overlap."""
    number = 0
    for start, end in runs:
        while number < len(holes) and holes[number][0] < end:
            begin, behind = holes[number]
            if start < begin:
                yield start, begin
            start = max(start, behind)
            if behind > end:
                break  # it goes on in the next run
            number += 1
        if start < end:
            yield start, end


def _true_runs(turns: list[tuple[int, bool]], end: int) -> Iterator[tuple[int, int]]:
    """The stretches, from each turn to the next, that are code; neighbours are one."""
    begin = None
    for address, is_code in [*turns, (end, False)]:
        if is_code and begin is None:
            begin = address
        elif not is_code and begin is not None:
            if begin < address:
                yield begin, address
            begin = None


def _executable(program: Program) -> list[Section]:
    return [each for each in program.sections if each.flags & elf.SHF_EXECINSTR and each.has_contents]


def _translate_run(data: bytearray, base: int, start: int, end: int, has_compressed: bool) -> Iterator[Refusal]:
    """Re-encode the code from `start` to `end` where it lies, in data whose address is `base`."""
    place = start
    while place < end:
        size = min(4 - place % 4, end - place)  # up to the next word
        here = slice(place - base, place - base + size)
        word = int.from_bytes(data[here], "little")
        translated = reencode(word) if size == 4 else None
        if translated is not None:
            data[here] = translated.to_bytes(4, "little")
        elif word:
            whole = int.from_bytes(data[place - base : place - base + 4], "little")
            size = min(size_of(whole), end - place) if has_compressed else size
            yield Refusal(place, size, kind_of(whole, place, has_compressed))
        place += size


def _notes(program: Program) -> Iterator[str]:
    places = [mark.address for mark in program.marks]
    for section in _executable(program):
        if bisect_left(places, section.address) == bisect_left(places, section.address + section.size):
            yield f"section '{section.name}' has no mapping symbols: all of it but objects is taken for code"


# The list of refusals.


def _complaint(program: Program, refusals: list[Refusal]) -> str:
    """What avoids them, then a line for each run of refusals of one kind at one place, as far as those can be read."""
    advice: dict[str, dict[str, None]] = {}  # and the kinds that it is for
    for refusal in refusals:
        advice.setdefault(refusal.kind.advice, {})[refusal.kind.name] = None
    count = f"{len(refusals)} place{'s' if len(refusals) > 1 else ''}"
    lines = [f"{program.name}: not RV64IM in {count}:"]
    lines += [f"  {'; '.join(names)}: {what}" for what, names in advice.items()]
    image, shown = program.as_image(), 0
    for group in islice(_grouped(image, refusals), MOST_LINES):
        lines.append(f"    {_line(image, group)}")
        shown += len(group)
    if shown < len(refusals):
        lines.append(f"    and {len(refusals) - shown} more")
    return "\n".join(lines)


def _grouped(image: Image, refusals: list[Refusal]) -> Iterator[list[Refusal]]:
    """The runs of one kind from one source line."""

    def origin(refusal: Refusal) -> tuple[Kind, str | None, str | None, int | None]:
        location = image.locate(refusal.address)
        return refusal.kind, location.symbol, location.file, location.line

    return (list(group) for _, group in groupby(refusals, origin))


def _line(image: Image, group: list[Refusal]) -> str:
    first, last = group[0], group[-1]
    where = f"{first.address:#x}" if len(group) == 1 else f"{first.address:#x}..{last.address + last.size:#x}"
    many = "" if len(group) == 1 else f", {len(group)} times"
    return f"{where} {image.locate(first.address)}: {first.kind.name}{many}"
