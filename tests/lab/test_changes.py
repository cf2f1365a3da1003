"""Changes since a baseline: exact counts that differ, times beyond noise, and no others."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.errors import BadFileError
from toyvm.lab.changes import Comparison, change_lines, compare, read_baseline

MACHINE = {"cpu": "one", "system": "Linux", "python": "3", "toyvm": "1", "commit": "0123456"}


def cell(workload: str = "syscall", technique: str = "trap", **other: Any) -> dict[str, Any]:
    return {
        "workload": workload,
        "technique": technique,
        "engine": "interpreter",
        "hardware": "strict",
        "repetitions": 9,
        "ns": 100.0,
        "ns_interval": [99.0, 101.0],
        "ratio": 10.0,
        "ratio_interval": [9.9, 10.1],
        "instructions": 8.0,
        "exits_by_reason": {"eret": 1.0},
        **other,
    }


def run(*cells: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return {"schema": 1, "cells": list(cells), "machine": {**MACHINE, **machine}}


def changes(old: dict[str, Any], new: dict[str, Any], **machine: Any) -> list[str]:
    return [str(change) for change in compare(run(old), run(new, **machine)).changes]


def test_nothing_has_changed_since_the_same_run() -> None:
    found = compare(run(cell(), cell("boot")), run(cell(), cell("boot")))
    assert found == Comparison((), 2, 0, (), ())
    assert not found.has_changed


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"ratio": 12.0, "ratio_interval": [11.8, 12.2]}, ["syscall on trap: x bare 10 -> 12 (+20%)"]),
        ({"ratio": 8.0, "ratio_interval": [7.8, 8.2]}, ["syscall on trap: x bare 10 -> 8 (-20%)"]),
        ({"ratio": 12.0, "ratio_interval": [10.05, 14.0]}, []),  # within noise
        ({"ratio": 10.3, "ratio_interval": [10.2, 10.4]}, []),  # beyond it, but of no account
        ({"ns": 200.0, "ns_interval": [199.0, 201.0]}, []),  # as the bare machine's was
        ({"instructions": 9.0}, ["syscall on trap: instructions 8 -> 9 (+12%)"]),
        ({"instructions": 8.001}, []),
        ({"exits_by_reason": {"eret": 2.0}}, ["syscall on trap: exits eret 1 -> 2 (+100%)"]),
        ({"exits_by_reason": {}}, ["syscall on trap: exits eret 1 -> 0 (-100%)"]),
        ({"exits_by_reason": {"eret": 1.0, "crw epc": 1.0}}, ["syscall on trap: exits crw epc 0 -> 1"]),
    ],
)
def test_what_changed_is_told_and_nothing_else(now: dict[str, Any], said: list[str]) -> None:
    assert changes(cell(), cell(**now)) == said


def test_with_few_repetitions_counts_alone_are_compared() -> None:
    slow = {"ratio": 20.0, "ratio_interval": [19.0, 21.0], "repetitions": 3}
    found = compare(run(cell()), run(cell(**slow)))
    assert (found.changes, found.untimed) == ((), 1)
    assert changes(cell(), cell(**slow, instructions=9.0)) == ["syscall on trap: instructions 8 -> 9 (+12%)"]
    assert "fewer than 6 repetitions" in " ".join(change_lines(found, run(cell()), "a.json", 80))


@pytest.mark.parametrize("technique", ["bare", "para"])
def test_a_time_without_a_ratio_is_compared_on_the_same_cpu_alone(technique: str) -> None:
    nothing = (
        {"ratio": None, "ratio_interval": None} if technique == "para" else {"ratio": 1.0, "ratio_interval": [1, 1]}
    )
    old, new = (cell(technique=technique, **nothing, ns=ns, ns_interval=[ns, ns]) for ns in (100.0, 130.0))
    assert changes(old, new) == [f"syscall on {technique}: ns 100 -> 130 (+30%)"]
    assert changes(old, new, cpu="another") == []


def test_cells_that_only_one_run_has_are_named_and_have_not_changed() -> None:
    found = compare(run(cell("boot"), cell()), run(cell(), cell("switch", "para")))
    assert (found.gone, found.new, found.has_changed) == (("boot on trap",), ("switch on para",), False)
    said = list(change_lines(found, run(), "a.json", 80))
    assert said == [
        "Of 1 cell that a.json (0123456) has too none has changed beyond noise.",
        "Only there: boot on trap.",
        "Only here: switch on para.",
    ]


def test_counts_are_told_before_times() -> None:
    slower = {"ratio": 12.0, "ratio_interval": [11.8, 12.2]}
    before, now = run(cell(), cell("boot")), run(cell(**slower), cell("boot", instructions=9.0))
    said = list(change_lines(compare(before, now), before, "a.json", 80))
    assert said[0] == "Of 2 cells that a.json (0123456) has too 2 have changed beyond noise:"
    assert [line.split(":")[0].strip() for line in said[1:]] == ["boot on trap", "syscall on trap"]


NUMBERS = st.floats(0.01, 1e6)


@given(NUMBERS, NUMBERS, st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_change_seen_one_way_is_seen_the_other_way(one: float, other: float, wide: float, narrow: float) -> None:
    first = cell(ratio=one, ratio_interval=[one * (1 - wide), one * (1 + wide)])
    second = cell(ratio=other, ratio_interval=[other * (1 - narrow), other * (1 + narrow)])
    assert len(changes(first, second)) == len(changes(second, first))
    if changes(first, second):
        assert abs(one - other) > 0.05 * min(one, other)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("cells"),
        lambda record: record.pop("machine"),
        lambda record: record.update(machine={}),
        lambda record: record["cells"].append(5),
        lambda record: record["cells"][0].pop("ns"),
        lambda record: record["cells"][0].update(ns="fast"),
        lambda record: record["cells"][0].update(workload=5),
        lambda record: record["cells"][0].update(ratio_interval=[2, 1]),
        lambda record: record["cells"][0].update(ratio="2"),
        lambda record: record["cells"][0].update(ns_interval=None),
        lambda record: record["cells"][0].update(instructions=10**400),
        lambda record: record["machine"].pop("system"),
        lambda record: record["cells"][0].update(ns_interval=None, ratio_interval=5),
        lambda record: record["cells"][0].update(exits_by_reason=[1]),
        lambda record: record["cells"][0].update(exits_by_reason={"eret": None}),
        lambda record: record.update(schema=2),
    ],
)
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, spoil: Any) -> None:
    record = deepcopy(run(cell()))
    spoil(record)
    path = tmp_path / "old.json"
    path.write_text(json.dumps(record))
    with pytest.raises(BadFileError, match=r"old\.json: "):
        read_baseline(path)


@pytest.mark.parametrize("text", ["", "[]", "5", "{", "\x00", '{"schema": 1}'])
def test_a_file_that_is_not_even_that_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(BadFileError, match=r"old\.json: not what `toyvm lab --json` writes"):
        read_baseline(path)
