"""The kernel of a random program: its boot code and its trap handler.

The handler runs in kernel mode at HANDLER with interrupts off. It may clobber t3-t6, counts traps in gp, and by the
cause skips the instruction, mends the page tables and retries, changes the mode that it returns to, serves a device, or
stops.
"""

from __future__ import annotations

from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.control import PIE, PMODE
from toyvm.isa.paging import ENTRIES, PAGE_SHIFT, PTE_A, PTE_D, PTE_U, PTE_V
from toyvm.isa.ports import BY_NAME as PORT
from toyvm.isa.traps import BY_NAME as CAUSE
from toyvm.testing.programs import layout
from toyvm.testing.programs.assembly import Assembly, li
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.tables import RIGHTS

T3, T4, T5, T6 = layout.HANDLER_SCRATCH
MENDED = PTE_V | RIGHTS | PTE_U
LEAVES_BEHIND_ROOT = layout.LEAVES - layout.ROOT  # in both sets of tables
assert LEAVES_BEHIND_ROOT == layout.OTHER_LEAVES - layout.OTHER_ROOT
ABOVE_MEGAPAGE = 64 - 21  # bits of an address


def cr(name: str) -> int:
    return CONTROL[name].number


def port(name: str) -> int:
    return PORT[name].number


def handler(source: Source) -> list[int]:
    """A trap handler: nearly always the able one, for a program to live long."""
    kind = source.weighted(((36, "able"), (3, "skipping"), (1, "none")))
    if kind == "none":
        return []  # the first trap is a double fault
    if kind == "skipping":
        return _skipping()
    return _able(source)


def _skipping() -> list[int]:
    """Goes on behind whatever trapped, interrupts included; wrong, and still exact."""
    code = Assembly()
    _count(code, limit=30)
    _skip(code)
    _finish(code)
    return code.words()


def _able(source: Source) -> list[int]:
    code = Assembly()
    _count(code, limit=source.choose((60, 30, 100)))
    if source.chance(8):
        code.emit("ld", T5, 0, source.choose(layout.POINTERS))  # may fault itself, with something retired before
    code.emit("crr", T3, cr("cause"))
    code.emit("blt", T3, 0, "interrupt")
    _branch_on_cause(code)
    _skip(code)
    _mend(code, source)
    _recover(code)
    _refuse(code)
    _serve_call(code)
    _serve_interrupts(code, source)
    _finish(code)
    return code.words()


def _count(code: Assembly, limit: int) -> None:
    """One trap more; so many are enough."""
    code.emit("addi", layout.TRAP_COUNT, layout.TRAP_COUNT, 1)
    code.emit("addi", T4, 0, limit)
    code.emit("bge", layout.TRAP_COUNT, T4, "finish")


def _finish(code: Assembly) -> None:
    code.label("finish")
    code.emit("out", port("power"), layout.TRAP_COUNT)


def _branch_on_cause(code: Assembly) -> None:
    for name, label in (
        ("syscall", "call"),
        ("fetch_misaligned", "recover"),
        ("fetch_access_fault", "recover"),
        ("fetch_page_fault", "mend"),
        ("load_page_fault", "mend"),
        ("store_page_fault", "mend"),
        ("illegal_instruction", "illegal"),
        ("privileged_instruction", "privileged"),
    ):
        code.emit("addi", T5, 0, CAUSE[name].code)
        code.emit("beq", T3, T5, label)


def _skip(code: Assembly) -> None:
    code.label("skip")
    code.emit("crr", T4, cr("epc"))
    code.emit("addi", T4, T4, 4)
    code.emit("crw", cr("epc"), T4)
    code.emit("eret")


def _mend(code: Assembly, source: Source) -> None:
    """Map the page to itself with every right and retry, three times of four: it may not have helped."""
    code.label("mend")
    code.emit("andi", T5, layout.TRAP_COUNT, 3)
    code.emit("beq", T5, 0, "give_up")
    code.emit("crr", T4, cr("tval"))
    code.emit("srli", T5, T4, PAGE_SHIFT)
    code.emit("sltiu", T6, T5, 2 * ENTRIES)  # the table of the aliases comes next
    code.emit("beq", T6, 0, "give_up")
    code.emit("slli", T5, T5, 3)
    code.emit("crr", T6, cr("ptbr"))
    code.emit("add", T5, T5, T6)
    code.emit("lui", T6, (layout.PHYSMAP + LEAVES_BEHIND_ROOT) >> PAGE_SHIFT)
    code.emit("add", T5, T5, T6)
    code.emit("slli", T6, T4, ABOVE_MEGAPAGE)
    code.emit("srli", T6, T6, ABOVE_MEGAPAGE + PAGE_SHIFT)
    code.emit("slli", T6, T6, PAGE_SHIFT)
    code.emit("ori", T6, T6, MENDED | source.choose((0, PTE_A, PTE_A | PTE_D)))
    code.emit("sd", T6, -1, T5)  # -1: for ptbr.enable
    if not source.chance(10):
        code.emit("tlbi", T4)
    code.emit("eret")


def _recover(code: Assembly) -> None:
    """A bad pc cannot be skipped: go on where the gadget said, at its lowest address."""
    code.label("give_up")
    code.emit("addi", T5, 0, CAUSE["fetch_access_fault"].code)
    code.emit("bltu", T5, T3, "skip")
    code.label("recover")
    code.emit("slli", T4, layout.RECOVERY, ABOVE_MEGAPAGE)
    code.emit("srli", T4, T4, ABOVE_MEGAPAGE)
    code.emit("crw", cr("epc"), T4)
    code.emit("eret")


def _refuse(code: Assembly) -> None:
    """Illegal: the word 0 is where nothing was written, so leave. Privileged: from time to time, give in."""
    code.label("illegal")
    code.emit("crr", T4, cr("tval"))
    code.emit("beq", T4, 0, "recover")
    code.emit("jal", 0, "skip")
    code.label("privileged")
    code.emit("andi", T5, layout.TRAP_COUNT, 3)
    code.emit("bne", T5, 0, "skip")
    _toggle(code, PMODE)
    code.emit("jal", 0, "skip")


def _toggle(code: Assembly, bit: int) -> None:
    """Change a bit of the status that eret returns to."""
    code.emit("crr", T5, cr("status"))
    code.emit("lui", T6, bit >> 12)
    code.emit("xor", T5, T5, T6)
    code.emit("crw", cr("status"), T5)


def _serve_call(code: Assembly) -> None:
    code.label("call")
    code.emit("addi", T5, 0, layout.CALL_EXIT)
    code.emit("beq", T5, layout.CALL_NUMBER, "finish")
    for number, bit, behind in (
        (layout.CALL_OTHER_MODE, PMODE, "not_mode"),
        (layout.CALL_OTHER_ENABLE, PIE, "not_enable"),
    ):
        code.emit("addi", T5, 0, number)
        code.emit("bne", T5, layout.CALL_NUMBER, behind)
        _toggle(code, bit)
        code.label(behind)
    code.emit("jal", 0, "skip")


def _serve_interrupts(code: Assembly, source: Source) -> None:
    code.label("interrupt")
    code.emit("andi", T3, T3, 63)
    code.emit("beq", T3, 0, "timer")
    code.emit("addi", T4, 0, CAUSE["console"].number)
    code.emit("beq", T3, T4, "console")
    code.emit("out", port("disk_status"), 0)
    code.emit("eret")
    code.label("console")
    code.emit("in", T4, port("console_in"))
    code.emit("eret")
    code.label("timer")
    code.emit("crr", T4, cr("time"))
    code.emit("addi", T4, T4, source.integer(8, 200))
    code.emit("crw", cr("timecmp"), T4)
    code.emit("eret")


# What boot loads from the page INITIAL: registers, then control registers, 8 bytes each; ptbr and status close it.
BOOT_REGISTERS = tuple(
    sorted((*layout.VALUES[1:], *layout.POINTERS, layout.ROUNDS, layout.RECOVERY, layout.CALL_NUMBER))
)
BOOT_CONTROL = ("tvec", "imask", "timecmp", "epc", "ptbr", "status")


def boot() -> list[int]:
    """Set everything to its initial value, and fall into the body through eret."""
    code = Assembly()
    code.extend(li(T6, layout.INITIAL))
    for place, register in enumerate(BOOT_REGISTERS):
        code.emit("ld", register, 8 * place, T6)
    for place, name in enumerate(BOOT_CONTROL, len(BOOT_REGISTERS)):
        code.emit("ld", T5, 8 * place, T6)
        code.emit("crw", cr(name), T5)
    code.emit("eret")
    return code.words()
