"""Of the exits of one mnemonic, the parts that name each register and port, from counts that are made up."""

from __future__ import annotations

from collections import Counter

import pytest

from toyvm import load_program
from toyvm.lab import operands
from toyvm.lab.operands import operand_shares
from toyvm.lab.subjects import Subject
from toyvm.lab.tasks import BASELINE_OPERATIONS, OwnKernel

HELLO = load_program("hello")


def test_parts_are_of_the_reason_s_own_exits_beyond_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, list[str]]] = []

    def count(subject: object, task: object, operations: int, reasons: list[str]) -> Counter[object]:
        asked.append((operations, reasons))
        if operations == BASELINE_OPERATIONS:
            return Counter({("crw", "tvec"): 5, ("crw", "ptbr"): 1, ("in", "console"): 2})
        return Counter({("crw", "tvec"): 5, ("crw", "ptbr"): 4, ("crw", "epc"): 9, ("in", "console"): 2})

    monkeypatch.setattr(operands, "_counted", count)
    shares = operand_shares(Subject("trap"), OwnKernel(HELLO, period=100), {"crw": 1.0, "in": 0.5, "spin": 3.0})
    assert shares == {"crw": {"ptbr": 0.25, "epc": 0.75}}
    assert asked == [(BASELINE_OPERATIONS + 100, ["crw", "in"]), (BASELINE_OPERATIONS, ["crw", "in"])]
    assert operand_shares(Subject("trap"), OwnKernel(HELLO), {"spin": 3.0}) == {}
    assert len(asked) == 2, "what names nothing is not counted"


def test_parts_of_two_reasons_sum_up_to_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [Counter({("crw", "tvec"): 3, ("crr", "epc"): 8, ("crr", "tval"): 8}), Counter[object]()]
    monkeypatch.setattr(operands, "_counted", lambda *_: counts.pop(0))
    shares = operand_shares(Subject("trap"), OwnKernel(HELLO), {"crw": 1.0, "crr": 1.0})
    assert shares == {"crw": {"tvec": 1.0}, "crr": {"epc": 0.5, "tval": 0.5}}
