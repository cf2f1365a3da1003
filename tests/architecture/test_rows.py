"""One row a fact: what is declared has its row in each table that must have one, and no table has another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from support.commands import ROOT

from toyvm.asm import assemble_text
from toyvm.exits import EXIT_REASONS
from toyvm.host.host import Host
from toyvm.hypercalls import HYPERCALLS
from toyvm.isa import CONTROL_REGISTERS, INSTRUCTIONS, PORTS
from toyvm.isa.control import ALL_BITS, ControlRegister
from toyvm.isa.declare import Class, Group
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.isa.traps import INTERRUPTS
from toyvm.machine.bare import Machine
from toyvm.machine.computer import Computer
from toyvm.native import ffi, names_of
from toyvm.recompiler.emitter import _EMIT
from toyvm.reference.meaning import MEANING
from toyvm.techniques import NAMES
from toyvm.testing.techniques import EVERY, FULL

MONITORS = "native/src/monitor"
MEMORY = 256 << 10


@dataclass(frozen=True)
class Table:
    """A table in source text: what must have a row there, and how a row begins, with its name for a group."""

    noun: str
    wanted: frozenset[str]
    text: str
    row: re.Pattern[str]

    def names(self) -> set[str]:
        return set(self.row.findall(self.text))

    def without(self, name: str) -> Table:
        text = self.row.sub(lambda row: "" if row[1] == name else row[0], self.text)
        return Table(self.noun, self.wanted, text, self.row)

    @property
    def is_whole(self) -> bool:
        return self.names() == self.wanted


def table(noun: str, wanted: Iterable[str], place: str, row: str) -> Table:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.c"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return Table(noun, frozenset(wanted), text, re.compile(row, re.MULTILINE))


def upper(names: Iterable[str]) -> list[str]:
    return [name.upper() for name in names]


COMPILED = (row.mnemonic for row in INSTRUCTIONS if row.cls is Class.INNOCUOUS and row.group is not Group.ENVIRONMENT)


def test_every_innocuous_instruction_is_compiled_and_has_its_meaning_in_the_reference() -> None:
    wanted = {*COMPILED}
    assert wanted == {*_EMIT}
    assert wanted <= {*MEANING}


MONITORED = (*(name for name in NAMES if name != "bare"), "custom")
DEVICES = tuple(cause.name for cause in INTERRUPTS if cause.name != "timer")
TABLES = (
    table("handlers of exit reasons", upper(row.name for row in EXIT_REASONS), MONITORS, r"\[EXIT_(\w+)\] ="),
    table("techniques", MONITORED, MONITORS, r"^const struct technique technique_(\w+) ="),
    table("techniques by number", upper(MONITORED), f"{MONITORS}/techniques.c", r"\[T64_(\w+)\] = &technique_"),
    table("devices with an interrupt", DEVICES, "native/src/machine/devices.h", r"^    X\((\w+), "),
    table("ends of a wait", (*DEVICES, "timer", "event"), "toyvm/machine/waits.py", r"^    \"(\w+)\": "),
    table(
        "hypercalls",
        (row.name for row in HYPERCALLS),
        f"{MONITORS}/hypercalls",
        r"^(?:int call_(?=\w+\(struct t64_guest \*guest, const u64)|static int control_)(\w+)\(.*\)$",
    ),
    table(
        "instructions that monitors execute",
        upper(row.mnemonic for row in INSTRUCTIONS if row.cls is not Class.INNOCUOUS),
        "native/src/machine/system.c",
        r"case INSN_(\w+): return",
    ),
    table(
        "stops that the run loop knows",
        upper(names_of("t64_stop", "T64_STOP_").values()),
        "toyvm/machine/run_loop.py",
        r"T64_STOP_([A-Z]+)",
    ),
)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
def test_every_row_stands_in_its_table(table: Table) -> None:
    assert table.names() == table.wanted


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
def test_a_row_that_is_taken_out_is_missed(table: Table) -> None:
    assert [name for name in table.wanted if table.without(name).is_whole] == []


@pytest.mark.parametrize("name", [row.name for row in HYPERCALLS])
def test_a_guest_or_a_test_makes_every_hypercall(name: str) -> None:
    rooms = ("guests", "tests/guests", "tests/monitor", "tests/host")
    sources = (path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in (".s", ".inc", ".py"))
    makes = re.compile(rf"\bHC_{name}\b|\bhcall {name}\b|\"{name}\"", re.IGNORECASE)
    assert any(makes.search(path.read_text(encoding="utf-8")) for path in sources)


# Ports and control registers, through the built core and the reference.

ENGINES = pytest.mark.parametrize("engine", ["interpreter", "reference"])
STORED = tuple(register for register in CONTROL_REGISTERS if register.writable)
# Those that a kernel may set to anything without going elsewhere for it.
FREE = tuple(register for register in STORED if register.writable == ALL_BITS and register.name != "tvec")
VALUE = 0x1234_5678_9ABC_DEF0


def is_illegal(line: str, engine: str) -> bool:
    """Is the instruction?"""
    program = assemble_text(f"_start: {line}\n    nop\n.org 0x1100\nhandler: nop\n    nop\n")
    with Machine(MEMORY, engine=engine) as machine:
        machine.load(program.image)
        machine.control.tvec = 0x1100
        machine.step()
        return bool(machine.control.cause == CAUSES["illegal_instruction"].code)


@ENGINES
def test_every_port_is_there_and_no_other(engine: str) -> None:
    numbers = range(64)
    read = {number for number in numbers if not is_illegal(f"in a0, {number}", engine)}
    written = {number for number in numbers if not is_illegal(f"out {number}, a0", engine)}
    assert read == {port.number for port in PORTS if port.read}
    assert written == {port.number for port in PORTS if port.write}


@ENGINES
def test_every_control_register_is_there_and_no_other(engine: str) -> None:
    numbers = range(64)
    read = {number for number in numbers if not is_illegal(f"crr a0, {number}", engine)}
    written = {number for number in numbers if not is_illegal(f"crw {number}, zero", engine)}
    assert read == {register.number for register in CONTROL_REGISTERS}
    assert written == {register.number for register in STORED}


def test_the_state_has_every_control_register_that_is_written() -> None:
    assert {register.name for register in STORED} <= {name for name, _ in ffi.typeof("t64_state").fields}


@ENGINES
@pytest.mark.parametrize("register", STORED, ids=lambda register: register.name)
def test_a_control_register_takes_the_bits_that_its_row_says(register: ControlRegister, engine: str) -> None:
    with Machine(MEMORY, engine=engine) as machine:
        assert machine.control[register.name] == register.reset
        machine.control[register.name] = VALUE & register.writable
        assert machine.control[register.name] == VALUE & register.writable


@contextmanager
def computers(technique: str) -> Iterator[tuple[Computer, Computer]]:
    """Two that are alike."""
    if technique == "bare":
        with Machine(MEMORY) as first, Machine(MEMORY) as second:
            yield first, second
        return
    with Host(level="assist") as host, Host(level="assist") as other:
        yield host.guest(technique, MEMORY), other.guest(technique, MEMORY)


@pytest.mark.parametrize("technique", EVERY)
def test_control_registers_stay_over_a_run_and_in_a_snapshot(technique: str) -> None:
    program = assemble_text("_start: addi a0, a0, 1\n    j _start\n")
    with computers(technique) as (computer, copy):
        for one in (computer, copy):
            one.load(program.image)
            one.step()
        for register in FREE:
            computer.control[register.name] = VALUE + register.number
        computer.step(5)
        copy.restore(computer.save())
        kept = {register.name: VALUE + register.number for register in FREE}
        for one in (computer, copy):
            assert {name: one.control[name] for name in kept} == kept


@pytest.mark.parametrize("technique", ["bare", *FULL])
def test_a_kernel_finds_in_control_registers_what_it_wrote(technique: str) -> None:
    lines = (f"li t0, {VALUE + row.number}\n crw {row.name}, t0\n" for row in FREE)
    reads = (f"li t0, {VALUE + row.number}\n crr t1, {row.name}\n bne t0, t1, wrong\n" for row in FREE)
    end = "li a0, 7\n out 8, a0\nwrong: li a0, 1\n out 8, a0\n"
    program = assemble_text("_start:\n" + "".join((*lines, *reads)) + end)
    with computers(technique) as (computer, _):
        computer.load(program.image)
        assert computer.run(1000).exit_code == 7
