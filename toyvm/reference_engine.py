"""The reference as an engine: the Python machine behind the handles that the native ones have."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from toyvm.console import CHUNK, POLL_SECONDS, InputSource, OutputSink
from toyvm.diagnosis import DOUBLE, STUCK, fault_of, outcome_of
from toyvm.interrupts import interrupts_given_to
from toyvm.isa.control import MODE
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, Level
from toyvm.isa.paging import PTE_R, PTE_W, PTE_X
from toyvm.isa.traps import BY_NAME
from toyvm.outcome import Fault, Outcome, Stop
from toyvm.reference import ReferenceMachine
from toyvm.reference.memory import Memory
from toyvm.reference.paging import WalkFault, walk

if TYPE_CHECKING:
    from toyvm.disk import Disk
    from toyvm.image import Image, Location

_SLICE = 2000  # instructions between looks at clock and console
_RIGHTS = {"r": PTE_R, "w": PTE_W, "x": PTE_X}
_DOUBLE = re.compile(r"double fault: (\w+) at pc (\w+) \(tval (\w+)\)")


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


class PhysicalView:
    """Physical memory as the walk of the reference wants to see it, read-only."""

    def __init__(self, machine: ReferenceMachine, size: int) -> None:
        self._machine = machine
        self._size = size

    def holds(self, address: int) -> bool:
        return 0 <= address < self._size

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self._machine.read(address, size), "little")


class ReferenceEngine:
    """A bare T64 run by the reference: slow, and the one that decides. It has no snapshots and no live terminal."""

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
        self._machine = ReferenceMachine(
            memory,
            Level(level),
            bytearray(disk.attach()) if disk else None,
            disk_latency,
            disk.writable if disk else True,
            clock_base,
            cast("bytes", LazyInput(input, self._gives_up_waiting)),
        )
        self._memory = memory
        self._disk = disk
        self._view = cast("Memory", PhysicalView(self._machine, memory))
        self._sink = OutputSink(output)
        self._sent = 0
        self._interrupted = False
        self._deadline = float("inf")  # monotonic seconds
        self.image: Image | None = None
        self.exits: dict[str, int] = {}
        self.hypercalls: dict[str, int] = {}
        self.recompilation: dict[str, int] = {}

    def close(self) -> None:
        """Write a changed disk back to its file."""
        disk, self._disk = self._disk, None
        if disk is None:
            return
        changed = self._machine.disk != bytes(disk.contents)
        if changed:
            disk.contents[:] = self._machine.disk
        disk.detach(changed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, image: Image) -> None:
        """Place `image` in memory. Raises UsageError if it does not fit."""
        self._machine.load(image)
        self.image = image

    def run(self, max_instructions: int | None = None, timeout: float | None = None) -> Outcome:
        """Run as Computer.run does."""
        started = monotonic()
        self._interrupted = False
        with interrupts_given_to(self._interrupt):
            self._deadline = float("inf") if timeout is None else started + timeout
            stop = self._run(max_instructions)
        fault = self._fault() if stop is Stop.FAULT else None
        code = self._machine.exit_code if stop is Stop.EXIT else None
        return outcome_of(self, stop, monotonic() - started, code, fault)

    def _run(self, max_instructions: int | None) -> Stop:
        limit = None if max_instructions is None else self.retired + max_instructions
        while True:
            goal = self.retired + _SLICE if limit is None else min(limit, self.retired + _SLICE)
            stop = self._run_slice(goal)
            self._drain()
            if stop is not Stop.LIMIT or self.retired == limit:
                return stop
            stopped = self._stopped()
            if stopped is not None:
                return stopped

    def _run_slice(self, goal: int) -> Stop:
        try:
            return Stop(self._machine.run(goal).value)
        except InputLate:
            return self._stopped() or Stop.LIMIT

    def _gives_up_waiting(self) -> bool:
        """Input does not come yet; what the guest has said so far may be the question for it."""
        self._drain()
        return self._stopped() is not None

    def _stopped(self) -> Stop | None:
        """Why the run has to end now, if it has to."""
        if self._interrupted:
            return Stop.INTERRUPTED
        return Stop.TIMEOUT if monotonic() >= self._deadline else None

    def _interrupt(self) -> None:
        self._interrupted = True

    def _drain(self) -> None:
        output = self._machine.output
        if len(output) > self._sent:
            self._sink.write(output[self._sent :])
            self._sent = len(output)

    def _fault(self) -> Fault:
        match = _DOUBLE.match(self._machine.stop_detail)
        if match is None:
            return fault_of(self, STUCK, 0, self.pc, 0)
        return fault_of(self, DOUBLE, BY_NAME[match[1]].code, self.pc, int(match[3], 16))

    @property
    def pc(self) -> int:
        return self._machine.pc

    @property
    def retired(self) -> int:
        return self._machine.retired

    def state_words(self) -> tuple[int, ...]:
        return self._machine.state_words()

    def state_hash(self) -> str:
        return self._machine.state_hash()

    def translate(self, address: int, rights: str = "") -> int | None:
        """The physical address of a virtual one, in the current mode; None if it would fault."""
        wanted = sum(_RIGHTS[right] for right in rights)
        user = bool(self._machine.cr("status") & MODE)
        try:
            return walk(self._view, self._machine.cr("ptbr"), address, wanted, user).physical
        except WalkFault:
            return None

    @property
    def memory_size(self) -> int:
        return self._memory

    def read(self, address: int, size: int) -> bytes:
        return self._machine.read(address, size)

    def locate(self, address: int) -> Location | None:
        return None if self.image is None else self.image.locate(address)

    def instruction_at(self, address: int) -> int | None:
        physical = self.translate(address, "x") if address % 4 == 0 else None
        return None if physical is None else self._view.load(physical, 4)

    def disassemble(self, address: int, word: int | None = None) -> str | None:
        from toyvm.disasm import disassemble_word

        if word is None:
            word = self.instruction_at(address)
        names = None if self.image is None else self.image.symbol_at
        return None if word is None else disassemble_word(word, address, names)
