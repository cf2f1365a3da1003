"""The operating system run with one program as its init, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from support.guest_runs import GUESTS, TESTS, Run, image_of, run_of
from toyvm.asm import assemble
from toyvm.filesystem.skeleton import add_file, furnish
from toyvm.filesystem.tree import put_contents
from toyvm.filesystem.volume import new_volume
from toyvm.image import Image
from toyvm.launch import launched
from toyvm.shipped.system_disk import PROGRAM_BASE

KERNEL = GUESTS / "os" / "os.s"
PROGRAMS = TESTS / "guests" / "os"
DISK_BYTES = 512 << 10
LIMIT = 100_000_000  # instructions


@cache
def assembled(program: Path, **defines: int) -> bytes:
    """The image of a program's source."""
    return assemble([program], defines=defines, include=[PROGRAMS, GUESTS], base=PROGRAM_BASE).image.to_bytes()


@cache
def _disk_with(size: int, *programs: tuple[str, bytes]) -> bytes:
    data = bytearray(size)
    volume = new_volume(data)
    furnish(volume, GUESTS / "os" / "root")
    put_contents(volume, PROGRAMS / "files", volume.find("/etc"))
    for name, image in programs:
        add_file(volume, volume.find("/bin"), name, image, 0o755)
    volume.close()
    return bytes(data)


def run_as_init(program: Path, technique: str = "bare", **options: Any) -> Run:
    """Boot the operating system from a small disk on which the program, a source, is /bin/init."""
    return boot({"init": assembled(program)}, technique, **options)


def boot(
    programs: Mapping[str, bytes],
    technique: str = "bare",
    *,
    engine: str = "interpreter",
    memory: int = 16 << 20,
    input: bytes = b"",
    disk_latency: int = 1000,
    disk_bytes: int = DISK_BYTES,
    kernel: Image | None = None,
) -> Run:
    """Boot the operating system, or another build of its kernel, from a small disk with these images in /bin."""
    image = image_of(KERNEL, technique) if kernel is None else kernel
    disk = bytearray(_disk_with(disk_bytes, *programs.items()))
    with launched(technique, memory, engine=engine, input=input, disk=disk, disk_latency=disk_latency) as machine:
        machine.load(image)
        return run_of(machine, machine.run(LIMIT))
