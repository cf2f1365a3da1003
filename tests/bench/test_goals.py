"""Goals of the benchmarks: one that is missed is a test that fails, and so an exit code of 1."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bench_recompiler
import bench_techniques
import pytest
from bench_techniques import GOALS, Goal
from peers.processes import Times

Failed = pytest.fail.Exception


class Once:
    """A benchmark fixture that runs what it is given, once."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}

    def pedantic(self, function: Callable[[], None], **_: object) -> None:
        function()


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.claim)
def test_a_technique_that_misses_its_goal_fails(monkeypatch: pytest.MonkeyPatch, goal: Goal) -> None:
    def measured(ours: float, theirs: float) -> None:
        times = {goal.against.name: theirs, goal.run.name: ours}
        monkeypatch.setattr(
            bench_techniques, "Measured", lambda run: SimpleNamespace(nanoseconds=lambda: times[run.name], exits=0.0)
        )
        bench_techniques.test_a_goal_against_what_is_measured(Once(), [], goal)

    slow, fast = (1000.0, 1.0), (1.0, 1000.0)
    measured(*slow if goal.at_least else fast)
    with pytest.raises(Failed, match="MISSED"):
        measured(*fast if goal.at_least else slow)


@pytest.mark.parametrize(("elapsed", "is_met"), [(1.05, True), (1.06, False)])
def test_a_recompiler_that_falls_behind_fails(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, elapsed: float, is_met: bool
) -> None:
    interpreted, recompiled = Times(1.0, 1.0), Times(elapsed, elapsed)
    monkeypatch.setattr(
        bench_recompiler, "measure", lambda *_: bench_recompiler.Round(interpreted, recompiled, recompiled)
    )

    def measured() -> None:
        bench_recompiler.test_a_guest_recompiled_against_interpreted(Once(), [], request, "hello", "bare")

    if is_met:
        measured()
    else:
        with pytest.raises(Failed, match="MISSED"):
            measured()
