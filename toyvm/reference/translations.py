"""Cached translations: what hardware might still remember, so that a program relying on it can be told apart.

The reference itself never uses them: it walks the tables for every access. But where an engine that kept a translation
would behave otherwise, the program's meaning is unspecified (design 3, Translations), and this says so.
"""

from __future__ import annotations

from toyvm.isa.paging import PAGE_SHIFT
from toyvm.reference.paging import Access, Translation

Key = tuple[int, bool, Access]  # virtual page, user mode, kind of access
Remembered = frozenset[tuple[Key, frozenset[tuple[int, int]]]]


class Translations:
    """Every translation that succeeded and was not forgotten since: the pages it led to, each with its leaf's size."""

    def __init__(self) -> None:
        self._pages: dict[Key, set[tuple[int, int]]] = {}

    def remember(self, address: int, user: bool, access: Access, found: Translation) -> None:
        """A cache may take the whole entry: what it allows without another mark is remembered with the access."""
        if found.leaf_address is None:
            return
        leaf = found.leaf | access.marks
        for other in Access:
            if leaf & other.right and not other.marks & ~leaf:
                key = (address >> PAGE_SHIFT, user, other)
                self._pages.setdefault(key, set()).add((found.physical >> PAGE_SHIFT, found.size))

    def stale(self, address: int, user: bool, access: Access, fresh: Translation | None) -> str | None:
        """How a remembered translation differs from a fresh walk (None: it faults); None if it does not."""
        pages = self._pages.get((address >> PAGE_SHIFT, user, access))
        if pages is None:
            return None
        if fresh is None:
            return "revoked"
        if {page for page, _ in pages} != {fresh.physical >> PAGE_SHIFT}:
            return "moved"
        if access.marks & ~fresh.leaf:
            return "A or D was cleared"
        return None

    def remembered(self) -> Remembered:
        """All of them, as a value: of two that are equal nothing can be told apart."""
        return frozenset((key, frozenset(pages)) for key, pages in self._pages.items())

    def restore(self, remembered: Remembered) -> None:
        self._pages = {key: set(pages) for key, pages in remembered}

    def forget_all(self) -> None:
        self._pages.clear()

    def forget_page(self, address: int) -> None:
        """A large leaf goes whole, whichever of its addresses is named."""
        for key in list(self._pages):
            apart = address ^ key[0] << PAGE_SHIFT
            kept = {(page, size) for page, size in self._pages[key] if apart & -size}
            if kept:
                self._pages[key] = kept
            else:
                del self._pages[key]
