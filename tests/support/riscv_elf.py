"""Small RISC-V programs for tests: ELF files made by hand, and code that makes system calls."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.rv64 import Operation, encode

TEXT, DATA = 0x10000, 0x20000
ECALL, EBREAK = 0x00000073, 0x00100073
READ, WRITE, EXIT = 63, 64, 93
A0, A1, A2, A7, T0, SP = 10, 11, 12, 17, 5, 2
X, W, R = 1, 2, 4  # rights of a segment
NOTYPE, OBJECT, FUNC = 0, 1, 2


def words(*code: int | Operation) -> bytes:
    return b"".join(struct.pack("<I", one if isinstance(one, int) else encode(one)) for one in code)


def li(rd: int, value: int) -> list[Operation]:
    """Load a constant of 32 bits."""
    low = (value & 0xFFF) - 0x1000 if value & 0x800 else value & 0xFFF
    return [Operation("lui", rd, imm=(value - low) >> 12 & 0xFFFFF), Operation("addiw", rd, rd, imm=low)]


def call(number: int, *arguments: int) -> list[int | Operation]:
    """A system call with constants; the result is in a0."""
    loads = [one for place, value in enumerate(arguments) for one in li(A0 + place, value)]
    return [*loads, *li(A7, number), ECALL]


def greeting(text: bytes, code: int) -> list[int | Operation]:
    """Write `text`, which stands at DATA, and exit."""
    return [*call(WRITE, 1, DATA, len(text)), *call(EXIT, code)]


@dataclass(frozen=True)
class Piece:
    """A section in a segment of its own. `size` is in memory, and that of the data unless said."""

    name: str
    address: int
    data: bytes
    rights: int
    size: int | None = None


@dataclass(frozen=True)
class Name:
    """A symbol in a piece."""

    name: str
    address: int
    piece: int = 0
    size: int = 0
    kind: int = FUNC


@dataclass(frozen=True)
class File:
    """An ELF file to be built. `others` are sections that are not loaded; `header` overrides members by offset."""

    pieces: Sequence[Piece]
    names: Sequence[Name] = ()
    entry: int = TEXT
    others: dict[str, bytes] = field(default_factory=dict)
    machine: int = 243
    type: int = 2
    programs: Sequence[tuple[int, int]] = ()  # further program headers: type, flags

    def build(self) -> bytes:
        count = len(self.pieces) + len(self.programs)
        out = bytearray(64 + 56 * count)
        programs = b"".join(struct.pack("<IIQQQQQQ", kind, flags, 0, 0, 0, 0, 0, 8) for kind, flags in self.programs)
        headers = [bytes(64)]
        strings = bytearray(b"\0")
        for piece in self.pieces:
            offset, size = len(out), len(piece.data) if piece.size is None else piece.size
            out += piece.data
            program = (1, piece.rights, offset, piece.address, piece.address, len(piece.data), size, 4096)
            programs += struct.pack("<IIQQQQQQ", *program)
            flags = 2 | (4 if piece.rights & X else 0) | (1 if piece.rights & W else 0)
            headers.append(
                self._section(strings, piece.name, 1 if piece.data else 8, flags, piece.address, offset, size)
            )
        tables = {name: (1, data, 0, 0) for name, data in self.others.items()}
        symbols, names = self._symbols()
        tables[".symtab"] = (2, symbols, len(self.pieces) + len(self.others) + 2, 24)
        tables[".strtab"] = (3, names, 0, 0)
        for name, (kind, data, link, entry) in tables.items():
            headers.append(self._section(strings, name, kind, 0, 0, len(out), len(data), link, entry))
            out += data
        headers.append(self._section(strings, ".shstrtab", 3, 0, 0, len(out), len(strings) + 10))
        out += strings
        start = len(out)
        out += b"".join(headers)
        identity = struct.pack("<4sBBBB8s", b"\x7fELF", 2, 1, 1, 0, bytes(8))
        rest = (self.type, self.machine, 1, self.entry, 64, start, 0, 64, 56, count, 64, len(headers), len(headers) - 1)
        out[:64] = identity + struct.pack("<HHIQQQIHHHHHH", *rest)
        out[64 : 64 + 56 * count] = programs
        return bytes(out)

    def _section(
        self, strings: bytearray, name: str, kind: int, flags: int, address: int, offset: int, size: int, *more: int
    ) -> bytes:
        place = len(strings)
        strings += name.encode() + b"\0"
        link, entry = more or (0, 0)
        return struct.pack("<IIQQQQIIQQ", place, kind, flags, address, offset, size, link, 1, 8, entry)

    def _symbols(self) -> tuple[bytes, bytes]:
        names, table = bytearray(b"\0"), bytearray(24)
        for name in self.names:
            info = 1 << 4 | name.kind
            table += struct.pack("<IBBHQQ", len(names), info, 0, name.piece + 1, name.address, name.size)
            names += name.name.encode() + b"\0"
        return bytes(table), bytes(names)


def program(*code: int | Operation, data: bytes = b"", names: Sequence[Name] | None = None) -> bytes:
    """A program of one section of code, marked as such, and one of data."""
    pieces = [Piece(".text", TEXT, words(*code), R | X)]
    if data:
        pieces.append(Piece(".data", DATA, data, R | W))
    given = (Name("_start", TEXT), Name("$x", TEXT, kind=NOTYPE)) if names is None else names
    return File(pieces, given).build()
