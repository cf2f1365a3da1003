"""The operating system's file system without its processes: calls that a guest makes in turn, and its disk."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from support.guest_runs import GUESTS, TESTS
from toyvm.asm import assemble
from toyvm.filesystem.check import check
from toyvm.filesystem.layout import DIRECTORY, LINK, REGULAR
from toyvm.filesystem.volume import Volume
from toyvm.image import Image
from toyvm.isa.control import ALL_BITS
from toyvm.launch import launched
from toyvm.machine.computer import Computer

AT_FDCWD = -100
AT_REMOVEDIR = 0x200
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC = 0, 1, 2, 0x40, 0x80, 0x200
MEMORY = 8 << 20
LIMIT = 100_000_000  # instructions
CALLS = {
    **{
        "getcwd": 17,
        "dup": 23,
        "dup3": 24,
        "fcntl": 25,
        "ioctl": 29,
        "mknodat": 33,
        "mkdirat": 34,
        "unlinkat": 35,
        "symlinkat": 36,
        "linkat": 37,
        "statfs": 43,
        "fstatfs": 44,
        "truncate": 45,
    },
    **{"ftruncate": 46, "faccessat": 48, "chdir": 49, "fchdir": 50, "chroot": 51, "fchmod": 52, "fchownat": 54},
    **{"fchown": 55, "pipe2": 59, "readv": 65, "writev": 66, "ppoll": 73, "newfstatat": 79, "sync": 81, "fsync": 82},
    **{"fchmodat": 53, "openat": 56, "close": 57, "getdents64": 61, "lseek": 62, "read": 63, "write": 64},
    **{"pread64": 67, "pwrite64": 68, "readlinkat": 78, "fstat": 80, "utimensat": 88, "renameat2": 276},
    **{"become": 1000, "remount": 1001, "unify": 1002, "stamp": 1003},
}
_ROW = struct.Struct("<8Q")
_HEADER = 64
_RESULT = 56


@cache
def script_guest(size: int = 0x100000) -> Image:
    """tests/os/files.s, with so much room for a script."""
    return assemble([TESTS / "os" / "files.s"], include=[GUESTS], defines={"SCRIPT_SIZE": size}).image


@dataclass
class Script:
    """Calls to be made. What they point to stands behind the rows, an argument of text or bytes with a zero."""

    image: Image = field(default_factory=script_guest)
    room: int = 2048  # rows
    rows: list[tuple[int, list[int]]] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    @property
    def _base(self) -> int:
        return self.image.address_of("script")

    def put(self, contents: bytes) -> int:
        """The address of a copy that the guest can use."""
        self.data += bytes(-len(self.data) % 8)
        self.data += contents
        return self._base + _HEADER + _ROW.size * self.room + len(self.data) - len(contents)

    def call(self, name: str, *arguments: int | str | bytes) -> int:
        """Make this call next; its place among the results."""
        values = [
            argument if isinstance(argument, int) else self.put(_bytes(argument) + b"\0") for argument in arguments
        ]
        self.rows.append((CALLS[name], values + [0] * (6 - len(values))))
        assert len(self.rows) <= self.room
        return len(self.rows) - 1

    def load(self, machine: Computer, unmade: int = 0) -> None:
        """Into a machine that has the guest; `unmade` is the result of a call until it is made."""
        packed = [_ROW.pack(number, *(value & ALL_BITS for value in (*values, unmade))) for number, values in self.rows]
        machine.write(self._base, len(self.rows).to_bytes(8, "little").ljust(_HEADER, b"\0") + b"".join(packed))
        machine.write(self._base + _HEADER + _ROW.size * self.room, bytes(self.data))

    def results(self, machine: Computer) -> list[int]:
        rows = machine.read(self._base + _HEADER, _ROW.size * len(self.rows))
        return [struct.unpack_from("<q", rows, _ROW.size * n + _RESULT)[0] for n in range(len(self.rows))]

    def run(self, disk: bytearray, technique: str = "bare", *, writable: bool = True) -> ScriptRun:
        """On a disk, which has the changes then."""
        with launched(technique, MEMORY, disk=disk, disk_writable=writable) as machine:
            machine.load(self.image)
            self.load(machine)
            outcome = machine.run(LIMIT)
            assert str(outcome.stop) == "exit", outcome
            return ScriptRun(
                outcome.exit_code or 0,
                self.results(machine),
                self._base,
                machine.read(self._base, _HEADER + _ROW.size * self.room + len(self.data)),
            )


@dataclass(frozen=True)
class ScriptRun:
    """How a script ended: code 9 where the disk could not be mounted; and what is in its memory then."""

    exit_code: int
    results: Sequence[int]
    base: int
    memory: bytes

    def bytes_at(self, address: int, length: int) -> bytes:
        return self.memory[address - self.base : address - self.base + length]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


Tree = dict[bytes, tuple[int, int, bytes]]


def tree_of(disk: bytearray, *, stamped: bool = False) -> Tree:
    """Mode, links and contents of all that is on a disk without faults, by path; the root's is empty.

    Where directories were `stamped` by hand there is no context that they are the roots of, which is no fault then.
    """
    volume = Volume(disk)
    assert [fault for fault in check(volume) if not (stamped and "context" in str(fault))] == []
    assert not volume.superblock.first_orphan
    tree: Tree = {b"": (volume.inode(1).mode, volume.inode(1).links, b"")}
    for path, _, inode in volume.walk():
        contents = volume.contents(inode) if inode.type in (REGULAR, LINK) else b""
        links = inode.links
        tree[path] = (inode.mode, links, contents)
    return tree


def is_directory(mode: int) -> bool:
    return mode & 0o170000 == DIRECTORY
