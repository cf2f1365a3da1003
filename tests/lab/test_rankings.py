"""The order of techniques beside the published one: derived from the cells, and explained where it differs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import exp, log

import pytest

from toyvm.lab.experiment import Experiment
from toyvm.lab.literature import published_lines
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.published import DIFFERENCES, FIGURES, PLAYED_BY, Role
from toyvm.lab.rankings import TOLERANCE, UNEXPLAINED, Disagreement, Time, comparisons, order, order_records, players
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import BY_NAME, Option


def repetition(time: float) -> Repetition:
    """One that takes so many ns an operation."""
    return Repetition(Sample(1, 10, {}, 0.0), Sample(11, 110, {}, time * 1e-8))


def experiment_with(times: Mapping[str, Mapping[str, float]]) -> Experiment:
    """An experiment whose cells have these times in ns, by workload and technique; 0: not measured there."""
    names = list(dict.fromkeys(name for row in times.values() for name in row))
    experiment = Experiment(find_workloads(list(times)), [Subject(name) for name in names])
    for workload, row in times.items():
        for subject in experiment.subjects:
            cell = Cell(workload, subject)
            if row.get(subject.technique):
                cell.repetitions.append(repetition(row[subject.technique]))
            else:
                cell.missing = "not here"
            experiment.cells[workload, subject] = cell
    return experiment


AS_THEIRS = {"bare": 11.0, "rewrite+adaptive": 51.0, "assist+shadow": 11.0}


def test_an_order_is_written_from_the_fastest_on_and_what_is_close_is_equal() -> None:
    times = {Role.SOFTWARE: 100.0, Role.NATIVE: 10.0, Role.HARDWARE: 10.0 * TOLERANCE}
    assert order({role: Time(time, time, time) for role, time in times.items()}) == "native = hardware < software"
    times[Role.HARDWARE] *= 1.01
    assert order({role: Time(time, time, time) for role, time in times.items()}) == "native < hardware < software"


def test_times_whose_ranges_overlap_are_equal() -> None:
    times = {Role.NATIVE: Time(10.0, 9.0, 30.0), Role.HARDWARE: Time(40.0, 29.0, 41.0)}
    assert order(times) == "native = hardware"
    times[Role.NATIVE] = Time(10.0, 9.0, 28.0)
    assert order(times) == "native < hardware"


@pytest.mark.parametrize(("low", "ours"), [(40.0, "="), (50.0, "="), (51.0, ">")])
def test_a_slower_one_whose_range_overlaps_the_other_s_is_no_difference(low: float, ours: str) -> None:
    experiment = experiment_with({"syscall": {"bare": 100.0, "assist+shadow": 50.0}})
    for subject in experiment.subjects:
        times = [low, 100.0] if subject.technique == "bare" else [45.0, 50.0]
        experiment.cells["syscall", subject].repetitions += map(repetition, times)
    (one,) = comparisons(experiment)
    assert one.theirs == "native = hardware"
    assert one.ours == ("native = hardware" if ours == "=" else "hardware < native")
    assert [reason.partition(":")[0] for reason in one.reasons] == ["native > hardware, theirs ="] * (ours == ">")


def test_times_that_are_close_are_equal_though_their_ranges_lie_apart() -> None:
    one, other = Time(100.0, 100.0, 100.0), Time(100.0 * TOLERANCE, 100.0 * TOLERANCE, 100.0 * TOLERANCE)
    experiment = experiment_with({"callret": {**AS_THEIRS, "assist+shadow": 11.0 * TOLERANCE}})
    assert order({Role.NATIVE: other, Role.HARDWARE: one}) == "native = hardware"
    assert [each.ours for each in comparisons(experiment)] == ["native = hardware < software"]
    experiment = experiment_with({"callret": {**AS_THEIRS, "bare": 11.0 * TOLERANCE}})
    assert [each.reasons for each in comparisons(experiment)] == [()]


@pytest.mark.parametrize("ours", [(1.0, 1.0), (2.0, 5.0), (5.0, 2.0), (0.1, 1e6)])
@pytest.mark.parametrize("theirs", [(1.0, 1.0), (3.0, 4.0), (400.0, 3.0)])
def test_a_distance_is_the_factor_between_the_quotients_whichever_way(
    ours: tuple[float, float], theirs: tuple[float, float]
) -> None:
    def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
        return Disagreement((Role.NATIVE, Role.HARDWARE), 1, 0, one, other, "").distance

    factor = ours[0] / ours[1] * theirs[1] / theirs[0]
    assert exp(distance(ours, theirs)) == pytest.approx(max(factor, 1 / factor))
    assert distance(theirs, ours) == pytest.approx(distance(ours, theirs))
    assert distance(ours[::-1], theirs[::-1]) == pytest.approx(distance(ours, theirs))
    for nothing in (0.0, -1.0):
        assert distance((nothing, 2.0), theirs) == distance((2.0, nothing), theirs) == 0.0
    assert distance((1e-9, 2.0), (2.0, 2.0)) == pytest.approx(log(2e9))


@pytest.mark.parametrize(
    ("subjects", "chosen"),
    [
        ([("bare", "interpreter"), ("bare", "recompiler"), ("assist", "recompiler")], "interpreter"),
        ([("assist", "interpreter"), ("bare", "recompiler"), ("assist", "recompiler")], "recompiler"),
        ([("assist", "recompiler"), ("assist", "interpreter")], "recompiler"),
        ([("assist", "interpreter"), ("rewrite", "recompiler")], "interpreter"),
    ],
)
def test_all_parts_are_played_on_the_first_bare_machine_s_engine_else_on_the_first_one(
    subjects: list[tuple[str, str]], chosen: str
) -> None:
    made = [Subject(technique, engine) for technique, engine in subjects]
    found = players(Experiment(find_workloads(["syscall"]), made))
    assert list(found.values()) == [one for one in made if one.engine == chosen]


def test_the_same_order_needs_no_reason() -> None:
    (one,) = comparisons(experiment_with({"callret": AS_THEIRS}))
    assert (one.theirs, one.ours, one.reasons) == (one.ours, "native = hardware < software", ())


def test_another_order_is_explained_pair_by_pair() -> None:
    (one,) = comparisons(experiment_with({"callret": {**AS_THEIRS, "rewrite+adaptive": 11.0}}))
    assert one.ours == "native = software = hardware"
    assert [reason.partition(":")[0] for reason in one.reasons] == [
        "native = software, theirs <",
        "software = hardware, theirs >",
    ]
    assert UNEXPLAINED not in " ".join(one.reasons)


def test_a_difference_that_nobody_declared_is_said_to_be_unexplained() -> None:
    (one,) = comparisons(experiment_with({"syscall": {"bare": 100.0, "assist+shadow": 1.0}}))
    assert one.reasons == (f"native > hardware, theirs =: {UNEXPLAINED}",)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_only_what_was_measured_is_compared(size: int) -> None:
    every = {**AS_THEIRS, "assist": 12.0}
    for names in combinations(every, size):
        experiment = experiment_with({"callret": {name: every[name] for name in names}})
        parts = set(players(experiment))
        assert {name for role in parts for name in PLAYED_BY[role]} >= set(names)
        found = comparisons(experiment)
        assert len(found) == (len(parts - {Role.LATER}) > 1)
        for one in found:
            assert set(one.theirs.replace("=", "<").split(" < ")) == parts - {Role.LATER}
            assert set(one.ours.replace("=", "<").split(" < ")) == parts
        assert all(len(line) <= 80 for line in published_lines(experiment, 80))


def test_a_cell_without_figures_is_left_out() -> None:
    (one,) = comparisons(experiment_with({"callret": {**AS_THEIRS, "assist+shadow": 0.0}}))
    assert one.ours == "native < software"


def test_the_static_rewriter_stands_in_where_the_adaptive_one_was_not_measured() -> None:
    experiment = experiment_with({"callret": {"bare": 1.0, "rewrite": 1.0}})
    assert players(experiment)[Role.SOFTWARE].technique == "rewrite"
    experiment = experiment_with({"callret": {"bare": 1.0, "rewrite": 1.0, "rewrite+adaptive": 1.0}})
    assert players(experiment)[Role.SOFTWARE].technique == "rewrite+adaptive"


def test_orders_and_reasons_are_printed_beneath_the_published_figures() -> None:
    times = {"callret": {**AS_THEIRS, "rewrite+adaptive": 11.0}, "syscall": AS_THEIRS}
    text = "\n".join(published_lines(experiment_with(times), 118))
    for part in ("callret      native = hardware < software  native = software = hardware", "each return had to be"):
        assert part in text


def test_the_record_has_every_order_and_reason() -> None:
    (record,) = order_records(experiment_with({"callret": {**AS_THEIRS, "rewrite+adaptive": 11.0}}))
    assert (record["workload"], record["theirs"]) == ("callret", "native = hardware < software")
    assert len(record["reasons"]) == 2


def test_every_difference_is_about_a_published_figure_and_a_pair_in_its_order() -> None:
    for difference in DIFFERENCES:
        figure = next(figure for figure in FIGURES if figure.workload == difference.workload)
        assert all(figure.of(role) is not None for role in difference.pair)
        assert list(difference.pair) == [role for role in Role if role in difference.pair]
        assert not difference.reason.endswith(".")


def test_every_part_is_played_by_a_technique_as_variants_are_written() -> None:
    for name in (name for names in PLAYED_BY.values() for name in names):
        technique, *options = name.split("+")
        assert technique in {*BY_NAME, "rewrite"}
        assert set(options) <= set(Option)
