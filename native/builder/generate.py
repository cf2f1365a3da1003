"""The generated headers: the declarations of toyvm/ as C, written at build time and never committed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import fusion

from toyvm import exits, hypercalls
from toyvm.isa import (
    CAUSES,
    CONTROL_REGISTERS,
    INSTRUCTIONS,
    PORTS,
    Class,
    Format,
    Instruction,
    Level,
    Operand,
    guest_mode,
    machine,
    paging,
)
from toyvm.isa.control import ALL_BITS, INFO_FIELDS, PTBR_FIELDS, STATUS_FIELDS, BitField, Concern
from toyvm.isa.ports import DISK_CACHE_WRITES, SECTOR_SIZE

GENERATED = ROOT / "native" / "generated"
FUNCTIONS = 16  # room for the fn field of an R opcode in the decode table

Lines = Iterable[str]


def _enum(tag: str, values: Iterable[tuple[str, int]]) -> Lines:
    yield f"enum {tag} {{" if tag else "enum {"
    yield from (f"    {name} = {value}," for name, value in values)
    yield "};"
    yield ""


def _defines(values: Iterable[tuple[str, int]]) -> Lines:
    """Constants wider than an int, which an enum of C11 cannot hold."""
    yield from (f"#define {name} UINT64_C({value:#x})" for name, value in values)
    yield ""


def _masks(prefix: str, fields: Iterable[BitField]) -> Iterable[tuple[str, int]]:
    return ((f"{prefix}_{field.name.upper()}", field.mask) for field in fields)


def _instruction_name(row: Instruction) -> str:
    return f"INSN_{row.mnemonic.upper()}"


# isa.h: every number of the specification by name.


def isa_header() -> Lines:
    yield from _enum(
        "t64_insn",
        [
            ("INSN_ILLEGAL", 0),
            *((_instruction_name(row), n) for n, row in enumerate(INSTRUCTIONS, 1)),
            ("INSN_COUNT", len(INSTRUCTIONS) + 1),
        ],
    )
    yield from _enum("t64_level", ((f"LEVEL_{level.name}", n) for n, level in enumerate(Level)))
    yield from _enum("t64_cr", ((f"CR_{row.name.upper()}", row.number) for row in CONTROL_REGISTERS))
    yield from _enum("t64_port", ((f"PORT_{row.name.upper()}", row.number) for row in PORTS))
    yield from _ports()
    interrupts = [row for row in CAUSES if row.is_interrupt]
    yield from _defines((f"CAUSE_{row.name.upper()}", row.code) for row in CAUSES)
    yield from _defines((f"IPEND_{row.name.upper()}", 1 << row.number) for row in interrupts)
    yield from _defines(_masks("STATUS", STATUS_FIELDS))
    yield from _defines(_masks("PTBR", PTBR_FIELDS))
    yield from _defines(_masks("INFO", INFO_FIELDS))
    yield from _defines(_masks("PTE", paging.PTE_FIELDS))
    yield from _defines(
        [
            ("PTE_RESERVED", paging.PTE_RESERVED),
            ("WINDOW_BASE", paging.WINDOW_BASE),
            ("MEMORY_MINIMUM", machine.MINIMUM_MEMORY),
            ("MEMORY_MAXIMUM", machine.MAXIMUM_MEMORY),
        ]
    )
    yield from _enum(
        "",
        [
            ("T64_VERSION", machine.VERSION),
            ("PAGE_SHIFT", paging.PAGE_SHIFT),
            ("PAGE_SIZE", paging.PAGE_SIZE),
            ("PAGE_LEVELS", paging.LEVELS),
            ("PAGE_INDEX_BITS", paging.INDEX_BITS),
            ("PAGE_ENTRIES", paging.ENTRIES),
            ("ADDRESS_BITS", paging.ADDRESS_BITS),
            ("SECTOR_SIZE", SECTOR_SIZE),
            ("DISK_CACHE_WRITES", DISK_CACHE_WRITES),
        ],
    )
    yield from _control_registers()
    yield from _guest_mode()


def _ports() -> Lines:
    yield "/* Those with an `in`, and those with an `out`: X(name, as in its number). */"
    for name, rows in (
        ("T64_PORTS_IN", [row for row in PORTS if row.read]),
        ("T64_PORTS_OUT", [row for row in PORTS if row.write]),
    ):
        yield f"#define {name}(X) \\"
        yield from (f"    X({row.name}, {row.name.upper()}) \\" for row in rows)
        yield ""


def _control_registers() -> Lines:
    stored = [row for row in CONTROL_REGISTERS if row.writable]
    yield from _enum("t64_concern", ((f"CONCERNS_{concern.name}", n) for n, concern in enumerate(Concern)))
    yield "/* Those that t64_state keeps: X(member, as numbers have it, writable bits, value after reset, concern). */"
    yield "#define T64_STORED_REGISTERS(X) \\"
    for row in stored:
        bits = f"UINT64_C({row.writable:#x}), UINT64_C({row.reset:#x})"
        yield f"    X({row.name}, {row.name.upper()}, {bits}, CONCERNS_{row.concerns.name}) \\"
    yield ""
    yield "/* Those that take any value, by their concern: a bit each. */"
    free = {
        concern: sum(1 << row.number for row in stored if row.writable == ALL_BITS and row.concerns is concern)
        for concern in (Concern.READERS, Concern.INTERRUPTS)
    }
    yield from _enum("", ((f"FREE_FOR_{concern.name}", mask) for concern, mask in free.items()))


def _guest_mode() -> Lines:
    intercepts = guest_mode.INTERCEPTS
    yield from _defines((f"INTERCEPT_{row.name.upper()}", 1 << row.bit) for row in intercepts)
    known = sum(1 << row.bit for row in intercepts)
    yield from _defines([("INTERCEPTS_ALWAYS", guest_mode.INTERCEPTS_ALWAYS), ("INTERCEPTS_KNOWN", known)])
    yield from _enum("t64_guest_exit_code", ((f"GUEST_EXIT_{row.name.upper()}", row.code) for row in guest_mode.EXITS))
    yield "/* By instruction: its bit of the intercept mask. */"
    yield "#define T64_INTERCEPT_BITS \\"
    mnemonics = {row.mnemonic: row for row in INSTRUCTIONS}
    yield from (
        f"    [{_instruction_name(mnemonics[row.name])}] = {row.bit}, \\"
        for row in intercepts
        if row.name in mnemonics and mnemonics[row.name].cls is not Class.INNOCUOUS
    )
    yield ""


# instructions.h: the rows, and the tables that lead from a word to one of them.


def instructions_header() -> Lines:
    yield "/* X(name, number, format, class, mask, match, lowest and highest immediate). */"
    yield "#define T64_INSTRUCTIONS(X) \\"
    for row in INSTRUCTIONS:
        cls = {Class.INNOCUOUS: "INNOCUOUS", Class.PRIVILEGED: "PRIVILEGED", Class.CRITICAL: "CRITICAL"}[row.cls]
        low, high = (row.immediate.low, row.immediate.high) if row.immediate else (0, 0)
        yield (
            f"    X({row.mnemonic}, {_instruction_name(row)}, FORMAT_{row.format.name}, CLASS_{cls}, "
            f"{row.mask:#010x}u, {row.match:#010x}u, {low}, {high}) \\"
        )
    yield ""
    yield "/* Those that name a target: X(name, as the numbers of kinds have it). */"
    yield "#define T64_TARGETED(X) \\"
    targeted = [row for row in INSTRUCTIONS if {Operand.BRANCH, Operand.JUMP} & {*row.operands}]
    yield from (f"    X({row.mnemonic}, {row.mnemonic.upper()}) \\" for row in targeted)
    yield ""
    yield "/* By instruction: is its field rd read? */"
    yield "#define T64_RD_IS_READ \\"
    yield from (f"    [{_instruction_name(row)}] = 1, \\" for row in INSTRUCTIONS if Operand.RV in row.operands)
    yield ""
    yield "/* By opcode: the instruction, or the row of T64_BY_FUNCTION for format R. */"
    yield f"#define T64_FUNCTIONS {FUNCTIONS}"
    functions: dict[int, dict[int, Instruction]] = {}
    for row in INSTRUCTIONS:
        if row.format is Format.R:
            assert row.fn < FUNCTIONS, f"{row.mnemonic}: widen FUNCTIONS"
            functions.setdefault(row.op, {})[row.fn] = row
    yield f"#define T64_FUNCTION_ROWS {len(functions)}"
    yield "#define T64_BY_OPCODE \\"
    yield from (f"    [{row.op:#x}] = {_instruction_name(row)}, \\" for row in INSTRUCTIONS if row.op not in functions)
    yield ""
    yield "#define T64_FUNCTION_ROW \\"
    yield from (f"    [{op:#x}] = {n}, \\" for n, op in enumerate(functions, 1))
    yield ""
    yield "#define T64_BY_FUNCTION \\"
    for n, rows in enumerate(functions.values(), 1):
        yield from (f"    [{n}][{fn}] = {_instruction_name(row)}, \\" for fn, row in rows.items())
    yield ""


# hypercalls.h and exits.h: the paravirtual interface, and why guests exit.


def hypercalls_header() -> Lines:
    yield from _enum("t64_hypercall", ((f"HYPERCALL_{row.name.upper()}", row.number) for row in hypercalls.HYPERCALLS))
    yield from _enum("", [("HYPERCALL_COUNT", len(hypercalls.HYPERCALLS))])
    yield "/* X(name, number, in a multicall, offered to any kernel): those that end with a result, and the others. */"
    for name, control in (("T64_CALLS", False), ("T64_CONTROL_CALLS", True)):
        yield f"#define {name}(X) \\"
        for row in hypercalls.HYPERCALLS:
            if row.control is control:
                offered = int(row.name in hypercalls.OFFERED)
                yield f"    X({row.name}, {row.number}, {int(row.in_multicall)}, {offered}) \\"
        yield ""
    yield from _enum("", ((f"HYPERCALL_ERROR_{row.name.upper()}", row.code) for row in hypercalls.ERRORS))
    for record in hypercalls.RECORDS:
        yield f"/* {record.description[0].upper()}{record.description[1:]}. */"
        yield f"struct t64_{record.name}_record {{"
        yield from (f"    uint64_t {name};" for name, _ in record.members)
        yield "};"
        yield ""
    yield from _enum("", ((f"SHARED_{name.upper()}", at) for name, at in hypercalls.SHARED_CONTROL.items()))
    yield from _enum("", ((f"SHARED_{name.upper()}", at) for name, (at, _) in hypercalls.SHARED_MORE.items()))
    yield from _enum("", ((f"VIRQ_{name.upper()}", number) for name, number in hypercalls.VIRTUAL_INTERRUPTS.items()))
    yield from _defines(
        [
            ("START_MAGIC", hypercalls.START_MAGIC),
            ("SHARED_PAGE_ADDRESS", hypercalls.SHARED_PAGE_ADDRESS),
            ("TRAP_ANY", hypercalls.TRAP_ANY),
            ("CAUSE_EVENT", hypercalls.EVENT_CAUSE),
            ("IPEND_EVENT", 1 << hypercalls.EVENT_INTERRUPT),
        ]
    )
    yield from _enum(
        "",
        [
            ("HYPERCALL_VERSION_MAJOR", hypercalls.VERSION[0]),
            ("HYPERCALL_VERSION_MINOR", hypercalls.VERSION[1]),
            ("MAXIMUM_RECORDS", hypercalls.MAXIMUM_RECORDS),
            ("MAXIMUM_CONSOLE_BYTES", hypercalls.MAXIMUM_CONSOLE_BYTES),
            ("WORK_LIMIT", hypercalls.WORK_LIMIT),
            ("WORK_PIECE", hypercalls.WORK_PIECE),
            ("WORK_RECORD", hypercalls.WORK_RECORD),
            ("WORK_CALL", hypercalls.WORK_CALL),
            ("WORK_PAGE", hypercalls.WORK_PAGE),
            ("WORK_GRANT_MAPS", hypercalls.WORK_GRANT_MAPS),
            ("MONITOR_ROOT_SLOT", hypercalls.MONITOR_ROOT_SLOT),
            ("VIRQ_COUNT", max(hypercalls.VIRTUAL_INTERRUPTS.values()) + 1),
            ("EVENT_INTERRUPT", hypercalls.EVENT_INTERRUPT),
            (
                "INTERRUPTS_END",
                1 + max(hypercalls.EVENT_INTERRUPT, *(row.number for row in CAUSES if row.is_interrupt)),
            ),
            ("EVENT_PORTS", hypercalls.EVENT_PORTS),
            ("GRANTS", hypercalls.GRANTS),
            ("GRANT_MAPS", hypercalls.GRANT_MAPS),
            ("GRANT_WRITABLE", hypercalls.GRANT_WRITABLE),
            *((f"RING_{name.upper()}", number) for name, number in hypercalls.RINGS.items()),
            ("RING_COUNT", len(hypercalls.RINGS)),
            ("RING_DATA", hypercalls.RING_DATA),
            ("DISK_SLOTS", hypercalls.DISK_SLOTS),
            ("DISK_SLOT_SIZE", hypercalls.DISK_SLOT_SIZE),
            ("DISK_READ", hypercalls.DISK_READ),
            ("DISK_WRITE", hypercalls.DISK_WRITE),
            ("DISK_FLUSH", hypercalls.DISK_FLUSH),
            ("DISK_SECTORS_MAXIMUM", hypercalls.DISK_SECTORS_MAXIMUM),
            ("CONSOLE_IN_SIZE", hypercalls.CONSOLE_IN_SIZE),
            ("CONSOLE_OUT_SIZE", hypercalls.CONSOLE_OUT_SIZE),
            ("CONSOLE_OUT", hypercalls.CONSOLE_OUT),
        ],
    )


def exits_header() -> Lines:
    reasons = exits.EXIT_REASONS
    yield from _enum("t64_exit_reason", ((f"EXIT_{row.name.upper()}", row.number) for row in reasons))
    naming = [row.number for row in reasons if row.name in exits.NAMED]
    yield from _enum("", [("EXIT_COUNT", len(reasons)), ("EXIT_NAMING_COUNT", max(naming) + 1)])
    yield "/* Those whose instruction names a control register or port, a bit each. */"
    yield from _defines([("T64_NAMING_EXITS", sum(1 << number for number in naming))])
    yield "/* By opcode: the exit reason of an instruction that a monitor emulates. */"
    yield "#define T64_EXIT_BY_OPCODE \\"
    for row in INSTRUCTIONS:
        if row.cls is not Class.INNOCUOUS:
            yield f"    [{row.op:#x}] = EXIT_{row.mnemonic.upper()}, \\"
    yield ""
    yield "#define T64_OPCODE_HCALL " + hex(next(row.op for row in INSTRUCTIONS if row.mnemonic == "hcall"))
    yield "#define T64_OPCODE_JAL " + hex(next(row.op for row in INSTRUCTIONS if row.mnemonic == "jal"))
    yield "#define T64_WORD_WFI " + hex(next(row.match for row in INSTRUCTIONS if row.mnemonic == "wfi"))
    yield ""


HEADERS = {
    "isa.h": isa_header,
    "instructions.h": instructions_header,
    "hypercalls.h": hypercalls_header,
    "exits.h": exits_header,
    "fusions.h": fusion.tables,
}

INCLUDES = {"fused.inc": fusion.handlers}  # text for the inside of a function


_HEAD = "/* Written by native/builder/generate.py: do not edit. */\n"


def _text(name: str, lines: Lines) -> str:
    guard = f"T64_GENERATED_{name.removesuffix('.h').upper()}_H"
    body = "\n".join(lines)
    head = f"{_HEAD}#ifndef {guard}\n#define {guard}\n"
    return f"{head}\n#include <stdint.h>\n\n{body}\n#endif\n"


def generate() -> None:
    """Write every header that differs from what is there, so that unchanged ones do not cause a rebuild."""
    GENERATED.mkdir(exist_ok=True)
    for name, write in HEADERS.items():
        _put(name, _text(name, write()))
    for name, write in INCLUDES.items():
        _put(name, _HEAD + "\n".join(write()) + "\n")


def _put(name: str, text: str) -> None:
    path = GENERATED / name
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


if __name__ == "__main__":
    generate()
