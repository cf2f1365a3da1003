"""Words: 64-bit values as Python integers, always kept unsigned; these read them otherwise."""

from __future__ import annotations

from toyvm.isa.control import ALL_BITS


def u64(value: int) -> int:
    """`value` modulo 2**64."""
    return value & ALL_BITS


def sign_extend(value: int, bits: int) -> int:
    """The low `bits` of `value` as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def s64(value: int) -> int:
    return sign_extend(value, 64)


def u32(value: int) -> int:
    return value & 0xFFFFFFFF


def s32(value: int) -> int:
    return sign_extend(value, 32)
