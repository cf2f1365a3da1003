"""Misses of a modelled TLB in the lab: exact quotients, columns of their own, and their price in a cost model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.lab.cost_models import Price, find_model
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.modelled import modelled
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.tlb_misses import Misses, count_misses, miss_lines, misses_of, operations_of
from toyvm.lab.workloads import find_workloads
from toyvm.launch import launched
from toyvm.machine.tlb import TlbShape
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.techniques import parse_any

Capture = pytest.CaptureFixture[str]
SHAPE = TlbShape(16, 4)


def subject(technique: str) -> Subject:
    return Subject(technique, level=parse_any(technique).level)


def experiment_of(workload: str, techniques: list[str]) -> Experiment:
    """As if it had been measured."""
    experiment = Experiment(find_workloads([workload]), [subject(technique) for technique in techniques])
    for one in experiment.subjects:
        repetition = Repetition(Sample(1, 0, {}, 0.0), Sample(11, 10_000, {}, 1e-6))
        experiment.cells[workload, one] = Cell(workload, one, [repetition])
    return experiment


def test_they_are_quotients_of_what_computers_counted() -> None:
    task = find_workloads(["switch"])[0].task("bare")
    counts = []
    for operations in (101, task.baseline):
        (load,) = task.loads(operations)
        with launched("bare", load.memory, tlb=SHAPE) as machine:
            machine.load(load.image)
            assert machine.run().ok
            counts.append(machine.tlb)
    whole, baseline = counts
    assert whole is not None
    assert baseline is not None
    expected = (whole.walk_steps - baseline.walk_steps) / 100
    assert misses_of(subject("bare"), task, SHAPE, 101).walk_steps == expected > 0


def test_techniques_that_count_alike_share_a_column_and_nested_paging_has_its_own() -> None:
    experiment = experiment_of("switch", ["bare", "trap", "rewrite", "assist+shadow", "assist"])
    missed = count_misses(experiment, SHAPE)
    assert missed["switch", "bare"] == missed["switch", "rewrite"] == missed["switch", "assist+shadow"]
    bare, assist = missed["switch", "bare"], missed["switch", "assist"]
    assert (assist.misses, assist.walk_steps) == (bare.misses, bare.walk_steps)
    assert assist.steps > 2 * bare.steps
    text = "\n".join(miss_lines(experiment, missed, SHAPE, 100))
    assert "As bare: trap, rewrite, assist+shadow." in text
    assert "16 entries in sets of 4" in text


def test_a_monitor_of_the_user_s_has_none() -> None:
    experiment = Experiment(find_workloads(["syscall"]), [Subject("own", monitor=TrapAndEmulate, like="trap")])
    experiment.cells["syscall", experiment.subjects[0]] = Cell("syscall", experiment.subjects[0], [])
    assert count_misses(experiment, SHAPE) == {}


def test_a_context_has_those_of_the_machine_that_it_is_on() -> None:
    experiment = experiment_of("os/compute", ["undivided", "container"])
    missed = count_misses(experiment, SHAPE)
    assert missed["os/compute", "container"].accesses > 0
    assert missed["os/compute", "undivided"].nested_steps == 0


def test_as_many_operations_are_counted_whatever_they_took() -> None:
    workload = find_workloads(["diskcopy"])[0]
    cell = experiment_of("diskcopy", ["bare"]).cells["diskcopy", subject("bare")]
    task = workload.task("bare")
    assert (operations_of(cell, task) - task.baseline) % task.period == 0


def test_a_step_has_its_price_in_a_cost_model() -> None:
    experiment, model = experiment_of("switch", ["bare", "assist"]), find_model("pentium4-vtx")
    assert model is not None
    assert model.walk_step == Price(20, "a")
    missed = {("switch", "bare"): Misses(1, 1, 3, 0), ("switch", "assist"): Misses(1, 1, 3, 12)}
    without, with_steps = modelled(experiment, model), modelled(experiment, model, missed)
    assert [b.cost - a.cost for a, b in zip(without, with_steps, strict=True)] == pytest.approx([3 * 20, 15 * 20])


def test_the_lab_prints_and_writes_them(tmp_path: Path, capsys: Capture) -> None:
    written = tmp_path / "lab.json"
    words = ["pagefault", "--technique", "bare,trap,assist", "--quick", "--repeats", "1", "--tlb", "64x4"]
    done = call(capsys, "lab", *words, "--json", str(written))
    assert done.code == 0
    assert "A modelled TLB of 64 entries in sets of 4" in done.output
    assert "As bare: trap." in done.output
    record = json.loads(written.read_text(encoding="utf-8"))["tlb"]
    assert record["shape"] == "64x4"
    by_technique = {cell["technique"]: cell for cell in record["cells"]}
    assert by_technique["bare"]["misses"] == by_technique["assist"]["misses"] > 1
    assert by_technique["bare"]["nested_steps"] == 0 < by_technique["assist"]["nested_steps"]


def test_a_size_that_there_is_not_ends_the_lab_before_anything_is_measured(capsys: Capture) -> None:
    done = call(capsys, "lab", "--tlb", "10x3")
    assert (done.code, "--tlb of 10x3" in done.errors) == (2, True)
