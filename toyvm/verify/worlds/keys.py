"""Keys: 128 bits that stand for all that a guest sees, as native/worlds/keys.h makes them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache

from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE

BLOCK_SIZE = 512
_HIGH = 80  # bits further up: sums of either half stay apart

Sum = int  # of parts: the low half, and the high one so far above that it is not reached by a carry


def _mixed(value: int) -> int:
    value &= ALL_BITS
    value ^= value >> 32
    value = value * 0xD6E8FEB86659FD93 & ALL_BITS
    value ^= value >> 29
    value = value * 0x9E3779B97F4A7C15 & ALL_BITS
    return value ^ value >> 32


@cache
def _of_word(number: int, word: int) -> Sum:
    if not word:
        return 0
    low = _mixed(word + (number + 1) * 0xC2B2AE3D27D4EB4F)
    return low | _mixed((word ^ 0x243F6A8885A308D3) * 0x9FB21C651E98DF25 + number) << _HIGH


def key_of(total: Sum) -> tuple[int, int]:
    return total & ALL_BITS, total >> _HIGH & ALL_BITS


def sum_of_part(number: int, part: Sum) -> Sum:
    """What a part with that key adds to the key of the whole."""
    low, high = key_of(part)
    return _mixed(low + (number + 1) * 0xC2B2AE3D27D4EB4F) | _mixed(high ^ _mixed(number + 1)) << _HIGH


def sum_of_words(words: Iterable[int]) -> Sum:
    return sum(_of_word(number, word) for number, word in enumerate(words))


def sum_of_page(gpa: int, page: bytes) -> Sum:
    """What a page of the guest's adds to the key of its memory."""
    words = struct.unpack(f"<{PAGE_SIZE // 8}Q", page)
    return sum(
        sum_of_part(gpa + offset, sum_of_words(words[offset // 8 : (offset + BLOCK_SIZE) // 8]))
        for offset in range(0, PAGE_SIZE, BLOCK_SIZE)
    )


def sum_of_state(words: Iterable[int]) -> Sum:
    """What the words of State add."""
    return sum_of_part(ALL_BITS, sum_of_words(words))
