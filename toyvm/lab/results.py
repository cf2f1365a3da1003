"""Results: the figures of each cell as a record, for files that others read, and for comparisons with earlier ones.

toyvm/docs/lab.md says what the keys are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from toyvm.arguments import check_list, check_text, short
from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.lab.breakdown import Account
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.statistics import outliers
from toyvm.limits import MAXIMUM_RESULTS_BYTES

SCHEMA = 1  # changes when a key gets another meaning or goes, not when one comes
_MOST = 2.0**64  # of a figure: no core counts further, and products of some are finite


def results_text(path: Path) -> str:
    """What a file has that `toyvm lab --json` wrote. A pipe has it once. Raises BadFileError."""
    return read_text(path, MAXIMUM_RESULTS_BYTES, "results are JSON that `toyvm lab --json` wrote")


@contextmanager
def read_results(path: Path, text: str | None = None) -> Iterator[dict[str, Any]]:
    """The record there, or in its `text`, if that was read. Inside, what is not as written becomes BadFileError."""
    with results_in(results_text(path) if text is None else text, path) as record:
        yield record


@contextmanager
def results_in(text: str | bytes, path: Path) -> Iterator[dict[str, Any]]:
    """The same of what that file has somewhere."""
    with boundary(path, "not what `toyvm lab --json` writes"):
        record = dict(json.loads(text))
        json.dumps(record, ensure_ascii=False).encode()  # it can be written again: no half of a surrogate pair
        try:
            yield record
        except UsageError as error:
            raise BadFileError(f"{shown(path)}: {error}") from None


def check_schema(record: Mapping[str, Any], path: Path) -> None:
    """Raises BadFileError for results whose keys mean something else, LookupError and TypeError for what are none."""
    if record["schema"] != SCHEMA:
        raise BadFileError(f"{shown(path)}: results of schema {short(record['schema'])}; this toyvm reads {SCHEMA}")
    check_machine(record["machine"])


def check_machine(machine: Mapping[str, Any]) -> None:
    """Raises UsageError, LookupError and TypeError for what says of no machine."""
    for key in ("cpu", "system", "python", "toyvm"):
        check_text(machine[key], key)
    if machine["commit"] is not None:
        check_text(machine["commit"], "commit")


def check_words(value: object, what: str) -> list[str]:
    """The words of a list of them. Raises UsageError for anything else."""
    return [check_text(word, what) for word in check_list(value, what, "a list of words")]


def check_numbers(*values: float) -> None:
    """Raises ValueError, TypeError or OverflowError where one is none, or more than anything comes to."""
    if not all(isfinite(value) and abs(value) <= _MOST for value in values):
        raise ValueError("no number")


def check_counts(*values: float) -> None:
    """The same for what cannot be below 0 either."""
    check_numbers(*values)
    if min(values, default=0) < 0:
        raise ValueError("no count")


def cell_records(experiment: Experiment) -> list[dict[str, Any]]:
    """A record for each cell that was measured."""
    accounts = {
        (account.workload, subject): account
        for subject in experiment.subjects
        for account in experiment.accounts(subject)
    }
    return [
        _record(experiment, cell, accounts.get((cell.workload, cell.subject)))
        for cell in experiment.cells.values()
        if cell.measured
    ]


def _record(experiment: Experiment, cell: Cell, account: Account | None) -> dict[str, Any]:
    ratios = experiment.ratio_interval(cell)
    return {
        "workload": cell.workload,
        "technique": cell.subject.technique,
        "engine": cell.subject.engine,
        "hardware": str(cell.subject.level),
        "repetitions": len(cell.repetitions),
        "ns": cell.nanoseconds,
        "ns_interval": list(cell.interval),
        "ratio": experiment.ratio(cell),
        "ratio_interval": None if ratios is None else list(ratios),
        "instructions": cell.instructions,
        "exits": sum(cell.exits.values(), 0.0),
        "exits_by_reason": cell.priced_exits,
        "operands": cell.operands,
        "account": None if account is None else _account(account),
        "outliers": outliers(cell.times),
        "samples": cell.times,
    }


def _account(account: Account) -> dict[str, Any]:
    """In ns; what has no price is not in it."""
    return {
        "direct": account.direct,
        "hardware": account.hardware,
        "exits_by_reason": {entry.reason: entry.nanoseconds for entry in account.entries if entry.each is not None},
        "work": {entry.reason: entry.nanoseconds for entry in account.work if entry.each is not None},
        "unexplained": account.unexplained,
        "why": account.reason,
    }
