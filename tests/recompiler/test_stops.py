"""Recompiled code stops where the interpreter does: at every limit, interrupt and fault, with the same state."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.lockstep import ALL, EAGER, HOT, agree, map_page, page_on, put

from toyvm.isa.paging import PTE_A, PTE_D, PTE_V
from toyvm.machine.bare import Machine
from toyvm.recompiler.options import Recompiling

both = pytest.mark.parametrize("options", [EAGER, HOT], ids=["eager", "hot"])

# Nested loops, a call, a recursion, loads and stores.
BUSY = """
1:  addi t0, zero, 5
2:  addi t0, t0, -1
    sd   t0, 0x600(s0)
    ld   t1, 0x600(s0)
    add  s1, s1, t1
    mul  s2, s1, t0
    bnez t0, 2b
    addi a0, zero, 4
    jal  ra, 3f
    add  s3, s3, a0
    j    1b
3:  beqz a0, 4f
    addi sp, sp, -16
    sd   ra, 0(sp)
    sd   a0, 8(sp)
    addi a0, a0, -1
    jal  ra, 3b
    ld   t2, 8(sp)
    add  a0, a0, t2
    ld   ra, 0(sp)
    addi sp, sp, 16
4:  ret
"""
HANDLER = """
    crr  t6, time
    addi t6, t6, {period}
    crw  timecmp, t6
    addi s5, s5, 1
    eret
"""


def busy(machine: Machine) -> None:
    put(machine, 0x1000, BUSY)
    machine.x[2], machine.x[8] = 0x5000, 0x6000  # sp, s0


@pytest.mark.slow
@both
def test_every_limit_around_loops_and_calls_is_exact(options: Recompiling, tmp_path: Path) -> None:
    """Each from the start, so that compiled code runs up to it."""
    for limit in range(30, 190):
        agree(busy, [2000 + limit, 4000 + 2 * limit], options._replace(cache=tmp_path))


@both
def test_limits_at_random_distances_are_exact(options: Recompiling) -> None:
    random, counts, at = Random(1), [], 0
    for _ in range(300):
        at += random.choice((1, 2, 3, 50, 99, 1000, 5000))
        counts.append(at)
    agree(busy, counts, options)


@pytest.mark.slow
@both
@pytest.mark.parametrize("period", [17, 64, 101, 1009])
def test_timer_interrupts_come_at_their_exact_count(options: Recompiling, period: int) -> None:
    def setup(machine: Machine) -> None:
        busy(machine)
        put(machine, 0x3000, HANDLER.format(period=period))
        machine.set_cr("tvec", 0x3000)
        machine.set_cr("timecmp", period)
        machine.set_cr("imask", 1)
        machine.set_cr("status", 1)

    agree(setup, [*range(0, 300, 7), 1000, 9999, 50_000], options)


FAULTY = """
1:  ld   t0, 0(s0)
    sd   t0, 8(s0)
    lw   t1, 16(s0)
    sd   t1, {beyond}(s0)
    lbu  t2, 24(s0)
    sd   t2, 32(s0)
    addi s1, s1, 1
    j    1b
"""
# Maps the page that faulted, with the entry in s6, and goes back.
MENDER = """
    crr  t6, tval
    srli t6, t6, 12
    slli t6, t6, 3
    add  t6, t6, s7
    sd   s6, 0(t6)
    addi s5, s5, 1
    eret
"""


@pytest.mark.slow
@both
@pytest.mark.parametrize("missing", [0, PTE_V | 2, PTE_V | 4])
@pytest.mark.parametrize("beyond", [40, 4096])
def test_a_fault_amid_accesses_of_one_base_is_precise(options: Recompiling, missing: int, beyond: int) -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, FAULTY.format(beyond=beyond))
        put(machine, 0x3000, MENDER)
        page_on(machine)
        for page in (0x6000, 0x7000):
            map_page(machine, page, page, missing)
        machine.set_cr("tvec", 0x3000)
        machine.x[8], machine.x[23] = 0x6100, 0x72000
        machine.x[22] = 0x6000 | ALL & ~(PTE_A | PTE_D)

    agree(setup, [*range(60), 500], options)


@both
@pytest.mark.parametrize("base", [0x6FF0, 0x6FF8, 0x6001, 0x6004])
def test_accesses_across_pages_and_misaligned_ones_are_precise(options: Recompiling, base: int) -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, FAULTY.format(beyond=40))
        put(machine, 0x3000, "addi s5, s5, 1; crr t6, epc; addi t6, t6, 4; crw epc, t6; eret")
        page_on(machine)
        machine.set_cr("tvec", 0x3000)
        machine.x[8] = base

    agree(setup, [*range(60), 500], options)


@both
@pytest.mark.parametrize("target", [0x1010, 0x1012, 0x1011, 0x1013])
def test_a_jump_to_a_misaligned_address_traps_before_it_links(options: Recompiling, target: int) -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, "1: addi t0, t0, 1; add t1, t1, t0; jalr ra, 0(s0); nop; addi t2, t2, 1; j 1b")
        put(machine, 0x3000, "crr t6, epc; addi t6, t6, 4; crw epc, t6; add s5, s5, ra; eret")
        machine.set_cr("tvec", 0x3000)
        machine.x[8], machine.x[1] = target, 77

    agree(setup, [*range(0, 40), 2000, 4000], options)


@both
def test_accessed_and_dirty_bits_are_set_by_the_access_that_needs_them(options: Recompiling) -> None:
    text = """
1:      ld   t0, 0(s0)
        beq  t0, s9, 2f
        sd   t0, 8(s0)
2:      add  s0, s0, s8
        j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        page_on(machine)
        for page in range(0x10000, 0x40000, 0x1000):
            map_page(machine, page, page, ALL & ~(PTE_A | PTE_D))
            machine.write(page, (page // 0x1000 % 3).to_bytes(8, "little"))
        machine.x[8], machine.x[24], machine.x[25] = 0x10000, 0x1000, 1

    agree(setup, range(0, 150, 1), options)


# A trap's handler that traps in its turn, once a few instructions have retired.
TRAPPING = """
    addi s1, s1, 1
    addi s2, s2, 2
    addi s3, s3, 3
    ld   t0, 1(zero)
"""


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 5, 7])
def test_what_retires_shortly_before_a_limit_retires_between_two_traps(distance: int) -> None:
    """So that the second one is no double fault."""

    def trapping(machine: Machine) -> None:
        put(machine, 0x1000, "1: syscall\n j 1b")
        put(machine, 0x2000, TRAPPING)
        machine.set_cr("tvec", 0x2000)

    agree(trapping, range(distance, 40 * distance, distance), EAGER)
