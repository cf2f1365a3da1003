"""A context is created, cloned and destroyed whole or not at all, wherever the power is cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from support.guest_runs import image_of
from support.os_runs import KERNEL
from support.os_shell import LIMIT, disk_with, session

from toyvm.filesystem.check import check
from toyvm.filesystem.layout import DIRECTORY
from toyvm.filesystem.volume import Volume
from toyvm.machine.bare import Machine
from toyvm.machine.outcome import Stop
from toyvm.machine.power_cut import Medium

Tree = dict[str, tuple[int, bytes]]  # by path: mode, contents

BEGUN = "begun"  # a directory: what is being cut has begun, and is not begun again
CUTS = 100  # of all writes of a job
PREPARED = """\
cd /; mkdir -p ctx/templates/tiny/dev ctx/templates/tiny/a/b; chmod 700 ctx
echo text > ctx/templates/tiny/a/file; ln -s file ctx/templates/tiny/a/link
mkdir -p ctx/templates/tiny/ctx/inner/root; echo within > ctx/templates/tiny/ctx/inner/root/file
ctx create web --template tiny --onboot no
shutdown
"""
JOBS = {
    "create": "ctx create new --template tiny --hostname n",
    "clone": "ctx clone web new",
    "destroy": "ctx destroy web",
}


def tree(contents: bytearray) -> Tree:
    """What is in /ctx. The disk is sound."""
    volume = Volume(contents)
    assert check(volume) == []
    return {
        path.decode(): (inode.mode, b"" if inode.type == DIRECTORY else volume.contents(inode))
        for path, _, inode in volume.walk(volume.find("/ctx"), b"")
    }


@contextmanager
def machine_for(job: str) -> Iterator[Machine]:
    """One that does the job when it boots from the disk that it has, and only clears away when it boots again."""
    rc = f"mkdir /{BEGUN} 2> /dev/null && {job}; ctx boot; shutdown\n"
    with Machine(16 << 20, disk=disk_with(rc, session(PREPARED).disk)) as machine:
        machine.load(image_of(KERNEL, "bare"))
        yield machine


def media_of(machine: Machine, cuts: int) -> set[Medium]:
    """What cuts at so many of its writes leave: with none, with all and with any of those that were not flushed."""
    random, found = Random(cuts), []
    while machine.run_to_disk_write(LIMIT).stop is Stop.LIMIT:
        found.append(machine.power_cut())
    media = set()
    for cut in random.sample(found, min(cuts, len(found))):
        every = range(len(cut.pending))
        media |= {cut.durable, cut.newest, cut.medium([n for n in every if random.random() < 0.5])}
    return media


@pytest.mark.parametrize("job", JOBS)
def test_whole_or_not_at_all(job: str) -> None:
    with machine_for(JOBS[job]) as machine:
        begin, before = machine.save(), tree(machine.power_cut().newest.contents())
        media = media_of(machine, CUTS)
        after = tree(machine.power_cut().newest.contents())
        assert after != before
        for medium in media:
            machine.restore(begin, disk=medium)
            assert machine.run(LIMIT).exit_code == 0
            assert tree(machine.power_cut().newest.contents()) in (before, after)
