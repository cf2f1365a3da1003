"""Exits: what one costs that C finishes, what a Python observer adds, and the round trip of a system call."""

from __future__ import annotations

from time import thread_time
from typing import Any

from pairs import measure_pair

from toyvm import Host, Machine
from toyvm.host.exit_events import ExitEvent
from toyvm.lab.measure import calibrate, repeat
from toyvm.lab.nanobenchmarks import NANOS, operand_nano
from toyvm.lab.subjects import Subject
from toyvm.lab.tasks import with_operations
from toyvm.lab.workloads import find_workloads

ROUNDS = 9
SECONDS = 0.1
OBSERVED = 50_000  # exits a run
TRAP, PARA, BARE = Subject("trap"), Subject("para"), Subject("bare")


def nano(reason: str) -> Any:
    return operand_nano(reason) or next(nano for nano in NANOS if nano.reason == reason)


def test_an_emulated_instruction_against_the_bare_one(benchmark: Any) -> None:
    task = nano("crw imask").task("trap")
    counts = {subject: calibrate(subject, task, SECONDS) for subject in (TRAP, BARE)}
    measure_pair(
        benchmark,
        lambda: repeat(TRAP, task, counts[TRAP]).nanoseconds,
        lambda: repeat(BARE, task, counts[BARE]).nanoseconds,
        ROUNDS,
        ("crw and loop on trap", "on bare"),
    )


def test_a_system_call_against_the_bare_one(benchmark: Any) -> None:
    task = find_workloads(["syscall"])[0].task("trap")
    counts = {subject: calibrate(subject, task, SECONDS) for subject in (TRAP, BARE)}
    measure_pair(
        benchmark,
        lambda: repeat(TRAP, task, counts[TRAP]).nanoseconds,
        lambda: repeat(BARE, task, counts[BARE]).nanoseconds,
        ROUNDS,
        ("syscall on trap", "on bare"),
    )


def test_a_null_hypercall_against_an_emulated_instruction(benchmark: Any) -> None:
    call, write = nano("hypercall version").task("para"), nano("crw imask").task("trap")
    calls, writes = calibrate(PARA, call, SECONDS), calibrate(TRAP, write, SECONDS)
    measure_pair(
        benchmark,
        lambda: repeat(PARA, call, calls).nanoseconds,
        lambda: repeat(TRAP, write, writes).nanoseconds,
        ROUNDS,
        ("null hypercall and loop", "crw and loop"),
    )


def observed_nanoseconds(look: bool) -> float:
    """CPU time of one exit that Python sees; with `look` it asks for instruction and source line, too."""
    image = with_operations(nano("crw imask").task("trap").image, OBSERVED)
    seen = 0

    def observer(event: ExitEvent) -> None:
        nonlocal seen
        seen += 1
        if look:
            assert event.instruction is not None
            assert event.location is not None

    with Host() as host, host.guest("trap", "8M") as guest:
        guest.load(image)
        guest.observe(observer, "crw")
        started = thread_time()
        guest.run().check()
        return (thread_time() - started) / seen * 1e9


def test_an_observed_exit_against_one_that_c_finishes(benchmark: Any) -> None:
    task = nano("crw imask").task("trap")
    count = calibrate(TRAP, task, SECONDS)
    measure_pair(
        benchmark,
        lambda: observed_nanoseconds(look=False),
        lambda: repeat(TRAP, task, count).nanoseconds,
        ROUNDS,
        ("observed by Python", "finished in C"),
    )


def test_an_observed_exit_with_instruction_and_source_line(benchmark: Any) -> None:
    measure_pair(
        benchmark,
        lambda: observed_nanoseconds(look=True),
        lambda: observed_nanoseconds(look=False),
        3,
        ("looked at", "observed only"),
    )


def test_making_and_closing_a_machine(benchmark: Any) -> None:
    def one() -> None:
        with Machine("16M"):
            pass

    benchmark(one)
