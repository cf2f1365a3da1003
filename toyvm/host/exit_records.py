"""Records for monitors in Python: an exit as the hardware has it, what emulating came to, what a walk found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from toyvm.exits import EXIT_REASONS
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.native import NOWHERE

_INTERRUPT = 1 << 63


class Space(IntEnum):
    """The two address spaces in which a guest can be run."""

    KERNEL = 0
    USER = 1


class Access(IntEnum):
    """What an access wants; the numbers are those of the core."""

    LOAD = 2
    STORE = 4
    FETCH = 8


PRIVILEGED = CAUSES["privileged_instruction"].code
_ACCESS_OF = {
    CAUSES["load_page_fault"].code: Access.LOAD,
    CAUSES["store_page_fault"].code: Access.STORE,
    CAUSES["fetch_page_fault"].code: Access.FETCH,
}


@dataclass(frozen=True, slots=True)
class Exit:
    """The hardware's record of an exit."""

    reason: str  # a name of toyvm.exits, by which it is counted
    word: int  # the instruction, where one caused it; else 0
    pc: int
    cause: int  # as the hardware gave it: a trap cause
    tval: int
    gpa: int | None  # of a page fault that the guest's tables translate
    instructions: int  # of the guest, before it

    @property
    def is_interrupt(self) -> bool:
        """Was it the alarm that `run_in` set?"""
        return bool(self.cause & _INTERRUPT)

    @property
    def is_spin(self) -> bool:
        """A jump to itself, not retired."""
        return self.reason == "spin"

    @property
    def access(self) -> Access | None:
        """What a page fault's access wanted; None: it is no page fault."""
        return _ACCESS_OF.get(self.cause)


@dataclass(frozen=True, slots=True)
class Effect:
    """What emulating one instruction came to."""

    kind: str  # next, jump, flush, flush_page, trap; or a stop: exit, idle, input, output, wait
    cause: int | None = None  # of the trap that it raises in place of retiring...
    tval: int = 0  # ...and what that is about
    page: int | None = None  # whose translation is to be forgotten

    @property
    def flushes(self) -> bool:
        """Are all translations to be forgotten?"""
        return self.kind == "flush"


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the guest's own tables say of one access in its present mode."""

    cause: int | None  # of the trap that it raises; None: it is allowed
    gpa: int
    hpa: int | None  # where that is in the host's memory
    rights: str  # of "rwx", what may be done without another mark in the entry: no "w" while it is not dirty


def exit_of(fields: dict[str, int]) -> Exit:
    """The record of an exit, from the fields that the core has of it."""
    gpa = fields["gpa"]
    return Exit(
        reason=EXIT_REASONS[fields["reason"]].name,
        word=fields["word"],
        pc=fields["pc"],
        cause=fields["cause"],
        tval=fields["tval"],
        gpa=None if gpa == NOWHERE else gpa,
        instructions=fields["retired"],
    )
