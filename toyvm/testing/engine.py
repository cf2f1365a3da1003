"""Engines of one's own: a machine whose instructions somebody else executes, to be compared with those of toyvm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toyvm.arguments import check_bytes, wrong
from toyvm.errors import UsageError
from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.traps import BY_NAME
from toyvm.reference.cpu import INSTRUCTION_SIZE
from toyvm.testing.programs.program import Loadable, Program

_ZERO = bytes(PAGE_SIZE)
_MOST_TRAPPED = 1_000  # steps without an instruction; of a machine that is right the second trap is the end
_TIMER, _CONSOLE = (1 << BY_NAME[name].number for name in ("timer", "console"))


class Engine:
    """A bare T64: derive from it, and write `step`, which executes the instruction at `pc`.

    `x` are the 32 general registers, unsigned (x[0] is set to 0 after each step); `memory` is all of RAM; `control` are
    the control registers by name, but for `time` and `ipend`. `step` moves `pc`. An instruction that traps does not
    retire: return False then. `exit_code`, once set, ends the run, `stop` ends it otherwise: "idle" or "fault".
    Whatever a machine has besides is there as after reset; one that wraps an engine gives these as properties.
    """

    def __init__(self, memory: int, level: Level = Level.STRICT, **devices: Any) -> None:
        """`memory` in bytes; `devices` are `input`, `disk`, `disk_latency` and `disk_writable`, as of a Machine."""
        self.memory = bytearray(memory)
        self.level = level
        self.devices = devices
        self.x = [0] * 32
        self.pc = 0
        self.control = {register.name: register.reset for register in CONTROL_REGISTERS}
        self.control["info"] |= memory
        self.retired = 0
        self.skipped = 0  # ticks that a wfi has waited for
        self.output = b""
        self.disk = bytes(devices.get("disk") or b"")
        self.exit_code: int | None = None
        self.stop: str | None = None

    def step(self) -> bool | None:
        """Execute the instruction at pc. False: it trapped, and did not retire."""
        raise UsageError(f"engine {type(self).__name__} does not say what an instruction does; it takes step()")

    def load(self, program: Program) -> None:
        """Place the segments in RAM and the entry in pc."""
        for segment in program.segments:
            self._place(segment)
        self.pc = program.entry

    def _place(self, segment: Loadable) -> None:
        end = segment.address + segment.size
        if end > len(self.memory):
            raise UsageError(f"a segment ends at {end:#x}; there are {len(self.memory):#x} bytes of memory")
        self.memory[segment.address : end] = bytes(segment.data).ljust(segment.size, b"\0")

    def run(self, until: int) -> str:
        """Run until so many instructions have retired in all, or to the end; "limit" or what the end was.

        Raises UsageError for an engine that gets nowhere.
        """
        trapped = 0  # steps in a row
        while self.stop is None:
            if self.retired >= until:
                return "limit"
            trapped = trapped + 1 if self.step() is False else 0
            if trapped > _MOST_TRAPPED:
                raise UsageError(f"engine {type(self).__name__} gets nowhere: {trapped} steps without an instruction")
            if not isinstance(self.retired, int):
                raise wrong(f"{type(self).__name__}.retired", self.retired, "an integer")
            self.retired += not trapped
            self.x[0] = 0
            if self.exit_code is not None:
                self.stop = "exit"
        return self.stop

    @property
    def time(self) -> int:
        return (self.retired + self.skipped) & ALL_BITS

    @property
    def pending(self) -> int:
        """What `ipend` reads: the timer, and the console, of whose input nobody has read the end."""
        return _CONSOLE | (_TIMER if self.time >= self.control["timecmp"] else 0)

    def cr(self, name: str) -> int:
        """A control register as the kernel would read it."""
        if name == "time":
            return self.time
        return self.pending if name == "ipend" else self.control[name]

    def state_words(self) -> tuple[int, ...]:
        """x0..x31, pc, and the control registers in number order."""
        return (*self.x, self.pc, *(self.cr(register.name) for register in CONTROL_REGISTERS))

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Number and contents of each page that is not all zero, in order."""
        memory = check_bytes(self.memory, f"{type(self).__name__}.memory")
        for start in range(0, len(memory), PAGE_SIZE):
            page = memory[start : start + PAGE_SIZE]
            if page != _ZERO:
                yield start // PAGE_SIZE, page

    def translate(self, address: int, rights: str) -> int | None:
        """Where a virtual address leads: without paging to itself. For what is said of the way to a difference."""
        return address if isinstance(address, int) and 0 <= address < len(self.memory) else None

    def instruction_at(self, address: int) -> int | None:
        """The word that a fetch would see; None if it would fault."""
        physical = self.translate(address, "x")
        return (
            None if physical is None else int.from_bytes(self.memory[physical : physical + INSTRUCTION_SIZE], "little")
        )

    @property
    def disk_waiting(self) -> list[tuple[int, bytes]]:
        """Sector and contents of each write that a power cut may take away."""
        return []

    @property
    def disk_lasting(self) -> dict[int, bytes]:
        """What the medium holds of those sectors."""
        return {}
