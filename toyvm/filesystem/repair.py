"""Mending a volume: what can be kept is kept, what nothing leads to any more comes to /lost+found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toyvm.filesystem import layout
from toyvm.filesystem.check import Checker, Fault, check, is_context_root
from toyvm.filesystem.layout import (
    BLOCK_SIZE,
    DIRECT,
    DIRECTORY,
    LINK,
    POINTERS,
    REGULAR,
    ROOT_INODE,
    ROW_SIZE,
    ROW_TYPES,
    DamagedError,
    Inode,
    Row,
)
from toyvm.filesystem.tree import find_row
from toyvm.filesystem.volume import FullError, Volume

_LOST = b"lost+found"


def repair(volume: Volume) -> list[Fault]:
    """Mend a volume that was opened `to_mend`; the faults that it had. Raises FullError for want of room."""
    faults = check(volume)
    _Repair(volume).run()
    volume.close()
    assert not check(volume), check(volume)
    return faults


class _Repair:
    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.taken: set[int] = set()  # blocks that some inode has

    def run(self) -> None:
        self._mend_inodes()
        self._count_free()
        for number, inode in self._inodes():
            if inode.type == DIRECTORY:
                self._mend_rows(number, inode)
        self._mend_tree()
        self._mend_links()
        self._mend_contexts()

    def _inodes(self) -> Iterator[tuple[int, Inode]]:
        for number in range(1, self.volume.superblock.inodes):
            inode = self.volume.inode(number)
            if inode.mode:
                yield number, inode

    # Inodes and what they hold.

    def _mend_inodes(self) -> None:
        for number, inode in self._inodes():
            is_orphan = not inode.links
            inode.next_orphan = 0
            if number == ROOT_INODE and inode.type != DIRECTORY:
                inode = Inode(mode=DIRECTORY | 0o755, links=1)
            elif inode.type not in ROW_TYPES or (is_orphan and number != ROOT_INODE):
                inode = Inode(generation=inode.generation)
            if inode.type not in (REGULAR, DIRECTORY, LINK):
                inode = replace(inode, size=0, direct=[0] * DIRECT, indirect=0, double=0)
            if inode.type == LINK and not 1 <= inode.size <= layout.MAXIMUM_LINK_TEXT:
                inode = Inode(generation=inode.generation)
            inode.flags = inode.known_flags
            self._mend_blocks(inode)
            self.volume.write_inode(number, inode)
        if not self.volume.inode(ROOT_INODE).mode:
            self.volume.write_inode(ROOT_INODE, Inode(mode=DIRECTORY | 0o755, links=1))
        self.volume.superblock = replace(self.volume.superblock, first_orphan=0)

    def _mend_blocks(self, inode: Inode) -> None:
        """Leave an inode no block that is none, another's, or beyond its end, and count those that it has."""
        inode.size = min(inode.size, layout.MAXIMUM_FILE_BLOCKS * BLOCK_SIZE)
        if inode.type == DIRECTORY:
            inode.size -= inode.size % BLOCK_SIZE
        count = -(-inode.size // BLOCK_SIZE)
        before = len(self.taken)
        for index in range(DIRECT):
            inode.direct[index] = self._kept(inode.direct[index], index < count)
        inode.indirect = self._kept_table(inode.indirect, count - DIRECT)
        inode.double = self._kept(inode.double, count > DIRECT + POINTERS)
        if inode.double:
            upper = self.volume.block(inode.double).cast("I")
            for index, table in enumerate(list(upper)):
                upper[index] = self._kept_table(table, count - DIRECT - POINTERS * (index + 1))
        inode.held = len(self.taken) - before

    def _kept(self, block: int, is_within: bool) -> int:
        """The block, and that it is taken now; or 0, for one that cannot be the inode's."""
        superblock = self.volume.superblock
        if not is_within or block in self.taken or not superblock.data_start <= block < superblock.blocks:
            return 0
        self.taken.add(block)
        return block

    def _kept_table(self, block: int, count: int) -> int:
        table = self._kept(block, count > 0)
        if table:
            entries = self.volume.block(table).cast("I")
            for index, entry in enumerate(list(entries)):
                entries[index] = self._kept(entry, index < count)
        return table

    def _count_free(self) -> None:
        volume, superblock = self.volume, self.volume.superblock
        inodes = {0, *(number for number, _ in self._inodes())}
        blocks = {*range(superblock.data_start), *self.taken}
        for place in range(superblock.inode_bitmap * BLOCK_SIZE, superblock.inode_table * BLOCK_SIZE, BLOCK_SIZE):
            volume.data[place : place + BLOCK_SIZE] = bytes(BLOCK_SIZE)
        for number in inodes:
            volume.mark(superblock.inode_bitmap, number, True)
        for number in blocks:
            volume.mark(superblock.block_bitmap, number, True)
        volume.superblock = replace(
            superblock, free_inodes=superblock.inodes - len(inodes), free_blocks=superblock.blocks - len(blocks)
        )

    # Names.

    def _mend_rows(self, number: int, inode: Inode) -> None:
        """Write a directory anew with the rows that lead somewhere."""
        rows = {b".": Row(number, ROW_TYPES[DIRECTORY], b"."), b"..": Row(number, ROW_TYPES[DIRECTORY], b"..")}
        for row in self._readable_rows(inode):
            target = self.volume.inode(row.inode) if row.inode < self.volume.superblock.inodes else Inode()
            if target.mode and b"/" not in row.name:
                rows.setdefault(row.name, replace(row, type=ROW_TYPES[target.type]))
        self._write_rows(number, list(rows.values()))

    def _readable_rows(self, inode: Inode) -> Iterator[Row]:
        data = self.volume.contents(inode)
        for place in range(0, len(data), ROW_SIZE):
            try:
                yield from layout.rows_of(data[place : place + ROW_SIZE])
            except DamagedError:
                continue

    def _write_rows(self, number: int, rows: list[Row]) -> None:
        inode = self.volume.inode(number)
        for block in list(self.volume.blocks_held(inode)):
            self.volume.free_block(block)
        cleared = replace(inode, size=0, held=0, direct=[0] * DIRECT, indirect=0, double=0)
        self.volume.write_inode(number, cleared)
        data = b"".join(row.pack() for row in rows)
        self.volume.set_contents(number, data.ljust(-(-len(data) // BLOCK_SIZE) * BLOCK_SIZE, b"\0"))

    def _mend_tree(self) -> None:
        """One name a directory, `..` that leads up, and a name in /lost+found for what has none."""
        reached = self._reach(ROOT_INODE, ROOT_INODE, set())
        lost = [number for number, _ in self._inodes() if number not in reached]
        if not lost:
            return
        place = self._lost_and_found(reached)
        # Directories first: what is in one that is found again is not lost.
        for number in sorted(lost, key=lambda number: self.volume.inode(number).type != DIRECTORY):
            if number not in reached:
                name = b"%d" % number
                while find_row(self.volume, place, name) is not None:
                    name += b"+"
                self.volume.add_name(place, name, number)
                if self.volume.inode(number).type == DIRECTORY:
                    self._reach(number, place, reached)
                reached.add(number)

    def _lost_and_found(self, reached: set[int]) -> int:
        name = _LOST
        while number := find_row(self.volume, ROOT_INODE, name):
            if self.volume.inode(number).type == DIRECTORY:
                break
            name += b"+"
        if number is None:
            number = self.volume.new_directory(ROOT_INODE, Inode(mode=DIRECTORY | 0o700), name)
        reached.add(number)
        return number

    def _reach(self, number: int, parent: int, reached: set[int]) -> set[int]:
        below = [(number, parent)]
        reached.add(number)
        while below:
            number, parent = below.pop()
            kept = []
            for row in self.volume.rows(self.volume.inode(number)):
                if row.name == b"..":
                    row = replace(row, inode=parent)
                elif row.name != b"." and row.type == ROW_TYPES[DIRECTORY]:
                    if row.inode in reached:
                        continue
                    below.append((row.inode, number))
                reached.add(row.inode)
                kept.append(row)
            self._write_rows(number, kept)
        return reached

    def _mend_contexts(self) -> None:
        """Each context one root; everything beneath a directory its context's, but for roots and what is unified."""
        volume = self.volume
        roots: set[int] = set()
        below, seen = [ROOT_INODE], {ROOT_INODE}
        while below:
            directory = below.pop()
            context = volume.inode(directory).context
            for row in volume.rows(volume.inode(directory)):
                if row.name in (b".", b"..") or row.inode in seen:
                    continue
                seen.add(row.inode)
                inode = volume.inode(row.inode)
                if is_context_root(inode) and inode.context and inode.context not in roots:
                    roots.add(inode.context)
                    inode.parent_context = context
                else:
                    inode.parent_context = inode.paid_blocks = inode.paid_inodes = 0
                    if inode.type == DIRECTORY:
                        inode.flags = 0
                    if not inode.flags & layout.UNIFIED:
                        inode.context = context
                volume.write_inode(row.inode, inode)
                if inode.type == DIRECTORY:
                    below.append(row.inode)
        root = volume.inode(ROOT_INODE)
        volume.write_inode(
            ROOT_INODE, replace(root, context=0, flags=0, parent_context=0, paid_blocks=0, paid_inodes=0)
        )
        last = max((inode.context for _, inode in self._inodes()), default=0)
        if last >= volume.superblock.next_context and last:
            volume.superblock = replace(volume.superblock, next_context=min(last + 1, 0xFFFFFFFF))

    def _mend_links(self) -> None:
        checker = Checker(self.volume)
        checker.run()
        for number, inode in checker.inodes.items():
            inode.links = checker.names[number]
            if inode.links > layout.MAXIMUM_LINKS:
                raise FullError(f"inode {number} has {inode.links} names; {layout.MAXIMUM_LINKS} are the most")
            self.volume.write_inode(number, inode)
