"""Control registers: numbers, who may write them, the bits they have, and their value after reset."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

ALL_BITS = (1 << 64) - 1


class BitField(NamedTuple):
    """Named bits `high`..`low` of a 64-bit register or entry."""

    name: str
    high: int
    low: int
    description: str

    @property
    def mask(self) -> int:
        return ((1 << (self.high - self.low + 1)) - 1) << self.low


class Concern(Enum):
    """What follows from a register's value, and so has to be found anew after a write."""

    READERS = "nothing: only who reads it learns of it"
    INTERRUPTS = "which interrupt is due, and when"
    TRANSLATIONS = "all translations, which a write forgets"
    MODE = "whether interrupts come, and the modes to return to"


class ControlRegister(NamedTuple):
    """One control register. A write with a bit outside `writable` set is illegal; writable 0 means read-only: computed or fixed."""

    name: str
    number: int
    writable: int
    reset: int
    description: str
    fields: tuple[BitField, ...] = ()
    concerns: Concern = Concern.READERS


# The hardware resets `mode` to kernel (0), so a status of 0 is the state after reset.
STATUS_FIELDS = (
    BitField("ie", 0, 0, "interrupts are enabled; the field has byte 0 for itself"),
    BitField("mode", 8, 8, "current mode: 0 kernel, 1 user; read-only, for it to be written as 1 is illegal"),
    BitField("pie", 16, 16, "ie before the last trap"),
    BitField("pmode", 24, 24, "mode before the last trap"),
)
PTBR_FIELDS = (
    BitField("enable", 0, 0, "paging is on"),
    BitField("frame", 55, 12, "physical address of the root table, bits 55..12 in place"),
)
INFO_FIELDS = (
    BitField("version", 3, 0, "version of the T64: 1"),
    BitField("hypercalls", 4, 4, "a monitor is there and takes hypercalls"),
    BitField("memory", 63, 12, "size of RAM in bytes, a multiple of 4096, in place"),
)
IE, MODE, PIE, PMODE = (field.mask for field in STATUS_FIELDS)

# fmt: off
CONTROL_REGISTERS: tuple[ControlRegister, ...] = (
    ControlRegister("status",  0, IE | PIE | PMODE,             0, "modes and interrupt enable", STATUS_FIELDS, Concern.MODE),
    ControlRegister("tvec",    1, ALL_BITS,                     0, "address that every trap goes to"),
    ControlRegister("epc",     2, ALL_BITS,                     0, "address of the instruction that trapped, or was about to run when an interrupt came"),
    ControlRegister("cause",   3, ALL_BITS,                     0, "cause of the last trap"),
    ControlRegister("tval",    4, ALL_BITS,                     0, "what the last trap was about: an address, an instruction word, or 0"),
    ControlRegister("scratch", 5, ALL_BITS,                     0, "free for the kernel"),
    ControlRegister("ptbr",    6, PTBR_FIELDS[0].mask | PTBR_FIELDS[1].mask, 0, "page-table root; any write forgets all translations", PTBR_FIELDS, Concern.TRANSLATIONS),
    ControlRegister("timecmp", 7, ALL_BITS,              ALL_BITS, "the timer is pending while time >= timecmp, unsigned", concerns=Concern.INTERRUPTS),
    ControlRegister("time",    8, 0,                            0, "instructions retired before this one plus time skipped, modulo 2**64"),
    ControlRegister("ipend",   9, 0,                            0, "pending interrupts, a bit each"),
    ControlRegister("imask",  10, ALL_BITS,                     0, "interrupts that may be taken and that end wfi, a bit each", concerns=Concern.INTERRUPTS),
    ControlRegister("info",   11, 0,                            1, "what the machine is; after reset, version 1 and the size of RAM", INFO_FIELDS),
)
# fmt: on

# Numbers kept for entering and leaving guest mode by instruction.
RESERVED_FOR_GUEST_MODE = range(16, 32)

BY_NAME: dict[str, ControlRegister] = {register.name: register for register in CONTROL_REGISTERS}
BY_NUMBER: dict[int, ControlRegister] = {register.number: register for register in CONTROL_REGISTERS}


def _check() -> None:
    assert len(BY_NAME) == len(BY_NUMBER) == len(CONTROL_REGISTERS), "a control register is declared twice"
    for register in CONTROL_REGISTERS:
        total = sum(field.mask for field in register.fields)
        union = 0
        for field in register.fields:
            union |= field.mask
        assert total == union, f"{register.name}: fields overlap"
        assert register.number not in RESERVED_FOR_GUEST_MODE, f"{register.name}: its number is reserved"


_check()
