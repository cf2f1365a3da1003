"""What else a program can rely on: reset, traps, time and stops, as sentences of the manual."""

from __future__ import annotations

from enum import StrEnum

VERSION = 1
DEFAULT_LOAD_ADDRESS = 0x1000  # page 0 stays free, so that a kernel can leave it unmapped
MINIMUM_MEMORY = 64 * 1024
DEFAULT_MEMORY = 16 * 1024 * 1024
MAXIMUM_MEMORY = 64 * 1024 * 1024 * 1024
DEFAULT_DISK_LATENCY = 1000  # ticks
DEFAULT_CLOCK_BASE = 1_000_000_000 * 1_000_000_000  # ns since the epoch: a fixed day, so that runs repeat


class Level(StrEnum):
    """The hardware level: what a critical instruction does in user mode."""

    CLASSIC = "classic"
    HYBRID = "hybrid"
    STRICT = "strict"
    ASSIST = "assist"


RESET: tuple[str, ...] = (
    "All general registers are 0, but a0 where a monitor's interface says so.",
    "Control registers have the values of the table; mode is kernel, interrupts are off, paging is off, time is 0.",
    "RAM starts at physical address 0 and is zero where the image does not fill it; pc is the image's entry point.",
    "A program reads the size of RAM from info.memory.",
    "Reset is no trap: an exception of the first instruction goes to tvec, which is 0 then.",
)

TRAPS: tuple[str, ...] = (
    "A trap sets epc, cause and tval, copies ie to pie and mode to pmode, clears ie, enters kernel mode, and goes to tvec.",
    "epc is the address of the instruction that trapped; of an interrupt, that of the instruction that would have run next.",
    "An instruction that traps does not retire and changes nothing but the trap state and the A bit of its own fetch.",
    "eret sets ie from pie, mode from pmode and pc from epc, and leaves pie and pmode as they are; a bad epc traps at the next fetch.",
    "An exception before anything has retired since the previous trap, exception or interrupt, is a double fault: the machine stops "
    "(fault); pc, registers and control registers stay as the first trap left them. A of its own fetch is set, as of any trap's.",
    "An interrupt is taken before an instruction is fetched, in either mode, while ie is set and ipend & imask is not 0.",
    "Fetch faults come first, then illegal words, then the privileged trap, then checks of the register or port named, then "
    "alignment, then translation.",
    "A taken branch or jal to its own address while ie is off can never end: the machine stops before it retires (fault). Its rd is "
    "not written, pc stays, and A of its fetch is set. A jalr to its own address is an instruction like others, and retires for ever.",
)

TIME: tuple[str, ...] = (
    "time counts the instructions retired before this one plus the time skipped; one tick counts as one nanosecond.",
    "wfi retires; then, unless ipend & imask is not 0, whatever ie says, time skips to the earliest instant at which ipend & imask "
    "becomes non-zero by the timer or a device.",
    "A wfi that nothing can ever end stops the machine (idle) after it has retired, and no time is skipped. A timecmp of all ones "
    "never ends a wfi by being waited for; once time is all ones it is as pending as any other.",
    "out to power retires; then the machine stops (exit).",
    "A limit on instructions stops the machine as soon as so many have retired, before any interrupt is taken and before the next "
    "instruction is looked at. What the last one did is done: power and idle win over the limit, time has skipped, and a disk command "
    "due at that count is complete and its interrupt pending.",
    "time starts again from 0 behind 2**64 - 1. The timer compares what time reads now, unsigned; a device counts ticks, so that its "
    "completion comes after as many wherever time starts again.",
)

RIGHTS: tuple[str, ...] = (
    "probe's rights are bit 0 R, bit 1 W, bit 2 X; with a higher bit set, or outside RAM, it returns -1. With no right asked "
    "it says whether the page is mapped for the current mode at all. Alignment does not matter.",
    "probe walks the tables as they stand, whatever translations are cached, caches none, and sets neither A nor D. While paging is "
    "off every address in RAM has every right.",
)
