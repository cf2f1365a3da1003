"""Time is 64 bits: what happens where it starts again from 0."""

from __future__ import annotations

from dataclasses import replace

from cases import PLAIN, Case, check, cr, on_every_engine, parametrize, port

from toyvm.isa.registers import REGISTERS
from toyvm.programs.assembly import li, op

A0, A1, A2, S2 = (REGISTERS[name] for name in ("a0", "a1", "a2", "s2"))
ALL = (1 << 64) - 1
MARK = op("addi", S2, S2, 1)
DISK = replace(PLAIN, disk=bytes(512), disk_latency=10)


def skip_to(left: int) -> list[int]:
    """Go on `left` ticks before time is 2**64 - 1, with interrupts still off and none to come."""
    return [
        *li(A0, ALL - left),
        op("crw", cr("timecmp"), A0),
        op("addi", A0, 0, 1),
        op("crw", cr("imask"), A0),
        op("wfi"),
    ]


START = [op("addi", A0, 0, 1), op("out", port("disk_command"), A0)]
STATUS = op("in", A1, port("disk_status"))
CASES = [
    Case("time wraps", [*skip_to(2), op("crr", A0, cr("time")), *[MARK] * 2, op("crr", A1, cr("time"))],
         {"a0": ALL - 2, "a1": 0}),
    Case("the timer is not pending behind it", [*skip_to(4), *[MARK] * 8, op("crr", A1, cr("ipend"))], {"a1": 2}),
    Case("and pending again later",
         [*skip_to(4), op("crw", cr("timecmp"), A0), *[MARK] * 8, op("crr", A1, cr("ipend"))],
         {"a1": 3}),
    Case("a disk command spans it", [*skip_to(4), *START, *[MARK] * 9, STATUS, op("in", A2, port("disk_status"))],
         {"a1": 1, "a2": 2}, program=DISK),
    Case("a disk command before the skip completes in it", [*START, *skip_to(4), *[MARK] * 20, STATUS],
         {"a1": 2}, program=DISK),
    Case("wfi waits across it for the disk",
         [*skip_to(4), *START, *li(A0, 4), op("crw", cr("imask"), A0), op("wfi"), STATUS],
         {"a1": 2, "stop": "exit"}, program=DISK),
    Case("interrupts on, and nothing ahead", [*skip_to(4), op("crw", cr("timecmp"), 0), op("crw", cr("imask"), 0),
         op("addi", A0, 0, 1), op("setst", A0), *[MARK] * 8], {"s2": 8}),
]  # fmt: skip


@on_every_engine
@parametrize(CASES)
def test_time_starts_again_from_0(case: Case, engine: str) -> None:
    check(case, engine)
