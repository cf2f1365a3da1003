"""Ready images: the shipped guests as they were assembled last, so that a run need not assemble them again.

They are made when toyvm is built, and lie beside the guests. A file has a checksum of everything that its image depends
on: the sources, by their names in it, the assembler's own modules, and the rest of the file. So one that is damaged, or
older than what it is made from, counts as not there: the guest is assembled, and the file replaced where that may be.
"""

from __future__ import annotations

import _imp
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.files.boundary import read_regular
from toyvm.image import Image
from toyvm.isa.machine import DEFAULT_LOAD_ADDRESS
from toyvm.limits import MAXIMUM_IMAGE_BYTES
from toyvm.paths import PACKAGE, guests_directory

FOLDER, SUFFIX = "ready", ".t64ready"
_MAGIC = b"toyvm ready image 1\n"
# Any number, and the same for each Python: importlib's own use of this hash takes the number of its bytecode.
_KEY = 0x7436_3472_6479_0001


def _hash(data: bytes) -> bytes:
    """Python's for its own sources; hashlib would take 5 ms to import."""
    return _imp.source_hash(_KEY, data)


_CHECKSUM = len(_hash(b""))
# What an image depends on besides its sources.
_ASSEMBLER = ("asm", "image", "isa")
_OTHERS = ("hypercalls.py", "numerals.py")


def shipped_image(source: Path, defines: Mapping[str, int], base: int = DEFAULT_LOAD_ADDRESS) -> Image:
    """The image of a source in the guests' directory, ready or assembled now. Raises as `assemble` does."""
    return _image_and_inputs(source, defines, base)[0]


def inputs_of(source: Path, defines: Mapping[str, int], base: int = DEFAULT_LOAD_ADDRESS) -> list[Path]:
    """The files that such an image is made from."""
    return _image_and_inputs(source, defines, base)[1]


def _image_and_inputs(source: Path, defines: Mapping[str, int], base: int) -> tuple[Image, list[Path]]:
    guests = guests_directory()
    file = _file_of(guests, source, defines, base)
    kept = read_kept(file)
    if kept is not None:
        contents, inputs = kept
        with suppress(BadFileError):
            return _rerooted(Image.from_bytes(contents, os.fspath(file)), "/", f"{guests}/"), inputs
    from toyvm.asm import assemble

    assembly = assemble([source], defines=defines, include=[guests], base=base)
    keep(file, _rerooted(assembly.image, f"{guests}/", "/").to_bytes(), assembly.inputs)
    return assembly.image, list(assembly.inputs)


def is_shipped(source: Path) -> bool:
    """Does this path name a file in the guests' directory as the directory itself is named?"""
    return source.is_relative_to(guests_directory())


def forget_ready() -> None:
    """Delete all there are."""
    for file in (guests_directory() / FOLDER).glob(f"*{SUFFIX}"):
        file.unlink()


def _file_of(guests: Path, source: Path, defines: Mapping[str, int], base: int) -> Path:
    name = source.relative_to(guests).with_suffix("").as_posix().replace("/", "-")
    how = _hash(repr((sorted(defines.items()), base)).encode())
    return guests / FOLDER / f"{name}-{how.hex()}{SUFFIX}"


def read_kept(file: Path) -> tuple[bytes, list[Path]] | None:
    """What a ready file has, and what that was made from; None unless these make it still."""
    guests = guests_directory()
    try:
        data = read_regular(file, MAXIMUM_IMAGE_BYTES)
        head, body = data[: len(_MAGIC) + _CHECKSUM], data[len(_MAGIC) + _CHECKSUM :]
        listed, _, contents = body.partition(b"\n\n")
        names = listed.decode().split("\n")
        if head != _MAGIC + _checksum(guests, names, body):
            return None
        return contents, [guests / name for name in names]
    except (OSError, ValueError, BadFileError):
        return None


def keep(file: Path, contents: bytes, inputs: Iterable[Path]) -> None:
    """Make a ready file, all of it or nothing; where that cannot be, its contents are made each time."""
    from toyvm.files.replacing import replace_file

    guests = guests_directory()
    with suppress(OSError, ValueError, BadFileError):  # ValueError: an input lies outside of the guests' directory
        names = [path.relative_to(guests).as_posix() for path in inputs]
        body = "\n".join(names).encode() + b"\n\n" + contents
        file.parent.mkdir(exist_ok=True)
        replace_file(file, _MAGIC + _checksum(guests, names, body) + body)


def _rerooted(image: Image, before: str, after: str) -> Image:
    """The image with the files of its line table that lie in one directory in another."""
    files = (after + name.removeprefix(before) if name.startswith(before) else name for name in image.lines.files)
    return image._replace(lines=image.lines._replace(files=tuple(files)))


def _checksum(guests: Path, names: Sequence[str], body: bytes) -> bytes:
    """Of a file's body, and of all that its image is made from. As Python's for its own bytecode. Raises OSError."""
    sources = [os.path.join(guests, name) for name in names]
    return _hash(b"\0".join([body, *map(_contents, sources), *map(_contents, _assembler())]))


def _assembler() -> list[str]:
    """The modules that say what a source means."""
    trees = [entry for name in _ASSEMBLER for entry in os.walk(os.path.join(PACKAGE, name))]
    modules = [os.path.join(folder, name) for folder, _, names in trees for name in names if name.endswith(".py")]
    return [*sorted(modules), *(os.path.join(PACKAGE, name) for name in _OTHERS)]


def _contents(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()
