"""Every behaviour guest and every workload does what its header says, on every technique that it can exist on."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import BEHAVIOURS, GUESTS, WORKLOADS, Run, header_of, run_guest
from support.techniques import FULL

HELLO = GUESTS / "hello.s"
SMALL = (HELLO, *BEHAVIOURS)


def _cases(paths: tuple[Path, ...], extra: tuple[str, ...] = ()) -> list[object]:
    """A case for each guest and technique; those on bare also on the engines in `extra`."""
    cases = []
    for path in paths:
        techniques = header_of(path).techniques
        more = extra if "bare" in techniques else ()
        cases += [pytest.param(path, name, id=f"{path.stem}-{name}") for name in (*techniques, *more)]
    return cases


def _on_both(paths: tuple[Path, ...]) -> list[object]:
    return [pytest.param(path, id=path.stem) for path in paths if {"bare", "trap"} <= set(header_of(path).techniques)]


def _check(path: Path, run: Run) -> None:
    header = header_of(path)
    assert run.stop == header.values.get("stop", "exit"), run
    if run.stop == "exit":
        assert run.exit_code == header.number("exit", 0), run
    assert run.output == (header.text("output") or b""), run


@pytest.mark.parametrize(("path", "technique"), _cases(SMALL, extra=("reference",)))
def test_a_guest_does_what_its_header_says(path: Path, technique: str) -> None:
    _check(path, run_guest(path, technique))


@pytest.mark.parametrize("technique", FULL)
@pytest.mark.parametrize("path", _on_both(SMALL))
def test_a_monitor_leaves_the_state_and_count_of_bare(path: Path, technique: str) -> None:
    bare, guest = run_guest(path, "bare"), run_guest(path, technique)
    assert (guest.instructions, guest.state) == (bare.instructions, bare.state)


@pytest.mark.parametrize("path", _on_both(SMALL))
def test_bare_leaves_the_state_and_count_of_the_reference(path: Path) -> None:
    bare, reference = run_guest(path, "bare"), run_guest(path, "reference")
    assert (bare.instructions, bare.state) == (reference.instructions, reference.state)


@pytest.mark.parametrize("operations", [0, 1, 2, 255, 256, 257, 700])
@pytest.mark.parametrize(("path", "technique"), _cases(WORKLOADS))
def test_a_workload_finds_its_own_result_right(path: Path, technique: str, operations: int) -> None:
    run = run_guest(path, technique, operations=operations if path.stem not in ("compute", "boot") else operations % 5)
    assert (run.stop, run.exit_code) == ("exit", 0), run


@pytest.mark.parametrize("technique", FULL)
@pytest.mark.parametrize("path", _on_both(WORKLOADS))
def test_a_workload_leaves_the_same_state_under_a_monitor_as_on_bare(path: Path, technique: str) -> None:
    bare, guest = run_guest(path, "bare", operations=7), run_guest(path, technique, operations=7)
    assert (guest.instructions, guest.state) == (bare.instructions, bare.state)


@pytest.mark.parametrize(("path", "technique"), _cases(WORKLOADS))
def test_each_operation_costs_the_same_number_of_instructions(path: Path, technique: str) -> None:
    step = 8 if path.stem == "diskcopy" else 1  # sectors of one request, where there is a ring
    counts = [run_guest(path, technique, operations=step * n).instructions for n in (1, 2, 3)]
    assert counts[1] - counts[0] == counts[2] - counts[1] > 0
