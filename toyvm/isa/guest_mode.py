"""Guest mode: what the hardware keeps of a guest, what makes it leave, how it says why, and the nested tables."""

from __future__ import annotations

from dataclasses import dataclass

from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.traps import EXCEPTIONS


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the guest-state area; `side` says who writes it."""

    name: str
    side: str  # "both" the guest's own state; "monitor" what it tells the hardware; "hardware" the record of the last exit
    description: str


@dataclass(frozen=True, slots=True)
class Intercept:
    """One bit of the intercept mask. `always`: it counts as set."""

    name: str
    bit: int
    always: bool
    description: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Why guest mode was left. Codes below 16 are the trap causes of intercepted exceptions."""

    name: str
    code: int
    tval: str
    description: str


AREA: tuple[Member, ...] = (
    Member(
        "pc, control registers",
        "both",
        "the guest's own, of its kernel and user modes; x0..x31 stay in the hardware's registers",
    ),
    Member(
        "retired, skipped",
        "both",
        "the guest's count and the time skipped: its time is their sum, whatever the host has retired",
    ),
    Member("fresh", "both", "nothing has retired since the guest's last trap: an exception now is a double fault"),
    Member("info", "monitor", "what the guest reads there"),
    Member("intercepts", "monitor", "the intercept mask"),
    Member(
        "lines", "monitor", "bits of ipend that the guest's devices raise; its timer the hardware looks after itself"
    ),
    Member("alarm", "monitor", "exit when the guest's time is this; all ones: never"),
    Member(
        "nested",
        "monitor",
        "1: tables are nested; 0: they translate the guest's virtual addresses, and its ptbr is not walked",
    ),
    Member(
        "tables",
        "monitor",
        "host-physical root: with nested, of both modes; without, one for kernel and one for user mode",
    ),
    Member("event", "monitor", "a cause and tval to be delivered on entry; forgotten once it is"),
    Member("code", "hardware", "of the last exit"),
    Member("tval", "hardware", "what it was about, by code"),
    Member("gpa", "hardware", "of a nested fault: the guest-physical address without a translation; else all ones"),
    Member("access", "hardware", "of a nested fault: what the instruction was doing: load, store or fetch"),
    Member("fault", "hardware", "of a shutdown: a double fault with its cause, pc and tval, or stuck"),
)

_FIRST_INSTRUCTION, _FIRST_OTHER = 16, 40
_ALWAYS = ("wfi", "in", "out")
_SENSITIVE = tuple(row for row in INSTRUCTIONS if row.cls in (Class.PRIVILEGED, Class.CRITICAL))
_OTHER = (
    ("ptbr_write", "crw and crx of ptbr"),
    ("hcall", "hcall in kernel mode; elsewhere, and without this bit, it is illegal"),
    ("interrupt", "an interrupt of the guest, about to be taken"),
    ("spin", "a taken branch or jal to itself"),
)
INTERCEPTS: tuple[Intercept, ...] = (
    *(Intercept(row.name, row.code, False, f"exception: {row.description}") for row in EXCEPTIONS),
    *(
        Intercept(
            row.mnemonic, _FIRST_INSTRUCTION + n, row.mnemonic in _ALWAYS, "the instruction, where it would execute"
        )
        for n, row in enumerate(_SENSITIVE)
    ),
    *(Intercept(name, _FIRST_OTHER + n, False, description) for n, (name, description) in enumerate(_OTHER)),
)
INTERCEPT_BY_NAME: dict[str, Intercept] = {row.name: row for row in INTERCEPTS}
INTERCEPTS_ALWAYS = sum(1 << row.bit for row in INTERCEPTS if row.always)

EXITS: tuple[Exit, ...] = (
    *(
        Exit(row.name, row.code, row.tval, "the exception, intercepted: it has not been delivered")
        for row in EXCEPTIONS
    ),
    Exit("instruction", 32, "the word", "an intercepted instruction, which has not executed"),
    Exit("hcall", 33, "the word", "hcall, intercepted"),
    Exit("spin", 34, "the word", "a jump to itself, intercepted"),
    Exit(
        "nested_fault",
        35,
        "the virtual address",
        "the nested tables lack a translation, or a right; nothing has changed",
    ),
    Exit("shutdown", 36, "0", "a double fault, or a jump to itself with interrupts off: the guest cannot go on"),
    Exit("alarm", 37, "0", "the guest's time has come to the alarm; before an interrupt that is due at that instant"),
    Exit("interrupt", 38, "its cause", "an interrupt, intercepted: it has not been delivered"),
)

RULES: tuple[str, ...] = (
    "Guest mode exists on hardware of level assist. It has a kernel and a user mode of its own; the host's registers wait meanwhile.",
    "It is left at a limit on retired instructions, and with an exit record for what the intercept mask names, a nested fault, a "
    "shutdown and the alarm; for nothing else. Traps, interrupts, eret, control registers and page faults are the guest's own.",
    "An exit comes before its instruction or event has changed anything. What the guest's own user mode may not do is its own "
    "privileged trap, before any intercept is looked at.",
    "wfi, in and out always exit: the hardware knows nothing of a guest's devices but their lines.",
    "Without nested, probe has to be intercepted, for the hardware does not know the guest's tables.",
    "On entry the event is delivered first, as any trap is: with fresh set, an exception is a shutdown. Then interrupts are "
    "looked at: ipend is lines, and the timer's bit by the guest's own time and timecmp.",
    "Entering with other tables than the last time, and the monitor's flush, forget all translations.",
)
NESTED_RULES: tuple[str, ...] = (
    "A nested table is a page table (see paging) whose virtual addresses are the guest's physical ones, whose frames are the host's, and "
    "whose leaves may be 4 KiB, 2 MiB and 1 GiB.",
    "Each access to guest-physical memory goes through it: those of the guest's instructions with their rights, the reading of an "
    "entry of the guest's tables with R, and the setting of A or D there with W. U is ignored.",
    "A and D of a nested leaf are set by each of those. They may be set though the access then faults in the guest.",
    "The guest's own tables are walked as ever, but that no end of RAM is known: what lies beyond it is not mapped by the "
    "nested tables. A fault of the guest's tables is the guest's; a fault of the nested tables is an exit.",
    "What is cached is the translation from virtual to host-physical. The guest's tlbi and writes of ptbr forget it as ever.",
)


def _check() -> None:
    assert len(INTERCEPT_BY_NAME) == len(INTERCEPTS), "an intercept is declared twice"
    assert len({row.bit for row in INTERCEPTS}) == len(INTERCEPTS), "two intercepts have one bit"
    assert len({row.code for row in EXITS}) == len(EXITS), "two exits have one code"
    assert max(row.code for row in EXCEPTIONS) < _FIRST_INSTRUCTION, "an exception has an instruction's bit"
    assert len(_SENSITIVE) <= _FIRST_OTHER - _FIRST_INSTRUCTION, "an instruction has another's bit"
    assert max(row.code for row in EXITS) < 64, "the hardware keeps a bit for each code"


_check()
