"""Programs: images, sources and shipped guests, by what a user calls them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.arguments import check_path, nearest, short
from toyvm.errors import AssemblyError, BadFileError, UsageError
from toyvm.files.boundary import boundary, read_regular, shown
from toyvm.paths import guests_directory
from toyvm.shipped.prebuilt import forget_ready, is_shipped, shipped_image
from toyvm.techniques import Build, facts_of

if TYPE_CHECKING:
    from toyvm.image import Image

PARAVIRT = "PARAVIRT"  # defined for the paravirtual build of a source
_WITH_FOLDER = ("kernel", "os")  # guests whose sources have a folder of that name
_FOLDERS = ("town", "workloads")  # of guests
_SOURCE_SUFFIXES = (".s", ".S", ".asm")
_ELF_MAGIC = b"\x7fELF"


def defines_for(technique: str) -> dict[str, int]:
    """What a source is assembled with for a technique. Raises UsageError if there is none of that name."""
    return {PARAVIRT: 1} if facts_of(technique).build is Build.PARAVIRT else {}


def shipped_guests() -> dict[str, Path]:
    """Every shipped guest that runs by itself, by name: `hello`, `kernel`, `workloads/compute`."""
    root = guests_directory()
    sources = [*root.glob("*.s"), *(source for folder in _FOLDERS for source in (root / folder).glob("*.s"))]
    guests = {path.relative_to(root).with_suffix("").as_posix(): path for path in sources}
    guests |= {name: root / name / f"{name}.s" for name in _WITH_FOLDER}
    return dict(sorted(guests.items()))


def make_ready() -> None:
    """Assemble every shipped guest in each build that it has, the supervisors, and the system's programs."""
    from toyvm.importer.linking import supervisors
    from toyvm.shipped.headers import read_header
    from toyvm.shipped.system_disk import (
        isolation_programs,
        program_bytes,
        shipped_disk,
        timed_programs,
        undivided_kernel,
    )

    forget_ready()
    for path in shipped_guests().values():
        techniques = read_header(path).techniques
        builds = {facts_of(technique).build: technique for technique in techniques}
        for technique in builds.values():
            load_program(path, technique)
    supervisors()
    shipped_disk()
    undivided_kernel()
    for source in (*timed_programs().values(), *isolation_programs().values()):
        program_bytes(source)


def is_system(program: str | os.PathLike[str]) -> bool:
    """Does this mean the shipped operating system, which brings a disk of its own? Raises as find_program."""
    return find_program(program) == guests_directory() / "os" / "os.s"


def find_program(program: str | os.PathLike[str]) -> Path:
    """The file that `program` means: a path, or the name of a shipped guest. Raises BadFileError or UsageError."""
    path = Path(program)
    with boundary(path):
        if path.is_file():
            return path
    guests = shipped_guests()
    name = os.fspath(program).removesuffix(".s")
    for known in (name, *(f"{folder}/{name}" for folder in _FOLDERS)):
        if known in guests:
            return guests[known]
    if path.is_dir():
        raise BadFileError(f"{shown(path)}: is a directory, not a program")
    if path.exists():
        return path  # a pipe or device
    raise _no_program(os.fspath(program), guests)


def _no_program(name: str, guests: Mapping[str, Path]) -> BadFileError:
    """The error for what is neither a file nor a guest: the one that may have been meant, or where all are listed."""
    last_names = {known.rpartition("/")[2] for known in guests}
    if near := nearest(name.removesuffix(".s"), [*guests, *sorted(last_names)]):
        return BadFileError(f"no guest {short(name)}; did you mean {near}?")
    return BadFileError(f"{shown(name)}: neither a file nor a shipped guest; toyvm run --list shows those")


def load_program(
    program: str | os.PathLike[str],
    technique: str = "bare",
    *,
    defines: Mapping[str, int] | None = None,
    include: Sequence[str | os.PathLike[str]] = (),
    listen: Callable[[str], None] | None = None,
) -> Image:
    """The image of an image file, a source, a shipped guest by name, or a static RISC-V program.

    Sources are assembled for the technique, and `listen` is given each warning about one; a RISC-V program is imported,
    and starts without arguments.

    Raises BadFileError, AssemblyError, and UsageError for `defines` given with an image, and for a shipped guest that
    has no build for the technique.
    """
    path = find_program(check_path(program, "program"))
    if is_source(path) and not defines and not include and is_shipped(path):
        return _assembled(path, technique)
    if is_source(path):
        from toyvm.asm.api import assemble, check_defines

        given = {**defines_for(technique), **check_defines(defines)}
        assembly = assemble([path], defines=given, include=include)
        if listen is not None:
            for message in assembly.messages:
                listen(message)
        return assembly.image
    if defines:
        raise UsageError(f"{path}: -D goes with a source; an image is assembled already")
    if is_riscv_program(path):
        from toyvm.importer import import_file

        return import_file(path).image
    return read_image(path)


def _assembled(path: Path, technique: str) -> Image:
    """A shipped guest as built for a technique. Raises UsageError if there is no such build."""
    try:
        return shipped_image(path, defines_for(technique))
    except AssemblyError:
        from toyvm.shipped.headers import read_header

        header = read_header(path)
        why = header.why_missing(technique)
        if why is None:
            raise
        there_is = ", ".join(header.techniques)
        raise UsageError(
            f"{header.name} has no build for technique {technique}: {why}; it has one for {there_is}"
        ) from None


def is_source(path: Path) -> bool:
    """Is this the name of a source?"""
    return path.suffix in _SOURCE_SUFFIXES


def is_riscv_program(path: Path) -> bool:
    """Is the file an ELF file for RISC-V, of whatever kind? False for one that cannot be read."""
    from toyvm.image import elf

    try:
        return elf.machine_of(read_regular(path, elf.HEADER.size)) == elf.MACHINE_RISCV
    except BadFileError:
        return False


def read_image(path: Path) -> Image:
    """The image in a regular file. Raises BadFileError."""
    from toyvm.image import Image

    head = read_regular(path, len(_ELF_MAGIC))
    if head != _ELF_MAGIC:
        raise BadFileError(
            f"{shown(path)}: neither an ELF image nor a source; sources end in {', '.join(_SOURCE_SUFFIXES)}"
        )
    return Image.load(path)
