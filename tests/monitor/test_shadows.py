"""Cached shadow tables: found again at a switch, kept in step by traces, none of whose tables the guest can write."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support import rewriting

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.image import Image
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.lab.workloads import find_workloads

PTE_V, PTE_R, PTE_W, PTE_X = 1, 2, 4, 8
FRAME = 0x00FF_FFFF_FFFF_F000
HEAD = '.include "workload.inc"\n.equ WORKLOAD_OPERATIONS, 1\n.globl _start\n_start: workload_begin image_end\n'
# Two spaces in turn, each with a page of its own.
TURNS = """
    user_begin user_program, 1, workload_wrong
    la   a0, other_space
    call user_half
    li   s1, 100
1:  la   a0, other_space
    call space_switch
    li   t0, USER_DATA
    sd   s1, 0(t0)
    la   a0, user_space
    call space_switch
    li   t0, USER_DATA
    sd   s1, 0(t0)
    addi s1, s1, -1
    bnez s1, 1b
    j    workload_done
.balign PAGE_SIZE
user_program: .zero PAGE_SIZE
.bss
.balign 8
other_space: .zero SPACE_SIZE
image_end:
"""
# A table is taken down, its page cleared, and used for data.
REUSED = """
    user_begin user_program, 1, workload_wrong
    li   t0, USER_DATA
    sd   s0, 0(t0)
    la   t0, user_space
    ld   s2, SPACE_LEVEL0(t0)
    mv   s3, s2
    addi s4, s2, PAGE_SIZE
1:  sd   zero, 0(s3)
    addi s3, s3, 8
    bltu s3, s4, 1b
    tlbi zero
    li   s1, 1000
    mv   s3, s2
2:  sd   s1, 16(s3)
    addi s1, s1, -1
    bnez s1, 2b
    j    workload_done
.balign PAGE_SIZE
user_program: .zero PAGE_SIZE
.bss
image_end:
"""


# The root in use gets an entry that is none.
BROKEN_ROOT = """
    getpt s1
    andi s2, s1, 1
    sub  s1, s1, s2
    li   t0, -1
    sd   t0, 8(s1)
    sd   t0, 16(s1)
    ld   t1, 8(s1)
    bne  t0, t1, workload_wrong
    j    workload_done
.bss
image_end:
"""


def built(body: str) -> Image:
    return assemble_text(HEAD + body, "shadows.s").image


def exits_of(technique: str, image: Image) -> dict[str, int]:
    with Host() as host, host.guest(technique, "2M") as guest:
        guest.load(image)
        assert guest.run().exit_code == 0
        return guest.exits


def test_a_switch_finds_what_was_filled_before() -> None:
    image = built(TURNS)
    cached, flushed = exits_of("trap", image), exits_of("trap+flush", image)
    assert cached["shadow_page_fault"] < 30 < 100 * 2 < flushed["shadow_page_fault"]
    assert cached["crw"] == flushed["crw"]


def test_a_table_that_became_data_is_traced_no_more() -> None:
    exits = exits_of("trap", built(REUSED))
    assert exits["trace"] < 50, "1,512 stores went there"


def test_a_guest_goes_on_when_its_root_is_traced_no_more() -> None:
    assert exits_of("trap", built(BROKEN_ROOT)).get("exception", 0) == 0


def entries_of(data: bytes) -> memoryview:
    return memoryview(data).cast("Q")


def writable_below(host: Host, table: int, level: int) -> set[int]:
    """The frames, by address, that leaves below a table of the hardware let the guest write."""
    entries = [entry for entry in entries_of(host.read(table, PAGE_SIZE)) if entry & PTE_V]
    if level == 0:
        return {entry & FRAME for entry in entries if entry & PTE_W}
    return {leaf for entry in entries for leaf in writable_below(host, entry & FRAME, level - 1)}


def shadowed_below(guest: Guest, shadow: int, table: int, level: int) -> set[int]:
    """The guest's tables, by host address, that stand behind a shadow and the shadows below it."""
    found = {guest.host_frame(table >> 12) << 12}
    if level == 0:
        return found
    shadows = entries_of(guest.host.read(shadow, PAGE_SIZE))
    for behind, entry in zip(shadows, entries_of(guest.read(table, PAGE_SIZE)), strict=True):
        if behind and not entry & (PTE_R | PTE_W | PTE_X):
            found |= shadowed_below(guest, behind & FRAME, entry & FRAME, level - 1)
    return found


# A user loads by a large leaf; the kernel takes it away, and has that one page forgotten; the user loads again.
TAKEN_AWAY = """
.equ ROOT, 0x8000
.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
_start:
    li   t0, ROOT
    li   t1, RIGHTS
    sd   t1, 0(t0)
    li   t1, RIGHTS | PTE_U
    sd   t1, 8(t0)              # where the user runs
    sd   t1, 16(t0)             # and loads
    ori  t0, t0, 1
    la   a0, back
    crw  tvec, a0
    crw  ptbr, t0
    li   s0, 0x40000000
    li   s1, 0x80000000
    li   t0, STATUS_PMODE
    crw  status, t0
    la   a0, user
    add  a0, a0, s0
    crw  epc, a0
    eret
user:
    ld   s2, 0(s1)
    syscall
    ld   s3, 0(s1)
    syscall
back:
    crr  s4, cause
    addi s5, s5, 1
    li   t0, 2
    beq  s5, t0, 1f
    li   t0, ROOT
    sd   zero, 16(t0)
    tlbi s1
    crr  t0, epc
    addi t0, t0, 4
    crw  epc, t0
    eret
1:  li   a0, 0
    out  8, a0
"""


@pytest.mark.parametrize("technique", ["trap", "trap+flush", "rewrite", "hybrid"])
def test_a_page_that_the_kernel_has_forgotten_is_forgotten_for_its_users(technique: str) -> None:
    image = rewriting.built(TAKEN_AWAY)
    with rewriting.compared(image, technique, Level.STRICT).host as host:
        assert host.guests[0].x[20] == CAUSES["load_page_fault"].code  # s4


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(stop=st.integers(2_000, 100_000), name=st.sampled_from(["switch", "pagefault", "ptupdate", "syscall"]))
def test_no_table_that_is_shadowed_can_be_written(stop: int, name: str) -> None:
    with Host() as host, host.guest("trap", "2M") as guest:
        image = find_workloads([name])[0].task("trap").image
        guest.load(image)
        guest.write(image.address_of("operations"), (1 << 40).to_bytes(8, "little"))
        guest.run(stop)
        roots = [root for mode in (0, 1) if (root := guest.root(mode)) is not None]
        assume(guest.control.ptbr & 1)
        assume(roots)  # not right after a write of ptbr
        for root in roots:
            shadowed = shadowed_below(guest, root, guest.control.ptbr & FRAME, 2)
            assert shadowed
            assert not shadowed & set().union(*(writable_below(host, other, 2) for other in roots))
