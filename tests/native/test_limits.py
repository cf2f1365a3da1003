"""A run stops at the very instruction it was told, and goes on from there as if it had not."""

from __future__ import annotations

import pytest
from support.cores import ENTRY, Core, word

from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import lib

# Counts in x5 and in memory, calls a function on another page, and has a timer interrupt every 100 ticks.
LOOP = (
    word("addi", 5, 5, 1),
    word("sd", 5, 0x3000, 0),
    word("jal", 1, 1024 - 2),
    word("beq", 5, 0, -3),
    word("jal", 0, -4),
)
FUNCTION = (word("ld", 6, 0x3000, 0), word("add", 7, 7, 6), word("jalr", 0, 0, 1))
HANDLER = (
    word("crr", 28, "time"),
    word("addi", 28, 28, 100),
    word("crw", "timecmp", 28),
    word("eret"),
)


def busy_core() -> Core:
    core = Core(*LOOP)
    core.write(ENTRY + PAGE_SIZE, b"".join(w.to_bytes(4, "little") for w in FUNCTION))
    core.write(0x4000, b"".join(w.to_bytes(4, "little") for w in HANDLER))
    core.set_cr("tvec", 0x4000)
    core.set_cr("timecmp", 100)
    core.set_cr("imask", 1)
    core.set_cr("status", 1)
    return core


def test_a_run_stops_at_exactly_its_limit() -> None:
    for limit in range(700):
        core = busy_core()
        assert core.run(limit) == lib.T64_STOP_LIMIT
        assert core.state.retired == limit


def test_stopping_after_each_instruction_changes_nothing() -> None:
    stepped, whole = busy_core(), busy_core()
    for limit in range(1, 5001):
        assert stepped.run(limit) == lib.T64_STOP_LIMIT
    whole.run(5000)
    assert stepped.save() == whole.save()


def test_a_limit_that_is_reached_already_executes_nothing() -> None:
    core = busy_core()
    core.run(10)
    before = core.save()
    assert core.run(10) == lib.T64_STOP_LIMIT
    assert core.run(3) == lib.T64_STOP_LIMIT
    assert core.save() == before


@pytest.mark.parametrize("offset", [4092, 4088, 4080])
def test_code_runs_on_across_a_page_boundary(offset: int) -> None:
    core = Core()
    core.write(ENTRY + offset, b"".join(word("addi", 5, 5, 1).to_bytes(4, "little") for _ in range(8)))
    lib.t64_vm_boot(core.vm, ENTRY + offset)
    for limit in range(1, 9):
        core.run(limit)
        assert (core.state.x[5], core.state.pc) == (limit, ENTRY + offset + 4 * limit)


def test_the_timer_comes_at_exactly_its_tick() -> None:
    for deadline in range(1, 60):
        core = busy_core()
        core.set_cr("timecmp", deadline)
        core.run(deadline)
        assert core.state.pc < 0x4000
        core.run(deadline + 1)
        assert core.state.pc == 0x4004


def test_a_jump_to_itself_without_interrupts_is_a_fault() -> None:
    core = Core(word("addi", 5, 0, 1), word("jal", 0, 0))
    assert core.run(1000) == lib.T64_STOP_FAULT
    assert (core.state.retired, core.state.pc) == (1, ENTRY + 4)
    assert lib.t64_vm_stop_info(core.vm).fault == lib.T64_FAULT_STUCK
    assert core.run(2000) == lib.T64_STOP_FAULT  # it is latched


def test_a_jump_to_itself_with_interrupts_goes_on_to_the_limit() -> None:
    core = Core(word("jal", 0, 0))
    core.set_cr("status", 1)
    assert core.run(123_456) == lib.T64_STOP_LIMIT
    assert core.state.retired == 123_456


def test_an_exception_in_the_handler_s_first_instruction_is_a_double_fault() -> None:
    core = Core(word("break"))
    core.set_cr("tvec", 0x4000)  # zeros there: illegal
    assert core.run(10) == lib.T64_STOP_FAULT
    info = lib.t64_vm_stop_info(core.vm)
    assert (info.fault, info.cause, info.pc, core.cr("epc")) == (lib.T64_FAULT_DOUBLE, 4, 0x4000, ENTRY)


def test_a_wait_that_nothing_can_end_is_idle_and_can_go_on() -> None:
    core = Core(word("wfi"), word("addi", 5, 5, 1))
    assert core.run(10) == lib.T64_STOP_IDLE
    assert (core.state.retired, core.state.pc, core.state.skipped) == (1, ENTRY + 4, 0)
    core.run(2)
    assert core.state.x[5] == 1


def test_time_can_reach_its_end_and_start_again() -> None:
    """With interrupts on, the last ticks before time wraps are counted one by one."""
    program = (word("wfi"), word("crw", "imask", 0), word("setst", 6), *(word("addi", 5, 5, 1) for _ in range(20)))
    core = Core(*program)
    core.set_cr("timecmp", (1 << 64) - 4)
    core.set_cr("imask", 1)
    core.state.x[6] = 1
    assert core.run(23) == lib.T64_STOP_LIMIT
    assert (core.state.retired, core.state.x[5]) == (23, 20)
