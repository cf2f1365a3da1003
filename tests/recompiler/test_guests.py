"""Behaviour guests, and every workload on every technique, leave the state and count of the interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import BEHAVIOURS, WORKLOADS, cases_of, run_guest
from support.lockstep import HOT

from toyvm.techniques import NAMES

OPERATIONS = 40
SLOW = ("boot", "compute", "forkwait")  # an operation of these is long enough


@pytest.mark.parametrize(("path", "technique"), cases_of(BEHAVIOURS, ("bare", "rewrite")))
def test_a_guest_does_the_same(path: Path, technique: str) -> None:
    assert run_guest(path, technique, engine=HOT) == run_guest(path, technique)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "technique"), cases_of(WORKLOADS, NAMES))
def test_a_workload_does_the_same(path: Path, technique: str) -> None:
    operations = 1 if path.stem in SLOW else OPERATIONS
    ends = [run_guest(path, technique, engine=engine, operations=operations) for engine in (HOT, "interpreter")]
    assert ends[0] == ends[1]
