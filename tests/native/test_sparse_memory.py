"""Memory that nobody has written to is known to be zero: hashes and snapshots pass it over, and miss nothing else."""

from __future__ import annotations

import resource

import pytest
from support.guest_runs import GUESTS, image_of

from toyvm.asm import assemble_text
from toyvm.host.host import Host
from toyvm.isa.paging import PAGE_SIZE
from toyvm.launch import launched
from toyvm.machine.bare import Machine
from toyvm.techniques import NATIVE_ENGINES
from toyvm.testing.programs import Program
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS

MEMORY = 4 << 20


def read_pages(machine: Machine) -> dict[int, bytes]:
    """The pages that are not all zero, by a look at each."""
    pages = {page: machine.read(page * PAGE_SIZE, PAGE_SIZE) for page in range(machine.memory_size // PAGE_SIZE)}
    return {page: contents for page, contents in pages.items() if contents.strip(b"\0")}


@pytest.mark.slow
@pytest.mark.parametrize("engine", NATIVE_ENGINES)
@pytest.mark.parametrize("technique", ["bare", "para", *VARIANTS])
def test_every_page_that_a_kernel_and_its_monitor_have_written_is_found(technique: str, engine: str) -> None:
    image = image_of(GUESTS / "kernel" / "kernel.s", technique)
    with launched(technique, MEMORY, engine=engine) as machine:
        machine.load(image)
        for count in (50_000, 600_000, None):
            machine.run(until=count)
            assert dict(machine.pages()) == read_pages(machine)
        assert machine.retired > 600_000


# A store into each 64 KiB from 1 MiB on, by code that has run before it gets there.
STORING = """
_start:
    li   s1, 0x10000
    li   s2, 0x400000
    li   s3, 100
again:
    li   s0, 0x100000
    addi s3, s3, -1
    bnez s3, store
    li   s4, 0x10000
store:
    add  t0, s0, s4
    sd   s1, 0(t0)
    beqz s4, next
    add  s0, s0, s1
    blt  t0, s2, store
    out  8, zero
next:
    jal  zero, again
"""


@pytest.mark.parametrize("subject", ["recompiler", "recompiled trap", "recompiled assist"])
def test_the_first_store_into_a_page_is_known_if_recompiled_code_makes_it(subject: str) -> None:
    image = assemble_text(STORING, "storing.s").image
    with SUBJECTS[subject](Program((), memory=8 << 20)) as machine:
        machine.load(image)
        assert str(machine.run().stop) == "exit"
        assert dict(machine.pages()) == read_pages(machine)
        assert len(dict(machine.pages())) > 40


@pytest.mark.parametrize("at", [0, (64 << 10) - 1, 64 << 10, MEMORY - 1])
def test_a_byte_is_found_wherever_the_host_writes_it(at: int) -> None:
    with Machine(MEMORY) as machine, Host("32M") as host, host.guest("trap", MEMORY) as guest:
        for computer in (machine, guest):
            computer.write(at, b"x")
            assert [page for page, _ in computer.pages()] == [at // PAGE_SIZE]


def test_memory_that_was_written_and_is_zero_again_counts_as_untouched() -> None:
    with Machine(MEMORY) as machine, Machine(MEMORY) as untouched:
        machine.write(MEMORY // 2, bytes(range(256)))
        machine.write(MEMORY // 2, bytes(256))
        assert machine.state_hash() == untouched.state_hash()
        assert machine.save() == untouched.save()


def test_a_large_machine_is_hashed_saved_and_restored_without_a_look_at_what_is_untouched() -> None:
    with Machine("16G") as machine:
        machine.write(9 << 30, b"something")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        state = machine.state_hash()
        machine.restore(machine.save())
        assert machine.state_hash() == state
        assert machine.read(9 << 30, 9) == b"something"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 2_000
