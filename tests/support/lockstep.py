"""Twins: two machines set up alike, one interpreting and one recompiling, that must agree at every checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from support.assembling import words_of
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from toyvm.machine.bare import Machine
from toyvm.recompiler.options import Recompiling
from toyvm.testing.states import differences, observe

MEMORY = 0x80000
ROOT, MIDDLE, LEAVES = 0x70000, 0x71000, 0x72000  # page tables: the lowest 2 MiB of addresses
ALL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D

# Everything is compiled before it runs; or what is hot, after a few jumps, as in earnest. Both the same every time.
EAGER = Recompiling(threshold=1, eager=True, waiting=True, limit=200, shortest=1)
HOT = Recompiling(threshold=3, waiting=True, shortest=1)

Setup = Callable[[Machine], None]


def put(machine: Machine, address: int, text: str) -> None:
    """Assemble `text` to physical memory. Labels are relative to it."""
    machine.write(address, b"".join(word.to_bytes(4, "little") for word in words_of(text)))


def map_page(machine: Machine, gva: int, frame: int, flags: int = ALL) -> None:
    """Point a leaf at a frame, from outside."""
    machine.write(LEAVES + gva // PAGE_SIZE * 8, (frame | flags).to_bytes(8, "little"))


def page_on(machine: Machine) -> None:
    """Turn paging on; what is not mapped otherwise is where it is."""
    machine.write(ROOT, (MIDDLE | PTE_V).to_bytes(8, "little"))
    machine.write(MIDDLE, (LEAVES | PTE_V).to_bytes(8, "little"))
    for page in range(0, MEMORY, PAGE_SIZE):
        map_page(machine, page, page)
    machine.set_cr("ptbr", ROOT | 1)


def hold(one: Machine, other: Machine, until: int) -> None:
    """Run both to a count: nothing differs then."""
    lines = differences(observe(one, until), observe(other, until))
    assert not lines, "\n".join([f"at {until}:", *lines])


def agree(setup: Setup, checkpoints: Iterable[int], options: Recompiling = EAGER) -> dict[str, int]:
    """Hold twins to one another; the books of the recompiling one."""
    with Machine(MEMORY) as one, Machine(MEMORY, engine=options) as other:
        for machine in (one, other):
            machine.pc = 0x1000
            setup(machine)
        for checkpoint in checkpoints:
            hold(one, other, checkpoint)
        assert other._recompiler is not None
        counts = other._recompiler.counts()
        assert counts["installed"] > 0, "nothing was recompiled"
        return counts
