"""A guest whose monitor is written in Python: its exits go there, and it goes on as that says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, runtime_checkable

from toyvm.arguments import check_callable, wrong
from toyvm.errors import ToyvmError, UsageError
from toyvm.exits import EXIT_REASONS
from toyvm.host.exit_events import FIELDS, LAYOUT, ExitEvent
from toyvm.host.exit_records import Access, Effect, Exit, Mapping, exit_of
from toyvm.host.guest import Guest
from toyvm.isa.paging import RIGHT_BITS
from toyvm.machine.computer import Computer
from toyvm.machine.gate import one_thread_at_a_time
from toyvm.native import ERRORS, ffi, lib, names_of

if TYPE_CHECKING:
    from toyvm.asm import Assembly
    from toyvm.host.host import Host
    from toyvm.image import Image
    from toyvm.machine.power_cut import Medium

_MOST_ALIKE = 100  # exits in a row that are the same in everything: the monitor gets nowhere
_MOST_STANDING = 10_000  # exits in a row between which neither an instruction retires nor time goes by
_EFFECTS = names_of("t64_effect", "T64_EFFECT_") | names_of("t64_stop", "T64_STOP_")  # the latter are not negative


@runtime_checkable
class GuestMonitor(Protocol):
    """What a monitor in Python is to its guest: toyvm.monitor.Monitor is one."""

    def handle(self, exit: Exit) -> None: ...

    def enter(self) -> None: ...


MonitorMaker = Callable[["MonitoredGuest"], GuestMonitor]  # a class of monitors, or a function that makes one


@one_thread_at_a_time("standing", "checked", "emulate", "walk")  # which their callers and `standing` check
class MonitoredGuest(Guest):
    """A guest whose monitor is written in Python. What a monitor keeps itself is no part of its snapshots."""

    monitor: GuestMonitor

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.entered = False  # since the last exit `run_in` was called
        self._running = False
        self._stop: int | None = None  # what the next run is to end with at once
        self._last: bytes | None = None  # the last exit...
        self._alike = 0  # ...and how many were the same
        self._stood_at: tuple[int, int] | None = None  # instructions and ticks at the last exit...
        self._standing = 0  # ...and at how many they were these
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

    def restore(self, snapshot: bytes, *, disk: Medium | None = None) -> None:
        super().restore(snapshot, disk=disk)
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
            self.monitor.handle(exit_of(fields))

    def _check_progress(self, raw: bytes, fields: dict[str, int]) -> None:
        stands_at = fields["retired"], int(self._state.skipped)
        self._alike = self._alike + 1 if raw == self._last else 0
        self._standing = self._standing + 1 if stands_at == self._stood_at else 0
        self._last, self._stood_at = raw, stands_at
        if self._alike >= _MOST_ALIKE:
            self._nowhere(f"{_describe(fields)} came {_MOST_ALIKE} times in a row")
        if self._standing >= _MOST_STANDING:
            self._nowhere(f"{_MOST_STANDING} exits came in a row without an instruction, the last {_describe(fields)}")

    def _nowhere(self, why: str) -> NoReturn:
        self._last = self._stood_at = None
        raise UsageError(f"monitor {type(self.monitor).__name__} gets nowhere: {why}")

    def _watch(self) -> None:
        """Every exit comes to Python in any case."""

    # What the monitor calls.

    def emulate(self, word: int) -> Effect:
        """See Monitor.emulate."""
        found = self._emulation
        self.checked(lib.t64_custom_emulate(self.standing(), word, found), "emulating")
        stop = int(found.effect) if found.effect >= 0 else None
        self._stop = lib.T64_STOP_YIELD if found.yields else stop
        kind = _EFFECTS[found.effect]
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
        rights = "".join(right for right, bit in RIGHT_BITS.items() if found.rights & bit)
        return Mapping(None, int(found.gpa), int(found.hpa), rights)


def _describe(fields: dict[str, int]) -> str:
    return f"exit {EXIT_REASONS[fields['reason']].name} at {fields['pc']:#x} about {fields['tval']:#x}"


def monitored_guest(maker: MonitorMaker, host: Host, *arguments: Any) -> MonitoredGuest:
    """The guest of a host with a monitor that `maker` makes for it. Raises UsageError if that makes none."""
    name = getattr(maker, "__name__", type(maker).__name__)
    guest = MonitoredGuest(host, f"python:{name}", *arguments)
    try:
        monitor = check_callable(maker, "monitor")(guest)
        if not isinstance(monitor, GuestMonitor):
            raise wrong("monitor", monitor, "a class derived from toyvm.monitor.Monitor")
        guest._check_open()
    except BaseException:
        Computer.close(guest)  # it has no place on the host yet
        raise
    guest.monitor = monitor
    return guest
