"""What a fault of an imported program comes from, where its stack tells: too small a stack, or code that lies on it."""

from __future__ import annotations

from collections.abc import Sequence

from toyvm.importer.layout import MEMORY_END, Range
from toyvm.isa.paging import PTE_W

_FETCH, _ACCESSES = "fetch_page_fault", ("load_page_fault", "store_page_fault")


def advice_on_program(cause: str | None, address: int, stack_pointer: int, ranges: Sequence[Range]) -> str:
    """What to do about a fault of this cause at an address; "" where nothing is known.

    `ranges` are the pages that the program may use, its stack the last; the heap is behind it.
    """
    stack = ranges[-1]
    if cause == _FETCH and stack.begin <= address < stack.end:
        return (
            "it has jumped into its stack, which holds no code: a trampoline stands there when the address of a nested "
            "function is taken, and with one this cannot work; give the function its variables as arguments"
        )
    if cause == _FETCH and _is_writable(address, ranges):
        return "it has jumped to a place that it can write, and what a program writes cannot be run"
    if cause in _ACCESSES and not _is_writable(stack_pointer - 1, ranges) and _is_below(address, stack):
        return (
            f"the stack is used up: it has {stack.end - stack.begin} bytes, down to {stack.begin:#x}, and sp is "
            f"{stack_pointer:#x}; --stack SIZE, of run or import, gives the program a larger one"
        )
    return ""


def _is_writable(address: int, ranges: Sequence[Range]) -> bool:
    in_heap = ranges[-1].end <= address < MEMORY_END
    return in_heap or any(each.rights & PTE_W and each.begin <= address < each.end for each in ranges)


def _is_below(address: int, stack: Range) -> bool:
    """Not beyond the stack, but for what has wrapped around below zero."""
    return address < stack.begin or address > (1 << 64) - MEMORY_END
