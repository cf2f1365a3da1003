"""Hosts with guest mode, and guests on them that have begun."""

from __future__ import annotations

from support.guest_runs import GUESTS, image_of
from toyvm import Host
from toyvm.host.guest import Guest

KERNEL = GUESTS / "kernel" / "kernel.s"


def assist_host(memory: int = 64 << 20, *, scattered: bool = False) -> Host:
    """A host of level assist; if scattered, another guest has left it no run of 2 MiB."""
    host = Host(memory, level="assist")
    if scattered:
        host.guest("trap", 1 << 20)
    return host


def started(host: Host, technique: str = "assist", memory: int = 8 << 20) -> Guest:
    guest = host.guest(technique, memory)
    guest.load(image_of(KERNEL, technique))
    return guest
