"""Why a machine stopped, and how it says so inside the reference."""

from __future__ import annotations

from enum import StrEnum

from toyvm.reference.traps import Trap


class Stop(StrEnum):
    """Why a run ended."""

    LIMIT = "limit"  # as many instructions as asked for have retired
    EXIT = "exit"  # the power port
    IDLE = "idle"  # a wfi that nothing can end
    FAULT = "fault"  # a double fault, or a jump to itself that nothing can interrupt


class Halt(Exception):
    """The machine stops here; the instruction under way, if there is one, does not retire."""

    def __init__(self, stop: Stop, detail: str, undelivered: Trap | None = None) -> None:
        """`undelivered`: the exception of a double fault."""
        super().__init__(detail)
        self.stop = stop
        self.detail = detail
        self.undelivered = undelivered
