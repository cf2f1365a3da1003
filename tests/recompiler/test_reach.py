"""Where recompiled code may access memory without asking: as far as translations go, and no longer than they hold."""

from __future__ import annotations

import pytest
from support.lockstep import ALL, EAGER, HOT, LEAVES, MIDDLE, ROOT, agree, map_page, page_on, put

from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_V, PTE_W
from toyvm.machine.bare import Machine
from toyvm.recompiler.options import Recompiling


@pytest.fixture(scope="module", params=[EAGER, HOT], ids=["eager", "hot"])
def options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recompiling:
    """What is compiled for one test serves the others."""
    return request.param._replace(cache=tmp_path_factory.mktemp("code"))


# Sums and marks words of eight pages, round after round. Before each round it writes the entry s6 to the leaf at s7,
# and says so.
ROUNDS = """
1:  sd   s6, 0(s7)
    tlbi {flush}
    mv   t0, s0
2:  ld   t1, 0(t0)
    add  s1, s1, t1
    addi t1, t1, 1
    sd   t1, 8(t0)
    lw   t2, 16(t0)
    sw   t2, 24(t0)
    addi t0, t0, 512
    bltu t0, s2, 2b
    xor  s6, s6, s8
    j    1b
"""
# Counts a fault and goes on behind the access, so that every one is seen.
SKIPPER = """
    crr  t6, epc
    addi t6, t6, 4
    crw  epc, t6
    addi s5, s5, 1
    crr  t6, tval
    add  s9, s9, t6
    eret
"""
FIRST, LAST, CHANGED = 0x10000, 0x18000, 0x13000


def rounds(machine: Machine, flush: str, one: int, other: int) -> None:
    """`one` and `other`: what the leaf of a page amid the others is from round to round."""
    put(machine, 0x1000, ROUNDS.format(flush=flush))
    put(machine, 0x3000, SKIPPER)
    page_on(machine)
    for word in range(FIRST, LAST, 512):
        machine.write(word, (word * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "little"))
    machine.set_cr("tvec", 0x3000)
    machine.x[8], machine.x[18] = FIRST, LAST
    machine.x[22], machine.x[23], machine.x[24] = one, LEAVES + CHANGED // PAGE_SIZE * 8, one ^ other
    machine.x[30] = CHANGED


CHECKPOINTS = [*range(0, 2400, 97), *range(9000, 11_000, 211), 30_000]


@pytest.mark.slow
@pytest.mark.parametrize("flush", ["zero", "t5"])
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(0, id="unmapped"),
        pytest.param(CHANGED | PTE_V | PTE_R | PTE_A, id="read-only"),
        pytest.param(CHANGED | PTE_V | PTE_W | PTE_A | PTE_D, id="write-only"),
        pytest.param(CHANGED | ALL & ~(PTE_A | PTE_D), id="not yet accessed"),
        pytest.param(CHANGED | ALL & ~PTE_D, id="not yet dirty"),
        pytest.param(0x23000 | ALL, id="another frame"),
        pytest.param(0x12000 | ALL, id="an alias of the page before"),
        pytest.param(0x1000 | ALL & ~PTE_W, id="the code itself"),
        pytest.param(0x7FFFF000 | ALL, id="a frame beyond memory"),
    ],
)
def test_a_page_amid_others_changes_from_round_to_round(options: Recompiling, flush: str, other: int) -> None:
    agree(lambda machine: rounds(machine, flush, CHANGED | ALL, other), CHECKPOINTS, options)


@pytest.mark.parametrize("flags", [ALL, ALL & ~(PTE_A | PTE_D)])
def test_a_large_page_is_reached_as_small_ones_are(options: Recompiling, flags: int) -> None:
    """Round after round: 2 MiB in one leaf, or what the small ones say, of which one leads elsewhere."""

    def setup(machine: Machine) -> None:
        rounds(machine, "zero", MIDDLE + 0x1000 | PTE_V, flags)
        map_page(machine, CHANGED, 0x23000)
        machine.x[23] = MIDDLE

    agree(setup, CHECKPOINTS, options)


def test_two_address_spaces_take_turns(options: Recompiling) -> None:
    text = """
    1:  mv   t0, s0
    2:  ld   t1, 0(t0)
        addi t1, t1, 1
        sd   t1, 0(t0)
        addi t0, t0, 1024
        bltu t0, s2, 2b
        crx  s3, ptbr, s3
        j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        page_on(machine)
        tables = {0x60000: 0x61000 | PTE_V, 0x61000: 0x62000 | PTE_V}
        for page in range(0, FIRST, PAGE_SIZE):
            tables[0x62000 + page // 512] = page | ALL
        for page in range(FIRST, LAST, PAGE_SIZE):  # the other way round
            tables[0x62000 + page // 512] = FIRST + LAST - PAGE_SIZE - page | ALL
        for place, entry in tables.items():
            machine.write(place, entry.to_bytes(8, "little"))
        machine.x[8], machine.x[18], machine.x[19] = FIRST, LAST, 0x60000 | 1

    agree(setup, CHECKPOINTS, options)


STRADDLER = """
1:  ld   t0, -8(s0)
    ld   t1, 0(s0)
    add  t0, t0, t1
    sd   t0, -16(s0)
    sd   t0, 8(s0)
    add  s1, s1, t0
    add  s0, s0, s3
    xor  s3, s3, s4
    j    1b
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 8, 4, 1, PAGE_SIZE - 8, PAGE_SIZE])
@pytest.mark.parametrize("frame", [CHANGED, 0x23000, 0])
def test_accesses_of_one_base_on_both_sides_of_a_page_s_end(options: Recompiling, step: int, frame: int) -> None:
    """To and fro; the pages have neighbouring frames, or others, or one is missing."""

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, STRADDLER)
        put(machine, 0x3000, SKIPPER)
        page_on(machine)
        map_page(machine, CHANGED, frame, ALL if frame else 0)
        machine.set_cr("tvec", 0x3000)
        machine.x[8], machine.x[19] = CHANGED, step
        machine.x[20] = (step ^ -step) % (1 << 64)

    agree(setup, [*range(60), *range(400, 4000, 300)], options)


def test_a_store_to_a_page_that_has_become_code(options: Recompiling) -> None:
    """A loop stores to a page, then calls what it stored there: a function that gives another number each time."""
    text = """
    1:  addi t0, zero, 100
    2:  sd   t0, 0x800(s0)
        addi t0, t0, -1
        bnez t0, 2b
        sw   s1, 0(s0)
        add  s1, s1, s2
        jalr ra, 0(s0)
        j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        put(machine, 0x5000, "addi s3, s3, 0; ret")
        page_on(machine)
        machine.x[8], machine.x[18] = 0x5000, 1 << 17  # of the immediate
        machine.x[9] = int.from_bytes(machine.read(0x5000, 4), "little")

    agree(setup, [*range(300, 4000, 117)], options)


def test_a_walk_through_more_pages_than_the_tlb_has_slots(options: Recompiling) -> None:
    """Of different kinds of access, in runs that a page elsewhere interrupts, while some collide in the TLB."""
    text = """
    1:  li   t0, 0x20000
    2:  ld   t1, 0(t0)
        add  s1, s1, t1
        add  t2, t0, s3
        sd   s1, 8(t2)
        add  t0, t0, s4
        bltu t0, s2, 2b
        j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        page_on(machine)
        tables = 0x78000
        machine.write(MIDDLE + 8, (tables | PTE_V).to_bytes(8, "little"))
        for number in range(512):  # the second 2 MiB are the first 256 KiB again and again, in disorder
            frame = 0x20000 + number * 7 % 64 * PAGE_SIZE
            machine.write(tables + number * 8, (frame | ALL & ~PTE_D).to_bytes(8, "little"))
        machine.x[18], machine.x[19], machine.x[20] = 0x60000, 0x200000 - 0x20000, 0x1000 - 0x40

    assert ROOT < 0x78000
    agree(setup, [*range(100, 3000, 331), 40_000], options)
