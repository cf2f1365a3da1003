"""A request of the native core: a place that runs often, and the pages of code around it as they were then."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import Any

from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi

WORDS = PAGE_SIZE // 4  # of a page
_MARKS = WORDS // 64


@dataclass(frozen=True, slots=True)
class CodePage:
    """One page as a virtual address shows it; bit n of `executed`: word n has been executed."""

    gva: int
    frame: int
    executed: int
    words: array[int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where to enter, in which mode, and the code there is to look at, by address of the page.

    `stuck`: it is a place where compiled code often cannot go on.
    """

    gva: int
    user: bool
    stuck: bool
    pages: dict[int, CodePage]
    jumps: dict[int, tuple[int, ...]]  # through registers: from where, and to where

    def word(self, gva: int, executed_only: bool) -> int | None:
        """The word at an address; None: misaligned, not in sight, or (if that is asked for) never executed."""
        page = self.pages.get(gva & -PAGE_SIZE)
        if page is None or gva % 4:
            return None
        index = gva % PAGE_SIZE // 4
        if executed_only and not page.executed >> index & 1:
            return None
        return page.words[index]


def read_request(request: Any) -> Snapshot:
    """Copy a native t64_request."""
    pages = (_read_page(request.pages[n]) for n in range(request.page_count))
    jumps: dict[int, tuple[int, ...]] = {}
    for n in range(request.jump_count):
        source, target = int(request.jumps[n].source), int(request.jumps[n].target)
        jumps[source] = (*jumps.get(source, ()), target)
    by_address = {page.gva: page for page in pages}
    return Snapshot(int(request.gva), bool(request.user), bool(request.stuck), by_address, jumps)


def _read_page(image: Any) -> CodePage:
    marks = struct.unpack(f"={_MARKS}Q", ffi.buffer(image.marked)[:])
    executed = sum(mark << 64 * n for n, mark in enumerate(marks))
    return CodePage(int(image.gva), int(image.frame), executed, array("I", ffi.buffer(image.words)[:]))
