"""What the computing instructions compute: two unsigned words to a number, whose low 64 bits are the result."""

from __future__ import annotations

from collections.abc import Callable

from toyvm.reference.words import s32, s64, u32

Meaning = Callable[[int, int], int]


def divide(dividend: int, divisor: int) -> int:
    """Division towards zero, as RISC-V has it: by zero gives all ones.

    -2**63 / -1 is 2**63 here, whose low 64 bits are -2**63, as they should be.
    """
    if divisor == 0:
        return -1
    quotient = abs(dividend) // abs(divisor)
    return -quotient if (dividend < 0) != (divisor < 0) else quotient


def remainder(dividend: int, divisor: int) -> int:
    """What `divide` leaves, with the dividend's sign; the dividend itself for a divisor of zero."""
    return dividend if divisor == 0 else dividend - divisor * divide(dividend, divisor)


# fmt: off
REGISTER: dict[str, Meaning] = {
    "add":    lambda a, b: a + b,
    "sub":    lambda a, b: a - b,
    "and":    lambda a, b: a & b,
    "or":     lambda a, b: a | b,
    "xor":    lambda a, b: a ^ b,
    "sll":    lambda a, b: a << (b & 63),
    "srl":    lambda a, b: a >> (b & 63),
    "sra":    lambda a, b: s64(a) >> (b & 63),
    "slt":    lambda a, b: int(s64(a) < s64(b)),
    "sltu":   lambda a, b: int(a < b),
    "addw":   lambda a, b: s32(a + b),
    "subw":   lambda a, b: s32(a - b),
    "sllw":   lambda a, b: s32(a << (b & 31)),
    "srlw":   lambda a, b: s32(u32(a) >> (b & 31)),
    "sraw":   lambda a, b: s32(a) >> (b & 31),
    "mul":    lambda a, b: a * b,
    "mulh":   lambda a, b: s64(a) * s64(b) >> 64,
    "mulhsu": lambda a, b: s64(a) * b >> 64,
    "mulhu":  lambda a, b: a * b >> 64,
    "div":    lambda a, b: divide(s64(a), s64(b)),
    "divu":   lambda a, b: divide(a, b),
    "rem":    lambda a, b: remainder(s64(a), s64(b)),
    "remu":   lambda a, b: remainder(a, b),
    "mulw":   lambda a, b: s32(a * b),
    "divw":   lambda a, b: s32(divide(s32(a), s32(b))),
    "divuw":  lambda a, b: s32(divide(u32(a), u32(b))),
    "remw":   lambda a, b: s32(remainder(s32(a), s32(b))),
    "remuw":  lambda a, b: s32(remainder(u32(a), u32(b))),
}

# The second word is the sign-extended immediate, or the shift amount.
IMMEDIATE: dict[str, Meaning] = {
    "addi":  REGISTER["add"],
    "andi":  REGISTER["and"],
    "ori":   REGISTER["or"],
    "xori":  REGISTER["xor"],
    "slti":  REGISTER["slt"],
    "sltiu": REGISTER["sltu"],
    "slli":  REGISTER["sll"],
    "srli":  REGISTER["srl"],
    "srai":  REGISTER["sra"],
    "addiw": REGISTER["addw"],
    "slliw": REGISTER["sllw"],
    "srliw": REGISTER["srlw"],
    "sraiw": REGISTER["sraw"],
}

# When a branch is taken.
BRANCH: dict[str, Callable[[int, int], bool]] = {
    "beq":  lambda a, b: a == b,
    "bne":  lambda a, b: a != b,
    "blt":  lambda a, b: s64(a) < s64(b),
    "bge":  lambda a, b: s64(a) >= s64(b),
    "bltu": lambda a, b: a < b,
    "bgeu": lambda a, b: a >= b,
}
# fmt: on
