"""The operating system: what its paths cost, in guest instructions, which are exact; the goals beside them.

`pytest bench/bench_os.py` prints a line for each figure; a goal that is missed fails.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pairs import hold
from support.guest_runs import GUESTS, image_of
from support.os_runs import KERNEL, PROGRAMS, assembled, boot
from support.os_shell import session

from toyvm.filesystem.layout import DIRECTORY
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.tree import remove
from toyvm.filesystem.volume import Volume
from toyvm.isa.paging import PAGE_SIZE
from toyvm.lab.density import ManyMachines
from toyvm.launch import launched
from toyvm.programs import load_program
from toyvm.shipped.porting import count_ported_lines
from toyvm.shipped.system_disk import new_disk
from toyvm.techniques import NAMES

# By technique: the most that a path may take.
GOALS = {
    "bare": {"call": 80, "demand": 400, "fork": 10_000},
    "para": {"call": 80, "demand": 400, "fork": 16_000},
}
MEANINGS = {
    "call": "a system call that does nothing",
    "demand": "a page on demand",
    "fork": "fork of a process of 256 touched pages",
    "copy": "a page copied on write",
    "exit": "the end of such a process, and its wait",
    "write4": "a KiB written, 4 KiB a call",
    "write64": "a KiB written, 64 KiB a call",
    "read4": "a KiB read from the cache, 4 KiB a call",
    "read64": "a KiB read from the cache, 64 KiB a call",
    "disk64": "a KiB read from the disk, 64 KiB a call",
}


def figures(program: str, technique: str) -> dict[str, int]:
    run = boot(
        {"init": assembled(PROGRAMS / "measured" / f"{program}.s")}, technique, disk_latency=0, disk_bytes=2 << 20
    )
    assert run.exit_code == 0, run
    return {name: int(number) for name, number in map(str.split, run.output.decode().splitlines())}


@pytest.mark.parametrize("program", ["costs", "files"])
@pytest.mark.parametrize("technique", GOALS)
def test_paths(program: str, technique: str) -> None:
    for name, count in figures(program, technique).items():
        if name not in MEANINGS:
            continue
        goal = GOALS[technique].get(name)
        line = f"{MEANINGS[name]} on {technique}: {count:,} instructions{f' of {goal:,}' if goal else ''}"
        print(line)
        hold(goal is None or count < goal, line)


# The most that a context may add to what a path takes without: instructions, and a share.
CONTEXT_GOALS = {
    "syscall": (0, 0.0),
    "switch": (12, 0.0),
    "forkwait": (0, 0.01),
    "diskcopy": (0, 0.01),
    "compute": (0, 0.01),
}
START_GOAL = 20_000  # from CREATE to init's first instruction
MEMORY_GOAL = 0.05  # of a further machine's pages


def context_figures(technique: str, *, records: int, inside: bool) -> dict[str, int]:
    """What measured/contexts.s tells: in the host of a kernel with so many records of contexts, or in a context."""
    program = assembled(PROGRAMS / "measured" / "contexts.s", INSIDE=int(inside))
    kernel = load_program(KERNEL, technique, defines={"CONTEXTS": records})
    run = boot({"init": program}, technique, kernel=kernel, disk_latency=0, disk_bytes=2 << 20)
    assert run.exit_code == 0, run
    return {name: int(number) for name, number in map(str.split, run.output.decode().splitlines())}


@pytest.mark.parametrize("technique", GOALS)
def test_contexts(technique: str) -> None:
    without = context_figures(technique, records=0, inside=False)
    within = context_figures(technique, records=160, inside=True)
    start = within.pop("start")
    line = f"a context's start on {technique}: {start:,} instructions of {START_GOAL:,}"
    print(line)
    hold(start < START_GOAL, line)
    for name, count in within.items():
        more, share = CONTEXT_GOALS[name]
        bound = without[name] * (1 + share) + more
        line = f"{name} on {technique}: {count:,} instructions in a context, {without[name]:,} without contexts"
        print(line)
        hold(count <= bound, line)


UNIFIED_GOAL = 1.05  # of a hundred contexts' file data, of one's


def tree_figures(contexts: int) -> dict[str, int]:
    """Blocks of the files in contexts' trees and their template, and what the contexts have besides."""
    disk = new_disk(16 << 20)
    volume = Volume(disk)
    etc = volume.find("/etc")
    remove(volume, etc, b"rc")
    script = "".join(f"ctx create c{n}\n" for n in range(contexts)) + "shutdown $?\n"
    add_file(volume, etc, "rc", script.encode(), 0o644)
    volume.close()
    with launched("bare", engine="recompiler", disk=disk) as machine:
        machine.load(image_of(KERNEL, "bare"))
        assert machine.run().exit_code == 0, machine.output
    volume = Volume(disk)
    inodes = {number: (path, inode) for path, number, inode in volume.walk()}
    conf = [inode for path, inode in inodes.values() if path.startswith(b"/ctx/c") and path.endswith(b"/conf")]
    files = sum(inode.held for _, inode in inodes.values() if inode.type != DIRECTORY)
    return {
        "files": files - sum(inode.held for inode in conf),
        "directories": sum(inode.held for _, inode in inodes.values() if inode.type == DIRECTORY),
        "inodes": len(inodes),
        "configuration": sum(inode.held for inode in conf),
    }


def test_unification() -> None:
    none, one, many = tree_figures(0), tree_figures(1), tree_figures(100)
    line = f"file data of a hundred contexts from a template: {many['files']:,} KiB, of one {one['files']:,} KiB"
    print(line)
    for name in ("directories", "inodes", "configuration"):
        unit = "" if name == "inodes" else "KiB of "
        print(f"a further context's own: {(many[name] - one[name]) / 99:.1f} {unit}{name}")
    print(f"a template of {one['files'] - none['files']:,} KiB more than the system's own files")
    hold(many["files"] < UNIFIED_GOAL * one["files"], line)


def memory_free(script: str) -> int:
    """KiB that nobody uses once a script has run."""
    output = session(f"{script}\ngrep MemFree /proc/meminfo; shutdown 0\n").output
    return int(output.split("MemFree:")[1].split()[0])


@pytest.mark.parametrize("technique", ["trap", "para", "assist"])
def test_a_further_context_takes_little_of_what_a_further_machine_takes(technique: str) -> None:
    made = "".join(f"ctx create {name} --init '/bin/sleep 1000'; " for name in ("one", "two"))
    one, two = f"{made}ctx start one; sleep 0.1", "ctx start two; sleep 0.1"
    context = (memory_free(one) - memory_free(f"{one}; {two}")) * 1024 // PAGE_SIZE
    machine = ManyMachines(technique)
    pages = machine.run(2, 1).pages - machine.run(1, 1).pages
    share = context / pages
    line = (
        f"a further context with a process that sleeps: {context} pages, a further machine under {technique}: {pages}"
    )
    print(f"{line}, {share:.1%} of {MEMORY_GOAL:.0%}")
    hold(share < MEMORY_GOAL, line)


@pytest.mark.parametrize("technique", NAMES)
def test_boot(technique: str) -> None:
    """To the prompt, and down again, as the input has ended."""
    session("", technique)
    begin = process_time()
    instructions = session("", technique).instructions
    print(f"boot, prompt and shutdown on {technique}: {instructions:,} instructions, {process_time() - begin:.3f} s")


def test_port() -> None:
    lines = count_ported_lines([KERNEL], [GUESTS, GUESTS / "include"])
    print(f"ported: {lines.changed} of {lines.total} lines, {lines.share:.1%}")
