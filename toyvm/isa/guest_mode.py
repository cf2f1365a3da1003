"""Guest mode: what the hardware keeps of a guest, what makes it leave, how it says why, and the nested tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.traps import EXCEPTIONS


class Side(StrEnum):
    """Who writes a member of the guest-state area."""

    BOTH = "both"
    MONITOR = "monitor"
    HARDWARE = "hardware"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the guest-state area."""

    name: str
    side: Side
    description: str


@dataclass(frozen=True, slots=True)
class Intercept:
    """One bit of the intercept mask; with `always` it counts as set."""

    name: str
    bit: int
    always: bool
    description: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Why guest mode was left."""

    name: str
    code: int
    tval: str
    description: str


# fmt: off
AREA: tuple[Member, ...] = (
    Member("state",      Side.BOTH,     "the guest's pc, control registers, retired, skipped and fresh, current after each exit; x0..x31 stay in the hardware's registers"),
    Member("info",       Side.MONITOR,  "what the guest reads there"),
    Member("intercepts", Side.MONITOR,  "the intercept mask"),
    Member("lines",      Side.MONITOR,  "the bits of ipend that the guest's devices raise; its timer the hardware looks after"),
    Member("alarm",      Side.MONITOR,  "an instant, or none: exit when the guest's time comes to it"),
    Member("nested",     Side.MONITOR,  "1: the tables are nested; 0: they stand in for the guest's own, which the hardware does not walk"),
    Member("tables",     Side.MONITOR,  "host-physical roots: nested, one for both modes; else one for kernel and one for user mode"),
    Member("event",      Side.BOTH,     "a cause and tval to be delivered on entry; the hardware clears it then"),
    Member("code",       Side.HARDWARE, "of the last exit"),
    Member("tval",       Side.HARDWARE, "what it was about"),
    Member("gpa",        Side.HARDWARE, "of a nested fault: the guest-physical address; else all ones"),
    Member("access",     Side.HARDWARE, "of a nested fault: what the instruction was doing: load, store or fetch"),
    Member("fault",      Side.HARDWARE, "of a shutdown: which kind it is; of a double fault, the exception's cause, pc and tval"),
)

_FIRST_INSTRUCTION, _FIRST_OTHER = 16, 40
_ALWAYS = ("wfi", "in", "out")
_SENSITIVE = tuple(row for row in INSTRUCTIONS if row.cls in (Class.PRIVILEGED, Class.CRITICAL))
_OTHER = (
    ("ptbr_write", "crw or crx of ptbr"),
    ("hcall",      "hcall in kernel mode; where this is clear, and in user mode, it is an illegal instruction"),
    ("interrupt",  "an interrupt is taken"),
    ("spin",       "a branch or jal to itself is taken"),
)
INTERCEPTS: tuple[Intercept, ...] = (
    *(Intercept(row.name, row.code, False, f"the exception is taken: {row.description}") for row in EXCEPTIONS),
    *(Intercept(row.mnemonic, bit, row.mnemonic in _ALWAYS, f"{row.mnemonic} executes") for bit, row in enumerate(_SENSITIVE, _FIRST_INSTRUCTION)),
    *(Intercept(name, bit, False, description) for bit, (name, description) in enumerate(_OTHER, _FIRST_OTHER)),
)
INTERCEPT_BY_NAME: dict[str, Intercept] = {row.name: row for row in INTERCEPTS}
INTERCEPTS_ALWAYS = sum(1 << row.bit for row in INTERCEPTS if row.always)

EXITS: tuple[Exit, ...] = (
    *(Exit(row.name, row.code, row.tval, "the exception, intercepted") for row in EXCEPTIONS),
    Exit("instruction",  32, "the word",            "a privileged or critical instruction, intercepted"),
    Exit("hcall",        33, "the word",            "hcall, intercepted"),
    Exit("spin",         34, "the word",            "a jump to itself, intercepted"),
    Exit("nested_fault", 35, "the virtual address", "the nested tables have no translation, or not with that right"),
    Exit("shutdown",     36, "0",                   "a double fault, or a jump to itself with interrupts off: the guest cannot go on"),
    Exit("alarm",        37, "0",                   "the guest's time has come to the alarm; before an interrupt that is due at that instant"),
    Exit("interrupt",    38, "its cause",           "an interrupt, intercepted"),
)
# fmt: on

RULES: tuple[str, ...] = (
    "No T64 program reaches guest mode: no instruction enters it, and the control registers 16 to 31, which are kept for that, do not "
    "exist. A monitor enters it through the core's C interface, native/src/engine/guest_mode.h. So the guest-state area is a structure of the "
    "monitor's, not of memory: its members have no offsets, and are set and read by name.",
    "Hardware of level assist has a guest mode, with a kernel and a user mode of its own. In it all control registers are the "
    "guest's, and so is the count of retired instructions; the host's wait meanwhile.",
    "It is left when as many instructions have retired as the monitor set as a limit, and with an exit record for what the intercept "
    "mask names, a nested fault, a shutdown and the alarm. Traps, interrupts, eret, control registers, tlbi and page faults exit only "
    "where they are intercepted.",
    "An exit comes before its instruction or event has changed anything. What the guest's user mode may not do is the guest's own "
    "privileged trap, before any intercept is looked at.",
    "wfi, in and out always exit: of a guest's devices the hardware knows nothing but their lines.",
    "On entry the event is delivered first, as any trap is: an exception with fresh set is a shutdown. Then interrupts are looked at. "
    "ipend is lines and, by the guest's own time and timecmp, the timer's bit.",
    "Entering with other tables than the last time, and the monitor's flush, forget all translations.",
)
NESTED_RULES: tuple[str, ...] = (
    "A nested table is a page table (see Paging) whose addresses are the guest's physical ones and whose frames are the host's. "
    "U is ignored.",
    "Each access to guest-physical memory goes through it: that of an instruction with its right, the reading of an entry of the guest's "
    "tables with R, and the setting of A or D there with W. A and D of the nested leaf are set by each of these, also if the access then "
    "faults in the guest.",
    "The guest's tables are walked as ever, but for the end of RAM, which the hardware does not know: what lies beyond it has no nested "
    "translation. Their faults are the guest's page faults; a fault of the nested tables is an exit. A probe that meets one exits as if "
    "it were intercepted.",
    "Without nested tables a page fault of the stand-in tables is an exception as any other, and ptbr_write, tlbi, probe and the page "
    "faults have to be intercepted.",
)  # fmt: skip


def _check() -> None:
    assert len(INTERCEPT_BY_NAME) == len(INTERCEPTS), "an intercept is declared twice"
    assert len({row.bit for row in INTERCEPTS}) == len(INTERCEPTS), "two intercepts have one bit"
    assert len({row.code for row in EXITS}) == len(EXITS), "two exits have one code"
    assert max(row.code for row in EXCEPTIONS) < _FIRST_INSTRUCTION, "an exception has an instruction's bit"
    assert len(_SENSITIVE) <= _FIRST_OTHER - _FIRST_INSTRUCTION, "an instruction has another's bit"
    assert max(row.code for row in EXITS) < 63, "the hardware keeps a bit for each code"


_check()
