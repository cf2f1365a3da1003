"""What stands where on a disk: superblock, log, inodes, directory rows. toyvm/docs/os-design.md has it in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from struct import Struct
from typing import Self

from toyvm.isa.control import ALL_BITS

Buffer = bytes | bytearray | memoryview

BLOCK_SIZE = 1024
BITS_OF_A_BLOCK = 8 * BLOCK_SIZE
ROOT_INODE = 1
MAXIMUM_BLOCKS = 1 << 20  # 1 GiB: the bitmap's blocks, all of which one call may change, fit into the log
MAXIMUM_INODES = 1 << 18
MAXIMUM_LINKS = 0xFFFF
MAXIMUM_LOGGED = 240  # blocks of one transaction

# Types of inodes, in their modes, as Linux has them; and the same in directory rows.
TYPE_MASK, PIPE, CHARACTER, DIRECTORY, REGULAR, LINK = 0o170000, 0o010000, 0o020000, 0o040000, 0o100000, 0o120000
ROW_TYPES = {PIPE: 1, CHARACTER: 2, DIRECTORY: 4, REGULAR: 8, LINK: 10}
MAXIMUM_LINK_TEXT = BLOCK_SIZE - 1

# Flags of inodes; the upper 16 bits of a context's root are the epoch in which it was counted last.
UNIFIED, CONTEXT_ROOT = 1, 2
_FLAGS_OF_TYPES = {REGULAR: UNIFIED, LINK: UNIFIED, DIRECTORY: CONTEXT_ROOT | 0xFFFF0000}

_MAGIC, _LOG_MAGIC = b"T64FS\0\0\1", b"T64LOG\0\1"
_SEED, _FACTOR = 0x5436345F53554D31, 0x9E3779B97F4A7C15
_DWORDS = Struct("<127Q")
_SUPERBLOCK = Struct("<8s12I16sII")
_INODE = Struct("<HHIIIQQQII12IIIIIIIII")
_ROW = Struct("<IBB58s")
_CHECKSUM_PLACE = BLOCK_SIZE - 8


class DamagedError(ValueError):
    """What a disk holds is not what it should be."""


def checksum(dwords: Iterable[int], start: int = _SEED) -> int:
    """A hash that any change of a dword changes: each step is a bijection."""
    value = start
    for dword in dwords:
        value = (value ^ dword) * _FACTOR & ALL_BITS
        value ^= value >> 32
    return value


@dataclass(frozen=True)
class Superblock:
    """Where everything lies, in blocks, and how much of it is free."""

    inodes: int
    blocks: int
    log_start: int
    log_blocks: int
    inode_bitmap: int
    block_bitmap: int
    inode_table: int
    data_start: int
    first_orphan: int = 0
    free_blocks: int = 0
    free_inodes: int = 0
    label: bytes = b""
    next_context: int = 0  # the number that the next new context gets; 0: 1
    context_epoch: int = 0  # of the counts that contexts' roots keep

    @classmethod
    def plan(cls, blocks: int, inodes: int, log_blocks: int, label: bytes = b"") -> Self:
        """The layout of a disk of so many blocks, with everything behind data_start still free."""
        inode_bitmap = 1 + log_blocks
        block_bitmap = inode_bitmap + _blocks_for(inodes, BITS_OF_A_BLOCK)
        inode_table = block_bitmap + _blocks_for(blocks, BITS_OF_A_BLOCK)
        data_start = inode_table + _blocks_for(inodes, INODES_OF_A_BLOCK)
        return cls(
            inodes,
            blocks,
            log_start=1,
            log_blocks=log_blocks,
            inode_bitmap=inode_bitmap,
            block_bitmap=block_bitmap,
            inode_table=inode_table,
            data_start=data_start,
            free_blocks=blocks - data_start,
            free_inodes=inodes - 1,
            label=label,
        )

    @classmethod
    def unpack(cls, block: Buffer) -> Self:
        """As far as the parts go, whatever its checksum. Raises DamagedError for one that cannot be."""
        magic, size, *numbers, label, next_context, epoch = _SUPERBLOCK.unpack_from(block)
        if magic != _MAGIC:
            raise DamagedError("holds no file system of the operating system's")
        if size != BLOCK_SIZE:
            raise DamagedError(f"has blocks of {size} bytes; they have {BLOCK_SIZE}")
        found = replace(cls(*numbers), label=label.rstrip(b"\0"), next_context=next_context, context_epoch=epoch)
        planned = cls.plan(found.blocks, found.inodes, found.log_blocks)
        if found._places() != planned._places() or not found.data_start < found.blocks <= MAXIMUM_BLOCKS:
            raise DamagedError("the superblock's parts do not lie one behind another")
        return found

    def _places(self) -> tuple[int, ...]:
        return (self.log_start, self.inode_bitmap, self.block_bitmap, self.inode_table, self.data_start)

    @staticmethod
    def is_whole(block: Buffer) -> bool:
        """Is the checksum right? Power cut within a write leaves one that is not, until the log is brought home."""
        return int.from_bytes(block[_CHECKSUM_PLACE:BLOCK_SIZE], "little") == checksum(_DWORDS.unpack_from(block))

    def pack(self) -> bytes:
        places = (self.log_start, self.log_blocks, self.inode_bitmap, self.block_bitmap, self.inode_table)
        numbers = (self.data_start, self.first_orphan, self.free_blocks, self.free_inodes)
        tail = (self.label, self.next_context, self.context_epoch)
        body = _SUPERBLOCK.pack(_MAGIC, BLOCK_SIZE, self.inodes, self.blocks, *places, *numbers, *tail).ljust(
            _CHECKSUM_PLACE, b"\0"
        )
        return body + checksum(_DWORDS.unpack(body)).to_bytes(8, "little")


def _blocks_for(count: int, each: int) -> int:
    return -(-count // each)


DIRECT = 12
POINTERS = BLOCK_SIZE // 4  # of an indirect block
MAXIMUM_FILE_BLOCKS = DIRECT + POINTERS + POINTERS**2


@dataclass
class Inode:
    """A file, directory, link or device; mode 0 is a free one."""

    mode: int = 0
    links: int = 0
    uid: int = 0
    gid: int = 0
    context: int = 0  # the number of the one that pays for it; 0: the host
    size: int = 0
    mtime: int = 0  # ns since the epoch
    ctime: int = 0
    held: int = 0  # blocks, indirect ones too
    device: int = 0  # major << 8 | minor
    direct: list[int] = field(default_factory=lambda: [0] * DIRECT)
    indirect: int = 0
    double: int = 0
    generation: int = 0
    flags: int = 0  # UNIFIED, CONTEXT_ROOT
    next_orphan: int = 0
    parent_context: int = 0  # of a context's root: the number of the context that it is in
    paid_blocks: int = 0  # of the same: what the context had when it was counted last
    paid_inodes: int = 0

    @property
    def type(self) -> int:
        return self.mode & TYPE_MASK

    @property
    def known_flags(self) -> int:
        """Those of its flags that one of its type can have."""
        return self.flags & _FLAGS_OF_TYPES.get(self.type, 0)

    @classmethod
    def unpack(cls, data: Buffer, place: int = 0) -> Self:
        fields = _INODE.unpack_from(data, place)
        inode = cls(*fields[:10])
        inode.direct = list(fields[10 : 10 + DIRECT])
        inode.indirect, inode.double, inode.generation, inode.flags, inode.next_orphan, *context = fields[10 + DIRECT :]
        inode.parent_context, inode.paid_blocks, inode.paid_inodes = context
        return inode

    def pack(self) -> bytes:
        head = (self.mode, self.links, self.uid, self.gid, self.context, self.size, self.mtime, self.ctime)
        tail = (self.indirect, self.double, self.generation, self.flags, self.next_orphan)
        context = (self.parent_context, self.paid_blocks, self.paid_inodes)
        return _INODE.pack(*head, self.held, self.device, *self.direct, *tail, *context)


INODE_SIZE = _INODE.size
INODES_OF_A_BLOCK = BLOCK_SIZE // INODE_SIZE


@dataclass(frozen=True)
class Row:
    """A name in a directory; inode 0 is a row that is free."""

    inode: int
    type: int  # DT_...
    name: bytes

    def pack(self) -> bytes:
        return _ROW.pack(self.inode, self.type, len(self.name), self.name)


ROW_SIZE = _ROW.size
MAXIMUM_NAME = 58


def rows_of(data: Buffer) -> Iterable[Row]:
    """The rows of a directory's contents that are in use. Raises DamagedError for a length that cannot be."""
    if len(data) % ROW_SIZE:
        raise DamagedError(f"a directory of {len(data)} bytes; they have whole rows of {ROW_SIZE}")
    for place, (inode, kind, length, name) in enumerate(_ROW.iter_unpack(data)):
        if not inode:
            continue
        if not 1 <= length <= MAXIMUM_NAME or name[length:].strip(b"\0") or b"\0" in name[:length]:
            raise DamagedError(f"row {place} has a name of {length} bytes that is none")
        yield Row(inode, kind, name[:length])


def pack_log(sequence: int, blocks: dict[int, bytes]) -> bytes:
    """Head and contents of a transaction that has these blocks."""
    numbers = b"".join(number.to_bytes(4, "little") for number in blocks)
    head = (_LOG_MAGIC + sequence.to_bytes(8, "little") + len(blocks).to_bytes(8, "little") + numbers).ljust(
        _CHECKSUM_PLACE, b"\0"
    )
    contents = b"".join(blocks.values())
    return head + _log_checksum(head, contents).to_bytes(8, "little") + contents


def unpack_log(log: Buffer) -> dict[int, bytes]:
    """The blocks of the transaction that a log has; none where it is no whole one."""
    count = int.from_bytes(log[16:20], "little")
    if bytes(log[:8]) != _LOG_MAGIC or count > MAXIMUM_LOGGED or (count + 1) * BLOCK_SIZE > len(log):
        return {}
    contents = bytes(log[BLOCK_SIZE : (count + 1) * BLOCK_SIZE])
    stored = int.from_bytes(log[_CHECKSUM_PLACE:BLOCK_SIZE], "little")
    if stored != _log_checksum(bytes(log[:_CHECKSUM_PLACE]), contents):
        return {}
    numbers = [int.from_bytes(log[24 + 4 * n : 28 + 4 * n], "little") for n in range(count)]
    return {number: contents[n * BLOCK_SIZE : (n + 1) * BLOCK_SIZE] for n, number in enumerate(numbers)}


def _log_checksum(head: bytes, contents: bytes) -> int:
    return checksum(Struct(f"<{len(contents) // 8}Q").unpack(contents), checksum(_DWORDS.unpack(head)))
