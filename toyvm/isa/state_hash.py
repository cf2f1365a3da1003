"""The hash of a computer's state: equal states have equal hashes, whoever computed them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

_WORD = 8  # bytes


def state_hash(registers: Sequence[int], pages: Iterable[tuple[int, bytes]], page_count: int) -> str:
    """Hash of `registers` (x0..x31, pc, control registers in number order) and memory, as 32 hexadecimal digits.

    `pages` gives number and 4096 bytes of each page that is not all zero, in order; `page_count` is how many there are
    in all.
    """
    digest = blake2b(digest_size=16)
    digest.update(b"".join(value.to_bytes(_WORD, "little") for value in registers))
    for number, page in pages:
        digest.update(number.to_bytes(_WORD, "little") + page)
    digest.update(page_count.to_bytes(_WORD, "little"))
    return digest.hexdigest()
