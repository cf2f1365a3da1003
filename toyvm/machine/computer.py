"""A computer as its kernel sees it, whoever carries it: what the bare machine and a guest have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, cast

from toyvm.arguments import (
    check_address,
    check_bytes,
    check_integer,
    check_seconds,
    check_text,
    check_within,
    unknown_name,
    wrong,
)
from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.isa.control import ALL_BITS, BY_NUMBER, CONTROL_REGISTERS
from toyvm.isa.paging import PAGE_SIZE, RIGHT_BITS
from toyvm.limits import MAXIMUM_READ_BYTES
from toyvm.machine.console import Input, InputRecord, OutputSink, open_input
from toyvm.machine.disk import Disk
from toyvm.machine.gate import Gate, one_thread_at_a_time
from toyvm.machine.holding import Holding, no_holding
from toyvm.machine.outcome import Outcome, Stop
from toyvm.machine.run_loop import NEVER, RunLoop, Runner
from toyvm.machine.state import ControlRegisters, GeneralRegisterList, Memory, Registers
from toyvm.machine.tlb import COUNTED, TlbCounts, TlbShape
from toyvm.native import ERRORS, NOWHERE, ffi, lib, names_of

if TYPE_CHECKING:
    from toyvm.asm import Assembly
    from toyvm.image import Image, Location
    from toyvm.machine.power_cut import Medium, PowerCut
    from toyvm.recompiler.worker import Recompiler


_WORK_NAMES = names_of("t64_work", "T64_WORK_")
WORK = tuple(_WORK_NAMES[kind] for kind in range(lib.T64_WORK_COUNT))
_LAP_NAMES = names_of("t64_lap", "T64_LAP_")
LOOKS, ACCESSES = (_LAP_NAMES[kind] for kind in (lib.T64_LAP_LOOKS, lib.T64_LAP_ACCESSES))
_PROBE_BITS = {right: 1 << bit for bit, right in enumerate(RIGHT_BITS)}


class Laps(NamedTuple):
    """Of one kind: how many, how long they took together, and what the stopwatch itself took besides."""

    number: int
    nanoseconds: float
    overhead: float  # nanoseconds


@one_thread_at_a_time(
    *("closed", "interrupt", "registers", "control", "memory", "x"),
    *("vm", "native_state", "pc", "retired", "skipped", "time"),  # by native_state
)
class Computer:
    """State, memory, console and disk of one computer, and the means to run it.

    One thread at a time may use a machine, and one at a time a host and all its guests; another one is refused, but for
    `interrupt`. Different machines and hosts may run in different threads. Everything is refused once it is closed.
    `close` may be called again and again, and `with` calls it; a computer that nobody closes is closed with a
    ResourceWarning once it is garbage.
    """

    _noun = "computer"
    _holding = no_holding()  # so one that could not be made is closed
    gate = _holding.gate
    _disk: Disk | None = None
    _tlb: TlbShape | None = None
    _has_stopwatch = False

    def __init__(self, holding: Holding, gate: Gate, input: Input, output: BinaryIO | None, disk: Disk | None) -> None:
        self._holding = holding
        self.gate = gate
        self._state = lib.t64_vm_state(holding.native)
        self._is_running = False
        self.image: Image | None = None
        self.input_log: list[InputRecord] = []  # what a live terminal brought, and when
        try:
            self.input = open_input(input)
            self.sink = OutputSink(output)
            if disk is not None:
                _checked(holding.attach(disk), "attaching the disk")
                self._disk = disk
        except BaseException:  # nobody else could free it
            holding.give_back()
            raise
        self.runner: RunLoop = Runner(holding, self.input, self.sink, self.input_log)
        lib.t64_vm_input_mode(self.vm, lib.T64_INPUT_LIVE if self.input.live else lib.T64_INPUT_STREAM)

    # Its state by name. Views are made when asked for: a view keeps the computer alive, and not the other way round.

    @property
    def registers(self) -> Registers:
        self._check_open()
        return Registers(self)

    @property
    def control(self) -> ControlRegisters:
        self._check_open()
        return ControlRegisters(self)

    @property
    def memory(self) -> Memory:
        self._check_open()
        return Memory(self)

    @property
    def x(self) -> GeneralRegisterList:
        self._check_open()
        return GeneralRegisterList(self)

    # Lifetime.

    def _check_open(self) -> None:
        if self._holding.native is None:
            raise UsageError(f"this {self._noun} is closed")

    @property
    def vm(self) -> Any:
        """The native object; raises UsageError after `close`, and while another thread is at work on it."""
        owner = self.gate.owner
        if owner is not None and owner != get_ident():
            self.gate.refuse()
        if self._holding.native is None:
            self._check_open()
        return self._holding.native

    @property
    def native_state(self) -> Any:
        """The architectural state, as the native core keeps it; raises UsageError where `vm` does."""
        owner = self.gate.owner
        if owner is not None and owner != get_ident():
            self.gate.refuse()
        if self._holding.native is None:
            self._check_open()
        return self._state

    @property
    def _recompiler(self) -> Recompiler | None:
        """A machine's own."""
        return self._holding.recompiler

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{', closed' if self.closed else ''}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        """Neither copied nor pickled: two owners would free the same native state."""
        raise UsageError(f"a {self._noun} is not copied or pickled; save() and restore() carry its state")

    @property
    def closed(self) -> bool:
        return self._holding.native is None

    def close(self) -> None:
        """Write a changed disk back to its file, and free everything. Another call tries again what was not written."""
        if self.closed:
            if self._disk is not None:
                self._disk.close()
            return
        with self._alone():
            self._holding.give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """For what an observer may not ask for in the middle of a run."""
        if self._is_running:
            raise UsageError(f"this {self._noun} is running already")
        self._is_running = True
        try:
            yield
        finally:
            self._is_running = False

    # Programs and memory.

    def load(self, image: Image | Assembly) -> None:
        """Place an image, or that of an assembly, in memory and put the computer at its entry point.

        Raises UsageError if it does not fit.
        """
        image = image_of(image)
        end = max((segment.address + segment.size for segment in image.segments), default=0)
        if end > self.memory_size:
            raise UsageError(
                f"the image needs memory up to {end:#x}, and there are {self.memory_size:#x} bytes; "
                f"give it {-(-end >> 20)}M or more"
            )
        for segment in image.segments:
            self.write(segment.address, segment.data)
            self._clear(segment.address + len(segment.data), segment.address + segment.size)
        self._boot(image.entry)
        self.image = image

    def _boot(self, entry: int) -> None:
        _checked(lib.t64_vm_boot(self.vm, entry), "starting the image")

    def _clear(self, start: int, end: int) -> None:
        """Zero guest-physical start..end; pages that are zero already are left alone and need no host memory."""
        if start == end:
            return  # to look for what was written touches what lies beside it
        used = takewhile(lambda page: page * PAGE_SIZE < end, (page for page, _ in self.pages(start // PAGE_SIZE)))
        for page in list(used):
            low, high = max(start, page * PAGE_SIZE), min(end, (page + 1) * PAGE_SIZE)
            self.write(low, bytes(high - low))

    @property
    def memory_size(self) -> int:
        """Bytes of guest-physical memory."""
        return int(lib.t64_vm_memory(self.vm))

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes, a GiB at most, at a guest-physical address. Raises UsageError outside memory."""
        address, size = self._check_range(address, size)
        doing, vm = "reading memory", self.vm
        return filled(size, lambda buffer: _checked(lib.t64_vm_read(vm, address, buffer, size), doing), doing)

    def write(self, address: int, data: bytes) -> None:
        """Write bytes at a guest-physical address. Raises UsageError outside memory."""
        data = check_bytes(data, "data")
        address, size = self._check_range(address, len(data))
        _checked(lib.t64_vm_write(self.vm, address, data, size), "writing memory")

    def _check_range(self, address: int, size: int) -> tuple[int, int]:
        """Both, if they are integers and the range lies in memory. Raises UsageError."""
        address, size, limit = check_integer(address, "address"), check_integer(size, "size"), self.memory_size
        if address < 0 or size < 0 or address + size > limit:
            raise UsageError(f"{size} bytes at {address:#x} lie outside memory; it ends at {limit:#x}")
        return address, size

    def address_of(self, where: int | str) -> int:
        """An address itself, or that of a symbol of the loaded image."""
        if not isinstance(where, str):
            return check_integer(where, "address or symbol")
        if self.image is None:
            raise UsageError(f"no image is loaded, so there is no symbol {where!r}")
        return self.image.address_of(where)

    def translate(self, address: int, rights: str = "") -> int | None:
        """Guest-physical address of a virtual one, in the current mode with rights of "rwx"; None: a fault."""
        bits = bits_of_rights(rights, _PROBE_BITS)
        value = int(lib.t64_vm_translate(self.vm, check_address(address), bits))
        return None if value == NOWHERE else value

    # State.

    @property
    def pc(self) -> int:
        return int(self.native_state.pc)

    @pc.setter
    def pc(self, value: int) -> None:
        self.registers.pc = value

    @property
    def retired(self) -> int:
        """Instructions retired since reset."""
        return int(self.native_state.retired)

    @property
    def skipped(self) -> int:
        """Ticks that `wfi` has skipped."""
        return int(self.native_state.skipped)

    @property
    def time(self) -> int:
        return (self.retired + self.skipped) & ALL_BITS

    def read_control(self, number: int) -> int:
        value = ffi.new("uint64_t *")
        _checked(lib.t64_vm_cr(self.vm, control_number(number), value), f"reading control register {number}")
        return int(value[0])

    def write_control(self, number: int, value: int) -> None:
        value = check_address(value, "value")
        if lib.t64_vm_set_cr(self.vm, control_number(number), value) != lib.T64_OK:
            name = BY_NUMBER[number].name
            raise UsageError(f"control register {name} cannot take {value:#x}")

    def cr(self, name: str) -> int:
        """A control register as the kernel would read it."""
        return self.control[name]

    def set_cr(self, name: str, value: int) -> None:
        """Write a control register as the kernel would."""
        self.control[name] = value

    @property
    def output(self) -> bytes:
        """What the guest has written to its console, unless a file object was given for it."""
        self._check_open()
        return bytes(self.sink.kept)

    @property
    def disk(self) -> bytes:
        """The disk's contents; empty without a disk."""
        self._check_open()
        return bytes(self._disk.contents) if self._disk else b""

    def state_words(self) -> tuple[int, ...]:
        """x0..x31, pc, and the control registers in number order as a kernel would read them."""
        controls = (self.read_control(register.number) for register in CONTROL_REGISTERS)
        return (*self.x, self.pc, *controls)

    def pages(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """Number and contents of each page from `first` on that is not all zero, in order."""
        contents = ffi.new("uint8_t[]", PAGE_SIZE)
        page = int(lib.t64_vm_next_page(self.vm, first))
        while page != NOWHERE:
            _checked(lib.t64_vm_read(self.vm, page * PAGE_SIZE, contents, PAGE_SIZE), "reading memory")
            yield page, bytes(ffi.buffer(contents))
            page = int(lib.t64_vm_next_page(self.vm, page + 1))

    def state_hash(self) -> str:
        """Hash over registers, control registers and memory: equal states have equal ones on every engine."""
        from toyvm.isa.state_hash import state_hash

        return state_hash(self.state_words(), self.pages(), self.memory_size // PAGE_SIZE)

    # Running.

    def run(
        self, max_instructions: int | None = None, timeout: float | None = None, *, until: int | None = None
    ) -> Outcome:
        """Run until the guest stops, `max_instructions` more have retired, `until` have in all, or `timeout` seconds
        passed.

        Ctrl-C ends it too, with `interrupted`. Whatever ended it, the state is exact, and unless that was `exit` or
        `fault` another run goes on from there.
        """
        target = _target(self.retired, max_instructions, until)
        deadline = _deadline(timeout)
        with self._alone():
            started = monotonic()
            stop = self.runner.run(target, deadline)
            return self._outcome(stop, monotonic() - started)

    def step(self, count: int = 1) -> Outcome:
        """Run `count` instructions."""
        return self.run(max_instructions=check_integer(count, "count"))

    def run_to(self, where: int | str, max_instructions: int | None = None, timeout: float | None = None) -> Outcome:
        """Run until pc is at an address or symbol, by single steps (some 10**5 a second), at least one.

        It stops with `limit` there; an interrupt may still be taken before the instruction at pc. A step ends where an
        instruction has retired: the first one of a trap's handler is passed over, as entering it retires nothing.
        """
        address, target = self.address_of(where), _target(self.retired, max_instructions, None)
        deadline = _deadline(timeout)
        with self._alone():
            started = monotonic()
            stop = self.runner.run_to(address, target, deadline)
            return self._outcome(stop, monotonic() - started)

    def interrupt(self) -> None:
        """End the run under way with `interrupted`. Another thread, or an observer, may call this."""
        self.runner.interrupt()

    @property
    def exits(self) -> dict[str, int]:
        """How often control went from the guest to its monitor, by reason; empty on a bare machine."""
        self._check_open()
        return {}

    @property
    def recompilation(self) -> dict[str, int]:
        """The recompiler's books: `installed` regions, `retired` instructions in them, and others; empty without one.

        Those of a guest are its host's.
        """
        self._check_open()
        return {} if self._recompiler is None else self._recompiler.counts()

    @property
    def work(self) -> dict[str, int]:
        """How often it did what takes the core's time beside instructions and exits: `walks` of page tables, others."""
        counts = lib.t64_vm_work(self.vm)
        return {name: int(counts[kind]) for kind, name in enumerate(WORK) if counts[kind]}

    def start_stopwatch(self) -> None:
        """Have a stopwatch from now on, from 0, for runs whose time is to be explained: `laps` are its. See toyvm.h.

        What is done between two runs is in a lap, so other guests of its host are to stand still meanwhile.
        """
        _checked(lib.t64_vm_start_stopwatch(self.vm), "starting a stopwatch")
        self._has_stopwatch = True

    @property
    def laps(self) -> dict[str, Laps]:
        """How long the host was at what is not the execution of instructions: `looks`, `accesses`, and exits by reason.

        Empty without a stopwatch.
        """
        self._check_open()
        if not self._has_stopwatch:
            return {}
        from toyvm.exits import EXIT_REASONS

        kinds = {LOOKS: lib.T64_LAP_LOOKS, ACCESSES: lib.T64_LAP_ACCESSES}
        kinds |= {reason.name: lib.T64_LAP_EXITS + reason.number for reason in EXIT_REASONS}
        found, laps = ffi.new("t64_laps *"), {}
        for name, kind in kinds.items():
            _checked(lib.t64_vm_laps(self.vm, kind, found), "reading a stopwatch")
            if found.number:
                laps[name] = Laps(int(found.number), float(found.nanoseconds), float(found.overhead))
        return laps

    @property
    def tlb(self) -> TlbCounts | None:
        """What its modelled TLB has counted; None without one."""
        if self._tlb is None:
            self._check_open()
            return None
        return self._tlb_counts(self._tlb)

    def _tlb_counts(self, shape: TlbShape) -> TlbCounts:
        counts = ffi.new("t64_tlb_counts *")
        _checked(lib.t64_vm_tlb_counts(self.vm, counts), "reading the modelled TLB")
        return TlbCounts(shape, *(int(getattr(counts, name)) for name in COUNTED))

    def _model_tlb(self, shape: TlbShape) -> None:
        """Have one from now on."""
        _checked(lib.t64_vm_model_tlb(self.vm, *shape), "modelling a TLB")
        self._tlb = shape

    @property
    def operands(self) -> dict[str, dict[str, int]]:
        """The exits of instructions that name a control register or port, by reason and name; empty on a bare machine.

        `none` is for numbers that there are not.
        """
        self._check_open()
        return {}

    @property
    def hypercalls(self) -> dict[str, int]:
        """The exits for a hypercall, by its name; empty on a bare machine."""
        self._check_open()
        return {}

    def _outcome(self, stop: Stop, seconds: float) -> Outcome:
        from toyvm.machine.diagnosis import conclude

        return conclude(self, stop, seconds)

    @property
    def stop_info(self) -> Any:
        """The native core's account of the last stop."""
        return lib.t64_vm_stop_info(self.vm)

    # Names for addresses.

    def locate(self, address: int) -> Location | None:
        """Source line and symbol of a virtual address, where the loaded image knows them."""
        address = check_address(address)
        if self.image is None:
            return None
        location = self.image.locate(address)
        if location.symbol is None and location.file is None:
            physical = self.translate(address)
            return location if physical is None else self.image.locate(physical)
        return location

    def instruction_at(self, address: int) -> int | None:
        """The word that a fetch at this virtual address would see; None if it would fault."""
        physical = self.translate(address, "x") if check_address(address) % 4 == 0 else None
        if physical is None or physical + 4 > self.memory_size:
            return None
        return self.memory.word(physical)

    def disassemble(self, address: int, word: int | None = None) -> str | None:
        """The instruction at a virtual address, or `word` as if it stood there."""
        from toyvm.asm.disassembler import disassemble_word

        word = self.instruction_at(address) if word is None else check_within(word, 0, 0xFFFFFFFF, "word")
        names = None if self.image is None else self.image.symbol_at
        return None if word is None else disassemble_word(word, address, names)

    # Snapshots.

    def save(self, *, disk: bool = True) -> bytes:
        """All state at this instruction boundary, the disk's contents included; input and output are the host's.

        Without the `disk` one has to be given to `restore`.
        """
        with self._alone(), self._holding.holes_known(self.vm):
            vm, size = self.vm, int(lib.t64_vm_save_size(self.vm, disk))
            save = lib.t64_vm_save
            return filled(size, lambda buffer: _checked(save(vm, buffer, size, disk), "saving"), "saving", size)

    def restore(self, snapshot: bytes, *, disk: Medium | None = None) -> None:
        """Go back to a state saved by a computer configured alike. Raises BadFileError, changing nothing.

        Where a `disk` is given it is what the disk holds then, with nothing left to flush: to go back from medium to
        medium costs what differs, of memory and of the disk.
        """
        with self._alone(), self._holding.holes_known(self.vm):
            data = check_bytes(snapshot, "snapshot")
            if disk is not None:
                self._holding.marked_disk().check_medium(disk)
            code = lib.t64_vm_load(self.vm, data, len(data), disk is not None)
            if code not in (lib.T64_OK, lib.T64_ERROR_MEMORY):
                raise BadFileError(f"restoring: {ERRORS[code]}")
            _checked(code, "restoring")
            if disk is not None:
                self._holding.marked_disk().become(disk)

    # Power cuts.

    def power_cut(self) -> PowerCut:
        """What the disk may hold if the power is cut at this instruction boundary. The machine is none the wiser.

        The first one of a machine keeps a copy of its disk, the origin of its media and those of later ones.
        """
        self._check_open()
        with self._alone():
            return self._holding.power_cut()

    @property
    def disk_writes(self) -> int:
        """How often the disk was written to, by commands and requests of its ring, whatever was restored since."""
        return int(lib.t64_vm_disk_writes(self.vm))

    def run_to_disk_write(self, max_instructions: int | None = None, timeout: float | None = None) -> Outcome:
        """Run until the disk is written to, by single steps (some 10**6 a second). It stops with `limit` there."""
        target, deadline = _target(self.retired, max_instructions, None), _deadline(timeout)
        with self._alone():
            started = monotonic()
            stop = self.runner.run_to_disk_write(target, deadline)
            return self._outcome(stop, monotonic() - started)


def image_of(source: Image | Assembly) -> Image:
    """The image in what `assemble` or `load_program` gave. Raises UsageError."""
    image = source if hasattr(source, "segments") else getattr(source, "image", None)
    if not (hasattr(image, "segments") and hasattr(image, "entry")):
        raise wrong(
            "image", source, "an Image, as assemble(...) and load_program(...) give it; the latter reads files, too"
        )
    return cast("Image", image)


def filled(size: int, fill: Callable[[Any], object], doing: str, limit: int = MAXIMUM_READ_BYTES) -> bytes:
    """The bytes that `fill` puts into a native buffer. Raises UsageError where that is too large."""
    if size > limit:
        raise UsageError(f"{doing}: {size} bytes are too many at once; it takes {limit} at most")
    try:
        buffer = ffi.new("uint8_t[]", size)
        fill(buffer)
        return bytes(ffi.buffer(buffer, size))
    except MemoryError:
        raise UsageError(f"{doing}: this process has no memory for {size} bytes") from None


def _target(retired: int, max_instructions: int | None, until: int | None) -> int:
    """The total count to stop at."""
    for name, value in (("max_instructions", max_instructions), ("until", until)):
        if value is not None and check_integer(value, name) < 0:
            raise UsageError(f"{name} of {value}; it is a count, 0 or more")
    more = NEVER if max_instructions is None else retired + max_instructions
    return min(more, NEVER if until is None else until, NEVER)


def _deadline(timeout: float | None) -> float:
    """The monotonic second at which `timeout` seconds from now have passed."""
    seconds = check_seconds(timeout, "timeout")
    return float("inf") if seconds is None else monotonic() + seconds


def bits_of_rights(rights: str, bits: Mapping[str, int]) -> int:
    """What letters of "rwx" come to in these bits. Raises UsageError."""
    for right in check_text(rights, "rights"):
        if right not in bits:
            raise unknown_name("right", right, bits)
    return sum(bits[right] for right in set(rights))


def control_number(number: int) -> int:
    """The number of a control register that there is. Raises UsageError."""
    if check_integer(number, "control register") not in BY_NUMBER:
        raise UsageError(f"no control register {number}; they are 0..{max(BY_NUMBER)}")
    return number


def _checked(code: int, doing: str) -> None:
    """Raise what a native function's result says; T64_OK says nothing."""
    if code != lib.T64_OK:
        kind = ToyvmError if code == lib.T64_ERROR_MEMORY else UsageError
        raise kind(f"{doing}: {ERRORS[code]}")
