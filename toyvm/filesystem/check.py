"""Checking a volume as fsck does: every structure, and what each says of the others."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from toyvm.filesystem import layout
from toyvm.filesystem.layout import (
    BLOCK_SIZE,
    CONTEXT_ROOT,
    DIRECTORY,
    LINK,
    MAXIMUM_LINK_TEXT,
    REGULAR,
    ROOT_INODE,
    ROW_TYPES,
    UNIFIED,
    DamagedError,
    Inode,
    Row,
)
from toyvm.filesystem.volume import Volume


class Fault(NamedTuple):
    """What is wrong, and with what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check(volume: Volume) -> list[Fault]:
    """Every fault of a volume, in the order of what it has: an empty list is a clean one. Changes nothing."""
    return Checker(volume).run()


def is_context_root(inode: Inode) -> bool:
    return inode.type == DIRECTORY and bool(inode.flags & CONTEXT_ROOT)


class Checker:
    """One check. What it has found out about the volume is there for whoever mends it."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.faults: list[Fault] = []
        self.inodes: dict[int, Inode] = {}  # those whose mode is not 0
        self.used_by: dict[int, int] = {}  # block: the inode that has it first
        self.rows: dict[int, list[Row]] = {}  # by directory
        self.names: Counter[int] = Counter()  # of each inode
        self.orphans: list[int] = []
        self.reached: set[int] = set()

    def run(self) -> list[Fault]:
        self._read_inodes()
        self._follow_orphans()
        for number, inode in self.inodes.items():
            self._check_inode(number, inode)
        for number, rows in self.rows.items():
            self._check_rows(number, rows)
        self._check_links()
        self._check_contexts()
        self._check_bitmaps()
        return self.faults

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(Fault(where, what))

    def _read_inodes(self) -> None:
        table = self.volume.superblock.inode_table * BLOCK_SIZE
        free = bytes(2)
        for number in range(1, self.volume.superblock.inodes):
            place = table + number * layout.INODE_SIZE
            if self.volume.data[place : place + 2] != free:
                self.inodes[number] = self.volume.inode(number)
        if ROOT_INODE not in self.inodes or self.inodes[ROOT_INODE].type != DIRECTORY:
            self._fault("inode 1", "the root is no directory")

    def _follow_orphans(self) -> None:
        number = self.volume.superblock.first_orphan
        while number:
            if number not in self.inodes or number in self.orphans:
                self._fault("superblock", f"the list of orphans leads to inode {number}, which cannot be on it")
                return
            self.orphans.append(number)
            if self.inodes[number].links:
                self._fault(f"inode {number}", f"is on the list of orphans, with {self.inodes[number].links} links")
            number = self.inodes[number].next_orphan

    # One inode.

    def _check_inode(self, number: int, inode: Inode) -> None:
        where = f"inode {number}"
        if inode.type not in ROW_TYPES:
            self._fault(where, f"mode {inode.mode:#o} is of no type")
            return
        held = self._check_blocks(where, number, inode)
        if inode.held != held:
            self._fault(where, f"is said to hold {inode.held} blocks, and holds {held}")
        if inode.type not in (REGULAR, DIRECTORY, LINK) and (held or inode.size):
            self._fault(where, "is a device or pipe, and has contents")
        if inode.type == LINK and not 1 <= inode.size <= MAXIMUM_LINK_TEXT:
            self._fault(where, f"is a symbolic link of {inode.size} bytes; they have 1 to {MAXIMUM_LINK_TEXT}")
        if inode.flags != inode.known_flags:
            self._fault(where, f"has flags {inode.flags:#x}; {inode.known_flags:#x} are possible")
        if inode.next_orphan and number not in self.orphans:
            self._fault(where, "names a next orphan, and is none")
        if inode.type == DIRECTORY:
            self._read_rows(where, number, inode)

    def _check_blocks(self, where: str, number: int, inode: Inode) -> int:
        """How many blocks the inode has that are its alone."""
        held = 0
        try:
            for block in self.volume.blocks_held(inode):
                self.volume.block(block)
                other = self.used_by.setdefault(block, number)
                if other != number or held > layout.MAXIMUM_FILE_BLOCKS + layout.POINTERS + 2:
                    self._fault(where, f"block {block} is inode {other}'s already")
                    return held
                held += 1
            if inode.size > layout.MAXIMUM_FILE_BLOCKS * BLOCK_SIZE:
                self._fault(where, f"a size of {inode.size} bytes is more than a file can have")
            elif held != self._held_within(inode):
                self._fault(where, "has blocks beyond its end")
        except DamagedError as error:
            self._fault(where, str(error))
        return held

    def _held_within(self, inode: Inode) -> int:
        """How many blocks an inode has up to its size, indirect ones with them."""
        count = sum(1 for block in self.volume.file_blocks(inode) if block)
        if inode.double:
            count += 1 + sum(1 for table in self.volume.pointers(inode.double) if table)
        return count + (1 if inode.indirect else 0)

    def _read_rows(self, where: str, number: int, inode: Inode) -> None:
        if inode.size % BLOCK_SIZE or (not inode.size and number not in self.orphans):
            self._fault(where, f"is a directory of {inode.size} bytes; they have whole blocks")
            return
        try:
            if 0 in self.volume.file_blocks(inode):
                self._fault(where, "is a directory with a hole")
            self.rows[number] = self.volume.rows(inode)
        except DamagedError as error:
            self._fault(where, str(error))

    # Names.

    def _check_rows(self, number: int, rows: list[Row]) -> None:
        where = f"directory {number}"
        for name, count in Counter(row.name for row in rows).items():
            if count > 1:
                self._fault(where, f"has {count} rows for {name!r}")
        if number not in self.orphans:
            self._check_own_rows(where, number, rows)
        for row in rows:
            target = self.inodes.get(row.inode)
            if target is None:
                self._fault(where, f"{row.name!r} leads to inode {row.inode}, which is free or none")
            elif ROW_TYPES.get(target.type) != row.type:
                self._fault(where, f"{row.name!r} is said to be of type {row.type}, and its inode is not")
            elif b"/" in row.name:
                self._fault(where, f"{row.name!r} has a / in it")
            self.names[row.inode] += 1

    def _check_own_rows(self, where: str, number: int, rows: list[Row]) -> None:
        places = {row.name: row.inode for row in rows}
        if places.get(b".") != number:
            self._fault(where, "its row . does not lead to itself")
        if b".." not in places:
            self._fault(where, "has no row ..")

    def _check_links(self) -> None:
        self._reach(ROOT_INODE, ROOT_INODE)
        for number, inode in self.inodes.items():
            where = f"inode {number}"
            if number in self.orphans:
                if number in self.reached:
                    self._fault(where, "is on the list of orphans, and has a name")
            elif number not in self.reached:
                self._fault(where, "is not to be reached from the root")
            elif inode.links != self.names[number]:
                self._fault(where, f"is said to have {inode.links} links, and has {self.names[number]}")

    def _reach(self, number: int, parent: int) -> None:
        """Everything beneath a directory, without recursion: a damaged one may be as deep as it likes."""
        below = [(number, parent)]
        while below:
            number, parent = below.pop()
            if number in self.reached:
                self._fault(f"directory {number}", "has two names")
                continue
            self.reached.add(number)
            for row in self.rows.get(number, ()):
                if row.name == b"..":
                    if row.inode != parent:
                        self._fault(f"directory {number}", f"its row .. leads to {row.inode}, and {parent} has it")
                elif row.name != b"." and row.inode in self.inodes:
                    if self.inodes[row.inode].type == DIRECTORY:
                        below.append((row.inode, number))
                    else:
                        self.reached.add(row.inode)

    # Contexts.

    def _check_contexts(self) -> None:
        """Whose each inode is: its directory's context's, unless it is a context's root, or unified."""
        roots: dict[int, int] = {}
        for number, inode in self.inodes.items():
            where = f"inode {number}"
            if not is_context_root(inode):
                if inode.parent_context or inode.paid_blocks or inode.paid_inodes:
                    self._fault(where, "has what only a context's root has")
            elif not inode.context:
                self._fault(where, "is the root of context 0, which is the host")
            elif roots.setdefault(inode.context, number) != number:
                self._fault(where, f"is the root of context {inode.context}, as inode {roots[inode.context]} is")
        last = max((inode.context for inode in self.inodes.values()), default=0)
        if last and last >= self.volume.superblock.next_context:
            said = self.volume.superblock.next_context
            self._fault("superblock", f"gives number {said} to the next context; {last} is in use")
        for directory, rows in self.rows.items():
            for row in rows:
                target = self.inodes.get(row.inode)
                if target is not None and row.name not in (b".", b".."):
                    self._check_stamp(f"directory {directory}", self.inodes[directory].context, row.name, target)

    def _check_stamp(self, where: str, context: int, name: bytes, target: Inode) -> None:
        own = target.parent_context if is_context_root(target) else target.context
        if own != context and not target.flags & UNIFIED:
            self._fault(where, f"{name!r} is context {own}'s, and the directory context {context}'s")

    # What is free.

    def _check_bitmaps(self) -> None:
        superblock = self.volume.superblock
        used = {0, *self.inodes}
        self._compare("inode", superblock.inode_bitmap, superblock.inodes, used)
        taken = {*range(superblock.data_start), *self.used_by}
        self._compare("block", superblock.block_bitmap, superblock.blocks, taken)
        for what, said, is_so in (
            ("inodes", superblock.free_inodes, superblock.inodes - len(used)),
            ("blocks", superblock.free_blocks, superblock.blocks - len(taken)),
        ):
            if said != is_so:
                self._fault("superblock", f"says that {said} {what} are free; {is_so} are")

    def _compare(self, what: str, bitmap: int, count: int, used: set[int]) -> None:
        """A bitmap beside what is in use; bits beyond the last one are clear."""
        length = -(-count // layout.BITS_OF_A_BLOCK) * BLOCK_SIZE
        said = self.volume.data[bitmap * BLOCK_SIZE : bitmap * BLOCK_SIZE + length]
        bits = bytearray(length)
        for number in used:
            bits[number // 8] |= 1 << number % 8
        for place, (byte, right) in enumerate(zip(said, bits, strict=True)):
            for bit in range(8) if byte != right else ():
                if (byte ^ right) >> bit & 1:
                    is_so = "in use" if right >> bit & 1 else "free"
                    self._fault(f"{what} bitmap", f"{what} {8 * place + bit} is {is_so}, and said not to be")
