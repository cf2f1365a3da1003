"""The bare machine through the Python API: programs, registers, memory, limits and the end of its life."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toyvm import GuestFault, GuestStopped, Host, Machine, Stop, UsageError, assemble_text
from toyvm.machine.computer import Computer

COUNTING = """
.globl _start
_start:
    addi a0, a0, 1
    j _start
"""
GREETING = """
.globl _start
_start:
    li a0, 'h'
    out 0, a0
    li a0, 'i'
    out 0, a0
    li a0, 7
    out 8, a0
.data
.balign 8
.globl answer
answer: .dword 42
"""


def machine_with(source: str, **options: object) -> Machine:
    machine = Machine("1M", **options)  # type: ignore[arg-type]
    machine.load(assemble_text(source, "test.s").image)
    return machine


@pytest.fixture
def counting() -> Iterator[Machine]:
    with machine_with(COUNTING) as machine:
        yield machine


def test_a_program_runs_to_its_exit_code_and_its_output_is_kept() -> None:
    with machine_with(GREETING) as machine:
        outcome = machine.run()
        assert (outcome.stop, outcome.exit_code, machine.output) == (Stop.EXIT, 7, b"hi")
        assert outcome.instructions == machine.retired == 6


def test_a_limit_stops_at_exactly_that_instruction_and_the_machine_goes_on(counting: Machine) -> None:
    assert counting.run(max_instructions=1001).stop is Stop.LIMIT
    assert (counting.retired, counting.registers.a0) == (1001, 501)
    assert counting.step().instructions == 1002
    assert counting.run(until=5000).instructions == 5000


def test_a_timeout_stops_an_endless_loop(counting: Machine) -> None:
    outcome = counting.run(timeout=0.05)
    assert outcome.stop is Stop.TIMEOUT
    assert counting.registers.a0 == (counting.retired + 1) // 2


def test_another_thread_interrupts_a_run_and_it_goes_on_exactly(counting: Machine) -> None:
    threading.Timer(0.05, counting.interrupt).start()
    assert counting.run(timeout=30).stop is Stop.INTERRUPTED
    before = counting.retired
    assert counting.step(10).instructions == before + 10


def test_run_to_stops_at_a_symbol() -> None:
    with machine_with("_start: nop\n nop\nthere: nop\n j _start\n") as machine:
        machine.run_to("there")
        assert (machine.pc, machine.retired) == (machine.address_of("there"), 2)
        machine.run_to("there")
        assert machine.retired == 6


@pytest.mark.parametrize("key", ["a0", "x10", 10])
def test_a_register_has_many_names_and_one_value(counting: Machine, key: str | int) -> None:
    counting.registers[key] = -1
    assert counting.registers.a0 == counting.registers[key] == counting.x[10] == 2**64 - 1


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_a_number_for_x0_is_refused_and_a_zero_taken(engine: str) -> None:
    with Machine(engine=engine) as machine:
        for key, put in (
            ("zero", machine.registers),
            ("x0", machine.registers),
            (0, machine.registers),
            (0, machine.x),
        ):
            put[key] = 0
            with pytest.raises(UsageError, match=f"register {key} is always 0; it cannot hold 0x5"):
                put[key] = 5
        with pytest.raises(UsageError, match="register zero is always 0"):
            machine.registers.zero = -1
        assert machine.registers.zero == machine.x[0] == 0


def test_control_registers_are_read_and_written_as_a_kernel_does(counting: Machine) -> None:
    counting.control.tvec = 0x2000
    assert counting.control["tvec"] == counting.cr("tvec") == 0x2000
    with pytest.raises(UsageError, match="cannot take 0x2"):
        counting.control.status = 2
    with pytest.raises(UsageError, match="cannot take"):
        counting.control.time = 1


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda m: m.registers.a9, "no register 'a9'"),
        (lambda m: m.control.tveck, "did you mean tvec"),
        (lambda m: m.memory[1 << 20], "lie outside memory; it ends at 0x100000"),
        (lambda m: m.memory[-1], "lie outside memory"),
        (lambda m: m.memory.set_byte(0, 256), "does not fit 1 bytes"),
        (lambda m: m.memory.dword("answre"), "answre"),
        (lambda m: m.registers.__setitem__("a0", 1 << 64), "has 64 bits"),
        (lambda m: m.run(max_instructions=-1), "0 or more"),
        (lambda m: m.translate(0, "z"), "no right 'z'"),
    ],
)
def test_a_mistake_is_a_clear_error(counting: Machine, use: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        use(counting)  # type: ignore[operator]


def test_memory_is_read_and_written_by_slice_and_by_symbol() -> None:
    with machine_with(GREETING) as machine:
        assert machine.memory.dword("answer") == 42
        machine.memory.set_dword("answer", -2)
        address = machine.address_of("answer")
        assert machine.memory[address : address + 8] == (2**64 - 2).to_bytes(8, "little")
        machine.memory[0x8000:0x8004] = b"abcd"
        machine.memory[0x8000] = 0x7A
        assert machine.memory[0x8000:0x8004] == b"zbcd"
        assert len(machine.memory) == 1 << 20
        with pytest.raises(UsageError, match="3 bytes do not fit a slice of 4"):
            machine.memory[0:4] = b"abc"


def test_loading_again_starts_afresh() -> None:
    image = assemble_text(".bss\nroom: .zero 8192\n.text\n_start: la t0, room\n sd t0, 0(t0)\n1: j 1b\n").image
    with Machine("1M") as machine:
        machine.load(image)
        machine.run(max_instructions=3)
        assert machine.memory.dword("room")
        machine.load(image)
        assert machine.memory.dword("room") == 0
        assert machine.pc == image.entry


def test_an_image_that_does_not_fit_is_refused() -> None:
    image = assemble_text(".bss\n.zero 0x200000\n.text\n_start: nop\n").image
    with Machine("1M") as machine, pytest.raises(UsageError, match="needs memory up to"):
        machine.load(image)


@pytest.mark.parametrize("memory", [0, 1, 4096, 1 << 60, "12Q", "", "1M5", 100_001])
def test_a_senseless_size_is_refused(memory: int | str) -> None:
    with pytest.raises(UsageError):
        Machine(memory)


def test_a_closed_machine_refuses_everything_and_closes_again() -> None:
    machine = machine_with(COUNTING)
    machine.close()
    machine.close()
    uses = [machine.run, machine.save, machine.state_hash, lambda: machine.pc, lambda: machine.memory[0:1]]
    for use in uses:
        with pytest.raises(UsageError, match="closed"):
            use()


def test_equal_states_have_equal_hashes_and_others_differ(counting: Machine) -> None:
    with machine_with(COUNTING) as other:
        counting.run(max_instructions=100)
        other.run(max_instructions=100)
        assert counting.state_hash() == other.state_hash()
        other.memory[0xF000] = 1
        assert counting.state_hash() != other.state_hash()


def test_a_snapshot_brings_everything_back(counting: Machine) -> None:
    counting.run(max_instructions=77)
    snapshot, state = counting.save(), counting.state_hash()
    counting.run(max_instructions=1000)
    counting.restore(snapshot)
    assert (counting.retired, counting.state_hash()) == (77, state)
    with machine_with(COUNTING) as other:
        other.restore(snapshot)
        assert other.state_hash() == state


def test_two_machines_run_in_two_threads() -> None:
    def run(machine: Computer) -> None:
        machine.run(max_instructions=2_000_001)

    with machine_with(COUNTING) as one, machine_with(COUNTING) as two:
        threads = [threading.Thread(target=run, args=(machine,)) for machine in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.registers.a0 == two.registers.a0 == 1_000_001


STUCK = "_start: nop\nhere: j here\n"
DOUBLE = "_start: li t0, 0x5000\n crw tvec, t0\n la t1, _start\n ld t2, 1(t1)\n"


def test_a_stuck_guest_is_a_fault_with_place_and_instruction() -> None:
    with machine_with(STUCK) as machine:
        outcome = machine.run()
        assert outcome.stop is Stop.FAULT
        with pytest.raises(GuestFault) as caught:
            outcome.check()
        fault = caught.value
        assert (fault.kind, fault.pc) == ("stuck", machine.address_of("here"))
        assert "test.s:2" in fault.location
        assert fault.instruction is not None


def test_a_double_fault_names_cause_address_and_the_trap_before_it() -> None:
    with machine_with(DOUBLE) as machine, pytest.raises(GuestFault) as caught:
        machine.run().check()
    fault = caught.value
    assert (fault.kind, fault.cause, fault.pc, fault.address) == ("double fault", "illegal_instruction", 0x5000, 0)
    report = str(fault)
    for part in ("load misaligned at test.s:4", "illegal instruction (.word", "registers", "tvec"):
        assert part in report


def test_check_raises_unless_the_guest_ended_well(counting: Machine) -> None:
    with pytest.raises(GuestStopped, match="limit"):
        counting.run(max_instructions=5).check()
    with machine_with(GREETING) as machine, pytest.raises(GuestStopped, match="exit code 7"):
        machine.run().check()


def test_waiting_for_what_never_comes_is_idle_and_the_machine_goes_on() -> None:
    with machine_with("_start: wfi\n li a0, 3\n out 8, a0\n") as machine:
        assert machine.run().stop is Stop.IDLE
        assert machine.run().exit_code == 3


@pytest.mark.parametrize("make", [lambda: Machine("64G"), lambda: Host("64G")])
def test_more_bytes_than_a_call_gives_are_refused_before_they_are_looked_for(
    make: Callable[[], Machine | Host],
) -> None:
    with make() as owner:
        with pytest.raises(
            UsageError, match=r"reading .*memory: 68719476736 bytes are too many at once; it takes 1073741824"
        ):
            owner.read(0, 64 << 30)
        assert owner.read((64 << 30) - 8, 8) == bytes(8)


def test_bytes_that_there_is_no_memory_for_are_refused(counting: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def new(self, *_: object) -> object:
            raise MemoryError

    monkeypatch.setattr("toyvm.machine.computer.ffi", Full())
    for use in (lambda: counting.read(0, 8), counting.save, lambda: bytes(counting.memory)):
        with pytest.raises(UsageError, match=r"(saving|reading memory): this process has no memory for \d+ bytes"):
            use()


def test_an_assembly_is_loaded_as_its_image_is() -> None:
    assembly = assemble_text("_start: li a0, 5\n out 8, a0\n", "five.s")
    with Machine("64K") as machine:
        machine.load(assembly)
        assert machine.image is assembly.image
        assert machine.run().exit_code == 5


@pytest.mark.parametrize("program", ["kernel", Path("kernel.s"), b"\x7fELF", None])
def test_what_is_no_image_is_refused_with_what_makes_one(program: object) -> None:
    with (
        Machine("64K") as machine,
        pytest.raises(UsageError, match=r"image of .*it takes an Image.*load_program\(\.\.\.\)"),
    ):
        machine.load(program)  # type: ignore[arg-type]
