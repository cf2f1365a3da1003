"""The whole report on a stopped guest, to the letter: code, trap, registers in their places, exits."""

from __future__ import annotations

import pytest

from toyvm import Host, Machine, assemble_text
from toyvm.isa.control import PIE, PMODE
from toyvm.isa.registers import ABI_NAMES
from toyvm.isa.traps import BY_NAME
from toyvm.machine.diagnosis import describe
from toyvm.machine.outcome import Stop

MODES, STATES = ("kernel", "user"), ("off", "on")
FAULTY = """_start:
    la   t0, handler
    crw  tvec, t0
    li   sp, 8
    crr  t1, scratch
    crr  t1, scratch
    out  0, zero
    out  0, zero
    out  0, zero
    syscall
handler:
    sd   a0, -16(sp)
    nop
"""
REPORT = """\
the guest cannot go on: double fault: its handler at g.s:12 (handler), pc 0x1028, begins with a fault (store access \
fault, address 0xfffffffffffffff8): syscall at g.s:10 (_start+0x24), pc 0x1024
  after 9 instructions
  code
     0x00001018  00000057  out 0, zero
     0x0000101c  00000057  out 0, zero
     0x00001020  00000057  out 0, zero
  -> 0x00001024  00000048  syscall
     0x00001028  ffe02533  sd a0, -16(sp)
     0x0000102c  00000010  li zero, 0
  its handler
     0x0000101c  00000057  out 0, zero
     0x00001020  00000057  out 0, zero
     0x00001024  00000048  syscall
  -> 0x00001028  ffe02533  sd a0, -16(sp)
     0x0000102c  00000010  li zero, 0
     0x00001030  00000000  .word 0x00000000
  last trap: syscall: syscall
    from g.s:10 (_start+0x24), pc 0x1024, in kernel mode, interrupts off, tval 0x0
"""


def code_of(report: str) -> list[str]:
    lines = report.splitlines()
    return lines[lines.index("  code") + 1 : lines.index("  registers")]


def test_a_double_fault_shows_what_it_was_for_and_its_handler_and_the_exits_by_number() -> None:
    with Host() as host, host.guest("trap", "64K") as guest:
        guest.load(assemble_text(FAULTY, "g.s"))
        outcome = guest.run()
        top, _, rest = outcome.report.partition("  registers\n")
        assert top == REPORT
        assert rest.splitlines()[-1] == "  exits: out 3, crr 2, crw 1, syscall 1, exception 1, shadow_page_fault 1"


def test_registers_stand_four_to_a_row_each_with_its_value() -> None:
    with Machine("64K") as machine:
        machine.load(assemble_text("_start: nop"))
        for number, name in enumerate(ABI_NAMES):
            machine.registers[name] = number << 40
        machine.control["scratch"] = 0x5C
        lines = describe(machine, Stop.LIMIT).splitlines()
    first = lines.index("  registers") + 1
    words = " ".join(lines[first : first + 8]).split()
    assert words[0::2] == [*ABI_NAMES]
    assert [int(word, 16) for word in words[1::2]] == [number << 40 for number in range(32)]
    assert [len(line.split()) for line in lines[first : first + 8]] == [8] * 8
    assert {len(line) for line in lines[first : first + 8]} == {2 + 4 * 21 + 3 * 2}
    assert lines[first + 8] == "  control registers (kernel mode, interrupts off)"
    controls = " ".join(lines[first + 9 :]).split()
    values = {name: int(value, 16) for name, value in zip(controls[0::2], controls[1::2], strict=True)}
    assert (values["scratch"], values["timecmp"], values["time"]) == (0x5C, (1 << 64) - 1, 0)
    assert [*values][:5] == ["status", "tvec", "epc", "cause", "tval"]


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("on", [False, True])
def test_mode_and_interrupts_are_those_of_status(user: bool, on: bool) -> None:
    status = PMODE * user | PIE * on
    text = f"_start: la t0, 1f\n crw epc, t0\n li t0, {status}\n crw status, t0\n eret\n1: j 1b\n"
    with Machine("64K") as machine:
        machine.load(assemble_text(text))
        machine.run(6)
        report = describe(machine, Stop.LIMIT)
    assert f"  control registers ({MODES[user]} mode, interrupts {STATES[on]})\n" in report


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("on", [False, True])
def test_the_last_trap_is_told_with_the_mode_and_interrupts_before_it(user: bool, on: bool) -> None:
    with Machine("64K") as machine:
        machine.load(assemble_text("_start: nop"))
        assert "last trap" not in describe(machine, Stop.LIMIT)
        machine.control["status"] = PMODE * user | PIE * on
        machine.control["cause"] = BY_NAME["load_misaligned"].code
        machine.control["epc"], machine.control["tval"] = 0x1234, 0x77
        report = describe(machine, Stop.LIMIT)
    told = f"in {MODES[user]} mode, interrupts {STATES[on]}, tval 0x77"
    assert "  last trap: load_misaligned: " in report
    assert f"    from pc 0x1234, {told}\n" in report


@pytest.mark.parametrize(
    ("pc", "before", "after"), [(0, 0, 2), (8, 2, 2), (0x100, 3, 2), (0xFFF4, 3, 2), (0xFFFC, 3, 0)]
)
def test_code_is_shown_around_pc_as_far_as_there_is_memory(pc: int, before: int, after: int) -> None:
    with Machine("64K") as machine:
        machine.load(assemble_text("_start: nop"))
        machine.pc = pc
        shown = code_of(describe(machine, Stop.LIMIT))
    addresses = [int(line.removeprefix("  ->").split()[0], 16) for line in shown]
    assert addresses == list(range(pc - 4 * before, pc + 4 * after + 4, 4))
    assert [line for line in shown if line.startswith("  -> ")] == [shown[before]]


def test_where_nothing_can_be_fetched_is_said_of_pc_alone() -> None:
    with Machine("64K") as machine:
        machine.load(assemble_text("_start: nop"))
        machine.pc = 0x1000C
        assert code_of(describe(machine, Stop.LIMIT)) == ["  -> 0x0001000c  nothing can be fetched here"]
