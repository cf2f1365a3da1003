"""Monitors in Python: the mechanisms that the monitors in C are made of, for one that a user writes.

The guest's kernel and its users run on the host's hardware, in user mode, in one of two address spaces of the monitor's
own. Whatever traps there is an exit: the monitor is asked (`handle`), and does with the vCPU, the shadow tables and the
guest's own tables what it sees fit. Before the guest is entered again it is asked how (`enter`).
`toyvm/monitor/trap_and_emulate.py` is a whole one.
"""

from __future__ import annotations

from toyvm.arguments import check_address, check_integer, check_within, wrong
from toyvm.errors import UsageError
from toyvm.host.exit_records import Access, Effect, Exit, Mapping, Space
from toyvm.host.monitored_guest import MonitoredGuest
from toyvm.isa.control import IE, MODE
from toyvm.isa.paging import RIGHT_BITS
from toyvm.machine.computer import bits_of_rights
from toyvm.machine.gate import one_thread_at_a_time
from toyvm.native import lib


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
        bits = bits_of_rights(rights, RIGHT_BITS)
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


def _space(space: Space) -> int:
    if space not in (Space.KERNEL, Space.USER):
        raise wrong("space", space, "Space.KERNEL or Space.USER")
    return int(space)
