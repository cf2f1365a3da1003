"""The operating system's disk: the shipped programs, assembled, and what belongs around them."""

from __future__ import annotations

from pathlib import Path

from toyvm.filesystem.skeleton import add_file, furnish
from toyvm.filesystem.tree import Convert, as_it_is, put_contents
from toyvm.filesystem.volume import check_size, new_volume
from toyvm.image import Image, LineTable
from toyvm.paths import guests_directory
from toyvm.shipped.prebuilt import shipped_image

PROGRAM_BASE = 0x10000  # where a program of the system's begins
SHIPPED_SIZE = 16 << 20


def programs() -> dict[str, Path]:
    """The sources of the shipped programs, by name."""
    return {path.stem: path for path in sorted((guests_directory() / "os" / "user").glob("*.s"))}


def program_bytes(source: Path) -> bytes:
    """A shipped program as the disk has it. Raises AssemblyError."""
    return stripped(shipped_image(source, {}, PROGRAM_BASE)).to_bytes()


def stripped(image: Image) -> Image:
    """What is executed of an image: no names, no lines."""
    return image._replace(symbols=(), sections=(), lines=LineTable())


def new_disk(
    size: int,
    *,
    label: bytes = b"",
    source: Path | None = None,
    with_programs: bool = True,
    convert: Convert = as_it_is,
) -> bytearray:
    """A disk of so many bytes, with what is in the directory `source` on it. Raises FullError, BadFileError."""
    check_size(size)
    data = bytearray(size)
    volume = new_volume(data, label=label)
    furnish(volume, guests_directory() / "os" / "root")
    if with_programs:
        at = volume.find("/bin")
        for name, path in programs().items():
            add_file(volume, at, name, program_bytes(path), 0o755)
    if source is not None:
        put_contents(volume, source, volume.find("/"), convert)
    volume.close()
    return data
