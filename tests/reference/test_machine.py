"""The reference as its users handle it."""

from __future__ import annotations

import pytest

from toyvm.errors import UsageError
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.machine import Level
from toyvm.reference import ReferenceMachine, Stop
from toyvm.testing.programs.assembly import op, to_bytes

SMALL = 1 << 16


def machine_with(words: list[int], **options: object) -> ReferenceMachine:
    machine = ReferenceMachine(memory=SMALL, **options)  # type: ignore[arg-type]
    machine.write(0x1000, to_bytes(words))
    machine.pc = 0x1000
    return machine


def test_a_limit_stops_after_exactly_so_many_and_the_run_goes_on_later() -> None:
    machine = machine_with([op("addi", 10, 10, 1), op("jal", 0, -1)])
    assert machine.run(7) is Stop.LIMIT
    assert (machine.retired, machine.x[10], machine.pc) == (7, 4, 0x1004)
    assert machine.run(7) is Stop.LIMIT
    assert machine.run(8) is Stop.LIMIT
    assert machine.pc == 0x1000


def test_a_stopped_machine_stays_stopped() -> None:
    machine = machine_with([op("addi", 10, 0, 5), op("out", 8, 10)])
    assert [machine.run(), machine.run(), machine.run(100)] == [Stop.EXIT] * 3
    assert (machine.exit_code, machine.retired) == (5, 2)


def test_an_idle_machine_goes_on_behind_the_wfi() -> None:
    machine = machine_with([op("wfi"), op("addi", 10, 0, 5), op("out", 8, 10)])
    assert (machine.run(), machine.pc) == (Stop.IDLE, 0x1004)
    assert (machine.run(), machine.exit_code) == (Stop.EXIT, 5)


def test_a_double_fault_says_both_faults() -> None:
    machine = machine_with([op("syscall")])
    assert machine.run() is Stop.FAULT
    assert machine.stop_detail == (
        "double fault: illegal_instruction at pc 0x0 (tval 0x0), "
        "before anything had retired since the trap with cause 0x6 at 0x1000"
    )


def test_a_jump_to_itself_says_where() -> None:
    machine = machine_with([op("jal", 0, 0)])
    assert machine.run() is Stop.FAULT
    assert "0x1000" in machine.stop_detail


def test_x0_stays_zero() -> None:
    machine = machine_with([op("addi", 0, 0, 5), op("jal", 0, 1), op("lb", 0, 0, 0)])
    machine.run(3)
    assert machine.x[0] == 0


def test_state_words_are_registers_pc_and_control_registers_in_order() -> None:
    machine = machine_with([])
    machine.x[31] = 7
    words = machine.state_words()
    assert len(words) == 32 + 1 + len(CONTROL_REGISTERS)
    assert words[31:33] == (7, 0x1000)
    assert words[33:] == tuple(machine.cr(register.name) for register in CONTROL_REGISTERS)


def test_the_hash_depends_on_every_register_and_byte() -> None:
    hashes = {machine_with([]).state_hash()}
    for change in ("x", "pc", "cr", "memory"):
        machine = machine_with([])
        if change == "x":
            machine.x[1] = 1
        elif change == "pc":
            machine.pc += 4
        elif change == "cr":
            machine.set_cr("scratch", 1)
        else:
            machine.write(SMALL - 1, b"\1")
        hashes.add(machine.state_hash())
    assert len(hashes) == 5
    assert machine_with([]).state_hash() in hashes


def test_the_hash_is_the_same_tomorrow() -> None:
    """A changed value means that reports of different versions no longer compare: do it knowingly."""
    assert machine_with([]).state_hash() == "c971b470e0efb37683e071ae2741fc01"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": 5000}, "5000 bytes"),
        ({"memory": 4096}, "4096 bytes"),
        ({"memory": 1 << 40}, "1099511627776 bytes"),
        ({"disk": bytearray(100)}, "a disk of 100 bytes; it takes a multiple of 512"),
    ],
)
def test_a_wrong_configuration_is_refused_with_value_and_limit(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReferenceMachine(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("time", 0), ("status", 256), ("ptbr", 2), ("info", 1)])
def test_a_control_register_refuses_what_its_kernel_could_not_write(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot take"):
        machine_with([]).set_cr(name, value)


def test_an_unknown_control_register_is_named() -> None:
    with pytest.raises(UsageError, match="no control register 'statsu'; there are status, tvec"):
        machine_with([]).cr("statsu")


def test_memory_outside_is_refused() -> None:
    with pytest.raises(UsageError, match="do not lie within"):
        machine_with([]).read(SMALL - 1, 2)


def test_every_level_has_a_machine() -> None:
    for level in Level:
        assert machine_with([op("getst", 10)], level=level).run(1) is Stop.LIMIT
