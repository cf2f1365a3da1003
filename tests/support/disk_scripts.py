"""What a disk is told to do, by a guest that reads it from a list; and a plain model of what a power cut may leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations
from pathlib import Path
from random import Random

from toyvm.hypercalls import DISK_FLUSH, DISK_READ, DISK_WRITE
from toyvm.isa.ports import SECTOR_SIZE as SECTOR
from toyvm.machine.computer import Computer
from toyvm.machine.power_cut import Write
from toyvm.programs import load_program

SECTORS, MOST = 12, 16  # of the disk, and of one command
GUEST = Path(__file__).with_name("disk_script.s")
Command = tuple[int, int, int, int]  # command, sector, count, value


def disk() -> bytearray:
    return bytearray(b"".join(bytes([number + 1]) * SECTOR for number in range(SECTORS)))


def script_of(seed: int, length: int, flushes: int = 25) -> list[Command]:
    """Random commands, so many percent of them flushes. Few values, so that some writes change nothing."""
    random, script = Random(seed), []
    for _ in range(length):
        command = DISK_FLUSH if random.randrange(100) < flushes else random.choice((DISK_READ, *[DISK_WRITE] * 3))
        sector = random.randrange(SECTORS)
        script.append((command, sector, random.randint(1, min(3, SECTORS - sector)), random.randrange(3) << 40))
    return script


def load_script(machine: Computer, script: Iterable[Command], technique: str = "bare") -> None:
    image = load_program(GUEST, technique)
    machine.load(image)
    words = [*chain.from_iterable(script), 0]
    machine.write(image.address_of("script"), b"".join(word.to_bytes(8, "little") for word in words))


def writes_of(command: Command) -> Iterator[Write]:
    kind, sector, count, value = command
    if kind == DISK_WRITE:
        words = range(value, value + count * SECTOR // 8)
        data = b"".join(word.to_bytes(8, "little") for word in words)
        for number in range(count):
            yield Write(sector + number, data[number * SECTOR : (number + 1) * SECTOR])


def contents_with(contents: bytes, writes: Iterable[Write]) -> bytes:
    changed = bytearray(contents)
    for sector, data in writes:
        changed[sector * SECTOR : (sector + 1) * SECTOR] = data
    return bytes(changed)


@dataclass
class Model:
    """A medium, and the writes that wait for it."""

    medium: bytes = field(default_factory=lambda: bytes(disk()))
    pending: list[Write] = field(default_factory=list)
    room: int = 1024

    def do(self, command: Command) -> None:
        for write in writes_of(command):
            self.write(write)
        if command[0] == DISK_FLUSH:
            self._put_on_medium(len(self.pending))

    def write(self, write: Write) -> None:
        self.pending.append(write)
        self._put_on_medium(len(self.pending) - self.room)

    def _put_on_medium(self, count: int) -> None:
        if count > 0:
            self.medium = contents_with(self.medium, self.pending[:count])
            del self.pending[:count]

    def media(self) -> set[bytes]:
        """With each subset of the writes, later ones over earlier ones."""
        every = range(len(self.pending))
        subsets = chain.from_iterable(combinations(every, size) for size in range(len(self.pending) + 1))
        return {contents_with(self.medium, (self.pending[number] for number in subset)) for subset in subsets}

    @property
    def contents(self) -> bytes:
        return contents_with(self.medium, self.pending)


def model_of(script: Iterable[Command], room: int = 1024) -> Model:
    """After all of it."""
    model = Model(room=room)
    for command in script:
        model.do(command)
    return model
