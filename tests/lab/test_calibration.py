"""How many operations a run has: enough to take the time that was asked for, and no more tries than that takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from toyvm.errors import ToyvmError
from toyvm.lab.measure import calibrate
from toyvm.lab.subjects import BASELINE_OPERATIONS, Sample, Subject
from toyvm.lab.workloads import find_workloads

SECONDS = 0.5


@dataclass
class Made:
    """A subject that takes so long for an operation, and as long again for all that surrounds them."""

    seconds: float
    surroundings: float = 10.0
    tried: list[int] = field(default_factory=list)

    def run(self, image: object, operations: int, sectors: int) -> Sample:
        assert (image, sectors) == ("image", 3)
        self.tried.append(operations)
        return Sample(operations, operations, {}, self.surroundings + operations * self.seconds)


def calibrated(made: Made, period: int = 1) -> int:
    return calibrate(made, "image", SECONDS, 3, period)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [1e-8, 1e-6, 1e-4, 1e-2])
def test_operations_take_the_time_that_was_asked_for(seconds: float) -> None:
    assert calibrated(Made(seconds)) * seconds == pytest.approx(SECONDS, rel=0.05)


def test_an_operation_that_takes_longer_than_that_is_run_once_beside_the_baseline() -> None:
    assert calibrated(Made(3.0)) == BASELINE_OPERATIONS + 1


@pytest.mark.parametrize("period", [1, 7, 1000])
def test_beyond_the_baseline_there_are_whole_periods_and_one_at_least(period: int) -> None:
    beyond = calibrated(Made(1e-3), period) - BASELINE_OPERATIONS
    assert beyond % period == 0
    assert beyond == period * max(1, round(499 / period))


def test_each_try_is_at_most_64_times_and_at_least_twice_the_one_before() -> None:
    fast, slow = Made(1e-9), Made(SECONDS / 64 / 4.5)
    calibrated(fast)
    assert fast.tried[:5] == [BASELINE_OPERATIONS, 64, 64**2, 64**3, 64**4]
    calibrated(slow)
    assert slow.tried == [BASELINE_OPERATIONS, 64, 292]


@pytest.mark.parametrize(("part", "tries"), [(4.001, 2), (3.999, 1)])
def test_a_quarter_of_the_time_is_enough_to_go_by(part: float, tries: int) -> None:
    made = Made(SECONDS / part / 63)
    calibrated(made)
    assert len(made.tried) == 1 + tries


def test_an_operation_that_takes_no_time_at_all_ends_the_tries() -> None:
    made = Made(0.0)
    assert calibrated(made) > 1 << 30
    assert len(made.tried) == 13


def test_a_run_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.lab.subjects.TIMEOUT", 0.01)
    image = find_workloads(["callret"])[0].image("bare")
    with pytest.raises(ToyvmError, match="on bare with 1000000000000 operations: the time limit stopped the guest"):
        Subject("bare").run(image, 10**12)
