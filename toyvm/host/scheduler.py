"""Sharing a host: its guests run by turns, as the schedule has it, each until something stops it for good."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic, sleep, thread_time
from typing import TYPE_CHECKING, Any

from toyvm.errors import UsageError
from toyvm.host.stride import Client, Schedule
from toyvm.machine.console import POLL_SECONDS
from toyvm.machine.ctrl_c import interrupts_given_to
from toyvm.machine.diagnosis import conclude
from toyvm.machine.outcome import Outcome, Stop
from toyvm.machine.run_loop import FINAL, NEVER
from toyvm.native import ffi, lib

if TYPE_CHECKING:
    from concurrent.futures import Future

    from toyvm.host.guest import Guest

_LOOK_SECONDS = 0.002  # how often guests that wait for the world outside are looked at while others run...
_LOOK_PART = 20  # ...unless that would take more than one part in so many of the time

_PIECE = 1_000_000  # instructions of a turn, until clock and Ctrl-C are looked at
_WAITING = {lib.T64_STOP_INPUT, lib.T64_STOP_WAIT, lib.T64_STOP_OUTPUT}


class HostStop(StrEnum):
    """Why a host's run ended. In each case another one goes on from there."""

    DONE = "done"  # no guest can run any more: each has stopped, or is paused
    LIMIT = "limit"  # as many ticks as allowed have passed
    TIMEOUT = "timeout"  # as many seconds as allowed have passed
    INTERRUPTED = "interrupted"  # Ctrl-C, or `interrupt()`


class Condition(StrEnum):
    """What a guest on a shared host is up to."""

    READY = "ready"  # it runs when its turn comes
    WAITING = "waiting"  # for input, for whoever reads its output, or for its terminal's clock
    PAUSED = "paused"
    STOPPED = "stopped"  # by its host, for good
    ENDED = "ended"  # by itself; `outcome` says how


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a guest waits for: input, room for its output, or the moment `due` (monotonic seconds)."""

    code: int
    due: float


class Seat:
    """A guest's place on its host: what it may have, what it had, and whether it can run.

    Whatever is asked of it is done between two turns, so that any thread and any observer may ask.
    """

    def __init__(self, guest: Guest, sharing: Sharing, client: Client, limit: int) -> None:
        self.guest = guest
        self.native = guest.vm
        self.client = client
        self.limit = limit  # instructions in all
        self.joined = sharing.schedule.clock
        self.left: int | None = None  # the clock when it ended
        self.outcome: Outcome | None = None  # how it ended
        self.paused = self.stopped = False
        self.is_domain = False  # other guests may send it events
        self._sharing = sharing
        self._wait: _Wait | None = None

    @property
    def condition(self) -> Condition:
        if self.stopped:
            return Condition.STOPPED
        if self.outcome is not None:
            return Condition.ENDED
        if self.paused:
            return Condition.PAUSED
        return Condition.READY if self._wait is None else Condition.WAITING

    @property
    def over(self) -> bool:
        """Will it never run again?"""
        return self.stopped or self.outcome is not None

    @property
    def share_got(self) -> float:
        """The part of the host's ticks that it had between its creation and its end, 0..1."""
        end = self._sharing.schedule.clock if self.left is None else self.left
        return self.client.ran / (end - self.joined) if end > self.joined else 0.0

    def pause(self) -> None:
        self._check_not_over("pause")
        self.paused = True
        self._sharing.changed(self)

    def resume(self) -> None:
        self._check_not_over("resume")
        self.paused = False
        self._sharing.changed(self)

    def stop(self) -> None:
        if not self.over:
            self.stopped = True
            self._sharing.changed(self)

    def _check_not_over(self, what: str) -> None:
        if self.over:
            raise UsageError(f"guest {self.guest.name} has ended; there is nothing to {what}")


class Sharing:
    """The run loop of a host that many guests share."""

    def __init__(self, schedule: Schedule, woken: Callable[[], Any]) -> None:
        """`woken` gives the native objects of guests to which others have sent something, one by one, then NULL."""
        self.schedule = schedule
        self._woken = woken
        self.seconds = 0.0  # CPU time in all...
        self.seconds_of_guests = 0.0  # ...and of it the guests'
        self._seats: dict[int, Seat] = {}  # by client number
        self._changes: deque[Seat] = deque()
        self._waiting: dict[Any, Seat] = {}  # those that the world outside may wake, by native object
        self._idle: dict[Any, Seat] = {}  # those that others may wake, by native object...
        self._untold: set[Seat] = set()  # ...and of them those whose end is not described yet
        self._look_again = 0.0  # when to look at them again
        self._interrupted = False
        self._posted: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.is_running = False

    def seat(self, guest: Guest, client: Client, limit: int | None) -> Seat:
        """A place for a guest."""
        seat = Seat(guest, self, client, NEVER if limit is None else limit)
        self._seats[client.number] = seat
        self.changed(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """The guest is closed."""
        self._seats.pop(seat.client.number, None)
        self.schedule.sleep(seat.client)
        with suppress(ValueError):
            while True:
                self._changes.remove(seat)
        self._waiting.pop(seat.native, None)
        self._idle.pop(seat.native, None)
        self._untold.discard(seat)

    def changed(self, seat: Seat) -> None:
        """Something about it has to be done before the next turn."""
        self._changes.append(seat)

    def post(self, function: Callable[[], Any]) -> Future[Any]:
        """See Host.post."""
        from concurrent.futures import Future

        future: Future[Any] = Future()
        self._posted.append((future, function))
        return future

    def do_posted_if_alone(self) -> None:
        """Do it in the run of one guest, unless that is inside the host's."""
        if self._posted and not self.is_running:
            self._do_posted()

    def _do_posted(self) -> None:
        for _ in range(len(self._posted)):  # what these post has its turn after the guests have had theirs
            future, function = self._posted.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:
                future.set_exception(error)
                if not isinstance(error, Exception):  # Ctrl-C, say, is for whoever runs the host
                    raise
            else:
                future.set_result(result)

    def cancel_posted(self) -> None:
        """The host is closed: nobody will do it."""
        with suppress(IndexError):
            while True:
                self._posted.popleft()[0].cancel()

    def interrupt(self) -> None:
        """End the run under way, or the next one, as soon as possible. Any thread and any observer may call this."""
        self._interrupted = True

    def run(self, ticks: int | None, timeout: float | None, waits: bool) -> HostStop:
        """Run the guests by turns, for so many ticks of the host's clock or seconds at most.

        Unless it `waits`, it is done where only input could let any of them go on.
        """
        if self.is_running:
            raise UsageError("this host is running already")
        goal = NEVER if ticks is None else self.schedule.clock + ticks
        deadline = float("inf") if timeout is None else monotonic() + timeout
        self.is_running = True
        try:
            return self._timed_loop(goal, deadline, waits)
        finally:
            self.is_running = False

    def _timed_loop(self, goal: int, deadline: float, waits: bool) -> HostStop:
        started, self._look_again = thread_time(), 0.0
        try:
            with interrupts_given_to(self.interrupt):
                return self._loop(goal, deadline, waits)
        finally:
            self._interrupted = False
            self._tell_ends()
            self.seconds += thread_time() - started

    def _loop(self, goal: int, deadline: float, waits: bool) -> HostStop:
        while True:
            self._do_posted()
            if self._idle or self._waiting:
                self._wake()
            self._settle_changes()
            if self._interrupted:
                return HostStop.INTERRUPTED
            now = monotonic()
            if now >= deadline:
                return HostStop.TIMEOUT
            if self._waiting and now >= self._look_again:
                self._look()
            if self.schedule.clock >= goal:
                return HostStop.LIMIT
            turn = self.schedule.next(goal - self.schedule.clock)
            if turn is not None:
                self._take_turn(self._seats[turn[0].number], turn[1])
            elif self._may_go_on(waits):
                self._sleep(deadline)
            elif self.schedule.clock < goal and not self._changes and not self._posted:
                return HostStop.DONE

    def _settle_changes(self) -> None:
        while self._changes:
            seat = self._changes.popleft()
            if seat.client.number not in self._seats:  # asked of it by another thread while it was closed
                continue
            if seat.condition is Condition.READY:
                self.schedule.wake(seat.client)
            else:
                self.schedule.sleep(seat.client)
            if seat.over and seat.left is None:
                seat.left = self.schedule.clock

    def _take_turn(self, seat: Seat, count: int) -> None:
        before, code = seat.guest.retired, lib.T64_STOP_LIMIT
        seconds = seat.guest.runner.seconds
        try:
            code = seat.guest._take_turn(min(before + min(count, _PIECE), seat.limit))
        finally:
            gave_up = code in (lib.T64_STOP_YIELD, lib.T64_STOP_IDLE)  # others may wake it at once, again and again
            took_all = code == lib.T64_STOP_WORK  # its monitor did
            ran = count if took_all else seat.guest.retired - before
            self.seconds_of_guests += seat.guest.runner.seconds - seconds
            self.schedule.used(ran, gave_up=gave_up)
        if seat.guest.runner.take_interruption():
            self.interrupt()
        if code in FINAL:
            self._end(seat, FINAL[code])
        elif code in _WAITING:
            self._wait(seat, code)
        elif seat.guest.retired >= seat.limit and code != lib.T64_STOP_WORK:
            self._end(seat, Stop.LIMIT)
        elif seat.guest.runner.is_behind():  # what it prints in a turn may be less than its console holds
            self._wait(seat, lib.T64_STOP_OUTPUT)

    def _end(self, seat: Seat, stop: Stop) -> None:
        guest = seat.guest
        if stop is Stop.IDLE and seat.is_domain:
            seat.outcome = Outcome(stop, guest.retired, guest.runner.seconds, "the guest waits for others")
            self._idle[seat.native] = seat
            self._untold.add(seat)
        else:
            seat.outcome = conclude(guest, stop, guest.runner.seconds)
        self.changed(seat)

    def _wake(self) -> None:
        """Those to which others have sent what ends their wait go on."""
        while (native := self._woken()) != ffi.NULL:
            seat = self._idle.get(native) or self._waiting.get(native)
            if seat is None or seat.stopped or not lib.t64_guest_wakes(native):
                continue
            if seat._wait is None:
                del self._idle[native]
                seat.outcome, seat.left = None, None
            elif seat._wait.code == lib.T64_STOP_WAIT:
                del self._waiting[native]
                seat._wait = None
            self.changed(seat)

    def _tell_ends(self) -> None:
        """Describe the waits that nobody has ended: most waits for others are over before it comes to that."""
        for seat in self._untold:
            if seat.outcome is not None and seat.outcome.stop is Stop.IDLE:
                seat.outcome = conclude(seat.guest, Stop.IDLE, seat.outcome.seconds)
        self._untold.clear()

    def _wait(self, seat: Seat, code: int) -> None:
        due = seat.guest.runner.due() if code == lib.T64_STOP_WAIT else float("inf")
        seat._wait = _Wait(code, due)
        self._waiting[seat.native] = seat
        self.changed(seat)

    def _look(self) -> None:
        """Have those that wait what they wait for?"""
        started = monotonic()
        try:
            for seat in list(self._waiting.values()):
                if seat.guest.closed:  # by another one's input, just now
                    continue
                if seat.over or (not seat.paused and self._has_come(seat)):
                    seat._wait = None
                    self.changed(seat)
        finally:  # an input may raise
            self._waiting = {native: seat for native, seat in self._waiting.items() if seat._wait is not None}
            now = monotonic()
            self._look_again = now + max(_LOOK_SECONDS, _LOOK_PART * (now - started))

    def _has_come(self, seat: Seat) -> bool:
        runner, wait = seat.guest.runner, seat._wait
        assert wait is not None, "only those that wait are looked at"
        if wait.code == lib.T64_STOP_OUTPUT:
            return not runner.is_behind()
        return runner.wakes(wait.due) if wait.code == lib.T64_STOP_WAIT else runner.bring(0)

    def _may_go_on(self, waits: bool) -> bool:
        """Is there one that waits, and not for others to write or read alone unless that counts?"""
        waiting = [seat._wait for seat in self._waiting.values() if seat.condition is Condition.WAITING]
        return any(wait is not None and (waits or wait.due != float("inf")) for wait in waiting)

    def _sleep(self, deadline: float) -> None:
        """Nobody can run before the world outside does something."""
        first = min((seat._wait.due for seat in self._waiting.values() if seat._wait), default=deadline)
        sleep(max(0.0, min(POLL_SECONDS / 10, min(first, deadline) - monotonic())))
        self._look_again = 0.0
