"""Foreign words: instructions outside RV64IM, what they are, and how a program is built without them."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.importer.rv64 import find_rule

BASE_FLAGS = "-march=rv64im -mabi=lp64"


class Kind(NamedTuple):
    """What a foreign word is, and what avoids it."""

    name: str
    advice: str


def _extension(name: str) -> Kind:
    return Kind(name, f"compile with {BASE_FLAGS}, and link libraries built so")


COMPRESSED = _extension("compressed instruction (C)")
ATOMIC = _extension("atomic instruction (A)")
FLOAT = _extension("floating-point instruction (F, D)")
VECTOR = _extension("vector instruction (V)")
BITS = _extension("instruction of another extension (B and others)")
LONG = _extension("instruction longer than 32 bits")
COUNTER = Kind("counter read (rdcycle, rdtime, rdinstret)", "call clock_gettime instead")
CSR = Kind("control and status register instruction", f"compile with {BASE_FLAGS}; a user program needs none")
PRIVILEGED = Kind("privileged instruction", "a user program cannot use it; make system calls")
BEHIND = _extension("instruction at half a word, behind a compressed one")
BETWEEN = _extension("jump to half an instruction")
UNKNOWN = Kind(
    "no instruction",
    "data among the code: keep .rodata out of .text, as the linker script of `toyvm import --flags` does, or give the "
    "data an object symbol with a size",
)

_VECTOR_WIDTHS = {0, 5, 6, 7}  # funct3 of a load or store that is not a scalar float's
_COUNTERS = range(0xC00, 0xC20)

# By major opcode, where nothing more has to be looked at.
_KINDS = {
    0x2F: ATOMIC,
    **dict.fromkeys((0x43, 0x47, 0x4B, 0x4F, 0x53), FLOAT),
    0x57: VECTOR,
    **dict.fromkeys((0x0F, 0x13, 0x1B, 0x33, 0x3B), BITS),
    **dict.fromkeys((0x0B, 0x2B, 0x5B, 0x7B), BITS),
}


def kind_of(word: int, place: int, has_compressed: bool) -> Kind:
    """What a word at an address is that cannot be re-encoded, in a file that says whether it has compressed ones."""
    if word & 3 != 3:
        return COMPRESSED if has_compressed and word & 0xFFFF else UNKNOWN
    if place % 4:
        return BEHIND if has_compressed else UNKNOWN
    if word & 0x1F == 0x1F:
        return LONG
    if find_rule(word) is not None:
        return BETWEEN
    opcode, funct3 = word & 0x7F, word >> 12 & 7
    if opcode in (0x07, 0x27):
        return VECTOR if funct3 in _VECTOR_WIDTHS else FLOAT
    if opcode == 0x73:
        return _system(word, funct3)
    return _KINDS.get(opcode, UNKNOWN)


def _system(word: int, funct3: int) -> Kind:
    if funct3 in (0, 4):
        return PRIVILEGED
    return COUNTER if word >> 20 in _COUNTERS else CSR


def size_of(word: int) -> int:
    """Bytes that the instruction whose first 32 bits these are takes, where there are compressed ones: 2 or 4."""
    return 2 if word & 3 != 3 else 4
