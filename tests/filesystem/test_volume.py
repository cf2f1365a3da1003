"""Volumes: what is put on one comes back, and every change leaves a disk that check finds clean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.filesystem import layout
from toyvm.filesystem.check import check
from toyvm.filesystem.layout import BLOCK_SIZE, DIRECTORY, REGULAR, ROOT_INODE, DamagedError, Inode, Superblock
from toyvm.filesystem.tree import find_row, make_directories, remove
from toyvm.filesystem.volume import FullError, NoSuchPathError, Volume, new_volume

NAMES = st.sampled_from([b"a", b"b", b"c", b"x" * layout.MAXIMUM_NAME])
SIZES = st.sampled_from([0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, 12 * BLOCK_SIZE, 12 * BLOCK_SIZE + 1, 30 * BLOCK_SIZE])


def small() -> Volume:
    return new_volume(bytearray(512 << 10), inodes=64, log_blocks=17)


def add_file(volume: Volume, directory: int, name: bytes, data: bytes) -> int:
    number = volume.new_inode(Inode(mode=REGULAR | 0o644))
    volume.set_contents(number, data)
    volume.add_name(directory, name, number)
    return number


def reopened(volume: Volume) -> Volume:
    volume.close()
    return Volume(bytearray(volume.data))


@given(st.lists(st.tuples(st.sampled_from(["put", "remove", "link", "directory"]), NAMES, NAMES, SIZES), max_size=30))
def test_a_volume_is_clean_and_has_what_a_model_has_after_any_changes(
    changes: list[tuple[str, bytes, bytes, int]],
) -> None:
    volume = small()
    model: dict[bytes, bytes] = {}
    directory = make_directories(volume, "/sub")
    for index, (change, name, other, size) in enumerate(changes):
        data = (b"%d." % index * size)[:size]
        if change == "put" and name not in model:
            add_file(volume, directory, name, data)
            model[name] = data
        elif change == "remove" and name in model:
            remove(volume, directory, name)
            del model[name]
        elif change == "link" and name in model and other not in model:
            number = find_row(volume, directory, name)
            assert number is not None
            volume.add_name(directory, other, number)
            model[other] = model[name]
        elif change == "directory":
            make_directories(volume, b"/sub/d/" + name)
    volume = reopened(volume)
    assert check(volume) == []
    found = {path: volume.contents(inode) for path, _, inode in volume.walk() if inode.type == REGULAR}
    assert found == {b"/sub/" + name: data for name, data in model.items()}


def test_a_file_reaches_into_the_double_indirect_block() -> None:
    volume = new_volume(bytearray(2 << 20))
    data = bytes(range(1, 252)) * 2000
    number = add_file(volume, layout.ROOT_INODE, b"long", data)
    volume = reopened(volume)
    assert volume.inode(number).double
    assert volume.contents(volume.inode(number)) == data
    assert check(volume) == []


def test_blocks_of_zeros_are_holes() -> None:
    volume = small()
    number = add_file(volume, layout.ROOT_INODE, b"holes", bytes(20 * BLOCK_SIZE) + b"end")
    assert volume.inode(number).held == 2  # the last one, and the indirect one that leads to it
    assert volume.contents(volume.inode(number)) == bytes(20 * BLOCK_SIZE) + b"end"


def test_a_full_disk_says_so() -> None:
    volume = new_volume(bytearray(64 << 10))
    with pytest.raises(FullError, match="full"):
        add_file(volume, layout.ROOT_INODE, b"a", b"x" * (64 << 10))


def test_a_disk_without_inodes_left_says_so() -> None:
    volume = new_volume(bytearray(64 << 10), inodes=4)
    add_file(volume, layout.ROOT_INODE, b"a", b"")
    add_file(volume, layout.ROOT_INODE, b"b", b"")
    with pytest.raises(FullError, match="no inode"):
        volume.new_inode(Inode(mode=REGULAR))


@pytest.mark.parametrize("name", [b"", b"x" * (layout.MAXIMUM_NAME + 1), b"a/b", b"a\0b"])
def test_names_that_no_row_takes_are_refused(name: bytes) -> None:
    volume = small()
    with pytest.raises(FullError, match="name"):
        add_file(volume, layout.ROOT_INODE, name, b"")


def test_paths_lead_through_directories_alone() -> None:
    volume = small()
    add_file(volume, layout.ROOT_INODE, b"a", b"")
    for path, reason in {"/a/b": "no directory", "/b": "not on the disk", "/../a": r"\.\."}.items():
        with pytest.raises(NoSuchPathError, match=reason):
            volume.find(path)
    assert volume.find("//a/.") == volume.find("/a")


def test_a_freed_inode_keeps_its_generation_and_the_next_one_gets_another() -> None:
    volume = small()
    number = add_file(volume, layout.ROOT_INODE, b"a", b"")
    before = volume.inode(number).generation
    remove(volume, layout.ROOT_INODE, b"a")
    assert add_file(volume, layout.ROOT_INODE, b"b", b"") == number
    assert volume.inode(number).generation == before + 1


@pytest.mark.parametrize("kept", [0, 1])
def test_what_is_removed_from_a_full_disk_makes_room_for_as_much(kept: int) -> None:
    """At the end of it, or behind it a file that stays."""
    volume, names, data = small(), list[bytes](), b"x" * 12 * BLOCK_SIZE
    while volume.superblock.free_blocks > 12:  # a directory of so many names takes a block more now and then
        names.append(b"%d" % len(names))
        add_file(volume, layout.ROOT_INODE, names[-1], data)
    with pytest.raises(FullError, match="the disk is full"):
        add_file(reopened(volume), layout.ROOT_INODE, b"more", 2 * data)
    remove(volume, layout.ROOT_INODE, names[-1 - kept])
    number = add_file(volume, layout.ROOT_INODE, b"more", data)
    assert volume.contents(volume.inode(number)) == data
    assert check(reopened(volume)) == []


@pytest.mark.parametrize("size", [0, 512, BLOCK_SIZE, 29 * BLOCK_SIZE])
def test_a_disk_that_is_too_small_is_refused(size: int) -> None:
    with pytest.raises(FullError, match="too small"):
        new_volume(bytearray(size))


# The log.


def logged(blocks: dict[int, bytes], *, damage: int | None = None) -> Volume:
    volume = small()
    data = bytearray(volume.data)
    log = bytearray(layout.pack_log(7, blocks))
    if damage is not None:
        log[damage] ^= 1
    data[BLOCK_SIZE : BLOCK_SIZE + len(log)] = log
    return Volume(data)


def test_a_whole_transaction_is_brought_home() -> None:
    number = small().superblock.data_start + 5
    volume = logged({number: b"n" * BLOCK_SIZE, number + 1: b"m" * BLOCK_SIZE})
    assert volume.replayed == 2
    assert bytes(volume.block(number)) == b"n" * BLOCK_SIZE
    assert bytes(volume.block(number + 1)) == b"m" * BLOCK_SIZE


@pytest.mark.parametrize("damage", [0, 8, 16, 24, BLOCK_SIZE - 1, BLOCK_SIZE, 3 * BLOCK_SIZE - 1])
def test_a_transaction_with_any_damage_is_none(damage: int) -> None:
    number = small().superblock.data_start + 5
    assert logged({number: b"n" * BLOCK_SIZE, number + 1: b"m" * BLOCK_SIZE}, damage=damage).replayed == 0


MOST = layout.MAXIMUM_LOGGED


@pytest.mark.parametrize(
    ("room", "count", "replayed"),
    [(MOST, MOST - 1, MOST - 1), (MOST, MOST, MOST), (MOST + 1, MOST + 1, 0), (16, 16, 16), (16, 17, 0), (0, 0, 0)],
)
def test_a_transaction_is_as_long_as_the_log_has_room_and_a_call_may_change(
    room: int, count: int, replayed: int
) -> None:
    volume = new_volume(bytearray(1 << 20), inodes=64, log_blocks=1 + room)
    start = volume.superblock.data_start
    blocks = {start + number: b"%4d" % number * (BLOCK_SIZE // 4) for number in range(count)}
    data = bytearray(volume.data)
    log = layout.pack_log(7, blocks)
    data[BLOCK_SIZE : BLOCK_SIZE + len(log)] = log
    found = Volume(data)
    assert found.replayed == replayed
    for number, block in blocks.items():
        assert (bytes(found.block(number)) == block) == bool(replayed)


def test_a_log_that_was_brought_home_takes_no_later_change_back() -> None:
    number = small().superblock.data_start + 5
    volume = logged({number: b"n" * BLOCK_SIZE})
    volume.block(number)[:] = b"m" * BLOCK_SIZE
    later = reopened(volume)
    assert later.replayed == 0
    assert bytes(later.block(number)) == b"m" * BLOCK_SIZE


def test_a_superblock_torn_by_a_cut_is_mended_from_the_log() -> None:
    volume = small()
    newer = Superblock.unpack(volume.data).pack()
    data = bytearray(volume.data)
    log = layout.pack_log(1, {0: newer})
    data[BLOCK_SIZE : BLOCK_SIZE + len(log)] = log
    data[BLOCK_SIZE - 1] ^= 0xFF
    assert Volume(data).replayed == 1


@pytest.mark.parametrize("number", [1, 17, 512])
def test_a_log_that_names_a_block_of_its_own_or_beyond_the_end_is_refused(number: int) -> None:
    with pytest.raises(DamagedError, match=f"the log has a block {number}"):
        logged({number: bytes(BLOCK_SIZE)})


# What a superblock may say.


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (0, 0, "no file system"),
        (8, 512, "blocks of 512 bytes"),
        (16, 600, "one behind another|takes"),
        (24, 16, "one behind another"),
        (20, 2, "one behind another"),
        (1016, 1, "checksum"),
    ],
)
def test_a_superblock_that_cannot_be_is_refused(place: int, value: int, reason: str) -> None:
    data = bytearray(small().data)
    data[place : place + 4] = value.to_bytes(4, "little")
    with pytest.raises(DamagedError, match=reason):
        Volume(data)


def test_a_disk_shorter_than_its_file_system_is_refused() -> None:
    with pytest.raises(DamagedError, match="takes 512 KiB"):
        Volume(bytearray(small().data[:-BLOCK_SIZE]))


@given(st.binary(max_size=4096))
def test_no_contents_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(DamagedError):
        Volume(bytearray(b"T64FS\0\0\1" + data))


def test_inodes_and_superblocks_are_packed_and_unpacked_as_they_are() -> None:
    numbers = list(range(1, 13))
    inode = Inode(DIRECTORY | 0o755, 2, 3, 4, 5, 6, 7, 8, 9, 10, numbers, 11, 12, 13, 14, 15)
    assert Inode.unpack(inode.pack()) == inode
    superblock = Superblock.plan(512, 64, 17, b"label")
    assert Superblock.unpack(superblock.pack()) == superblock


def test_a_directory_that_ends_within_a_row_is_damaged() -> None:
    volume = new_volume(bytearray(512 << 10))
    volume.write_inode(ROOT_INODE, replace(volume.inode(ROOT_INODE), size=100))
    with pytest.raises(DamagedError, match="a directory of 100 bytes"):
        list(volume.walk())
