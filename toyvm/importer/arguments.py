"""What a program finds on its stack as it starts: argument count, arguments, environment, auxiliary vector.

The layout is that of the System V ABI, which Linux keeps on RISC-V.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from toyvm.errors import UsageError
from toyvm.image import elf
from toyvm.importer.layout import Stack
from toyvm.isa.paging import PAGE_SIZE

# Tags of the auxiliary vector.
_NULL, _PHDR, _PHENT, _PHNUM, _PAGESZ, _ENTRY = 0, 3, 4, 5, 6, 9
_UID, _EUID, _GID, _EGID, _HWCAP, _CLKTCK, _SECURE, _RANDOM = 11, 12, 13, 14, 16, 17, 23, 25
_HWCAP_IM = 1 << (ord("I") - ord("A")) | 1 << (ord("M") - ord("A"))
_RANDOM_BYTES = bytes(range(0x54, 0x64))  # sixteen, always the same: runs repeat


class Start(NamedTuple):
    """What a program is started with. `headers`: address and count of its program headers, if it can read them."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    entry: int
    headers: tuple[int, int] | None


def initial_stack(start: Start, stack: Stack) -> tuple[int, bytes]:
    """The stack pointer, a multiple of 16, and the bytes from there to the stack's end. Raises UsageError."""
    strings = [_encoded(text) for text in start.arguments]
    strings += [_encoded(f"{name}={value}") for name, value in start.environment.items()]
    blob = _RANDOM_BYTES + b"".join(strings)
    blob_address = (stack.end - len(blob)) & ~15
    places, place = [], blob_address + len(_RANDOM_BYTES)
    for string in strings:
        places.append(place)
        place += len(string)
    count = len(start.arguments)
    words = [count, *places[:count], 0, *places[count:], 0, *_auxiliary(start, blob_address)]
    pointer = (blob_address - 8 * len(words)) & ~15
    if pointer < stack.begin + (stack.end - stack.begin) // 2:
        raise UsageError(
            f"arguments and environment take {stack.end - pointer} bytes; at most half of the stack is theirs, "
            f"{(stack.end - stack.begin) // 2}"
        )
    head = struct.pack(f"<{len(words)}Q", *words)
    contents = head + bytes(blob_address - pointer - len(head)) + blob
    return pointer, contents + bytes(stack.end - pointer - len(contents))


def _encoded(text: str) -> bytes:
    if "\0" in text:
        raise UsageError(f"the argument {text!r} has a zero byte in it")
    return text.encode(errors="surrogateescape") + b"\0"


def _auxiliary(start: Start, random: int) -> list[int]:
    pairs = [(_PAGESZ, PAGE_SIZE), (_ENTRY, start.entry), (_HWCAP, _HWCAP_IM), (_CLKTCK, 100)]
    pairs += [(_UID, 0), (_EUID, 0), (_GID, 0), (_EGID, 0), (_SECURE, 0), (_RANDOM, random)]
    if start.headers is not None:
        address, count = start.headers
        pairs += [(_PHDR, address), (_PHENT, elf.PROGRAM_HEADER.size), (_PHNUM, count)]
    return [word for pair in (*pairs, (_NULL, 0)) for word in pair]
