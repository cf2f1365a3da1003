"""Monitors in Python: the mechanisms that the monitors in C are made of, for one that a user writes.

The guest's kernel and its users run on the host's hardware, in user mode, in one of two address spaces of the monitor's
own. Whatever traps there is an exit: the monitor is asked (`handle`), and does with the vCPU, the shadow tables and the
guest's own tables what it sees fit. Before the guest is entered again it is asked how (`enter`).
`toyvm/monitor/trap_and_emulate.py` is a whole one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from toyvm.arguments import check_address, check_callable, check_integer, check_text, wrong
from toyvm.errors import ToyvmError, UsageError
from toyvm.exits import EXIT_REASONS
from toyvm.host.exit_events import FIELDS, LAYOUT, ExitEvent
from toyvm.host.host import Guest, Host
from toyvm.isa.control import IE, MODE
from toyvm.isa.paging import PTE_R, PTE_W, PTE_X
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.machine.computer import Computer
from toyvm.machine.gate import one_thread_at_a_time
from toyvm.machine.run_loop import NEVER
from toyvm.names import unknown_name
from toyvm.native import ERRORS, ffi, lib
from toyvm.sizes import check_within

if TYPE_CHECKING:
    from toyvm.asm import Assembly
    from toyvm.image import Image

_RIGHTS = {"r": PTE_R, "w": PTE_W, "x": PTE_X}
_INTERRUPT = 1 << 63
_MOST_ALIKE = 100  # exits in a row that are the same in everything: the monitor gets nowhere


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
_EFFECTS = (
    *("next", "jump", "flush", "flush_page", "trap"),
    *("off", "idle", "need_input", "full", "wait"),
)
_STOPS = {
    lib.T64_EFFECT_IDLE: lib.T64_STOP_IDLE,
    lib.T64_EFFECT_NEED_INPUT: lib.T64_STOP_INPUT,
    lib.T64_EFFECT_FULL: lib.T64_STOP_OUTPUT,
    lib.T64_EFFECT_WAIT: lib.T64_STOP_WAIT,
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

    kind: str  # next, jump, flush, flush_page, trap, off, idle, need_input, full, wait
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


@one_thread_at_a_time("user_mode", "interrupts_enabled")  # by the guest's native_state
class Vcpu:
    """The CPU that the guest believes to have. Registers may be read and written while the guest stands still."""

    def __init__(self, guest: MonitoredGuest) -> None:
        self._guest = guest
        self.gate = guest.gate
        self.registers = guest.registers
        self.control = guest.control

    @property
    def user_mode(self) -> bool:
        return bool(self._guest.native_state.status & MODE)

    @property
    def interrupts_enabled(self) -> bool:
        return bool(self._guest.native_state.status & IE)

    def pending_interrupt(self) -> int | None:
        """The cause of the interrupt that imask lets in now, whether interrupts are on or not; None: there is none."""
        return int(lib.t64_custom_interrupt(self._guest.standing())) or None

    def next_event(self) -> int | None:
        """The guest's time at which imask may let in the next timer or device interrupt; None: never."""
        event = lib.t64_custom_next_event(self._guest.standing())
        return int(event.time) if event.comes else None

    def trap(self, cause: int, tval: int = 0) -> None:
        """Take a trap at pc, as the hardware would; a double fault ends the guest. Raises UsageError."""
        cause, tval = check_address(cause, "cause"), check_address(tval, "tval")
        self._guest.checked(lib.t64_custom_trap(self._guest.standing(), cause, tval), "a trap")


@one_thread_at_a_time()
class Shadow:
    """The tables that the hardware walks while the guest runs, one tree for each space."""

    def __init__(self, guest: MonitoredGuest) -> None:
        self._guest = guest
        self.gate = guest.gate

    def map(self, gva: int, hpa: int, rights: str, space: Space) -> None:
        """Map the page of `gva` to the host's page of `hpa` with rights of "rwx". Others may be forgotten for it.

        Raises UsageError for a page that is not the guest's own.
        """
        gva, hpa = check_address(gva, "address"), check_address(hpa, "host-physical address")
        bits = 0
        for right in check_text(rights, "rights"):
            if right not in _RIGHTS:
                raise unknown_name("right", right, _RIGHTS)
            bits |= _RIGHTS[right]
        code = lib.t64_custom_map(self._guest.standing(), _space(space), gva, hpa, bits)
        if code == lib.T64_ERROR_RANGE:
            raise UsageError(f"host-physical {hpa:#x} is not in a page of guest {self._guest.name}'s own")
        self._guest.checked(code, "mapping a page")

    def flush(self) -> None:
        """Forget everything, in both spaces."""
        self._guest.checked(lib.t64_custom_flush(self._guest.standing()), "a flush")

    def flush_page(self, gva: int) -> None:
        """Forget one page, in both spaces: all of a large one that the guest's tables had when it was mapped."""
        code = lib.t64_custom_flush_page(self._guest.standing(), check_address(gva, "address"))
        self._guest.checked(code, "a flush")


@one_thread_at_a_time("handle", "enter")
class Monitor:
    """A monitor of one guest: derive from it, and say what to do at an exit and before an entry.

    host.guest(monitor=MyMonitor) makes a guest that it owns. An exception that it raises ends the run.
    """

    def __init__(self, guest: MonitoredGuest) -> None:
        self.guest = guest
        self.gate = guest.gate
        self.vcpu = Vcpu(guest)
        self.shadow = Shadow(guest)

    def handle(self, exit: Exit) -> None:
        """An exit: do about it what is to be done. The guest stands at exit.pc; nothing of the instruction happened."""
        raise UsageError(f"monitor {type(self).__name__} does not say what to do at an exit; it takes handle(exit)")

    def enter(self) -> None:
        """The guest is about to go on: deliver an interrupt that is due, and say how with `run_in`."""
        raise UsageError(f"monitor {type(self).__name__} does not say how to go on; it takes enter()")

    def run_in(self, space: Space, alarm: int | None) -> None:
        """Go on in that address space, with an exit at the latest when the guest's time is `alarm`; None: never."""
        instant = {"comes": False} if alarm is None else {"time": check_address(alarm, "alarm"), "comes": True}
        self.guest.checked(lib.t64_custom_enter(self.guest.standing(), _space(space), instant), "an entry")
        self.guest.entered = True

    def emulate(self, word: int) -> Effect:
        """Execute one privileged or critical instruction on the vCPU, at its pc; what is no such is an illegal one."""
        return self.guest.emulate(check_within(check_integer(word, "word"), 0, (1 << 32) - 1, "word"))

    def walk(self, gva: int, access: Access, *, mark: bool = True) -> Mapping:
        """Ask the guest's own tables; where they allow the access, set A and D in them as the hardware would."""
        return self.guest.walk(check_address(gva, "address"), access, mark)

    def spin(self) -> None:
        """At an exit that is one: let the jump to itself go on up to the next event; a guest without one is stuck."""
        self.guest.checked(lib.t64_custom_spin(self.guest.standing()), "spinning without such an exit")


MonitorMaker = Callable[["MonitoredGuest"], Monitor]  # a class of monitors, or a function that makes one


@one_thread_at_a_time("standing", "checked", "emulate", "walk")  # which their callers and `standing` check
class MonitoredGuest(Guest):
    """A guest whose monitor is written in Python. What a monitor keeps itself is no part of its snapshots."""

    monitor: Monitor

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.entered = False  # since the last exit `run_in` was called
        self._running = False
        self._stop: int | None = None  # what the next run is to end with at once
        self._last: bytes | None = None  # the last exit...
        self._alike = 0  # ...and how many were the same
        self._emulation = ffi.new("t64_emulation *")
        self._mapping = ffi.new("t64_mapping *")
        self.runner.native_run = self._run_native

    def standing(self) -> Any:
        """The native object, while the guest stands still. Raises UsageError."""
        vm = self.vm
        if self._running:
            raise UsageError(f"guest {self.name} is running; its monitor acts between an exit and an entry")
        return vm

    def checked(self, code: int, doing: str) -> None:
        if code != lib.T64_OK:
            raise ToyvmError(f"{doing}: {ERRORS[code]}")

    def load(self, image: Image | Assembly) -> None:
        super().load(image)
        self._stop = self._last = None

    def restore(self, snapshot: bytes) -> None:
        super().restore(snapshot)
        self._stop = self._last = None

    # What the run loop calls.

    def _run_native(self, vm: Any, goal: int) -> int:
        if self._stop is not None:
            stop, self._stop, self._last = self._stop, None, None
            return stop
        if self.native_state.retired < goal and not lib.t64_vm_halted(vm):
            self.entered = False
            self.monitor.enter()
            if not self.entered:
                raise UsageError(f"monitor {type(self.monitor).__name__}: enter() returned without run_in()")
        self._running = True
        try:
            return int(lib.t64_vm_run(vm, goal))
        finally:
            self._running = False

    def _on_exit(self) -> None:
        """Show the exit to those who asked to see it, then have it handled, unless they moved the guest away."""
        raw = self._exit_bytes[:]
        fields = dict(zip(FIELDS, LAYOUT.unpack(raw), strict=True))
        self._check_progress(raw, fields)
        for observer in self._observers.by_reason.get(raw[0], ()):
            observer(ExitEvent(self, raw, self._state.skipped))
        if self.pc == fields["pc"]:
            self.monitor.handle(_exit_of(fields))

    def _check_progress(self, raw: bytes, fields: dict[str, int]) -> None:
        self._alike = self._alike + 1 if raw == self._last else 0
        self._last = raw
        if self._alike >= _MOST_ALIKE:
            self._last = None
            raise UsageError(
                f"monitor {type(self.monitor).__name__} gets nowhere: exit {EXIT_REASONS[fields['reason']].name} at "
                f"{fields['pc']:#x} about {fields['tval']:#x} came {_MOST_ALIKE} times in a row"
            )

    def _watch(self) -> None:
        """Every exit comes to Python in any case."""

    # What the monitor calls.

    def emulate(self, word: int) -> Effect:
        """See Monitor.emulate."""
        found = self._emulation
        self.checked(lib.t64_custom_emulate(self.standing(), word, found), "emulating")
        self._stop = lib.T64_STOP_YIELD if found.yields else _STOPS.get(found.kind)
        kind = _EFFECTS[found.kind]
        if kind == "trap":
            return Effect(kind, cause=int(found.cause), tval=int(found.tval))
        return Effect(kind, page=int(found.page) if kind == "flush_page" else None)

    def walk(self, gva: int, access: Access, mark: bool) -> Mapping:
        """See Monitor.walk."""
        if not isinstance(access, Access):
            raise wrong("access", access, "a member of Access")
        found = self._mapping
        self.checked(lib.t64_custom_walk(self.standing(), gva, access, bool(mark), found), "a walk")
        if found.cause:
            return Mapping(int(found.cause), int(found.gpa), None, "")
        rights = "".join(right for right, bit in _RIGHTS.items() if found.rights & bit)
        return Mapping(None, int(found.gpa), int(found.hpa), rights)


def monitored_guest(maker: MonitorMaker, host: Host, *arguments: Any) -> MonitoredGuest:
    """The guest of a host with a monitor that `maker` makes for it. Raises UsageError if that makes none."""
    name = getattr(maker, "__name__", type(maker).__name__)
    guest = MonitoredGuest(host, f"python:{name}", *arguments)
    try:
        monitor = check_callable(maker, "monitor")(guest)
        if not isinstance(monitor, Monitor):
            raise wrong("monitor", monitor, "a class derived from toyvm.monitor.Monitor")
    except BaseException:
        Computer.close(guest)  # it has no place on the host yet
        raise
    guest.monitor = monitor
    return guest


def _exit_of(fields: dict[str, int]) -> Exit:
    gpa = fields["gpa"]
    return Exit(
        reason=EXIT_REASONS[fields["reason"]].name,
        word=fields["word"],
        pc=fields["pc"],
        cause=fields["cause"],
        tval=fields["tval"],
        gpa=None if gpa == NEVER else gpa,
        instructions=fields["retired"],
    )


def _space(space: Space) -> int:
    if space not in (Space.KERNEL, Space.USER):
        raise wrong("space", space, "Space.KERNEL or Space.USER")
    return int(space)
