"""The reference as a judge: where each action leads from each state that it can be in, found once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import lib
from toyvm.reference.cpu import Cpu
from toyvm.reference.devices import Console, Devices, Disk
from toyvm.reference.memory import Memory
from toyvm.reference.stops import Halt, Stop
from toyvm.reference.translations import Remembered
from toyvm.testing.states import WORD_NAMES
from toyvm.verify.worlds.world import Action, Result, State, Verdict, What

T = TypeVar("T")
_CONTROLS = tuple(register.name for register in CONTROL_REGISTERS if register.writable)
_STOPS = {stop: int(getattr(lib, f"T64_STOP_{stop.name}")) for stop in Stop}


class _Node(NamedTuple):
    """A state between two actions: pages, the control registers, and the translations that hardware may remember."""

    pages: tuple[bytes, ...]
    controls: tuple[int, ...]
    remembered: Remembered


class _Seen(NamedTuple):
    """All that a guest sees after an action, as State has it, its memory by pages."""

    words: tuple[int, ...]
    pages: tuple[bytes, ...]


class _Step(NamedTuple):
    """What an action comes to: the next state, None where the specification leaves it open; and what is seen of it."""

    node: int | None
    stop: int
    seen: int


class _Numbered(Generic[T]):
    """Things by number, equal ones by the same."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self._things: list[T] = []

    def number(self, thing: T) -> int:
        number = self._numbers.setdefault(thing, len(self._things))
        if number == len(self._things):
            self._things.append(thing)
        return number

    def __getitem__(self, number: int) -> T:
        return self._things[number]


class ReferenceJudge:
    """All that the reference machine does in one world. States are numbers; None: nothing is specified any more."""

    def __init__(self, memory: int, level: Level, actions: Sequence[Action]) -> None:
        self._actions = actions
        self._memory = Memory(memory)
        self._devices = Devices(Console(b""), Disk(None, 0, False, False), 0)
        self._level = level
        self._cpu = Cpu(self._memory, self._devices, level)
        self._pages: dict[bytes, bytes] = {}
        self._nodes = _Numbered[_Node]()
        self._steps: dict[tuple[int, int], _Step] = {}
        self._seen = _Numbered[_Seen]()
        self._agreed: set[tuple[tuple[int, int], int]] = set()
        self._current: tuple[bytes, ...] = ()

    def boot(self, segments: Mapping[int, bytes]) -> int:
        """The state after reset."""
        for address, data in segments.items():
            self._memory.write(address, data)
        return self._nodes.number(self._node())

    def follow(self, state: int, actions: Sequence[Action]) -> int:
        """Where these lead, whose meaning must be specified."""
        for action in actions:
            step = self._compute(self._nodes[state], action)
            assert step.node is not None, f"the specification leaves open what {action.name} does"
            state = step.node
        return state

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        """Does a guest come where the reference does? A state None is never left."""
        going = result.stop in (_STOPS[Stop.IDLE], _STOPS[Stop.LIMIT])
        if state is None:
            return Verdict(None, None, going)
        assert isinstance(state, int)
        step = self._step(state, action)
        if step.node is None:
            return Verdict(None, None, going)
        if result.stop != step.stop:
            return Verdict(None, f"it stops with {result.stop}, the reference with {step.stop}", False)
        if (result.seen, step.seen) not in self._agreed:
            wrong = self._differences(look(), step.seen)
            if wrong:
                return Verdict(None, wrong, False)
            self._agreed.add((result.seen, step.seen))
        return Verdict(step.node, None, going)

    # Running.

    def _step(self, state: int, action: int) -> _Step:
        found = self._steps.get((state, action))
        if found is None:
            found = self._steps[state, action] = self._compute(self._nodes[state], self._actions[action])
        return found

    def _compute(self, node: _Node, action: Action) -> _Step:
        self._restore(node)
        cpu = self._cpu
        cpu.x[10 : 10 + len(action.arguments)] = action.arguments
        cpu.pc = action.pc
        stop = self._run(action.limit) if action.what is What.RUNS else Stop.LIMIT  # to be reloaded changes nothing
        words = (*cpu.x, cpu.pc, *(cpu.control[name] for name in _CONTROLS), cpu.retired, cpu.skipped)
        self._begin_anew()
        after = self._node()
        if cpu.mmu.unspecified is not None:
            return _Step(None, _STOPS[stop], 0)
        return _Step(self._nodes.number(after), _STOPS[stop], self._seen.number(_Seen(words, after.pages)))

    def _begin_anew(self) -> None:
        """The next action begins at time 0: what is due keeps its distance."""
        cpu = self._cpu
        if cpu.control["timecmp"] != ALL_BITS:
            cpu.control["timecmp"] = max(0, cpu.control["timecmp"] - cpu.time)

    def _run(self, limit: int) -> Stop:
        cpu = self._cpu
        try:
            while cpu.retired < limit:
                cpu.step()
        except Halt as halt:
            return halt.stop
        return Stop.LIMIT

    # States.

    def _restore(self, node: _Node) -> None:
        for number, (page, held) in enumerate(zip(node.pages, self._current, strict=True)):
            if page is not held:
                self._memory.write(number * PAGE_SIZE, page)
        cpu = self._cpu = Cpu(self._memory, self._devices, self._level)
        for name, value in zip(_CONTROLS, node.controls, strict=True):
            cpu.control[name] = value
        cpu.mmu.translations.restore(node.remembered)

    def _node(self) -> _Node:
        """As it is now."""
        ram = self._memory.read(0, self._memory.size)
        pages = []
        for start in range(0, len(ram), PAGE_SIZE):
            page = ram[start : start + PAGE_SIZE]
            pages.append(self._pages.setdefault(page, page))
        self._current = tuple(pages)
        controls = tuple(self._cpu.control[name] for name in _CONTROLS)
        return _Node(self._current, controls, self._cpu.mmu.translations.remembered())

    def _differences(self, found: State, seen: int) -> str | None:
        words, pages = self._seen[seen]
        memory = b"".join(pages)
        if words == found.words and memory == found.memory:
            return None
        names = (*WORD_NAMES[:33], *_CONTROLS, "retired", "skipped")
        lines = [f"{name}: {b:#x}, not {a:#x}" for name, a, b in zip(names, words, found.words, strict=True) if a != b]
        lines += [
            f"memory at {at:#x}: {found.memory[at : at + 8].hex()}, not {memory[at : at + 8].hex()}"
            for at in range(0, len(memory), 8)
            if memory[at : at + 8] != found.memory[at : at + 8]
        ]
        return "; ".join(lines)
