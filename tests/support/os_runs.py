"""The operating system run with one program as its init, for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from support.guest_runs import GUESTS, TESTS, Run, image_of
from toyvm.asm import assemble
from toyvm.filesystem.skeleton import add_file, furnish
from toyvm.filesystem.tree import put_contents
from toyvm.filesystem.volume import new_volume
from toyvm.launch import launched

KERNEL = GUESTS / "os" / "os.s"
PROGRAMS = TESTS / "guests" / "os"
DISK_BYTES = 512 << 10
LIMIT = 100_000_000  # instructions


@cache
def _disk_with(program: Path) -> bytes:
    image = assemble([program], include=[PROGRAMS, GUESTS]).image
    data = bytearray(DISK_BYTES)
    volume = new_volume(data)
    furnish(volume, GUESTS / "os" / "root")
    put_contents(volume, PROGRAMS / "files", volume.find("/etc"))
    add_file(volume, volume.find("/bin"), "init", image.to_bytes(), 0o755)
    volume.close()
    return bytes(data)


def run_as_init(
    program: Path, technique: str = "bare", *, engine: str = "interpreter", memory: int = 16 << 20, input: bytes = b""
) -> Run:
    """Boot the operating system from a small disk on which the program, a source, is /bin/init."""
    image = image_of(KERNEL, technique)
    disk = bytearray(_disk_with(program))
    with launched(technique, memory, engine=engine, input=input, disk=disk) as machine:
        machine.load(image)
        outcome = machine.run(LIMIT)
        return Run(
            str(outcome.stop),
            outcome.exit_code,
            machine.output,
            outcome.instructions,
            machine.state_hash(),
            outcome.report or outcome.detail,
        )
