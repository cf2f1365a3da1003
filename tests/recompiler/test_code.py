"""Recompiled code is that of the words in memory, at their address, however they change or are mapped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.lockstep import ALL, EAGER, HOT, LEAVES, agree, hold, map_page, page_on, put

from toyvm.isa.control import PMODE
from toyvm.isa.paging import PTE_X
from toyvm.machine.bare import Machine
from toyvm.native import ffi, lib
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.translator import Translator
from toyvm.recompiler.worker import Account

both = pytest.mark.parametrize("options", [EAGER, HOT], ids=["eager", "hot"])


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is compiled for one test serves the others."""
    return tmp_path_factory.mktemp("code")


@both
@pytest.mark.parametrize("target", [0x100C, 0x1010, 0x1014, 0x1400, 0x2000])
def test_a_store_into_code_is_seen_by_the_next_fetch(options: Recompiling, target: int) -> None:
    """A loop exchanges one of its own instructions, or one of a function, for another in each round."""
    text = """
1:  xor  s2, s2, s3
    sw   s2, 0(s0)
    addi t1, t1, 1
    addi t1, t1, 1
    addi t1, t1, 1
    addi t1, t1, 1
    jalr ra, 0(s4)
    addi t0, t0, 1
    j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        put(machine, 0x1400, "addi t1, t1, 1; ret")
        put(machine, 0x2000, "addi t1, t1, 1; ret")
        word = int.from_bytes(machine.read(target, 4), "little")
        machine.x[8], machine.x[18], machine.x[19] = target, word, 6 << 17  # the immediate: 1, 7, 1, 7, ...
        machine.x[20] = target if target >= 0x1400 else 0x1400

    agree(setup, [*range(0, 600, 61), 1500 if options.eager else 7000], options)


@pytest.mark.slow
@both
def test_code_goes_on_across_pages(options: Recompiling) -> None:
    text = "1: addi t0, t0, 1; .rept 1100; addi t1, t1, 3; .endr; bltu t0, s0, 2f; 2: jal ra, 3f; j 1b; 3: ret"

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        page_on(machine)

    agree(setup, [*range(1000, 1060), 20_000], Recompiling(**{**_fields(options), "limit": 3000}))


def _fields(options: Recompiling) -> dict[str, object]:
    return {name: getattr(options, name) for name in ("threshold", "eager", "waiting")}


CALLER = """
1:  jalr ra, 0(s0)
    jalr ra, 0(s1)
    addi t0, t0, 1
    j    1b
"""
# What it gives depends on where it is.
CALLEE = "auipc t1, 0; add s2, s2, t1; slli t2, s2, 3; xor s2, s2, t2; ret"


@both
def test_one_frame_of_code_at_two_addresses(options: Recompiling) -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, CALLER)
        put(machine, 0x6000, CALLEE)
        page_on(machine)
        map_page(machine, 0x9000, 0x6000)
        machine.x[8], machine.x[9] = 0x6000, 0x9000

    agree(setup, [*range(60), 2000], options)


@both
def test_jumps_through_registers_lead_where_they_did_not_before(options: Recompiling) -> None:
    """A table of jumps, in which the one taken changes from round to round."""
    text = """
1:      addi t0, t0, 1
        srli t1, t0, 3
        xor  t1, t1, t0
        andi t1, t1, 7
        slli t1, t1, 4
        add  t1, t1, s0
        jalr t3, 0(t1)
        add  s1, s1, t3
        j    1b
    """

    def setup(machine: Machine) -> None:
        put(machine, 0x1000, text)
        put(machine, 0x1100, "".join(f"addi s2, s2, {n}; xori s2, s2, {n}; jalr zero, 0(t3); nop; " for n in range(8)))
        machine.x[8] = 0x1100

    agree(setup, [500, 3000, 20_000, 40_001], options)


REMAPPER = """
1:  jal  ra, {callee}
    sd   s0, 0(s3)
    tlbi s4
    jal  ra, {callee} + 8
    sd   s1, 0(s3)
    tlbi {flush}
    addi t0, t0, 1
    j    1b
"""


@both
@pytest.mark.parametrize("flush", ["s4", "zero"])
def test_a_page_of_code_that_is_mapped_to_another_frame(options: Recompiling, flush: str) -> None:
    def setup(machine: Machine) -> None:
        callee = ". + 0x1000"
        text = REMAPPER.format(callee=callee, flush=flush).replace(f"{callee} + 8", ". + 0x1000 - 8")
        put(machine, 0x1000, text)
        put(machine, 0x2000, "addi s5, s5, 1; ret; .rept 20; addi s5, s5, 7; ret; .endr")
        put(machine, 0x6000, "addi s5, s5, 3; ret; .rept 20; addi s5, s5, 5; ret; .endr")
        page_on(machine)
        machine.x[8], machine.x[9] = 0x6000 | 0x6F, 0x2000 | 0x6F
        machine.x[19], machine.x[20] = 0x72000 + 2 * 8, 0x2000

    agree(setup, [*range(80), 2000], options)


# Every fourth round changes the leaf of the second page, and says so.
CHANGING = "1: addi t0, t0, 1; andi t2, t0, 3; bnez t2, 2f; sd s0, 0(s3); tlbi s4; xor s0, s0, s1; 2: nop"
# Ways from the first page, which ends at 0x2000, into the second one, where a register is added to.
WAYS = {
    "by a call": "jal ra, . + 0x2100 - 0x1f1c; j 1b",
    "by a call through a register": "jalr ra, 0x100(s10); j 1b",
    "by a jump": "jal zero, . + 0x2200 - 0x1f1c",
    "by a jump through a register": "jalr zero, 0x200(s10)",
    "by a branch": "bgeu t0, zero, . + 0x2200 - 0x1f1c; nop",
    "by going on": "addi t1, t1, 1; beqz t0, 1b; .rept (0x2000 - 0x1f24) / 4; addi t1, t1, 1; .endr",
}
SECOND = "addi s5, s5, {add}; jal zero, . + 0x1f00 - 0x2004; .balign 256; addi s5, s5, {add}; ret; .balign 256; " + (
    "addi s5, s5, {add}; jal zero, . + 0x1f00 - 0x2204"
)


@pytest.mark.slow
@both
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("other", [0x6000 | ALL, 0, 0x2000 | ALL & ~PTE_X], ids=hex)
def test_a_region_s_further_page_is_another_one_from_time_to_time(
    options: Recompiling, way: str, other: int, code: Path
) -> None:
    """Another frame, or none, or one that holds no code."""

    def setup(machine: Machine) -> None:
        put(machine, 0x1F00, f"{CHANGING}; {WAYS[way]}")
        for frame, add in ((0x2000, 1), (0x6000, 3)):
            put(machine, frame, SECOND.format(add=add))
        put(machine, 0x3000, "crr t6, cause; add s6, s6, t6; crw epc, s11; eret")
        page_on(machine)
        machine.set_cr("tvec", 0x3000)
        machine.x[8], machine.x[9] = other, other ^ (0x2000 | ALL)
        machine.x[19], machine.x[20] = LEAVES + 2 * 8, 0x2000
        machine.x[26], machine.x[27] = 0x2000, 0x1F00
        machine.pc = 0x1F00

    agree(setup, [*range(0, 60, 7), 2_000], options._replace(cache=code))


@pytest.mark.slow
@both
def test_more_pages_of_code_than_are_kept_decoded(options: Recompiling) -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, "1: li s0, 0x4000; 2: jalr ra, 0(s0); add s0, s0, s1; bltu s0, s2, 2b; j 1b")
        for page in range(0x4000, 0x44000, 0x1000):
            put(machine, page, f"addi t0, t0, {page >> 12}; ret")
        machine.x[9], machine.x[18] = 0x1000, 0x44000

    agree(setup, [700, 3000 if options.eager else 20_000], options)


@both
def test_memory_that_is_changed_from_outside_between_runs(options: Recompiling) -> None:
    with Machine(0x80000) as one, Machine(0x80000, engine=options) as other:
        for machine in (one, other):
            put(machine, 0x1000, "1: addi t0, t0, 1; j 1b")
            machine.pc = 0x1000
            machine.run(until=101)
            put(machine, 0x1000, "addi t0, t0, 5")
            machine.run(until=203)
        assert other.state_words() == one.state_words()


@both
def test_a_snapshot_of_a_recompiling_machine_goes_on_in_an_interpreting_one(options: Recompiling) -> None:
    with Machine(0x80000) as one, Machine(0x80000, engine=options) as other:
        put(other, 0x1000, "1: addi t0, t0, 1; mul t1, t0, t0; sd t1, 0x700(zero); j 1b")
        other.pc = 0x1000
        other.run(until=1001)
        one.restore(other.save())
        one.run(until=2003)
        other.run(until=2003)
        assert one.state_words() == other.state_words()
        other.restore(one.save())
        assert one.run(until=3000).instructions == other.run(until=3000).instructions
        assert one.state_words() == other.state_words()


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_answers_that_come_late_change_nothing(delay: int) -> None:
    """Between two stretches of a loop that changes its own instructions; nothing is counted while one is due."""
    text = """
1:  xor  s2, s2, s3
    sw   s2, 0(s0)
    addi t1, t1, 1
    addi t1, t1, 1
    li   t2, 9
2:  addi t2, t2, -1
    add  t3, t3, t1
    bnez t2, 2b
    addi t0, t0, 1
    j    1b
    """
    wake_read, wake_write = os.pipe()
    config, request = ffi.new("t64_recompiler_config *"), ffi.new("t64_request *")
    config.threshold, config.wake_fd, config.done_fd = 3, wake_write, -1
    translator = Translator(Recompiling(shortest=1), Account())
    stretches, offer = 0, None  # until it is answered, and by what
    with Machine(0x80000) as one, Machine(0x80000) as other:
        native = lib.t64_machine_recompile(other.vm, config)
        for machine in (one, other):
            put(machine, 0x1000, text)
            machine.pc = 0x1000
            machine.x[8], machine.x[19] = 0x1008, 6 << 17
            machine.x[18] = int.from_bytes(machine.read(0x1008, 4), "little")
        for checkpoint in range(0, 400_000, 997):
            hold(one, other, checkpoint)
            if lib.t64_recompiler_take(native, request):
                stretches, offer = delay + 1, translator.answer(request)
            elif stretches:
                stretches -= 1
                if not stretches:
                    lib.t64_recompiler_answer(native, ffi.NULL if offer is None else offer)
        counts = ffi.new("t64_recompiler_counts *")
        lib.t64_recompiler_read_counts(native, counts)
        assert counts.installed + counts.refused > 1
    os.close(wake_read)
    os.close(wake_write)


@both
@pytest.mark.parametrize("distance", [7, 37, 500])
def test_a_word_of_several_regions_is_another_one_in_all_of_them(options: Recompiling, distance: int) -> None:
    """A function that the kernel and its users call, each compiled for their mode, is changed in each round."""
    kernel = """
1:  jalr ra, 0(s4)
    crw  epc, s5
    crw  status, s6
    eret
"""
    handler = """
    lw   t0, 4(s4)
    xor  t0, t0, s3
    sw   t0, 4(s4)
    addi t1, t1, 1
    jalr zero, 0(s7)
"""

    def two_modes(machine: Machine) -> None:
        put(machine, 0x1000, kernel)
        put(machine, 0x2000, "jalr ra, 0(s4)\n syscall")
        put(machine, 0x2800, handler)
        put(machine, 0x3000, "addi a0, a0, 1\n addi a1, a1, 1\n addi a2, a2, 2\n jalr zero, 0(ra)")
        machine.set_cr("tvec", 0x2800)
        machine.x[19], machine.x[20], machine.x[21] = 1 << 17, 0x3000, 0x2000  # the immediate's lowest bit; s4, s5
        machine.x[22], machine.x[23] = PMODE, 0x1000

    agree(two_modes, range(20 * distance, 60 * distance, distance), options)
