"""Where no theorem of Popek and Goldberg applies the monitor is not equivalent: each instruction that shows it."""

from __future__ import annotations

import pytest
from support.snippets import ROOT, Case, at_level, identity

from toyvm.isa.control import IE
from toyvm.isa.machine import Level
from toyvm.isa.paging import PTE_A, PTE_R, PTE_V
from toyvm.isa.registers import REGISTERS
from toyvm.testing import differs
from toyvm.testing.programs.assembly import li, op
from toyvm.testing.techniques import SOUND, WITHOUT_GUEST_MODE

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


# What a user program sees or does, which the hybrid monitor runs directly.
USER_BODIES = {**BODIES, "setst": [op("addi", A1, 0, IE), op("setst", A1)]}


def is_same(case: Case, technique: str) -> bool:
    return not differs(case.assembled(), technique, checkpoints=[1000])


def kernel_case(mnemonic: str, level: Level) -> Case:
    return Case(mnemonic, BODIES[mnemonic], {}, entries=KERNEL_ONLY, ptbr=ROOT | 1, program=at_level(level))


def user_case(mnemonic: str, level: Level, interrupts: bool) -> Case:
    options = {"entries": identity(), "ptbr": ROOT | 1, "program": at_level(level)}
    return Case(mnemonic, USER_BODIES[mnemonic], {}, user=True, enabled=interrupts, **options)


def is_equivalent(mnemonic: str, level: Level) -> bool:
    return is_same(kernel_case(mnemonic, level), "trap")


@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_classic_hardware_each_critical_instruction_shows_the_monitor(mnemonic: str) -> None:
    assert not is_equivalent(mnemonic, Level.CLASSIC)


@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_hybrid_hardware_setst_alone_does(mnemonic: str) -> None:
    assert is_equivalent(mnemonic, Level.HYBRID) is (mnemonic != "setst")


@pytest.mark.parametrize("level", SOUND)
@pytest.mark.parametrize("mnemonic", BODIES)
def test_on_strict_hardware_none_does(mnemonic: str, level: Level) -> None:
    assert is_equivalent(mnemonic, level)


@pytest.mark.parametrize("interrupts", [False, True])
@pytest.mark.parametrize("mnemonic", USER_BODIES)
def test_on_classic_hardware_user_mode_shows_the_hybrid_monitor(mnemonic: str, interrupts: bool) -> None:
    """setst is dropped by the machine as well, and getst only tells that the hardware's interrupts are on."""
    tells = mnemonic in ("getvec", "getpt", "probe") or (mnemonic == "getst" and not interrupts)
    assert is_same(user_case(mnemonic, Level.CLASSIC, interrupts), "hybrid") is not tells


@pytest.mark.parametrize("interrupts", [False, True])
@pytest.mark.parametrize("level", [Level.HYBRID, Level.STRICT])
@pytest.mark.parametrize("mnemonic", USER_BODIES)
def test_on_hybrid_hardware_the_hybrid_monitor_is_equivalent(mnemonic: str, level: Level, interrupts: bool) -> None:
    assert is_same(user_case(mnemonic, level, interrupts), "hybrid")


@pytest.mark.parametrize("level", WITHOUT_GUEST_MODE)
@pytest.mark.parametrize("mnemonic", BODIES)
def test_a_kernel_cannot_tell_the_hybrid_monitor(mnemonic: str, level: Level) -> None:
    assert is_same(kernel_case(mnemonic, level), "hybrid")


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("mnemonic", BODIES)
def test_rewritten_nothing_shows_the_monitor_on_any_hardware(mnemonic: str, level: Level) -> None:
    assert is_same(kernel_case(mnemonic, level), "rewrite")
    for interrupts in (False, True):
        assert is_same(user_case(mnemonic, level, interrupts), "rewrite")
