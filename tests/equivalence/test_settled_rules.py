"""What the manual once left open: each rule settled there, on every engine and under every monitor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.snippets import (
    BODY,
    HANDLER,
    LEAVES,
    PLAIN,
    ROOT,
    RWX,
    Case,
    check,
    cr,
    identity,
    on_every_engine,
    parametrize,
    port,
)

from toyvm.isa.control import PTBR_FIELDS
from toyvm.isa.paging import PTE_A, PTE_U, PTE_V
from toyvm.isa.registers import REGISTERS
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.testing.programs import Program, Segment
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.subjects import SUBJECTS

RA, A0, A1, A2, A3 = (REGISTERS[name] for name in ("ra", "a0", "a1", "a2", "a3"))
PTBR = ROOT | PTBR_FIELDS[0].mask
NEW = PTE_V | RWX | PTE_U  # neither A nor D
DISK = replace(PLAIN, disk=bytes(512), disk_latency=10)
STATUS, DONE, FAILED = port("disk_status"), 2, 4
HERE = [op("auipc", A1, 0), op("addi", A1, A1, 8)]  # a1: the address of the next word


def entry(page: int) -> int:
    return LEAVES + 8 * page


def leaf(page: int, bits: int) -> dict[int, int]:
    return {entry(page): page << 12 | bits}


def start(command: int) -> list[int]:
    return [op("addi", A0, 0, command), op("out", port("disk_command"), A0)]


TRAPS = [
    Case(
        "an interrupt counts as the previous trap of a double fault",
        [op("addi", A0, 0, 1), op("crw", cr("imask"), A0), op("crw", cr("timecmp"), 0), op("fence")],
        {"stop": "fault", "cause": CAUSES["timer"].code, "at": 3, "pc": HANDLER},
        handler=[op("break")],
        enabled=True,
    ),
    Case(
        "a double fault sets A of its own fetch",
        [op("syscall")],
        {"stop": "fault", "cause": CAUSES["syscall"].code, "pc": HANDLER, "memory": leaf(2, NEW | PTE_A)},
        handler=[op("break")],
        entries=identity({2: NEW}),
        ptbr=PTBR,
    ),
    Case(
        "a stuck jump writes no rd and sets A of its own fetch",
        [*li(A0, 0x5000), op("jalr", 0, 0, A0)],
        {"stop": "fault", "ra": 0, "pc": 0x5000, "memory": leaf(5, NEW | PTE_A)},
        entries={**identity({5: NEW}), 0x5000: op("jal", RA, 0)},
        ptbr=PTBR,
    ),
    Case("a jalr to itself is no stuck jump", [*HERE, op("jalr", 0, 0, A1)], {"stop": "limit", "pc": BODY + 8}),
]
PAGING = [
    Case(
        "probe walks the tables as they are, whatever was cached",
        [*li(A1, 0x5000), op("ld", A2, 0, A1), *li(A3, entry(5)), op("sd", 0, 0, A3), op("probe", A0, A1, 0)],
        {"a0": (1 << 64) - 1},
        entries=identity(),
        ptbr=PTBR,
    ),
    Case(
        "probe sets neither A nor D",
        [*li(A1, 0x5000), op("addi", A2, 0, 3), op("probe", A0, A1, A2)],
        {"a0": 0x5000, "memory": leaf(5, NEW)},
        entries=identity({5: NEW}),
        ptbr=PTBR,
    ),
    Case(
        "a store through an entry to itself comes after its marks",
        [*li(A1, entry(10)), *li(A2, 0xA000 | NEW), op("sd", A2, 0, A1)],
        {"memory": leaf(10, NEW)},
        entries=identity({10: NEW}),
        ptbr=PTBR,
    ),
    Case(
        "a load through an entry to itself sees its mark",
        [*li(A1, entry(10)), op("ld", A2, 0, A1)],
        {"a2": 0xA000 | NEW | PTE_A, "memory": leaf(10, NEW | PTE_A)},
        entries=identity({10: NEW}),
        ptbr=PTBR,
    ),
]
DEVICES = [
    Case(
        "a command leaves the bits of the one before",
        [*start(9), *[op("fence")] * 10, *start(1), op("in", A1, STATUS)],
        {"a1": 1 | DONE | FAILED},
        program=DISK,
    ),
    Case(
        "a command that succeeds does not clear the failure of one before",
        [*start(9), *[op("fence")] * 10, *start(1), *[op("fence")] * 10, op("in", A1, STATUS)],
        {"a1": DONE | FAILED},
        program=DISK,
    ),
    Case(
        "acknowledging while busy clears the two and the command goes on",
        [*start(9), *[op("fence")] * 10, *start(1), op("out", STATUS, A0), op("in", A1, STATUS),
         *[op("fence")] * 10, op("in", A2, STATUS)],
        {"a1": 1, "a2": DONE},
        program=DISK,
    ),
    Case(
        "in into x0 takes the byte",
        [op("in", 0, port("console_in")), op("in", A0, port("console_in"))],
        {"a0": ord("b"), "zero": 0},
        program=replace(PLAIN, input=b"ab"),
    ),
    Case(
        "timecmp of all ones is pending at that time, like any other",
        [*li(A0, -4), op("crw", cr("timecmp"), A0), op("addi", A1, 0, 1), op("crw", cr("imask"), A1), op("wfi"),
         op("crw", cr("timecmp"), A2), op("addi", A2, 0, -1), op("crw", cr("timecmp"), A2), op("crr", A3, cr("ipend"))],
        {"a3": 3},
    ),
]  # fmt: skip


@on_every_engine
@parametrize([*TRAPS, *PAGING, *DEVICES])
def test_a_settled_rule_holds(case: Case, engine: str) -> None:
    check(case, engine)


def bare_program(words: list[int], **changes: Any) -> Program:
    """Words at the entry point, from reset."""
    return replace(PLAIN, entry=BODY, segments=(Segment(BODY, to_bytes(words)),), **changes)


@on_every_engine
def test_reset_does_not_count_as_a_trap(engine: str) -> None:
    program = bare_program([op("break")])
    handler = Segment(0, to_bytes([op("out", port("power"), 0)]))
    with SUBJECTS[engine](replace(program, segments=(handler, *program.segments))) as machine:
        assert str(getattr(machine.run(until=10), "stop", "exit")) == "exit"
        assert machine.retired == 1


AT_A_LIMIT = {
    "power goes off": ([op("fence"), op("out", port("power"), 0)], "exit", 0),
    "nothing can end the wfi": ([op("fence"), op("wfi")], "idle", 0),
    "time skips": ([op("addi", A0, 0, 1), op("crw", cr("imask"), A0), *li(A1, 100), op("crw", cr("timecmp"), A1),
                    op("wfi")], "limit", 95),
    "a jump to itself comes next": ([op("fence"), op("jal", 0, 0)], "limit", 0),
}  # fmt: skip


@on_every_engine
@pytest.mark.parametrize("what", AT_A_LIMIT)
def test_what_the_last_instruction_does_is_done_at_a_limit(what: str, engine: str) -> None:
    words, wanted, skipped = AT_A_LIMIT[what]
    limit = 1 if "jump" in what else len(words)
    with SUBJECTS[engine](bare_program(words)) as machine:
        result = machine.run(until=limit)
        assert str(getattr(result, "stop", result)) == wanted
        assert (machine.retired, machine.skipped) == (limit, skipped)
        if "jump" in what:
            result = machine.run(until=limit + 1)
            assert str(getattr(result, "stop", result)) == "fault"


@on_every_engine
def test_a_disk_that_is_due_at_a_limit_is_done_and_its_interrupt_not_taken(engine: str) -> None:
    unmask = [*li(A0, 4), op("crw", cr("imask"), A0), op("addi", A1, 0, 1), op("setst", A1)]
    due = len([*unmask, *start(1)]) + 10
    words = [*unmask, *start(1), *[op("fence")] * 20]
    with SUBJECTS[engine](bare_program(words, disk=bytes(512), disk_latency=10)) as machine:
        machine.run(until=due - 1)
        assert machine.cr("ipend") == 2
        machine.run(until=due)
        assert (machine.cr("ipend"), machine.cr("cause"), machine.retired) == (6, 0, due)
        machine.run(until=due + 1)
        assert machine.cr("cause") == CAUSES["disk"].code
