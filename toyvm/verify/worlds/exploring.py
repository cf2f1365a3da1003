"""Exploring: every path of actions up to a length, from a few beginnings, breadth first, each state once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from toyvm.parts import Record
from toyvm.verify.worlds.core import Answer, Core, CoreEndedError
from toyvm.verify.worlds.numbered import Numbered
from toyvm.verify.worlds.world import Action, Judge, Result, State, Verdict


class Finding(NamedTuple):
    """A path after whose last action something is wrong."""

    path: tuple[str, ...]
    wrong: str


@dataclass
class Account:
    """What was explored: all states that so many steps lead to, and what is wrong in them."""

    world: str
    beginnings: int
    steps: int = 0
    states: int = 0
    transitions: int = 0
    left_open: int = 0  # transitions whose outcome the specification leaves open: of those isolation is claimed alone
    findings: list[Finding] = field(default_factory=list)
    by_step: list[int] = field(default_factory=list)  # states that are new after so many

    def record(self) -> Record:
        return {**asdict(self), "findings": [finding._asdict() for finding in self.findings]}

    @classmethod
    def of_record(cls, record: Record) -> Account:
        """Raises LookupError, TypeError and ValueError for what is none."""
        found = [Finding(tuple(map(str, one["path"])), str(one["wrong"])) for one in record["findings"]]
        return cls(**{**record, "findings": found})


class Explorer:
    """One world on the real core. Paths go on from each of its beginnings, which are paths themselves."""

    def __init__(
        self,
        name: str,
        reopen: Callable[[], Core],
        actions: Sequence[Action],
        judge: Judge,
        start: Hashable,
        beginnings: Sequence[Sequence[str]] = ((),),
    ) -> None:
        """`start` is the judge's state at the root; beginnings are named as people do."""
        self._name = name
        self._reopen = reopen
        self._actions = actions
        self._judge = judge
        self._start = start
        self._beginnings = [self._numbered(beginning) for beginning in beginnings]

    @property
    def actions(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(action.name for action in self._actions)

    def explore(self, steps: int, tell: Callable[[Account], None] = lambda account: None) -> Account:
        """Every path of up to so many actions, unless fewer lead to what is wrong; `tell` hears of each step.

        Raises NoRoomError.
        """
        with self._reopen() as core:
            exploration = _Exploration(core, self._actions, self._judge, Account(self._name, len(self._beginnings)))
            with exploration.noting_its_end():
                exploration.explore(steps, self._beginnings, self._start, tell)
        return exploration.account

    def follow(self, path: Sequence[str]) -> Account:
        """That path alone; every action is tried on the way."""
        with self._reopen() as core:
            exploration = _Exploration(core, self._actions, self._judge, Account(self._name, 1))
            with exploration.noting_its_end():
                if exploration.follow(self._numbered(path), self._start) is not None:
                    exploration.account.steps = len(path)
        return exploration.account

    def _numbered(self, path: Sequence[str]) -> bytes:
        return bytes(self.actions.index(one) for one in path)


class _Exploration:
    """One run of a core, and the judge's states by number."""

    def __init__(self, core: Core, actions: Sequence[Action], judge: Judge, account: Account) -> None:
        self.account = account
        self._core = core
        self._actions = actions
        self._judge = judge
        self._states = Numbered[Hashable]()
        self._tell: Callable[[Account], None] = lambda account: None

    def explore(self, steps: int, paths: Sequence[bytes], start: Hashable, tell: Callable[[Account], None]) -> None:
        self._tell = tell
        ends = ((path, self.follow(path, start)) for path in paths)
        beginnings = [(path, self._number(end.state)) for path, end in ends if end is not None]
        if not self.account.findings:
            self._core.explore(steps, beginnings, self, looks_at_all=self._judge.looks_at_all)

    def follow(self, path: bytes, start: Hashable) -> Verdict | None:
        """Where the judge stands at a path's end, unless something is wrong on the way."""
        verdict = Verdict(start)
        for length in range(1, len(path) + 1):
            number, here = path[length - 1], path[:length]
            arrival = self._core.expand(path[: length - 1])[number]
            wrong = arrival.wrong
            if wrong is None:
                verdict = self._verdict(verdict.state, here, arrival.result)
                wrong = verdict.wrong
            if wrong is not None:
                self.find(here, wrong)
            if wrong is not None or not verdict.goes_on:
                return None
        self.account.states += 1
        return verdict

    @contextmanager
    def noting_its_end(self) -> Iterator[None]:
        """A core that does not outlive an action is a finding."""
        try:
            yield
        except CoreEndedError as error:
            if error.path is None:
                raise
            self.find(error.path, str(error))

    # While the core explores.

    def judge(self, state: int | None, path: bytes, result: Result) -> Answer:
        verdict = self._verdict(None if state is None else self._states[state], path, result)
        if verdict.wrong is not None:
            self.find(path, verdict.wrong)
            return Answer(None, is_wrong=True)
        return Answer(self._number(verdict.state), goes_on=verdict.goes_on)

    def find(self, path: bytes, wrong: str) -> None:
        self.account.findings.append(Finding(tuple(self._actions[number].name for number in path), wrong))

    def end_step(self, states: int, transitions: int, left_open: int) -> None:
        account = self.account
        account.steps += 1
        account.by_step.append(states)
        account.states += states
        account.transitions += transitions
        account.left_open += left_open
        self._tell(account)

    def _verdict(self, state: Hashable, path: bytes, result: Result) -> Verdict:
        def look() -> State:
            return self._core.state(path, self._actions[path[-1]].guest)

        return self._judge.judge(state, path[-1], result, look)

    def _number(self, state: Hashable) -> int | None:
        return None if state is None else self._states.number(state)
