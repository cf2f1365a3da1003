"""Of the exits of one mnemonic, the parts that name each register and port."""

from __future__ import annotations

import pytest

from toyvm.exits import NAMED
from toyvm.lab.measure import Repetition
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import COMPARED, parse_any


def repetition(baseline: dict[str, dict[str, int]], sample: dict[str, dict[str, int]]) -> Repetition:
    return Repetition(Sample(1, 10, {}, 0.1, operands=baseline), Sample(101, 1010, {}, 1.1, operands=sample))


def test_parts_are_of_the_exits_beyond_the_baseline_and_sum_up_to_one_each() -> None:
    baseline = {"crw": {"tvec": 5, "ptbr": 1}, "in": {"console_in": 2}}
    sample = {"crw": {"tvec": 5, "ptbr": 4, "epc": 9}, "in": {"console_in": 2}, "crr": {"epc": 8, "tval": 8}}
    assert repetition(baseline, sample).operands == {
        "crw": {"ptbr": 0.25, "epc": 0.75},
        "crr": {"epc": 0.5, "tval": 0.5},
    }


@pytest.mark.parametrize("technique", [name for name in COMPARED if name != "bare"])
def test_each_exit_of_an_instruction_that_names_something_is_counted_by_that_name(technique: str) -> None:
    subject = Subject(technique, level=parse_any(technique).level)
    for workload in find_workloads(["boot", "portio", "os/syscall"]):
        if workload.why_missing(technique) is None:
            sample = subject.run(workload.task(technique), 3)
            exits = {reason: count for reason, count in sample.exits.items() if reason in NAMED}
            assert {reason: sum(counts.values()) for reason, counts in sample.operands.items()} == exits
