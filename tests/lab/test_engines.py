"""Dynamic recompilation beside interpretation: the ratios, the shares, and the reasons, from counts alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toyvm.lab.engines import ENOUGH, Gain, engine_lines, gain_records, gains
from toyvm.lab.experiment import Experiment, subjects_for
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import NATIVE_ENGINES

BARE, TRAP = Subject("bare"), Subject("trap")
BARE_RECOMPILED, TRAP_RECOMPILED = Subject("bare", "recompiler"), Subject("trap", "recompiler")
NOTHING = Sample(1, 0, {}, 0.0)


def cell(workload: str, subject: Subject, nanoseconds: float, **counts: float) -> Cell:
    """1000 operations of 100 instructions each; counts are an operation's."""
    exits = {"in": round(counts.get("exits", 0) * 1000)}
    recompiled, entered = round(counts.get("recompiled", 0) * 1000), round(counts.get("entered", 0) * 1000)
    sample = Sample(1001, 100_000, exits, nanoseconds * 1e-6, {}, recompiled, entered, 0.25)
    return Cell(workload, subject, [Repetition(NOTHING, sample)])


def experiment(*cells: Cell) -> Experiment:
    """One with these cells, in which an exit costs 100 ns."""
    subjects = list(dict.fromkeys(one.subject for one in cells))
    workloads = find_workloads(list(dict.fromkeys(one.workload for one in cells)))
    found = Experiment(workloads, subjects, {(one.workload, one.subject): one for one in cells})
    found.costs = {subject: Costs(0.1, {"in": 100.0}) for subject in subjects if subject.technique != "bare"}
    return found


def one_gain(interpreted: Cell, recompiled: Cell) -> Gain:
    found = gains(experiment(interpreted, recompiled))
    assert len(found) == 1
    return found[0]


def test_a_gain_is_to_the_same_technique_interpreted() -> None:
    cells = [
        *(cell("callret", BARE, 100), cell("callret", TRAP, 300)),
        *(cell("callret", BARE_RECOMPILED, 20), cell("callret", TRAP_RECOMPILED, 150)),
    ]
    found = {gain.technique: gain.gain for gain in gains(experiment(*cells))}
    assert found == {"bare": pytest.approx(5.0), "trap": pytest.approx(2.0)}


def test_a_ratio_to_the_bare_machine_is_on_the_same_engine() -> None:
    fast = cell("callret", TRAP_RECOMPILED, 40)
    done = experiment(cell("callret", BARE, 100), cell("callret", BARE_RECOMPILED, 20), fast)
    assert done.ratio(fast) == pytest.approx(2.0)
    assert experiment(cell("callret", BARE, 100), fast).ratio(fast) is None


def test_what_gains_enough_needs_no_reason() -> None:
    gain = one_gain(cell("callret", BARE, 100), cell("callret", BARE_RECOMPILED, 99 / ENOUGH, recompiled=1))
    assert gain.reason is None


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"exits": 0.6, "recompiled": 10, "entered": 1}, "exits"),
        ({"recompiled": 49, "entered": 1}, "little compiled"),
        ({"recompiled": 0, "entered": 0}, "little compiled"),
        ({"recompiled": 90, "entered": 9}, "short stays"),
        ({"recompiled": 90, "entered": 1}, "other"),
        ({"exits": 0.1, "recompiled": 90, "entered": 1}, "other"),
    ],
)
def test_the_reason_for_a_small_gain_comes_from_the_counts(counts: dict[str, float], reason: str) -> None:
    assert one_gain(cell("callret", TRAP, 110), cell("callret", TRAP_RECOMPILED, 100, **counts)).reason == reason


def test_a_hybrid_monitor_is_a_reason_of_its_own() -> None:
    hybrid = [cell("boot", Subject("hybrid", engine), 100) for engine in NATIVE_ENGINES]
    assert one_gain(*hybrid).reason == "emulated kernel"


def test_there_is_nothing_to_say_about_one_engine() -> None:
    assert list(engine_lines(experiment(cell("callret", BARE, 100)), 118)) == []
    assert list(engine_lines(experiment(cell("callret", BARE_RECOMPILED, 100)), 118)) == []


@pytest.mark.parametrize("width", [80, 118])
def test_the_table_has_a_row_for_each_workload_and_its_reasons_beneath(width: int) -> None:
    cells = [
        *(cell("syscall", BARE, 20), cell("syscall", BARE_RECOMPILED, 21)),
        *(cell("callret", BARE, 100), cell("callret", BARE_RECOMPILED, 5, recompiled=100, entered=0.001)),
    ]
    lines = list(engine_lines(experiment(*cells), width))
    rows = {line.split()[0]: line.split()[2:] for line in lines if line.startswith(("syscall ", "callret "))}
    assert rows == {"syscall": ["0.95", "0%"], "callret": ["20.00", "100%"]}
    assert any("compiled is: syscall on bare 0%" in line for line in [" ".join(" ".join(lines).split())])
    assert max(map(len, lines)) <= width


def test_a_cell_that_was_not_measured_is_a_dash() -> None:
    cells = [cell("syscall", BARE, 20), cell("syscall", BARE_RECOMPILED, 10), Cell("portio", BARE_RECOMPILED)]
    done = experiment(*cells, Cell("portio", BARE))
    assert [line.split()[-1] for line in engine_lines(done, 118) if line.startswith("portio")] == ["-"]


def test_the_record_has_each_gain_with_its_reason() -> None:
    done = experiment(cell("syscall", BARE, 20), cell("syscall", BARE_RECOMPILED, 20))
    record = gain_records(done)
    assert record == json.loads(json.dumps(record))
    assert [(one["workload"], one["technique"], one["reason"]) for one in record] == [
        ("syscall", "bare", "little compiled")
    ]


def test_compiled_code_is_counted_and_kept_from_run_to_run(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    subject = subjects_for(["bare"], ["recompiler"], None, tmp_path)[0]
    task = find_workloads(["callret"])[0].task("bare")
    sample = subject.run(task, 100_000)
    assert 0 < sample.entered < sample.recompiled <= sample.instructions
    assert list(tmp_path.iterdir())
    assert subject.run(task, 100_000).recompiled > sample.instructions / 2
    assert Subject("bare").run(task, 20).recompiled == 0


def test_where_compiled_code_was_entered_before_it_is_no_short_stay() -> None:
    gain = one_gain(cell("callret", TRAP, 110), cell("callret", TRAP_RECOMPILED, 100, recompiled=90, entered=0))
    assert (gain.stay, gain.reason) == (None, "other")
