"""RISC-V programs in files, and the flags that a C compiler makes them with."""

from __future__ import annotations

import os

from toyvm.errors import BadFileError
from toyvm.importer.foreign import BASE_FLAGS
from toyvm.importer.linking import Imported, Options, import_program
from toyvm.places import guests_directory

MAXIMUM_PROGRAM_BYTES = 512 * 1024 * 1024
_DEFINES = ("-D_POSIX_TIMERS=1", "-D_POSIX_MONOTONIC_CLOCK=1")  # picolibc's headers then have clocks and nanosleep
COMPILER = "riscv64-unknown-elf-gcc"


def import_file(path: str | os.PathLike[str], options: Options | None = None) -> Imported:
    """As `import_program`, of a file. Raises BadFileError for one that cannot be read, too."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_PROGRAM_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadFileError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAXIMUM_PROGRAM_BYTES:
        raise BadFileError(f"{name}: has more than {MAXIMUM_PROGRAM_BYTES} bytes")
    return import_program(data, name, options)


def compiler_flags() -> list[str]:
    """What gcc for RISC-V takes, before the sources, to make a program with picolibc that can be imported."""
    library = guests_directory() / "picolibc"
    sources = sorted(str(path) for path in library.glob("*.c"))
    return [
        *BASE_FLAGS.split(),
        "-static",
        "--specs=picolibc.specs",
        "-nostartfiles",
        *_DEFINES,
        f"-T{library / 'toyvm.ld'}",
        *sources,
    ]
