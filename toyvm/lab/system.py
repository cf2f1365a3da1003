"""The operating system as the lab has it: its kernels and disks, and what is done there in the host or in a context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.volume import Volume
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.lab.builds import shipped_build
from toyvm.lab.tasks import Load, SystemScript, WholeRun
from toyvm.launch import disk_after
from toyvm.shipped.system_disk import beginning_with, new_disk, program_bytes, undivided_kernel
from toyvm.techniques import CONTAINER, UNDIVIDED

if TYPE_CHECKING:
    from toyvm.image import Image

MEMORY, _DISK = 4 << 20, 4 << 20  # bytes
_DIGITS = 12  # of a number of operations, always: so that reading it takes as long for any
_END = "shutdown $?\n"
# Of the two contexts that there are the other one does nothing.
_MAKE_CONTEXTS = "ctx create idle && ctx create work || shutdown 1\n"
_START_CONTEXTS = "ctx start idle && ctx start work || shutdown 1\n"
_ROOT = "/ctx/work/root"
_BOOT_CONTEXT = "ctx restart work || shutdown 1\n"


@dataclass(frozen=True)
class Work:
    """What is done again and again: a program that is told how often, or else lines of a script.

    It finds two files of so many sectors: of /tmp/source each begins with its number, from 1 on, and /tmp/target is all
    ones.
    """

    program: Path | None = None
    lines: str = ""
    sectors: int = 0

    def script(self, operations: int) -> str:
        """For a shell."""
        if self.program is None:
            return self.lines * operations
        return f"/bin/{self.program.stem} {operations:0{_DIGITS}}\n"


def kernel_for(technique: str) -> Image:
    """The operating system's kernel as it is there. Raises AssemblyError."""
    return _undivided() if technique == UNDIVIDED else shipped_build("os", technique)


_undivided = cache(undivided_kernel)


def boot_task(technique: str, period: int, settling: int) -> SystemScript | WholeRun:
    """Boots: of the whole machine, but in a context those of that alone."""
    if technique != CONTAINER:
        return WholeRun(_system(technique, _disk(Work())), period)

    def script(operations: int) -> str:
        return _START_CONTEXTS + _BOOT_CONTEXT * operations + _END

    return SystemScript(_system(technique, _divided_disk(Work())), script, period, settling)


def work_task(work: Work, technique: str, period: int, settling: int) -> SystemScript:
    """Its operations, done by a shell: the first one that init runs, or, in a context, one that is run there."""
    if technique == CONTAINER:
        system = _system(
            technique, beginning_with(_divided_disk(work), f"{_START_CONTEXTS}ctx exec work sh /tmp/work\n{_END}")
        )
        return SystemScript(system, work.script, period, settling, put=_with_script_inside)
    return SystemScript(
        _system(technique, _disk(work)), lambda operations: work.script(operations) + _END, period, settling
    )


def _system(technique: str, disk: bytes | bytearray) -> Load:
    return Load(kernel_for(technique), bytearray(disk), memory=MEMORY)


@cache
def _plain_disk() -> bytes:
    return bytes(new_disk(_DISK))


@cache
def _disk(work: Work) -> bytes:
    """The system's disk, with what the work needs."""
    data = bytearray(_plain_disk())
    volume = Volume(data)
    if work.program is not None:
        add_file(volume, volume.find("/bin"), work.program.stem, program_bytes(work.program), 0o755)
    for name, contents in _files(work.sectors).items():
        add_file(volume, volume.find("/tmp"), name, contents, 0o644)
    volume.close()
    return bytes(data)


def _files(sectors: int) -> Mapping[str, bytes]:
    if not sectors:
        return {}
    numbered = b"".join(number.to_bytes(8, "little").ljust(SECTOR_SIZE, b"\0") for number in range(1, sectors + 1))
    return {"source": numbered, "target": b"\xff" * SECTOR_SIZE * sectors}


@cache
def _divided_disk(work: Work) -> bytes:
    """The same where the system has made two contexts, one of which has what the work needs."""
    copies = "".join(f"cp /tmp/{name} {_ROOT}/tmp/{name} || shutdown 1\n" for name in _files(work.sectors))
    return bytes(disk_after(_disk(work), f"{_MAKE_CONTEXTS}{copies}"))


def _with_script_inside(disk: bytes | bytearray, script: str) -> bytearray:
    """A copy of such a disk, with a script in the context."""
    data = bytearray(disk)
    volume = Volume(data)
    add_file(volume, volume.find(f"{_ROOT}/tmp"), "work", script.encode(), 0o644)
    volume.close()
    return data
