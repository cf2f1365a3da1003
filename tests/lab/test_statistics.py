"""Statistics of repetitions, against what counting all cases gives."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm import load_program
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell, Repetition, measure_cells
from toyvm.lab.noise import noise_lines
from toyvm.lab.statistics import LEAST, half_width, interval, outliers
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.tasks import Load, WholeRun
from toyvm.lab.workloads import find_workloads

TIMES = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=60)
BARE = Subject("bare")


def coverage(count: int, left_out: int) -> Fraction:
    """How often the median lies between the values that are left, `left_out` being gone at each end."""
    missed = 2 * sum(comb(count, heads) for heads in range(left_out + 1))
    return 1 - Fraction(missed, 2**count)


@pytest.mark.parametrize("count", [*range(1, 60), 100, 999, 2000])
def test_as_many_values_are_left_out_as_a_confidence_of_95_percent_allows(count: int) -> None:
    low, high = interval(range(count))
    assert low == count - 1 - high
    if count < LEAST:
        assert low == 0
        assert coverage(count, 0) < Fraction(95, 100)
    else:
        assert coverage(count, int(low)) >= Fraction(95, 100)
        assert coverage(count, int(low) + 1) < Fraction(95, 100)


@pytest.mark.parametrize("count", range(1, 11))
def test_the_coverage_is_that_of_all_cases(count: int) -> None:
    """Each value is above the median of its distribution or beneath it, as a coin falls."""
    low, _ = interval(range(count))
    cases = list(product((False, True), repeat=count))
    held = sum(low < sum(case) < count - low for case in cases)
    assert Fraction(held, len(cases)) == coverage(count, int(low))


@given(TIMES)
def test_the_median_lies_in_the_interval_and_that_in_the_range(times: list[float]) -> None:
    low, high = interval(times)
    assert min(times) <= low <= median(times) <= high <= max(times)
    assert half_width(times) * median(times) == pytest.approx((high - low) / 2)


@given(TIMES, st.floats(0.1, 10))
def test_the_order_of_values_and_their_unit_change_nothing(times: list[float], unit: float) -> None:
    assert interval(times[::-1]) == interval(times)
    assert half_width([unit * time for time in times]) == pytest.approx(half_width(times))


def test_a_median_of_nothing_has_no_width() -> None:
    assert half_width([0.0, 0.0]) == 0.0


@given(st.lists(st.floats(99, 101), min_size=LEAST, max_size=30), st.integers(0, 29))
def test_a_value_that_is_twice_the_others_is_an_outlier_and_alone(times: list[float], place: int) -> None:
    place %= len(times)
    quiet = [100 + (time - 100) / 1000 + number / 1e4 for number, time in enumerate(times)]
    quiet[place] = 200.0
    assert place in outliers(quiet)
    assert len(outliers(quiet)) <= len(quiet) // 2


@pytest.mark.parametrize("times", [[1.0] * 20, [1.0] * 19 + [5.0], [1.0, 100.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
def test_what_tells_nothing_of_its_noise_has_no_outliers(times: list[float]) -> None:
    assert outliers(times) == []


def cell(workload: str, *times: float, subject: Subject = BARE) -> Cell:
    """Repetitions of these times in ns."""
    samples = [Sample(101, 100, {}, 100 * time * 1e-9) for time in times]
    return Cell(workload, subject, [Repetition(Sample(1, 0, {}, 0.0), sample) for sample in samples])


def noise(*cells: Cell, precision: float | None = None) -> str:
    found = Experiment(
        find_workloads([one.workload for one in cells]), [BARE], {(c.workload, c.subject): c for c in cells}
    )
    return " ".join(noise_lines(found, 10_000, precision))


def test_noise_names_the_cell_that_is_widest() -> None:
    said = noise(cell("syscall", 100, 101, 102), cell("switch", 100, 110, 130), cell("boot", 100, 100, 112))
    assert said == (
        "Noise: 2 of 3 cells are wider than ±5.0%, the widest switch on bare, ±13.6% in 3 repetitions; --precision 5% "
        "may narrow that."
    )


def test_noise_is_measured_by_the_precision_that_was_asked_for() -> None:
    assert noise(cell("syscall", 100, 101, 102)) == ""
    said = noise(cell("syscall", 100, 101, 102), precision=0.005)
    assert "1 of 1 cell is wider than ±0.5%" in said
    assert "more repetitions or a quieter machine may narrow that" in said


def test_outliers_are_told_of_and_kept() -> None:
    disturbed = cell("syscall", 100, 101, 102, 99, 98, 100.5, 400)
    assert noise(disturbed).endswith(
        "Outliers: 1 of 7 repetitions is far from its cell's median, 1 in syscall on bare; kept, as medians do "
        "not mind."
    )
    assert len(disturbed.times) == 7


def measured(
    monkeypatch: pytest.MonkeyPatch, times: dict[str, list[float]], repeats: int, precision: float
) -> list[Cell]:
    """Cells by technique whose runs take these times in ns one after another, the last one for ever."""

    def run(self: Subject, task: object, operations: int, watched: bool = False) -> Sample:
        if not operations:
            return Sample(0, 0, {}, 0.0)
        left = times[self.technique]
        return Sample(1, 1, {}, (left.pop(0) if len(left) > 1 else left[0]) * 1e-9)

    monkeypatch.setattr(Subject, "run", run)
    cells = [Cell("syscall", Subject(name)) for name in times]
    tasks = dict.fromkeys((one.subject for one in cells), WholeRun(Load(load_program("hello"))))
    return measure_cells(cells, tasks, 1e-9, repeats, lambda text: None, precision)


def test_repetitions_end_where_the_interval_is_as_narrow_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    wild = [100.0, 200.0] * 6
    quiet, noisy = measured(monkeypatch, {"bare": [100.0], "trap": [100.0, *wild, 100.0]}, 1000, 0.02)
    assert len(quiet.repetitions) == LEAST
    assert LEAST < len(noisy.repetitions) < 1000
    assert noisy.is_as_narrow_as(0.02)
    assert not Cell("syscall", BARE, noisy.repetitions[:-1]).is_as_narrow_as(0.02)


def test_repetitions_end_at_the_limit_where_it_never_gets_as_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = measured(monkeypatch, {"bare": [100.0, 200.0] * 50}, 20, 0.02)
    assert len(cell.repetitions) == 20
