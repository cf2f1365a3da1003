"""Which words of a program are code, and their translation in place; what cannot be translated is refused together.

Code is what the executable sections hold, but for the places that the symbols call data: mapping symbols ($x begins
code, $d data), and objects with a size. Where an executable section has no mapping symbols, all else in it is taken for
code, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.image import Image, Section, Segment, elf
from toyvm.importer.foreign import Kind, kind_of, size_of
from toyvm.importer.program import Program
from toyvm.importer.rv64 import reencode

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
    runs = _checked_runs(program)
    refusals: list[Refusal] = []
    for start, end in runs:
        base, data = _holder(memory, start)
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
    runs = sorted(code_runs(program))
    for before, after in pairwise(runs):
        if before[1] > after[0]:
            raise BadFileError(f"{program.name}: two executable sections share the code at {after[0]:#x}")
    if not any(start <= program.entry < end for start, end in runs):
        raise BadFileError(f"{program.name}: at the entry point {program.entry:#x} there is no code")
    return runs


def code_runs(program: Program) -> Iterator[tuple[int, int]]:
    """Begin and end of every stretch of code."""
    for section in _executable(program):
        turns, end = {section.address: True}, section.address + section.size
        turns.update((mark.address, mark.is_code) for mark in program.marks if section.address <= mark.address < end)
        for data in program.objects:
            if section.address <= data.address < end:
                _lay(turns, data.address, min(data.address + data.size, end))
        yield from _true_runs(sorted(turns.items()), end)


def _lay(turns: dict[int, bool], start: int, end: int) -> None:
    """From start to end there is data; behind it is what was there before."""
    resumes = turns[max(address for address in turns if address <= end)]
    for address in [address for address in turns if start <= address < end]:
        del turns[address]
    turns[start] = False
    turns.setdefault(end, resumes)


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


def _holder(memory: dict[int, bytearray], address: int) -> tuple[int, bytearray]:
    """The segment's data that holds the address, which is in one, with its base."""
    return next((base, data) for base, data in memory.items() if base <= address < base + len(data))


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
    for section in _executable(program):
        if not any(section.address <= mark.address < section.address + section.size for mark in program.marks):
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
    group: list[Refusal] = []
    for refusal in refusals:
        if group and not _continues(image, group[-1], refusal):
            yield group
            group = []
        group.append(refusal)
    yield group


def _continues(image: Image, before: Refusal, after: Refusal) -> bool:
    """Is this one more of the same kind from the same source line?"""
    if before.kind is not after.kind:
        return False
    one, other = image.locate(before.address), image.locate(after.address)
    return (one.symbol, one.file, one.line) == (other.symbol, other.file, other.line)


def _line(image: Image, group: list[Refusal]) -> str:
    first, last = group[0], group[-1]
    where = f"{first.address:#x}" if len(group) == 1 else f"{first.address:#x}..{last.address + last.size:#x}"
    many = "" if len(group) == 1 else f", {len(group)} times"
    return f"{where} {image.locate(first.address)}: {first.kind.name}{many}"
