"""What the computing instructions compute, as LLVM IR: a row each, of the emitter and two 64-bit values to a third."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Writer(Protocol):
    """What writes IR: an instruction's text without its result, whose name comes back."""

    def value(self, text: str) -> str: ...


Meaning = Callable[[Writer, str, str], str]
MINIMUM = {32: -(1 << 31), 64: -(1 << 63)}


def _plain(operation: str) -> Meaning:
    return lambda w, a, b: w.value(f"{operation} i64 {a}, {b}")


def low(w: Writer, a: str) -> str:
    return w.value(f"trunc i64 {a} to i32")


def sign_extended(w: Writer, a: str, bits: int = 32) -> str:
    return w.value(f"sext i{bits} {a} to i64")


def _word(operation: str) -> Meaning:
    return lambda w, a, b: sign_extended(w, w.value(f"{operation} i32 {low(w, a)}, {low(w, b)}"))


def _shift(operation: str) -> Meaning:
    return lambda w, a, b: w.value(f"{operation} i64 {a}, {w.value(f'and i64 {b}, 63')}")


def _shift_word(operation: str) -> Meaning:
    def meaning(w: Writer, a: str, b: str) -> str:
        amount = w.value(f"and i32 {low(w, b)}, 31")
        return sign_extended(w, w.value(f"{operation} i32 {low(w, a)}, {amount}"))

    return meaning


def _compare(condition: str) -> Meaning:
    return lambda w, a, b: w.value(f"zext i1 {w.value(f'icmp {condition} i64 {a}, {b}')} to i64")


def _high(extend_a: str, extend_b: str) -> Meaning:
    def meaning(w: Writer, a: str, b: str) -> str:
        one, other = w.value(f"{extend_a} i64 {a} to i128"), w.value(f"{extend_b} i64 {b} to i128")
        product = w.value(f"mul i128 {one}, {other}")
        return w.value(f"trunc i128 {w.value(f'lshr i128 {product}, 64')} to i64")

    return meaning


def _divide(w: Writer, a: str, b: str, bits: int, operation: str) -> str:
    """Quotient or remainder of i{bits} values: where the host would trap, the divisor is 1 and the result another."""
    kind, zero = f"i{bits}", w.value(f"icmp eq i{bits} {b}, 0")
    unsafe = zero
    if operation in ("sdiv", "srem"):
        smallest = w.value(f"icmp eq {kind} {a}, {MINIMUM[bits]}")
        both = w.value(f"and i1 {smallest}, {w.value(f'icmp eq {kind} {b}, -1')}")
        unsafe = w.value(f"or i1 {zero}, {both}")
    divisor = w.value(f"select i1 {unsafe}, {kind} 1, {kind} {b}")
    result = w.value(f"{operation} {kind} {a}, {divisor}")
    by_zero = "-1" if operation in ("sdiv", "udiv") else a
    return w.value(f"select i1 {zero}, {kind} {by_zero}, {kind} {result}")


def _division(operation: str) -> Meaning:
    return lambda w, a, b: _divide(w, a, b, 64, operation)


def _division_word(operation: str) -> Meaning:
    return lambda w, a, b: sign_extended(w, _divide(w, low(w, a), low(w, b), 32, operation))


# fmt: off
REGISTER: dict[str, Meaning] = {
    "add":    _plain("add"),
    "sub":    _plain("sub"),
    "and":    _plain("and"),
    "or":     _plain("or"),
    "xor":    _plain("xor"),
    "sll":    _shift("shl"),
    "srl":    _shift("lshr"),
    "sra":    _shift("ashr"),
    "slt":    _compare("slt"),
    "sltu":   _compare("ult"),
    "addw":   _word("add"),
    "subw":   _word("sub"),
    "sllw":   _shift_word("shl"),
    "srlw":   _shift_word("lshr"),
    "sraw":   _shift_word("ashr"),
    "mul":    _plain("mul"),
    "mulh":   _high("sext", "sext"),
    "mulhsu": _high("sext", "zext"),
    "mulhu":  _high("zext", "zext"),
    "div":    _division("sdiv"),
    "divu":   _division("udiv"),
    "rem":    _division("srem"),
    "remu":   _division("urem"),
    "mulw":   _word("mul"),
    "divw":   _division_word("sdiv"),
    "divuw":  _division_word("udiv"),
    "remw":   _division_word("srem"),
    "remuw":  _division_word("urem"),
}

# The second value is the immediate, or the shift amount.
IMMEDIATE: dict[str, Meaning] = {
    "addi":  REGISTER["add"],
    "andi":  REGISTER["and"],
    "ori":   REGISTER["or"],
    "xori":  REGISTER["xor"],
    "slti":  REGISTER["slt"],
    "sltiu": REGISTER["sltu"],
    "slli":  _plain("shl"),
    "srli":  _plain("lshr"),
    "srai":  _plain("ashr"),
    "addiw": REGISTER["addw"],
    "slliw": REGISTER["sllw"],
    "srliw": REGISTER["srlw"],
    "sraiw": REGISTER["sraw"],
}

# When a branch is taken.
BRANCH: dict[str, str] = {"beq": "eq", "bne": "ne", "blt": "slt", "bge": "sge", "bltu": "ult", "bgeu": "uge"}

# Bytes, and whether the sign is extended.
LOAD: dict[str, tuple[int, bool]] = {
    "lb": (1, True), "lbu": (1, False), "lh": (2, True), "lhu": (2, False),
    "lw": (4, True), "lwu": (4, False), "ld": (8, False),
}
STORE: dict[str, int] = {"sb": 1, "sh": 2, "sw": 4, "sd": 8}
# fmt: on
