"""The reference as an engine: the Python machine behind the handles that the native ones have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO

from toyvm.arguments import check_address, check_bytes
from toyvm.errors import UsageError
from toyvm.isa.control import BY_NUMBER
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, Level
from toyvm.isa.paging import RIGHT_BITS
from toyvm.machine.computer import Computer, bits_of_rights, control_number
from toyvm.machine.console import CHUNK, POLL_SECONDS, InputSource, OutputSink
from toyvm.machine.ctrl_c import interrupts_given_to
from toyvm.machine.diagnosis import DOUBLE, STUCK, fault_of, outcome_of
from toyvm.machine.gate import MACHINE_IN_USE, Gate, one_thread_at_a_time
from toyvm.machine.holding import Holding
from toyvm.machine.outcome import Fault, Outcome, Stop
from toyvm.machine.tlb import COUNTED, TlbCounts, TlbShape
from toyvm.reference import ReferenceMachine

if TYPE_CHECKING:
    from toyvm.machine.disk import Disk
    from toyvm.machine.power_cut import Medium, Write

_SLICE = 2000  # instructions between looks at clock and console


class InputLate(Exception):
    """The run has to end before the input came that its next instruction asks for; nothing of that has happened yet."""


class LazyInput:
    """A source's bytes as a sequence that is read no further than it is looked at: one byte ahead of what was taken.

    Looking waits for the source until `stopped` says that the run must not; then it raises InputLate.
    """

    def __init__(self, source: InputSource, stopped: Callable[[], bool]) -> None:
        self._source = source
        self._stopped = stopped
        self._data = bytearray()
        self._taken = 0
        self._ended = False

    def __len__(self) -> int:
        while not self._ended and len(self._data) <= self._taken:
            part = self._source.fetch(CHUNK, POLL_SECONDS)
            if part is None and self._stopped():
                raise InputLate
            self._data += part or b""
            self._ended = part == b""
        return len(self._data)

    def __getitem__(self, index: int) -> int:
        self._taken = index + 1
        return self._data[index]


class ReferenceRunner:
    """Runs the reference, slice by slice, and looks at clock, Ctrl-C and console in between."""

    machine: ReferenceMachine

    def __init__(self, sink: OutputSink) -> None:
        self._sink = sink
        self._sent = 0  # bytes of the machine's output
        self._interrupted = False
        self._deadline = float("inf")  # monotonic seconds

    def interrupt(self) -> None:
        """Stop the run under way, or the next one, as soon as possible; any thread may call this."""
        self._interrupted = True

    def run(self, target: int, deadline: float) -> Stop:
        """Run until `target` instructions have retired in all, `deadline` (monotonic seconds) or another stop."""
        with self._looked_after(deadline):
            return self._loop(target)

    def run_to(self, address: int, target: int, deadline: float) -> Stop:
        """The same by single steps, at least one, until pc is at `address`, which counts as the limit."""
        stop = Stop.LIMIT
        with self._looked_after(deadline):
            while stop is Stop.LIMIT and self.machine.retired < target:
                stop = self._loop(self.machine.retired + 1)
                if self.machine.pc == address:
                    break
        return stop

    def run_to_disk_write(self, target: int, deadline: float) -> Stop:
        """The same until the disk has been written to, which counts as the limit."""
        stop, writes = Stop.LIMIT, self.machine.disk_writes
        with self._looked_after(deadline):
            while stop is Stop.LIMIT and self.machine.retired < target and self.machine.disk_writes == writes:
                stop = self._loop(self.machine.retired + 1)
        return stop

    @contextmanager
    def _looked_after(self, deadline: float) -> Iterator[None]:
        self._deadline = deadline
        with interrupts_given_to(self.interrupt):
            try:
                yield
            finally:
                self._interrupted = False
                self._drain()

    def _loop(self, target: int) -> Stop:
        while True:
            stopped = self._stopped()
            if stopped is not None:
                return stopped
            stop = self._run_slice(min(target, self.machine.retired + _SLICE))
            self._drain()
            if stop is not Stop.LIMIT or self.machine.retired >= target:
                return stop

    def _run_slice(self, goal: int) -> Stop:
        try:
            return Stop(self.machine.run(goal).value)
        except InputLate:
            return self._stopped() or Stop.LIMIT

    def gives_up_waiting(self) -> bool:
        """Input does not come yet; what the guest has said so far may be the question for it."""
        self._drain()
        return self._stopped() is not None

    def _stopped(self) -> Stop | None:
        """Why the run has to end now, if it has to."""
        if self._interrupted:
            return Stop.INTERRUPTED
        return Stop.TIMEOUT if monotonic() >= self._deadline else None

    def _drain(self) -> None:
        output = self.machine.output
        if len(output) > self._sent:
            self._sink.write(output[self._sent :])
            self._sent = len(output)


class _Holding(Holding):
    """Of a machine in Python, which works on its disk itself: there is nothing native."""

    def __init__(self, machine: ReferenceMachine, disk: Disk | None, gate: Gate) -> None:
        super().__init__(machine, lambda _: None, gate)
        self._disk = disk

    def _is_changed(self) -> bool:
        return bool(self.native.disk_is_changed)

    def _give_marks(self, marks: bytearray) -> None:
        self.native.mark_disk_writes(marks)

    def _pending(self) -> tuple[list[Write], dict[int, bytes]]:
        from toyvm.machine.power_cut import Write

        return [Write(*write) for write in self.native.disk_waiting], dict(self.native.disk_lasting)


@one_thread_at_a_time("vm", "native_state")
class ReferenceEngine(Computer):
    """A bare T64 run by the reference: slow, and the one that decides. It has no snapshots and no live terminal."""

    _noun = "machine"

    def __init__(
        self,
        memory: int,
        *,
        level: Level | str,
        input: InputSource,
        output: BinaryIO | None,
        disk: Disk | None,
        disk_latency: int = DEFAULT_DISK_LATENCY,
        clock_base: int = DEFAULT_CLOCK_BASE,
    ) -> None:
        """The arguments are those of Machine, already opened."""
        self.gate = Gate(MACHINE_IN_USE)
        self.image, self.input, self.input_log, self.sink = None, input, [], OutputSink(output)
        self._is_running = False
        self._memory_size = memory
        runner = ReferenceRunner(self.sink)
        self.runner = runner
        contents = None if disk is None else disk.attach()
        try:
            runner.machine = self._machine = ReferenceMachine(
                memory,
                Level(level),
                contents,
                disk_latency,
                disk is None or disk.writable,
                clock_base,
                LazyInput(input, runner.gives_up_waiting),
                disk is None or disk.cached,
            )
        except BaseException:
            if disk is not None:
                disk.detach(False)
            raise
        self._disk = disk
        self._holding = _Holding(self._machine, disk, self.gate)
        self._holding.watch(self, self._noun)

    def _model_tlb(self, shape: TlbShape) -> None:
        self._machine.model_tlb(*shape)
        self._tlb = shape

    def _tlb_counts(self, shape: TlbShape) -> TlbCounts:
        self._check_open()
        return TlbCounts(shape, *(self._machine.tlb_counts[name] for name in COUNTED))

    # Its state.

    @property
    def work(self) -> dict[str, int]:
        self._check_open()
        return {}

    @property
    def vm(self) -> Any:
        raise UsageError("the reference has no native core")

    @property
    def native_state(self) -> Any:
        """pc, x, retired and skipped, by the names that they have in the native core."""
        self.gate.check()
        self._check_open()
        return self._machine

    @property
    def memory_size(self) -> int:
        self._check_open()
        return self._memory_size

    def read(self, address: int, size: int) -> bytes:
        return self._machine.read(*self._check_range(address, size))

    def write(self, address: int, data: bytes) -> None:
        data = check_bytes(data, "data")
        self._machine.write(self._check_range(address, len(data))[0], data)

    def _boot(self, entry: int) -> None:
        self._machine.pc = entry

    def read_control(self, number: int) -> int:
        self._check_open()
        return self._machine.cr(BY_NUMBER[control_number(number)].name)

    def write_control(self, number: int, value: int) -> None:
        self._check_open()
        self._machine.set_cr(BY_NUMBER[control_number(number)].name, check_address(value, "value"))

    def pages(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        self._check_open()
        return ((page, contents) for page, contents in self._machine.pages() if page >= first)

    def translate(self, address: int, rights: str = "") -> int | None:
        self._check_open()
        wanted, address = bits_of_rights(rights, RIGHT_BITS), check_address(address)
        return self._machine.translate(address, wanted)

    # Running.

    def _outcome(self, stop: Stop, seconds: float) -> Outcome:
        fault = self._fault() if stop is Stop.FAULT else None
        code = self._machine.exit_code if stop is Stop.EXIT else None
        return outcome_of(self, stop, seconds, code, fault)

    def _fault(self) -> Fault:
        trap = self._machine.undelivered
        if trap is None:
            return fault_of(self, STUCK, 0, self.pc, 0)
        return fault_of(self, DOUBLE, trap.cause.code, self.pc, trap.tval)

    @property
    def stop_info(self) -> Any:
        return self.vm

    def save(self, *, disk: bool = True) -> bytes:
        raise UsageError("the reference has no snapshots; the interpreter and the recompiler save and restore")

    def restore(self, snapshot: bytes, *, disk: Medium | None = None) -> None:
        self.save()

    @property
    def disk_writes(self) -> int:
        self._check_open()
        return self._machine.disk_writes
