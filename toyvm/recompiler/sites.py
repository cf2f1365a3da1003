"""Sites: places in a region that access memory, once or as a group, and where each may without asking.

The layout is that of the core's recompiler.h. What a site knows is filled in by a helper out of line, and forgotten
when translations are: nothing in compiled code does that, so where a site may access it may until the region is left.
"""

from __future__ import annotations

from toyvm.recompiler.llvm_text import Lines

SITE_SIZE, SITE_GVA, SITE_ADDEND = 16, 0, 8
COUNT_SIZE = 8  # counts stand in front of the sites, the first one's last
LOADS, STORES = 1, 2  # what a site does


def what_of(site: int, size: int, span: int, uses: int) -> int:
    """A site and what it does, for the helpers."""
    return site << 32 | span << 16 | size.bit_length() - 1 << 8 | uses


class Sites:
    """Writes what concerns them into a function with the parameter `sites`."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.total = 0

    def new(self) -> int:
        self.total += 1
        return self.total - 1

    def is_reached(self, gva: str, size: int, site: int) -> str:
        """Whether the site may access what is there."""
        return self._lines.value(f"icmp ult i64 {self.distance(gva, size, site)}, {self.count(site)}")

    def distance(self, gva: str, size: int, site: int) -> str:
        """From where the site may begin to access, in units of `size`; where that is misaligned, enormous."""
        distance = self._lines.value(f"sub i64 {gva}, {self._load(SITE_SIZE * site + SITE_GVA)}")
        if size > 1:
            power = size.bit_length() - 1
            distance = self._lines.value(f"call i64 @llvm.fshr.i64(i64 {distance}, i64 {distance}, i64 {power})")
        return distance

    def count(self, site: int) -> str:
        """Distances that are less may be accessed."""
        return self._load(-COUNT_SIZE * (site + 1))

    def addend(self, site: int) -> str:
        """From a guest's address to the host's."""
        return self._load(SITE_SIZE * site + SITE_ADDEND)

    def _load(self, offset: int) -> str:
        return self._lines.value(f"load i64, ptr {self._lines.value(f'getelementptr i8, ptr %sites, i64 {offset}')}")
