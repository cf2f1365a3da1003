"""Whatever was measured: each figure of its records is worked out again from the samples, and files lose nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from toyvm.isa.machine import Level
from toyvm.lab.contexts import context_records
from toyvm.lab.engines import Gain, gain_records
from toyvm.lab.experiment import Experiment, records, whole_record
from toyvm.lab.exports import csv_bytes, latex_bytes, markdown_bytes, rows
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.merging import merge
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.results import SCHEMA, cell_records
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import CONTAINER, UNDIVIDED

MACHINE = {"cpu": "one, two", "system": 'a "quoted" one', "python": "3", "toyvm": "1", "commit": None}
SUBJECTS = [
    *(Subject("bare"), Subject("trap"), Subject("assist", level=Level.ASSIST), Subject("bare", "recompiler")),
    *(Subject("trap", "recompiler"), Subject("para"), Subject("Mine", like="trap")),
]
WORKLOADS = ["syscall", "callret", "forkwait"]
REASONS = ["eret", "out", "crw", "hypercall"]
CALLS = ["iret", "yield"]
LARGE = 1 << 60  # beyond what a double holds exactly
seeds = pytest.mark.parametrize("seed", range(10))


def sample(random: Random, operations: int, size: int) -> Sample:
    """A run in which no two figures are alike; what `size` bounds grows with it."""

    def counts(names: list[str]) -> dict[str, int]:
        return {name: random.randint(size, 2 * size) for name in names}

    return Sample(
        operations,
        LARGE + random.randint(size, 2 * size),
        counts(REASONS),
        random.uniform(size, 2 * size) * 1e-6,
        counts(CALLS),
        random.randint(size, 2 * size),
        random.randint(size, 2 * size),
        random.uniform(size, 2 * size) * 1e-7,
        {"out": counts(["console", "power"]), "crw": counts(["ptbr", "a, b"])},
        counts(["walks", "marks"]),
        counts(["looks", "crw"]),
        {name: random.uniform(size, 2 * size) for name in ("looks", "crw")},
    )


def cell(random: Random, workload: str, subject: Subject) -> Cell:
    what = random.choice(["measured"] * 6 + ["missing", "failed"])
    if what != "measured":
        return Cell(workload, subject, **{what: f"because of {workload}"})
    numbers = sorted(random.sample(range(20), random.randint(1, 9)))
    made = [Repetition(sample(random, 3, 10), sample(random, random.randint(10, 90), 1000), n) for n in numbers]
    return Cell(workload, subject, made, operands=made[0].operands)


def experiment(seed: int) -> Experiment:
    random = Random(seed)
    subjects = [SUBJECTS[0], *random.sample(SUBJECTS[1:], 4)]
    if seed % 5 == 4:
        del subjects[0]
    cells = {(name, one): cell(random, name, one) for name in WORKLOADS for one in subjects}
    found = Experiment(find_workloads(WORKLOADS), subjects, cells)
    for one in subjects:
        if random.random() < 0.7:
            prices = {reason: random.uniform(1, 50) for reason in ("eret", "crw ptbr", "hypercall yield")}
            found.costs[one] = Costs(random.uniform(1, 9), prices, {"eret": random.uniform(0, 1)})
    return found


def file_of(made: Experiment) -> dict[str, Any]:
    """As `--json` writes it."""
    return {
        "schema": SCHEMA,
        "interrupted": made.is_interrupted,
        "cells": cell_records(made),
        **whole_record(made, dict(MACHINE), {}),
    }


def median(values: list[Fraction]) -> Fraction:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def times(cell: Cell) -> list[Fraction]:
    """Nanoseconds an operation, of each repetition."""
    return [
        Fraction(one.sample.cpu_seconds - one.baseline.cpu_seconds)
        * 10**9
        / (one.sample.operations - one.baseline.operations)
        for one in cell.repetitions
    ]


def bounds(values: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Of up to nine values: all but the outermost ones of nine, as one of them lies outside in 1 of 25 cases."""
    ordered = sorted(values)
    return (ordered[1], ordered[-2]) if len(ordered) == 9 else (ordered[0], ordered[-1])


def expected_exits(cell: Cell) -> dict[str, Fraction]:
    """Of the first repetition, by reason, each register, port and hypercall for itself."""
    first = cell.repetitions[0]
    operations = first.sample.operations - first.baseline.operations

    def more(kind: str, *place: str) -> Iterator[tuple[str, Fraction]]:
        new, old = getattr(first.sample, kind), getattr(first.baseline, kind)
        for key in place:
            new, old = new[key], old[key]
        return ((name, Fraction(count - old[name], operations)) for name, count in new.items())

    found: dict[str, Fraction] = {}
    for reason, count in more("exits"):
        if reason in first.sample.operands:
            named = dict(more("operands", reason))
            whole = sum(named.values())
            found |= {f"{reason} {name}": count * part / whole for name, part in named.items()}
        elif reason != "hypercall":
            found[reason] = count
    return found | {f"hypercall {name}": count for name, count in more("hypercalls")}


def close(value: Any) -> Any:
    return pytest.approx(float(value), rel=1e-9)


@seeds
def test_each_figure_of_a_cell_is_what_its_samples_come_to(seed: int) -> None:
    made = experiment(seed)
    measured = [one for one in made.cells.values() if one.repetitions]
    found = cell_records(made)
    assert [(one["workload"], one["technique"], one["engine"], one["hardware"]) for one in found] == [
        (one.workload, one.subject.technique, one.subject.engine, str(one.subject.level)) for one in measured
    ]
    for record, one in zip(found, measured, strict=True):
        bare = made.cells.get((one.workload, Subject("bare", one.subject.engine)))
        middle, (low, high) = median(times(one)), bounds(times(one))
        assert record["repetitions"] == len(one.repetitions)
        assert record["samples"] == [close(time) for time in times(one)]
        assert (record["ns"], record["ns_interval"]) == (close(middle), [close(low), close(high)])
        first = one.repetitions[0]
        operations = first.sample.operations - first.baseline.operations
        assert record["instructions"] == (first.sample.instructions - first.baseline.instructions) / operations
        assert record["exits_by_reason"] == {name: close(count) for name, count in expected_exits(one).items()}
        exits = sum(first.sample.exits.values()) - sum(first.baseline.exits.values())
        assert record["exits"] == close(Fraction(exits, operations))
        assert {reason: sum(parts.values()) for reason, parts in record["operands"].items()} == {
            reason: close(1) for reason in first.sample.operands
        }
        if bare is None or not bare.repetitions:
            assert (record["ratio"], record["ratio_interval"]) == (None, None)
        elif bare is one:
            assert (record["ratio"], record["ratio_interval"]) == (1, [1, 1])
        else:
            least, most = bounds(times(bare))
            assert record["ratio"] == close(middle / median(times(bare)))
            assert record["ratio_interval"] == [close(low / most), close(high / least)]


@seeds
def test_the_account_of_a_cell_has_every_exit_that_has_a_price_and_closes(seed: int) -> None:
    made = experiment(seed)
    for record in cell_records(made):
        subject = next(
            one for one in made.subjects if (one.technique, one.engine) == (record["technique"], record["engine"])
        )
        costs = made.costs.get(subject)
        assert (record["account"] is None) == (costs is None)
        if costs is None:
            continue
        account = record["account"]
        priced = {
            reason: count * costs.exits[reason]
            for reason, count in record["exits_by_reason"].items()
            if reason in costs.exits
        }
        assert account["exits_by_reason"] == {reason: close(spent) for reason, spent in priced.items()}
        parts = account["direct"] + account["hardware"] + sum(priced.values()) + account["unexplained"]
        assert parts == pytest.approx(record["ns"], rel=1e-6, abs=1e-6 * abs(account["direct"]))
        assert account["hardware"] >= 0


@seeds
def test_a_file_has_each_account_to_the_entry_and_says_why_a_cell_has_none(seed: int) -> None:
    made = experiment(seed)
    record = whole_record(made, MACHINE, {"repeats": 3})
    assert (record["machine"], record["configuration"], record["workloads"]) == (MACHINE, {"repeats": 3}, WORKLOADS)
    assert record["subjects"] == [
        {"technique": one.technique, "engine": one.engine, "hardware": str(one.level), "like": one.like}
        for one in made.subjects
    ]
    for key in ("missing", "failed"):
        assert record[key] == [
            {"workload": name, "technique": one.technique, "engine": one.engine, "why": f"because of {name}"}
            for (name, one), cell in made.cells.items()
            if getattr(cell, key)
        ]
    assert record["costs"] == [
        {"technique": one.technique, "engine": one.engine, **asdict(costs)} for one, costs in made.costs.items()
    ]
    cells = [
        (one, made.cells[name, one])
        for one in made.subjects
        if one in made.costs
        for name in WORKLOADS
        if made.cells[name, one].repetitions
    ]
    for account, (subject, cell) in zip(record["accounts"], cells, strict=True):
        costs, exits = made.costs[subject], expected_exits(cell)
        assert (account["workload"], account["technique"]) == (cell.workload, subject.technique)
        assert account["total"] == close(median(times(cell)))
        low, high = bounds(times(cell))
        assert account["doubt"] == close((high - low) / 2)
        spent = [(one["cost"] or 0) * one["count"] for one in account["entries"]]
        assert spent == sorted(spent, reverse=True)
        assert {one["reason"]: one["count"] for one in account["entries"]} == {
            reason: close(count) for reason, count in exits.items()
        }
        assert all(one["cost"] == costs.exits.get(one["reason"]) for one in account["entries"])
        assert all(one["doubt"] == costs.doubts.get(one["reason"], 0) for one in account["entries"])
        assert (account["reason"] is None) == (abs(account["unexplained"]) <= account["total"] / 10)


@seeds
def test_a_line_of_csv_has_every_figure_of_its_cell_and_of_the_machine(seed: int) -> None:
    made = experiment(seed)
    found = cell_records(made)
    read = list(csv.DictReader(io.StringIO(csv_bytes(made, MACHINE).decode())))
    assert len(read) == len(found) == len(rows(made, MACHINE))
    for line, record in zip(read, found, strict=True):
        said = {key: line[key] for key in MACHINE}
        assert said == {key: value or "" for key, value in MACHINE.items()}
        plain = ("workload", "technique", "engine", "hardware", "repetitions", "ns", "instructions", "exits")
        assert {key: line[key] for key in plain} == {key: str(record[key]) for key in plain}
        assert int(line["outliers"]) == len(record["outliers"])
        low, high = record["ratio_interval"] or ("", "")
        assert [line["ns_low"], line["ns_high"]] == [str(bound) for bound in record["ns_interval"]]
        ratio = "" if record["ratio"] is None else str(record["ratio"])
        assert [line["ratio"], line["ratio_low"], line["ratio_high"]] == [ratio, str(low), str(high)]
        assert [float(one) for one in line["samples"].split(" ")] == record["samples"]
        exits = {key.removeprefix("exits:"): float(value) for key, value in line.items() if key.startswith("exits:")}
        assert {reason: count for reason, count in exits.items() if count} == record["exits_by_reason"]
        account = record["account"] or {"exits_by_reason": {}}
        for part in ("direct", "hardware", "unexplained"):
            assert line[f"{part}_ns"] == str(account.get(part, ""))
        spent = {key.removeprefix("ns:"): float(value) for key, value in line.items() if key[:3] == "ns:" and value}
        assert spent == account["exits_by_reason"]


@seeds
def test_every_repetition_is_a_record_of_all_its_counts(seed: int) -> None:
    made = experiment(seed)
    found = iter(records(made))
    for (workload, subject), one in made.cells.items():
        for repetition in one.repetitions:
            record = next(found)
            assert record == {
                **{"workload": workload, "technique": subject.technique, "engine": subject.engine},
                **{"hardware": str(subject.level), "repetition": repetition.number},
                **asdict(repetition.sample),
                "baseline": asdict(repetition.baseline),
            }
    assert next(found, None) is None


def short(value: float) -> str:
    """With three digits, or all before the point."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def said_of(made: Experiment, one: Cell) -> str:
    if not one.repetitions:
        return "fails" if one.failed else "-"
    bare = made.cells.get((one.workload, Subject("bare", one.subject.engine)))
    middle, (low, high) = median(times(one)), bounds(times(one))
    if bare is None or not bare.repetitions:
        return f"{short(float(middle))} ns ± {float((high - low) / 2 / middle):.0%}"
    if one is bare:
        return "1.00 ± 0.00"
    least, most = bounds(times(bare))
    return f"{short(float(middle / median(times(bare))))} ± {short(float((high / least - low / most) / 2))}"


@seeds
@pytest.mark.parametrize("who", ["all", "bare alone"])
def test_a_matrix_has_each_workload_and_whom_the_bare_machine_is_compared_with(seed: int, who: str) -> None:
    made = experiment(seed)
    if who == "bare alone":
        bare, random = Subject("bare"), Random(seed)
        cells = {(name, bare): cell(random, name, bare) for name in WORKLOADS}
        made = Experiment(made.workloads, [bare], cells)
    shown = [one for one in made.subjects if one.technique != "bare"] or [Subject("bare")]
    table = [["workload", *(one.label for one in shown)]]
    table += [[name, *(said_of(made, made.cells[name, one]) for one in shown)] for name in WORKLOADS]
    markdown = markdown_bytes(made, MACHINE).decode()
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    assert lines == [table[0], [":--", *["--:"] * len(shown)], *table[1:]]
    latex = latex_bytes(made, MACHINE).decode()
    lines = [line.strip().removesuffix(r" \\").split(" & ") for line in latex.splitlines() if line.endswith(r" \\")]
    assert [[one.replace(r" $\pm$ ", " ± ").replace(r"\%", "%") for one in line] for line in lines] == table
    assert f"\\begin{{tabular}}{{l{'r' * len(shown)}}}\n" in latex
    against = "" if made.base is None else ", as a multiple of the bare machine's (median, half of its interval)"
    source = f'Time of an operation{against}. Measured by toyvm 1 (of an unknown commit) on one, two, a "quoted" one.'
    assert markdown.endswith(f"\n\n{source}\n")
    assert f"\\caption{{{source}}}\n" in latex


def written(folder: Path, name: str, record: dict[str, Any]) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record))
    return path


@seeds
def test_what_was_written_is_read_to_the_same_file(tmp_path: Path, seed: int) -> None:
    record = file_of(experiment(seed))
    merged, machine = merge([written(tmp_path, "whole", record)])
    assert json.loads(json.dumps(file_of(merged))) == json.loads(json.dumps(record))
    assert machine == MACHINE


@seeds
def test_repetitions_that_are_dealt_out_to_files_come_together_again(tmp_path: Path, seed: int) -> None:
    """In any order of the files, with some in several of them."""
    random, record = Random(seed), file_of(experiment(seed))
    hands: list[list[dict[str, Any]]] = [[], [], []]
    for one in record["records"]:
        for hand in random.sample(hands, random.randint(1, 3)):
            hand.append(one)
    paths = []
    for number, hand in enumerate(hands):
        places = {(one["workload"], one["technique"], one["engine"]) for one in hand}
        absent = [
            {**{key: one[key] for key in ("workload", "technique", "engine")}, "why": "in another slice"}
            for one in record["cells"]
            if (one["workload"], one["technique"], one["engine"]) not in places
        ]
        part = {**record, "records": hand, "missing": record["missing"] + absent, "interrupted": number == 1}
        paths.append(written(tmp_path, str(number), part))
    random.shuffle(paths)
    merged, machine = merge(paths)
    assert merged.is_interrupted
    merged.is_interrupted = False
    assert json.loads(json.dumps(file_of(merged))) == json.loads(json.dumps(record))
    assert machine == MACHINE


@seeds
def test_what_recompiling_gains_is_worked_out_from_both_engines_cells(seed: int) -> None:
    random = Random(seed)
    subjects = [Subject(name, engine) for engine in ("interpreter", "recompiler") for name in ("bare", "trap", "para")]
    del subjects[random.choice([1, 2])]  # which was not interpreted
    random.shuffle(subjects)
    cells = {(name, one): cell(random, name, one) for name in WORKLOADS for one in subjects}
    made = Experiment(find_workloads(WORKLOADS), subjects, cells)
    for one in subjects:
        made.costs[one] = Costs(2.0, {"eret": random.uniform(1, 9), "crw ptbr": 3.0}, {})
    expected = []
    for compiled in subjects:
        for name in WORKLOADS:
            one, other = made.cells[name, compiled], made.cells.get((name, Subject(compiled.technique)))
            if compiled.engine != "recompiler" or not one.repetitions or other is None or not other.repetitions:
                continue
            first, last = one.repetitions[0], one.repetitions[-1]
            operations = first.sample.operations - first.baseline.operations
            instructions = Fraction(first.sample.instructions - first.baseline.instructions, operations)
            operations = last.sample.operations - last.baseline.operations
            retired = Fraction(last.sample.recompiled - last.baseline.recompiled, operations)
            entered = Fraction(last.sample.entered - last.baseline.entered, operations)
            spent = sum(
                float(count) * made.costs[compiled].exits.get(reason, 0.0)
                for reason, count in expected_exits(one).items()
            )
            compiling = sum(it.compiling_seconds for two in one.repetitions for it in (two.sample, two.baseline))
            expected.append(
                {
                    **{"workload": name, "technique": compiled.technique},
                    "gain": close(median(times(other)) / median(times(one))),
                    "compiled_share": close(retired / instructions),
                    "stay": close(retired / entered),
                    "exit_share": close(min(1.0, spent / float(median(times(one))))),
                    "compiling_seconds": close(compiling),
                }
            )
    found = gain_records(made)
    assert [{key: value for key, value in one.items() if key != "reason"} for one in found] == expected


@pytest.mark.parametrize(
    ("technique", "gain", "compiled", "stay", "exits", "reason"),
    [
        ("trap", 1.5, 0.1, 1.0, 0.9, None),
        ("trap", 1.49, 0.49, 1.0, 0.5, "exits"),
        ("trap", 1.49, 0.49, 1.0, 0.49, "little compiled"),
        ("trap", 1.49, 0.5, 49.9, 0.49, "short stays"),
        ("trap", 1.49, 0.5, 50.0, 0.49, "other"),
        ("trap", 1.49, 0.5, None, 0.49, "other"),
        ("hybrid", 1.49, 0.49, 1.0, 0.9, "emulated kernel"),
        ("hybrid", 1.49, 0.5, 1.0, 0.9, "exits"),
        ("hybrid+flush", 1.49, 0.49, 1.0, 0.9, "emulated kernel"),
    ],
)
def test_a_small_gain_has_the_first_reason_that_holds(
    technique: str, gain: float, compiled: float, stay: float | None, exits: float, reason: str | None
) -> None:
    assert Gain("syscall", technique, gain, compiled, stay, exits, 0.0).reason == reason


@seeds
def test_what_a_context_costs_is_the_difference_of_two_cells_on_one_engine(seed: int) -> None:
    random = Random(seed)
    subjects = [Subject(name, engine) for engine in ("interpreter", "recompiler") for name in (CONTAINER, UNDIVIDED)]
    subjects = random.sample([*subjects, Subject("bare")], random.randint(2, 5))
    workloads = [one for one in find_workloads() if one.is_same_inside][:3] + find_workloads(["syscall"])
    cells = {(work.name, one): cell(random, work.name, one) for work in workloads for one in subjects}
    made = Experiment(workloads, subjects, cells)
    expected = {}
    for work in workloads:
        for engine in ("interpreter", "recompiler"):
            inside, without = (made.cells.get((work.name, Subject(one, engine))) for one in (CONTAINER, UNDIVIDED))
            if inside is None or without is None or not work.is_same_inside:
                continue
            if inside.repetitions and without.repetitions:
                counts = [
                    record["instructions"]
                    for record in cell_records(made)
                    for one in (inside, without)
                    if (record["workload"], record["technique"], record["engine"])
                    == (one.workload, one.subject.technique, engine)
                ]
                if made.subjects.index(inside.subject) > made.subjects.index(without.subject):
                    counts.reverse()
                (low, high), (least, most) = bounds(times(inside)), bounds(times(without))
                expected[work.name, engine] = {
                    "instructions": pytest.approx(counts[0] - counts[1]),
                    "instructions_share": pytest.approx((counts[0] - counts[1]) / counts[1]),
                    "time_share": pytest.approx(float(median(times(inside)) / median(times(without)) - 1)),
                    "time_interval": (pytest.approx(float(low / most - 1)), pytest.approx(float(high / least - 1))),
                }
    found = {(one.pop("workload"), one.pop("engine")): one for one in context_records(made)}
    assert found == expected


@seeds
def test_a_sample_of_several_runs_is_the_sum_of_theirs_in_every_field(seed: int) -> None:
    random = Random(seed)
    runs = [sample(random, random.randint(1, 9), random.choice([1, 1000])) for _ in range(random.randint(1, 4))]
    runs[0] = replace(runs[0], exits={"out": 3, "only here": 1}, operands={"only here": {"x": 1}})

    def summed(values: list[Any]) -> Any:
        if not isinstance(values[0], dict):
            return pytest.approx(sum(values))
        names = dict.fromkeys(name for value in values for name in value)
        return {name: summed([value[name] for value in values if name in value]) for name in names}

    found = Sample.of_runs(77, runs)
    assert found.operations == 77
    for one in fields(Sample)[1:]:
        assert getattr(found, one.name) == summed([getattr(run, one.name) for run in runs]), one.name
    none = Sample.of_runs(5, [])
    assert none == Sample(5, 0, {}, 0)


@seeds
def test_what_was_watched_goes_through_files_and_is_taken_once(tmp_path: Path, seed: int) -> None:
    random, made = Random(seed), experiment(seed)
    measured = {place: one for place, one in made.cells.items() if one.repetitions}
    watched = {place: Repetition(sample(random, 3, 10), sample(random, 50, 1000)) for place in measured}
    with_laps = {place: replace(one, watched=watched[place]) for place, one in measured.items()}
    files = [written(tmp_path, "without", file_of(made))]
    files.append(written(tmp_path, "with", file_of(replace(made, cells={**made.cells, **with_laps}))))
    for order in (files, files[::-1], [*files, files[1]]):
        merged, _ = merge(order)
        assert {place: one.watched for place, one in merged.cells.items() if one.watched is not None} == watched
        assert all(merged.cells[place].laps.keys() == {"looks", "crw"} for place in watched)


@pytest.mark.parametrize("name", [one.name for one in fields(Sample)])
def test_a_repetition_is_another_one_wherever_its_samples_differ(tmp_path: Path, name: str) -> None:
    """So two of one number that differ in any figure are both kept when files are merged."""
    made = experiment(0)
    (place, one), *_ = (item for item in made.cells.items() if item[1].repetitions)
    first = one.repetitions[0]
    value = getattr(first.sample, name)
    other = {**value, "more": {"x": 1} if name == "operands" else 1} if isinstance(value, dict) else value + 1
    changed = replace(first, sample=replace(first.sample, **{name: other}))
    record = file_of(made)
    again = file_of(replace(made, cells={**made.cells, place: replace(one, repetitions=[changed])}))
    merged, _ = merge([written(tmp_path, "one", record), written(tmp_path, "other", again)])
    assert len(merged.cells[place].repetitions) == len(one.repetitions) + 1
    same, _ = merge([tmp_path / "one.json", tmp_path / "one.json"])
    assert len(same.cells[place].repetitions) == len(one.repetitions)
