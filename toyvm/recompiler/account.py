"""The recompiler's account: what it did, in counts."""

from __future__ import annotations


class Account:
    """What the recompiler did."""

    def __init__(self) -> None:
        self.compiled = 0  # regions
        self.instructions = 0  # in them
        self.found = 0  # regions in the cache
        self.dropped = 0  # so often there was no room for more
