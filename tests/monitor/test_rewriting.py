"""Rewritten code: the guest cannot tell, wherever it stands, whoever runs it, and whenever an interrupt comes."""

from __future__ import annotations

from collections import Counter

import pytest
from support.rewriting import MEMORY, built, compared

from toyvm.host.host import Host
from toyvm.host.rewriting import Kind, counts_of, words_of
from toyvm.isa.machine import Level
from toyvm.isa.paging import PTE_A
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.machine.bare import Machine
from toyvm.testing.techniques import WITHOUT_GUEST_MODE

LEVELS = pytest.mark.parametrize("level", WITHOUT_GUEST_MODE)
TECHNIQUES = pytest.mark.parametrize("technique", ["rewrite", "rewrite+adaptive", "rewrite+flush"])

# Interrupts on a timer that the test sets, and counted, while registers are read and written in a loop.
INTERRUPTED = """
_start:
    la   a0, handler
    crw  tvec, a0
    la   a0, first
    ld   a0, 0(a0)
    crw  timecmp, a0
    addi a0, zero, 1
    crw  imask, a0
    setst a0
    li   s0, 3
1:  crr  t0, scratch
    addi t0, t0, 1
    crw  scratch, t0
    getst t1
    add  s1, s1, t1
    setst zero
    crw  imask, zero
    crr  t2, ipend
    add  s2, s2, t2
    addi a0, zero, 1
    setst a0
    crw  imask, a0
    crx  t3, tval, t0
    crr  t4, imask
    addi s0, s0, -1
    bnez s0, 1b
    li   a0, 0
    out  8, a0
handler:
    addi s3, s3, 1
    crr  s4, epc
    add  s5, s5, s4
    crr  s6, time
    addi s6, s6, 7
    crw  timecmp, s6
    eret
.balign 8
first: .dword 0
"""
# Each time round the code before it is written anew, with data on its page.
MODIFIED = """
_start:
    la   s0, patched
    la   s1, words
    li   s2, 40
1:  andi t0, s2, 1
    slli t0, t0, 2
    add  t0, s1, t0
    lw   t1, 0(t0)
    sw   t1, 0(s0)
    crw  scratch, s2
    crw  tval, s0
patched:
    crr  a0, scratch
    add  s3, s3, a0
    la   t2, count
    ld   t3, 0(t2)
    addi t3, t3, 1
    sd   t3, 0(t2)
    addi s2, s2, -1
    bnez s2, 1b
    li   a0, 0
    out  8, a0
words:
    crr  a0, scratch
    crr  a0, tval
.balign 8
count: .dword 0
"""
# One page of code, run by the kernel and by a user, at two addresses each; its loads read itself.
SHARED = """
.equ ROOT, 0x8000
.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
_start:
    li   t0, ROOT
    li   t1, RIGHTS
    sd   t1, 0(t0)              # the kernel's: the first 1 GiB as it is
    li   t1, RIGHTS | PTE_U
    sd   t1, 8(t0)              # the same again, for users too
    ori  t0, t0, 1
    la   a0, back
    crw  tvec, a0
    crw  ptbr, t0
    li   s0, 0x40000000
    la   a0, shared
    jalr ra, 0(a0)
    la   a0, shared
    add  a0, a0, s0
    jalr ra, 0(a0)
    crw  status, zero
    li   t0, STATUS_PMODE
    crw  status, t0
    la   a0, user
    add  a0, a0, s0
    crw  epc, a0
    eret
user:
    la   a0, shared
    jalr ra, 0(a0)
    syscall
.balign 4096
shared:
    getst t0
    add  s1, s1, t0
    getvec t1
    add  s2, s2, t1
    auipc t2, 0
    lwu  t3, 0(t2)
    add  s3, s3, t3
    lwu  t3, -16(t2)            # a rewritten word: the original is to be seen
    add  s3, s3, t3
    jalr zero, 0(ra)
.balign 4096
back:
    crr  t5, cause
    add  s4, s4, t5
    crr  t5, epc
    add  s5, s5, t5
    li   t6, CAUSE_SYSCALL
    crr  t5, cause
    bne  t5, t6, 1f
    li   a0, 0
    out  8, a0
1:  crr  t5, epc                # what a user may not do here is skipped
    addi t5, t5, 4
    crw  epc, t5
    eret
"""
# hcalls that the monitor's own would look like.
FORGED = """
_start:
    la   a0, handler
    crw  tvec, a0
    crr  t0, scratch
    crx  t0, scratch, zero
    .irp number, -524288, -524287, -1, 0, 5, 524287
    hcall \\number
    .endr
    li   a0, 0
    out  8, a0
handler:
    crr  t0, tval
    xor  s0, s0, t0
    crr  t0, epc
    addi t0, t0, 4
    crw  epc, t0
    addi s1, s1, 1
    eret
"""


@LEVELS
@TECHNIQUES
def test_an_interrupt_may_come_at_every_instruction_around_rewritten_ones(technique: str, level: Level) -> None:
    image = built(INTERRUPTED)
    for count in range(80):
        with (
            Host("4M", level=level) as host,
            host.guest(technique, MEMORY) as guest,
            Machine(MEMORY, level=level) as bare,
        ):
            for computer in (guest, bare):
                computer.load(image)
                computer.write(image.address_of("first"), count.to_bytes(8, "little"))
                assert computer.run(5_000).exit_code == 0
            assert guest.state_words() == bare.state_words(), f"timer at {count}"
            assert guest.state_hash() == bare.state_hash()


@LEVELS
@TECHNIQUES
def test_code_that_is_written_anew_is_rewritten_anew(technique: str, level: Level) -> None:
    guest = compared(built(MODIFIED), technique, level)
    with guest.host:
        counts = counts_of(guest)
        assert counts.dropped > 3
        assert counts.stepped > 0, "it changed too often"


# A user writes the word anew that is before him, each time round.
USERS = """
_start:
    la   t0, back
    crw  tvec, t0
    la   t0, user
    crw  epc, t0
    li   t0, STATUS_PMODE
    crw  status, t0
    la   s0, patched
    la   s1, words
    li   s2, 40
    eret
user:
    andi t0, s2, 1
    slli t0, t0, 2
    add  t0, s1, t0
    lw   t1, 0(t0)
    sw   t1, 0(s0)
    getst t2                    # which some hardware lets nobody see
patched:
    addi s3, s3, 1
    addi s2, s2, -1
    bnez s2, user
    syscall
back:
    crr  t3, cause
    li   t4, CAUSE_SYSCALL
    bne  t3, t4, 1f
    li   a0, 0
    out  8, a0
1:  crr  t3, epc                # nor may a user ask, on other hardware
    addi t3, t3, 4
    crw  epc, t3
    eret
words:
    addi s3, s3, 1
    addi s3, s3, 16
"""


@LEVELS
@TECHNIQUES
def test_a_user_s_code_that_is_written_anew_is_executed_as_it_is(technique: str, level: Level) -> None:
    with compared(built(USERS), technique, level).host as host:
        assert host.guests[0].x[19] == 20 * 1 + 20 * 16  # s3


# Reads what the monitor has rewritten, for ever.
ENDLESS = """
_start:
    crr  t0, scratch
patched:
    crr  t1, tval
    j    _start
"""


@LEVELS
@TECHNIQUES
def test_what_the_host_writes_into_rewritten_code_is_executed(technique: str, level: Level) -> None:
    image = built(ENDLESS)
    there, word = image.address_of("patched"), built("_start: addi s3, s3, 1").segments[0].data[:4]
    with Machine(MEMORY, level=level) as bare, Host("4M", level=level) as host, host.guest(technique, MEMORY) as guest:
        for computer in (bare, guest):
            computer.load(image)
            computer.run(300)
            computer.write(there, word)
            computer.run(300)
        assert bare.x[19] == 100  # s3
        assert guest.state_words() == bare.state_words()
        assert guest.state_hash() == bare.state_hash()


@LEVELS
@TECHNIQUES
def test_code_that_changed_too_often_is_copied_again_when_it_changes_no_more(technique: str, level: Level) -> None:
    image = built(ENDLESS)
    there = image.address_of("patched")
    words = [built(f"_start: addi s3, s3, {n}").segments[0].data[:4] for n in (1, 2)]
    with Host("4M", level=level) as host, host.guest(technique, MEMORY) as guest:
        guest.load(image)
        for turn in range(20):
            guest.run(30)
            guest.write(there, words[turn % 2])
        guest.run(1_000)
        stepped = counts_of(guest).stepped
        assert stepped > 0
        assert counts_of(guest).pages == 1
        guest.run(1_000)
        assert counts_of(guest).stepped == stepped


@TECHNIQUES
@pytest.mark.parametrize("stop", [50, 200, 400, 600])
def test_the_counts_are_of_what_is_there_whatever_was_dropped(technique: str, stop: int) -> None:
    with Host("4M") as host, host.guest(technique, MEMORY) as guest:
        guest.load(built(MODIFIED))
        guest.run(stop)
        counts, kinds = counts_of(guest), Counter(word.kind for word in words_of(guest))
        assert kinds == Counter({Kind.IN_PLACE: counts.in_place, Kind.CALL: counts.calls, Kind.ADAPTED: counts.adapted})
        assert counts.copied - counts.dropped == counts.pages


@LEVELS
@TECHNIQUES
def test_code_is_rewritten_for_each_mode_and_every_alias(technique: str, level: Level) -> None:
    with compared(built(SHARED), technique, level).host as host:
        (guest,) = host.guests
        users = {word.kind for word in words_of(guest) if word.user}
        assert users == ({Kind.CALL} if level is Level.CLASSIC else set())


@LEVELS
@TECHNIQUES
def test_a_guest_s_own_hcall_is_illegal_whatever_its_number(technique: str, level: Level) -> None:
    with compared(built(FORGED), technique, level).host as host:
        assert host.guests[0].x[9] == 6


def test_what_is_read_in_place_costs_no_exit() -> None:
    with compared(
        built(INTERRUPTED.replace("first: .dword 0", "first: .dword -1")), "rewrite", Level.STRICT
    ).host as host:
        (guest,) = host.guests
        assert guest.exits.get("crr", 0) == guest.exits.get("getst", 0) == 0
        assert {word.kind for word in words_of(guest)} == {Kind.IN_PLACE, Kind.CALL}


# Code that is changed all the time, and so interpreted, turns up in another frame each time round, which differs in one
# instruction; each time its leaf is marked as not accessed, and asked whether it is again.
TURNING = """
.equ LEAF, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
.equ ROOT, 0x10000
.equ MIDDLE, 0x11000
.equ LEAVES, 0x12000
.equ OTHER, 0x20000
_start:
    li   t0, LEAVES
    li   t1, LEAF
    li   t2, 64
1:  sd   t1, 0(t0)
    addi t0, t0, 8
    li   t3, 0x1000
    add  t1, t1, t3
    addi t2, t2, -1
    bnez t2, 1b
    li   t0, MIDDLE
    li   t1, LEAVES | PTE_V
    sd   t1, 0(t0)
    li   t0, ROOT
    li   t1, MIDDLE | PTE_V
    sd   t1, 0(t0)
    la   t0, turning
    li   t1, OTHER
    li   t2, 4096 / 8
1:  ld   t3, 0(t0)
    sd   t3, 0(t1)
    addi t0, t0, 8
    addi t1, t1, 8
    addi t2, t2, -1
    bnez t2, 1b
    la   s2, turning
    srli s0, s2, 12
    slli s0, s0, 3
    li   t0, LEAVES
    add  s0, s0, t0              # the leaf of the code
    li   s4, 0x30000             # both frames once more, to be written
    srli t0, s4, 12
    slli t0, t0, 3
    li   t1, LEAVES
    add  t0, t0, t1
    li   t1, LEAF
    add  t1, t1, s2
    sd   t1, 0(t0)
    li   s5, OTHER
    li   t0, 6 << 17             # the immediate: 1 becomes 7
    la   t1, differs
    sub  t1, t1, s2
    add  t1, t1, s5
    lwu  t2, 0(t1)
    xor  t2, t2, t0
    sw   t2, 0(t1)
    li   t0, LEAF
    add  t1, s2, t0
    add  t2, s5, t0
    xor  s1, t1, t2
    li   s8, 40
    li   t0, ROOT | 1
    crw  ptbr, t0
    j    turning
.balign 4096
turning:
    ld   t1, 0(s0)
    xor  t1, t1, s1
    sd   t1, 0(s0)
    tlbi s2
differs:
    addi s3, s3, 1
    lwu  t2, 0(s4)
    sw   t2, 0(s4)
    lwu  t2, 0(s5)
    sw   t2, 0(s5)
    ld   t1, 0(s0)
    andi t1, t1, ~PTE_A
    sd   t1, 0(s0)
    tlbi s2
    ld   t1, 0(s0)
    andi t1, t1, PTE_A
    add  s6, s6, t1
    addi s8, s8, -1
    bnez s8, turning
    li   a0, 0
    out  8, a0
.balign 4096
"""


@LEVELS
@TECHNIQUES
def test_stepped_code_is_fetched_where_its_page_is_now_and_marks_it(technique: str, level: Level) -> None:
    with compared(built(TURNING), technique, level).host as host:
        (guest,) = host.guests
        assert counts_of(guest).stepped > 100
        assert guest.registers.s3 == 20 * (1 + 7)
        assert guest.registers.s6 == 40 * PTE_A


# A page without anything to rewrite runs by two addresses, gets something by one of them, and runs by the other one:
# first in the kernel, then by users, who stand in the same memory.
ALIASED = """
.equ ROOT, 0x8000
.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D
.equ ALIAS, 0x40000000
_start:
    la   a0, handler
    crw  tvec, a0
    li   t0, ROOT
    li   t1, RIGHTS              # the first GiB of memory, twice
    sd   t1, 0(t0)
    sd   t1, 8(t0)
    li   t0, ROOT | 1
    crw  ptbr, t0
    call turns
    la   t0, turns_of_users
    crw  epc, t0
    li   t0, STATUS_PMODE
    crw  status, t0
    eret
turns_of_users:
    call turns
    syscall
turns:
    mv   s11, ra
    la   s0, {written}
    li   s1, ALIAS
    add  s1, s1, s0
    jalr ra, 0(s0)
    jalr ra, 0(s1)
    la   t0, sensitive
    lwu  t1, 0(t0)
    lwu  s6, 0(s0)
    sw   t1, 0(s0)
    jalr ra, 0(s1)               # by the address that it was not written by
    add  s2, s2, a1
    sw   t1, 0(s1)
    jalr ra, 0(s0)
    add  s3, s3, a1
    sw   s6, 0(s0)
    jr   0(s11)
handler:                         # goes on behind what traps, but for a syscall
    crr  s4, cause
    crr  s5, epc
    addi s5, s5, 4
    crw  epc, s5
    li   s7, {syscall}
    bne  s4, s7, 1f
    out  8, zero
1:  eret
sensitive: getst a1
.balign 4096
clean:
    addi a1, a1, 1
    ret
.balign 4096
"""


@LEVELS
@TECHNIQUES
def test_clean_code_that_is_written_by_one_address_is_scanned_anew_for_the_others(technique: str, level: Level) -> None:
    source = ALIASED.format(written="clean", syscall=CAUSES["syscall"].code)
    with compared(built(source), technique, level).host as host:
        assert counts_of(host.guests[0]).copied > 1


# Reaches for the vCPU page by x0 for ever, without paging: each access faults, and the handler goes on behind it.
REACHING = """
_start:
    la   t0, handler
    crw  tvec, t0
    li   s0, 0
again:
    ld   a0, SHARED_PAGE(zero)
    sw   a0, SHARED_EPC(zero)
    addi s0, s0, 1
    jal  zero, again
handler:
    crr  t0, epc
    addi t0, t0, 4
    crw  epc, t0
    eret
"""


@pytest.mark.parametrize("level", Level)
@TECHNIQUES
def test_what_reaches_for_the_window_by_x0_never_finds_it(technique: str, level: Level) -> None:
    image = built('.include "t64.inc"\n' + REACHING)
    with Machine(MEMORY, level=level) as bare, Host("4M", level=level) as host, host.guest(technique, MEMORY) as guest:
        for machine in (bare, guest):
            machine.load(image)
            machine.run(1_000)
        assert list(guest.x) == list(bare.x)
        assert guest.state_hash() == bare.state_hash()
        assert counts_of(guest).adapted == 2


@pytest.mark.parametrize("offset", [0, 8, 72, 88, 4088])
def test_a_guest_that_scribbles_in_the_window_harms_itself_alone(offset: int) -> None:
    body = ("li t0, -1", "li t1, -0x4000", f"sd t0, {offset}(t1)", "crr t2, scratch", "setst zero", "out 8, zero")
    source = "_start:\n" + "\n".join(body) + "\n"
    with Host("4M") as host, host.guest("rewrite", MEMORY) as guest, host.guest("trap", MEMORY) as neighbour:
        before = neighbour.state_hash()
        guest.load(built(source))
        assert str(guest.run(1_000).stop) in ("exit", "limit", "fault")
        assert neighbour.state_hash() == before
