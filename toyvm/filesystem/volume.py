"""A volume: a file system in a buffer, read and changed in place.

Paths are absolute, of bytes or text; links in them are not followed. What a buffer holds is distrusted: DamagedError
says what of it cannot be. What the log holds whole is brought home when a volume is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toyvm.filesystem import layout
from toyvm.filesystem.layout import (
    BLOCK_SIZE,
    DIRECT,
    DIRECTORY,
    INODE_SIZE,
    POINTERS,
    ROOT_INODE,
    ROW_SIZE,
    ROW_TYPES,
    DamagedError,
    Inode,
    Row,
    Superblock,
)

_ENTRY = 4  # bytes of a block number


class NoSuchPathError(LookupError):
    """A path that leads nowhere, or through what is no directory."""


class FullError(ValueError):
    """There is no block, inode or name left for what was asked."""


class Volume:
    """`data` is the whole disk; whoever opens a volume to change it calls `close` in the end."""

    def __init__(self, data: bytearray | memoryview, *, to_mend: bool = False) -> None:
        """Raises DamagedError for no file system, or, unless it is there `to_mend`, one whose head is damaged."""
        if len(data) < BLOCK_SIZE:
            raise DamagedError(f"has {len(data)} bytes, and a file system begins with a block of {BLOCK_SIZE}")
        self.data = memoryview(data)
        superblock = Superblock.unpack(self.data[:BLOCK_SIZE])
        if superblock.blocks * BLOCK_SIZE > len(data):
            raise DamagedError(f"has {len(data)} bytes, and its file system takes {superblock.blocks} KiB")
        self.replayed = _replay(self.data, superblock)
        if not (to_mend or Superblock.is_whole(self.data[:BLOCK_SIZE])):
            raise DamagedError("the superblock's checksum is wrong")
        self.superblock = Superblock.unpack(self.data[:BLOCK_SIZE])
        self._next_block = self.superblock.data_start
        self._next_inode = ROOT_INODE

    def close(self) -> None:
        """Write the counts back, and let the log be empty: what it has is home, and older than what changed.

        What contexts' roots keep of their counts is of another epoch now, so that who loads one counts anew.
        """
        if self.superblock.next_context:
            self.superblock = replace(self.superblock, context_epoch=self.superblock.context_epoch + 1 & 0xFFFFFFFF)
        self.data[:BLOCK_SIZE] = self.superblock.pack()
        log = self.superblock.log_start * BLOCK_SIZE
        self.data[log : log + BLOCK_SIZE] = bytes(BLOCK_SIZE)

    # Blocks and inodes.

    def block(self, number: int) -> memoryview:
        """Raises DamagedError for a number that no file can have."""
        if not self.superblock.data_start <= number < self.superblock.blocks:
            raise DamagedError(f"block {number} is none of a file's ({self.superblock.data_start} and more)")
        return self.data[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE]

    def inode(self, number: int) -> Inode:
        return Inode.unpack(self.data, self._inode_place(number))

    def write_inode(self, number: int, inode: Inode) -> None:
        place = self._inode_place(number)
        self.data[place : place + INODE_SIZE] = inode.pack()

    def _inode_place(self, number: int) -> int:
        if not 0 < number < self.superblock.inodes:
            raise DamagedError(f"inode {number} is none of {self.superblock.inodes}")
        return self.superblock.inode_table * BLOCK_SIZE + number * INODE_SIZE

    def is_used(self, bitmap: int, number: int) -> bool:
        return bool(self.data[bitmap * BLOCK_SIZE + number // 8] >> number % 8 & 1)

    def mark(self, bitmap: int, number: int, used: bool) -> None:
        place, bit = bitmap * BLOCK_SIZE + number // 8, 1 << number % 8
        self.data[place] = self.data[place] | bit if used else self.data[place] & ~bit

    def new_block(self) -> int:
        """A block of zeros. Raises FullError."""
        for number in range(self._next_block, self.superblock.blocks):
            if not self.is_used(self.superblock.block_bitmap, number):
                self.mark(self.superblock.block_bitmap, number, True)
                self._next_block = number + 1
                self.block(number)[:] = bytes(BLOCK_SIZE)
                self.superblock = replace(self.superblock, free_blocks=self.superblock.free_blocks - 1)
                return number
        raise FullError("the disk is full")

    def free_block(self, number: int) -> None:
        self.block(number)
        self.mark(self.superblock.block_bitmap, number, False)
        self._next_block = min(self._next_block, number)
        self.superblock = replace(self.superblock, free_blocks=self.superblock.free_blocks + 1)

    def new_inode(self, inode: Inode) -> int:
        """Its number, on the disk already. Raises FullError."""
        for number in range(self._next_inode, self.superblock.inodes):
            if not self.is_used(self.superblock.inode_bitmap, number):
                self.mark(self.superblock.inode_bitmap, number, True)
                self._next_inode = number + 1
                generation = self.inode(number).generation + 1
                self.write_inode(number, replace(inode, generation=generation & 0xFFFFFFFF))
                self.superblock = replace(self.superblock, free_inodes=self.superblock.free_inodes - 1)
                return number
        raise FullError("the disk has no inode left")

    def free_inode(self, number: int) -> None:
        """Give it back with all that it holds."""
        inode = self.inode(number)
        for block in self.blocks_held(inode):
            self.free_block(block)
        self.write_inode(number, Inode(generation=inode.generation))
        self.mark(self.superblock.inode_bitmap, number, False)
        self._next_inode = min(self._next_inode, number)
        self.superblock = replace(self.superblock, free_inodes=self.superblock.free_inodes + 1)

    # Contents.

    def pointers(self, number: int) -> list[int]:
        """What an indirect block has; of block 0 nothing."""
        return list(self.block(number).cast("I")) if number else [0] * POINTERS

    def file_blocks(self, inode: Inode) -> Iterator[int]:
        """The block of each piece of a file, 0 for a hole, as far as the size goes."""
        count = -(-inode.size // BLOCK_SIZE)
        if count > layout.MAXIMUM_FILE_BLOCKS:
            raise DamagedError(f"a file of {inode.size} bytes is longer than one can be")
        yield from inode.direct[:count]
        if count > DIRECT:
            yield from self.pointers(inode.indirect)[: count - DIRECT]
        left = count - DIRECT - POINTERS
        for number in self.pointers(inode.double) if left > 0 else ():
            if left <= 0:
                return
            yield from self.pointers(number)[:left]
            left -= POINTERS

    def blocks_held(self, inode: Inode) -> Iterator[int]:
        """Every block of a file's, indirect ones too, wherever its size ends."""
        yield from filter(None, inode.direct)
        tables = [inode.indirect] if inode.indirect else []
        if inode.double:
            yield inode.double
            tables += filter(None, self.pointers(inode.double))
        for table in tables:
            yield table
            yield from filter(None, self.pointers(table))

    def contents(self, inode: Inode) -> bytes:
        parts = (self.block(number) if number else bytes(BLOCK_SIZE) for number in self.file_blocks(inode))
        return b"".join(parts)[: inode.size]

    def set_contents(self, number: int, data: bytes) -> None:
        """Make `data` what a file without blocks holds; blocks of zeros become holes. Raises FullError."""
        inode = self.inode(number)
        pieces = range(0, len(data), BLOCK_SIZE)
        if len(pieces) > layout.MAXIMUM_FILE_BLOCKS:
            raise FullError(f"a file of {len(data)} bytes is longer than {layout.MAXIMUM_FILE_BLOCKS} KiB")
        inode.size = len(data)
        for index, place in enumerate(pieces):
            piece = data[place : place + BLOCK_SIZE]
            if piece.strip(b"\0"):
                self.block(self._place_of(inode, index))[: len(piece)] = piece
        self.write_inode(number, inode)

    def _place_of(self, inode: Inode, index: int) -> int:
        """A new block, entered as piece `index` of a file."""
        block = self._counted(inode)
        if index < DIRECT:
            inode.direct[index] = block
            return block
        index -= DIRECT
        if index < POINTERS:
            inode.indirect = inode.indirect or self._counted(inode)
            table = inode.indirect
        else:
            index -= POINTERS
            inode.double = inode.double or self._counted(inode)
            upper = self.block(inode.double).cast("I")
            upper[index // POINTERS] = upper[index // POINTERS] or self._counted(inode)
            table = upper[index // POINTERS]
        self.block(table).cast("I")[index % POINTERS] = block
        return block

    def _counted(self, inode: Inode) -> int:
        inode.held += 1
        return self.new_block()

    # Names.

    def rows(self, inode: Inode) -> list[Row]:
        """All of a directory's, `.` and `..` too. Raises NoSuchPathError for what is none, DamagedError."""
        if inode.type != DIRECTORY:
            raise NoSuchPathError("is no directory")
        return list(layout.rows_of(self.contents(inode)))

    def find(self, path: str | bytes) -> int:
        """The inode that a path leads to. Raises NoSuchPathError."""
        number = ROOT_INODE
        for name in split(path):
            rows = {row.name: row.inode for row in self.rows(self.inode(number))}
            if name not in rows:
                raise NoSuchPathError("is not on the disk")
            number = rows[name]
        return number

    def walk(self, number: int = ROOT_INODE, path: bytes = b"") -> Iterator[tuple[bytes, int, Inode]]:
        """Everything beneath a directory: path, number and inode, a directory before what is in it, by name."""
        seen = {number}
        stack = [(path, number)]
        while stack:
            path, number = stack.pop()
            below = []
            for row in sorted(self.rows(self.inode(number)), key=lambda row: row.name):
                if row.name in (b".", b".."):
                    continue
                inode = self.inode(row.inode)
                yield path + b"/" + row.name, row.inode, inode
                if inode.type == DIRECTORY:
                    if row.inode in seen:
                        raise DamagedError(f"directory {row.inode} has two names")
                    seen.add(row.inode)
                    below.append((path + b"/" + row.name, row.inode))
            stack += reversed(below)

    def add_name(self, directory: int, name: bytes, number: int) -> None:
        """Enter a name for an inode, and count it. Raises FullError for a name that no row takes."""
        check_name(name)
        row = Row(number, ROW_TYPES[self.inode(number).type], name).pack()
        place = self._free_row(directory)
        parent = self.inode(directory)
        block = list(self.file_blocks(parent))[place // BLOCK_SIZE]
        self.block(block)[place % BLOCK_SIZE : place % BLOCK_SIZE + ROW_SIZE] = row
        inode = self.inode(number)
        inode.links += 1
        if inode.links == 1 and name != b".":
            inode.context = parent.context
        self.write_inode(number, inode)

    def remove_name(self, directory: int, name: bytes) -> None:
        """Take a name away, and with the last one the inode. Raises NoSuchPathError."""
        parent = self.inode(directory)
        data = self.contents(parent)
        for place, row in enumerate(data[start : start + ROW_SIZE] for start in range(0, len(data), ROW_SIZE)):
            found = next(iter(layout.rows_of(row)), None)
            if found is None or found.name != name:
                continue
            start = place * ROW_SIZE
            block = list(self.file_blocks(parent))[start // BLOCK_SIZE]
            self.block(block)[start % BLOCK_SIZE : start % BLOCK_SIZE + ROW_SIZE] = bytes(ROW_SIZE)
            inode = self.inode(found.inode)
            inode.links -= 1
            self.write_inode(found.inode, inode)
            if not inode.links:
                self.free_inode(found.inode)
            return
        raise NoSuchPathError("is not on the disk")

    def _free_row(self, directory: int) -> int:
        """Where a directory has room for a row; it is made longer by a block where there is none."""
        inode = self.inode(directory)
        data = self.contents(inode)
        for place in range(0, len(data), ROW_SIZE):
            if data[place : place + 4] == bytes(4):
                return place
        self._place_of(inode, inode.size // BLOCK_SIZE)
        place = inode.size
        inode.size += BLOCK_SIZE
        self.write_inode(directory, inode)
        return place

    def new_directory(self, parent: int, inode: Inode, name: bytes = b"") -> int:
        """A directory with its own two rows; the root is its own parent and has no name."""
        if parent:
            inode = replace(inode, context=self.inode(parent).context)
        number = self.new_inode(inode)
        self.add_name(number, b".", number)
        self.add_name(number, b"..", parent or number)
        if parent:
            self.add_name(parent, name, number)
        return number


def new_volume(
    data: bytearray | memoryview, *, inodes: int | None = None, log_blocks: int | None = None, label: bytes = b""
) -> Volume:
    """A file system with an empty root in a buffer of zeros. Raises FullError for one that is too small or large."""
    blocks = len(data) // BLOCK_SIZE
    check_size(len(data))
    if inodes is None:
        inodes = min(max(blocks // 4, 64), layout.MAXIMUM_INODES)
    if log_blocks is None:
        log_blocks = 1 + min(max(blocks // 16, 16), layout.MAXIMUM_LOGGED)
    superblock = Superblock.plan(blocks, inodes, log_blocks, label)
    if superblock.data_start + 2 > blocks:
        raise FullError(f"a disk of {blocks} KiB is too small; {superblock.data_start + 2} KiB are the least")
    data[:BLOCK_SIZE] = superblock.pack()
    volume = Volume(data)
    volume.mark(superblock.inode_bitmap, 0, True)
    for number in range(superblock.data_start):
        volume.mark(superblock.block_bitmap, number, True)
    volume.new_directory(0, Inode(mode=DIRECTORY | 0o755))
    volume.close()
    return volume


def check_size(size: int) -> None:
    """Raises FullError for a disk of more bytes than a file system can have."""
    if size > layout.MAXIMUM_BLOCKS * BLOCK_SIZE:
        raise FullError(f"a disk of {size >> 10} KiB is larger than {layout.MAXIMUM_BLOCKS} KiB, the most")


def split(path: str | bytes) -> list[bytes]:
    """The names of a path. Raises NoSuchPathError for `..`, which a disk's paths do without."""
    names = [name for name in (path.encode() if isinstance(path, str) else path).split(b"/") if name not in (b"", b".")]
    if b".." in names:
        raise NoSuchPathError("has a .. in it")
    return names


def check_name(name: bytes) -> None:
    """Raises FullError for a name that no directory row takes."""
    if not 1 <= len(name) <= layout.MAXIMUM_NAME:
        raise FullError(f"a name of {len(name)} bytes; they have 1 to {layout.MAXIMUM_NAME}")
    if b"/" in name or b"\0" in name:
        raise FullError(f"a name with a / or NUL in it: {name!r}")


def _replay(data: memoryview, superblock: Superblock) -> int:
    """Bring home what the log holds whole; how many blocks those were. Raises DamagedError."""
    start, end = superblock.log_start, superblock.log_start + superblock.log_blocks
    logged = layout.unpack_log(data[start * BLOCK_SIZE : end * BLOCK_SIZE])
    for number, block in logged.items():
        if start <= number < end or number >= superblock.blocks:
            raise DamagedError(f"the log has a block {number}, which is none that it can have")
        data[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE] = block
    return len(logged)
