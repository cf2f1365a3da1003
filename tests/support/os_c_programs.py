"""The operating system's programs in C, for tests: run by a script, with keys on the console."""

from __future__ import annotations

from functools import cache

from support.guest_runs import image_of
from support.os_runs import KERNEL
from support.os_shell import disk_with
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
    disk = disk_with(f"{script}\nshutdown $?\n", _disk())
    with launched(technique, input=keys, disk=disk) as machine:
        machine.load(image_of(KERNEL, technique))
        outcome = machine.run(_LIMIT)
        assert outcome.stop is Stop.EXIT, outcome.report or outcome.detail
        return machine.output.decode("latin-1")
