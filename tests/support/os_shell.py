"""The operating system with its shell, for tests: a script in, what the console shows out."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from support.guest_runs import image_of
from support.os_runs import KERNEL
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.tree import remove
from toyvm.filesystem.volume import Volume
from toyvm.image import Image
from toyvm.launch import launched
from toyvm.machine.outcome import Stop
from toyvm.shipped.system_disk import new_disk

DISK_BYTES = 2 << 20
LIMIT = 500_000_000  # instructions
# What `ctx list` says of memory and disk, behind a state and processes: it changes with the shipped programs.
CONTEXT_SIZES = re.compile(r"((?:stopped|running|suspended) +[\d-]+)( +\d+| +-){3}")


class Session(NamedTuple):
    """What the console showed, the exit code, the disk afterwards, and how many instructions it took."""

    output: str
    exit_code: int
    disk: bytes
    instructions: int


@cache
def system_disk(size: int = DISK_BYTES) -> bytes:
    return bytes(new_disk(size))


def disk_with(rc: str, disk: bytes | None = None) -> bytearray:
    """The shipped disk, or another one, with another script that init runs first."""
    data = bytearray(system_disk() if disk is None else disk)
    volume = Volume(data)
    etc = volume.find("/etc")
    remove(volume, etc, b"rc")
    add_file(volume, etc, "rc", rc.encode(), 0o644)
    volume.close()
    return data


def session(
    rc: str,
    technique: str = "bare",
    *,
    input: bytes = b"",
    engine: str = "interpreter",
    memory: int = 16 << 20,
    disk_bytes: int = DISK_BYTES,
    kernel: Image | None = None,
) -> Session:
    """Boot, have init run the script `rc`, and a shell on the console then. `kernel` stands for the shipped one."""
    disk = disk_with(rc, system_disk(disk_bytes))
    with launched(technique, memory, engine=engine, input=input, disk=disk) as machine:
        machine.load(kernel or image_of(KERNEL, technique))
        outcome = machine.run(LIMIT)
        assert outcome.stop is Stop.EXIT, outcome.report or outcome.detail
        assert outcome.exit_code is not None
        return Session(machine.output.decode("latin-1"), outcome.exit_code, bytes(disk), outcome.instructions)


def output_of(script: str, technique: str = "bare") -> str:
    """What a script prints, which has nobody at the console."""
    return session(f"{script}\nshutdown $?\n", technique).output
