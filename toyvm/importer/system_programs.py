"""The operating system's programs in C (guests/os/c), compiled for its disk and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.importer.library import COMPILER, compiler_flags, files_below, said
from toyvm.importer.linking import import_bare_program
from toyvm.paths import PACKAGE, cache_directory, guests_directory
from toyvm.shipped.system_disk import executable

_FLAGS = ("-Os", "-Wall", "-Wextra")
_WHAT_IMPORTS = ("importer", "image", "isa")  # the modules that say what a program becomes
_SUFFIX = ".image"


def sources() -> dict[str, Path]:
    """The source of each program, by name."""
    return {path.stem: path for path in sorted((guests_directory() / "os" / "c").glob("*.c"))}


def c_programs() -> dict[str, bytes]:
    """The image of each program, compiled now if need be. Raises UsageError without a compiler, and BadFileError."""
    flags = [COMPILER, *compiler_flags(), *_FLAGS]
    cache = cache_directory()
    assert cache is not None, "the library is in it"
    try:
        place = cache / "os-c" / _key(flags)
        if not place.is_dir():
            _make(flags, place)
        return {name: (place / f"{name}{_SUFFIX}").read_bytes() for name in sources()}
    except OSError as error:
        raise BadFileError(f"{error.filename or cache}: {error.strerror or error}") from None


def _key(flags: list[str]) -> str:
    """A name for what these flags, with which the library's own key comes, make of the sources."""
    known = hashlib.sha256(repr(flags).encode())
    for path in _inputs():
        known.update(f"\0{path}\0".encode() + path.read_bytes())
    return known.hexdigest()[:16]


def _inputs() -> Iterator[Path]:
    yield from files_below(guests_directory() / "os" / "c")
    for room in _WHAT_IMPORTS:
        yield from sorted(Path(PACKAGE, room).rglob("*.py"))


def _make(flags: list[str], place: Path) -> None:
    """Build in a directory beside it, which takes the place when it is whole, or is dropped if another was first."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=place.parent) as building:
        made = Path(building, "programs")
        made.mkdir()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for job in [pool.submit(_build, flags, source, made / name) for name, source in sources().items()]:
                job.result()
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():
                raise


def _build(flags: list[str], source: Path, out: Path) -> None:
    said([*flags, str(source), "-o", str(out)])
    out.with_suffix(_SUFFIX).write_bytes(executable(import_bare_program(out.read_bytes(), source.name).image))
    out.unlink()
