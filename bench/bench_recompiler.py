"""Guests with many functions, recompiled against interpreted: whole processes in turn, elapsed time, on each technique.

`pytest bench/bench_recompiler.py` prints a line for each. The recompiler's first process begins without compiled code,
its second one with what the first has kept. It must never fall behind the interpreter by more than 5%: that fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pairs import hold
from peers.processes import Times, run_whole
from peers.programs import SOURCES, CannotBuild, Program, compile_riscv

from toyvm.lab.statistics import interval
from toyvm.programs import find_program
from toyvm.shipped.headers import read_header
from toyvm.techniques import NAMES

ROUNDS = 7
LIMIT = 1.05
LEDGER = Program("ledger", SOURCES / "large" / "ledger.c", 150)
GUESTS = ("hello", "kernel", "workloads/forkwait", "ledger")


@dataclass(frozen=True)
class Round:
    """The same work three times: interpreted, recompiled, and recompiled once more."""

    interpreted: Times
    first: Times
    second: Times


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """The lines of all guests, printed at the end."""
    lines: list[str] = []
    yield lines
    print("\n\n" + "\n".join(lines))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    try:
        return [str(compile_riscv(LEDGER, tmp_path_factory.mktemp("ledger"))), str(LEDGER.scale), "1"]
    except CannotBuild as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("technique", NAMES)
@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_recompiled_against_interpreted(
    benchmark: Any, table: list[str], request: pytest.FixtureRequest, guest: str, technique: str
) -> None:
    words = request.getfixturevalue("ledger") if guest == "ledger" else [guest]
    if guest != "ledger" and (why := read_header(find_program(guest)).why_missing(technique)):
        pytest.skip(why)
    rounds: list[Round] = []
    benchmark.pedantic(lambda: rounds.append(measure(words, technique)), rounds=ROUNDS, iterations=1)
    first = figures(each.first.elapsed / each.interpreted.elapsed for each in rounds)
    second = figures(each.second.elapsed / each.interpreted.elapsed for each in rounds)
    cpu = median(each.first.cpu / each.interpreted.cpu for each in rounds)
    milliseconds = median(each.interpreted.elapsed for each in rounds) * 1e3
    name = f"{guest} on {technique}"
    benchmark.extra_info.update({"first": first, "second": second, "cpu": cpu, "interpreted ms": milliseconds})
    is_met = first[0] <= LIMIT
    table.append(
        f"{name:<28} {'met' if is_met else 'MISSED'}: first {text(first)}, second {text(second)}, "
        f"first in CPU time {cpu:.2f}  [interpreted {milliseconds:.0f} ms]"
    )
    hold(is_met, table[-1])


def measure(words: Sequence[str], technique: str) -> Round:
    command = [sys.executable, "-P", "-m", "toyvm", "run", "--technique", technique, words[0]]
    recompiled = [*command, "--engine", "recompiler", "--", *words[1:]]
    with TemporaryDirectory() as cache:
        said, interpreted = run_whole([*command, "--", *words[1:]])
        (once, first), (again, second) = (run_whole(recompiled, Path(cache)) for _ in range(2))
    assert said == once == again
    return Round(interpreted, first, second)


def figures(ratios: Iterator[float]) -> tuple[float, float, float]:
    """The median, and where it lies with at least 95% confidence."""
    values = list(ratios)
    return (median(values), *interval(values))


def text(figure: tuple[float, float, float]) -> str:
    return f"{figure[0]:.2f} ({figure[1]:.2f}..{figure[2]:.2f})"
