"""Traps inside the reference: raised where an instruction goes wrong, caught where the trap is entered."""

from __future__ import annotations

from toyvm.isa.traps import BY_NAME


class Trap(Exception):
    """An exception of the guest: its cause by name, and what `tval` will say."""

    def __init__(self, cause: str, tval: int) -> None:
        super().__init__(cause)
        self.cause = BY_NAME[cause]
        self.tval = tval
