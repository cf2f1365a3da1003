"""The include file t64.inc, which is in no directory: the declarations, as an assembler's constants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from toyvm import hypercalls
from toyvm.asm.source import Source
from toyvm.isa import paging
from toyvm.isa.control import CONTROL_REGISTERS, BitField
from toyvm.isa.ports import PORTS, SECTOR_SIZE
from toyvm.isa.traps import EXCEPTIONS, INTERRUPTS

NAME = "t64.inc"

Group = tuple[str, Iterator[tuple[str, int]]]


@lru_cache(maxsize=1)
def virtual_include() -> Source:
    return Source(NAME, "\n".join(_lines()) + "\n")


def _lines() -> Iterator[str]:
    yield "# The constants of the T64 and of its monitors' interface, made from their declarations."
    for title, constants in _groups():
        yield f"\n# {title}"
        for name, value in constants:
            yield f".equ {name.upper()}, {value:#x}"


def constants() -> dict[str, int]:
    """Every constant by name."""
    return {name.upper(): value for _, group in _groups() for name, value in group}


def _groups() -> Iterator[Group]:
    yield "Control registers, by number", ((f"CR_{register.name}", register.number) for register in CONTROL_REGISTERS)
    for register in CONTROL_REGISTERS:
        if register.fields:
            yield (
                f"Fields of {register.name}: masks, and shifts where a field has several bits",
                _fields(register.name, register.fields),
            )
    yield "Trap causes", ((f"CAUSE_{cause.name}", cause.code) for cause in EXCEPTIONS + INTERRUPTS)
    yield "Interrupts, as bits of ipend and imask", ((f"IRQ_{cause.name}", 1 << cause.number) for cause in INTERRUPTS)
    yield "Page-table entries", _fields("pte", paging.PTE_FIELDS)
    yield "Paging", _paging()
    yield "Ports", ((f"PORT_{port.name}", port.number) for port in PORTS)
    yield "Disk", iter((("SECTOR_SIZE", SECTOR_SIZE),))
    yield "Hypercalls, by number", ((f"HC_{call.name}", call.number) for call in hypercalls.HYPERCALLS)
    yield (
        "Errors of hypercalls: a0 is minus one of these",
        ((f"HC_E{error.name}", error.code) for error in hypercalls.ERRORS),
    )
    yield (
        "Limits and addresses of the hypercall interface",
        ((constant.name, constant.value) for constant in hypercalls.CONSTANTS),
    )
    yield "The shared page: offsets of its members, then their addresses", _shared_page()
    for record in hypercalls.RECORDS:
        yield f"Record {record.name}: offsets of its members, and its size", _record(record)


def _fields(owner: str, fields: tuple[BitField, ...]) -> Iterator[tuple[str, int]]:
    for field in fields:
        yield f"{owner}_{field.name}", field.mask
        if field.high > field.low:
            yield f"{owner}_{field.name}_SHIFT", field.low


def _paging() -> Iterator[tuple[str, int]]:
    yield "PAGE_SHIFT", paging.PAGE_SHIFT
    yield "PAGE_SIZE", paging.PAGE_SIZE
    yield "PAGE_ENTRIES", paging.ENTRIES
    yield "WINDOW_BASE", paging.WINDOW_BASE
    yield "WINDOW_SIZE", paging.WINDOW_SIZE


def _shared_page() -> Iterator[tuple[str, int]]:
    offsets = {**hypercalls.SHARED_CONTROL, **{name: at for name, (at, _) in hypercalls.SHARED_MORE.items()}}
    for name, offset in offsets.items():
        yield f"SHARED_OFFSET_{name}", offset
    for name, offset in offsets.items():
        yield f"SHARED_{name}", hypercalls.SHARED_PAGE_ADDRESS + offset


def _record(record: hypercalls.Record) -> Iterator[tuple[str, int]]:
    for member, _ in record.members:
        # START_MAGIC is the number that stands in the member magic, which comes first.
        if f"{record.name}_{member}" != "start_magic":
            yield f"{record.name}_{member}", record.offset(member)
    yield f"{record.name}_SIZE", record.size
