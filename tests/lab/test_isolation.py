"""The table of isolation: systems that serve requests beside one that takes what it gets. Its counts are exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.lab.isolation import BEHAVING, NEIGHBOURS, Contexts, Isolation, Machines, Pair, Rate, Served, ticks_for
from toyvm.lab.published import ISOLATION, ISOLATION_SYSTEMS, MARKS

Capture = pytest.CaptureFixture[str]
REQUESTS, MOST = 4, 20_000_000


@pytest.mark.parametrize(
    "way", [Machines("trap"), Machines("para"), Machines("assist"), Contexts(True), Contexts(False)]
)
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_requests_are_served_beside_any_neighbour_and_in_as_many_ticks_again(way: Pair, neighbour: str) -> None:
    first, second = (way.serve(REQUESTS, neighbour, MOST) for _ in range(2))
    assert first == second
    if way != Contexts(False) or neighbour not in ("memory", "fork"):  # which nothing keeps from taking all there is
        assert first.ticks is not None, first


@pytest.mark.parametrize("neighbour", [BEHAVING, "cpu"])
def test_a_guest_s_ticks_are_those_of_any_full_virtualization(neighbour: str) -> None:
    ticks = {Machines(name).serve(REQUESTS, neighbour, MOST).ticks for name in ("trap", "rewrite", "assist")}
    assert len(ticks) == 1


def test_what_is_not_served_in_time_is_said() -> None:
    for way in (Machines("trap"), Contexts(False)):
        assert way.serve(1000, BEHAVING, 1_000_000) == Served(
            None, "not all requests were served within 1,000,000 ticks"
        )


class Made:
    """A way to share that takes a million ticks for each request, and what it is told for some."""

    label = "made"

    def __init__(self, **ticks: int | None) -> None:
        self.ticks = ticks

    def serve(self, requests: int, neighbour: str, most: int) -> Served:
        each = self.ticks.get(neighbour, 1_000_000)
        return Served(None, "it ended") if each is None else Served(5 + requests * each)


def test_what_is_lost_is_a_part_of_the_rate_beside_one_that_behaves() -> None:
    made = Made(memory=2_000_000, disk=500_000, fork=None)
    table = Isolation(["made"], 10)
    for point in table.points:
        table.take(point, ticks_for(made, str(point[1]), 10))
    assert table.rate("made", BEHAVING).requests == pytest.approx(1.0)
    lost = {name: table.lost("made", name) for name in NEIGHBOURS}
    assert lost == {**dict.fromkeys(NEIGHBOURS, 0.0), "memory": 0.5, "disk": -1.0, "fork": None}
    assert table.rate("made", "fork") == Rate("made", "fork", None, "it ended")


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_has_a_row_for_each_neighbour_with_the_published_figures_beside_it(width: int) -> None:
    table = Isolation(["limits"], 1)
    made = Made(**{**dict.fromkeys(NEIGHBOURS, 1_000_000), BEHAVING: 500_000, "fork": None})
    for point in table.points:
        table.take(point, ticks_for(made, str(point[1]), 1))
    printed = list(table.lines(width))
    assert max(map(len, printed)) <= width
    rows = {line.split("|")[0].strip(): line for line in printed if "|" in line}
    assert rows["memory"].split("|")[1].split() == ["50.0"]
    assert rows["fork"].split("|")[1].split() == ["DNR"]
    assert rows["messages"].endswith("21.3 p")
    assert rows["behaving"].split("|")[1].split() == ["2"]
    assert any(line.startswith("DNR fork, limits: it ended.") for line in printed)


def test_published_figures_are_of_rows_that_there_are_and_have_marks() -> None:
    assert ISOLATION.keys() < NEIGHBOURS.keys()
    for figures in ISOLATION.values():
        assert len(figures) == len(ISOLATION_SYSTEMS)
        assert all(figure.split()[1] in MARKS for figure in figures)


@pytest.mark.slow
def test_the_command_prints_the_table_and_writes_it(capfd: Capture, tmp_path: Path) -> None:
    file = tmp_path / "isolation.json"
    done = call(capfd, "lab", "isolation", "--quick", "--technique", "trap,container", "--json", str(file))
    assert (done.code, done.errors) == (0, "")
    assert "virtual machines" in done.output
    assert len(json.loads(file.read_text())["isolation"]["rates"]) == 3 * len(NEIGHBOURS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("isolation", "syscall"), "isolation is a table of its own"),
        (("isolation", "--engine", "recompiler"), "--engine says nothing of isolation"),
        (("isolation", "--all"), "--all says nothing of isolation"),
        (("isolation", "--sweep"), "--sweep says nothing of isolation"),
        (("density", "--fail-on-change"), "--fail-on-change says nothing of density"),
        (("--sweep", "--quick"), "--quick says nothing of a sweep"),
        (("--sweep", "--csv", "file"), "--csv says nothing of a sweep"),
        (("--sweep", "--engine", "recompiler"), "--engine says nothing of a sweep"),
        (("isolation", "--technique", "bare"), "two systems on the bare machine are contexts"),
        (("isolation", "--technique", "magic"), "no technique 'magic'"),
        (("isolation", "--technique", ","), "name at least one of trap, rewrite, para, assist, container"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(capfd: Capture, words: tuple[str, ...], message: str) -> None:
    done = call(capfd, "lab", *words)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert message in done.errors
