"""Regions: which instructions are compiled together, their blocks, and where time is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf

from toyvm.isa import coding
from toyvm.isa.control import ALL_BITS
from toyvm.isa.declare import Class, Group, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.recompiler.request import Snapshot

LINK_REGISTERS = (1, 5)  # ra and t0, by the calling convention
ENTRIES_MAX = 256
PAGES_MAX = 16

decode = lru_cache(maxsize=1 << 15)(coding.decode)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction in its place: its mnemonic and encoded operands, in written order."""

    pc: int
    word: int
    mnemonic: str
    values: tuple[int, ...]


@dataclass(slots=True)
class Block:
    """A run of instructions that is entered at its start alone; only its last one may be a jump."""

    start: int
    steps: list[Step]
    successors: list[int] = field(default_factory=list)  # blocks of the region

    @property
    def end(self) -> int:
        """The address behind it."""
        return (self.start + 4 * len(self.steps)) & ALL_BITS

    @property
    def last(self) -> Step:
        return self.steps[-1]


@dataclass(slots=True)
class Region:
    """What is compiled as one function.

    `heads` are the blocks in which the instructions left are compared with what is needed: each cycle has one.
    `needs`: the most that retire from the start of a block until the next comparison or the end. `returns`: where a
    return may lead in the region, behind the calls there of the function that it ends.
    """

    user: bool
    blocks: dict[int, Block]
    heads: set[int]
    entries: list[int]
    needs: dict[int, int]
    returns: dict[int, list[int]]  # by the address of the return
    jumps: dict[int, list[int]]  # of jumps through registers, by address: their targets in the region

    @property
    def pages(self) -> list[int]:
        return sorted({block.start & -PAGE_SIZE for block in self.blocks.values()})

    @property
    def size(self) -> int:
        return sum(len(block.steps) for block in self.blocks.values())

    @property
    def length(self) -> float:
        """The most instructions that retire in one stay; infinite with a cycle."""
        return inf if self.heads else self.needs[self.entries[0]]


_GOING_ON = (Group.SYSTEM, Group.CRITICAL, Group.ENVIRONMENT)
SKIPPED_MAX = 8

BRANCHES = frozenset(row.mnemonic for row in INSTRUCTIONS if Operand.BRANCH in row.operands)
JUMPS = BRANCHES | {"jal", "jalr"}


def read_step(snapshot: Snapshot, pc: int, executed_only: bool) -> Step | None:
    """The instruction there, if it is to be compiled: in sight, innocuous, and no trap or jump to itself."""
    word = snapshot.word(pc, executed_only)
    decoded = None if word is None else decode(word)
    if word is None or decoded is None:
        return None
    row = decoded.instruction
    if row.cls is not Class.INNOCUOUS or row.group is Group.ENVIRONMENT:
        return None
    if (row.mnemonic in BRANCHES or row.mnemonic == "jal") and decoded.values[-1] == 0:
        return None
    return Step(pc, word, row.mnemonic, decoded.values)


def skip_system(snapshot: Snapshot) -> Snapshot:
    """The same request behind instructions that are left to the interpreter, but go on to the next one after all."""
    gva = snapshot.gva
    for _ in range(SKIPPED_MAX):
        word = snapshot.word(gva, executed_only=False)
        decoded = None if word is None else decode(word)
        if decoded is None or decoded.instruction.group not in _GOING_ON or decoded.instruction.mnemonic == "eret":
            break
        gva = (gva + 4) & ALL_BITS
    return snapshot if gva == snapshot.gva or snapshot.word(gva, False) is None else replace(snapshot, gva=gva)


def target_of(step: Step) -> int:
    """Where a branch or jal leads."""
    return (step.pc + 4 * step.values[-1]) & ALL_BITS


def is_call(step: Step) -> bool:
    return step.mnemonic in ("jal", "jalr") and step.values[0] != 0


def is_return(step: Step) -> bool:
    return step.mnemonic == "jalr" and step.values[0] == 0 and step.values[2] in LINK_REGISTERS


class Discovery:
    """Follows the code from an entry: its own function first, then those that it calls."""

    def __init__(self, snapshot: Snapshot, limit: int, executed_only: bool, ends: Container[int]) -> None:
        self._snapshot = snapshot
        self._limit = limit
        self._executed_only = executed_only
        self._ends = ends
        self.steps: dict[int, Step] = {}
        self.leaders: set[int] = set()
        self.return_sites: list[int] = []
        self.called: list[int] = []
        self.calls: dict[int, list[int]] = {}  # by the function called: where it returns to
        self._pages: set[int] = set()
        self._near: deque[int] = deque()
        self._called: deque[int] = deque()

    def run(self, start: int, also: Sequence[int]) -> None:
        for pc in (start, *also):
            self._lead(pc, self._near)
        while self._near or self._called:
            self._follow(self._near.popleft() if self._near else self._called.popleft())

    def _lead(self, pc: int, queue: deque[int]) -> None:
        self.leaders.add(pc)
        queue.append(pc)

    def _follow(self, pc: int) -> None:
        while pc not in self.steps and pc not in self._ends and len(self.steps) < self._limit:
            step = read_step(self._snapshot, pc, self._executed_only)
            if step is None or not self._has_room(pc):
                return
            self.steps[pc] = step
            pc = (pc + 4) & ALL_BITS
            if step.mnemonic in JUMPS:
                self._branch_out(step, pc)
                return
            if pc % PAGE_SIZE == 0:
                self.leaders.add(pc)

    def _has_room(self, pc: int) -> bool:
        self._pages.add(pc & -PAGE_SIZE)
        return len(self._pages) <= PAGES_MAX

    def _branch_out(self, step: Step, following: int) -> None:
        if step.mnemonic in BRANCHES or is_call(step):
            self._lead(following, self._near)
        if is_call(step):
            self.return_sites.append(following)
        if step.mnemonic != "jalr":
            self._lead(target_of(step), self._called if is_call(step) else self._near)
        if step.mnemonic == "jal" and is_call(step):
            self.called.append(target_of(step))
            self.calls.setdefault(target_of(step), []).append(following)
        if step.mnemonic == "jalr" and not is_return(step):
            for target in self._snapshot.jumps.get(step.pc, ()):
                self._lead(target, self._called if is_call(step) else self._near)
                if is_call(step):
                    self.calls.setdefault(target, []).append(following)


def discover(
    snapshot: Snapshot, limit: int, executed_only: bool, also: Sequence[int] = (), ends: Container[int] = ()
) -> Region | None:
    """The region to compile for a request, entered at `also` too, and without what begins at `ends`.

    None: nothing can be compiled there.
    """
    discovery = Discovery(snapshot, limit, executed_only, ends)
    discovery.run(snapshot.gva, also)
    if snapshot.gva not in discovery.steps:
        return None
    blocks = _blocks(discovery)
    jumps = _jumps(snapshot, blocks)
    returns = _returns(blocks, discovery.calls, jumps)
    for block in blocks.values():
        block.successors = [pc for pc in _successors(block, returns, jumps) if pc in blocks]
    sites = [site for site in dict.fromkeys(discovery.return_sites) if site in blocks]
    called = [target for target in dict.fromkeys(discovery.called) if target in blocks]
    others = [*(pc for pc in also if pc in blocks), *called, *sites]
    return _timed(snapshot, blocks, others, returns, jumps)


def _blocks(discovery: Discovery) -> dict[int, Block]:
    blocks: dict[int, Block] = {}
    block = None
    for pc in sorted(discovery.steps):
        step = discovery.steps[pc]
        if block is None or pc in discovery.leaders or block.end != pc or block.last.mnemonic in JUMPS:
            block = blocks[pc] = Block(pc, [])
        block.steps.append(step)
    return blocks


def _jumps(snapshot: Snapshot, blocks: dict[int, Block]) -> dict[int, list[int]]:
    lasts = (block.last for block in blocks.values())
    return {
        last.pc: [target for target in snapshot.jumps.get(last.pc, ()) if target in blocks]
        for last in lasts
        if last.mnemonic == "jalr" and not is_return(last)
    }


def _returns(
    blocks: dict[int, Block], calls: dict[int, list[int]], jumps: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Where each return may lead: behind the calls of the functions that it is part of."""
    found: dict[int, dict[int, None]] = {block.last.pc: {} for block in blocks.values() if is_return(block.last)}
    for function, sites in calls.items():
        begun = {function} & blocks.keys()
        queue = list(begun)
        while queue:
            block = blocks[queue.pop()]
            if is_return(block.last):
                found[block.last.pc].update(dict.fromkeys(site for site in sites if site in blocks))
            for pc in _in_function(block, jumps):
                if pc in blocks and pc not in begun:
                    begun.add(pc)
                    queue.append(pc)
    return {pc: list(sites) for pc, sites in found.items()}


def _in_function(block: Block, jumps: dict[int, list[int]]) -> Iterator[int]:
    """What may come next in the same function: behind a call, once that has returned."""
    if is_call(block.last):
        yield block.end
    else:
        yield from _successors(block, {}, jumps)


def _successors(block: Block, returns: dict[int, list[int]], jumps: dict[int, list[int]]) -> Iterator[int]:
    last = block.last
    if last.mnemonic not in JUMPS or last.mnemonic in BRANCHES:
        yield block.end
    if last.mnemonic in BRANCHES or last.mnemonic == "jal":
        yield target_of(last)
    yield from returns.get(last.pc, ())
    yield from jumps.get(last.pc, ())


def _timed(
    snapshot: Snapshot,
    blocks: dict[int, Block],
    others: list[int],
    returns: dict[int, list[int]],
    jumps: dict[int, list[int]],
) -> Region:
    """The region, entered at `others` too."""
    heads, order = _depth_first(blocks, [snapshot.gva, *others])
    needs: dict[int, int] = {}
    for pc in order:
        block = blocks[pc]
        behind = (needs[successor] for successor in block.successors if successor not in heads)
        needs[pc] = len(block.steps) + max(behind, default=0)
    kept = {pc: block for pc, block in blocks.items() if pc in needs}
    entries = list(dict.fromkeys([snapshot.gva, *sorted(heads), *others]))[:ENTRIES_MAX]
    return Region(snapshot.user, kept, heads, entries, needs, returns, jumps)


def _depth_first(blocks: dict[int, Block], roots: list[int]) -> tuple[set[int], list[int]]:
    """The targets of edges that lead back to a block under way, and the blocks in the order in which they end."""
    heads: set[int] = set()
    order: list[int] = []
    under_way: set[int] = set()
    begun: set[int] = set()
    for root in roots:
        stack: list[tuple[int, Iterator[int]]] = []
        if root not in begun:
            begun.add(root)
            under_way.add(root)
            stack.append((root, iter(blocks[root].successors)))
        while stack:
            pc, successors = stack[-1]
            for successor in successors:
                if successor in under_way:
                    heads.add(successor)
                elif successor not in begun:
                    begun.add(successor)
                    under_way.add(successor)
                    stack.append((successor, iter(blocks[successor].successors)))
                    break
            else:
                stack.pop()
                under_way.discard(pc)
                order.append(pc)
    return heads, order
