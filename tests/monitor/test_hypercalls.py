"""The other hypercalls: versions, traps, time, the console, many calls in one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hypercalls import ALL_ONES, CODE, DATA, HANDLER, LIST, MEMORY, NUMBERS, Asker, asker, error, words

from toyvm.hypercalls import (
    BY_NAME,
    EVENT_INTERRUPT,
    HYPERCALLS,
    MAXIMUM_CONSOLE_BYTES,
    MAXIMUM_RECORDS,
    START_MAGIC,
    TRAP_ANY,
    VERSION,
)
from toyvm.image import Image
from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.control import IE, PIE, PMODE
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from toyvm.isa.registers import REGISTERS
from toyvm.isa.traps import BY_NAME as CAUSE
from toyvm.isa.traps import CAUSES
from toyvm.testing.programs.assembly import op, to_bytes
from toyvm.testing.techniques import OFFERING

TIMER = 1 << CAUSE["timer"].number
RECORDS, TEXT, DONE = 0x5000, 0x8000, 0x6000


@pytest.fixture
def ask() -> Iterator[Asker]:
    with asker() as ask:
        yield ask


def test_the_start_information_says_where_the_guest_is(ask: Asker) -> None:
    start = ask.start
    assert (start["magic"], start["version"]) == (START_MAGIC, VERSION[0] << 16 | VERSION[1])
    assert start["pages"] == MEMORY // PAGE_SIZE
    assert [ask.read(start["frames"] + 8 * page) for page in range(start["pages"])] == [
        ask.frame(page) for page in range(start["pages"])
    ]
    assert all(ask.guest.translate(address, "r") == address for address in range(0, MEMORY, PAGE_SIZE))
    assert all(ask.guest.translate(address, "rwx") == address for address in range(0, start["free_end"], PAGE_SIZE))


def test_version_names_the_interface_and_its_calls(ask: Asker) -> None:
    assert ask("version", 0) == VERSION[0] << 16 | VERSION[1]
    assert ask("version", 1) == sum(1 << call.number for call in HYPERCALLS)
    assert ask("version", 2) == error("inval")


def test_a_call_that_does_not_exist_is_refused(ask: Asker) -> None:
    assert ask(NUMBERS - 1) == error("nosys")


def test_a_hypercall_retires_as_one_instruction(ask: Asker) -> None:
    before = ask.guest.retired
    ask("version", 0)
    assert ask.guest.retired == before + 1
    assert ask.guest.pc == CODE + 4


@pytest.mark.parametrize("name", [call.name for call in HYPERCALLS if call.name not in ("shutdown", "block")])
def test_a_hypercall_leaves_every_register_but_a0(ask: Asker, name: str) -> None:
    ask.set_handler()
    for register in range(1, 32):
        ask.guest.x[register] = 0x1000 + register
    ask(name)
    assert [ask.guest.x[register] for register in range(32) if register != REGISTERS["a0"]] == [
        0x1000 + register if register else 0 for register in range(32) if register != REGISTERS["a0"]
    ]
    assert name != "iret" or ask.guest.x[REGISTERS["a0"]] == 0x1000 + REGISTERS["a0"]


def test_an_iret_to_user_mode_without_a_user_root_ends_the_guest(ask: Asker) -> None:
    assert ask("set_roots", ask.start["root_frame"], ALL_ONES) == 0
    ask.set_shared("status", PMODE)
    outcome = ask.run(CODE + 4 * BY_NAME["iret"].number)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "bad page table")


@pytest.mark.parametrize(
    ("record", "refusal"),
    [
        ((0, HANDLER, 0), "inval"),
        ((14, HANDLER, 0), "inval"),
        ((1 << 63 | 4, HANDLER, 0), "inval"),
        ((TRAP_ANY - 1, HANDLER, 0), "inval"),
        ((6, HANDLER, 2), "inval"),
    ],
)
def test_a_trap_table_with_a_bad_record_replaces_nothing(ask: Asker, record: tuple[int, ...], refusal: str) -> None:
    ask.set_handler()
    ask.write(LIST, TRAP_ANY, HANDLER + 8, 0, *record)
    assert ask("set_trap_table", LIST, 2) == error(refusal)
    ask.run(0x7000)
    assert ask.guest.pc == HANDLER + 4


@pytest.mark.parametrize("cause", [row.code for row in CAUSES] + [1 << 63 | EVENT_INTERRUPT, TRAP_ANY])
def test_every_cause_may_have_a_handler(ask: Asker, cause: int) -> None:
    ask.write(LIST, cause, HANDLER, 0)
    assert ask("set_trap_table", LIST, 1) == 0
    outcome = ask.run(0x7000)  # an illegal word
    assert (outcome.fault is None) == (cause in (CAUSE["illegal_instruction"].code, TRAP_ANY))


def test_trap_tables_are_held_to_their_limits(ask: Asker) -> None:
    assert ask("set_trap_table", LIST, MAXIMUM_RECORDS + 1) == error("toobig")
    assert ask("set_trap_table", LIST + 1, 1) == error("fault")
    assert ask("set_trap_table", MEMORY, 1) == error("fault")
    assert ask("set_trap_table", LIST, 0) == 0


def test_a_trap_goes_to_the_handler_of_its_cause(ask: Asker) -> None:
    ask.write(LIST, TRAP_ANY, HANDLER, 0, CAUSE["illegal_instruction"].code, HANDLER + 8, 0)
    assert ask("set_trap_table", LIST, 2) == 0
    ask.run(0x7000)  # an illegal word
    assert ask.guest.pc == HANDLER + 12
    assert (ask.shared("epc"), ask.shared("cause"), ask.shared("tval")) == (0x7000, 4, 0)
    ask.run(0x7002)
    assert (ask.guest.pc, ask.shared("cause")) == (HANDLER + 4, CAUSE["fetch_misaligned"].code)


@pytest.mark.parametrize("flags", [0, 1])
def test_a_handler_is_entered_with_interrupts_off_unless_it_keeps_them(ask: Asker, flags: int) -> None:
    ask.set_handler(flags=flags)
    ask.set_shared("status", IE)
    ask.run(0x7000)
    assert ask.shared("status") & (IE | PIE | PMODE) == PIE | IE * flags


@pytest.mark.parametrize("flags", [0, 1])
def test_a_snapshot_has_each_handler_and_whether_it_keeps_interrupts(ask: Asker, flags: int) -> None:
    ask.write(LIST, TRAP_ANY, HANDLER, 1 - flags, CAUSE["illegal_instruction"].code, HANDLER + 8, flags)
    assert ask("set_trap_table", LIST, 2) == 0
    snapshot = ask.guest.save()
    ask.set_handler(HANDLER + 16, flags=1 - flags)
    ask.guest.restore(snapshot)
    for pc, handler, kept in ((0x7000, HANDLER + 8, flags), (0x7002, HANDLER, 1 - flags)):
        ask.set_shared("status", IE)
        ask.run(pc)
        assert (ask.guest.pc, ask.shared("status") & IE) == (handler + 4, IE * kept)


def test_a_trap_without_a_handler_ends_the_guest(ask: Asker) -> None:
    outcome = ask.run(0x7000)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "no handler")


def test_a_handler_that_cannot_run_is_a_double_fault(ask: Asker) -> None:
    ask.set_handler(MEMORY)
    outcome = ask.run(0x7000)
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.pc, outcome.fault.origin.pc) == ("double fault", MEMORY, 0x7000)
    assert "its handler at pc 0x40000, begins with a fault" in outcome.detail


def test_iret_goes_back_to_where_the_shared_page_says(ask: Asker) -> None:
    ask.guest.x[10] = 1234
    for name, value in (("epc", HANDLER + 4), ("status", PIE | ALL_ONES << 40 & ALL_ONES)):
        ask.set_shared(name, value)
    ask.run(CODE + 4 * BY_NAME["iret"].number, 1234)
    assert (ask.guest.pc, ask.guest.x[10]) == (HANDLER + 4, 1234)
    assert ask.shared("status") & IE


def test_iret_to_users_that_have_no_root_ends_the_guest(ask: Asker) -> None:
    ask.set_shared("status", PMODE)
    outcome = ask.run(CODE + 4 * BY_NAME["iret"].number)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "bad page table")


def test_the_users_of_a_guest_may_not_make_hypercalls_nor_see_the_shared_page(ask: Asker) -> None:
    ask.set_handler()
    root = ask.start["root_frame"]
    assert ask("set_roots", root, root) == 0  # even where both modes share a root
    for pc, cause in ((CODE, "illegal_instruction"), (DATA, "store_page_fault")):
        ask.set_shared("epc", pc)
        ask.set_shared("status", PMODE)
        ask.run(CODE + 4 * BY_NAME["iret"].number, (1 << 64) - 0x4000, 7, count=2)
        assert (ask.guest.pc, ask.shared("cause")) == (HANDLER + 4, CAUSE[cause].code)
        assert ask.shared("status") & PMODE


@pytest.mark.parametrize(
    "word",
    [
        *(op("crr", 10, number) for number in (0, 3, CONTROL["info"].number, 31)),
        *(op("crw", 0, 10), op("in", 10, 0), op("out", 8, 10), op("wfi"), op("tlbi", 0), op("eret"), op("getst", 10)),
    ],
)
def test_what_is_sensitive_goes_from_users_to_their_kernel(ask: Asker, word: int) -> None:
    """Though the kernel itself may read info."""
    ask.set_handler()
    root = ask.start["root_frame"]
    assert ask("set_roots", root, root) == 0
    ask.guest.write(0x5000, to_bytes([word]))
    ask.set_shared("epc", 0x5000)
    ask.set_shared("status", PMODE)
    ask.run(CODE + 4 * BY_NAME["iret"].number, count=2)
    assert (ask.guest.pc, ask.shared("cause")) == (HANDLER + 4, CAUSE["privileged_instruction"].code)
    assert (ask.shared("epc"), ask.shared("tval")) == (0x5000, word)


@pytest.mark.parametrize("register", [*CONTROL, 31])
def test_of_the_control_registers_a_paravirtual_kernel_may_read_info_alone(ask: Asker, register: str | int) -> None:
    """By it a guest learns that a monitor is there; others trap, and so does a write."""
    ask.set_handler()
    number = CONTROL[register].number if isinstance(register, str) else register
    words = [op("crr", 11, number), op("crw", number, 11), op("crx", 11, number, 11)]
    for word in words:
        ask.guest.write(0x5000, to_bytes([word]))
        ask.guest.x[11] = 1
        before = ask.guest.retired
        ask.run(0x5000, count=1)
        reads = register == "info" and word == words[0]
        assert (ask.guest.pc, ask.guest.x[11]) == ((0x5004, ask.guest.cr("info")) if reads else (HANDLER + 4, 1))
        assert ask.guest.retired == before + 1
    assert ask.guest.exits.get("crr", 0) == (register == "info")


@pytest.mark.parametrize("jump", [op("jal", 0, 0), op("jal", 1, 0), op("beq", 0, 0, 0)])
@pytest.mark.parametrize("step", [7, 1000])
def test_a_paravirtual_kernel_that_jumps_to_itself_goes_on_up_to_what_it_lets_in(
    ask: Asker, jump: int, step: int
) -> None:
    ask.set_handler()
    ask.guest.write(0x5000, to_bytes([jump]))
    ask.set_shared("imask", TIMER)
    due = ask.guest.time + 500
    assert ask("set_timer", due) == 0
    ask.set_shared("status", IE)
    ask.guest.pc, ask.guest.x[1], runs = 0x5000, 0, 0
    while ask.guest.time < due:
        runs += 1
        assert ask.guest.run(min(step, due - ask.guest.time)).stop == "limit"
        assert (ask.guest.pc, ask.guest.skipped) == (0x5000, 0)
    ask.guest.run(1)
    assert (ask.guest.pc, ask.shared("epc"), ask.shared("cause")) == (HANDLER + 4, 0x5000, CAUSE["timer"].code)
    assert ask.guest.x[1] == (0x5004 if jump == op("jal", 1, 0) else 0)
    assert ask.guest.exits["spin"] == runs


def test_a_paravirtual_kernel_that_jumps_to_itself_with_interrupts_off_is_stuck(ask: Asker) -> None:
    ask.set_handler()
    ask.guest.write(0x5000, to_bytes([op("jal", 0, 0)]))
    outcome = ask.run(0x5000, count=10)
    assert (outcome.stop, outcome.fault.kind if outcome.fault else None) == ("fault", "stuck")


def test_the_shared_page_has_what_calls_have_set_at_once_and_after_a_restore(ask: Asker) -> None:
    """Where the guest may write what it will: that sets nothing."""
    root = ask.start["root_frame"]
    for name in ("timecmp", "tvec", "ptbr"):
        ask.set_shared(name, 1)
    ask.set_handler(HANDLER + 4)
    assert ask("set_timer", 1 << 40) == 0
    assert ask("set_roots", root, ALL_ONES) == 0
    wanted = {"timecmp": 1 << 40, "tvec": HANDLER + 4, "ptbr": root * PAGE_SIZE | 1}
    for _ in range(2):
        assert {name: ask.shared(name) for name in wanted} == wanted
        assert {name: ask.guest.cr(name) for name in wanted} == wanted
        ask.guest.restore(ask.guest.save())
    ask.set_shared("timecmp", 5)
    assert ask.guest.cr("timecmp") == 1 << 40


def test_a_guest_that_is_loaded_anew_finds_nothing_of_what_ran_before(ask: Asker) -> None:
    def page() -> bytes:
        return ask.host.read(ask.start["shared_frame"] * PAGE_SIZE, PAGE_SIZE)

    first = page()
    ask.set_handler()
    assert ask("set_timer", 0) == 0
    assert ask("event_bind_virq", CAUSE["timer"].number) > 0
    assert ask("yield") == 0
    for name in ("scratch", "epc", "imask", "event_pending", "event_mask"):
        ask.set_shared(name, ALL_ONES)
    assert ask("set_timer", ALL_ONES) == 0
    ask.guest.load(Image(CODE, ()))
    assert page() == first
    outcome = ask.run(0x7000)
    assert outcome.fault is not None
    assert outcome.fault.kind == "no handler"


@pytest.mark.parametrize("deadline", [0, 1 << 40, ALL_ONES])
def test_the_timer_that_was_set_is_shown_when_a_guest_is_loaded_anew(ask: Asker, deadline: int) -> None:
    """As on the bare machine, which keeps its registers."""
    assert ask("set_timer", deadline) == 0
    ask.guest.load(Image(CODE, ()))
    assert ask.shared("timecmp") == ask.guest.cr("timecmp") == deadline


def test_the_shared_page_tells_the_time_after_each_call(ask: Asker) -> None:
    for name in ("version", "grant_end", NUMBERS - 1, "version"):
        ask.run(HANDLER, count=7)
        ask(name, 0)
        assert ask.shared("time") == ask.guest.time, name


def leaf_of(ask: Asker, page: int) -> int:
    """Guest-physical address of its entry in the first level-0 table."""
    frames = {ask.frame(page): page for page in range(MEMORY // PAGE_SIZE)}
    level1 = frames[ask.read(ask.root_page * PAGE_SIZE) >> 12] * PAGE_SIZE
    return frames[ask.read(level1) >> 12] * PAGE_SIZE + 8 * page


def test_a_call_marks_the_entries_of_what_it_reads_and_writes(ask: Asker) -> None:
    """As the hardware does for the guest's own accesses."""
    ask.set_handler()
    read, written = 6, 7
    for page in (read, written):
        assert ask("update_va", page * PAGE_SIZE, ask.entry(page), 1) == 0
    at, place = read * PAGE_SIZE, leaf_of(ask, 8)
    ask.write(at, ask.frame(place // PAGE_SIZE) * PAGE_SIZE + place % PAGE_SIZE, ask.entry(8))
    assert ask("mmu_update", at, 1, written * PAGE_SIZE) == 0
    assert ask.read(leaf_of(ask, read)) & (PTE_A | PTE_D) == PTE_A
    assert ask.read(leaf_of(ask, written)) & (PTE_A | PTE_D) == PTE_A | PTE_D


@pytest.mark.parametrize("technique", [*OFFERING, "trap+flush+hypercalls"])
def test_what_a_call_writes_into_a_table_of_an_unmodified_guest_counts(technique: str) -> None:
    """console_read with a leaf for its bytes, of a page that was just used."""
    root, middle, leaves, page = 0x10000, 0x11000, 0x12000, 0x20
    other = (0x21000 | PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D).to_bytes(8, "little")
    with asker(technique=technique, input=other) as ask:
        for at, value in ((root, middle | PTE_V), (middle, leaves | PTE_V)):
            ask.write(at, value)
        rights = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
        ask.write(leaves, *(number * PAGE_SIZE | rights for number in range(64)))
        ask.write(page * PAGE_SIZE, 111)
        ask.write((page + 1) * PAGE_SIZE, 222)
        ask.guest.set_cr("ptbr", root | 1)
        assert ask.load(page * PAGE_SIZE) == 111
        assert ask("console_read", leaves + 8 * page, 8) == 8
        ask.guest.write(0x5000, to_bytes([op("tlbi", 0)]))
        ask.run(0x5000)
        assert ask.load(page * PAGE_SIZE) == 222


def test_the_timer_is_shown_as_pending_and_delivered_when_it_is_let_in(ask: Asker) -> None:
    ask.set_handler()
    assert ask("set_timer", ask.guest.time + 20) == 0
    ask.set_shared("imask", TIMER)
    ask.run(HANDLER, count=2)
    assert not ask.shared("ipend") & TIMER
    ask.guest.write(HANDLER + 0x100, b"".join(word.to_bytes(4, "little") for word in [0x10] * 40))
    ask.run(HANDLER + 0x100, count=30)
    assert ask.shared("ipend") & TIMER
    assert ask.guest.pc == HANDLER + 0x100 + 4 * 30, "interrupts are off"
    ask.set_shared("status", IE)
    assert ask("yield") == 0
    ask.guest.run(1)
    assert (ask.guest.pc, ask.shared("cause")) == (HANDLER + 4, CAUSE["timer"].code)


def test_an_interrupt_comes_at_its_very_instruction(ask: Asker) -> None:
    ask.set_handler()
    ask.guest.write(HANDLER + 0x100, b"".join(word.to_bytes(4, "little") for word in [0x10] * 80))
    ask.set_shared("imask", TIMER)
    ask.set_shared("status", IE)
    ask("set_timer", ask.guest.time + 18)
    start = ask.guest.time
    ask.run(HANDLER + 0x100, count=20)
    assert ask.shared("epc") == HANDLER + 0x100 + 4 * 17
    assert (ask.guest.pc, ask.guest.time) == (HANDLER + 4 * 3, start + 20)


def test_block_skips_to_the_event_and_is_idle_without_one(ask: Asker) -> None:
    ask.set_shared("imask", TIMER)
    ask("set_timer", ask.guest.time + 1000)
    deadline = ask.guest.time - 1 + 1000
    assert ask("block") == 0
    assert ask.guest.time == deadline
    ask("set_timer", ALL_ONES)
    outcome = ask.run(CODE + 4 * BY_NAME["block"].number)
    assert outcome.stop == "idle"


def test_shutdown_ends_the_guest_with_its_code(ask: Asker) -> None:
    outcome = ask.run(CODE + 4 * BY_NAME["shutdown"].number, 42)
    assert (outcome.stop, outcome.exit_code) == ("exit", 42)


# The console.


def test_what_is_written_comes_out_however_long_it_is(ask: Asker) -> None:
    text = bytes(range(256)) * 200  # more than the console's buffer holds
    ask.guest.write(TEXT, text)
    assert ask("console_write", TEXT, len(text)) == len(text)
    assert ask("console_write", TEXT, 0) == 0
    assert ask.guest.output == text


def test_a_buffer_that_the_guest_has_not_got_moves_nothing(ask: Asker) -> None:
    assert ask("console_write", MEMORY - 10, 20) == error("fault")
    assert ask("console_read", MEMORY - 10, 20) == error("fault")
    assert ask("console_read", ask.root_page * PAGE_SIZE, 8) == error("fault")
    assert ask("console_write", TEXT, MAXIMUM_CONSOLE_BYTES + 1) == error("toobig")
    assert ask("console_read", TEXT, ALL_ONES) == error("toobig")
    assert ask.guest.output == b""


@pytest.mark.parametrize("step", [1, 7, 5000, 9000])
def test_a_stream_is_read_whole_and_then_ends(step: int) -> None:
    data = bytes(n * 7 % 256 for n in range(9000))
    with asker(input=data) as ask:
        got = b""
        while (count := ask("console_read", TEXT, step)) > 0:
            assert count == min(step, len(data) - len(got))
            got += ask.guest.read(TEXT, count)
        assert (got, count) == (data, error("eof"))


# Many calls in one.


def call(name: str, *arguments: int) -> bytes:
    return words(BY_NAME[name].number, 0, *arguments, *[0] * (6 - len(arguments)))


def multicall(ask: Asker, *calls: bytes) -> tuple[int, int, list[int]]:
    """Its result, how many were made, and the result of each."""
    ask.guest.write(RECORDS, b"".join(calls))
    result = ask("multicall", RECORDS, len(calls), DONE)
    return result, ask.read(DONE), [ask.read(RECORDS + 64 * n + 8) for n in range(len(calls))]


def test_many_calls_in_one_give_a_result_each(ask: Asker) -> None:
    ask.guest.write(TEXT, b"hello")
    result, done, results = multicall(
        ask, call("version", 0), call("console_write", TEXT, 5), call("set_timer", 9), call("yield")
    )
    assert (result, done, results) == (0, 4, [VERSION[0] << 16 | VERSION[1], 5, 0, 0])
    assert ask.guest.output == b"hello"


def test_a_call_that_fails_is_the_last_one(ask: Asker) -> None:
    result, done, results = multicall(ask, call("version", 0), call("version", 9), call("version", 0))
    assert (result, done) == (error("inval"), 1)
    assert results[1:] == [error("inval") & ALL_ONES, 0]


@pytest.mark.parametrize("name", ["mmu_update", "decrease_reservation", "increase_reservation", "multicall"])
def test_how_many_were_done_is_told_where_the_guest_could_write_8_bytes_at_a_stretch(ask: Asker, name: str) -> None:
    page = 12
    assert ask("update_va", page * PAGE_SIZE, 0, 1) == 0
    if name == "increase_reservation":
        ask.write(RECORDS, page, 0)
        assert ask("decrease_reservation", RECORDS, 1, 0) == 0
    leaf = leaf_of(ask, page + 1)
    record = {
        "mmu_update": words(ask.frame(leaf // PAGE_SIZE) * PAGE_SIZE + leaf % PAGE_SIZE, ask.read(leaf)),
        "multicall": call("version", 0),
    }.get(name, words(page, 0))
    for at in (DONE + 1, DONE + 4, DONE + 7, MEMORY, ask.root_page * PAGE_SIZE):
        snapshot, before = ask.guest.save(), ask.read(ask.root_page * PAGE_SIZE)
        ask.guest.write(RECORDS, record)
        assert ask(name, RECORDS, 1, at) == error("fault")
        assert ask.read(DONE) == ask.read(DONE + 8) == 0
        assert ask.read(ask.root_page * PAGE_SIZE) == before
        ask.guest.restore(snapshot)
    ask.guest.write(RECORDS, record)
    assert ask(name, RECORDS, 1, DONE + 8) == 0
    assert ask.read(DONE + 8) == 1


# From 2**63 on a time is what errors are, as a number; the last ones were codes of the core's own once.
@pytest.mark.parametrize(
    "time", [(1 << 63) - 1, 1 << 63, ALL_ONES - 0x10007, ALL_ONES - 0xFFFF, ALL_ONES - 37, ALL_ONES]
)
def test_any_time_is_a_result(ask: Asker, time: int) -> None:
    ask.set_shared("imask", TIMER)
    ask("set_timer", time - 1)
    ask("block")
    ask("version", 0)  # a tick
    assert (ask.guest.time, ask("time", 0) & ALL_ONES) == (time, time)


def test_a_time_that_looks_like_an_error_does_not_end_a_multicall(ask: Asker) -> None:
    ask.set_shared("imask", TIMER)
    ask("set_timer", -10)
    ask("block")
    result, done, results = multicall(ask, call("time", 0), call("time", 9), call("time", 0))
    assert (result, done, results[:2]) == (error("inval"), 1, [ALL_ONES - 9, error("inval") & ALL_ONES])


@pytest.mark.parametrize("name", [row.name for row in HYPERCALLS if not row.in_multicall])
def test_calls_that_may_not_be_inside_another_are_refused_there(ask: Asker, name: str) -> None:
    assert multicall(ask, call(name))[:2] == (error("nosys"), 0)


def test_a_multicall_that_fills_the_console_goes_on_where_it_was(ask: Asker) -> None:
    text = b"0123456789abcdef" * 256
    ask.guest.write(TEXT, text)
    result, done, results = multicall(ask, *[call("console_write", TEXT, len(text))] * 11)
    assert (result, done, results) == (0, 11, [len(text)] * 11)
    assert ask.guest.output == text * 11
