"""What makes C programs with picolibc: the library's system half, built once for each compiler, and the flags for it.

picolibc leaves start-up, streams and system calls to its user. Those are C sources that come with toyvm
(guests/picolibc). They are compiled apart from any program, in their own dialect, into one object whose names give way
to the program's. It lies with its headers and linker script in the user's cache, under a name that tells what it was
made from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from toyvm.errors import BadFileError, UsageError
from toyvm.importer.foreign import BASE_FLAGS
from toyvm.paths import cache_directory, guests_directory

COMPILER = "riscv64-unknown-elf-gcc"
_PICOLIBC = "picolibc.specs"
_DEFINES = ("-D_POSIX_TIMERS=1", "-D_POSIX_MONOTONIC_CLOCK=1")  # picolibc's headers then have clocks and nanosleep
_PROGRAM_FLAGS = (*BASE_FLAGS.split(), "-static", f"--specs={_PICOLIBC}", *_DEFINES)
_OWN_FLAGS = ("-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-fno-builtin", "-ffunction-sections", "-fdata-sections")
_OBJECT = "toyvm.o"
_CPLUSPLUS = "cplusplus.c"
# Libraries that g++ or a program asks for, in place of those that a toolchain lacks: from which source.
_STAND_INS = {"libstdc++.a": _CPLUSPLUS, "libatomic.a": None}


def compiler_flags(compiler: str = COMPILER) -> list[str]:
    """What gcc for RISC-V takes to compile or link a program with picolibc that can be imported.

    Builds what the flags refer to, if it is not there. Raises UsageError if there is no such compiler, or none with
    picolibc, and BadFileError if nothing can be built or kept.
    """
    library = library_for(compiler)
    return [*_PROGRAM_FLAGS, f"-B{library}/", "--specs=toyvm.specs", f"-T{library / 'toyvm.ld'}"]


def library_for(compiler: str) -> Path:
    """The directory with the object, its headers and linker script for this compiler, built now if need be."""
    cache = cache_directory()
    if cache is None:
        raise UsageError("the C library has nowhere to be kept: set XDG_CACHE_HOME or HOME to a directory")
    program = shutil.which(compiler)
    if program is None:
        raise UsageError(f"{compiler} is not installed, the compiler of C programs; `--flags=COMPILER` takes another")
    specs = said([program, f"-print-file-name={_PICOLIBC}"])
    if not os.path.isabs(specs):
        raise UsageError(f"{compiler} has no picolibc: {_PICOLIBC} is not installed")
    try:
        library = cache / "picolibc" / _key(program, specs)
        if not library.is_dir():
            _make(program, library)
    except OSError as error:
        raise BadFileError(f"{error.filename or cache}: {error.strerror or error}") from None
    return library


def _key(program: str, specs: str) -> str:
    """A name for what this compiler makes of the sources, as far as their bytes and its own age tell."""
    known = hashlib.sha256(repr((_PROGRAM_FLAGS, _OWN_FLAGS)).encode())
    for path in (os.path.realpath(program), os.path.realpath(specs)):
        facts = os.stat(path)
        known.update(repr((path, facts.st_size, facts.st_mtime_ns)).encode())
    root = guests_directory() / "picolibc"
    for source in files_below(root):
        known.update(f"\0{source.relative_to(root)}\0".encode() + source.read_bytes())
    return known.hexdigest()[:16]


def files_below(root: Path) -> Iterator[Path]:
    """In an order that is the same everywhere."""
    return (path for path in sorted(root.rglob("*")) if path.is_file())


def _make(program: str, library: Path) -> None:
    """Build in a directory beside it that is renamed when it is whole, or dropped if another was first."""
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=library.parent) as building:
        place = Path(building, "library")
        shutil.copytree(guests_directory() / "picolibc", place, ignore=shutil.ignore_patterns("library"))
        _compile(program, place)
        try:
            place.rename(library)
        except OSError:
            if not library.is_dir():
                raise


def _compile(program: str, place: Path) -> None:
    sources = guests_directory() / "picolibc" / "library"
    flags = [program, *_PROGRAM_FLAGS, *_OWN_FLAGS, f"-B{place}/"]
    objects = place / "objects"
    objects.mkdir()
    names = sorted(path for path in sources.glob("*.c") if path.name != _CPLUSPLUS)
    said([*flags, "-c", *(word for path in names for word in _as_c(path))], objects)
    linker = said([program, "-print-prog-name=ld"])
    said([linker, "-r", *map(str, sorted(objects.iterdir())), "-o", str(place / _OBJECT)])
    for library, source in _STAND_INS.items():
        if os.path.isabs(said([program, *BASE_FLAGS.split(), f"-print-file-name={library}"])):
            continue
        members = []
        if source is not None:
            members.append(str(objects / f"{library}.o"))
            said([*flags, "-c", *_as_c(sources / source), "-o", members[0]])
        said([said([program, "-print-prog-name=ar"]), "rcs", str(place / library), *members])
    shutil.rmtree(objects)


def _as_c(source: Path) -> tuple[str, ...]:
    """A source for the compiler's command line. g++ would take it for C++, and forgets -x after each file."""
    return "-x", "c", str(source)


def said(command: Sequence[str], folder: Path | None = None) -> str:
    """What a command prints. Raises BadFileError with its first words of complaint."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise BadFileError(f"{command[0]}: {error.strerror or error}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines() or [""]
        raise BadFileError(f"{command[0]}: ended with {done.returncode}: {lines[0]}")
    return done.stdout.strip()
