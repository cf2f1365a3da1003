"""The manual's chapters. Facts come from the declarations; what stands here in words is how to read them."""

from __future__ import annotations

from toyvm.exits import EXIT_REASONS
from toyvm.isa import (
    CONTROL_REGISTERS,
    EXCEPTIONS,
    INSTRUCTIONS,
    INTERRUPTS,
    PORTS,
    Class,
    Group,
    Operand,
    machine,
    paging,
)
from toyvm.isa.control import ALL_BITS, BitField
from toyvm.isa.declare import Instruction
from toyvm.isa.ports import CONSOLE_RULES, DISK_RULES
from toyvm.isa.registers import ABI_NAMES
from toyvm.isa.traps import Cause
from toyvm.manual.assembly import assembly_chapter, image_chapter
from toyvm.manual.document import Chapter, Figure, Points, Table
from toyvm.manual.encoding import bit_pattern, format_figure
from toyvm.manual.guest_mode import guest_mode_chapter
from toyvm.manual.hypercalls import hypercall_chapter

_NOTATION = (
    "Arithmetic is modulo 2**64 unless the meaning says otherwise. sext32(v) is the low 32 bits of v, sign-extended.",
    "rs1[5:0] are bits 5 to 0 of rs1. Comparisons are of the operands as they were before the instruction.",
    "An immediate is one contiguous field, two's complement, sign-extended to 64 bits before use, but a shift amount, "
    "which is unsigned and must lie within the width.",
    "A target is encoded as a count of words (4 bytes) from the address of the instruction itself; it is written as "
    "the address.",
    "rv is a register that is read and stands in the rd field: the value a store stores, the first that a branch "
    "compares.",
    "A field that an instruction has no operand in must be zero, but op and fn, which are fixed. Every other word is "
    "illegal.",
    "The words 0 and 0xffffffff are illegal.",
)
_MEMORY = (
    "Bytes are addressed, little-endian. Instructions are 4 bytes at multiples of 4.",
    "A load or store of n bytes needs an address that is a multiple of n; alignment is checked before translation.",
    "RAM starts at physical address 0. Devices are reached by in and out alone; nothing is mapped into memory.",
    f"Loaded without other advice, an image stands from {machine.DEFAULT_LOAD_ADDRESS:#x} on.",
    f"RAM has {machine.MINIMUM_MEMORY} to {machine.MAXIMUM_MEMORY} bytes, {machine.DEFAULT_MEMORY} unless configured, "
    f"a multiple of {paging.PAGE_SIZE}.",
    f"Addresses from {paging.WINDOW_BASE:#x} up are kept for monitors, neither mapped nor touched. What a kernel's "
    "load or store there by a register does is unspecified; by x0, and from user mode, it faults as at any address "
    "that is not mapped.",
    "Stores into code need nothing: the next fetch sees them.",
)
_LEVELS = Table(
    ("level", "critical instructions in user mode"),
    (
        ("classic", "execute with the effect in the table and do not trap; setst is silently dropped"),
        ("hybrid", "setst does nothing, the others raise the privileged trap"),
        ("strict", "raise the privileged trap (the default)"),
        ("assist", "as strict, in guest mode too; see there"),
    ),
)


def chapters() -> tuple[Chapter, ...]:
    """The whole manual."""
    exits = Table(("reason", "meaning"), tuple((reason.name, reason.description) for reason in EXIT_REASONS))
    return (
        Chapter("Registers", _registers()),
        Chapter("Instruction formats", _formats()),
        Chapter("Instructions", tuple(block for group in Group for block in _group(group))),
        Chapter("Hardware levels", ("In kernel mode every instruction executes. In user mode:", _LEVELS)),
        Chapter("Control registers", _control()),
        Chapter("Memory", (Points(_MEMORY),)),
        Chapter("Paging", _paging()),
        Chapter("Traps and interrupts", _traps()),
        Chapter("Reset", (Points(machine.RESET),)),
        Chapter("Time and stops", (Points(machine.TIME),)),
        Chapter("Ports", _ports()),
        guest_mode_chapter(),
        hypercall_chapter(),
        Chapter("Exits", ("Why control goes from a guest to its monitor, as reports count it:", exits)),
        assembly_chapter(),
        image_chapter(),
    )


def _registers() -> tuple[str | Table, ...]:
    rows = [(f"x{number}", name) for number, name in enumerate(ABI_NAMES)]
    quarters = [rows[start : start + 8] for start in range(0, len(rows), 8)]
    table = Table(
        ("register", "name") * 4,
        tuple(tuple(cell for pair in row for cell in pair) for row in zip(*quarters, strict=True)),
    )
    return (
        "32 general registers of 64 bits, and pc. x0 reads as zero and ignores writes. The names are those of the "
        "RISC-V psABI; s0 is also called fp.",
        table,
    )


def _formats() -> tuple[str | Figure | Table | Points, ...]:
    operands = []
    for operand in Operand:
        field, scale = operand.field, operand.scale
        unit = "register" if operand.is_register else f"{scale} bytes" if scale > 1 else "1"
        names = [row.mnemonic for row in INSTRUCTIONS if operand in row.operands]
        users = " ".join(names) if len(names) <= 12 else f"{' '.join(names[:11])} ... ({len(names)} in all)"
        operands.append((operand.label, f"{field.high}..{field.low}", f"{operand.low}..{operand.high}", unit, users))
    return (
        "A word is 32 bits, and has one of three formats. A field always stands in the same place.",
        Figure(format_figure()),
        "op says which format a word has, and the instruction, of format R with fn. Operands:",
        Table(("operand", "bits", "encoded values", "unit", "used by"), tuple(operands)),
        Points(_NOTATION),
    )


def _group(group: Group) -> tuple[str | Table, ...]:
    rows = [row for row in INSTRUCTIONS if row.group is group]
    classes = {row.cls for row in rows}
    kind = classes.pop().value if len(classes) == 1 else "mixed"
    written = [f"{row.mnemonic} {row.syntax.replace('shamt5', 'shamt')}".rstrip() for row in rows]
    return (
        f"{group.value[0].upper()}{group.value[1:]} ({kind}{_class_note(rows)}):",
        Table(
            ("instruction", "format", "encoding, bits 31..0", "meaning"),
            tuple(
                (text, row.format.name, bit_pattern(row), row.description)
                for text, row in zip(written, rows, strict=True)
            ),
        ),
    )


def _class_note(rows: list[Instruction]) -> str:
    if rows[0].cls is Class.PRIVILEGED:
        return ": in user mode each raises the privileged trap at every level, before its register or port is checked"
    if rows[0].cls is Class.CRITICAL:
        return ": sensitive, yet unprivileged on classic hardware; see the hardware levels"
    return ""


def _fields(fields: tuple[BitField, ...]) -> Table:
    rows = tuple((field.name, bits(field), f"{field.mask:#x}", field.description) for field in fields)
    return Table(("field", "bits", "mask", "meaning"), rows)


def bits(field: BitField) -> str:
    return str(field.low) if field.high == field.low else f"{field.high}..{field.low}"


def _control() -> tuple[str | Table, ...]:
    rows = []
    for register in CONTROL_REGISTERS:
        mask = register.writable
        writable = "all" if mask == ALL_BITS else f"{mask:#x}" if mask else "none: read-only"
        rows.append((register.name, str(register.number), writable, f"{register.reset:#x}", register.description))
    blocks: list[str | Table] = [
        "crr, crw and crx name a control register by number. A register that does not exist, one that is read-only, "
        "or a set bit outside the writable ones makes the write an illegal instruction; so does reading one that does "
        "not exist.",
        Table(("register", "number", "writable bits", "reset", "meaning"), tuple(rows)),
    ]
    for register in CONTROL_REGISTERS:
        if register.fields:
            blocks += [f"{register.name}:", _fields(register.fields)]
    return tuple(blocks)


def _paging() -> tuple[str | Table | Points, ...]:
    return (
        f"Pages of {paging.PAGE_SIZE} bytes, {paging.LEVELS} levels of tables with {paging.ENTRIES} entries of 8 "
        f"bytes, {paging.ADDRESS_BITS}-bit addresses. The page-table entry:",
        _fields(paging.PTE_FIELDS),
        Points(paging.RULES),
        Points(machine.RIGHTS),
    )


def _causes(causes: tuple[Cause, ...]) -> Table:
    rows = tuple((cause.name, f"{cause.code:#x}", cause.tval, cause.description) for cause in causes)
    return Table(("name", "cause", "tval", "meaning"), rows)


def _traps() -> tuple[str | Table | Points, ...]:
    return (
        Points(machine.TRAPS),
        "Exceptions. Where one instruction has several reasons to trap, the first in this list counts:",
        _causes(EXCEPTIONS),
        "Interrupts. The bit of each in ipend and imask is the low part of its cause. Of several the first here is "
        "taken:",
        _causes(INTERRUPTS),
    )


def _ports() -> tuple[str | Table | Points, ...]:
    rows = []
    for port in PORTS:
        there = [(way, text) for way, text in (("in", port.read), ("out", port.write)) if text]
        meaning = ". ".join(f"{way}: {text}" for way, text in there) if len(there) > 1 else there[0][1]
        rows.append((port.name, f"{port.number:#04x}", "/".join(way for way, _ in there), meaning))
    return (
        "in from a port without a reading, or out to one without a writing, is an illegal instruction.",
        Table(("port", "number", "", "meaning"), tuple(rows)),
        "The disk:",
        Points(DISK_RULES),
        "The console:",
        Points(CONSOLE_RULES),
    )
