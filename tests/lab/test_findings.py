"""Findings of made-up tables: each sentence is said where the figures carry it, and not where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.lab.experiment import INTERRUPTED, Experiment
from toyvm.lab.findings import finding_lines
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads

NAMES = ("bare", "trap", "rewrite", "rewrite+adaptive", "para", "assist", "assist+shadow")
WORKLOADS = ("syscall", "callret", "portio")
Times = float | tuple[float, ...]


def cell(workload: str, technique: str, times: Times, instructions: int = 10, **exits: float) -> Cell:
    """Of an operation, times in ns."""
    counts = {reason: round(count * 1000) for reason, count in exits.items()}
    samples = [
        Sample(1001, 1000 * instructions, counts, time * 1e-6)
        for time in (times if isinstance(times, tuple) else (times,))
    ]
    return Cell(workload, Subject(technique), [Repetition(Sample(1, 0, {}, 0.0), sample) for sample in samples])


def found(*cells: Cell, **costs: Costs) -> str:
    workloads = find_workloads(list(dict.fromkeys(one.workload for one in cells)))
    subjects = list(dict.fromkeys(one.subject for one in cells))
    experiment = Experiment(workloads, subjects, {(one.workload, one.subject): one for one in cells})
    for workload in workloads:
        for subject in subjects:
            experiment.cells.setdefault((workload.name, subject), Cell(workload.name, subject, missing="not here"))
    experiment.costs = {Subject(name): one for name, one in costs.items()}
    return " ".join(finding_lines(experiment, 10_000))


BARE = cell("switch", "bare", 10.0)


def test_the_fastest_is_named_with_both_times_and_exits() -> None:
    said = found(BARE, cell("switch", "trap", 100.0, crw=3), cell("switch", "para", 20.0, hypercall=1))
    assert "of 1 workload: para on 1 (most clearly switch, 20 ns with 1 exit against trap's 100 with 3)." in said


@pytest.mark.parametrize("times", [(20.0, 100.0), (15.0, 20.0, 21.0), (99.0,), (96.0,)])
def test_nobody_wins_whose_interval_meets_another_s_or_who_is_ahead_by_little(times: tuple[float, ...]) -> None:
    other = (20.5, 100.0) if times[0] < 90 else (100.0,)
    said = found(BARE, cell("switch", "trap", other, crw=3), cell("switch", "para", times, hypercall=1))
    assert "On switch no technique is faster than all others by more than noise." in said
    assert "Fastest" not in said


def test_a_third_one_whose_interval_reaches_down_leaves_it_open() -> None:
    cells = (cell("switch", "para", 20.0), cell("switch", "trap", 50.0), cell("switch", "assist", (10.0, 90.0, 95.0)))
    assert "Fastest" not in found(BARE, *cells)


def test_variants_of_a_technique_do_not_compete_with_one_another() -> None:
    cells = (cell("switch", "rewrite", 50.0), cell("switch", "rewrite+adaptive", 49.0), cell("switch", "trap", 90.0))
    assert "rewrite on 1 (most clearly switch, 49 ns" in found(BARE, *cells)
    assert "Fastest" not in found(BARE, *cells[:2])
    assert "On none" not in found(BARE, *cells[:2])


def test_what_is_missing_failed_or_interrupted_neither_wins_nor_loses() -> None:
    failed = Cell("switch", Subject("assist"), failed="it broke")
    cut = Cell("switch", Subject("para"), missing=INTERRUPTED)
    said = found(BARE, cell("switch", "trap", 100.0, crw=3), failed, cut)
    assert "Fastest" not in said
    assert "assist" not in said
    assert "para" not in said


def test_without_a_bare_machine_nothing_is_found() -> None:
    assert found(cell("switch", "trap", 100.0), cell("switch", "para", 20.0)) == ""


def test_the_dearest_is_explained_by_the_exit_that_takes_most_and_its_price() -> None:
    trap = cell("syscall", "trap", 100.0, 8, syscall=1, eret=3)
    said = found(cell("syscall", "bare", 10.0, 8), trap, trap=Costs(1.0, {"syscall": 60.0, "eret": 10.0}))
    assert (
        "Dearest is syscall on trap, 10.00 times the bare machine's: its 8 instructions take 4 exits, which are 90% of "
        "its 100 ns; most is syscall, 1 x 60 ns." in said
    )


@pytest.mark.parametrize("costs", [None, Costs(1.0, {"eret": 1.0}), Costs(1.0, {"syscall": 30.0, "eret": 1.0})])
def test_prices_that_do_not_explain_the_time_are_not_given_as_its_reason(costs: Costs | None) -> None:
    trap = cell("syscall", "trap", 100.0, 8, syscall=1, eret=3)
    said = found(cell("syscall", "bare", 10.0, 8), trap, **({} if costs is None else {"trap": costs}))
    assert "its 8 instructions take 4 exits, 3 of them eret." in said
    assert "% of its" not in said


@pytest.mark.parametrize(
    "trap",
    [
        cell("syscall", "trap", 10.2, syscall=1),  # no dearer than noise
        cell("syscall", "trap", (10.0, 30.0, 31.0), syscall=1),  # perhaps
        cell("syscall", "trap", 100.0),  # but no exit makes it so
    ],
)
def test_nothing_is_dearest_unless_it_is_dear_and_exits(trap: Cell) -> None:
    assert "Dearest" not in found(cell("syscall", "bare", 10.0), trap)


def test_cells_without_exits_are_counted() -> None:
    cells = [cell("switch", "trap", 10.2), cell("switch", "assist", 20.0), cell("callret", "trap", 5.0, crw=1)]
    said = found(BARE, cell("callret", "bare", 5.0), *cells)
    assert "Of 2 cells where nothing exits 1 is within 5% of the bare machine." in said, "both have one"
    said = found(BARE, cell("callret", "bare", 5.0), *cells, cell("callret", "assist", 9.0))
    assert "within 5% of the bare machine; assist has most of them, 2 of 2." in said


@pytest.mark.parametrize("alike", [0, 1, 2])
def test_one_cell_is_and_several_are(alike: int) -> None:
    cells = [cell(name, "trap", 10.0 if place < alike else 20.0) for place, name in enumerate(("switch", "callret"))]
    said = found(BARE, cell("callret", "bare", 10.0), *cells)
    assert f"Of 2 cells where nothing exits {alike} {'is' if alike == 1 else 'are'} within 5%" in said


@pytest.mark.parametrize("dearest", WORKLOADS)
@pytest.mark.parametrize("reason", ["crw", "out", "eret"])
def test_the_dearest_is_explained_by_its_own_account_and_no_other_one_s(dearest: str, reason: str) -> None:
    """Each workload exits for each reason, and is dearest for another one."""
    reasons, prices = ("crw", "out", "eret"), {"crw": 11.0, "out": 13.0, "eret": 17.0}
    cells = [cell(name, "bare", 10.0) for name in WORKLOADS]
    for place, name in enumerate(WORKLOADS):
        mine = reason if name == dearest else reasons[(reasons.index(reason) + 1 + place % 2) % 3]
        counts = {one: (9.0 if one == mine else 2.0) + (3 if name == dearest else place) for one in reasons}
        time = 10.0 + sum(counts[one] * prices[one] for one in reasons)
        cells.append(cell(name, "trap", time, **counts))
        if name == dearest:
            most, whole = counts[reason] * prices[reason], time
    said = found(*cells, bare=Costs(1.0, {}, {}), trap=Costs(1.0, prices, {}))
    assert f"Dearest is {dearest} on trap, {whole / 10:.2f} times the bare machine's: its 10 instructions take " in said
    assert f"of its {whole:g} ns; most is {reason}, {most / prices[reason]:g} x {prices[reason]:g} ns." in said


@pytest.mark.parametrize(
    ("para", "is_said"),
    [
        (cell("diskcopy", "para", 50.0, 15, hypercall=1.25), True),
        (cell("diskcopy", "para", 96.0, 15, hypercall=1.25), False),  # hardly cheaper
        (cell("diskcopy", "para", (40.0, 50.0, 99.0), 15, hypercall=1.25), False),  # perhaps not
        (cell("diskcopy", "para", 50.0, 600, hypercall=1.25), False),  # not for fewer instructions
    ],
)
def test_a_monitor_is_cheaper_than_none_where_fewer_instructions_take_clearly_less(para: Cell, is_said: bool) -> None:
    said = found(cell("diskcopy", "bare", 100.0, 574), para)
    sentence = "diskcopy on para takes 0.50 of the time, as 15 instructions and 1.25 exits do what took 574"
    assert (sentence in said) is is_said
    assert ("cheaper" in said) is is_said


THEIRS = {"bare": 11.0, "rewrite+adaptive": 51.0, "assist+shadow": 11.0}  # of callret, in cycles


def callret(**times: float) -> list[Cell]:
    return [cell("callret", name, time) for name, time in {**THEIRS, **times}.items()]


def test_orders_that_hold_are_said_to_hold() -> None:
    assert "Of 1 order of Adams and Agesen, ASPLOS 2006, every one holds here." in found(*callret())


def test_an_order_that_does_not_hold_is_told_with_both_figures_marks_and_the_reason() -> None:
    said = found(*callret(**{"rewrite+adaptive": 11.0}))
    assert "Of 1 order of Adams and Agesen, ASPLOS 2006, none holds here. Furthest away is callret: theirs are" in said
    assert "native 11 n and software 51 n cycles (n read in a note that quotes the paper), ours 11 and 11 ns: " in said
    assert said.endswith("ours replaces instructions in place and leaves calls and returns alone.")


def test_nothing_is_said_of_papers_whose_techniques_were_not_measured() -> None:
    assert "Adams" not in found(cell("callret", "bare", 11.0), cell("callret", "trap", 11.0))
    assert "Adams" not in found(BARE, cell("switch", "assist+shadow", 10.0))


TABLES = st.fixed_dictionaries(
    {
        (workload, name): st.one_of(st.none(), st.tuples(st.floats(0.1, 1e4), st.integers(0, 3)))
        for workload in WORKLOADS
        for name in NAMES
    }
)


@given(TABLES)
def test_whatever_is_measured_there_are_at_most_five_sentences_and_all_that_they_name_is_there(
    table: dict[tuple[str, str], tuple[float, int] | None],
) -> None:
    cells = [
        Cell(workload, Subject(name), missing="not here")
        if figures is None
        else cell(workload, name, figures[0], 10, **({"crw": figures[1]} if figures[1] and name != "bare" else {}))
        for (workload, name), figures in table.items()
    ]
    said = found(*cells)
    starts = ("Fastest", "On none", "Dearest", "Of ", "A monitor")
    assert sum(said.count(f"{start}") for start in starts[:3]) <= 2
    if "Dearest is " in said:
        workload, _, rest = said.partition("Dearest is ")[2].partition(" on ")
        figures, bare = table[workload, rest.partition(",")[0]], table[workload, "bare"]
        assert figures is not None
        assert bare is not None
        assert figures[1] > 0
        ratios = [
            one[0] / base[0]
            for (name, technique), one in table.items()
            if one is not None and technique != "bare" and (base := table[name, "bare"]) is not None
        ]
        assert figures[0] / bare[0] == pytest.approx(max(ratios))
