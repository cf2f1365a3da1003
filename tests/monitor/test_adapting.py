"""Adaptive rewriting: a store that faults often is rewritten, goes where its page is mapped, and is put back."""

from __future__ import annotations

import pytest
from support.rewriting import MEMORY, built, compared

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.rewriting import Kind, counts_of, words_of
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.testing.techniques import WITHOUT_GUEST_MODE

ADAPTED = """
    .include "workload.inc"
    .equ WORKLOAD_OPERATIONS, 1
    .globl _start
_start:
    workload_begin image_end
    user_begin user_program, 1, workload_wrong
    la   t0, user_space
    ld   s2, SPACE_LEVEL0(t0)
    li   t0, (USER_DATA - USER_BASE) / PAGE_SIZE * 8
    add  s2, s2, t0
    li   t0, USER_DATA
    ld   t0, 0(t0)
    ld   s3, 0(s2)
    call fifty_stores
mark_hot:
    la   s2, somewhere
    call fifty_stores
    call fifty_stores
mark_cool:
    j    workload_done
fifty_stores:
    li   s1, 50
1:  xori s3, s3, 0x80
    sd   s3, 0(s2)
    addi s1, s1, -1
    bnez s1, 1b
    ret
.balign PAGE_SIZE
user_program: .zero PAGE_SIZE
.bss
.balign 8
somewhere: .zero 8
image_end:
"""


def run_to(guest: Guest, address: int) -> None:
    for _ in range(30_000):
        if guest.registers.pc == address:
            return
        guest.run(1)
    raise AssertionError(f"it never came to {address:#x}")


def test_a_store_that_faults_often_is_adapted_and_put_back_once_it_has_cooled() -> None:
    image = assemble_text(ADAPTED, "adapted.s").image
    with Host("4M") as host, host.guest("rewrite+adaptive", MEMORY) as guest:
        guest.load(image)
        run_to(guest, image.address_of("mark_hot"))
        assert counts_of(guest).adapted == 1
        assert guest.exits["trace"] < 20 < guest.exits["adapted"]
        run_to(guest, image.address_of("mark_cool"))
        assert counts_of(guest).adapted == 0
        assert guest.run().exit_code == 0


# A store that has been adapted, for it goes to a table that is in use; from then on it goes elsewhere, and back.
MOVED = """
.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
.equ ROOT, 0x8000                # and one page each:
.equ OTHER_ROOT, 0x9000
.equ MIDDLE, 0xA000
.equ ONE, 0xB000                 # two tables in use...
.equ TWO, 0xC000
.equ PLAIN, 0xD000               # ...and a page that is none
.equ SHOWN, 0xE000               # the table that shows one of them at 0x40400000
_start:
    la   a0, handler
    crw  tvec, a0
    li   t1, RIGHTS
    li   t0, ROOT
    sd   t1, 0(t0)
    li   t0, OTHER_ROOT
    sd   t1, 0(t0)
    li   t1, MIDDLE | PTE_V
    li   t0, ROOT
    sd   t1, 8(t0)
    li   t0, OTHER_ROOT
    sd   t1, 8(t0)
    li   t0, MIDDLE
    li   t1, ONE | PTE_V
    sd   t1, 0(t0)
    li   t1, TWO | PTE_V
    sd   t1, 8(t0)
    li   t1, SHOWN | PTE_V
    sd   t1, 16(t0)
    li   s0, SHOWN
    li   t1, PLAIN | RIGHTS
    li   t0, ONE
    sd   t1, 0(t0)
    li   t0, TWO
    sd   t1, 0(t0)
    li   s3, ROOT | 1
    li   s4, OTHER_ROOT | 1
    crw  ptbr, s3
    li   s1, 0x40000000
    sd   zero, 0(s1)             # both tables come into use
    li   s1, 0x40200000
    sd   zero, 0(s1)
    li   s1, 0x40400000
    li   s5, 0xF000 | RIGHTS     # what is stored, with another frame each time
    li   s6, 12
1:  li   t1, ONE | RIGHTS
    call shown
    li   t1, {elsewhere}
    call shown
    addi s6, s6, -1
    bnez s6, 1b
    li   a0, 0
    out  8, a0
shown:
    sd   t1, 0(s0)
    {says}
    li   t2, 20
1:  li   t3, 0x1000
    xor  s5, s5, t3
    sd   s5, 40(s1)
    ld   t3, 40(s1)
    add  s8, s8, t3
    addi t2, t2, -1
    bnez t2, 1b
    ret
handler:
    addi s9, s9, 1
    crr  s10, epc
    addi s10, s10, 4
    crw  epc, s10
    eret
"""


@pytest.mark.parametrize(
    "elsewhere",
    [
        "TWO | RIGHTS",
        "PLAIN | RIGHTS",
        "0",
        "(ONE | RIGHTS) & ~PTE_W",
        "(TWO | RIGHTS) & ~PTE_D",
        "PLAIN | PTE_V | PTE_W",
    ],
)
@pytest.mark.parametrize("says", ["tlbi s1", "tlbi zero", "crw ptbr, s3", "crx s4, ptbr, s4"])
def test_an_adapted_store_goes_where_the_guest_has_mapped_it_since(says: str, elsewhere: str) -> None:
    image = built(MOVED.format(elsewhere=elsewhere, says=says))
    with compared(image, "rewrite+adaptive", Level.STRICT).host as host:
        assert host.guests[0].exits["adapted"] > 20


# The same store, the last times of each call so far from where it went before.
ASTRAY = MOVED.replace(
    "    sd   s5, 40(s1)\n",
    """    sltiu a1, t2, 4
    li   a2, {astray}
    mul  a1, a1, a2
    add  a1, a1, s1
    {store}   s5, 40(a1)
""",
)


@pytest.mark.parametrize(
    ("store", "astray"), [*(("sd", n) for n in (1, 2, 4, 8, PAGE_SIZE)), ("sw", 1), ("sw", 2), ("sw", 4), ("sh", 1)]
)
def test_an_adapted_store_that_goes_astray_does_what_it_would_have_done(store: str, astray: int) -> None:
    image = built(ASTRAY.format(elsewhere="TWO | RIGHTS", says="tlbi s1", store=store, astray=astray))
    with compared(image, "rewrite+adaptive", Level.STRICT).host as host:
        assert host.guests[0].exits["adapted"] > 20


def test_a_store_on_a_page_without_anything_to_rewrite_is_adapted_as_well() -> None:
    source = ADAPTED.replace("fifty_stores:", ".balign PAGE_SIZE\nfifty_stores:", 1)
    image = assemble_text(source, "adapted.s").image
    with Host("4M") as host, host.guest("rewrite+adaptive", MEMORY) as guest:
        guest.load(image)
        run_to(guest, image.address_of("mark_hot"))
        page = image.address_of("fifty_stores") & -PAGE_SIZE
        assert [word.kind for word in words_of(guest) if page <= word.address < page + PAGE_SIZE] == [Kind.ADAPTED]
        assert guest.exits["trace"] < 20 < guest.exits["adapted"]
        assert guest.run().exit_code == 0


def test_stores_of_one_page_are_adapted_in_one_copy_of_it() -> None:
    source = ADAPTED.replace("fifty_stores:", ".balign PAGE_SIZE\nfifty_stores:", 1)
    source = source.replace("sd   s3, 0(s2)", "sd   s3, 0(s2)\nsd   s3, 64(s2)")
    image = assemble_text(source, "adapted.s").image
    with Host("4M") as host:
        free = host.frames_free
        with host.guest("rewrite+adaptive", MEMORY) as guest:
            guest.load(image)
            run_to(guest, image.address_of("mark_hot"))
            page = image.address_of("fifty_stores") & -PAGE_SIZE
            assert [word.kind for word in words_of(guest) if page <= word.address < page + PAGE_SIZE] == [
                Kind.ADAPTED
            ] * 2
            assert (counts_of(guest).adapted, counts_of(guest).copied) == (2, counts_of(guest).pages)
            assert guest.run().exit_code == 0
        assert host.frames_free == free


# Reads a word of its own page, which is rewritten and so runs as a copy.
READING = """
_start:
    crr  t0, scratch
    la   s0, value
    li   s1, 60
1:  ld   t1, 0(s0)
    add  s2, s2, t1
    addi s1, s1, -1
    bnez s1, 1b
    li   s1, 60
    la   s0, apart
1:  ld   t1, 0(s0)
    add  s2, s2, t1
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 0
    out  8, a0
.balign 8
value: .dword 3
.balign PAGE_SIZE
apart: .dword 5
"""


@pytest.mark.parametrize("level", WITHOUT_GUEST_MODE)
def test_a_load_of_the_code_s_own_page_is_adapted_where_that_was_asked_for(level: Level) -> None:
    with compared(built(READING), "rewrite+adaptive", level).host as host:
        (guest,) = host.guests
        assert guest.registers.s2 == 60 * 3 + 60 * 5
        assert guest.exits["code_read"] < 20 < guest.exits["adapted"]
    with compared(built(READING), "rewrite", level).host as host:
        (guest,) = host.guests
        assert guest.exits["code_read"] == 60
        assert "adapted" not in guest.exits
