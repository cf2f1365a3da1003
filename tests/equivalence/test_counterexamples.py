"""Where no theorem of Popek and Goldberg applies the monitor is not equivalent: each instruction that shows it."""

from __future__ import annotations

import pytest
from cases import ROOT, Case, at_level, identity
from comparing import differences, observe
from subjects import SUBJECTS

from toyvm.isa.control import IE
from toyvm.isa.machine import Level
from toyvm.isa.paging import PTE_A, PTE_R, PTE_V
from toyvm.isa.registers import REGISTERS
from toyvm.programs.assembly import li, op

A0, A1, A2 = (REGISTERS[name] for name in ("a0", "a1", "a2"))
KERNEL_ONLY = identity({0x10: PTE_V | PTE_R | PTE_A})

# What the guest's kernel, in the host's user mode, sees or does wrongly.
BODIES = {
    "getst": [op("getst", A0)],
    "setst": [op("addi", A1, 0, IE), op("setst", A1), op("crr", A0, 0)],
    "getvec": [op("getvec", A0)],
    "getpt": [op("getpt", A0)],
    "probe": [*li(A1, 0x10000), op("addi", A2, 0, 1), op("probe", A0, A1, A2)],
}


def is_equivalent(mnemonic: str, level: Level) -> bool:
    case = Case(mnemonic, BODIES[mnemonic], {}, entries=KERNEL_ONLY, ptbr=ROOT | 1, program=at_level(level))
    program = case.assembled()
    with SUBJECTS["reference"](program) as reference, SUBJECTS["trap"](program) as guest:
        return not differences(observe(reference, 1000), observe(guest, 1000))


@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_classic_hardware_each_critical_instruction_shows_the_monitor(mnemonic: str) -> None:
    assert not is_equivalent(mnemonic, Level.CLASSIC)


@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_hybrid_hardware_setst_alone_does(mnemonic: str) -> None:
    assert is_equivalent(mnemonic, Level.HYBRID) is (mnemonic != "setst")


@pytest.mark.parametrize("level", [Level.STRICT, Level.ASSIST])
@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_strict_hardware_none_does(mnemonic: str, level: Level) -> None:
    assert is_equivalent(mnemonic, level)
