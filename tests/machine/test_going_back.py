"""Going back to a snapshot: all that a computer says of its guest is as it was, and what its host has counted stays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from support.guest_runs import GUESTS, image_of

from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.testing.techniques import EVERY

# What is the host's, and goes on whatever the guest goes back to.
HOSTS = {
    *("exits", "operands", "hypercalls", "work", "recompilation", "tlb", "laps", "disk_writes", "output"),
    *("closed", "is_running", "condition", "outcome", "share", "cap"),
}
OBJECTS = {"vm", "native_state", "stop_info", "x", "registers", "control", "memory"}  # told by their contents below
DISK = 4096
SOURCE = GUESTS / "kernel" / "kernel.s"


@contextmanager
def computer(technique: str) -> Iterator[Computer]:
    devices: dict[str, Any] = {"input": b"abc\ndef\n" * 50, "disk": bytearray(range(256)) * (DISK // 256)}
    level = "assist" if technique.startswith("assist") else "strict"
    made: AbstractContextManager[Computer] = launched(technique, 2 << 20, level=level, **devices)
    with made as it:
        it.load(image_of(SOURCE, technique))
        yield it


def said(it: Computer, which: Callable[[str], bool]) -> dict[str, Any]:
    """Every public property of those, and what memory and registers hold."""
    names = [name for name, _ in inspect.getmembers(type(it), lambda one: isinstance(one, property))]
    facts = {name: getattr(it, name) for name in names if name[0] != "_" and name not in OBJECTS and which(name)}
    if which("state"):
        facts |= {"state": (it.state_words(), it.state_hash(), it.registers.as_dict(), it.control.as_dict())}
        facts |= {"bytes": bytes(it.memory), "list": list(it.x)}
    return facts


def of_the_guest(it: Computer) -> dict[str, Any]:
    return said(it, lambda name: name not in HOSTS)


def of_the_host(it: Computer) -> dict[str, Any]:
    return said(it, lambda name: name in HOSTS and name != "outcome")


@pytest.mark.parametrize("technique", EVERY)
def test_what_is_said_of_the_guest_goes_back_and_what_the_host_counted_does_not(technique: str) -> None:
    first, more = 40_000, 30_000
    with computer(technique) as it:
        it.run(first)
        there, snapshot = of_the_guest(it), it.save()
        assert of_the_guest(it) == there, "nothing that is looked at is changed, nor by what is saved"
        it.run(more)
        end, counted = of_the_guest(it), of_the_host(it)
        assert end["state"] != there["state"]
        it.write(0x1F0000, b"spoilt")
        it.registers.s3 = 77
        it.restore(snapshot)
        assert of_the_guest(it) == there
        assert of_the_host(it) == counted
        it.run(more)
        found = of_the_guest(it)
        if technique == "para":  # whose tables say which of the host's frames it has, and its monitor's with them
            for facts in (found, end):
                facts["state"] = facts["state"][0]
                del facts["bytes"]
        assert found == end
