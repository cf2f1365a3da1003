"""Cached translations: what hardware might still remember, so that a program relying on it can be told apart.

The reference itself never uses them: it walks the tables for every access. But where an engine that kept a translation
would behave otherwise, the program's meaning is unspecified (design 3, Translations), and this says so.
"""

from __future__ import annotations

from toyvm.isa.paging import PAGE_SHIFT
from toyvm.reference.paging import Access, Translation

Key = tuple[int, bool, Access]  # virtual page, user mode, kind of access


class Translations:
    """Every translation that succeeded and was not forgotten since: its physical page."""

    def __init__(self) -> None:
        self._pages: dict[Key, int] = {}

    def remember(self, address: int, user: bool, access: Access, found: Translation) -> None:
        if found.leaf_address is not None:
            self._pages[address >> PAGE_SHIFT, user, access] = found.physical >> PAGE_SHIFT

    def stale(self, address: int, user: bool, access: Access, fresh: Translation | None) -> str | None:
        """How a remembered translation differs from a fresh walk (None: it faults); None if it does not."""
        page = self._pages.get((address >> PAGE_SHIFT, user, access))
        if page is None:
            return None
        if fresh is None:
            return "revoked"
        if fresh.physical >> PAGE_SHIFT != page:
            return "moved"
        if access.marks & ~fresh.leaf:
            return "A or D was cleared"
        return None

    def forget_all(self) -> None:
        self._pages.clear()

    def forget_page(self, address: int) -> None:
        page = address >> PAGE_SHIFT
        for key in [key for key in self._pages if key[0] == page]:
            del self._pages[key]
