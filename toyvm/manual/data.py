"""The manual as data: every declared fact, for programs to read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from toyvm import hypercalls
from toyvm.exits import EXIT_REASONS
from toyvm.isa import (
    ABI_NAMES,
    CONTROL_REGISTERS,
    EXCEPTIONS,
    INSTRUCTIONS,
    INTERRUPTS,
    PORTS,
    Level,
    Operand,
    guest_mode,
    machine,
    paging,
)
from toyvm.isa.control import BitField
from toyvm.isa.declare import Format, Instruction
from toyvm.isa.ports import DISK_CACHE_WRITES, SECTOR_SIZE
from toyvm.manual.assembly import assembly_data, image_data
from toyvm.manual.chapters import chapters
from toyvm.manual.document import as_data
from toyvm.manual.encoding import bit_pattern, fixed_fields


def manual_data() -> dict[str, Any]:
    """Every declared fact by its kind, and under `chapters` the whole text, where alone the rules stand."""
    return {
        "version": machine.VERSION,
        "registers": list(ABI_NAMES),
        "formats": {
            form.name: [{"name": f.name, "high": f.high, "low": f.low} for f in form.fields] for form in Format
        },
        "operands": {operand.name: _operand(operand) for operand in Operand},
        "instructions": [_instruction(row) for row in INSTRUCTIONS],
        "hardware_levels": [str(level) for level in Level],
        "control_registers": [
            {
                **register._asdict(),
                "fields": [_field(field) for field in register.fields],
                "concerns": register.concerns.value,
            }
            for register in CONTROL_REGISTERS
        ],
        "exceptions": [cause._asdict() for cause in EXCEPTIONS],
        "interrupts": [cause._asdict() for cause in INTERRUPTS],
        "paging": _paging(),
        "ports": [port._asdict() for port in PORTS],
        "disk": {"sector_size": SECTOR_SIZE, "cache_writes": DISK_CACHE_WRITES},
        "machine": _machine(),
        "guest_mode": _guest_mode(),
        "hypercalls": _hypercalls(),
        "exit_reasons": [asdict(reason) for reason in EXIT_REASONS],
        "assembly": assembly_data(),
        "images": image_data(),
        "chapters": as_data(chapters()),
    }


def _operand(operand: Operand) -> dict[str, Any]:
    return {
        "label": operand.label,
        "field": operand.field.name,
        "low": operand.low,
        "high": operand.high,
        "scale": operand.scale,
        "register": operand.is_register,
    }


def _instruction(row: Instruction) -> dict[str, Any]:
    return {
        "mnemonic": row.mnemonic,
        "syntax": row.syntax,
        "format": row.format.name,
        **fixed_fields(row),
        "mask": row.mask,
        "match": row.match,
        "pattern": bit_pattern(row),
        "operands": [operand.name for operand in row.operands],
        "group": row.group.value,
        "class": row.cls.value,
        "meaning": row.description,
    }


def _field(field: BitField) -> dict[str, Any]:
    return {**field._asdict(), "mask": field.mask}


def _paging() -> dict[str, Any]:
    return {
        "page_size": paging.PAGE_SIZE,
        "levels": paging.LEVELS,
        "entries": paging.ENTRIES,
        "address_bits": paging.ADDRESS_BITS,
        "window_base": paging.WINDOW_BASE,
        "entry": [_field(field) for field in paging.PTE_FIELDS],
    }


def _machine() -> dict[str, Any]:
    return {
        "load_address": machine.DEFAULT_LOAD_ADDRESS,
        "memory": {
            "minimum": machine.MINIMUM_MEMORY,
            "default": machine.DEFAULT_MEMORY,
            "maximum": machine.MAXIMUM_MEMORY,
        },
        "disk_latency": machine.DEFAULT_DISK_LATENCY,
        "clock_base": machine.DEFAULT_CLOCK_BASE,
    }


def _guest_mode() -> dict[str, Any]:
    return {
        "area": [asdict(member) for member in guest_mode.AREA],
        "intercepts": [asdict(row) for row in guest_mode.INTERCEPTS],
        "exits": [asdict(row) for row in guest_mode.EXITS],
    }


def _hypercalls() -> dict[str, Any]:
    return {
        "version": list(hypercalls.VERSION),
        "calls": [asdict(call) for call in hypercalls.HYPERCALLS],
        "errors": [asdict(error) for error in hypercalls.ERRORS],
        "records": [
            {
                "name": record.name,
                "size": record.size,
                "description": record.description,
                "members": [
                    {"name": name, "offset": record.offset(name), "meaning": meaning}
                    for name, meaning in record.members
                ],
            }
            for record in hypercalls.RECORDS
        ],
        "shared_page": {
            "address": hypercalls.SHARED_PAGE_ADDRESS,
            "control": hypercalls.SHARED_CONTROL,
            "more": {
                name: {"offset": at, "meaning": meaning} for name, (at, meaning) in hypercalls.SHARED_MORE.items()
            },
        },
        "constants": [asdict(constant) for constant in hypercalls.CONSTANTS],
    }
