"""An imported program and its supervisors, put together into one image that every technique runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import PurePath
from types import MappingProxyType
from typing import NamedTuple

from toyvm.errors import UsageError
from toyvm.image import PF_R, PF_W, Image, LineTable, Section, Segment, Symbol
from toyvm.importer import layout
from toyvm.importer.arguments import Start, initial_stack
from toyvm.importer.code import Translation, translate
from toyvm.importer.program import Program, read_program
from toyvm.paths import guests_directory
from toyvm.shipped.prebuilt import shipped_image


class Options(NamedTuple):
    """How a program is started. `arguments` follow its own name; `stack` is in bytes."""

    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = MappingProxyType({})
    stack: int = layout.DEFAULT_STACK


class Imported(NamedTuple):
    """The image, what was translated, and what there is to say about it."""

    image: Image
    translation: Translation
    notes: tuple[str, ...]


def import_program(data: bytes, name: str, options: Options | None = None) -> Imported:
    """The image of a static RV64IM program in an ELF file; `name` is what messages call it.

    It carries a supervisor for each build and takes the one that fits. Raises BadFileError, with every instruction that
    cannot be translated, and UsageError for options that cannot be taken.
    """
    options = options or Options()
    if not layout.MINIMUM_STACK <= options.stack <= layout.MAXIMUM_STACK:
        limits = f"{layout.MINIMUM_STACK}..{layout.MAXIMUM_STACK}"
        raise UsageError(f"a stack of {options.stack} bytes: it takes {limits}")
    program = read_program(data, name)
    layout.check_place(name, program.segments)
    translation = translate(program)
    parts = [*supervisors(), _program_part(program, translation, options)]
    return Imported(_joined(parts), translation, (*program.notes, *translation.notes))


def import_bare_program(data: bytes, name: str) -> Imported:
    """As `import_program`, without supervisor, stack and start: what the operating system of `guests/os` executes."""
    program = read_program(data, name)
    layout.check_place(name, program.segments)
    translation = translate(program)
    image = program.as_image()._replace(segments=translation.segments)
    return Imported(image, translation, (*program.notes, *translation.notes))


def _program_part(program: Program, translation: Translation, options: Options) -> Image:
    """The program with its stack, and the block that describes it to the supervisor."""
    stack = layout.place_stack(program.end, options.stack)
    layout.check_stack(program.name, stack)
    arguments = (PurePath(program.name).name, *options.arguments)
    start = Start(arguments, options.environment, program.entry, program.headers)
    pointer, contents = initial_stack(start, stack)
    ranges = layout.ranges_of(program.name, program.segments, stack)
    block = layout.program_block(program.entry, pointer, stack.end, ranges)
    segments = (
        Segment(layout.PROGRAM, block, len(block), PF_R),
        *translation.segments,
        Segment(pointer, contents, len(contents), PF_R | PF_W),
    )
    return program.as_image()._replace(segments=segments)


@cache
def supervisors() -> tuple[Image, ...]:
    """The boot block and both builds of the supervisor, each where it belongs. They are the same for all programs."""
    paravirt = _build("supervisor", layout.PARAVIRT, layout.PROGRAM, {**layout.defines(), "PARAVIRT": 1})
    plain = _build("supervisor", layout.PLAIN, layout.PARAVIRT, layout.defines())
    entries = {"SUPERVISOR_PLAIN": plain.entry, "SUPERVISOR_PARAVIRT": paravirt.entry}
    boot = _build("boot", layout.SUPERVISOR, layout.PLAIN, entries)
    return _renamed(boot, "boot"), _renamed(plain, "plain"), _renamed(paravirt, "paravirt")


def _build(name: str, base: int, end: int, defines: dict[str, int]) -> Image:
    image = shipped_image(guests_directory() / "supervisor" / f"{name}.s", defines, base)
    top = max(segment.address + segment.size for segment in image.segments)
    assert top <= end, f"{name} at {base:#x} ends at {top:#x}, beyond {end:#x}"
    return image


def _renamed(image: Image, name: str) -> Image:
    """Sections and symbols that cannot be mistaken for the program's."""
    sections = (each._replace(name=f".supervisor.{name}{each.name}") for each in image.sections)
    symbols = (
        Symbol(f"supervisor.{each.name}", each.address, False, f".supervisor.{name}{each.section}", each.size)
        for each in image.symbols
        if each.section
    )
    return image._replace(sections=tuple(sections), symbols=tuple(symbols))


def _joined(parts: Sequence[Image]) -> Image:
    """One image of several that lie one behind another; it starts where the first does."""
    segments = [segment for part in parts for segment in part.segments]
    symbols = [symbol for part in parts for symbol in part.symbols]
    sections: list[Section] = [section for part in parts for section in part.sections]
    return Image(
        parts[0].entry,
        tuple(sorted(segments, key=lambda segment: segment.address)),
        tuple(sorted(symbols, key=lambda symbol: symbol.is_global)),
        _joined_lines(parts),
        tuple(sections),
    )


def _joined_lines(parts: Sequence[Image]) -> LineTable:
    rows = sorted(row for part in parts for row in _rows(part.lines))
    files = sorted({file for _, file, _ in rows})
    numbers = {file: number for number, file in enumerate(files)}
    return LineTable(
        tuple(files),
        tuple(address for address, _, _ in rows),
        tuple(numbers[file] for _, file, _ in rows),
        tuple(line for _, _, line in rows),
    )


def _rows(lines: LineTable) -> Iterator[tuple[int, str, int]]:
    for address, number, line in zip(lines.addresses, lines.file_numbers, lines.line_numbers, strict=True):
        yield address, lines.files[number] if lines.files else "", line
