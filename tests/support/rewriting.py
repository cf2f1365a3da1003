"""Code to be rewritten: assembled, and run rewritten beside the bare machine."""

from __future__ import annotations

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.image import Image
from toyvm.isa.machine import Level
from toyvm.machine.bare import Machine

MEMORY = 256 << 10


def built(source: str) -> Image:
    return assemble_text('.include "t64.inc"\n.globl _start\n' + source, "code.s").image


def compared(image: Image, technique: str, level: Level) -> Guest:
    """Run both to their ends, and hold the guest to the machine. Closed by the caller's host."""
    host = Host("4M", level=level)
    guest = host.guest(technique, MEMORY)
    with Machine(MEMORY, level=level) as bare:
        for computer in (bare, guest):
            computer.load(image)
            assert computer.run(20_000).exit_code == 0
        assert guest.retired == bare.retired
        assert guest.state_words() == bare.state_words()
        assert guest.state_hash() == bare.state_hash()
    return guest
