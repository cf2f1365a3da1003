"""Small worlds: no path of a few actions violates isolation or equality, and what would is found."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Hashable
from pathlib import Path

import pytest
from support.commands import call

from toyvm.verify.worlds.catalogue import NAMES, find_world
from toyvm.verify.worlds.core import Core, CoreEndedError, build
from toyvm.verify.worlds.domains import REFUSED
from toyvm.verify.worlds.exploring import Explorer
from toyvm.verify.worlds.grants import GrantsWorld
from toyvm.verify.worlds.paging import PagingWorld
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
        assert stored.seen != loaded.seen


class Mistaken:
    """A judge who takes it that whatever is asked for is granted."""

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict:
        return Verdict(state, None if result.a0 == 0 else f"a0 is {result.a0:#x}", result.a0 == 0)


def test_the_shortest_path_to_what_is_wrong_is_found() -> None:
    world = GrantsWorld(build())
    account = Explorer("grants", world.open, world.actions, Mistaken(), None).explore(3)
    assert account.steps == 1
    found = {finding.path: finding.wrong for finding in account.findings}
    assert found["map 0 at 0 R",] == f"a0 is {REFUSED['noent']:#x}"


def test_a_core_that_ends_is_found_with_the_action_that_it_does_not_outlive(monkeypatch: pytest.MonkeyPatch) -> None:
    world = GrantsWorld(build())
    expand, state = Core.expand, Core.state
    deadly = next(n for n, action in enumerate(world.actions) if action.name == "pin")

    def dies(core: Core) -> CoreEndedError:
        os.kill(core._process.pid, signal.SIGSEGV)
        return core._ended()

    def spoilt(core: Core, path: list[int]) -> list[Result]:
        if len(path) == 1:
            raise dies(core)
        return expand(core, path)

    def spoilt_state(core: Core, path: list[int], guest: int = 0) -> State:
        if path[-1] == deadly:
            raise dies(core)
        return state(core, path, guest)

    monkeypatch.setattr(Core, "expand", spoilt)
    monkeypatch.setattr(Core, "state", spoilt_state)
    (finding,) = Explorer("grants", world.open, world.actions, world, world.start()).explore(3).findings
    assert finding.path[-1] == "pin"
    assert "SIGSEGV" in finding.wrong


def test_the_command_says_what_is_claimed_and_how_much_was_tried(capsys: Capture, tmp_path: Path) -> None:
    written = tmp_path / "worlds.json"
    done = call(capsys, "verify", "worlds", "grants", "--steps", "1", "--json", str(written))
    assert (done.code, done.errors) == (0, "")
    (account,) = json.loads(written.read_text())["worlds"]
    assert done.output == (
        "grants: no reachable state within one step violates isolation or equality "
        f"(2 beginnings, {account['states']} states, {account['transitions']} transitions)\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worlds", "--steps", "0"), "--steps 0: it takes 1..100"),
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
