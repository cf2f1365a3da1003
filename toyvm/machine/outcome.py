"""Outcomes: how a run ended, as facts, and the exceptions that carry them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from toyvm.errors import ExitCode, ToyvmError


class Stop(StrEnum):
    """Why a run ended. After all but `exit` and `fault` the computer can go on."""

    EXIT = "exit"  # switched off by the guest
    IDLE = "idle"  # a wait that nothing can end
    LIMIT = "limit"  # as many instructions as allowed have retired
    TIMEOUT = "timeout"  # as many seconds as allowed have passed
    FAULT = "fault"  # the guest cannot go on
    INTERRUPTED = "interrupted"  # Ctrl-C, or `interrupt()`


# What the command line ends with when the guest did not end by itself.
EXIT_CODES = {
    Stop.IDLE: ExitCode.IDLE,
    Stop.LIMIT: ExitCode.LIMIT,
    Stop.TIMEOUT: ExitCode.LIMIT,
    Stop.FAULT: ExitCode.GUEST_FAULT,
    Stop.INTERRUPTED: ExitCode.INTERRUPTED,
}


class Trapped(NamedTuple):
    """A trap that was taken, or could not be."""

    cause: str | None  # its name; None: a value of `cause` that means nothing
    pc: int
    tval: int
    instruction: str | None  # disassembly of the word at pc, where it can be read
    location: str  # "kernel.s:41 (trap_entry+0x10)", or the bare address


class Fault(NamedTuple):
    """Why a guest cannot go on: the exception that could not be delivered, and where."""

    kind: str  # "double fault", "stuck", ...
    cause: str | None  # name of the trap cause, or None where no exception is involved
    pc: int
    address: int  # what the trap was about: `tval`
    instruction: str | None  # disassembly of the word at pc, where it can be read
    location: str  # "kernel.s:41 (trap_entry+0x10)", or the bare address
    first: Trapped | None = None  # of a double fault: the trap before, whose handler got nowhere

    @property
    def origin(self) -> Trapped:
        """What it all began with."""
        return self.first or Trapped(self.cause, self.pc, self.address, self.instruction, self.location)


class Outcome(NamedTuple):
    """How a run ended.

    `instructions` counts all that have retired since reset, `seconds` is the wall time of this run, `detail` one line
    for people. `report` is the long form (where, why, registers) and is written only for a fault.
    """

    stop: Stop
    instructions: int
    seconds: float
    detail: str
    exit_code: int | None = None
    fault: Fault | None = None
    report: str = ""

    def __repr__(self) -> str:
        return f"<Outcome {self.stop}: {self.detail}, after {self.instructions} instructions>"

    @property
    def ok(self) -> bool:
        return self.stop is Stop.EXIT and self.exit_code == 0

    def check(self) -> Outcome:
        """This outcome, if the guest switched itself off with code 0; raises GuestFault or GuestStopped otherwise."""
        if self.ok:
            return self
        raise GuestFault(self) if self.fault else GuestStopped(self)


class GuestStopped(ToyvmError):
    """A guest did not end by itself with exit code 0, and the caller had asked for that."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.exit_code = EXIT_CODES.get(outcome.stop, ExitCode.OK)
        super().__init__(outcome.report or outcome.detail)


class GuestFault(GuestStopped):
    """A guest that cannot go on: cause, pc, address, instruction and source line; the text is the whole report.

    `origin` is the trap that it began with, which at a double fault is the one before.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        assert outcome.fault is not None, "only a fault is raised as one"
        self.kind = outcome.fault.kind
        self.origin = outcome.fault.origin
        self.cause = outcome.fault.cause
        self.pc = outcome.fault.pc
        self.address = outcome.fault.address
        self.instruction = outcome.fault.instruction
        self.location = outcome.fault.location
