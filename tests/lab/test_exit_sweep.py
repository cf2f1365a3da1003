"""The sweep: counts that are linear in the share, and a crossing that is where the costs are equal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import call

from toyvm.errors import UsageError
from toyvm.lab.cost_models import CostModel, Price, find_model
from toyvm.lab.exit_sweep import (
    EXIT_COSTS,
    HARDWARE,
    SHARES,
    SOFTWARE,
    WORK,
    counts_of,
    sweep,
    sweep_lines,
    with_exit_cost,
)
from toyvm.lab.modelled import cost_of
from toyvm.lab.nanobenchmarks import direct_instructions
from toyvm.lab.subjects import Subject, WorkloadFailed
from toyvm.lab.workloads import find_workloads

Capture = pytest.CaptureFixture[str]


def published() -> CostModel:
    model = find_model("pentium4-vtx")
    assert model is not None
    return model


def test_as_many_instructions_read_the_port_as_the_parameter_says_and_no_other_changes() -> None:
    instructions = {counts_of(count).cells[SOFTWARE].instructions for count in (*SHARES, WORK)}
    assert len(instructions) == 1
    for count in (0, 10, WORK):
        cells = counts_of(count).cells
        assert cells[SOFTWARE].exits.get("in", 0) == cells[HARDWARE].exits.get("in", 0) == count
        assert cells[SOFTWARE].exits["syscall"] == counts_of(count).events["syscall"] == 10
        assert set(cells[HARDWARE].exits) <= {"in"}


def test_a_parameter_beyond_the_work_is_refused_by_the_workload() -> None:
    task = find_workloads(["mixed"])[0].task_with("bare", "privileged", WORK + 1)
    with pytest.raises(WorkloadFailed):
        Subject("bare").run(task, 1)


def test_at_the_crossing_both_cost_the_same() -> None:
    for point in sweep(published()):
        model = with_exit_cost(published(), point.exit_cost.price)
        assert point.crossing is not None
        privileged = WORK * point.crossing
        costs = []
        for technique, cell in counts_of(0).cells.items():
            fixed, _ = cost_of(cell, model, counts_of(0).events)
            price = model.exit(technique, "in clock")
            assert price is not None
            costs.append(fixed + privileged * (price.cycles - model.instruction.cycles))
        assert costs[0] == pytest.approx(costs[1])


def test_the_cheaper_an_exit_the_more_of_them_hardware_assistance_affords() -> None:
    points = sweep(published())
    for whole in (True, False):
        series = sorted((p for p in points if p.exit_cost.whole == whole), key=lambda p: p.exit_cost.price.cycles)
        crossings = [point.crossing or 0.0 for point in series]
        assert crossings == sorted(crossings, reverse=True)
        assert all(point.ratios[0] < 1 < point.ratios[100] for point in series)


def test_the_two_series_stand_apart_and_each_quoted_figure_has_its_mark() -> None:
    whole = [cost.price.cycles for cost in EXIT_COSTS if cost.whole]
    assert (whole[0], whole[-1], whole) == (4340, 900, sorted(whole, reverse=True))
    alone = [cost.price for cost in EXIT_COSTS if not cost.whole]
    assert [price.cycles for price in alone] == [1926, 1156, 858, 569, 507, 466, 512, 531]
    assert {price.mark for price in alone} == {"n"}
    assert all(cost.price.mark != "a" for cost in EXIT_COSTS if cost.processor)


def test_where_exits_of_rewriting_are_free_it_is_never_overtaken() -> None:
    tables = {**published().tables, SOFTWARE: {"default": Price(0, "a")}}
    points = sweep(replace(published(), tables=tables))
    assert {point.crossing for point in points} == {None}


@pytest.mark.parametrize("where", [0, -1])
def test_a_sweep_that_ends_without_a_crossing_says_that_rewriting_is_ahead(where: int) -> None:
    points = sweep(published())
    assert "it saves the exits of system calls" in " ".join(sweep_lines(published(), points, 10_000))
    number = points.index([point for point in points if point.exit_cost.whole][where])
    points[number] = replace(points[number], crossing=None)
    said = " ".join(sweep_lines(published(), points, 10_000))
    assert "rewriting is ahead even where nothing is privileged" in said
    assert "it saves the exits of system calls" not in said


def test_a_model_without_prices_for_rewriting_is_refused() -> None:
    model = find_model("core2")
    assert model is not None
    with pytest.raises(UsageError, match="core2 has no price for rewrite: in"):
        sweep(model)


@pytest.mark.parametrize("words", [(), ("--tlb", "4x2")])
def test_a_model_whose_instructions_cost_nothing_is_refused(
    tmp_path: Path, capsys: Capture, words: tuple[str, ...]
) -> None:
    path = tmp_path / "free.toml"
    path.write_text("instruction = 0\n[native]\nsyscall = 0\n[software]\ndefault = 0\n")
    done = call(capsys, "lab", "--sweep", "--cost-model", str(path), *words)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "cost model free: an instruction of 0 cycles; a sweep compares, and takes more" in done.errors


def test_the_command_prints_it_and_writes_it(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "sweep.json"
    done = call(capsys, "lab", "--sweep", "--json", str(path))
    assert done.code == 0
    assert "Pentium 4" in done.output
    assert "n read in a note that quotes the paper" in " ".join(done.output.split())
    first = json.loads(path.read_text(encoding="utf-8"))["sweep"]["points"][0]
    assert first["exit_cost"]["price"] == {"cycles": 4340, "mark": "n"}
    share = f"{100 * first['crossing']:.3g}%"
    assert f"ahead where less than {share} of the" in " ".join(done.output.split())


@pytest.mark.parametrize(
    "words", [("syscall", "--sweep"), ("--sweep", "--technique", "trap"), ("--sweep", "--cost-model", "measured")]
)
def test_what_a_sweep_does_not_take_is_refused(words: tuple[str, ...], capsys: Capture) -> None:
    assert call(capsys, "lab", *words).code == 2


def test_a_workload_for_sweeps_is_measured_where_it_is_named_and_else_not() -> None:
    assert "mixed" not in [workload.name for workload in find_workloads()]
    assert [workload.name for workload in find_workloads(["mixed"])] == ["mixed"]


def test_what_exits_is_not_among_what_is_executed_directly() -> None:
    none, all_of_them = (counts_of(count).cells[HARDWARE] for count in (0, WORK))
    assert direct_instructions(none) - direct_instructions(all_of_them) == WORK
