"""The reference machine: memory, devices and a CPU, with the handles that every machine of toyvm has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from toyvm.errors import UsageError
from toyvm.isa.control import BY_NAME, CONTROL_REGISTERS
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.state_hash import state_hash
from toyvm.reference.cpu import INSTRUCTION_SIZE, Cpu
from toyvm.reference.devices import Console, Devices, Disk, InputBytes, Sectors
from toyvm.reference.memory import Memory
from toyvm.reference.mmu import Use
from toyvm.reference.modelled_tlb import ModelledTlb
from toyvm.reference.stops import Halt, Stop
from toyvm.reference.traps import Trap


class Segment(Protocol):
    """Bytes of an image: `data`, then zeros up to `size`, from physical `address` on."""

    @property
    def address(self) -> int: ...
    @property
    def data(self) -> bytes: ...
    @property
    def size(self) -> int: ...


class Image(Protocol):
    """What `load` needs of an image."""

    @property
    def entry(self) -> int: ...
    @property
    def segments(self) -> tuple[Segment, ...]: ...


class ReferenceMachine:
    """The bare T64 as specified; slow, exact, and aware of what is unspecified."""

    def __init__(
        self,
        memory: int = DEFAULT_MEMORY,
        level: Level = Level.STRICT,
        disk: Sectors | None = None,
        disk_latency: int = DEFAULT_DISK_LATENCY,
        disk_writable: bool = True,
        clock_base: int = DEFAULT_CLOCK_BASE,
        input: InputBytes = b"",
        disk_cache: bool = True,
    ) -> None:
        """`memory` in bytes, `disk_latency` in ticks, `clock_base` in ns since the epoch; raises UsageError."""
        self._memory = Memory(memory)
        self._console = Console(input)
        self._disk = Disk(disk, disk_latency, disk_writable, disk_cache)
        self._devices = Devices(self._console, self._disk, clock_base)
        self._cpu = Cpu(self._memory, self._devices, level)
        self._stop: Stop | None = None
        self.stop_detail = ""
        self.undelivered: Trap | None = None  # the exception of a double fault

    # Before a run, and for looking in between.

    def load(self, image: Image) -> None:
        """Place the image's segments in RAM and its entry in pc."""
        for segment in image.segments:
            self.write(segment.address, bytes(segment.data) + bytes(segment.size - len(segment.data)))
        self.pc = image.entry

    def read(self, address: int, size: int) -> bytes:
        return self._memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self._memory.write(address, data)

    def model_tlb(self, entries: int, ways: int) -> None:
        """From now on there is a modelled TLB of that size, of `entries / ways` sets: a power of two."""
        self._cpu.mmu.modelled = ModelledTlb(entries, ways)

    @property
    def tlb_counts(self) -> Counter[str]:
        """What it has counted; nothing without one."""
        return Counter() if self._cpu.mmu.modelled is None else self._cpu.mmu.modelled.counts

    @property
    def pc(self) -> int:
        return self._cpu.pc

    @pc.setter
    def pc(self, value: int) -> None:
        self._cpu.pc = value

    @property
    def x(self) -> list[int]:
        """The general registers, to be read and written; x0 is left 0."""
        return self._cpu.x

    def cr(self, name: str) -> int:
        """A control register as the kernel would read it."""
        if name not in BY_NAME:
            raise UsageError(f"no control register {name!r}; there are {', '.join(BY_NAME)}")
        return self._cpu.read_control(BY_NAME[name].number)

    def set_cr(self, name: str, value: int) -> None:
        """Write a control register as the kernel would."""
        self.cr(name)
        try:
            self._cpu.write_control(BY_NAME[name].number, value)
        except Trap:
            raise UsageError(f"control register {name} cannot take {value:#x}") from None

    # Running.

    def run(self, until: int | None = None) -> Stop:
        """Run until `until` instructions have retired in all, or the machine stops.

        After `exit` and `fault` it stays stopped. After `idle` another run goes on behind the wfi, as on every machine.
        """
        while self._stop is None:
            if until is not None and self.retired >= until:
                return Stop.LIMIT
            try:
                self._cpu.step()
            except Halt as halt:
                self.stop_detail, self.undelivered = halt.detail, halt.undelivered
                if halt.stop is Stop.IDLE:
                    return halt.stop
                self._stop = halt.stop
        return self._stop

    @property
    def retired(self) -> int:
        return self._cpu.retired

    @property
    def time(self) -> int:
        return self._cpu.time

    @property
    def skipped(self) -> int:
        return self._cpu.skipped

    @property
    def output(self) -> bytes:
        return bytes(self._console.output)

    @property
    def exit_code(self) -> int | None:
        return self._devices.exit_code

    @property
    def disk(self) -> bytes:
        return bytes(self._disk.data)

    @property
    def disk_is_changed(self) -> bool:
        """Has it been written to?"""
        return self._disk.is_changed

    @property
    def disk_writes(self) -> int:
        """How often it was written to."""
        return self._disk.writes

    @property
    def disk_waiting(self) -> list[tuple[int, bytes]]:
        """Sector and contents of each write that a power cut may take away, in order."""
        return list(self._disk.waiting)

    @property
    def disk_lasting(self) -> dict[int, bytes]:
        """What the medium holds of those sectors."""
        return self._disk.lasting

    def mark_disk_writes(self, marks: bytearray) -> None:
        """Have the byte of each sector set to 1 that is written from now on."""
        self._disk.marks = marks

    # What tests look at.

    @property
    def memory(self) -> bytes:
        return self._memory.read(0, self._memory.size)

    @property
    def unspecified(self) -> str | None:
        """The first thing the run did that the specification leaves open, or None."""
        return self._cpu.mmu.unspecified

    @property
    def traps(self) -> dict[str, int]:
        """How often each cause was entered."""
        return dict(self._cpu.traps)

    @property
    def executed(self) -> dict[str, int]:
        """How often each instruction retired."""
        return dict(self._cpu.executed)

    @property
    def uses(self) -> Counter[Use]:
        """How often each kind of access met each kind of page-table entry."""
        return self._cpu.mmu.uses

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Number and contents of each page that is not all zero, in order."""
        return self._memory.pages()

    def instruction_at(self, address: int) -> int | None:
        """The word that a fetch at this virtual address would see; None if it would fault."""
        return self._cpu.mmu.peek(address) if address % INSTRUCTION_SIZE == 0 else None

    def translate(self, address: int, rights: int) -> int | None:
        """Where an access of the current mode that needs these rights, bits of an entry, would go; None: nowhere."""
        return self._cpu.mmu.look_up(address, rights)

    def state_words(self) -> tuple[int, ...]:
        """x0..x31, pc, and the control registers in number order as a kernel would read them."""
        return (*self.x, self.pc, *(self.cr(register.name) for register in CONTROL_REGISTERS))

    def state_hash(self) -> str:
        return state_hash(self.state_words(), self.pages(), self._memory.size // PAGE_SIZE)
