"""`li`: short instruction sequences that load a 64-bit constant."""

from __future__ import annotations

from functools import lru_cache

# One step of a sequence: mnemonic and immediate. The first builds on nothing, each other one on the register so far.
Step = tuple[str, int]

_IMM_LOW, _IMM_HIGH = -(1 << 14), (1 << 14) - 1
_CHUNK = 14  # bits that `ori` can set in a word whose low bits are clear: its immediate is signed, so not 15


@lru_cache(maxsize=1 << 12)
def load_constant(value: int) -> tuple[Step, ...]:
    """The steps that load `value`, a signed 64-bit number: at most 8, and 2 for any signed 32-bit number."""
    if _IMM_LOW <= value <= _IMM_HIGH:
        return (("addi", value),)
    zeros = _trailing_zeros(value)
    if -(1 << 31) <= value < 1 << 31:
        return _load_32(value, zeros)
    candidates = [_by_chunk(value)]
    if zeros:
        candidates.append((*load_constant(value >> zeros), ("slli", zeros)))
    if value > 0:
        candidates.extend(_by_leading_zeros(value))
    return min(candidates, key=len)


def _load_32(value: int, zeros: int) -> tuple[Step, ...]:
    if not value & 0xFFF:
        return (("lui", value >> 12),)
    if _IMM_LOW <= value >> zeros <= _IMM_HIGH:
        return (("addi", value >> zeros), ("slli", zeros))
    return (("lui", value >> 12), ("ori", value & 0xFFF))


def _by_chunk(value: int) -> tuple[Step, ...]:
    """Everything but the low bits, then those: what is left has no zeros at its end, so the shift takes them along."""
    low = value & ((1 << _CHUNK) - 1)
    high = value >> _CHUNK
    zeros = _trailing_zeros(high)
    return (*load_constant(high >> zeros), ("slli", _CHUNK + zeros), ("ori", low))


def _by_leading_zeros(value: int) -> list[tuple[Step, ...]]:
    """A positive number as a negative one, or one with zeros at its end, shifted right."""
    lead = 64 - value.bit_length()
    if not lead:
        return []
    filled = (value << lead | ((1 << lead) - 1)) - (1 << 64)
    # Only simple ones are tried: a deeper search finds nothing shorter often enough to be worth its time.
    simple = [number for number in (filled, (value << lead) - (1 << 64)) if _is_simple(number)]
    return [(*load_constant(number), ("srli", lead)) for number in simple]


def _is_simple(value: int) -> bool:
    return -(1 << 31) <= value < 1 << 31 or -(1 << 31) <= value >> _trailing_zeros(value) < 1 << 31


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1 if value else 0
