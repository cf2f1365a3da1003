"""Where an imported program lies in memory, and the program block that tells the supervisor.

::

    SUPERVISOR      boot block
    PLAIN           the supervisor for hardware, and for monitors that the guest does not know of
    PARAVIRT        the supervisor for a monitor that takes hypercalls
    PROGRAM         the program block
    SUPERVISOR_END  the program's segments, from here on
                    GAP: a stack that grows too far runs into it
                    the stack, with the arguments at its end
                    the heap
                    the page tables, at the end of memory or of what they map
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.image import PF_R, PF_W, PF_X, Segment
from toyvm.isa.paging import ENTRIES, PAGE_SIZE, PTE_R, PTE_W, PTE_X

SUPERVISOR = 0x1000
PLAIN = 0x2000
PARAVIRT = 0x8000
PROGRAM = 0xF000
SUPERVISOR_END = 0x10000
MEMORY_END = ENTRIES**2 * PAGE_SIZE  # what one level-1 table maps
TABLES = MEMORY_END - (ENTRIES + 2) * PAGE_SIZE  # where the page tables begin that map all of it

GAP = 0x10000
DEFAULT_STACK = 1 << 20
MINIMUM_STACK, MAXIMUM_STACK = 1 << 14, 1 << 29

# The program block: these members, then as many ranges as it says. All are 8 bytes.
PROGRAM_MEMBERS = ("magic", "entry", "stack", "heap", "ranges")
RANGE_MEMBERS = ("begin", "end", "rights")
MAGIC = 0x5436_3450_524F_4752
MAXIMUM_RANGES = (SUPERVISOR_END - PROGRAM) // (8 * len(RANGE_MEMBERS)) - 2

_RIGHT_OF_FLAG = {PF_R: PTE_R, PF_W: PTE_W, PF_X: PTE_X}


def defines() -> dict[str, int]:
    """The symbols that the supervisor's sources are assembled with."""
    offsets = {f"PROGRAM_{name.upper()}": 8 * place for place, name in enumerate(PROGRAM_MEMBERS)}
    offsets |= {f"RANGE_{name.upper()}": 8 * place for place, name in enumerate(RANGE_MEMBERS)}
    return {
        **offsets,
        "PROGRAM_SIZE": 8 * len(PROGRAM_MEMBERS),
        "RANGE_SIZE": 8 * len(RANGE_MEMBERS),
        "SUPERVISOR": SUPERVISOR,
        "SUPERVISOR_END": SUPERVISOR_END,
        "PROGRAM": PROGRAM,
    }


class Range(NamedTuple):
    """Pages that the program may use, with the rights of page-table entries."""

    begin: int
    end: int
    rights: int


class Stack(NamedTuple):
    """Where the stack lies, from its lowest page to its end."""

    begin: int
    end: int


def page_up(address: int) -> int:
    return -(-address // PAGE_SIZE) * PAGE_SIZE


def place_stack(program_end: int, size: int) -> Stack:
    """The stack of `size` bytes behind a program that ends there."""
    begin = page_up(program_end) + GAP
    return Stack(begin, begin + page_up(size))


def check_place(name: str, segments: Sequence[Segment]) -> None:
    """Raise BadFileError for segments where the supervisor is, or beyond what it maps."""
    for segment in segments:
        end = segment.address + segment.size
        if segment.address < SUPERVISOR_END:
            raise BadFileError(
                f"{name}: the segment at {segment.address:#x} lies below {SUPERVISOR_END:#x}, which is the "
                f"supervisor's; link with -Wl,-Ttext-segment={SUPERVISOR_END:#x}"
            )
        if end > MEMORY_END:
            raise BadFileError(
                f"{name}: the segment at {segment.address:#x} ends at {end:#x}; a program can use memory up to "
                f"{MEMORY_END:#x}; link with -Wl,-Ttext-segment={SUPERVISOR_END:#x}"
            )


def check_stack(name: str, stack: Stack) -> None:
    """Raise BadFileError for a stack that no memory is large enough for."""
    if stack.end > TABLES:
        raise BadFileError(
            f"{name}: its stack, {stack.end - stack.begin} bytes behind the program, ends at {stack.end:#x}; the two "
            f"can use memory up to {TABLES:#x}, where the supervisor has its page tables"
        )


def ranges_of(name: str, segments: Sequence[Segment], stack: Stack) -> tuple[Range, ...]:
    """The program's pages; a page that two segments share has the rights of both. Raises BadFileError for too many."""
    pages: dict[int, int] = {}
    for segment in segments:
        rights = sum(right for flag, right in _RIGHT_OF_FLAG.items() if segment.flags & flag)
        for page in range(segment.address // PAGE_SIZE, page_up(segment.address + segment.size) // PAGE_SIZE):
            pages[page] = pages.get(page, 0) | rights
    usable = sorted((page, rights) for page, rights in pages.items() if rights)
    runs = groupby(enumerate(usable), key=lambda item: (item[1][0] - item[0], item[1][1]))
    found = [_range([page for _, (page, _) in run], rights) for (_, rights), run in runs]
    if len(found) >= MAXIMUM_RANGES:
        raise BadFileError(f"{name}: its segments make {len(found)} ranges of pages; the limit is {MAXIMUM_RANGES - 1}")
    return (*found, Range(stack.begin, stack.end, PTE_R | PTE_W))


def _range(pages: list[int], rights: int) -> Range:
    return Range(pages[0] * PAGE_SIZE, (pages[-1] + 1) * PAGE_SIZE, rights)


def program_block(entry: int, stack_pointer: int, heap: int, ranges: Sequence[Range]) -> bytes:
    """The block's bytes."""
    members = [MAGIC, entry, stack_pointer, heap, len(ranges)]
    for each in ranges:
        members += [each.begin, each.end, each.rights]
    return struct.pack(f"<{len(members)}Q", *members)


def ranges_in(block: bytes) -> tuple[Range, ...] | None:
    """The ranges of a block, its program's stack the last; None if these bytes are none."""
    count, words = len(PROGRAM_MEMBERS), struct.unpack(f"<{len(block) // 8}Q", block[: len(block) // 8 * 8])
    if len(words) < count or words[0] != MAGIC or not 0 < words[count - 1] <= MAXIMUM_RANGES:
        return None
    size = len(RANGE_MEMBERS)
    members = words[count : count + size * words[count - 1]]
    return tuple(Range(*members[place : place + size]) for place in range(0, len(members), size))
