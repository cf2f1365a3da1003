"""The run loop: short slices of native execution, with console, clock and Ctrl-C looked after in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, perf_counter, thread_time
from typing import Any, Protocol

from toyvm.errors import ToyvmError
from toyvm.isa.control import ALL_BITS
from toyvm.machine.console import CHUNK, POLL_SECONDS, InputRecord, InputSource, OutputSink, ReplayInput
from toyvm.machine.ctrl_c import interrupts_given_to
from toyvm.machine.holding import Holding
from toyvm.machine.outcome import Stop
from toyvm.native import ERRORS, ffi, lib

SLICE_SECONDS = 0.005
# Instructions. The smallest is far more than a page of code holds: within a page of its end the core goes one by one.
FIRST_SLICE, SMALLEST_SLICE, LARGEST_SLICE = 200_000, 20_000, 50_000_000
NEVER = ALL_BITS

# Stops of the core that end a run, whatever its limits.
FINAL = {lib.T64_STOP_EXIT: Stop.EXIT, lib.T64_STOP_IDLE: Stop.IDLE, lib.T64_STOP_FAULT: Stop.FAULT}
_OUTPUT_SIZE = 16384
# Of a wfi with a live terminal, seconds. A disk takes microseconds: what is as near as that is due, and what is nearer
# than a poll can wait is looked for again and again.
_AS_GOOD_AS_DUE, _SHORTEST_SLEEP = 50e-6, 1e-3
# Of a turn among many: bytes that its console may move, beside one an instruction, and exits shown to observers.
MOVED_A_TURN, SHOWN_A_TURN = 1 << 18, 1_000


def _nothing() -> None:
    pass


def _never() -> bool:
    return False


class RunLoop(Protocol):
    """What a computer asks of whatever runs it."""

    def run(self, target: int, deadline: float) -> Stop: ...
    def run_to(self, address: int, target: int, deadline: float) -> Stop: ...
    def run_to_disk_write(self, target: int, deadline: float) -> Stop: ...
    def interrupt(self) -> None: ...


class Runner:
    """Runs one computer, and remembers between runs how long its slices should be.

    It knows all that it needs of the computer, but not whose that is: neither keeps the other alive.
    """

    def __init__(self, holding: Holding, source: InputSource, sink: OutputSink, log: list[InputRecord]) -> None:
        self._holding = holding
        self._state = lib.t64_vm_state(holding.native)
        self._source = source
        self._sink = sink
        self._log = log
        self._slice = FIRST_SLICE
        self._interrupted = False
        self.seconds = 0.0  # CPU time of its turns
        self._moved = 0  # bytes that its console has moved
        self.native_run: Callable[[Any, int], int] = lib.t64_vm_run
        self._unsent = b""  # input that the machine's buffer had no room for
        self._output = ffi.new("uint8_t[]", _OUTPUT_SIZE)
        self.on_exit: Callable[[], None] = _nothing  # the native core stopped at an exit that someone observes
        self.between_slices: Callable[[], None] = _nothing

    def interrupt(self) -> None:
        """Stop the run under way, or the next one, as soon as possible; any thread and any observer may call this."""
        self._interrupted = True

    def detach(self) -> None:
        """Forget whom it runs for: it will not run any more."""
        self.on_exit, self.between_slices, self.native_run = _nothing, _nothing, lib.t64_vm_run

    def run(self, target: int, deadline: float) -> Stop:
        """Run until `target` instructions have retired in all, `deadline` (monotonic seconds) or another stop."""
        with self._looked_after():
            return self._loop(target, deadline)

    def run_to(self, address: int, target: int, deadline: float) -> Stop:
        """The same by single steps, at least one, until pc is at `address`, which counts as the limit."""
        state = self._state
        with self._looked_after():
            stop = Stop.LIMIT
            while stop is Stop.LIMIT and state.retired < target:
                stop = self._loop(state.retired + 1, deadline)
                if state.pc == address:
                    break
            return stop

    def run_to_disk_write(self, target: int, deadline: float) -> Stop:
        """The same until the disk has been written to once more, which counts as the limit."""
        vm = self._holding.native
        writes = lib.t64_vm_disk_writes(vm) + 1
        lib.t64_vm_stop_after_writes(vm, writes)
        try:
            with self._looked_after():
                return self._loop(target, deadline, lambda: lib.t64_vm_disk_writes(vm) >= writes)
        finally:
            lib.t64_vm_stop_after_writes(vm, 0)

    def _loop(self, target: int, deadline: float, is_there: Callable[[], bool] = _never) -> Stop:
        """Where the core stops at its limit before the target, `is_there` says whether the run is meant to end."""
        state, source = self._state, self._source
        while True:
            self.between_slices()
            if self._interrupted:
                return Stop.INTERRUPTED
            if monotonic() >= deadline:
                return Stop.TIMEOUT
            if source.live:
                self._poll_terminal()
            code = self._run_slice(min(target, self._goal(state.retired)))
            self.drain()
            if code in FINAL:
                return FINAL[code]
            if code == lib.T64_STOP_INPUT:
                self._bring_input(deadline)
            elif code == lib.T64_STOP_WAIT:
                self._wait(deadline)
            elif code < 0:
                raise ToyvmError(f"running: {ERRORS[code]}")
            elif code == lib.T64_STOP_LIMIT and (state.retired >= target or is_there()):
                return Stop.LIMIT

    def turn(self, goal: int) -> int:
        """Run to `goal` as one of many, which never wait for the world outside: the native core's stop.

        T64_STOP_YIELD: it gives way. T64_STOP_WORK: so does its monitor, with work left to do for it, as where one
        instruction moves more through its console than a turn may. T64_STOP_INPUT, T64_STOP_WAIT and T64_STOP_OUTPUT:
        it waits; see `bring`, `wakes` and `is_behind`. T64_STOP_OBSERVED: it is interrupted, or others have to be
        looked after meanwhile.
        """
        vm, most = self._holding.native, self._moved + MOVED_A_TURN - int(self._state.retired)
        lib.t64_vm_yields(vm, 1)
        try:
            code = self._turn(goal)
            while self._goes_on(code, goal):
                if self._moved > most + int(self._state.retired):
                    return int(lib.T64_STOP_WORK)
                code = self._turn(goal)
        finally:
            lib.t64_vm_yields(vm, 0)
            self.drain()
        return code

    def _turn(self, goal: int) -> int:
        """Run until any stop, short of input that a replay has to bring."""
        if self._source.live:
            self._poll_terminal()
        started = thread_time()
        code = self._run_native(min(goal, self._next_replayed()))
        self.seconds += thread_time() - started
        self.drain()
        if code < 0:
            raise ToyvmError(f"running: {ERRORS[code]}")
        return code

    def _goes_on(self, code: int, goal: int) -> bool:
        """Did it stop for what has been done about already?"""
        if code == lib.T64_STOP_INPUT:
            return self.bring(0)
        if code == lib.T64_STOP_WAIT:
            return self.wakes(self.due())
        if code == lib.T64_STOP_OUTPUT:
            return not self.is_behind()
        return bool(code == lib.T64_STOP_LIMIT and int(self._state.retired) < goal)

    def _run_native(self, goal: int) -> int:
        """Run to `goal` unless something stops it, observers' exits excepted."""
        vm, run, observed = self._holding.native, self.native_run, lib.T64_STOP_OBSERVED
        code, shown = run(vm, goal), 0
        while code == observed:
            self.on_exit()
            shown += 1
            if self._interrupted or shown == SHOWN_A_TURN:
                break
            code = run(vm, goal)
        return int(code)

    def due(self) -> float:
        """When a wfi with a live terminal is over, in monotonic seconds: a tick is a nanosecond."""
        state, event = self._state, lib.t64_vm_next_event(self._holding.native)
        if isinstance(self._source, ReplayInput):
            return 0  # nobody is there to wait for
        ticks = event.time - state.retired - state.skipped & ALL_BITS
        return monotonic() + ticks * 1e-9 if event.comes else float("inf")

    def wakes(self, due: float) -> bool:
        """May a wfi with a live terminal go on: is it due, or was a key pressed?"""
        if monotonic() >= due:
            lib.t64_vm_skip(self._holding.native)
            return True
        return self._poll_terminal()

    def is_behind(self) -> bool:
        """Is whoever takes its output so far behind that it has to wait?"""
        return self._sink.is_behind

    def take_interruption(self) -> bool:
        """Was it interrupted? It is not any more."""
        was, self._interrupted = self._interrupted, False
        return was

    def _next_replayed(self) -> int:
        """Where the run must stop for a replay's next input."""
        source = self._source
        count = source.next_count if isinstance(source, ReplayInput) else None
        return NEVER if count is None else count

    def _goal(self, retired: int) -> int:
        """Where this slice ends: a slice further, or where a replay has input to bring."""
        return min(int(retired) + self._slice, self._next_replayed(), NEVER)

    def _run_slice(self, goal: int) -> int:
        """Run to `goal` unless something stops it; the time it took says how long the next slice should be."""
        vm, state, run = self._holding.native, self._state, self.native_run
        observed, on_exit = lib.T64_STOP_OBSERVED, self.on_exit
        before, started = state.retired, perf_counter()
        code = run(vm, goal)
        while code == observed:
            on_exit()
            if self._interrupted or perf_counter() - started > SLICE_SECONDS:
                break
            code = run(vm, goal)
        seconds, done = perf_counter() - started, state.retired - before
        if seconds > 0 and done > SMALLEST_SLICE:
            self._slice = max(SMALLEST_SLICE, min(LARGEST_SLICE, int(done * SLICE_SECONDS / seconds)))
        return int(code)

    def drain(self) -> None:
        """Hand on what the guest has written to its console."""
        count = lib.t64_vm_output(self._holding.native, self._output, _OUTPUT_SIZE)
        if count:
            self._moved += count
            self._sink.write(ffi.buffer(self._output, count)[:])

    def _bring_input(self, deadline: float) -> None:
        """The guest asked for input that is not there: fetch some, or its end, unless time runs out first."""
        while not self.bring(POLL_SECONDS):
            if self._interrupted or monotonic() >= deadline:
                return

    def bring(self, wait: float) -> bool:
        """Fetch input that the guest asked for, or its end. False: none came within `wait` seconds."""
        data = self._unsent or self._source.fetch(CHUNK, wait)
        if data is None:
            return False
        if data:
            self._send(data)
        else:
            lib.t64_vm_input_end(self._holding.native)
        return True

    def _send(self, data: bytes) -> int:
        taken = int(lib.t64_vm_input(self._holding.native, data, len(data)))
        self._unsent = data[taken:]
        self._moved += taken
        return taken

    def _poll_terminal(self, wait: float = 0) -> bool:
        """Bring what a terminal has, and record at which count. Did anything come?"""
        if isinstance(self._source, ReplayInput):
            parts = self._source.take(self._state.retired)
        else:
            data = self._unsent or self._source.fetch(CHUNK, wait)
            parts = [] if data is None else [data]
        for data in parts:
            if not data:
                lib.t64_vm_input_end(self._holding.native)
                self._log.append(InputRecord(self._state.retired, b""))
            elif taken := self._send(data):
                self._log.append(InputRecord(self._state.retired, data[:taken]))
        return bool(parts)

    def _wait(self, deadline: float) -> None:
        """A wfi with a live terminal: sleep until its event is due (a tick is a nanosecond), or a key is pressed."""
        due = self.due()
        while not self._interrupted:
            now = monotonic()
            if now + _AS_GOOD_AS_DUE >= due:
                lib.t64_vm_skip(self._holding.native)
                return
            wait = min(POLL_SECONDS, due - now) if due - now >= _SHORTEST_SLEEP else 0
            if now >= deadline or self._poll_terminal(wait):
                return

    @contextmanager
    def _looked_after(self) -> Iterator[None]:
        """Around a run: Ctrl-C ends it at an exact instruction, and all output is handed on, whatever happens."""
        with interrupts_given_to(self.interrupt):
            try:
                yield
            finally:
                self._interrupted = False
                self.drain()
