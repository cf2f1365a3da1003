"""The operating system's disk: the shipped programs, assembled, and what belongs around them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from toyvm.filesystem.skeleton import add_file, furnish
from toyvm.filesystem.tree import Convert, as_it_is, find_row, put_contents, remove
from toyvm.filesystem.volume import Volume, check_size, new_volume
from toyvm.image import Image, LineTable
from toyvm.paths import guests_directory
from toyvm.shipped.prebuilt import FOLDER, SUFFIX, inputs_of, keep, read_kept, shipped_image

READY = "os-disk"
PROGRAM_BASE = 0x10000  # where a program of the system's begins
SHIPPED_SIZE = 16 << 20


def programs() -> dict[str, Path]:
    """The sources of the shipped programs, by name."""
    return {path.stem: path for path in sorted((guests_directory() / "os" / "user").glob("*.s"))}


def undivided_kernel() -> Image:
    """The kernel built without contexts. Raises AssemblyError."""
    return shipped_image(guests_directory() / "os" / "os.s", {"CONTEXTS": 0})


def timed_programs() -> dict[str, Path]:
    """The sources of those that only the lab runs, by name."""
    return {path.stem: path for path in sorted((guests_directory() / "os" / "bench").glob("*.s"))}


def isolation_programs() -> dict[str, Path]:
    """The sources of those that only the lab's table of isolation runs, by name."""
    return {path.stem: path for path in sorted((guests_directory() / "os" / "isolation").glob("*.s"))}


def program_bytes(source: Path) -> bytes:
    """A shipped program as the disk has it. Raises AssemblyError."""
    return executable(shipped_image(source, {}, PROGRAM_BASE))


def shipped_disk() -> bytearray:
    """The disk that the operating system has unless it is given another, ready or made now. Raises AssemblyError."""
    file = guests_directory() / FOLDER / f"{READY}{SUFFIX}"
    kept = read_kept(file)
    data = bytearray(SHIPPED_SIZE)
    if kept is not None and _listing() <= {*kept[1]}:
        with suppress(zlib.error):
            contents = zlib.decompress(kept[0])
            data[: len(contents)] = contents
            return data
    data = new_disk(SHIPPED_SIZE)
    sources = {path for source in programs().values() for path in inputs_of(source, {}, PROGRAM_BASE)}
    keep(file, zlib.compress(data.rstrip(b"\0"), 1), sorted(sources | _listing()))
    return data


def _listing() -> set[Path]:
    """What a file that is new would be among."""
    return {path for path in (guests_directory() / "os" / "root").rglob("*") if path.is_file()} | {*programs().values()}


def executable(image: Image) -> bytes:
    """A program's file on the disk: what is executed of its image, without names and lines."""
    return image._replace(symbols=(), sections=(), lines=LineTable()).to_bytes()


def new_disk(
    size: int,
    *,
    label: bytes = b"",
    source: Path | None = None,
    with_programs: bool = True,
    others: Mapping[str, bytes] | None = None,
    convert: Convert = as_it_is,
) -> bytearray:
    """A disk of so many bytes, with what is in the directory `source` on it. Raises FullError, BadFileError.

    `others` are images of programs besides the shipped ones.
    """
    check_size(size)
    data = bytearray(size)
    volume = new_volume(data, label=label)
    furnish(volume, guests_directory() / "os" / "root")
    if with_programs:
        at = volume.find("/bin")
        images = {name: program_bytes(path) for name, path in programs().items()}
        for name, image in {**images, **(others or {})}.items():
            add_file(volume, at, name, image, 0o755)
    if source is not None:
        put_contents(volume, source, volume.find("/"), convert)
    volume.close()
    return data


def beginning_with(disk: bytes | bytearray, script: str) -> bytearray:
    """A copy of a disk of the system's, where init runs this script first, and there is no message of the day."""
    data = bytearray(disk)
    volume = Volume(data)
    set_first_script(volume, script)
    volume.close()
    return data


def set_first_script(volume: Volume, script: str) -> None:
    """Have init run this script in place of the one that is there, and leave no message of the day."""
    etc = volume.find("/etc")
    for old in (b"rc", b"motd"):
        if find_row(volume, etc, old) is not None:
            remove(volume, etc, old)
    add_file(volume, etc, "rc", os.fsencode(script), 0o644)
