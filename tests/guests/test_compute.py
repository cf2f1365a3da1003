"""The compute workload's checksum, computed once more by other means."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import reduce

from support.guest_runs import GUESTS

from toyvm.isa.control import ALL_BITS

FNV_PRIME = 0x100000001B3
SOURCE = (GUESTS / "lib" / "computing.inc").read_text()


def _constant(name: str) -> int:
    match = re.search(rf"\.equ {name}, +(\S+)", SOURCE)
    assert match, name
    return int(match[1], 0)


def _generated(count: int) -> Iterator[int]:
    value = 1
    for _ in range(count):
        value = (value * 6364136223846793005 + 1442695040888963407) & ALL_BITS
        yield value


def _sieve() -> int:
    limit = _constant("SIEVE_SIZE")
    return sum(all(number % divisor for divisor in range(2, int(number**0.5) + 1)) for number in range(2, limit))


def _crc() -> int:
    return zlib.crc32(bytes(value >> 56 for value in _generated(_constant("CRC_SIZE"))))


def _matrix() -> int:
    side = range(_constant("MATRIX_SIDE"))
    elements = (sum((13 * i + 7 * k + 1) * ((k ^ j) + 3) for k in side) for i in side for j in side)
    return reduce(lambda left, right: left ^ right, elements)


def _sort() -> int:
    values = [value - (value >> 63 << 64) for value in _generated(_constant("SORT_COUNT"))]
    return sum(index * value for index, value in enumerate(sorted(values))) & ALL_BITS


def _text() -> int:
    digest = 0xCBF29CE484222325
    for number in range(_constant("TEXT_COUNT")):
        for digit in str(number * 7919).encode():
            digest = (digest ^ digit) * FNV_PRIME & ALL_BITS
    return digest


def _fibonacci() -> int:
    pair = (0, 1)
    for _ in range(_constant("FIB_OF")):
        pair = (pair[1], sum(pair))
    return pair[0]


def test_the_checksum_of_a_round_is_the_one_that_others_compute() -> None:
    parts = (_sieve(), _crc(), _matrix(), _sort(), _text(), _fibonacci())
    assert reduce(lambda total, part: (total * FNV_PRIME + part) & ALL_BITS, parts, 0) == _constant("CHECKSUM")
