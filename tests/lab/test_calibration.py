"""How many operations a run has: enough to take the time that was asked for, and no more tries than that takes."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

import pytest

from toyvm import Machine, assemble_text, load_program
from toyvm.errors import ToyvmError
from toyvm.lab.measure import calibrate, repeat
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.tasks import BASELINE_OPERATIONS, Load, OwnKernel, WholeRun
from toyvm.lab.workloads import find_workloads

SECONDS = 0.5
HELLO = load_program("hello")


@dataclass
class Made:
    """A subject that takes so long for an operation, and as long again for all that surrounds them."""

    seconds: float
    surroundings: float = 1e-3
    tried: list[int] = field(default_factory=list)

    def run(self, task: OwnKernel, operations: int, watched: bool = False) -> Sample:
        assert task.image is HELLO
        self.tried.append(operations)
        return Sample(operations, operations, {}, self.surroundings + operations * self.seconds)


def calibrated(made: Made, period: int = 1) -> int:
    return calibrate(made, OwnKernel(HELLO, period=period), SECONDS)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [1e-8, 1e-6, 1e-4, 1e-2])
def test_operations_take_the_time_that_was_asked_for(seconds: float) -> None:
    assert calibrated(Made(seconds)) * seconds == pytest.approx(SECONDS, rel=0.05)


def test_an_operation_that_takes_longer_than_that_is_run_once_beside_the_baseline() -> None:
    assert calibrated(Made(3.0)) == BASELINE_OPERATIONS + 1


@pytest.mark.parametrize("period", [1, 7, 1000])
def test_beyond_the_baseline_there_are_whole_periods_and_one_at_least(period: int) -> None:
    beyond = calibrated(Made(1e-3), period) - BASELINE_OPERATIONS
    assert beyond % period == 0
    assert beyond == period * max(1, round(500 / period))


def test_each_try_is_at_most_64_times_and_at_least_twice_the_one_before() -> None:
    fast, slow = Made(1e-9), Made(SECONDS / 64 / 4.5)
    calibrated(fast)
    assert fast.tried[:5] == [BASELINE_OPERATIONS, 64, 64**2, 64**3, 64**4]
    calibrated(slow)
    assert slow.tried == [BASELINE_OPERATIONS, 64, 146], "half of the time is enough to go by"


@pytest.mark.parametrize(("surroundings", "first"), [(0.4, 2), (0.1, 4), (0.01, 45), (0.001, 64)])
def test_what_takes_long_even_once_is_tried_with_few(surroundings: float, first: int) -> None:
    made = Made(1e-3, surroundings)
    calibrated(made)
    assert made.tried[1] == first


@pytest.mark.parametrize(("surroundings", "first"), [(0.4, 150), (0.01, 150), (0.001, 64)])
def test_where_tries_are_dear_the_first_is_half_of_what_another_subject_does(surroundings: float, first: int) -> None:
    made = Made(1e-3, surroundings)
    calibrate(made, OwnKernel(HELLO), SECONDS, [300])  # type: ignore[arg-type]
    assert made.tried == [BASELINE_OPERATIONS, first] + [253] * (first == 64)


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
    task = find_workloads(["callret"])[0].task("bare")
    with pytest.raises(ToyvmError, match="on bare with 1000000000000 operations: the time limit stopped the guest"):
        Subject("bare").run(task, 10**12)


def test_a_program_that_does_the_same_whatever_it_is_told_has_no_time_of_an_operation() -> None:
    image = assemble_text(
        '.include "platform.inc"\n.globl _start\n_start: platform_begin\nli a0, 0\npower_off\n'
        ".data\n.globl operations\noperations: .dword 1\n"
    ).image
    with pytest.raises(ToyvmError, match="64 operations took 13 instructions, and 1 took 13: it does not do as many"):
        calibrate(Subject("bare"), OwnKernel(image), SECONDS)


def test_a_whole_program_is_run_from_start_to_end_as_often_as_takes_the_time() -> None:
    whole = WholeRun(Load(HELLO))
    runs = calibrate(Subject("bare"), whole, 1e-3)
    one, all_of_them = (repeat(Subject("bare"), whole, count) for count in (1, runs))
    assert (one.baseline.instructions, one.baseline.cpu_seconds) == (0, 0.0)
    assert all_of_them.sample.instructions == runs * one.sample.instructions
    assert all_of_them.instructions == one.instructions > 0


def test_exits_of_a_whole_program_are_those_of_one_run() -> None:
    whole = WholeRun(Load(load_program("kernel")))
    one, three = (repeat(Subject("trap"), whole, count) for count in (1, 3))
    assert three.exits == one.exits
    assert three.sample.exits == {reason: 3 * count for reason, count in one.sample.exits.items()}


def test_a_program_may_be_known_to_end_with_another_code() -> None:
    image = assemble_text('.include "platform.inc"\n.globl _start\n_start: platform_begin\nli a0, 7\npower_off').image
    assert Subject("bare").run(WholeRun(Load(image, exit_code=7)), 1).instructions > 0
    with pytest.raises(ToyvmError, match="on bare with 1 operation: the guest switched itself off with exit code 7"):
        Subject("bare").run(WholeRun(Load(image)), 1)


def test_ctrl_c_that_comes_as_a_run_ends_by_itself_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Machine.run

    def ending(machine: Machine, **options: float) -> object:
        outcome = run(machine, **options)
        signal.raise_signal(signal.SIGINT)
        return outcome

    monkeypatch.setattr(Machine, "run", ending)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as behind a shell's &
    try:
        with pytest.raises(KeyboardInterrupt):
            Subject("bare").run(WholeRun(Load(HELLO)), 1)
    finally:
        signal.signal(signal.SIGINT, before)
