"""The devices behind the ports: console, power, clock and disk. They know the time only as they are told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from mmap import mmap
from typing import Protocol

from toyvm.errors import UsageError
from toyvm.isa.ports import BY_NAME, BY_NUMBER, DISK_CACHE_WRITES, SECTOR_SIZE
from toyvm.isa.traps import INTERRUPTS
from toyvm.reference.words import u64

NONE_LEFT = -2  # console_in: the input has ended

READ_COMMAND, WRITE_COMMAND, FLUSH_COMMAND = 1, 2, 3
BUSY, DONE, FAILED = 1, 2, 4  # disk_status
WORD = 8  # bytes that disk_data moves at a time


Sectors = bytearray | mmap  # a disk's, which are changed in place


class InputBytes(Protocol):
    """All of the input, from the first byte on: the next one is looked at only where it is asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> int: ...


class Interrupting(Protocol):
    """A device with an interrupt."""

    @property
    def pending(self) -> bool: ...
    def advance(self, now: int) -> None: ...
    def ticks_left(self, now: int) -> int | None:
        """Until its interrupt is pending, if nothing else happens; None: for ever."""


class Console:
    """Bytes in and out. All of the input, and its end, are there from the start."""

    def __init__(self, input: InputBytes) -> None:
        self.output = bytearray()
        self._input = input
        self._taken = 0
        self._end_read = False

    @property
    def pending(self) -> bool:
        return not self._end_read

    def advance(self, now: int) -> None:
        pass

    def ticks_left(self, now: int) -> int | None:
        return None

    @property
    def status(self) -> int:
        ended = self._taken == len(self._input)
        return 2 if ended else 1

    def read(self) -> int:
        if self._taken == len(self._input):
            self._end_read = True
            return NONE_LEFT
        self._taken += 1
        return self._input[self._taken - 1]

    def write(self, value: int) -> None:
        self.output.append(value & 0xFF)


class Disk:
    """Sectors behind a buffer. A command moves its data when it completes, `latency` ticks after it was given.

    `data` is what reading finds. A power cut takes away any of the writes that wait: what the medium holds of their
    sectors is `lasting`.
    """

    def __init__(self, data: Sectors | None, latency: int, writable: bool, cached: bool = True) -> None:
        self.data: Sectors = data if data is not None else bytearray()
        self.is_changed = False
        self.waiting: deque[tuple[int, bytes]] = deque()  # sector and contents
        self.lasting: dict[int, bytes] = {}
        self.writes = 0  # so far
        self.marks = bytearray(self.sectors)  # the host's: 1 for each sector that was written
        self._room = DISK_CACHE_WRITES if cached else 0
        if len(self.data) % SECTOR_SIZE:
            raise UsageError(f"a disk of {len(self.data)} bytes; it takes a multiple of {SECTOR_SIZE}")
        self._latency = latency
        self._writable = writable
        self._buffer = bytearray(SECTOR_SIZE)
        self._position = 0  # of disk_data in the buffer, in bytes
        self.sector = 0
        self._done = self._failed = False
        self._started: int | None = None  # when the command under way was given; None: there is none
        self._command = self._target = 0  # of that command

    @property
    def sectors(self) -> int:
        return len(self.data) // SECTOR_SIZE

    @property
    def pending(self) -> bool:
        return self._done

    @property
    def status(self) -> int:
        return BUSY * (self._started is not None) | DONE * self._done | FAILED * self._failed

    def acknowledge(self) -> None:
        self._done = self._failed = False

    def start(self, command: int, now: int) -> None:
        if self._started is not None:
            self._failed = True
            return
        self._command, self._target = command, self.sector
        self._started = now
        self._position = 0

    def ticks_left(self, now: int) -> int | None:
        """How long the command under way still takes; None without one. Time may have started again from 0."""
        return None if self._started is None else max(0, self._latency - u64(now - self._started))

    def advance(self, now: int) -> None:
        """Complete the command under way if it is due."""
        if self.ticks_left(now) != 0:
            return
        self._started = None
        self._done = True
        self._position = 0
        if self._acceptable():
            self._move()
        else:
            self._failed = True

    def _acceptable(self) -> bool:
        if self._command == FLUSH_COMMAND:
            return self.sectors > 0
        known = self._command == READ_COMMAND or (self._command == WRITE_COMMAND and self._writable)
        return known and self._target < self.sectors

    def _move(self) -> None:
        place = slice(self._target * SECTOR_SIZE, (self._target + 1) * SECTOR_SIZE)
        if self._command == READ_COMMAND:
            self._buffer[:] = self.data[place]
        elif self._command == WRITE_COMMAND:
            self.lasting.setdefault(self._target, bytes(self.data[place]))
            self.data[place] = self._buffer
            self.is_changed = True
            self.writes += 1
            self.marks[self._target] = 1
            self.waiting.append((self._target, bytes(self._buffer)))
            self._put_on_medium(len(self.waiting) - self._room)
        else:
            self._put_on_medium(len(self.waiting))

    def _put_on_medium(self, count: int) -> None:
        """The oldest writes that wait."""
        for _ in range(count):
            sector, data = self.waiting.popleft()
            self.lasting[sector] = data
        if count > 0:
            self.lasting = {sector: self.lasting[sector] for sector, _ in self.waiting}

    def read_data(self) -> int:
        return int.from_bytes(self._buffer[self._next_word()], "little")

    def write_data(self, value: int) -> None:
        self._buffer[self._next_word()] = value.to_bytes(WORD, "little")

    def _next_word(self) -> slice:
        start = self._position
        self._position = (start + WORD) % SECTOR_SIZE
        return slice(start, start + WORD)


class Devices:
    """All devices of one machine, and the table of ports that lead to them."""

    def __init__(self, console: Console, disk: Disk, clock_base: int) -> None:
        self.console = console
        self.disk = disk
        self.exit_code: int | None = None  # set when the power goes off
        self._clock_base = clock_base
        # A reader is given the time, a writer the value and the time after its instruction.
        self._readers: dict[str, Callable[[int], int]] = {
            "console_in": lambda now: console.read(),
            "console_stat": lambda now: console.status,
            "clock": lambda now: self._clock_base + now,
            "disk_sectors": lambda now: disk.sectors,
            "disk_sector": lambda now: disk.sector,
            "disk_status": lambda now: disk.status,
            "disk_data": lambda now: disk.read_data(),
        }
        self._writers: dict[str, Callable[[int, int], None]] = {
            "console_out": lambda value, now: console.write(value),
            "power": lambda value, now: self._power_off(value),
            "disk_sector": lambda value, now: setattr(disk, "sector", value),
            "disk_command": lambda value, now: disk.start(value, now),
            "disk_status": lambda value, now: disk.acknowledge(),
            "disk_data": lambda value, now: disk.write_data(value),
        }
        interrupting: dict[str, Interrupting] = {"console": console, "disk": disk}
        self._by_bit = {
            1 << cause.number: interrupting.pop(cause.name) for cause in INTERRUPTS if cause.name != "timer"
        }
        assert not interrupting
        assert set(self._readers) == {port.name for port in BY_NAME.values() if port.read}
        assert set(self._writers) == {port.name for port in BY_NAME.values() if port.write}

    @staticmethod
    def readable(port: int) -> bool:
        return port in BY_NUMBER and BY_NUMBER[port].read is not None

    @staticmethod
    def writable(port: int) -> bool:
        return port in BY_NUMBER and BY_NUMBER[port].write is not None

    def read(self, port: int, now: int) -> int:
        return u64(self._readers[BY_NUMBER[port].name](now))

    def write(self, port: int, value: int, after: int) -> None:
        """`after` is the time once the `out` has retired."""
        self._writers[BY_NUMBER[port].name](value, after)

    def advance(self, now: int) -> None:
        for device in self._by_bit.values():
            device.advance(now)

    @property
    def pending(self) -> int:
        """The devices' bits of ipend."""
        return sum(bit for bit, device in self._by_bit.items() if device.pending)

    def ticks_to_event(self, mask: int, now: int) -> int | None:
        """How long until a device raises an interrupt that `mask` lets in, if nothing else happens; None: for ever."""
        left = (device.ticks_left(now) for bit, device in self._by_bit.items() if mask & bit)
        return min((ticks for ticks in left if ticks is not None), default=None)

    def _power_off(self, code: int) -> None:
        self.exit_code = code
