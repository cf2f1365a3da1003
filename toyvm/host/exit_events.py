"""Exit events: what an observer of a guest's exits is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct
from typing import TYPE_CHECKING

from toyvm.arguments import check_callable, check_list, check_text, unknown_name
from toyvm.exits import BY_NAME, EXIT_REASONS
from toyvm.isa.control import ALL_BITS
from toyvm.isa.guest_mode import EXITS
from toyvm.isa.traps import CAUSES
from toyvm.native import NOWHERE

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.image import Location

# struct t64_exit of native/include/toyvm.h; a test holds the two to one another.
LAYOUT = Struct("<IIQQQQQ")
FIELDS = ("reason", "word", "pc", "cause", "tval", "gpa", "retired")
_CAUSE_NAMES: dict[int, str] = {row.code: row.name for row in EXITS} | {row.code: row.name for row in CAUSES}


class ExitEvent:
    """One transfer of control from a guest to its monitor, not handled yet.

    The observer may read and change `guest`; what is handled afterwards is the state it leaves. The facts are those of
    the moment of the exit and stay so; they are unpacked when asked for, because an exit should cost its observer
    little.
    """

    __slots__ = ("_raw", "_skipped", "guest")

    def __init__(self, guest: Guest, raw: bytes, skipped: int) -> None:
        self.guest = guest
        self._raw = raw
        self._skipped = skipped

    def _field(self, name: str) -> int:
        return int(LAYOUT.unpack(self._raw)[FIELDS.index(name)])

    @property
    def reason(self) -> str:
        """A name of toyvm.exits."""
        return EXIT_REASONS[self._field("reason")].name

    @property
    def pc(self) -> int:
        return self._field("pc")

    @property
    def word(self) -> int:
        """The instruction that caused it, where one did; else 0."""
        return self._field("word")

    @property
    def cause(self) -> str:
        """The trap cause that the hardware gave the monitor, or the code of its exit from guest mode, by name."""
        code = self._field("cause")
        return _CAUSE_NAMES.get(code, f"{code:#x}")

    @property
    def address(self) -> int:
        """What the trap was about, `tval`: the guest-virtual address of a page fault."""
        return self._field("tval")

    @property
    def gpa(self) -> int | None:
        """The guest-physical address of a page fault, where the guest's own tables translate it."""
        value = self._field("gpa")
        return None if value == NOWHERE else value

    @property
    def instructions(self) -> int:
        """Instructions of the guest that had retired before it."""
        return self._field("retired")

    @property
    def time(self) -> int:
        """The guest's virtual time, in ticks."""
        return (self.instructions + self._skipped) & ALL_BITS

    @property
    def instruction(self) -> str | None:
        """The instruction, disassembled, where one caused the exit."""
        return self.guest.disassemble(self.pc, self.word) if self.word else None

    @property
    def location(self) -> Location | None:
        """Source line and symbol of pc, where the guest's image knows them."""
        return self.guest.locate(self.pc)

    def __repr__(self) -> str:
        return f"ExitEvent(reason={self.reason!r}, pc={self.pc:#x}, cause={self.cause!r}, address={self.address:#x})"


Observer = Callable[[ExitEvent], None]


class Observers:
    """Who asked to see which exits, by reason number."""

    def __init__(self) -> None:
        self.by_reason: dict[int, tuple[Observer, ...]] = {}

    @property
    def mask(self) -> int:
        """A bit for each reason that someone watches."""
        return sum(1 << number for number in self.by_reason)

    def add(self, observer: Observer, reasons: Iterable[str] | None) -> None:
        check_callable(observer, "observer")
        for number in _numbers(reasons):
            self.by_reason[number] = (*self.by_reason.get(number, ()), observer)

    def remove(self, observer: Observer) -> None:
        kept = {
            number: tuple(other for other in observers if other != observer)
            for number, observers in self.by_reason.items()
        }
        self.by_reason = {number: observers for number, observers in kept.items() if observers}


def _numbers(reasons: Iterable[str] | None) -> list[int]:
    """Reason numbers for names; all of them for None."""
    if reasons is None:
        return [reason.number for reason in EXIT_REASONS]
    names = [reasons] if isinstance(reasons, str) else check_list(reasons, "reasons", "names of exit reasons, or None")
    for name in names:
        if check_text(name, "exit reason") not in BY_NAME:
            raise unknown_name("exit reason", name, BY_NAME)
    return [BY_NAME[name].number for name in names]
