"""A stopwatch says how long the host is at what is no execution of instructions, and changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import TYPE_CHECKING

import pytest

from toyvm import Machine, UsageError
from toyvm.lab.subjects import Subject
from toyvm.lab.workloads import find_workloads
from toyvm.machine.computer import ACCESSES, LOOKS
from toyvm.techniques import parse_variant

if TYPE_CHECKING:
    from toyvm.lab.tasks import Load
    from toyvm.machine.computer import Computer

OPERATIONS = 200
TECHNIQUES = ("bare", "trap", "rewrite+adaptive", "hybrid", "para", "assist", "assist+shadow", "trap+hypercalls")


def load_of(workload: str, subject: Subject) -> Load:
    (found,) = find_workloads([workload])
    (load,) = found.task(subject.kind).loads(OPERATIONS)
    return load


@contextmanager
def watched(workload: str, technique: str = "trap") -> Iterator[Computer]:
    """A computer that has that loaded, and a stopwatch."""
    subject = Subject(technique, level=parse_variant(technique).level)
    load = load_of(workload, subject)
    with subject.computer(load) as computer:
        computer.load(load.image)
        computer.start_stopwatch()
        yield computer


def came_to(computer: Computer) -> tuple[object, ...]:
    """What a run has come to; what the core did for it besides hangs on what has been compiled by then."""
    work = {} if computer.recompilation else computer.work
    return list(computer.x), computer.pc, computer.retired, computer.time, computer.exits, work


@pytest.mark.parametrize("engine", ["interpreter", "recompiler"])
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_run_that_is_watched_comes_to_the_same(technique: str, engine: str) -> None:
    subject = Subject(technique, engine, parse_variant(technique).level)
    load, runs = load_of("forkwait", subject), []
    for is_watched in (False, True):
        with subject.computer(load) as computer:
            computer.load(load.image)
            if is_watched:
                computer.start_stopwatch()
            assert computer.run().exit_code == 0
            runs.append(came_to(computer))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_exit_is_in_a_lap_and_each_access_without_a_translation_is_one(technique: str) -> None:
    with watched("switch", technique) as computer:
        started = perf_counter_ns()
        computer.run()
        elapsed = perf_counter_ns() - started
        laps, exits = computer.laps, computer.exits
        assert set(laps) <= {LOOKS, ACCESSES, *exits}
        for reason, count in exits.items():
            # A lap is the last exit's that came up in it, and that which ends the run has none.
            assert laps[reason].number <= count if reason in laps else count <= 2
        assert sum(exits.values()) * 0.9 - 2 <= sum(laps[reason].number for reason in exits if reason in laps)
        walks = computer.work["walks"]
        assert walks // 2 <= laps[ACCESSES].number <= walks + computer.work["fetch_walks"]
        assert 0 < sum(each.nanoseconds for each in laps.values()) < 2 * elapsed
        assert all(each.nanoseconds >= 0 < each.overhead for each in laps.values())


def test_what_the_host_does_between_two_runs_is_of_the_lap_that_runs() -> None:
    """But for what takes so long that nobody would wait for it: this counts as the mean of its kind."""
    with watched("portio") as computer:
        computer.run(100)
        before = computer.laps
        deadline = perf_counter_ns() + 2_000_000
        while perf_counter_ns() < deadline:
            pass
        computer.run(100)
        spent = sum(each.nanoseconds for each in computer.laps.values())
        assert spent - sum(each.nanoseconds for each in before.values()) < 2_000_000


def test_a_stopwatch_that_is_started_again_begins_at_0() -> None:
    with watched("portio") as computer:
        computer.run(2000)
        assert computer.laps[ACCESSES].number > 2
        computer.start_stopwatch()
        assert computer.laps == {}


def test_without_a_stopwatch_there_are_no_laps() -> None:
    with Machine() as machine:
        assert machine.laps == {}
    with Machine(engine="reference") as machine:
        with pytest.raises(UsageError, match="no native core"):
            machine.start_stopwatch()
        assert machine.laps == {}


def test_a_stopwatch_goes_on_where_a_computer_goes_back_to_a_snapshot() -> None:
    with watched("switch") as computer:
        computer.run(2000)
        snapshot, before = computer.save(), computer.laps
        computer.restore(snapshot)
        assert computer.laps == before


def test_what_a_stopwatch_takes_is_no_time_of_threads_that_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.lab.subjects.thread_time", lambda: 1.0)
    monkeypatch.setattr("toyvm.lab.subjects.process_time", lambda: 1.0)
    subject = Subject("trap", "recompiler")
    (found,) = find_workloads(["portio"])
    sample = subject.run(found.task(subject.kind), OPERATIONS, watched=True)
    assert sample.cpu_seconds < 0.0 == sample.compiling_seconds
