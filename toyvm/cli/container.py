"""`--technique container`: what is run on the operating system is run in a context there, on a disk of its own."""

from __future__ import annotations

import argparse

from toyvm.errors import UsageError
from toyvm.techniques import CONTAINER

CONTEXT = "container"  # its name


def is_inside(arguments: argparse.Namespace) -> bool:
    """Is a context asked for? Raises UsageError where there is nothing that one can have."""
    from toyvm.programs import is_system

    if arguments.technique != CONTAINER:
        return False
    if arguments.files is not None:
        return True
    if not is_system(arguments.program):
        raise UsageError(
            f"technique {CONTAINER} is for programs of the operating system; toyvm run os has them, and --files "
            "DIR has it run a C program"
        )
    if arguments.disk is not None:
        raise UsageError(f"--disk: its contexts are what toyvm ctx {arguments.disk} enter NAME goes into")
    return True


def divided(disk: bytes | bytearray) -> bytearray:
    """A copy of a disk of the system's on which there is such a context. Raises AssemblyError."""
    from toyvm.launch import disk_after

    return disk_after(disk, f"ctx create {CONTEXT}")


def shell_disk() -> bytearray:
    """The shipped disk, where what is on the console is a shell in a context. Raises AssemblyError."""
    from toyvm.shipped.system_disk import beginning_with, shipped_disk

    script = f"ctx start {CONTEXT} && ctx enter {CONTEXT}\nshutdown $?\n"
    return beginning_with(divided(shipped_disk()), script)
