"""A whole random program: boot, handler, tables and a body of gadgets that is run a few rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from toyvm.arguments import check_address, check_bytes, check_integer, check_list, show_size, wrong
from toyvm.image import PF_R, PF_W, PF_X, Image
from toyvm.isa.control import ALL_BITS, PIE, PMODE
from toyvm.isa.machine import DEFAULT_MEMORY, Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.machine.config import parse_level
from toyvm.reference.machine import Segment as Placed
from toyvm.testing.programs import layout
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.programs.gadgets import address
from toyvm.testing.programs.handler import BOOT_CONTROL, BOOT_REGISTERS, boot, handler
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.tables import spoilt_tables
from toyvm.testing.programs.values import value64

if TYPE_CHECKING:
    from toyvm.asm import Assembly

WORD = 8
DISK_SECTORS = 4
CODE = PF_R | PF_W | PF_X  # of a segment: it may be stored to, as all of RAM may


class Loadable(Placed, Protocol):
    """Bytes of an image as the reference takes them, with `flags` as ELF has them."""

    @property
    def flags(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes at a physical address. What it is called, if anything, is for who reads the program."""

    address: int
    data: bytes
    flags: int = PF_R | PF_W
    name: str = ""

    def __post_init__(self) -> None:
        check_address(self.address)
        check_bytes(self.data, "data of a segment")
        check_integer(self.flags, "flags of a segment")

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Program:
    """An image, and the configuration of the machine it is for. Raises UsageError for what is of another type."""

    segments: tuple[Loadable, ...]  # Segment's, or an image's
    entry: int = layout.BOOT
    memory: int = layout.SMALL_MEMORY
    level: Level = Level.STRICT
    input: bytes = b""
    disk: bytes | None = None
    disk_latency: int = 1000
    disk_writable: bool = True

    def __post_init__(self) -> None:
        expected = "Segments, or those of an image"
        segments = tuple(check_list(self.segments, "segments", expected))
        for one in segments:
            if not hasattr(one, "address"):
                raise wrong("segments", one, expected)
        object.__setattr__(self, "segments", segments)  # a list is as good
        object.__setattr__(self, "level", parse_level(self.level))
        check_address(self.entry, "entry")
        check_integer(self.memory, "memory")
        check_integer(self.disk_latency, "disk_latency")
        check_bytes(self.input, "input")
        if self.disk is not None:
            check_bytes(self.disk, "disk")
        if not isinstance(self.disk_writable, bool):
            raise wrong("disk_writable", self.disk_writable, "True or False")

    def __repr__(self) -> str:
        """In a line, as a test that fails has them in its report; assembly_of(program) is all of it."""
        held = sum(len(one.data) for one in self.segments)
        return f"<Program of {held} bytes from {self.entry:#x}, {show_size(self.memory)} of memory, {self.level}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis asks for, which would go through the fields otherwise."""
        printer.text(repr(self))

    def devices(self) -> dict[str, Any]:
        """What is attached, as every machine takes it; the disk is a copy of its own."""
        return {
            "input": self.input,
            "disk": None if self.disk is None else bytearray(self.disk),
            "disk_latency": self.disk_latency,
            "disk_writable": self.disk_writable,
        }


Given: TypeAlias = "Program | Image | Assembly"


def as_program(it: Given) -> Program:
    """A program as it is; of an image or an assembly, one for a machine as `toyvm run` has it. Raises UsageError."""
    if isinstance(it, Program):
        return it
    image = getattr(it, "image", it)
    if not isinstance(image, Image):
        raise wrong("program", it, "a Program, or an Image, as assemble(...) and load_program(...) give it")
    return Program(image.segments, image.entry, memory=DEFAULT_MEMORY)


def assemble(source: Source, gadgets: list[list[int]], deviations: int, level: Level = Level.STRICT) -> Program:
    """Everything around a body of these gadgets; `deviations` is how many entries of the tables are spoilt."""
    memory = source.weighted(((9, layout.SMALL_MEMORY), (1, layout.LARGE_MEMORY)))
    body = [word for words in gadgets for word in words]
    # So near to the end of its page that most bodies go on in the next one.
    start = layout.CODE + PAGE_SIZE - 4 * source.integer(1, 200)
    entries = spoilt_tables(source, memory, deviations)
    return Program(
        segments=(
            Segment(layout.BOOT, to_bytes(boot()), CODE, "boot"),
            Segment(layout.HANDLER, to_bytes(handler(source)), CODE, "handler"),
            *(Segment(at, entry.to_bytes(WORD, "little")) for at, entry in sorted(entries.items())),
            Segment(layout.INITIAL, _initial(source, start), name="initial"),
            Segment(start, to_bytes(body + _end(len(body))), CODE, "body"),
        ),
        memory=memory,
        level=level,
        input=bytes(source.integer(0, 255) for _ in range(source.integer(0, 3))),
        disk=bytes(range(256)) * (DISK_SECTORS * SECTOR_SIZE // 256) if source.chance(70) else None,
        disk_latency=source.choose((20, 0, 1, 300)),
        disk_writable=not source.chance(20),
    )


def _initial(source: Source, start: int) -> bytes:
    """What boot loads: see BOOT_REGISTERS and BOOT_CONTROL."""
    registers = {register: value64(source) for register in layout.VALUES}
    registers |= {register: address(source) for register in layout.POINTERS}
    registers |= {layout.ROUNDS: source.integer(1, 6), layout.RECOVERY: start, layout.CALL_NUMBER: 0}
    control = {
        "tvec": layout.HANDLER,
        "imask": source.choose((1, 7, 5, 0)),
        "timecmp": source.choose((ALL_BITS, source.integer(20, 200))),
        "epc": start,
        "ptbr": source.weighted(((6, layout.ROOT | 1), (1, layout.OTHER_ROOT | 1), (2, 0))),
        "status": source.choose((0, PMODE, PIE, PIE | PMODE)),
    }
    values = [registers[register] for register in BOOT_REGISTERS] + [control[name] for name in BOOT_CONTROL]
    return b"".join(value.to_bytes(WORD, "little") for value in values)


def _end(length: int) -> list[int]:
    """Another round, or the exit call: it works in both modes. `length` of the body in words."""
    return [
        op("addi", layout.ROUNDS, layout.ROUNDS, -1),
        op("blt", 0, layout.ROUNDS, -(length + 1)),
        *li(layout.CALL_NUMBER, layout.CALL_EXIT),
        op("syscall"),
        op("jal", 0, -2),
    ]
