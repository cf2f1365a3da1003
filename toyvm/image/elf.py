"""The ELF64 structures of an image, declared once for the writer, who fills them, and the reader, who doubts."""

from __future__ import annotations

from itertools import accumulate
from struct import Struct

MAGIC = b"\x7fELF"
CLASS_64, DATA_LITTLE, VERSION = 2, 1, 1
TYPE_EXECUTABLE = 2
MACHINE_T64 = 0x5436  # "T6"; not one of the numbers that are given out
MACHINE_RISCV = 243

PT_NULL, PT_LOAD = 0, 1
SHT_NULL, SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS = 0, 1, 2, 3, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
SHN_UNDEF, SHN_LORESERVE, SHN_ABS = 0, 0xFF00, 0xFFF1
STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE = 0, 1, 2, 3, 4


class Layout:
    """A structure: its members in order, with struct's letters."""

    def __init__(self, members: tuple[tuple[str, str], ...]) -> None:
        self.members = members
        self.struct = Struct("<" + "".join(letter for _, letter in members))

    @property
    def size(self) -> int:
        return self.struct.size

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Offset and size of each member, in bytes."""
        sizes = [Struct("<" + letter).size for _, letter in self.members]
        ends = list(accumulate(sizes))
        return {name: (end - size, size) for (name, _), size, end in zip(self.members, sizes, ends, strict=True)}

    def pack(self, **values: int | bytes) -> bytes:
        return self.struct.pack(*(values[name] for name, _ in self.members))

    def unpack(self, data: bytes, offset: int) -> dict[str, int]:
        values = self.struct.unpack_from(data, offset)
        return dict(zip((name for name, _ in self.members), values, strict=True))


HEADER = Layout(
    (
        *(("magic", "4s"), ("class_", "B"), ("data", "B"), ("ident_version", "B"), ("abi", "B"), ("padding", "8s")),
        *(("type", "H"), ("machine", "H"), ("version", "I"), ("entry", "Q"), ("phoff", "Q"), ("shoff", "Q")),
        *(("flags", "I"), ("ehsize", "H"), ("phentsize", "H"), ("phnum", "H")),
        *(("shentsize", "H"), ("shnum", "H"), ("shstrndx", "H")),
    )
)
PROGRAM_HEADER = Layout(
    (
        *(("type", "I"), ("flags", "I"), ("offset", "Q"), ("vaddr", "Q"), ("paddr", "Q")),
        *(("filesz", "Q"), ("memsz", "Q"), ("align", "Q")),
    )
)
SECTION_HEADER = Layout(
    (
        *(("name", "I"), ("type", "I"), ("flags", "Q"), ("addr", "Q"), ("offset", "Q"), ("size", "Q")),
        *(("link", "I"), ("info", "I"), ("addralign", "Q"), ("entsize", "Q")),
    )
)
SYMBOL = Layout((("name", "I"), ("info", "B"), ("other", "B"), ("shndx", "H"), ("value", "Q"), ("size", "Q")))


def machine_of(head: bytes) -> int | None:
    """The machine that an ELF64 file is for, from its first HEADER.size bytes; None if it is no such file."""
    whole = len(head) >= HEADER.size and head.startswith(MAGIC)
    return HEADER.unpack(head, 0)["machine"] if whole else None


# The line table's section: a header, the file names with a zero byte behind each, then the three columns.
LINES_SECTION = ".t64.lines"
LINES_MAGIC = b"T64L"
LINES_VERSION = 1
LINES_HEADER = Layout(
    (("magic", "4s"), ("version", "I"), ("files", "I"), ("names_size", "I"), ("rows", "I"), ("crc", "I"))
)  # crc: zlib's crc32 of all that follows the header
