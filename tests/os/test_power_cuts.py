"""Nothing that can be cut off loses a file: media that power cuts leave, recovered, are as before a call or after."""

from __future__ import annotations

from random import Random

import pytest
from support.power_cuts import LOG_BLOCKS_FEW, STEPS, UNIFIED_STEPS, begun_unified, power_cuts, workloads

MEDIA = 20_000


@pytest.mark.slow
def test_every_medium_that_a_power_cut_can_leave_is_old_or_new(capsys: pytest.CaptureFixture[str]) -> None:
    random, wrong = Random(13), {}
    with power_cuts() as cuts:
        for name, steps in workloads(1):
            wrong[name] = cuts.run(steps, random=300)
        while cuts.media < MEDIA:
            names = random.choices(list(STEPS), k=3)
            wrong[", ".join(names)] = cuts.run(tuple(STEPS[name] for name in names), random=100, seed=cuts.media)
        with capsys.disabled():
            print(f" {cuts.media:,} media of {len(wrong)} workloads, {cuts.recoveries:,} recoveries", end="")
    assert {name: faults for name, faults in wrong.items() if faults} == {}


@pytest.mark.slow
def test_a_power_cut_leaves_a_unified_file_with_its_trees_or_broken_from_them() -> None:
    random, wrong = Random(14), {}
    names = [(name,) for name in UNIFIED_STEPS] + [tuple(random.choices(list(UNIFIED_STEPS), k=2)) for _ in range(3)]
    with power_cuts(begun_unified, LOG_BLOCKS_FEW) as cuts:
        for steps in names:
            wrong[steps] = cuts.run(tuple(UNIFIED_STEPS[name] for name in steps), random=20)
    assert {steps: faults for steps, faults in wrong.items() if faults} == {}
