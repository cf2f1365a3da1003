"""Stores into code are seen by the next fetch, and code larger than what the core keeps decoded still runs."""

from __future__ import annotations

import pytest
from support.cores import ENTRY, Core, word

from toyvm.isa.control import MODE
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import lib

in_both_modes = pytest.mark.parametrize("mode", [0, MODE], ids=["kernel", "user"])


@in_both_modes
def test_a_store_to_the_next_instruction_is_executed(mode: int) -> None:
    core = Core(word("sw", 5, 8 + ENTRY, 0), word("fence"), word("addi", 6, 0, 1))
    core.state.status = mode
    core.state.x[5] = word("addi", 6, 0, 77)
    core.run(3)
    assert core.state.x[6] == 77


@in_both_modes
def test_a_loop_that_rewrites_itself_counts_as_written(mode: int) -> None:
    # x6 holds `addi x7, x7, n`; adding 1 << 17 to the word raises its immediate by one.
    core = Core(
        word("addi", 7, 7, 0),
        word("add", 6, 6, 5),
        word("sw", 6, ENTRY, 0),
        word("jal", 0, -3),
    )
    core.state.status = mode
    core.state.x[5], core.state.x[6] = 1 << 17, word("addi", 7, 7, 0)
    core.run(4 * 100)
    assert core.state.x[7] == sum(range(100))


def test_the_host_s_writes_are_executed_too() -> None:
    core = Core(word("addi", 5, 5, 1), word("jal", 0, -1))
    core.run(100)
    core.write(ENTRY, word("addi", 6, 6, 1).to_bytes(4, "little"))
    core.run(200)
    assert (core.state.x[5], core.state.x[6]) == (50, 50)


@in_both_modes
def test_a_page_that_was_stored_to_before_is_executed_as_stores_leave_it(mode: int) -> None:
    core = Core(
        word("sw", 5, 2 * PAGE_SIZE, 0),
        word("jalr", 1, 2 * PAGE_SIZE, 0),
        word("sw", 6, 2 * PAGE_SIZE, 0),
        word("jalr", 1, 2 * PAGE_SIZE, 0),
    )
    core.write(2 * PAGE_SIZE + 4, word("jalr", 0, 0, 1).to_bytes(4, "little"))
    core.state.status = mode
    core.state.x[5], core.state.x[6] = word("addi", 7, 7, 1), word("addi", 7, 7, 16)
    core.run(8)
    assert core.state.x[7] == 17


@in_both_modes
def test_more_code_pages_than_are_kept_decoded(mode: int) -> None:
    pages = 300
    core = Core(memory=4 << 20)
    core.state.status = mode
    for page in range(pages):
        there = ENTRY + PAGE_SIZE * page
        back = -(1024 * (pages - 1) + 1) if page == pages - 1 else 1023
        core.write(there, b"".join(w.to_bytes(4, "little") for w in (word("addi", 5, 5, 1), word("jal", 0, back))))
    assert core.run(2 * pages * 3) == lib.T64_STOP_LIMIT
    assert (core.state.x[5], core.state.pc) == (3 * pages, ENTRY)


def test_page_tables_that_the_host_changes_are_walked_again() -> None:
    core = Core(word("ld", 5, 8, 6), word("jal", 0, -1))
    rwxu = 0b11111
    core.write(0x8000, rwxu.to_bytes(8, "little"))  # the first GiB, one to one
    core.write(0x8008, rwxu.to_bytes(8, "little"))  # the second, to the same memory
    core.write(0x9008, b"\x2a")
    core.set_cr("ptbr", 0x8001)
    core.state.x[6] = 0x40009000
    core.run(1)
    assert core.state.x[5] == 0x2A
    core.write(0x8008, bytes(8))
    core.set_cr("tvec", 0x5000)
    core.run(3)
    assert core.cr("cause") == 9
