"""Check names every fault that a disk can have, each by its own words; repair leaves none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.filesystem.check import check
from toyvm.filesystem.layout import BLOCK_SIZE, CHARACTER, DIRECTORY, LINK, REGULAR, ROOT_INODE, ROW_SIZE, Inode, Row
from toyvm.filesystem.repair import repair
from toyvm.filesystem.tree import make_directories
from toyvm.filesystem.volume import FullError, Volume, new_volume

CONTENTS = {b"/a": b"a" * 3000, b"/sub/b": b"b" * 20000, b"/sub/c": b"", b"/sub/deep/d": b"d" * 1024}


def furnished() -> Volume:
    volume = new_volume(bytearray(256 << 10), inodes=64, log_blocks=17)
    for path, data in CONTENTS.items():
        number = volume.new_inode(Inode(mode=REGULAR | 0o644))
        volume.set_contents(number, data)
        directory, _, name = path.rpartition(b"/")
        volume.add_name(make_directories(volume, directory), name, number)
    link = volume.new_inode(Inode(mode=LINK | 0o777))
    volume.set_contents(link, b"sub/b")
    volume.add_name(ROOT_INODE, b"link", link)
    device = volume.new_inode(Inode(mode=CHARACTER | 0o666, device=0x103))
    volume.add_name(ROOT_INODE, b"null", device)
    return volume


def change(path: str, **values: object) -> Callable[[Volume], None]:
    def damage(volume: Volume) -> None:
        number = volume.find(path)
        volume.write_inode(number, replace(volume.inode(number), **values))  # type: ignore[arg-type]

    return damage


def row(path: str, index: int, new: Row | bytes) -> Callable[[Volume], None]:
    """Another row of a directory."""

    def damage(volume: Volume) -> None:
        block = volume.block(volume.inode(volume.find(path)).direct[0])
        packed = new if isinstance(new, bytes) else new.pack()
        block[index * ROW_SIZE : index * ROW_SIZE + len(packed)] = packed

    return damage


def pointer(path: str, index: int, value: int) -> Callable[[Volume], None]:
    def damage(volume: Volume) -> None:
        number = volume.find(path)
        inode = volume.inode(number)
        inode.direct[index] = value
        volume.write_inode(number, inode)

    return damage


def counts(**values: int) -> Callable[[Volume], None]:
    def damage(volume: Volume) -> None:
        volume.superblock = replace(volume.superblock, **values)
        volume.close()

    return damage


def bit(bitmap: str, number: int, used: bool) -> Callable[[Volume], None]:
    return lambda volume: volume.mark(getattr(volume.superblock, bitmap), number, used)


FAULTS = {
    "no type": (change("/a", mode=0o644), "is of no type"),
    "held": (change("/a", held=9), "is said to hold 9 blocks, and holds 3"),
    "too long": (change("/a", size=1 << 40), "is more than a file can have"),
    "beyond the end": (change("/a", size=1024), "has blocks beyond its end"),
    "links": (change("/a", links=4), "is said to have 4 links, and has 1"),
    "a device with contents": (change("/null", size=5), "is a device or pipe, and has contents"),
    "an empty link": (change("/link", size=0), "is a symbolic link of 0 bytes"),
    "a link too long": (change("/link", size=1024), "is a symbolic link of 1024 bytes"),
    "a directory of nothing": (change("/sub", size=0), "is a directory of 0 bytes"),
    "a unified directory": (change("/sub", flags=1), "has flags 0x1; 0x0 are possible"),
    "a file as a context's root": (change("/a", flags=3), "has flags 0x3; 0x1 are possible"),
    "an orphan's next": (change("/a", next_orphan=3), "names a next orphan, and is none"),
    "part of a block": (change("/sub", size=1000), "is a directory of 1000 bytes"),
    "a directory's hole": (pointer("/sub", 0, 0), "is a directory with a hole"),
    "a block of the table": (pointer("/a", 0, 3), "block 3 is none of a file's"),
    "a block beyond the disk": (pointer("/a", 0, 256), "block 256 is none of a file's"),
    "a row to nowhere": (row("/", 2, Row(60, 8, b"a")), "'a' leads to inode 60, which is free or none"),
    "a row of another type": (row("/", 2, Row(2, 4, b"a")), "'a' is said to be of type 4"),
    "a row with a slash": (row("/sub", 3, Row(5, 8, b"x/y")), "has a / in it"),
    "a name of no length": (row("/sub", 3, b"\5\0\0\0\10\0"), "has a name of 0 bytes that is none"),
    "a name too long": (row("/sub", 3, b"\5\0\0\0\10\73"), "has a name of 59 bytes that is none"),
    "two rows of one name": (row("/sub", 3, Row(4, 8, b"b")), "has 2 rows for b'b'"),
    ". elsewhere": (row("/sub", 0, Row(1, 4, b".")), "its row . does not lead to itself"),
    "no ..": (row("/sub", 1, bytes(ROW_SIZE)), "has no row .."),
    ".. elsewhere": (row("/sub", 1, Row(3, 4, b"..")), "its row .. leads to"),
    "unreachable": (row("/", 2, bytes(ROW_SIZE)), "is not to be reached from the root"),
    "the root": (change("/", mode=REGULAR | 0o644), "the root is no directory"),
    "an orphan with links": (counts(first_orphan=2), "is on the list of orphans, with 1 links"),
    "an orphan that is none": (counts(first_orphan=50), "leads to inode 50, which cannot be on it"),
    "a file of another context": (change("/a", context=3), "'a' is context 3's, and the directory context 0's"),
    "a context's number given again": (change("/sub", context=3, flags=2), "next context; 3 is in use"),
    "the host's root elsewhere": (change("/sub", flags=2), "is the root of context 0, which is the host"),
    "a context in another than its place": (change("/sub", context=1, flags=2, parent_context=9), "is context 9's"),
    "what only a root has": (change("/a", paid_blocks=3), "has what only a context's root has"),
    "free blocks": (counts(free_blocks=3), "says that 3 blocks are free"),
    "free inodes": (counts(free_inodes=3), "says that 3 inodes are free"),
    "a block said to be free": (bit("block_bitmap", 0, False), "block 0 is in use, and said not to be"),
    "a block said to be in use": (bit("block_bitmap", 250, True), "block 250 is free, and said not to be"),
    "a block beyond the last": (bit("block_bitmap", 300, True), "block 300 is free, and said not to be"),
    "an inode said to be free": (bit("inode_bitmap", 0, False), "inode 0 is in use, and said not to be"),
    "an inode said to be in use": (bit("inode_bitmap", 60, True), "inode 60 is free, and said not to be"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_check_finds(name: str) -> None:
    damage, words = FAULTS[name]
    volume = furnished()
    assert check(volume) == []
    damage(volume)
    assert any(words in str(fault) for fault in check(volume)), check(volume)


@pytest.mark.parametrize("name", FAULTS)
def test_repair_mends(name: str) -> None:
    volume = furnished()
    FAULTS[name][0](volume)
    mended = Volume(bytearray(volume.data), to_mend=True)
    assert repair(mended)
    assert check(Volume(bytearray(mended.data))) == []


def test_two_files_with_one_block_are_told_and_the_first_keeps_it() -> None:
    volume = furnished()
    first = volume.inode(volume.find("/a")).direct[0]
    pointer("/sub/b", 0, first)(volume)
    assert any(f"block {first} is inode" in fault.what for fault in check(volume))
    repair(volume)
    assert volume.contents(volume.inode(volume.find("/a"))) == CONTENTS[b"/a"]


def test_orphans_that_lead_in_a_circle_are_told() -> None:
    volume = furnished()
    number = volume.new_inode(Inode(mode=REGULAR))
    volume.write_inode(number, replace(volume.inode(number), next_orphan=number))
    counts(first_orphan=number)(volume)
    assert any("which cannot be on it" in fault.what for fault in check(volume))


def test_an_orphan_is_no_fault() -> None:
    volume = furnished()
    number = volume.new_inode(Inode(mode=REGULAR))
    counts(first_orphan=number)(volume)
    assert check(volume) == []


def test_a_directory_with_two_names_is_told() -> None:
    volume = furnished()
    row("/", 7, Row(volume.find("/sub/deep"), 4, b"again"))(volume)
    assert any("has two names" in fault.what for fault in check(volume))


def test_what_nothing_leads_to_comes_to_lost_and_found() -> None:
    volume = furnished()
    number = volume.find("/sub")
    place = next(index for index, each in enumerate(volume.rows(volume.inode(ROOT_INODE))) if each.name == b"sub")
    row("/", place, bytes(ROW_SIZE))(volume)
    repair(volume)
    found = volume.find(f"/lost+found/{number}/deep/d")
    assert volume.contents(volume.inode(found)) == CONTENTS[b"/sub/deep/d"]


def lose(volume: Volume, path: str) -> int:
    """Take the name of a file away, and nothing else; its inode."""
    number = volume.find(path)
    directory, _, name = path.rpartition("/")
    volume.write_inode(number, replace(volume.inode(number), links=2))
    volume.remove_name(volume.find(directory), name.encode())
    return number


def add_file(volume: Volume, directory: int, name: bytes) -> None:
    volume.add_name(directory, name, volume.new_inode(Inode(mode=REGULAR | 0o600)))


@pytest.mark.parametrize("files", [0, 1, 2, 3])
@pytest.mark.parametrize("times", [1, 2])
def test_where_files_have_the_name_of_lost_and_found_another_directory_takes_its_place(files: int, times: int) -> None:
    volume = furnished()
    for count in range(files):
        add_file(volume, ROOT_INODE, b"lost+found" + b"+" * count)
    for path in ("/a", "/sub/b")[:times]:
        lost = lose(volume, path)
        contents = volume.contents(volume.inode(lost))
        assert repair(volume) != []
        found = volume.find(f"/lost+found{'+' * files}/{lost}")
        assert (found, volume.contents(volume.inode(found))) == (lost, contents)


def test_what_is_found_takes_no_name_from_what_is_there() -> None:
    volume = furnished()
    lost = lose(volume, "/a")
    place = make_directories(volume, "/lost+found")
    for name in (b"%d" % lost, b"%d+" % lost):
        add_file(volume, place, name)
    assert repair(volume) != []
    assert volume.find(f"/lost+found/{lost}++") == lost
    assert volume.find(f"/lost+found/{lost}") != lost


@pytest.mark.parametrize("kept", [0, 5, 12, 13, 100, 268, 269, 300, 524, 525, 781, 789])
def test_a_file_whose_size_is_cut_loses_what_lies_beyond_and_nothing_else(kept: int) -> None:
    """In blocks, about the ends of the direct ones and of the tables of 256."""
    data = b"".join(b"%4d" % number * (BLOCK_SIZE // 4) for number in range(790))
    volume = new_volume(bytearray(1 << 20), inodes=64, log_blocks=17)
    number = volume.new_inode(Inode(mode=REGULAR | 0o644))
    volume.set_contents(number, data)
    volume.add_name(ROOT_INODE, b"cut", number)
    assert (check(volume), volume.contents(volume.inode(number)) == data) == ([], True)
    change("/cut", size=kept * BLOCK_SIZE)(volume)
    assert "has blocks beyond its end" in {fault.what for fault in repair(volume)}
    assert volume.contents(volume.inode(number)) == data[: kept * BLOCK_SIZE]


def test_repair_of_a_clean_disk_changes_nothing_that_one_reads() -> None:
    volume = furnished()
    assert repair(volume) == []
    found = {path: volume.contents(inode) for path, _, inode in volume.walk() if inode.type == REGULAR}
    assert found == CONTENTS


@given(st.data())
def test_any_damage_behind_the_log_is_found_or_harmless_and_mended(data: st.DataObject) -> None:
    volume = furnished()
    start = volume.superblock.inode_bitmap * BLOCK_SIZE
    contents = bytearray(volume.data)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(start, start + 40 * BLOCK_SIZE))
        contents[place] = data.draw(st.integers(0, 255))
    damaged = Volume(contents, to_mend=True)
    check(damaged)
    repair(damaged)
    assert check(Volume(bytearray(damaged.data))) == []


def test_repair_refuses_more_names_than_an_inode_can_count() -> None:
    volume = new_volume(bytearray(8 << 20), inodes=64)
    number = volume.new_inode(Inode(mode=REGULAR | 0o644, links=1))
    rows = volume.contents(volume.inode(ROOT_INODE))[: 2 * ROW_SIZE]
    rows += b"".join(Row(number, 8, b"%d" % name).pack() for name in range(1 << 16))
    for block in list(volume.blocks_held(volume.inode(ROOT_INODE))):
        volume.free_block(block)
    volume.write_inode(ROOT_INODE, Inode(mode=DIRECTORY | 0o755, links=2))
    volume.set_contents(ROOT_INODE, rows.ljust(-(-len(rows) // BLOCK_SIZE) * BLOCK_SIZE, b"\0"))
    with pytest.raises(FullError, match="has 65536 names; 65535 are the most"):
        repair(volume)
