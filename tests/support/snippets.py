"""Cases: a few words of code and what must be true when they end, to be run on every engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.control import PIE, PMODE
from toyvm.isa.machine import Level
from toyvm.isa.paging import PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.isa.ports import BY_NAME as PORT
from toyvm.isa.registers import REGISTERS
from toyvm.isa.traps import BY_NAME as CAUSE
from toyvm.testing.programs import Program, Segment
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import FULL

ENGINES = ("reference", "interpreter", *FULL)
on_every_engine = pytest.mark.parametrize("engine", ENGINES)

BOOT, HANDLER, BODY = 0x1000, 0x2000, 0x4000
MEMORY = 0x40000
T6 = REGISTERS["t6"]
LIMIT = 10_000  # instructions

RWX = PTE_R | PTE_W | PTE_X
AD = PTE_A | PTE_D
ROOT, MIDDLE, LEAVES = 0x8000, 0x9000, 0xA000


def cr(name: str) -> int:
    return CONTROL[name].number


def port(name: str) -> int:
    return PORT[name].number


PLAIN = Program((), memory=MEMORY)


@dataclass(frozen=True)
class Case:
    """`body` runs at BODY and is ended by a break. Each trap goes to `handler`, which switches off by default.

    `expect` names registers, control registers, "stop", "exit_code", "output", "disk", "memory" (values by address),
    "trap" (the last cause, by name) and "at" (the word of the body that epc says).
    """

    name: str
    body: list[int]
    expect: dict[str, Any]
    handler: list[int] = field(default_factory=lambda: [op("out", port("power"), 0)])
    entries: dict[int, int] = field(default_factory=dict)  # 8-byte values by address, page tables mostly
    user: bool = False
    enabled: bool = False  # interrupts
    ptbr: int = 0
    program: Program = PLAIN  # the configuration

    def assembled(self) -> Program:
        status = PMODE * self.user | PIE * self.enabled
        boot = []
        for name, value in (("tvec", HANDLER), ("status", status), ("epc", BODY), ("ptbr", self.ptbr)):
            boot += [*li(T6, value), op("crw", cr(name), T6)]
        return replace(
            self.program,
            entry=BOOT,
            segments=(
                Segment(BOOT, to_bytes([*boot, op("eret")])),
                Segment(HANDLER, to_bytes(self.handler)),
                Segment(BODY, to_bytes([*self.body, op("break")])),
                *(Segment(at, value.to_bytes(8, "little")) for at, value in self.entries.items()),
            ),
        )


def at_level(level: Level) -> Program:
    return replace(PLAIN, level=level)


def check(case: Case, engine: str) -> None:
    """Run the case to its end and hold the machine to what it expects."""
    with SUBJECTS[engine](case.assembled()) as machine:
        result = machine.run(until=LIMIT)
        outcome = {
            "stop": str(getattr(result, "stop", result)),
            "exit_code": getattr(result, "exit_code", None) if hasattr(result, "stop") else machine.exit_code,
        }
        found = {name: _look(machine, outcome, name, case.expect[name]) for name in case.expect}
    assert found == case.expect, f"{case.name} on {engine}"


def _look(machine: Any, outcome: dict[str, Any], name: str, wanted: Any) -> Any:
    if name in outcome:
        return outcome[name]
    if name == "trap":
        code = machine.cr("cause")
        return next((cause for cause, row in CAUSE.items() if row.code == code), hex(code))
    if name == "at":
        return (machine.cr("epc") - BODY) / 4
    if name == "memory":
        return {address: int.from_bytes(machine.read(address, 8), "little") for address in wanted}
    if name in REGISTERS:
        return machine.x[REGISTERS[name]]
    return machine.cr(name) if name in CONTROL else getattr(machine, name)


def parametrize(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def identity(flags: dict[int, int] | None = None) -> dict[int, int]:
    """Tables that map the lowest 64 pages to themselves, for the user too; `flags` overrides those of some pages."""
    entries = {ROOT: MIDDLE | PTE_V, MIDDLE: LEAVES | PTE_V}
    for page in range(64):
        bits = (flags or {}).get(page, PTE_V | RWX | PTE_U | AD)
        entries[LEAVES + 8 * page] = page << 12 | bits
    return entries
