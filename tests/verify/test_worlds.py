"""Small worlds: no path of a few actions violates isolation or equality, and what would is found."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Hashable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.commands import call

from toyvm.verify.worlds.catalogue import NAMES, find_world
from toyvm.verify.worlds.core import Core, CoreEndedError, build
from toyvm.verify.worlds.courses import Course, Node
from toyvm.verify.worlds.domains import REFUSED
from toyvm.verify.worlds.exploring import Account, Explorer
from toyvm.verify.worlds.grants import GrantsWorld
from toyvm.verify.worlds.paging import PagingWorld
from toyvm.verify.worlds.reference import ReferenceJudge
from toyvm.verify.worlds.rings import RingsWorld
from toyvm.verify.worlds.unmodified import TECHNIQUES
from toyvm.verify.worlds.world import Result, State, Verdict

pytestmark = pytest.mark.slow  # the core is compiled first, and then explored
Capture = pytest.CaptureFixture[str]
DEEPER = ("grants", "rings", "interrupts")  # how their names end


@pytest.mark.parametrize("name", NAMES)
def test_no_state_within_a_few_steps_violates_isolation_or_equality(name: str) -> None:
    steps = 3 if name.endswith(DEEPER) else 2
    account = find_world(name).explore(steps)
    assert account.findings == []
    assert (account.steps, len(account.by_step)) == (steps, steps)
    assert account.states > 900
    assert account.left_open < account.transitions / 10


def test_a_state_seen_before_is_not_gone_on_from() -> None:
    """A store of the value that is there leads back, and so does a second look at a ring."""
    world = RingsWorld(build())
    with world.open() as core:
        first = core.expand([])
        for number, result in enumerate(first):
            again = core.expand([number])[number]
            if world.actions[number].name.startswith(("requests", "address", "doorbell", "output")):
                assert again.key == result.key, world.actions[number].name


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_what_is_done_twice_leads_to_one_state(technique: str) -> None:
    """Whatever the core counts is left out of keys: a new count has to be zeroed in native/worlds/scrub.c."""
    world = PagingWorld()
    flush = world.names.index("flush all")
    with world.open(build(), technique) as core:
        assert core.expand([flush])[flush].key == core.expand([])[flush].key
        assert core.expand([flush, flush])[flush].key == core.expand([])[flush].key


def test_a_core_goes_back_to_where_it_was() -> None:
    world = PagingWorld()
    with world.open(build(), "rewrite") as core:
        path = [world.names.index(name) for name in ("A[0] = P RWX A D", "fetch 0", "store 0", "fetch 0")]
        before = core.expand(path)
        core.expand(path[:1])
        assert core.expand(path) == before
        state = core.state(path)
        assert core.expand(path) == before
        assert core.state(path) == state


def test_guests_of_a_world_are_what_they_are_alone() -> None:
    """Keys tell states apart that the guest tells apart: after a store the memory is another one."""
    world = PagingWorld()
    with world.open(build(), "trap") as core:
        stored = core.expand([world.names.index("A[0] = P RWX A D")])[world.names.index("store 0")]
        loaded = core.expand([world.names.index("A[0] = P RWX A D")])[world.names.index("load 0")]
        assert stored.key != loaded.key
        assert stored.result.seen != loaded.result.seen


def test_more_states_than_are_remembered_end_with_a_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("toyvm.verify.worlds.core.STATES_MAXIMUM", 100)
    done = call(capsys, "verify", "worlds", "grants", "--steps", "3")
    assert (done.code, done.output) == (103, "")
    assert done.errors.endswith("worlds: there are more than 100 states; fewer steps have fewer\n")


class Mistaken:
    """A judge who takes it that whatever is asked for is granted."""

    looks_at_all = False

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        return Verdict(state, None if result.a0 == 0 else f"a0 is {result.a0:#x}", result.a0 == 0)


def test_the_shortest_path_to_what_is_wrong_is_found() -> None:
    world = GrantsWorld(build())
    account = Explorer("grants", world.open, world.actions, Mistaken(), None).explore(3)
    assert account.steps == 1
    found = {finding.path: finding.wrong for finding in account.findings}
    assert found["map 0 at 0 R",] == f"a0 is {REFUSED['noent']:#x}"


class Deadly:
    """A judge in whose time the core gets a signal."""

    looks_at_all = False

    def __init__(self, open_core: Callable[[], Core], signal_number: int) -> None:
        self._open = open_core
        self._signal = signal_number
        self._core: Core | None = None

    def open(self) -> Core:
        self._core = self._open()
        return self._core

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        assert self._core is not None
        os.kill(self._core._process.pid, self._signal)
        self._core._process.wait()
        look()
        raise AssertionError("there is no core any more")


def test_a_core_that_ends_is_found_with_the_action_that_it_did_last() -> None:
    world = GrantsWorld(build())
    judge = Deadly(world.open, signal.SIGSEGV)
    (finding,) = Explorer("grants", judge.open, world.actions, judge, None).explore(3).findings
    assert finding.path == (world.actions[-1].name,)
    assert "SIGSEGV" in finding.wrong


def test_a_core_that_is_killed_is_no_finding() -> None:
    world = GrantsWorld(build())
    judge = Deadly(world.open, signal.SIGKILL)
    with pytest.raises(CoreEndedError, match="signal SIGKILL"):
        Explorer("grants", judge.open, world.actions, judge, None).explore(3)


def explore_by_hand(name: str, steps: int) -> list[int]:
    """States that are new after each step, as Explorer counts them: each path by itself, each result judged."""
    explorer = find_world(name)
    met: set[tuple[tuple[int, int], Hashable]] = set()
    counts = []
    with explorer._reopen() as core:
        nodes = [(path, explorer._start) for path in explorer._beginnings]
        nodes = [(path, state_after(core, explorer, path, start)) for path, start in nodes]
        for _ in range(steps):
            found = []
            for path, state in nodes:
                for number, arrival in enumerate(core.expand(path)):
                    here = path + bytes((number,))
                    verdict = explorer._judge.judge(state, number, arrival.result, unwanted)
                    assert (arrival.wrong, verdict.wrong) == (None, None)
                    if verdict.goes_on and (arrival.key, verdict.state) not in met:
                        met.add((arrival.key, verdict.state))
                        found.append((here, verdict.state))
            nodes = found
            counts.append(len(found))
    return counts


def state_after(core: Core, explorer: Explorer, path: bytes, state: Hashable) -> Hashable:
    for at, number in enumerate(path):
        state = explorer._judge.judge(state, number, core.expand(path[:at])[number].result, unwanted).state
    return state


def unwanted() -> State:
    raise AssertionError("a result differs")


@pytest.mark.parametrize("name", ["rewrite", "assist+shadow-interrupts", "tables", "events"])
def test_the_core_explores_what_is_found_by_hand(name: str) -> None:
    """What it remembers of verdicts, audits and the way there leaves nothing out."""
    assert find_world(name).explore(2).by_step == explore_by_hand(name, 2)


def test_a_course_stands_for_what_the_reference_does_itself() -> None:
    """In a thousand states, another machine, which knows nothing of courses, comes to the same."""
    world = PagingWorld()
    random, judge = Random(16), world.judge
    fresh = PagingWorld().judge
    state = world.start
    for _ in range(1000):
        action = random.choice(world.actions)
        node, course = judge._step(state, action)
        pages, controls, remembered = judge._nodes[state]
        copied = Node(
            tuple(fresh._pages.number(place, judge._pages.content(page)) for place, page in enumerate(pages)),
            fresh._controls.number(judge._controls[controls]),
            fresh._memories.number(judge._memories[remembered]),
        )
        fresh._courses.clear()
        again, run = fresh._step(fresh._nodes.number(copied), action)
        assert (run.stop, run.words, run.is_specified) == (course.stop, course.words, course.is_specified)
        assert contents(fresh, again) == contents(judge, node)
        state = judge._nodes.number(node) if course.is_specified else world.start


def contents(judge: ReferenceJudge, node: Node) -> tuple[object, ...]:
    pages = [judge._pages.content(page) for page in node.pages]
    return pages, judge._controls[node.controls], judge._memories[node.remembered]


def test_courses_are_far_fewer_than_states(monkeypatch: pytest.MonkeyPatch) -> None:
    world = PagingWorld()
    runs = 0
    run = world.judge._run

    def counted(*arguments: Any) -> Course:
        nonlocal runs
        runs += 1
        return run(*arguments)

    monkeypatch.setattr(world.judge, "_run", counted)
    states = [world.start]
    for action in world.actions:
        states += [
            world.judge._nodes.number(step.node)
            for step in (world.judge._step(state, action) for state in states[:400])
            if step.course.is_specified
        ]
    assert len(states) > 5000
    assert runs < 1000


def test_the_command_says_what_is_claimed_and_how_much_was_tried(capsys: Capture, tmp_path: Path) -> None:
    written = tmp_path / "worlds.json"
    done = call(capsys, "verify", "worlds", "grants", "--steps", "1", "--json", str(written))
    assert (done.code, done.errors) == (0, "")
    (account,) = json.loads(written.read_text())["worlds"]
    assert done.output == (
        "grants: no reachable state within one step violates isolation or equality "
        f"(2 beginnings, {account['states']} states, {account['transitions']} transitions)\n"
    )


def test_no_world_follows_the_first_in_which_something_is_wrong(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GrantsWorld, "judge", Mistaken.judge)
    done = call(capsys, "verify", "worlds", "events", "grants", "rings", "--steps", "1", "--first")
    assert done.code == 1
    claims = [line.partition(":")[0] for line in done.output.splitlines() if not line.startswith(" ")]
    assert claims == ["events", "grants"]


def test_what_is_found_is_written_with_its_path(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(GrantsWorld, "judge", Mistaken.judge)
    written = tmp_path / "worlds.json"
    done = call(capsys, "verify", "worlds", "grants", "--steps", "1", "--json", str(written))
    (account,) = json.loads(written.read_text())["worlds"]
    assert done.code == 1
    assert {"path": ["map 0 at 0 R"], "wrong": f"a0 is {REFUSED['noent']:#x}"} in account["findings"]
    assert Account.of_record(Account.of_record(account).record()) == Account.of_record(account)


def test_workers_and_a_ledger_have_a_world_each(capsys: Capture, tmp_path: Path) -> None:
    worlds = ("grants", "tables", "events")
    alone = call(capsys, "verify", "worlds", *worlds, "--steps", "1")
    ledger = tmp_path / "ledger"
    divided = call(capsys, "verify", "worlds", *worlds, "--steps", "1", "--workers", "2", "--ledger", str(ledger))
    again = call(capsys, "verify", "worlds", *worlds, "--steps", "1", "--ledger", str(ledger))
    assert (alone.code, divided.code, again.code) == (0, 0, 0)
    assert sorted(divided.output.splitlines()) == sorted(again.output.splitlines()) == sorted(alone.output.splitlines())
    assert len(ledger.read_text().splitlines()) == len(worlds)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worlds", "--steps", "0"), "--steps 0: it takes 1..24"),
        (("engines", "--steps", "1"), "--steps is of small worlds: `toyvm verify worlds [WORLD...] --steps N`"),
        (("worlds", "grunts", "--steps", "1"), "no world 'grunts'; did you mean grants? (there are trap, trap+flush, "),
        (
            ("worlds", "--steps", "1", "--cases", "2"),
            "--steps tries every path there is, and --cases means nothing there",
        ),
    ],
)
def test_what_cannot_be_explored_is_said(capsys: Capture, words: tuple[str, ...], said: str) -> None:
    done = call(capsys, "verify", *words)
    assert (done.code, done.output) == (2, "")
    assert said in done.errors
