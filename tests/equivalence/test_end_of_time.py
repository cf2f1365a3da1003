"""Time is 64 bits: what happens where it starts again from 0."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.snippets import ENGINES, PLAIN, Case, check, cr, parametrize, port

from toyvm.isa.control import ALL_BITS as ALL
from toyvm.isa.registers import REGISTERS
from toyvm.testing.programs.assembly import li, op

A0, A1, A2, S2 = (REGISTERS[name] for name in ("a0", "a1", "a2", "s2"))
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
LATE, LATER = replace(DISK, disk_latency=18), replace(DISK, disk_latency=100)  # due at the last tick, and behind it
TELL_TIME = [op("crr", A1, cr("time")), op("out", port("power"), 0)]


def let_in(mask: int) -> list[int]:
    return [op("addi", A0, 0, mask), op("crw", cr("imask"), A0)]


ENABLE = [op("addi", A0, 0, 1), op("setst", A0)]
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
    Case("wfi waits for the disk until the last tick", [*skip_to(20), *START, *let_in(4), op("wfi"), *TELL_TIME],
         {"a1": ALL, "stop": "exit"}, program=LATE),
    Case("the disk's interrupt comes at the last tick", [*skip_to(20), *START, *let_in(4), *ENABLE, *[MARK] * 30],
         {"a1": ALL, "trap": "disk"}, handler=TELL_TIME, program=LATE),
    Case("the timer's comes at the last tick, though the disk is done behind it",
         [*skip_to(20), *START, *li(A0, ALL), op("crw", cr("timecmp"), A0), *let_in(5), *ENABLE, *[MARK] * 30],
         {"a1": ALL, "trap": "timer"}, handler=TELL_TIME, program=LATER),
    Case("a jump to itself is interrupted at the last tick",
         [*skip_to(20), *START, *let_in(4), *ENABLE, op("jal", 0, 0)],
         {"a1": ALL, "trap": "disk"}, handler=TELL_TIME, program=LATE),
    Case("wfi waits past a timecmp of all ones for the disk",
         [*skip_to(20), *START, *li(A0, ALL), op("crw", cr("timecmp"), A0), *let_in(5), op("wfi"), *TELL_TIME],
         {"a1": 100 - 19, "stop": "exit"}, program=LATER),
]  # fmt: skip


@pytest.mark.parametrize("engine", [*ENGINES, "recompiler", "python trap"])
@parametrize(CASES)
def test_time_starts_again_from_0(case: Case, engine: str) -> None:
    check(case, engine)
