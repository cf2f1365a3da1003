"""The operating system's programs in C, for tests: run by a script, with keys on the console."""

from __future__ import annotations

from functools import cache

from support.guest_runs import image_of
from support.os_runs import KERNEL
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.tree import remove
from toyvm.filesystem.volume import Volume
from toyvm.importer.system_programs import c_programs
from toyvm.launch import launched
from toyvm.machine.outcome import Stop
from toyvm.shipped.system_disk import new_disk

_DISK_BYTES = 4 << 20
_LIMIT = 1_000_000_000  # instructions


@cache
def _disk() -> bytes:
    return bytes(new_disk(_DISK_BYTES, others=c_programs()))


def output_of(script: str, technique: str = "bare", keys: bytes = b"") -> str:
    """What the console shows of a script that init runs, with so much typed."""
    data = bytearray(_disk())
    volume = Volume(data)
    etc = volume.find("/etc")
    remove(volume, etc, b"rc")
    add_file(volume, etc, "rc", f"{script}\nshutdown $?\n".encode(), 0o644)
    volume.close()
    with launched(technique, input=keys, disk=data) as machine:
        machine.load(image_of(KERNEL, technique))
        outcome = machine.run(_LIMIT)
        assert outcome.stop is Stop.EXIT, outcome.report or outcome.detail
        return machine.output.decode("latin-1")
