"""Changes since an earlier run of the lab: exact counts that differ, and times that differ beyond noise.

A time has changed if its interval and the earlier one have nothing in common, and the medians are further apart than a
tolerance. What is compared is the ratio to the bare machine, which each run measured in turns with it: times differ
from day to day. Where there is none, and of the bare machine itself, they are compared where the CPU is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toyvm.arguments import check_text
from toyvm.lab.results import check_numbers, check_schema, read_results
from toyvm.lab.statistics import LEAST
from toyvm.lab.text import number, wrapped

TOLERANCE = 0.05  # of a median, that a time may move without having changed
# Of a count of an operation: what comes at the start is divided by operations that are more here, fewer there.
COUNT_TOLERANCE, COUNT_LEAST = 0.005, 0.005
_KEY = ("workload", "technique", "engine", "hardware")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What differs of one cell, by its name and theirs."""

    cell: str
    what: str  # "instructions", "exits trace", "x bare", "ns"
    before: float
    now: float

    @property
    def is_count(self) -> bool:
        return self.what not in ("x bare", "ns")

    def __str__(self) -> str:
        return f"{self.cell}: {self.what} {number(self.before)} -> {number(self.now)}{self._part}"

    @property
    def _part(self) -> str:
        return f" ({self.now / self.before - 1:+.0%})" if self.before else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs: what changed, and what could not be compared."""

    changes: tuple[Change, ...]
    compared: int  # cells
    untimed: int  # of them, those with too few repetitions to tell their noise
    gone: tuple[str, ...]  # that were there before
    new: tuple[str, ...]

    @property
    def has_changed(self) -> bool:
        return bool(self.changes)


def read_baseline(path: Path) -> Record:
    """What an earlier `toyvm lab --json` wrote. Raises BadFileError."""
    with read_results(path) as record:
        check_comparable(record, path)
        return record


def check_comparable(record: Record, path: Path) -> None:
    """Raises BadFileError, UsageError or what a boundary catches for what no results are, of a file."""
    check_schema(record, path)
    for cell in record["cells"]:
        _check(cell)


def _check(cell: Record) -> None:
    """Raise what a boundary catches for a cell that cannot be compared."""
    for key in _KEY:
        check_text(cell[key], key)
    for key in ("ns", "ratio") if cell["ratio_interval"] is not None else ("ns",):
        low, high = cell[f"{key}_interval"]
        check_numbers(cell[key], low, high)
        if not low <= high:
            raise ValueError(key)
    check_numbers(cell["instructions"], *cell["exits_by_reason"].values(), cell["repetitions"])


def compare(before: Record, now: Record) -> Comparison:
    """The two runs, as `--json` has them."""
    old, new = ({tuple(cell[key] for key in _KEY): cell for cell in record["cells"]} for record in (before, now))
    both = [key for key in new if key in old]
    same_cpu = before["machine"]["cpu"] == now["machine"]["cpu"]
    changes = [change for key in both for change in _changes(_name(key), old[key], new[key], same_cpu)]
    return Comparison(
        tuple(changes),
        len(both),
        sum(min(old[key]["repetitions"], new[key]["repetitions"]) < LEAST for key in both),
        tuple(_name(key) for key in old if key not in new),
        tuple(_name(key) for key in new if key not in old),
    )


def _name(key: Sequence[str]) -> str:
    workload, technique, engine, _ = key
    return f"{workload} on {technique}" if engine == "interpreter" else f"{workload} on {technique}, {engine}"


def _changes(name: str, old: Record, new: Record, same_cpu: bool) -> Iterator[Change]:
    if _counts_differ(old["instructions"], new["instructions"]):
        yield Change(name, "instructions", old["instructions"], new["instructions"])
    for reason in {**old["exits_by_reason"], **new["exits_by_reason"]}:
        before, now = (record["exits_by_reason"].get(reason, 0) for record in (old, new))
        if _counts_differ(before, now):
            yield Change(name, f"exits {reason}", before, now)
    if min(old["repetitions"], new["repetitions"]) < LEAST:
        return
    has_ratios = old["ratio_interval"] is not None and new["ratio_interval"] is not None
    if has_ratios and new["technique"] != "bare":
        if _times_differ(old["ratio"], old["ratio_interval"], new["ratio"], new["ratio_interval"]):
            yield Change(name, "x bare", old["ratio"], new["ratio"])
    elif same_cpu and _times_differ(old["ns"], old["ns_interval"], new["ns"], new["ns_interval"]):
        yield Change(name, "ns", old["ns"], new["ns"])


def _counts_differ(before: float, now: float) -> bool:
    return abs(now - before) > max(COUNT_LEAST, COUNT_TOLERANCE * max(abs(before), abs(now)))


def _times_differ(before: float, old: Sequence[float], now: float, new: Sequence[float]) -> bool:
    apart = old[1] < new[0] or new[1] < old[0]
    return apart and abs(now - before) > TOLERANCE * min(before, now)


def change_lines(found: Comparison, before: Record, name: str, width: int) -> Iterator[str]:
    """What changed, in words: counts first."""
    commit = before["machine"].get("commit") or "an unknown commit"
    what = f"Of {found.compared} cell{'' if found.compared == 1 else 's'} that {name} ({commit}) has too"
    if not found.changes:
        yield from wrapped(f"{what} none has changed beyond noise.", width)
    else:
        cells = len({change.cell for change in found.changes})
        yield from wrapped(f"{what} {cells} {'has' if cells == 1 else 'have'} changed beyond noise:", width)
        for change in sorted(found.changes, key=lambda change: not change.is_count):
            yield from wrapped(f"  {change}", width, "    ")
    if found.untimed:
        yield from wrapped(
            f"Of {found.untimed} of them counts alone are compared: fewer than {LEAST} repetitions do not tell noise.",
            width,
        )
    for text, cells_there in (("Only there", found.gone), ("Only here", found.new)):
        if cells_there:
            yield from wrapped(f"{text}: {', '.join(cells_there)}.", width, "  ")
