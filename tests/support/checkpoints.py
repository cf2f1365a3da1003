"""Contexts that are checkpointed and restored, for tests: tests/guests/os/checkpoint has what runs in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from struct import Struct
from typing import NamedTuple

from support.guest_runs import GUESTS, image_of
from support.os_runs import KERNEL, LIMIT, PROGRAMS, assembled
from toyvm.filesystem.check import check
from toyvm.filesystem.layout import ROOT_INODE, checksum
from toyvm.filesystem.skeleton import add_file, furnish
from toyvm.filesystem.volume import NoSuchPathError, Volume, new_volume
from toyvm.image import Image
from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.outcome import Stop

HEAD = 32
SOCK_DGRAM, ZOMBIE, TRAMPOLINE = 2, 4, 8
_MAGIC = b"T64CKPT\1"
_DISK_BYTES = 2 << 20


class Mode(IntEnum):
    """What driver.s does."""

    NOT_AT_ALL = 0
    SAME = 1
    OTHER = 2
    BOTH = 3
    GO_ON = 4
    LEAVE = 5
    TAKE_UP = 6
    TRY = 7


class Ended(NamedTuple):
    output: str
    disk: bytearray


@contextmanager
def begun(
    delay: int,
    mode: Mode,
    technique: str = "bare",
    files: Mapping[str, bytes] = {},
    hindrance: int = 0,
    kernel: Image | None = None,
) -> Iterator[Computer]:
    """A machine that is about to do that, with these files in its root; work.s says what hindrances there are."""
    disk = bytearray(_DISK_BYTES)
    volume = new_volume(disk)
    furnish(volume, GUESTS / "os" / "root")
    programs = PROGRAMS / "checkpoint"
    images = {
        "work": assembled(programs / "work.s", HINDRANCE=hindrance),
        "init": assembled(programs / "driver.s", DELAY=delay, MODE=mode, HINDRANCE=hindrance),
    }
    for name, image in images.items():
        add_file(volume, volume.find("/bin"), name, image, 0o755)
    for name, data in files.items():
        add_file(volume, ROOT_INODE, name, data, 0o644)
    volume.close()
    with launched(technique, disk=disk) as machine:
        machine.load(image_of(KERNEL, technique) if kernel is None else kernel)
        yield machine


def run(
    delay: int, mode: Mode, technique: str = "bare", files: Mapping[str, bytes] = {}, kernel: Image | None = None
) -> Ended:
    """What the machine prints, and its disk, which is without faults."""
    with begun(delay, mode, technique, files, kernel=kernel) as machine:
        outcome = machine.run(LIMIT)
        output = machine.output.decode()
        assert outcome.stop is Stop.EXIT, outcome
        assert outcome.exit_code == 0, output
        disk = machine.power_cut().newest.contents()
    assert check(Volume(disk)) == []
    return Ended(output, disk)


@cache
def uninterrupted() -> str:
    """What a context prints that nobody stops: its status, and what it has written."""
    output = run(0, Mode.NOT_AT_ALL).output
    assert output.endswith("\nok\n")
    return output.removesuffix("ok\n")


def file_of(disk: bytearray, path: str) -> bytes | None:
    """What a file has; None: it is not there."""
    volume = Volume(disk)
    try:
        return volume.contents(volume.inode(volume.find(path)))
    except NoSuchPathError:
        return None


@cache
def left(delay: int, technique: str = "bare") -> dict[str, bytes]:
    """What another machine needs to go on from a checkpoint; the same dict each time."""
    disk = run(delay, Mode.LEAVE, technique).disk
    image = file_of(disk, "/image")
    assert image is not None
    written = file_of(disk, "/one/out")
    return {"image": image} | ({} if written is None else {"written": written})


def is_whole(image: bytes) -> bool:
    """Has it the head that a whole checkpoint has?"""
    return image[:8] == _MAGIC and image[16:HEAD] == _tail(image)


def sealed(image: bytes) -> bytes:
    """With the length and the checksum that it would have if the kernel had written it."""
    return image[:16] + _tail(image) + image[HEAD:]


class _Reading:
    """A checkpoint read part by part, and where its dwords stand; contents of files, pipes and pages are no dwords."""

    def __init__(self, image: bytes) -> None:
        self._image = image
        self._place = HEAD
        self.places: list[int] = []
        self.named: dict[str, list[int]] = {}

    def dword(self, name: str = "") -> int:
        self.places.append(self._place)
        self.named.setdefault(name, []).append(self._place)
        self._place += 8
        return int.from_bytes(self._image[self._place - 8 : self._place], "little")

    def dwords(self, count: int) -> list[int]:
        return [self.dword() for _ in range(count)]

    def free(self, count: int) -> None:
        """Dwords that may be anything."""
        self._place += 8 * count

    def skip(self, count: int) -> None:
        self._place += -(-count // 8) * 8

    def all(self) -> list[int]:
        self.free(9)  # a name
        self.dwords(3)
        for _ in range(self.dword()):  # inodes
            self.skip(self.dwords(6)[5])
        for _ in range(self.dword()):  # pipes
            self.dwords(2)
            self.skip(self.dword("bytes of a pipe"))
        for _ in range(self.dword()):  # sockets
            kind, length = (values := self.dwords(11))[2], values[10]
            self.dwords(length // 8) if kind == SOCK_DGRAM else self.skip(length)
            while self.dword():
                pass
        for _ in range(self.dword()):  # files
            self.dwords(5)
            self.dword("object of a file")
        while self.dword():  # processes
            self.dword("parent")
            state = self.dword()
            self.dwords(6)
            self.dword("niceness")
            self.dwords(1 + 2 + 4)
            self.dword("umask and groups")
            self.dwords(11)
            if state != ZOMBIE:
                self._living()
        assert self._place == len(self._image)
        return self.places

    def _living(self) -> None:
        self.dwords(7 + 2 + 2)
        self.free(32)  # registers
        self.dwords(2)
        if self.dword():
            self.free(2048 // 8)  # actions
        while self.dword("descriptor"):
            self.dword("file of a descriptor")
            self.dword()
        while self.dword("begin of a region"):
            self.dword("end of a region")
            self.dword("rights")
            if self.dword() & TRAMPOLINE:
                continue
            self.dword("inode of a region")
            self.dwords(2)
            while page := self.dword("address of a page"):
                self.dword("number of a page")
                self.skip(4096 * (page & 1))


def places_of(image: bytes) -> list[int]:
    """Where the dwords stand that the kernel looks at."""
    return _Reading(image).all()


def named_places(image: bytes) -> dict[str, list[int]]:
    """Where some of them stand, by what they are."""
    reading = _Reading(image)
    reading.all()
    return reading.named


def _tail(image: bytes) -> bytes:
    body = image[HEAD : HEAD + (len(image) - HEAD) // 8 * 8]
    return len(image).to_bytes(8, "little") + checksum(Struct(f"<{len(body) // 8}Q").unpack(body)).to_bytes(8, "little")
