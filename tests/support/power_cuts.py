"""Power cuts in the operating system's file system: media that they leave, recovered, checked and held to a model.

CrashMonkey and ACE (Mohan and others, OSDI 2018) do that for Linux's, with workloads of few calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import product

from support.file_model import Both
from support.file_system import LIMIT, Script, Tree, script_guest, tree_of
from toyvm.filesystem.volume import new_volume
from toyvm.machine.bare import Machine
from toyvm.machine.power_cut import Medium, PowerCut

DISK = 96 << 10
LOG_BLOCKS = 33
LOG_BLOCKS_FEW = 18  # a transaction has at most four blocks of contents
MEMORY = 2 << 20
ROOM = 16  # calls of a workload
UNMADE = -(1 << 40)  # no call's result

Workload = tuple[Callable[[Both], None], ...]


def begun(both: Both) -> Both:
    """What each workload finds."""
    both.mkdir("dir")
    both.mkdir("empty")
    both.write("file", 0, bytes(range(1, 251)) * 10)
    both.write("dir/other", 0, b"other" * 30)
    both.symlink("dir/other", "link")
    return both


# Calls that change something, of each kind there is; some only after others.
STEPS: dict[str, Callable[[Both], None]] = {
    "mkdir": lambda both: both.mkdir("new"),
    "mkdir in it": lambda both: both.mkdir("new/below"),
    "make": lambda both: both.write("made", 0, b""),
    "write": lambda both: both.write("made", 0, b"made" * 400),
    "overwrite": lambda both: both.write("file", 500, b"x" * 1500),
    "append": lambda both: both.write("file", 2500, b"y" * 1000),
    "write far behind": lambda both: both.write("file", 14 << 10, b"z" * 100),
    "shorten": lambda both: both.truncate("file", 1100),
    "lengthen": lambda both: both.truncate("file", 5000),
    "unlink": lambda both: both.unlink("file"),
    "unlink what is open": lambda both: both.lose_open("file"),
    "rename over what is open": lambda both: both.lose_open("dir/other", "file"),
    "rmdir": lambda both: both.rmdir("empty"),
    "link": lambda both: both.link("file", "dir/linked"),
    "symlink": lambda both: both.symlink("file", "symlink"),
    "rename": lambda both: both.rename("file", "renamed"),
    "rename over": lambda both: both.rename("file", "dir/other"),
    "rename a directory": lambda both: both.rename("dir", "empty"),
    "rename into": lambda both: both.rename("empty", "dir/empty"),
    "chmod": lambda both: both.chmod("file", 0o4711),
}


def begun_unified(both: Both) -> Both:
    """Two trees with a small and a large unified file; a copy of the latter takes two transactions."""
    for number, tree in enumerate(("one", "two")):
        both.mkdir(tree)
        both.stamp(tree, number + 1)
    both.write("one/file", 0, bytes(range(1, 251)) * 10)
    for offset in (0, 3000, 6000):
        both.write("one/large", offset, bytes(range(1, 251)) * 12)
    for name in ("file", "large"):
        both.unify(f"one/{name}")
        both.link(f"one/{name}", f"two/{name}")
    both.write("last", 0, b"last")
    both.unify("last")
    return both


# Calls that break the links of unified files, or leave them.
UNIFIED_STEPS: dict[str, Callable[[Both], None]] = {
    "write": lambda both: both.write("two/file", 500, b"x" * 1500),
    "write the other": lambda both: both.write("one/file", 2400, b"y" * 1500),
    "write the last": lambda both: both.write("last", 2, b"y"),
    "write a large one": lambda both: both.write("two/large", 5000, b"x" * 100),
    "shorten": lambda both: both.truncate("two/file", 1100),
    "shorten a large one": lambda both: both.truncate("one/large", 8500),
    "chmod": lambda both: both.chmod("one/file", 0o4711),
    "chmod a large one": lambda both: both.chmod("two/large", 0o600),
    "link within": lambda both: both.link("two/file", "two/linked"),
    "link a large one within": lambda both: both.link("two/large", "two/linked"),
    "link to another tree": lambda both: both.link("two/file", "linked"),
    "unlink": lambda both: both.unlink("one/file"),
    "rename over": lambda both: both.rename("two/file", "two/large"),
    "unify": lambda both: both.unify("last", on=False),
}


def workloads(calls: int) -> Iterator[tuple[str, Workload]]:
    """Each sequence of so many steps, with its name."""
    for names in product(STEPS, repeat=calls):
        yield ", ".join(names), tuple(STEPS[name] for name in names)


class PowerCuts:
    """One machine that makes workloads and recovers media. `media` and `recoveries` count, a medium once a workload."""

    def __init__(self, machine: Machine, begun: Callable[[Both], Both], log_blocks: int) -> None:
        self._machine = machine
        self._begun = begun
        self.log = range(2, 2 * (1 + log_blocks))  # sectors
        self._guest = machine.save()
        self._begin = machine.power_cut().newest  # of which all media are changes
        self.media = 0
        self.recoveries = 0

    def run(self, steps: Workload, random: int = 1000, seed: int = 0) -> list[str]:
        """What is wrong with any medium: after a cut within a call it has the tree of before or after that call."""
        both = self._begun(Both(Script()))
        fresh = Both(Script(script_guest(0x8000), room=ROOM), both.model)
        for step in steps:
            step(fresh)
        judged = _Judged(self, fresh.states, stamped=both.stamped)
        for cut, made in self._cuts(fresh.script):
            for medium in cut.media(random=random, seed=seed):
                judged.judge(medium, made)
        self.media += len(judged.seen)
        return judged.wrong

    def _cuts(self, script: Script) -> Iterator[tuple[PowerCut, int]]:
        """A cut at each write of a script's, with how many calls were made by then."""
        machine = self._machine
        machine.restore(self._guest, disk=self._begin)
        script.load(machine, UNMADE)
        cuts = []
        while machine.run_to_disk_write(LIMIT).stop == "limit":
            made = sum(result != UNMADE for result in script.results(machine))
            cuts.append((machine.power_cut(), made))
        yield from cuts

    def recovered(self, medium: Medium) -> Medium:
        """What the guest makes of it when it mounts it."""
        self._machine.restore(self._guest, disk=medium)
        outcome = self._machine.run(LIMIT)
        assert outcome.exit_code == 0, outcome
        self.recoveries += 1
        return self._machine.power_cut().newest

    def cuts_of_recovery(self, medium: Medium) -> Iterable[Medium]:
        """What a cut at the last write of a recovery can leave: most flush nothing before, so it has those of all."""
        self._machine.restore(self._guest, disk=medium)
        while self._machine.run_to_disk_write(LIMIT).stop == "limit":
            cut = self._machine.power_cut()
        return cut.media(random=100)


class _Judged:
    """The media of one workload, and what was wrong with them."""

    def __init__(self, cuts: PowerCuts, states: list[Tree], *, stamped: bool) -> None:
        self.seen: set[Medium] = set()
        self.wrong: list[str] = []
        self._cuts = cuts
        self._states = states
        self._stamped = stamped
        self._trees: dict[frozenset[tuple[int, bytes]], Tree] = {}  # by what differs, the log left out

    def judge(self, medium: Medium, made: int) -> None:
        if medium in self.seen:
            return
        self.seen.add(medium)
        recovered = self._cuts.recovered(medium)
        home = frozenset(item for item in recovered.changes.items() if item[0] not in self._cuts.log)
        first = home not in self._trees
        if first:
            self._trees[home] = tree_of(recovered.contents(), stamped=self._stamped)
        if self._trees[home] not in self._states[made : made + 2]:
            self.wrong.append(f"after {made} calls: {len(medium.changes)} sectors of {sorted(medium.changes)}")
        elif first:  # a recovery that is cut itself
            for again in self._cuts.cuts_of_recovery(medium):
                self.judge(again, made)


@contextmanager
def power_cuts(begun: Callable[[Both], Both] = begun, log_blocks: int = LOG_BLOCKS) -> Iterator[PowerCuts]:
    """On a disk that has what every workload finds."""
    disk = bytearray(DISK)
    new_volume(disk, inodes=32, log_blocks=log_blocks)
    begun(Both(Script(room=64))).script.run(disk)
    with Machine(MEMORY, disk=disk) as machine:
        machine.load(script_guest(0x8000))
        yield PowerCuts(machine, begun, log_blocks)
