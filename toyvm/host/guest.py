"""A guest: one virtual machine on a host, by the same interface as the bare machine, and its exits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

from toyvm.arguments import check_integer, check_list, check_text, check_within, unknown_name
from toyvm.errors import UsageError
from toyvm.exits import BY_NAME, EXIT_REASONS, NAMED
from toyvm.host.exit_events import ExitEvent, Observer, Observers
from toyvm.host.scheduler import Condition, Seat
from toyvm.hypercalls import HYPERCALLS
from toyvm.isa.guest_mode import INTERCEPT_BY_NAME
from toyvm.isa.paging import PAGE_SIZE
from toyvm.machine.computer import Computer
from toyvm.machine.console import Input
from toyvm.machine.disk import Disk
from toyvm.machine.gate import one_thread_at_a_time
from toyvm.machine.holding import Holding
from toyvm.machine.outcome import Outcome
from toyvm.machine.tlb import TlbShape
from toyvm.native import NOWHERE, ffi, lib

if TYPE_CHECKING:
    from toyvm.host.host import Host
    from toyvm.machine.run_loop import Runner


@one_thread_at_a_time("condition", "is_running", "outcome", "pause", "resume", "stop")
class Guest(Computer):
    """One virtual machine on a host: the same interface as the bare machine, and its exits.

    `registers`, `control` and `memory` are what the guest sees: its vCPU, and guest-physical addresses.
    """

    _noun = "guest"
    runner: Runner
    seat: Seat  # its place on the host's schedule

    def __init__(
        self,
        host: Host,
        technique: str,
        holding: Holding,
        input: Input,
        output: BinaryIO | None,
        disk: Disk | None,
        name: str,
        tlb: TlbShape | None = None,
    ) -> None:
        self.host = host
        self.name = name
        self.technique = technique
        super().__init__(holding, host.gate, input, output, disk)
        if tlb is not None:
            self._model_tlb(tlb)
        self._observers = Observers()
        self._exit_bytes = ffi.buffer(lib.t64_vm_exit(holding.native))
        self.runner.on_exit = self._on_exit
        self.runner.between_slices = host.sharing.do_posted_if_alone

    def close(self) -> None:
        had_a_seat = hasattr(self, "seat")
        try:
            super().close()
        finally:
            if had_a_seat and self.closed:
                self.host._forget(self)
                self.runner.detach()
                del self.seat  # which has the guest

    def __repr__(self) -> str:
        return f"<Guest {self.name} of technique {self.technique}{', closed' if self.closed else ''}>"

    # Its part in the host's run; what is asked for is done at once between two turns.

    @property
    def is_running(self) -> bool:
        """Is a run of it under way?"""
        self._check_open()
        return self._is_running

    @property
    def _open_seat(self) -> Seat:
        seat: Seat | None = getattr(self, "seat", None)  # at once: another thread may close it now
        self._check_open()
        if seat is None:
            raise UsageError(f"guest {self.name} is being made, and has no place on the host yet")
        return seat

    @property
    def condition(self) -> Condition:
        """Can it run: ready, waiting, paused, stopped, ended."""
        return self._open_seat.condition

    @property
    def outcome(self) -> Outcome | None:
        """How it ended in the host's run."""
        return self._open_seat.outcome

    @property
    def share(self) -> int:
        return self._open_seat.client.share

    @share.setter
    def share(self, share: int) -> None:
        self.host.sharing.schedule.set_share(self._open_seat.client, share)

    @property
    def cap(self) -> int:
        """Percent of the host."""
        return self._open_seat.client.cap

    @cap.setter
    def cap(self, cap: int) -> None:
        self.host.sharing.schedule.set_cap(self._open_seat.client, cap)

    def pause(self) -> None:
        """Give it no more turns until `resume`. Raises UsageError if it has ended."""
        self._open_seat.pause()

    def resume(self) -> None:
        """The inverse of `pause`."""
        self._open_seat.resume()

    def stop(self) -> None:
        """Give it no more turns at all; its state stays as it is."""
        self._open_seat.stop()

    def _take_turn(self, goal: int) -> int:
        """Run as one of many until `goal` instructions have retired in all; see Runner.turn."""
        with self._alone():
            return self.runner.turn(goal)

    # Exits.

    def observe(self, observer: Observer, reasons: str | Iterable[str] | None = None) -> None:
        """Call `observer(event)` at each exit of these reasons (toyvm.exits; None: all), before it is handled."""
        self._observers.add(observer, reasons)
        self._watch()

    def unobserve(self, observer: Observer) -> None:
        """Never call `observer` again."""
        self._observers.remove(observer)
        self._watch()

    def _watch(self) -> None:
        lib.t64_vm_observe(self.vm, self._observers.mask)

    def intercept(self, names: Iterable[str] = ()) -> None:
        """Have guest mode exit for these too (toyvm.isa.guest_mode.INTERCEPTS); the guest cannot tell.

        Each call says all of them anew. Raises UsageError for a name that is none, and where there is no guest mode.
        """
        mask = 0
        for name in [names] if isinstance(names, str) else check_list(names, "intercepts", "names of intercepts"):
            if check_text(name, "intercept") not in INTERCEPT_BY_NAME:
                raise unknown_name("intercept", name, INTERCEPT_BY_NAME)
            mask |= 1 << INTERCEPT_BY_NAME[name].bit
        if lib.t64_guest_intercept(self.vm, mask):
            raise UsageError(f"technique {self.technique} has no intercepts: it runs in no guest mode")

    def _on_exit(self) -> None:
        """Show the exit to those who asked to see it."""
        raw = self._exit_bytes[:]
        event = ExitEvent(self, raw, self._state.skipped)
        # A reason is below 64, so the first byte of the structure is all of it.
        for observer in self._observers.by_reason.get(raw[0], ()):
            observer(event)

    @property
    def recompilation(self) -> dict[str, int]:
        self.vm  # noqa: B018 (raises once closed)
        return self.host.recompilation

    @property
    def exits(self) -> dict[str, int]:
        counts = lib.t64_vm_exits(self.vm)[0 : len(EXIT_REASONS)]
        return {reason.name: int(count) for reason, count in zip(EXIT_REASONS, counts, strict=True) if count}

    @property
    def reservation(self) -> int:
        """Pages that the guest has now: all of its memory, but for what a paravirtual one has given back."""
        return int(lib.t64_guest_pages(self.vm))

    @property
    def balloon_target(self) -> int:
        """Pages that a paravirtual guest is to have: it sees that, may give back what is more, and gets no more."""
        return int(lib.t64_guest_target(self.vm))

    @balloon_target.setter
    def balloon_target(self, pages: int) -> None:
        limit = self.memory_size // PAGE_SIZE
        if not 0 <= check_integer(pages, "balloon_target") <= limit:
            raise UsageError(f"a target of {pages} pages; guest {self.name} has at most {limit}")
        if lib.t64_guest_set_target(self.vm, pages) != lib.T64_OK:
            raise UsageError(f"a guest of technique {self.technique} has no balloon; para has one")

    @property
    def operands(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for reason, names in NAMED.items():
            counts = lib.t64_vm_operands(self.vm, BY_NAME[reason].number)[0 : lib.T64_OPERANDS]
            if named := {names.get(number, "none"): int(count) for number, count in enumerate(counts) if count}:
                found[reason] = named
        return found

    @property
    def hypercalls(self) -> dict[str, int]:
        """The exits for a hypercall, by its name; `none` for numbers that there are not."""
        names = (*(call.name for call in HYPERCALLS), "none")
        counts = lib.t64_vm_calls(self.vm)[0 : len(names)]
        return {name: int(count) for name, count in zip(names, counts, strict=True) if count}

    def root(self, mode: int) -> int | None:
        """Host-physical root of the tables that the hardware walks in kernel (0) or user mode (1); None: none yet."""
        value = int(lib.t64_guest_root(self.vm, check_within(mode, 0, 1, "mode")))
        return None if value == NOWHERE else value

    def host_frame(self, page: int) -> int:
        """The host frame that holds a guest-physical page."""
        self._check_range(check_integer(page, "page") * PAGE_SIZE, PAGE_SIZE)
        return int(lib.t64_guest_frame(self.vm, page))
