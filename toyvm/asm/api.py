"""Assembling: sources in, an image and its listing out."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from toyvm.arguments import check_address, check_list, check_path, check_text, wrong
from toyvm.asm.assembler import Assembler
from toyvm.asm.diagnostics import GiveUp, Log
from toyvm.asm.linking.building import build
from toyvm.asm.linking.linker import Linked, link
from toyvm.asm.operands import IDENTIFIER
from toyvm.asm.sections import Unit
from toyvm.asm.session import Session
from toyvm.asm.source import Source, check_source
from toyvm.errors import Diagnostic, UsageError
from toyvm.image import Image
from toyvm.image.file import MAXIMUM_SECTIONS, MAXIMUM_SEGMENTS
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import DEFAULT_LOAD_ADDRESS
from toyvm.isa.registers import REGISTERS

StrPath = str | PathLike[str]
_OTHER_SECTIONS = 5  # of an image: the null section, and four tables


@dataclass(frozen=True)
class Assembly:
    """What assembling gave: the image, what `.warning` and `.print` said, and what a listing is made from."""

    image: Image
    messages: tuple[str, ...]
    units: tuple[Unit, ...]
    linked: Linked
    files: tuple[Source, ...]
    binaries: tuple[Path, ...] = ()  # what .incbin read

    def __repr__(self) -> str:
        return f"<Assembly of {len(self.files)} files, {len(self.messages)} messages: {self.image!r}>"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file that was read: sources, what they include, and binaries."""
        return (*(source.path for source in self.files if source.path is not None), *self.binaries)

    def listing(self) -> str:
        """Addresses and bytes beside the source lines they come from, then the symbols."""
        from toyvm.asm.linking.listing import listing

        return listing(self.units, self.linked, self.files)


def assemble(
    paths: Sequence[StrPath | Source],
    *,
    defines: Mapping[str, int] | None = None,
    include: Sequence[StrPath] = (),
    entry: str | None = None,
    base: int = DEFAULT_LOAD_ADDRESS,
) -> Assembly:
    """Assemble sources, in files or in memory, and link them into one image that starts at address `base`.

    `defines` are symbols that every source sees; `include` are directories for `.include` and `.incbin`; `entry` names
    the symbol that execution starts at, instead of `_start`. Raises AssemblyError with every complaint there is,
    BadFileError for a source that cannot be read, UsageError for arguments that cannot be taken.
    """
    if isinstance(paths, PathLike | Source):
        raise UsageError("assemble takes a list of sources")
    paths = check_list(paths, "sources", "a list of sources")
    if not paths:
        raise UsageError("there is no source to assemble")
    base = check_address(base, "base address")
    symbols = check_defines(defines)
    if entry is not None:
        check_text(entry, "entry")
    directories = check_list(include, "include", "a list of directories")
    session = Session(include=tuple(Path(check_path(directory, "include")) for directory in directories))
    sources = [path if isinstance(path, Source) else Source.read(check_path(path, "source")) for path in paths]
    try:
        with _without_collection():
            return _assemble(session, sources, symbols, entry, base)
    except GiveUp:
        session.log.raise_if_any()
        raise AssertionError("the assembler gave up without a complaint") from None
    except RecursionError:
        message = "expressions are nested too deeply in one another"
        raise session.log.failure(Diagnostic(sources[0].name, 1, 1, message)) from None


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing made here is garbage before the end, and looking for some takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def assemble_text(
    text: str,
    name: str = "<text>",
    *,
    defines: Mapping[str, int] | None = None,
    include: Sequence[StrPath] = (),
    entry: str | None = None,
    base: int = DEFAULT_LOAD_ADDRESS,
) -> Assembly:
    """As `assemble`, of one text; `name` is what diagnostics call it."""
    check_source(text, check_text(name, "name"))
    return assemble([Source(name, text)], defines=defines, include=include, entry=entry, base=base)


def check_defines(defines: Mapping[str, int] | None) -> dict[str, int]:
    """Symbols and their values. Raises UsageError for what cannot be one."""
    if defines is None:
        return {}
    if not isinstance(defines, Mapping):
        raise wrong("defines", defines, "a mapping of names to numbers")
    for name, value in defines.items():
        if not IDENTIFIER.fullmatch(check_text(name, "name of a symbol")) or name == "." or name in REGISTERS:
            raise UsageError(f"'{name}' cannot be the name of a symbol")
        if not isinstance(value, int) or not -(1 << 63) <= value <= ALL_BITS:
            raise UsageError(f"the value of {name}, {value!r}, is not a 64-bit number")
    return dict(defines)


def _assemble(
    session: Session, sources: list[Source], defines: dict[str, int], entry: str | None, base: int
) -> Assembly:
    units = tuple(Assembler(session, source, defines).run() for source in sources)
    linked = link(units, base, entry, session.log)
    session.log.raise_if_any()
    _check_sections(linked, sources[0], session.log)
    image = build(units, linked, session.files)
    _check_image(image, sources[0], session.log)
    return Assembly(image, tuple(session.log.messages), units, linked, tuple(session.files), tuple(session.binaries))


# What a reader of images would refuse is refused here already.


def _check_sections(linked: Linked, source: Source, log: Log) -> None:
    count = sum(output.is_loaded for output in linked.outputs)
    _check_count("sections", count, MAXIMUM_SECTIONS - _OTHER_SECTIONS, source, log)


def _check_image(image: Image, source: Source, log: Log) -> None:
    _check_count("segments", len(image.segments), MAXIMUM_SEGMENTS, source, log)
    complaint = image.complaint()
    if complaint is not None:
        raise log.failure(Diagnostic(source.name, 1, 1, complaint))


def _check_count(what: str, count: int, most: int, source: Source, log: Log) -> None:
    if count > most:
        raise log.failure(Diagnostic(source.name, 1, 1, f"there are {count} {what}; an image has at most {most}"))
