"""Figures of repeated measurements: medians, intervals, geometric means, and when runs count as warm."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.figures import Figure, figure_of, geometric_mean
from peers.measure import Warm, Whole, is_settled, slowdown, window_for
from peers.processes import Times
from peers.subjects import NATIVE

positive = st.floats(1e-3, 1e3)


def whole(subject: str, number: int, seconds: float) -> Whole:
    return Whole("fib", subject, number, Times(seconds, seconds))


@given(st.lists(positive, min_size=1, max_size=30))
def test_the_median_lies_in_its_interval_and_the_interval_in_the_range(values: list[float]) -> None:
    figure = figure_of(values)
    assert figure is not None
    assert min(values) <= figure.low <= figure.median <= figure.high <= max(values)
    assert figure.count == len(values)


def test_more_values_make_the_interval_narrower_than_the_range() -> None:
    figure = figure_of([1.0, *[10.0] * 20, 99.0])
    assert figure is not None
    assert (figure.low, figure.high) == (10.0, 10.0)


def test_one_value_says_nothing_of_noise_and_none_is_no_figure() -> None:
    one = figure_of([2.0])
    assert one is not None
    assert (one.noise, one.text()) == (None, "2.00")
    assert figure_of([]) is None


@given(st.lists(st.lists(positive, min_size=2, max_size=5), min_size=1, max_size=8))
def test_a_geometric_mean_is_of_the_medians_and_less_noisy_than_the_noisiest(values: list[list[float]]) -> None:
    figures = [figure_of(one) for one in values]
    mean = geometric_mean(figures)
    assert mean is not None
    assert mean.median ** len(values) == pytest.approx(prod(one.median for one in figures if one))
    widest = max(one.high / one.low for one in figures if one)
    assert mean.high / mean.low <= widest * 1.000001
    assert mean.low <= mean.median <= mean.high


def test_a_geometric_mean_that_lacks_one_is_none() -> None:
    assert geometric_mean([Figure(1, 1, 1, 1), None]) is None
    assert geometric_mean([]) is None


def test_a_slowdown_is_to_native_code_in_the_same_round() -> None:
    samples = [
        whole(NATIVE, 0, 1.0),
        whole(NATIVE, 1, 2.0),
        whole("x", 0, 3.0),
        whole("x", 1, 8.0),
        whole("x", 2, 99.0),
    ]
    figure = slowdown(samples, "x", lambda sample: sample.times.elapsed)
    assert figure == Figure(3.5, 3.0, 4.0, 2)


@pytest.mark.parametrize(
    ("runs", "settled"),
    [
        ([9, 1, 1, 1], False),  # the first counts in neither window
        ([9, 1, 1, 1, 1], True),
        ([9, 4, 4, 1, 1], False),
        ([9, 4, 4, 4.5, 4.5], True),  # slower is no reason to go on
        ([9, 8, 7, 6, 5, 4], False),
    ],
)
def test_runs_are_warm_once_they_do_not_get_quicker(runs: list[float], settled: bool) -> None:
    assert is_settled(runs, 2) is settled


def test_short_runs_make_larger_windows() -> None:
    sizes = [window_for(seconds) for seconds in (0.0, 0.001, 0.02, 0.1, 5.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] >= 2


def test_a_warm_run_is_the_median_of_the_window_and_warm_up_what_comes_before() -> None:
    times = (5.0, 3.0, 1.02, 1.0, 1.5, 1.0, 1.1)
    sample = Warm("fib", "x", 0, Times(1, 1), tuple(Times(time, time) for time in times), 4)
    assert sample.seconds == 1.1
    assert sample.warm_up == pytest.approx(5.0 + 3.0 - 2 * 1.1)
