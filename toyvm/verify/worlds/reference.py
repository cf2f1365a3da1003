"""The reference as a judge: where each action leads from each state that it can be in, found once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import lib
from toyvm.reference.control import ControlRegisters
from toyvm.reference.cpu import Cpu
from toyvm.reference.devices import Console, Devices, Disk
from toyvm.reference.stops import Halt, Stop
from toyvm.testing.states import WORD_NAMES
from toyvm.verify.worlds.courses import (
    Course,
    Courses,
    Memories,
    Node,
    Pages,
    RecordedMemory,
    RecordedTranslations,
    Recorder,
)
from toyvm.verify.worlds.keys import key_of, sum_of_state
from toyvm.verify.worlds.numbered import Numbered
from toyvm.verify.worlds.world import Action, Result, State, Verdict, What

_CONTROLS = tuple(register.name for register in CONTROL_REGISTERS if register.writable)
_STOPS = {stop: int(getattr(lib, f"T64_STOP_{stop.name}")) for stop in Stop}
_GOING = {_STOPS[Stop.IDLE], _STOPS[Stop.LIMIT]}


class _Step(NamedTuple):
    """What an action comes to: the state after it, and how it came there."""

    node: Node
    course: Course


class ReferenceJudge:
    """All that the reference machine does in one world. States are numbers; None: nothing is specified any more."""

    looks_at_all = True

    def __init__(self, memory: int, level: Level, actions: Sequence[Action]) -> None:
        self._actions = actions
        self._memory = RecordedMemory(memory)
        self._devices = Devices(Console(b""), Disk(None, 0, False, False), 0)
        self._level = level
        self._pages = Pages()
        self._controls = Numbered[tuple[int, ...]]()
        self._memories = Memories()
        self._nodes = Numbered[Node]()
        self._courses: dict[Action, Courses] = {}

    def boot(self, segments: Mapping[int, bytes]) -> int:
        """The state after reset."""
        for address, data in segments.items():
            self._memory.write(address, data)
        ram = self._memory.read(0, self._memory.size)
        pages = tuple(
            self._pages.number(start // PAGE_SIZE, ram[start : start + PAGE_SIZE])
            for start in range(0, len(ram), PAGE_SIZE)
        )
        controls = Cpu(self._memory, self._devices, self._level).control
        node = Node(pages, self._controls.number(_values(controls)), self._memories.number(frozenset()))
        return self._nodes.number(node)

    def follow(self, state: int, actions: Sequence[Action]) -> int:
        """Where these lead, whose meaning must be specified."""
        for action in actions:
            step = self._step(state, action)
            assert step.course.is_specified, f"the specification leaves open what {action.name} does"
            state = self._nodes.number(step.node)
        return state

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        """Does a guest come where the reference does? A state None is never left."""
        going = result.stop in _GOING
        if state is None:
            return Verdict(None, None, going)
        assert isinstance(state, int)
        node, course = self._step(state, self._actions[action])
        if not course.is_specified:
            return Verdict(None, None, going)
        if result.stop != _STOPS[course.stop]:
            return Verdict(None, f"it stops with {result.stop}, the reference with {_STOPS[course.stop]}", False)
        sums = self._pages.sums
        if key_of(course.sum + sum([sums[page] for page in node.pages])) != result.seen:
            return Verdict(None, self._differences(look(), node, course), False)
        return Verdict(self._nodes.number(node), None, going)

    # Steps.

    def _step(self, state: int, action: Action) -> _Step:
        node = self._nodes[state]
        courses = self._courses.get(action)
        if courses is None:
            courses = self._courses[action] = Courses(self._pages, self._memories)
        course = courses.find(node)
        if course is None:
            course = self._run(node, action, courses)
        pages = list(node.pages)
        for place, writes in course.writes:
            pages[place] = self._pages.written(pages[place], writes)
        remembered = self._memories.after(node.remembered, course.effects)
        return _Step(Node(tuple(pages), course.controls, remembered), course)

    def _run(self, node: Node, action: Action, courses: Courses) -> Course:
        """The machine itself does it, and what it reads is noted."""
        recorder = Recorder(self._pages, self._memories, node)
        cpu = self._restored(node, recorder)
        cpu.x[10 : 10 + len(action.arguments)] = action.arguments
        cpu.pc = action.pc
        stop = _run_up_to(cpu, action.limit) if action.what is What.RUNS else Stop.LIMIT  # reloaded, nothing changes
        words = (*cpu.x, cpu.pc, *_values(cpu.control), cpu.retired, cpu.skipped)
        _begin_anew(cpu)
        course = Course(
            stop,
            words,
            sum_of_state(words),
            cpu.mmu.unspecified is None,
            recorder.writes,
            self._controls.number(_values(cpu.control)),
            self._memories.number_of(tuple(recorder.effects)),
        )
        courses.add(node, recorder.reads, course)
        return course

    def _restored(self, node: Node, recorder: Recorder) -> Cpu:
        self._memory.recorder = recorder
        for place, page in enumerate(node.pages):
            self._memory.write(place * PAGE_SIZE, self._pages.content(page))
        cpu = Cpu(self._memory, self._devices, self._level)
        for name, value in zip(_CONTROLS, self._controls[node.controls], strict=True):
            cpu.control[name] = value
        cpu.mmu.translations = RecordedTranslations(recorder)
        cpu.mmu.translations.restore(self._memories[node.remembered])
        return cpu

    def _differences(self, found: State, node: Node, course: Course) -> str:
        words, memory = course.words, b"".join(self._pages.content(page) for page in node.pages)
        assert (words, memory) != found, "what is equal has another key"
        names = (*WORD_NAMES[:33], *_CONTROLS, "retired", "skipped")
        lines = [f"{name}: {b:#x}, not {a:#x}" for name, a, b in zip(names, words, found.words, strict=True) if a != b]
        lines += [
            f"memory at {at:#x}: {found.memory[at : at + 8].hex()}, not {memory[at : at + 8].hex()}"
            for at in range(0, len(memory), 8)
            if memory[at : at + 8] != found.memory[at : at + 8]
        ]
        return "; ".join(lines)


def _values(controls: ControlRegisters) -> tuple[int, ...]:
    return tuple(controls[name] for name in _CONTROLS)


def _begin_anew(cpu: Cpu) -> None:
    """The next action begins at time 0: what is due keeps its distance."""
    if cpu.control["timecmp"] != ALL_BITS:
        cpu.control["timecmp"] = max(0, cpu.control["timecmp"] - cpu.time)


def _run_up_to(cpu: Cpu, limit: int) -> Stop:
    try:
        while cpu.retired < limit:
            cpu.step()
    except Halt as halt:
        return halt.stop
    return Stop.LIMIT
