"""Worlds of paravirtual domains: what they share, and how a model of the interface judges each call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from toyvm.asm import assemble_text
from toyvm.hypercalls import BY_NAME, ERRORS, HYPERCALLS, SHARED_CONTROL, SHARED_MORE, SHARED_PAGE_ADDRESS, TRAP_ANY
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import Level
from toyvm.native import lib
from toyvm.verify.worlds.core import Core
from toyvm.verify.worlds.world import (
    STOP_GONE,
    Action,
    Frames,
    Guest,
    Host,
    Result,
    State,
    Verdict,
    Watch,
    What,
    neighbour,
    words_of,
)

MEMORY = 16 * 4096
PAGES = MEMORY // 4096
HOST_FRAMES = 160
CODE, LISTS = 0x1000, 0x2000
ROOT, MIDDLE, LEAVES = PAGES - 3, PAGES - 2, PAGES - 1  # pages of the first tables, as the builder has them

REFUSED = {error.name: -error.code & ALL_BITS for error in ERRORS}
SHARED = {name: SHARED_PAGE_ADDRESS + at for name, at in SHARED_CONTROL.items()} | {
    name: SHARED_PAGE_ADDRESS + at for name, (at, _) in SHARED_MORE.items()
}
OTHERS_MAP_IT = lib.T64_ERROR_BUSY & ALL_BITS  # what loading a snapshot says then
_NOP = "    nop\n"
_CALLS = "".join(f"    hcall {call.number}\n" for call in HYPERCALLS)

_SOURCE = f"""
.globl _start
_start:
    hcall {BY_NAME["set_trap_table"].number}
load:
    ld   a0, 0(a1)
store:
    sd   a2, 0(a1)
listen:                         # interrupts on, and what is pending may come; then as a3 says
    sb   a2, {SHARED["status"] - (1 << 64)}(zero)
    hcall {BY_NAME["yield"].number}
    sb   a3, {SHARED["status"] - (1 << 64)}(zero)
handler:
{_NOP * 4}
pass:
{_NOP * 8}
calls:
{_CALLS}
"""


class Meaning(NamedTuple):
    """What an action is to the model: a kind that the world knows, and its facts."""

    kind: str
    facts: tuple[int, ...]


class Expected(NamedTuple):
    """What must come of an action: the state after it, a0 (None: whatever), the watched words, and where it ends."""

    state: Hashable
    a0: int | None = 0
    watched: tuple[int | None, ...] | None = None
    trapped: bool | None = False  # None: the one or the other
    is_gone: bool = False  # the domain has ended: nothing can come of it


class DomainWorld(ABC):
    """Some domains on a host, the calls that they make, and a model that says what comes of each."""

    name: ClassVar[str]
    domains: ClassVar[int] = 1
    disk: ClassVar[int] = 0  # sectors
    beginnings: ClassVar[tuple[tuple[str, ...], ...]]
    looks_at_all = False

    def __init__(self, program: Path) -> None:
        self._program = program
        image = assemble_text(_SOURCE, "domains").image
        self._labels = {
            name: image.address_of(name) for name in ("load", "store", "listen", "handler", "pass", "calls")
        }
        self._entry = image.entry
        self._code = {segment.address: words_of(segment.data) for segment in image.segments}
        with Core(program, self._host([[]] * self.domains, ())) as core:
            self.guests: tuple[Frames, ...] = core.guests  # the same whenever such a host is made
        self._lists: list[list[int]] = [[TRAP_ANY, self._labels["handler"], 0] for _ in range(self.domains)]
        self.actions: list[Action] = []
        self.meanings: list[Meaning] = []  # of each action
        self.make_actions()

    # What a world says of itself.

    @abstractmethod
    def make_actions(self) -> None:
        """Add what the domains may do."""

    @abstractmethod
    def start(self) -> Hashable:
        """The model's state at the beginning."""

    @abstractmethod
    def expect(self, state: Hashable, action: int, result: Result) -> Expected:
        """What the model says; where the interface leaves a choice, it may follow the result."""

    def watches(self) -> tuple[Watch, ...]:
        return ()

    def preparing(self) -> Sequence[Action]:
        """What is done before all paths begin."""
        return ()

    # For those who make actions.

    def add(self, action: Action, kind: str, *facts: int) -> None:
        self.actions.append(action)
        self.meanings.append(Meaning(kind, facts))

    def frame(self, page: int, domain: int = 0) -> int:
        return self.guests[domain].frames[page]

    def call(self, name: str, call: str, *arguments: int, domain: int = 0) -> Action:
        at = self._labels["calls"] + 4 * BY_NAME[call].number
        return Action(name, at, tuple(value & ALL_BITS for value in arguments), domain, 1)

    def update(self, name: str, entry: int, value: int, domain: int = 0) -> Action:
        """mmu_update of one entry."""
        return self.call(name, "mmu_update", self._record(domain, entry, value), 1, 0, domain=domain)

    def balloon(self, name: str, call: str, page: int, domain: int = 0) -> Action:
        """decrease_reservation or increase_reservation of one page."""
        return self.call(name, call, self._record(domain, page, 0), 1, 0, domain=domain)

    def _record(self, domain: int, *words: int) -> int:
        """Where these stand in the domain's memory."""
        at = LISTS + 8 * len(self._lists[domain])
        self._lists[domain] += words
        return at

    def store(self, name: str, address: int, value: int, domain: int = 0) -> Action:
        return Action(name, self._labels["store"], (0, address, value), domain, 1)

    def load(self, name: str, address: int, domain: int = 0) -> Action:
        return Action(name, self._labels["load"], (0, address), domain, 1)

    def listen(self, name: str, domain: int = 0, *, on: bool = False) -> Action:
        """What is pending may come; after that interrupts stay on, or not."""
        return Action(name, self._labels["listen"], (0, 0, 1, int(on)), domain, 3)

    def wait(self, name: str, ticks: int, domain: int = 0) -> Action:
        return Action(name, self._labels["pass"], (), domain, ticks)

    def reload(self, name: str, domain: int = 0) -> Action:
        """The host saves the domain, and loads that."""
        return Action(name, 0, (), domain, what=What.IS_RELOADED)

    def end(self, name: str, domain: int = 0) -> Action:
        return Action(name, 0, (), domain, what=What.ENDS)

    def trapped(self, result: Result) -> bool:
        """Did it end in the handler?"""
        return self._labels["handler"] < result.pc <= self._labels["handler"] + 16

    # Exploring.

    def open(self) -> Core:
        core = Core(self._program, self._host(self._lists, self.watches()))
        assert core.guests == self.guests
        begin = [Action("start", self._entry, (LISTS, 1), domain, 1) for domain in range(self.domains)]
        first = [*begin, *self.preparing()]
        warming = [*first, *self.actions]
        core.set_actions(warming)
        core.root(range(len(first)))
        core.set_actions(self.actions)
        return core

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        expected = self.expect(state, action, result)
        if result.stop == STOP_GONE and expected.is_gone:
            return Verdict(expected.state, goes_on=self.actions[action].what is What.ENDS and expected.state != state)
        if result.stop != lib.T64_STOP_LIMIT:
            return Verdict(None, f"it stops with {result.stop}", False)
        if expected.trapped is not None and self.trapped(result) != expected.trapped:
            return Verdict(None, "it traps" if self.trapped(result) else "it does not trap, as it must", False)
        if expected.a0 is not None and not self.trapped(result) and result.a0 != expected.a0:
            return Verdict(None, f"a0 is {_said(result.a0)}, and must be {_said(expected.a0)}", False)
        for number, (found, wanted) in enumerate(zip(result.watched, expected.watched or (), strict=False)):
            if wanted is not None and found != wanted:
                return Verdict(None, f"watched word {number} is {found:#x}, and must be {wanted:#x}", False)
        return Verdict(expected.state)

    def _host(self, lists: Sequence[list[int]], watches: tuple[Watch, ...]) -> Host:
        domains = [Guest("para", MEMORY, self._entry, self.disk, {**self._code, LISTS: words}) for words in lists]
        return Host(Level.STRICT, HOST_FRAMES, (*domains, neighbour(MEMORY)), watches)


def _said(value: int) -> str:
    names = {refused: name for name, refused in REFUSED.items()}
    return f"the error {names[value]}" if value in names else f"{value:#x}"
