"""Exploring: every path of actions up to a length, from a few beginnings, breadth first, each state once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from toyvm.verify.worlds.core import Core, CoreEndedError
from toyvm.verify.worlds.world import Action, Judge, Result, State, Verdict

_FINDINGS = 3  # that are enough


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


class _Node(NamedTuple):
    path: bytes
    state: Hashable


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
        """Every path of up to so many actions, unless fewer lead to what is wrong; `tell` hears of each step."""
        account = Account(self._name, len(self._beginnings))
        seen: set[tuple[tuple[int, int], Hashable]] = set()
        with self._reopen() as core:
            nodes = [node for path in self._beginnings for node in self._begin(core, path, account)]
            while account.steps < steps and nodes and not account.findings:
                account.steps += 1
                nodes = [found for node in nodes for found in self._expand(core, node, account, seen)]
                account.by_step.append(len(nodes))
                account.states += len(nodes)
                tell(account)
        return account

    def follow(self, path: Sequence[str]) -> Account:
        """That path alone; every action is tried on the way."""
        account = Account(self._name, 1)
        with self._reopen() as core:
            for _ in self._begin(core, self._numbered(path), account):
                account.steps = len(path)
        return account

    def _numbered(self, path: Sequence[str]) -> bytes:
        return bytes(self.actions.index(one) for one in path)

    def _begin(self, core: Core, path: bytes, account: Account) -> Iterator[_Node]:
        """The node where a path ends, unless something is wrong on the way."""
        state = self._start
        for at, number in enumerate(path):
            before, here = _Node(path[:at], state), path[: at + 1]
            results = self._ask(core, before, account)
            verdict = (
                self._verdict(core, state, number, results[number], here) if results else Verdict(None, None, False)
            )
            state = verdict.state
            if verdict.wrong is not None:
                account.findings.append(Finding(self._named(here), verdict.wrong))
            if not verdict.goes_on:
                return
        account.states += 1
        yield _Node(path, state)

    def _expand(
        self, core: Core, node: _Node, account: Account, seen: set[tuple[tuple[int, int], Hashable]]
    ) -> Iterator[_Node]:
        for number, result in enumerate(self._ask(core, node, account)):
            path = node.path + bytes((number,))
            account.transitions += 1
            verdict = self._verdict(core, node.state, number, result, path)
            if verdict.wrong is not None:
                account.findings.append(Finding(self._named(path), verdict.wrong))
                continue
            account.left_open += verdict.state is None
            if not verdict.goes_on or (result.key, verdict.state) in seen:
                continue
            seen.add((result.key, verdict.state))
            yield _Node(path, verdict.state)

    def _ask(self, core: Core, node: _Node, account: Account) -> list[Result]:
        """What each action comes to there; nothing where enough is wrong already, or the core does not outlive it."""
        if len(account.findings) >= _FINDINGS or core.has_ended:
            return []
        try:
            return core.expand(node.path)
        except CoreEndedError as error:
            account.findings.append(self._find_end(node, str(error)))
            return []

    def _verdict(self, core: Core, state: Hashable, number: int, result: Result, path: bytes) -> Verdict:
        if result.wrong is not None:
            return Verdict(None, result.wrong)

        def look() -> State:
            return core.state(path, self._actions[number].guest)

        return self._judge.judge(state, number, result, look)

    def _find_end(self, node: _Node, wrong: str) -> Finding:
        """Which action it was that the core does not outlive."""
        for number in range(len(self._actions)):
            path = node.path + bytes((number,))
            with self._reopen() as core:
                try:
                    core.state(path)
                except CoreEndedError as error:
                    return Finding(self._named(path), str(error))
        return Finding(self._named(node.path), wrong)

    def _named(self, path: bytes) -> tuple[str, ...]:
        return tuple(self._actions[number].name for number in path)
