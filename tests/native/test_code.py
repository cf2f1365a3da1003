"""Stores into code are seen by the next fetch, and code larger than what the core keeps decoded still runs."""

from __future__ import annotations

from cores import ENTRY, Core, word

from toyvm.native import lib


def test_a_store_to_the_next_instruction_is_executed() -> None:
    core = Core(word("sw", 5, 8 + ENTRY, 0), word("fence"), word("addi", 6, 0, 1))
    core.state.x[5] = word("addi", 6, 0, 77)
    core.run(3)
    assert core.state.x[6] == 77


def test_a_loop_that_rewrites_itself_counts_as_written() -> None:
    # x6 holds `addi x7, x7, n`; adding 1 << 17 to the word raises its immediate by one.
    core = Core(
        word("addi", 7, 7, 0),
        word("add", 6, 6, 5),
        word("sw", 6, ENTRY, 0),
        word("jal", 0, -3),
    )
    core.state.x[5], core.state.x[6] = 1 << 17, word("addi", 7, 7, 0)
    core.run(4 * 100)
    assert core.state.x[7] == sum(range(100))


def same_in_one_run_and_step_by_step(*words: int, x13: int = 0, instructions: int = 5000) -> Core:
    """A long run goes by groups that hand results on to each other, single steps do not."""
    whole, steps = Core(*words), Core(*words)
    whole.state.x[13] = steps.state.x[13] = x13
    whole.run(instructions)
    for until in range(1, instructions + 1):
        steps.run(until)
    assert list(whole.state.x) == list(steps.state.x)
    assert whole.state.pc == steps.state.pc
    return whole


def test_a_branch_decoded_late_may_lead_to_what_takes_a_result_from_the_instruction_before() -> None:
    core = same_in_one_run_and_step_by_step(
        word("addi", 5, 7, 1),
        word("addi", 6, 5, 2),  # of x5, as it was just computed or as the last branch finds it
        word("add", 8, 8, 6),
        word("addi", 9, 9, -1),
        word("blt", 0, 9, -4),
        word("addi", 5, 0, 100),
        word("addi", 9, 0, 5),
        word("beq", 0, 0, -6),
    )
    assert core.state.x[8] > 10_000


def test_a_jump_by_register_may_lead_to_it_too() -> None:
    core = same_in_one_run_and_step_by_step(
        word("auipc", 10, 0),
        word("addi", 5, 7, 1),
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 9, 9, 1),
        word("addi", 5, 9, 100),
        word("jalr", 0, 8, 10),
    )
    assert core.state.x[8] > 10_000


def test_a_load_that_misses_the_tlb_hands_its_result_on() -> None:
    core = same_in_one_run_and_step_by_step(
        word("sd", 9, 0x4000 - 8, 0),
        word("tlbi", 0),
        word("ld", 5, 0x4000 - 8, 0),
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 9, 9, 3),
        word("jal", 0, -6),
    )
    assert core.state.x[8] > 10_000


def test_a_result_is_not_handed_on_by_what_has_been_stored_over() -> None:
    computes_x5, computes_x11 = word("addi", 5, 7, 1), word("addi", 11, 7, 1)
    core = same_in_one_run_and_step_by_step(
        computes_x5,  # and the other one, by turns
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 5, 5, 3),
        word("xor", 12, 12, 13),
        word("lw", 14, ENTRY, 0),
        word("xor", 14, 14, 12),
        word("sw", 14, ENTRY, 0),
        word("jal", 0, -8),
        x13=computes_x5 ^ computes_x11,
    )
    assert core.state.x[11] == 1


def test_the_host_s_writes_are_executed_too() -> None:
    core = Core(word("addi", 5, 5, 1), word("jal", 0, -1))
    core.run(100)
    core.write(ENTRY, word("addi", 6, 6, 1).to_bytes(4, "little"))
    core.run(200)
    assert (core.state.x[5], core.state.x[6]) == (50, 50)


def test_more_code_pages_than_are_kept_decoded() -> None:
    pages = 300
    core = Core(memory=4 << 20)
    for page in range(pages):
        there = ENTRY + 4096 * page
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
