"""The operating system's file system against a model, on damaged disks, and where the disk has no room.

tests/os/files.s makes the calls, as the kernel does for a program, on the bare machine: techniques are for the tests of
programs.
"""

from __future__ import annotations

from random import Random

import pytest
from support.file_model import Both, random_call
from support.file_system import AT_FDCWD, CALLS, O_CREAT, O_RDWR, Script, tree_of

from toyvm.filesystem.layout import Superblock
from toyvm.filesystem.volume import new_volume

DISK = 4 << 20
NOT_MOUNTED = 9  # the guest's code
ENOSPC, EMFILE, EFBIG, EROFS = -28, -24, -27, -30


def empty_disk(size: int = DISK) -> bytearray:
    disk = bytearray(size)
    new_volume(disk)
    return disk


def random_calls(seed: int, count: int, *, unified: bool = False) -> Both:
    both, random = Both(), Random(seed)
    for number, tree in enumerate(("one", "two") if unified else ()):
        both.mkdir(tree)
        both.stamp(tree, number + 1)
    for _ in range(count):
        random_call(both, random, unified=unified)
    return both


# Over the ring, which is another way to the same disk, a few.
@pytest.mark.parametrize(
    ("technique", "seed"), [("bare", n) for n in range(32)] + [("trap+hypercalls", n) for n in (0, 1)]
)
def test_random_calls_do_what_a_model_does(technique: str, seed: int) -> None:
    disk, both = empty_disk(), random_calls(seed, 150, unified=seed >= 16)
    run = both.script.run(disk, technique)
    assert list(run.results) == both.expected
    for address, data in both.reads:
        assert run.bytes_at(address, len(data)) == data
    assert tree_of(disk, stamped=both.stamped) == both.model.tree()


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_disk_gives_errors_at_worst(seed: int) -> None:
    random, disk = Random(seed), empty_disk(512 << 10)
    random_calls(seed, 40).script.run(disk)
    parts = Superblock.unpack(disk[:1024])
    table, data = parts.inode_table << 10, parts.data_start << 10
    for _ in range(random.choice((1, 2, 4, 8, 20))):
        first, end = random.choice(
            (
                (parts.inode_bitmap << 10, table),
                (table, table + 24 * 128),
                (table, table + 24 * 128),
                (data, data + (40 << 10)),
            )
        )
        place = random.randrange(first, end, 4)
        value = random.choice(
            (0, 1, 2, parts.data_start, parts.blocks - 1, parts.blocks, 0xFFFFFFFF, random.randrange(1 << 32))
        )
        disk[place : place + 4] = value.to_bytes(4, "little")
    run = random_calls(1000 + seed, 60).script.run(disk)
    assert run.exit_code in (0, NOT_MOUNTED)


def _any_argument(random: Random, script: Script) -> int:
    address = script.put(b"/a/../b\0" + bytes(64))
    return random.choice(
        (
            *(random.randrange(8), random.randrange(8), random.randrange(1 << 12), 1 << random.randrange(64)),
            *(-1, AT_FDCWD, random.randrange(1 << 64), address, address, address + random.randrange(64), 0),
        )
    )


@pytest.mark.parametrize("seed", range(20))
def test_calls_with_any_arguments_give_a_result_or_an_error(seed: int) -> None:
    random, script, disk = Random(seed), Script(), empty_disk(1 << 20)
    for name in ("a", "b", "a/b"):
        script.call("mkdirat", AT_FDCWD, name, 0o777)
    calls = sorted(number for number in CALLS.values() if number < 1000)
    for _ in range(1000):
        script.rows.append((random.choice(calls), [_any_argument(random, script) for _ in range(6)]))
    run = script.run(disk)
    assert run.exit_code == 0
    assert all(result > -4096 for result in run.results)
    assert tree_of(disk)


@pytest.mark.parametrize("place", [8, 12, 16, 20, 24, 28, 32, 36, 40, 1016])
def test_a_superblock_that_cannot_be_is_not_mounted(place: int) -> None:
    disk = empty_disk()
    disk[place] ^= 0x40
    assert Script().run(disk).exit_code == NOT_MOUNTED


def test_a_full_disk_takes_what_fits_and_nothing_is_lost() -> None:
    disk, script = empty_disk(128 << 10), Script()
    script.call("openat", AT_FDCWD, "/file", O_RDWR | O_CREAT, 0o644)
    address = script.put(bytes(range(1, 256)) * 300)
    writes = [script.call("write", 0, address, 60_000) for _ in range(40)]
    makes = [script.call("mkdirat", AT_FDCWD, f"/dir{n}", 0o755) for n in range(3)]
    script.call("close", 0)
    script.call("unlinkat", AT_FDCWD, "/file", 0)
    again = script.call("mkdirat", AT_FDCWD, "/dir", 0o755)
    run = script.run(disk)
    taken = [run.results[n] for n in writes]
    assert taken[0] > 0
    assert taken[-1] == ENOSPC
    assert {run.results[n] for n in makes} == {ENOSPC}
    assert run.results[again] == 0
    assert sorted(tree_of(disk)) == [b"", b"/dir"]


def test_inodes_run_out_and_come_back() -> None:
    disk, script = bytearray(1 << 20), Script()
    new_volume(disk, inodes=16)
    made = [script.call("mkdirat", AT_FDCWD, f"/{n}", 0o755) for n in range(16)]
    gone = [script.call("unlinkat", AT_FDCWD, f"/{n}", 0x200) for n in range(14)]
    again = [script.call("mkdirat", AT_FDCWD, f"/again{n}", 0o755) for n in range(14)]
    run = script.run(disk)
    assert [run.results[n] for n in made] == [0] * 14 + [ENOSPC] * 2
    assert {run.results[n] for n in gone + again} == {0}
    assert len(tree_of(disk)) == 15


def test_descriptors_run_out_before_a_file_is_made() -> None:
    disk, script = empty_disk(), Script()
    opened = [script.call("openat", AT_FDCWD, f"/{n}", O_RDWR | O_CREAT, 0o644) for n in range(65)]
    run = script.run(disk)
    assert [run.results[n] for n in opened] == [*range(64), EMFILE]
    assert len(tree_of(disk)) == 65


def test_a_file_ends_where_its_blocks_do() -> None:
    disk, script = empty_disk(), Script()
    longest = (12 + 256 + 65_536) << 10
    script.call("openat", AT_FDCWD, "/file", O_RDWR | O_CREAT, 0o644)
    address = script.put(b"end")
    last = script.call("pwrite64", 0, address, 3, longest - 3)
    beyond = script.call("pwrite64", 0, address, 3, longest)
    across = script.call("pwrite64", 0, address, 3, longest - 1)
    run = script.run(disk)
    assert [run.results[n] for n in (last, beyond, across)] == [3, EFBIG, 1]
    assert len(tree_of(disk)[b"/file"][2]) == longest


def test_what_is_open_lives_without_a_name_until_it_is_closed_or_the_power_comes_back() -> None:
    for end in ("close", "remount"):
        disk, script = empty_disk(), Script()
        script.call("openat", AT_FDCWD, "/file", O_RDWR | O_CREAT, 0o644)
        script.call("write", 0, script.put(b"kept" * 5000), 20_000)
        script.call("unlinkat", AT_FDCWD, "/file", 0)
        address = script.put(bytes(4))
        read = script.call("pread64", 0, address, 4, 19_996)
        script.call(end, 0)
        run = script.run(disk)
        assert run.results[read] == 4
        assert run.bytes_at(address, 4) == b"kept"
        assert sorted(tree_of(disk)) == [b""], end


def test_a_path_goes_on_from_the_directory_of_a_descriptor() -> None:
    disk, script = empty_disk(), Script()
    script.call("mkdirat", AT_FDCWD, "/dir", 0o755)
    script.call("openat", AT_FDCWD, "/dir", 0, 0)
    made = script.call("mkdirat", 0, "below", 0o755)
    linked = script.call("symlinkat", "below", 0, "link")
    opened = [script.call("openat", 0, name, 0, 0) for name in (".", "below", "link", "/dir", "../dir", "nosuch")]
    removed = script.call("unlinkat", 0, "below", 0x200)
    run = script.run(disk)
    assert [run.results[n] for n in (made, linked, removed)] == [0, 0, 0]
    assert [run.results[n] for n in opened] == [1, 2, 3, 4, 5, -2]
    assert sorted(tree_of(disk)) == [b"", b"/dir", b"/dir/link"]


def test_a_disk_that_may_not_be_written_is_read() -> None:
    disk, script = empty_disk(), Script()
    script.call("mkdirat", AT_FDCWD, "/dir", 0o755)
    script.run(disk)
    before, script = bytes(disk), Script()
    there = script.call("openat", AT_FDCWD, "/dir", 0, 0)
    refused = [
        script.call("mkdirat", AT_FDCWD, "/new", 0o755),
        script.call("openat", AT_FDCWD, "/file", O_RDWR | O_CREAT, 0o644),
        script.call("unlinkat", AT_FDCWD, "/dir", 0x200),
    ]
    run = script.run(disk, writable=False)
    assert run.results[there] == 0
    assert {run.results[n] for n in refused} == {EROFS}
    assert disk == before
