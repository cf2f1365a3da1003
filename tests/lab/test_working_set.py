"""The sweep over working sets: nothing is missed where the TLB holds them, and all beyond it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.lab.cost_models import CostModel, find_model
from toyvm.lab.studies import count
from toyvm.lab.subjects import Subject, WorkloadFailed
from toyvm.lab.working_set import MOST_PAGES, Size, WorkingSets, sizes_for
from toyvm.lab.workloads import KernelWorkload, find_workloads
from toyvm.machine.tlb import TlbShape

Capture = pytest.CaptureFixture[str]
SMALL = TlbShape(16, 4)


def published() -> CostModel:
    model = find_model("pentium4-vtx")
    assert model is not None
    return model


def counted(shape: TlbShape) -> WorkingSets:
    study = WorkingSets(shape, published())
    count(study, lambda text: None)
    return study


@pytest.fixture(scope="module")
def small() -> list[Size]:
    """The sizes for a small TLB, each counted."""
    return counted(SMALL).sizes


def test_what_fits_is_not_missed_and_what_does_not_is_missed_each_time(small: list[Size]) -> None:
    sets = SMALL.entries // SMALL.ways
    held = [size for size in small if size.pages <= SMALL.entries - sets]  # the code has a page, too
    beyond = [size for size in small if size.pages >= SMALL.entries + sets]  # in each set one too many
    assert held
    assert beyond
    assert {size.nested.misses for size in held} == {0}
    assert {size.nested.misses for size in beyond} == {1}


def test_a_walk_in_one_dimension_has_three_steps_and_in_two_those_of_nested_tables_besides(
    small: list[Size],
) -> None:
    for size in small:
        assert size.shadowed.misses == size.nested.misses
        assert size.shadowed.steps == size.nested.walk_steps == 3 * size.nested.misses
        assert size.nested.nested_steps == pytest.approx(4 * 2 * size.nested.misses)  # leaves of 2 MiB
        assert 6 <= size.instructions < 7


def test_sizes_lie_about_that_of_the_tlb_and_within_what_the_workload_takes() -> None:
    assert sizes_for(TlbShape(64, 4))[:8] == [16, 32, 48, 56, 60, 64, 68, 72]
    assert sizes_for(TlbShape(1, 1)) == [1, 2, 4, MOST_PAGES]
    assert sizes_for(TlbShape(65536, 4)) == [MOST_PAGES]


def test_where_even_the_largest_is_held_it_says_so() -> None:
    shape = TlbShape(1024, 4)
    lines = " ".join(counted(shape).lines(200))
    assert "holds even 448 pages" in lines


@pytest.mark.parametrize("pages", [0, MOST_PAGES + 1])
def test_a_size_that_the_workload_does_not_take_is_refused_by_it(pages: int) -> None:
    workload = find_workloads(["workingset"])[0]
    assert isinstance(workload, KernelWorkload)
    with pytest.raises(WorkloadFailed):
        Subject("bare").run(workload.task_with("bare", "pages", pages), 1)


def test_the_command_prints_it_and_writes_it(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "sweep.json"
    done = call(capsys, "lab", "--sweep", "--tlb", "16x4", "--json", str(path))
    assert done.code == 0
    text = " ".join(done.output.split())
    assert "a miss takes 11 steps instead of 3" in text
    assert "some loads slower (p)" in text
    record = json.loads(path.read_text(encoding="utf-8"))["sweep"]
    last = record["sizes"][-1]
    assert (record["tlb"], last["pages"]) == ("16x4", MOST_PAGES)
    assert last["nested_cycles"] == pytest.approx(last["instructions"] + 11 * 20)
    assert call(capsys, "lab", "--sweep", "--tlb", "16x5").code == 2
