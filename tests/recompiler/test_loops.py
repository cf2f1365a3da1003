"""Loops whose accesses are checked ahead stop, fault and go on elsewhere where they would without."""

from __future__ import annotations

from random import Random

import pytest
from support.lockstep import ALL, EAGER, HOT, MIDDLE, ROOT, agree, map_page, page_on, put

from toyvm.isa.paging import PTE_A, PTE_D, PTE_W
from toyvm.machine.bare import Machine
from toyvm.recompiler.options import Recompiling

FIRST, LAST = 0x10000, 0x18000
# A page of another kind amid others, and two frames that have changed places.
SPECIAL = {
    "plain": {},
    "exchanged": {0x13000: 0x14000 | ALL, 0x14000: 0x13000 | ALL},
    "unmapped": {0x13000: 0},
    "read-only": {0x13000: 0x13000 | ALL & ~PTE_W},
    "untouched": {page: page | ALL & ~(PTE_A | PTE_D) for page in range(FIRST, LAST, 0x1000)},
    "scattered": {page: (page * 5 & 0x7000 | 0x10000) | ALL for page in range(FIRST, LAST, 0x1000)},
}
# Counts a fault, and leaves the loop.
LEAVER = "addi s5, s5, 1; crr t6, tval; add s6, s6, t6; crr t6, epc; add s6, s6, t6; crw epc, s7; eret"


@pytest.fixture(scope="module", params=[EAGER, HOT], ids=["eager", "hot"])
def options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recompiling:
    """What is compiled for one test serves the others."""
    return request.param._replace(cache=tmp_path_factory.mktemp("code"))


def agree_on(text: str, special: str, registers: dict[int, int], options: Recompiling, seed: int) -> None:
    """`text`: rounds of a loop, which faults send to its third instruction from the end."""

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        put(machine, 0x3000, LEAVER)
        page_on(machine)
        for page, entry in SPECIAL[special].items():
            map_page(machine, page, entry & -0x1000, entry & 0xFFF)
        for word in range(FIRST, LAST, 8):
            machine.write(word, (word * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "little"))
        machine.set_cr("tvec", 0x3000)
        for register, value in registers.items():
            machine.x[register] = value % (1 << 64)

    random, at, counts = Random(seed), 0, []
    for _ in range(60):
        at += random.choice((1, 2, 3, 7, 40, 300, 1500))
        counts.append(at)
    agree(setup, counts, options)


STREAM = """
1:  mv   t0, s0
    mv   t1, s1
2:  l{kind} t2, 0(t0)
    add  s2, s2, t2
    addi t0, t0, {stride}
    s{kind} s2, {offset}(t1)
    addi t1, t1, {other}
    ld   t3, 0(s3)
    add  s2, s2, t3
    bne  t0, s4, 2b
    j    1b
"""


@pytest.mark.slow
@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize(
    ("kind", "stride", "other"),
    [("d", 8, 8), ("d", -8, 16), ("w", 4, -4), ("h", 2, 6), ("b", 1, -3), ("d", 4096, 8), ("d", 64, -512), ("w", 2, 4)],
)
def test_streams_in_both_directions(options: Recompiling, special: str, kind: str, stride: int, other: int) -> None:
    rounds = 0x2800 // max(abs(stride), abs(other))
    start, second = (FIRST + 0x1800 if way > 0 else FIRST + 0x5000 for way in (stride, other))
    end = start + stride * max(3, rounds)
    text = STREAM.format(kind=kind, stride=stride, other=other, offset=-2 * other)
    registers = {8: start, 9: second, 19: FIRST, 20: end, 23: 0x1000}
    agree_on(text, special, registers, options, seed=abs(stride))


@pytest.mark.slow
@pytest.mark.parametrize("base", [0, 1, 4, 0xFF8, 0xFFC])
@pytest.mark.parametrize("special", ["plain", "exchanged", "unmapped"])
def test_groups_that_move_across_pages(options: Recompiling, special: str, base: int) -> None:
    text = """
    1:  mv   t0, s0
    2:  ld   t1, 8(t0)
        lw   t2, 4(t0)
        add  t1, t1, t2
        sd   t1, 16(t0)
        sw   t1, 0(t0)
        addi t0, t0, 24
        add  s2, s2, t1
        bltu t0, s4, 2b
        j    1b
    """
    agree_on(text, special, {8: FIRST + 0x2000 + base, 20: FIRST + 0x4800, 23: 0x1000}, options, seed=base)


@pytest.mark.parametrize("special", ["plain", "unmapped", "read-only"])
def test_a_loop_that_stores_into_its_own_code(options: Recompiling, special: str) -> None:
    """Its stream goes through the page that it stands in: what it stores is what was there."""
    text = """
    1:  mv   t0, s0
    2:  ld   t1, 0(t0)
        sd   t1, 0(t0)
        addi t0, t0, 8
        addi s2, s2, 1
        bltu t0, s4, 2b
        j    1b
    """
    agree_on(text, special, {8: 0x800, 20: 0x1400, 23: 0x1000}, options, seed=5)


def test_a_loop_at_the_end_of_the_address_space_that_accesses_its_beginning(options: Recompiling) -> None:
    """Relative to its own address, which wraps around."""
    text = """
    1:  li   t2, 50
    2:  auipc t0, 0x20f
        ld   t1, 4(t0)
        addi t1, t1, 3
        sd   t1, 12(t0)
        add  s2, s2, t1
        addi t2, t2, -1
        bnez t2, 2b
        j    1b
    """
    top = (1 << 64) - (1 << 21)

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        page_on(machine)
        for table in (ROOT, MIDDLE):  # the last 2 MiB are the first ones
            machine.write(table + 511 * 8, machine.read(table, 8))
        machine.pc = top + 0x1000

    agree(setup, [*range(40), *range(300, 3000, 171)], options)
