"""The devices behind the ports: console, clock, power and disk."""

from __future__ import annotations

from dataclasses import replace

from support.snippets import MEMORY, Case, check, cr, on_every_engine, parametrize, port

from toyvm.isa.control import ALL_BITS as ALL
from toyvm.isa.machine import DEFAULT_CLOCK_BASE
from toyvm.isa.registers import REGISTERS
from toyvm.testing.programs import Program
from toyvm.testing.programs.assembly import li, op

A0, A1, A2, A3, A4 = (REGISTERS[name] for name in ("a0", "a1", "a2", "a3", "a4"))
NOTHING = Program((), memory=MEMORY)
SECTORS = b"".join(bytes([number]) * 512 for number in (0x11, 0x22, 0x33))
DISK = replace(NOTHING, disk=SECTORS, disk_latency=100)
BUSY, DONE, FAILED = 1, 2, 4


def inputs(*registers: int, name: str = "console_in") -> list[int]:
    return [op("in", register, port(name)) for register in registers]


def case(name: str, program: Program, body: list[int], expect: dict[str, object], enabled: bool = False) -> Case:
    return Case(name, body, expect, program=program, enabled=enabled)


CONSOLE = [
    case("no input ends at once", NOTHING, [*inputs(A0), *inputs(A1, name="console_stat")], {"a0": ALL - 1, "a1": 2}),
    case(
        "bytes, then the end, again and again",
        replace(NOTHING, input=b"\x00\xff"),
        inputs(A0, A1, A2, A3),
        {"a0": 0, "a1": 255, "a2": ALL - 1, "a3": ALL - 1},
    ),
    case(
        "status before and after the last byte",
        replace(NOTHING, input=b"x"),
        [*inputs(A0, name="console_stat"), *inputs(A1), *inputs(A2, name="console_stat")],
        {"a0": 1, "a1": 0x78, "a2": 2},
    ),
    case(
        "pending until the end was read",
        replace(NOTHING, input=b"x"),
        [op("crr", A0, cr("ipend")), *inputs(0), op("crr", A1, cr("ipend")), *inputs(0), op("crr", A2, cr("ipend"))],
        {"a0": 2, "a1": 2, "a2": 0},
    ),
    case("asking for the status reads no end", NOTHING, [*inputs(0, name="console_stat")], {"ipend": 2}),
    case(
        "output is the low byte",
        NOTHING,
        [word for value in (0x141, 0x42, 0) for word in (*li(A0, value), op("out", port("console_out"), A0))],
        {"output": b"AB\0"},
    ),
]
CLOCK = [
    case(
        "base and a nanosecond a tick",
        NOTHING,
        [*inputs(A0, name="clock"), op("crr", A1, cr("time")), op("sub", A0, A0, A1)],
        {"a0": DEFAULT_CLOCK_BASE - 1},
    ),
]


def start(command: int, sector: int) -> list[int]:
    return [
        *li(A0, sector),
        op("out", port("disk_sector"), A0),
        op("addi", A0, 0, command),
        op("out", port("disk_command"), A0),
    ]


STATUS = port("disk_status")
UNMASK = [op("addi", A0, 0, 4), op("crw", cr("imask"), A0)]
WAIT = [*UNMASK, op("wfi")]
DATA = port("disk_data")


def after(command: int, sector: int, status: int, program: Program = DISK) -> Case:
    """The status once a command has completed."""
    body = [*start(command, sector), *WAIT, op("in", A1, STATUS), op("in", A2, DATA)]
    data = 0x1111111111111111 * (sector + 1) if command == 1 and status == DONE else 0
    return case(f"command {command} of sector {sector}", program, body, {"a1": status, "a2": data})


DISKS = [
    after(1, 0, DONE),
    after(1, 2, DONE),
    after(1, 3, DONE | FAILED),  # no such sector
    after(1, ALL, DONE | FAILED),
    after(0, 0, DONE | FAILED),
    after(3, 0, DONE),
    after(3, 3, DONE),  # whatever the sector
    after(3, 0, DONE, replace(DISK, disk_writable=False)),
    after(3, 0, DONE | FAILED, NOTHING),
    after(4, 0, DONE | FAILED),
    after(2, 0, DONE),
    after(2, 0, DONE | FAILED, replace(DISK, disk_writable=False)),
    after(1, 0, DONE | FAILED, NOTHING),
    case("sectors", DISK, inputs(A0, name="disk_sectors"), {"a0": 3}),
    case("no disk", NOTHING, inputs(A0, name="disk_sectors"), {"a0": 0}),
    case("the sector is kept", DISK, [*start(1, 1 << 63), *inputs(A0, name="disk_sector")], {"a0": 1 << 63}),
    case("busy until the latency is over", DISK, [*start(1, 0), op("in", A0, STATUS)], {"a0": BUSY, "ipend": 2}),
    case(
        "done at the exact tick",
        DISK,
        [*start(1, 0), *[op("fence")] * 99, op("in", A0, STATUS), op("in", A1, STATUS)],
        {"a0": BUSY, "a1": DONE},
    ),
    case("no latency at all", replace(DISK, disk_latency=0), [*start(1, 0), op("in", A0, STATUS)], {"a0": DONE}),
    case("wfi skips to the completion", DISK, [*start(1, 0), *WAIT], {"skipped": 97, "ipend": 6}),
    case("wfi does not wait for a masked disk", DISK, [*start(1, 0), op("wfi")], {"stop": "idle"}),
    case("interrupt", DISK, [*UNMASK, *start(1, 0), *[op("fence")] * 200], {"trap": "disk", "at": 106}, enabled=True),
    case(
        "acknowledging clears done and failed",
        DISK,
        [*start(0, 0), *WAIT, op("in", A1, STATUS), op("out", STATUS, A0), op("in", A2, STATUS)],
        {"a1": DONE | FAILED, "a2": 0, "ipend": 2},
    ),
    case(
        "a command while busy fails at once, and the first goes on",
        DISK,
        [*start(1, 1), *start(1, 0), op("in", A1, STATUS), *WAIT, op("in", A2, STATUS), op("in", A3, DATA)],
        {"a1": BUSY | FAILED, "a2": DONE | FAILED, "a3": 0x2222222222222222},
    ),
    case(
        "the sector is looked at when the command starts",
        DISK,
        [*start(1, 1), op("out", port("disk_sector"), 0), *WAIT, op("in", A3, DATA)],
        {"a3": 0x2222222222222222},
    ),
    case(
        "a write takes the buffer as it is at completion",
        DISK,
        [*li(A4, 0x4444444444444444), *start(2, 1), *[op("out", DATA, A4)] * 64, *WAIT],
        {"disk": SECTORS[:512] + b"\x44" * 512 + SECTORS[1024:]},
    ),
    case(
        "a read overwrites what was written to the buffer meanwhile",
        DISK,
        [*start(1, 0), op("out", DATA, A4), *WAIT, op("in", A3, DATA)],
        {"a3": 0x1111111111111111},
    ),
    case(
        "the position wraps after 64 words",
        DISK,
        [*li(A4, 7), op("out", DATA, A4), *[op("in", A3, DATA)] * 63, op("in", A2, DATA)],
        {"a3": 0, "a2": 7},
    ),
    case(
        "the position returns to 0 with a command",
        DISK,
        [*li(A4, 7), op("out", DATA, A4), *start(3, 0), op("in", A2, DATA)],
        {"a2": 7},
    ),
    case("in into x0 has its effect", DISK, [*li(A4, 7), op("out", DATA, 0), op("out", DATA, A4), *start(0, 0),
         op("in", 0, DATA), op("in", A2, DATA)], {"a2": 7, "zero": 0}),
]  # fmt: skip


@on_every_engine
@parametrize([*CONSOLE, *CLOCK, *DISKS])
def test_devices_do_what_the_ports_declare(case: Case, engine: str) -> None:
    check(case, engine)
