"""A host: a machine that a monitor owns, and that its guests share by turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar

from toyvm.arguments import check_callable, check_integer, check_pages, check_seconds, check_text
from toyvm.errors import UsageError
from toyvm.host.guest import Guest
from toyvm.host.scheduler import HostStop, Sharing
from toyvm.host.stride import DEFAULT_SHARE, DEFAULT_SLICE, FULL_CAP, Schedule
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, MAXIMUM_MEMORY, Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.machine.computer import filled
from toyvm.machine.config import LEVEL_NUMBERS, native_config, parse_level
from toyvm.machine.console import Input
from toyvm.machine.disk import open_disk
from toyvm.machine.gate import HOST_IN_USE, Gate, one_thread_at_a_time
from toyvm.machine.holding import Holding, no_holding, raise_first
from toyvm.machine.tlb import TlbShape, tlb_shape
from toyvm.native import ffi, lib
from toyvm.recompiler.options import Recompiling, recompiling_of
from toyvm.techniques import TECHNIQUES, Build, Option, Variant, parse_variant

if TYPE_CHECKING:
    from concurrent.futures import Future

    from toyvm.host.accounts import HostAccount
    from toyvm.host.monitored_guest import MonitorMaker
    from toyvm.machine.disk import DiskSource
    from toyvm.recompiler.worker import Recompiler

DEFAULT_HOST_MEMORY = 64 << 20  # bytes
_MINIMUM_HOST_MEMORY = 1 << 20
_Result = TypeVar("_Result")

NATIVE_TECHNIQUES = {
    facts.name: getattr(lib, f"T64_{facts.name.upper()}") for facts in TECHNIQUES if facts.name != "bare"
}
_NATIVE_OPTIONS = {option: getattr(lib, f"T64_OPTION_{option.name}") for option in Option}


def native_options(variant: Variant) -> int:
    """A technique's options as the core has them."""
    return sum(_NATIVE_OPTIONS[option] for option in variant.options)


def host_memory_for(guest_memory: int) -> int:
    """Bytes of a host with room for one guest of that size and for what its monitor keeps beside it."""
    return min(2 * guest_memory + (16 << 20), MAXIMUM_MEMORY)


@one_thread_at_a_time("interrupt", "post", "guests")
class Host:
    """A machine of `memory` bytes at a hardware level, and its monitor. Closing it closes its guests.

    Each guest may be run by itself, with `guest.run`, or all of them together, with `run`: by turns of at most `slice`
    instructions, each in proportion to its share and within its cap. What a guest does depends neither on that nor
    on its neighbours: it has its own virtual time, and ends as it would alone.

    One thread at a time may use a host and its guests, whatever of them it is: another one is refused, but for
    `interrupt`, `post`, and what a guest's `pause`, `resume`, `stop`, `condition` and `outcome` say and do.
    """

    _holding = no_holding()  # so one that could not be made is closed
    gate = _holding.gate

    def __init__(
        self,
        memory: int | str = DEFAULT_HOST_MEMORY,
        *,
        level: Level | str = Level.STRICT,
        engine: str | Recompiling = "interpreter",
        slice: int = DEFAULT_SLICE,
    ) -> None:
        size = check_pages(memory, _MINIMUM_HOST_MEMORY, MAXIMUM_MEMORY, "host memory")
        self.level = parse_level(level)
        recompiling = recompiling_of(engine)
        self.gate = Gate(HOST_IN_USE)
        self._guests: dict[str, Guest] = {}
        self._created = 0
        schedule = Schedule(slice)
        native = lib.t64_host_new(size, LEVEL_NUMBERS[self.level])
        if native == ffi.NULL:
            raise UsageError(f"no host of {size} bytes can be had: there is too little memory for it")
        self.sharing = Sharing(schedule, lambda: lib.t64_host_woken(native))
        self._holding = Holding(native, lib.t64_host_free, self.gate)
        self._holding.watch(self, "host")
        if recompiling is not None:
            from toyvm.recompiler.worker import Recompiler

            try:
                attach = lib.t64_host_recompile
                self._holding.recompiler = Recompiler(lambda options: attach(native, options), recompiling)
            except BaseException:
                self._holding.give_back()
                raise

    @property
    def _recompiler(self) -> Recompiler | None:
        return self._holding.recompiler

    def __repr__(self) -> str:
        return f"<Host with {len(self._guests)} guests>" if self._holding.native is not None else "<Host, closed>"

    @property
    def recompilation(self) -> dict[str, int]:
        """The recompiler's books, of all guests together; empty without one. See `Computer.recompilation`."""
        self.native  # noqa: B018 (raises once closed)
        return {} if self._recompiler is None else self._recompiler.counts()

    @property
    def native(self) -> Any:
        """The native object; raises UsageError after `close`."""
        if self._holding.native is None:
            raise UsageError("this host is closed")
        return self._holding.native

    def guest(
        self,
        technique: str = "trap",
        memory: int | str = DEFAULT_MEMORY,
        *,
        input: Input = None,
        output: BinaryIO | None = None,
        disk: DiskSource = None,
        disk_writable: bool = True,
        disk_cache: bool = True,
        disk_latency: int = DEFAULT_DISK_LATENCY,
        clock_base: int = DEFAULT_CLOCK_BASE,
        tlb: str | TlbShape | None = None,
        name: str | None = None,
        share: int = DEFAULT_SHARE,
        cap: int = FULL_CAP,
        limit: int | None = None,
        monitor: MonitorMaker | None = None,
    ) -> Guest:
        """Create a guest. `technique` may name options of it, as in `trap+flush`; others are those of Machine.

        When the host is shared, `share` is its part of the CPU in proportion to the other guests' shares, `cap` the
        most it gets, in percent of the host, and `limit` how many instructions it may run in all. Its memory is set
        aside whole, and takes memory of this process page by page, when it is first touched. A `monitor` of your own, a
        class as toyvm.monitor has it, takes the place of a technique.

        Raises UsageError if there is no such technique on the host's hardware level, the name is taken, or the host has
        too little memory.
        """
        self.native  # noqa: B018 (raises once closed)
        variant = _parse_guests_variant(technique)
        if variant.facts.needs_guest_mode and self.level is not Level.ASSIST:
            raise UsageError(
                f"technique {variant.facts.name} needs hardware of level assist; this host's is {self.level}"
            )
        shape = None if tlb is None else tlb_shape(tlb)
        if shape is not None and monitor is not None:
            raise UsageError(f"tlb of {shape}: what a monitor of your own does in its guest's place is in no model")
        name = self._new_name(name)
        config = native_config(memory, self.level, clock_base, disk_latency)
        config.options = native_options(variant)
        client = self.sharing.schedule.add(share, cap)
        if limit is not None and check_integer(limit, "limit") < 0:
            raise UsageError(f"limit of {limit}; it is a count of instructions, 0 or more")
        opened = open_disk(disk, disk_writable, disk_cache)
        number = lib.T64_CUSTOM if monitor else NATIVE_TECHNIQUES[variant.facts.name]
        vm = lib.t64_guest_new(self.native, number, config)
        if vm == ffi.NULL:
            free = self.frames_free * PAGE_SIZE
            raise UsageError(f"the host has {free} bytes free, too few for a guest of {config.memory} and its tables")
        holding = Holding(vm, lib.t64_vm_free, self.gate)
        if monitor is None:
            guest = Guest(self, variant.name, holding, input, output, opened, name, shape)
        else:
            from toyvm.host.monitored_guest import monitored_guest

            guest = monitored_guest(monitor, self, holding, input, output, opened, name)
        self._holding.parts.append(holding)
        guest.seat = self.sharing.seat(guest, client, limit)
        guest.seat.is_domain = monitor is None and _is_domain(variant)
        self._guests[name] = guest
        return guest

    def _new_name(self, name: str | None) -> str:
        self._created += 1
        name = f"guest{self._created}" if name is None else check_text(name, "name")
        if name in self._guests:
            raise UsageError(f"there is a guest {name!r} on this host already")
        return name

    @property
    def guests(self) -> tuple[Guest, ...]:
        """Those that are not closed, in the order of their creation."""
        return tuple(self._guests.values())

    def _forget(self, guest: Guest) -> None:
        """A guest of this host is closed."""
        self._guests.pop(guest.name, None)
        self._holding.parts.remove(guest._holding)
        self.sharing.leave(guest.seat)

    def run(
        self, max_ticks: int | None = None, timeout: float | None = None, *, wait_for_input: bool = True
    ) -> HostStop:
        """Run all guests together until none can go on, or `max_ticks` of the host's clock or `timeout` seconds have
        passed.

        An instruction of any guest is a tick, and so is one that caps leave unused; where the monitor's work for a
        guest is more than a run may cost, it takes the rest of the guest's turn, and so does what one instruction moves
        through the console, from 256 KiB on. How each guest ended is in its `outcome`. Ctrl-C ends it too, with
        `interrupted`, and so does an exception of an observer, monitor, input or output, which is raised here; whatever
        ended it, another run goes on from there. Without `wait_for_input` it is done, too, where guests could go on
        only if input came.
        """
        self.native  # noqa: B018 (raises)
        if max_ticks is not None and check_integer(max_ticks, "max_ticks") < 0:
            raise UsageError(f"max_ticks of {max_ticks}; it is a count, 0 or more")
        return self.sharing.run(max_ticks, check_seconds(timeout, "timeout"), wait_for_input)

    def interrupt(self) -> None:
        """End the run under way with `interrupted`. Another thread, or an observer, may call this."""
        self.sharing.interrupt()

    def post(self, function: Callable[[], _Result]) -> Future[_Result]:
        """Have the thread that runs the host call `function()` between two turns, where it may do all that may be done
        to a host that stands still but run or close it. Any thread may post, and so may an observer.

        The future has what it returns or raises, and can be cancelled before. What is posted is done in its order:
        at once in a run under way, of the host or of one of its guests, else at the beginning of the next one; a host
        that is closed cancels it. To wait for it inside the run is to wait for ever. Raises UsageError once the host is
        closed.
        """
        check_callable(function, "function")
        future = self.sharing.post(function)
        if self._holding.native is None:  # closed meanwhile
            self.sharing.cancel_posted()
            raise UsageError("this host is closed")
        return future

    @property
    def clock(self) -> int:
        """Ticks that have passed in its runs."""
        return self.sharing.schedule.clock

    def account(self) -> HostAccount:
        """What host, monitor and each guest have had and have now."""
        from toyvm.host.accounts import account_of

        return account_of(self)

    @property
    def memory_size(self) -> int:
        """Bytes of host-physical memory."""
        return int(lib.t64_host_memory(self.native))

    @property
    def real_time(self) -> int:
        """Ticks of the host: the instructions that all its guests have retired, and what `pass_time` added."""
        return int(lib.t64_host_real_time(self.native))

    def pass_time(self, ticks: int) -> None:
        """Let real time go on while no guest runs. Raises UsageError for a negative number."""
        if not 0 <= check_integer(ticks, "ticks") < 1 << 63:
            raise UsageError(f"{ticks} ticks cannot pass; it takes 0..{(1 << 63) - 1}")
        lib.t64_host_pass_time(self.native, ticks)

    @property
    def frames_free(self) -> int:
        """Host frames that nobody has."""
        return int(lib.t64_host_frames_free(self.native))

    @property
    def frames_monitor(self) -> int:
        """Host frames that the monitor's tables take now."""
        return int(lib.t64_host_frames_monitor(self.native))

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes, a GiB at most, at a host-physical address. Raises UsageError outside memory."""
        address, size, limit = check_integer(address, "address"), check_integer(size, "size"), self.memory_size
        if address < 0 or size < 0 or address + size > limit:
            raise UsageError(f"{size} bytes at {address:#x} lie outside host memory; it ends at {limit:#x}")
        native = self.native
        return filled(size, lambda buffer: lib.t64_host_read(native, address, buffer, size), "reading host memory")

    def __reduce_ex__(self, protocol: object) -> Any:
        """Neither copied nor pickled: two owners would free the same native state."""
        raise UsageError("a host is not copied or pickled; save() and restore() carry a guest's state")

    def close(self) -> None:
        """Close the guests, then free the host."""
        if self._holding.native is None:
            return
        if self.sharing.is_running or any(guest.is_running for guest in self.guests):
            raise UsageError("this host is running already; it is closed once it stands still")
        errors = list(filter(None, map(error_of_closing, self.guests)))  # every disk is written back that can be
        try:
            self._holding.give_back()
        finally:
            self.sharing.cancel_posted()
        raise_first(errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def error_of_closing(guest: Guest) -> BaseException | None:
    """What closing a guest raises: the others, with their disks, are to be closed all the same."""
    try:
        guest.close()
    except BaseException as error:  # Ctrl-C, too
        return error
    return None


def _is_domain(variant: Variant) -> bool:
    """Can its guests make hypercalls, and so send one another events?"""
    return variant.facts.build is Build.PARAVIRT or Option.HYPERCALLS in variant.options


def _parse_guests_variant(text: str) -> Variant:
    """The variant of that name, of a technique that has a monitor. Raises UsageError."""
    if text == "bare":
        monitored = (facts.name for facts in TECHNIQUES if facts.name in NATIVE_TECHNIQUES)
        raise UsageError(f"bare has no monitor, and a host's guests have one; there are {', '.join(monitored)}")
    return parse_variant(text)
