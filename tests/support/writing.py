"""Writing to a disk file: a guest that puts a word at the start of sector 1, and what its file holds."""

from __future__ import annotations

import os
from pathlib import Path

from toyvm import Machine, assemble_text
from toyvm.isa.ports import SECTOR_SIZE as SECTOR

WORD = (0x1122334455667788).to_bytes(8, "little")
WRITING = assemble_text("""
_start:
    ld   t0, word
    out  0x1c, t0
    li   t0, 1
    out  0x19, t0
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t1, t0, 2
    beqz t1, 1b
    srli a0, t0, 2
    out  8, a0
.balign 8
word: .dword 0x1122334455667788
""").image

SIZE = 8 << 20


def sparse_disk(folder: Path) -> Path:
    """A disk with data at its start and in its middle."""
    path = folder / "disk"
    with path.open("wb") as disk:
        disk.truncate(SIZE)
        disk.write(b"start")
        disk.seek(SIZE // 2)
        disk.write(b"middle")
    return path


def written(machine: Machine) -> None:
    machine.load(WRITING)
    assert machine.run().ok


def write(file: Path) -> None:
    """Have a guest write to a disk file."""
    with Machine("1M", disk=file) as machine:
        written(machine)


def is_written(file: Path) -> bool:
    with file.open("rb") as disk:
        return disk.read(5) == b"start" and os.pread(disk.fileno(), 8, SECTOR) == WORD
