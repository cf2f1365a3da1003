"""The curve of consolidation: many systems on one machine. Its figures are counts, and exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.errors import ToyvmError
from toyvm.lab.density import Density, ManyContexts, ManyMachines, Run, Way, density_lines, figures_of

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("way", [ManyMachines("trap"), ManyMachines("para"), ManyMachines("assist"), ManyContexts()])
def test_every_system_serves_and_in_as_many_ticks_again(way: Way) -> None:
    assert way.run(3, 2) == way.run(3, 2)
    assert way.run(3, 3).ticks > way.run(3, 2).ticks


def test_machines_share_nothing_but_ticks() -> None:
    one, four = ManyMachines("trap").run(1, 2), ManyMachines("trap").run(4, 2)
    assert (four.ticks, four.exits) == (4 * one.ticks, 4 * one.exits)


def test_a_further_context_takes_less_memory_than_a_further_machine() -> None:
    def more(way: Way) -> int:
        return way.run(4, 1).pages - way.run(1, 1).pages

    assert more(ManyContexts()) < more(ManyMachines("trap")) / 2


class Made:
    """A way that takes so many ticks for a request, by the number of systems."""

    label = "made"

    def __init__(self, **ticks: int) -> None:
        self.ticks = ticks

    def run(self, systems: int, requests: int) -> Run:
        each = self.ticks[f"at{systems}"]
        if not each:
            raise ToyvmError("it is full")
        return Run(systems * (1000 + requests * each), systems * requests * 3, 100 + 10 * systems)


def made_up(way: Made) -> Density:
    table = Density([way.label], [1, 2, 4])
    for point in table.points:
        table.take(point, figures_of(way, int(point[1])))
    return table


def test_a_curve_bends_where_the_rate_falls_by_a_tenth_or_ends() -> None:
    for ticks, bend in (
        ({"at1": 100, "at2": 100, "at4": 105}, None),
        ({"at1": 100, "at2": 105, "at4": 120}, 4),
        ({"at1": 100, "at2": 100, "at4": 0}, 4),
        ({"at1": 150, "at2": 100, "at4": 100}, None),
    ):
        table = made_up(Made(**ticks))
        assert table.bend("made") == bend, ticks


def test_figures_are_of_a_system_or_a_request() -> None:
    table = made_up(Made(at1=100, at2=200, at4=0))
    one, two, four = table.of("made")
    assert (one.rate, one.start, one.exits, table.pages_more(one)) == (10_000.0, 1100.0, 3.0, None)
    assert (two.rate, two.start, two.exits, table.pages_more(two)) == (5_000.0, 1200.0, 3.0, 10.0)
    assert (four.rate, four.why) == (None, "it is full")
    printed = list(density_lines(table, 80))
    assert max(map(len, printed)) <= 80
    assert "made             4 none: it is full" in printed
    assert printed[-1] == "The curve of made bends at 2 systems, with less than 90% of its best."


@pytest.mark.slow
def test_the_command_prints_the_curves_and_writes_them(capfd: Capture, tmp_path: Path) -> None:
    file = tmp_path / "density.json"
    done = call(capfd, "lab", "density", "--quick", "--technique", "assist,container", "--json", str(file))
    assert (done.code, done.errors) == (0, "")
    assert "The curve of contexts" in done.output
    assert [point["systems"] for point in json.loads(file.read_text())["density"]] == 2 * [1, 2, 4, 8]
