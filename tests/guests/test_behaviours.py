"""Every behaviour guest does what its header says, on every technique that it can exist on.

A behaviour needs one axis, the technique: each runs once on each, and assistance with shadow tables counts as one. From
the same run a full virtualization is held to the state and count of the bare machine, and that to the reference's. What
more would multiply proves nothing new here: other levels, options and engines have random programs in
tests/equivalence, and recompiled code has these guests in tests/recompiler.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.guest_runs import BEHAVIOURS, GUESTS, Run, cases_of, header_of, run_guest

from toyvm.testing.techniques import FULL

once = cache(run_guest)
# Of those that page, all that end by themselves.
PAGING = [
    path
    for path in BEHAVIOURS
    if "begin_paging" in path.read_text() and header_of(path).values.get("stop", "exit") == "exit"
]


@pytest.mark.parametrize(("path", "technique"), cases_of((GUESTS / "hello.s", *BEHAVIOURS)))
def test_a_guest_does_what_its_header_says_and_leaves_the_state_and_count_of_bare(path: Path, technique: str) -> None:
    run, header = once(path, technique), header_of(path)
    assert run.stop == header.values.get("stop", "exit"), run
    if run.stop == "exit":
        assert run.exit_code == header.number("exit", 0), run
    assert run.output == (header.text("output") or b""), run
    if "bare" in header.techniques:
        _check_equal(run, path, technique)


@pytest.mark.parametrize(("path", "technique"), cases_of(PAGING, ("trap+flush", "rewrite+adaptive")))
def test_a_guest_about_paging_does_so_with_shadow_tables_of_either_kind(path: Path, technique: str) -> None:
    run, like = once(path, technique), once(path, "bare")
    assert (run.stop, run.exit_code, run.instructions, run.state) == ("exit", 0, like.instructions, like.state)


def _check_equal(run: Run, path: Path, technique: str) -> None:
    """Held to the next simpler machine, if it has to be equivalent to that."""
    simpler = "reference" if technique == "bare" else "bare"
    if technique == "bare" or technique in FULL:
        like = once(path, simpler)
        assert (run.instructions, run.state) == (like.instructions, like.state)
