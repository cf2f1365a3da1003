"""What an ELF file is that is no image and cannot be imported, in words: machine, kind, and how it is linked."""

from __future__ import annotations

import struct
from typing import NamedTuple

_MACHINES = {
    **{2: "SPARC", 3: "x86", 4: "m68k", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "s390", 40: "Arm", 42: "SuperH"},
    **{43: "SPARC64", 50: "Itanium", 62: "x86-64", 83: "AVR", 94: "Xtensa", 183: "AArch64", 243: "RISC-V", 247: "BPF"},
    **{258: "LoongArch", 0x5436: "T64"},
}
_RELOCATABLE, _EXECUTABLE, _DYNAMIC, _CORE = 1, 2, 3, 4  # ET_REL, ET_EXEC, ET_DYN, ET_CORE
_PT_DYNAMIC, _PT_INTERP = 2, 3


class _Form(NamedTuple):
    """Where an ELF file of 32 or of 64 bits says what is needed here, in struct's letters."""

    bits: int
    word: str
    table: int  # the place of the offset of the program headers
    sizes: int  # the place of the size of one, and of how many there are


_FORMS = {1: _Form(32, "I", 28, 42), 2: _Form(64, "Q", 32, 54)}
_ORDERS = {1: "<", 2: ">"}


def kind_of(data: bytes) -> str:
    """For people, what an ELF file is: `a dynamically linked program for x86-64`. It may be damaged or cut off."""
    form, order = _FORMS.get(data[4]), _ORDERS.get(data[5])
    if form is None or order is None:
        return "no ELF file of any known kind"
    kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    name = _MACHINES.get(machine, f"machine {machine:#x}")
    width = "" if form.bits == 64 else "32-bit "
    ends = "" if order == "<" else "big-endian "
    return f"{_kind(kind, _segment_types(data, form, order))} for {width}{ends}{name}"


def _kind(kind: int, segments: set[int]) -> str:
    if kind == _RELOCATABLE:
        return "a relocatable object file, not yet linked,"
    if kind == _CORE:
        return "a core dump"
    if _PT_INTERP in segments:
        return "a dynamically linked program"
    if kind == _DYNAMIC:
        return "a shared object, or a position-independent program,"
    if kind == _EXECUTABLE:
        return "a dynamically linked program" if _PT_DYNAMIC in segments else "a statically linked program"
    return f"a file of type {kind:#x}"


def _segment_types(data: bytes, form: _Form, order: str) -> set[int]:
    """The types of the program headers that are there."""
    try:
        (table,) = struct.unpack_from(f"{order}{form.word}", data, form.table)
        size, count = struct.unpack_from(f"{order}HH", data, form.sizes)
    except struct.error:
        return set()
    places = range(table, table + size * count, size) if size else ()
    return {struct.unpack_from(f"{order}I", data, place)[0] for place in places if place + 4 <= len(data)}
