"""Results: all that was tried as a record, for a file; and those of several runs or slices as one.

toyvm/docs/verify.md says what the keys are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.limits import MAXIMUM_RESULTS_BYTES
from toyvm.report.records import machine_record
from toyvm.verify.accounts import Account, Total, totals_of
from toyvm.verify.properties import find_property, property_in

SCHEMA = 1  # changes when a key gets another meaning or goes, not when one comes


class Results(NamedTuple):
    """What was tried, where, and whether all of it was."""

    totals: Mapping[str, Total]
    machines: Sequence[Mapping[str, Any]]
    is_interrupted: bool
    untried: Sequence[str] = ()  # of the properties that were to be tried, those that no case was tried of


def results_record(results: Results) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "interrupted": results.is_interrupted,
        "machines": list(results.machines),
        "untried": list(results.untried),
        "properties": [_property_record(name, total) for name, total in results.totals.items()],
        "accounts": [account.record() for total in results.totals.values() for account in total.accounts],
    }


def _property_record(name: str, total: Total) -> dict[str, Any]:
    return {
        "property": name,
        "claim": find_property(name).claim,
        "cases": total.cases,
        "failed": len(total.failures),
        "left_open": len(total.left_open),
        "seconds": round(total.seconds, 3),
    }


def results_here(accounts: Sequence[Account], is_interrupted: bool, names: Sequence[str]) -> Results:
    return _results(accounts, [machine_record()], is_interrupted, names)


def _results(
    accounts: Sequence[Account], machines: Sequence[Mapping[str, Any]], is_interrupted: bool, names: Sequence[str]
) -> Results:
    """Of what was to be tried of these properties."""
    totals = totals_of(accounts)
    untried = tuple(name for name in dict.fromkeys(names) if name not in totals)
    return Results(totals, machines, is_interrupted, untried)


def merge(paths: Sequence[Path]) -> Results:
    """What these files of `toyvm verify --json` come to together. Raises BadFileError."""
    accounts: list[Account] = []
    machines: list[Mapping[str, Any]] = []
    names: list[str] = []
    is_interrupted = False
    for path in paths:
        text = read_text(path, MAXIMUM_RESULTS_BYTES, "results are JSON that `toyvm verify --json` wrote")
        with boundary(path, "not what `toyvm verify --json` writes"):
            record = json.loads(text)
            schema, was_interrupted = record["schema"], record["interrupted"]
            if type(schema) is not int or type(was_interrupted) is not bool:
                raise TypeError
            if schema != SCHEMA:
                raise BadFileError(f"{shown(path)}: results of schema {schema}; this toyvm merges {SCHEMA}")
            found = [Account.of_record(one) for one in record["accounts"]]
            for account in found:
                property_in(path, account.property)
            names += [property_in(path, name).name for name in record.get("untried", ())]
            accounts += found
            machines += [dict(one) for one in record["machines"] if one not in machines]
            is_interrupted |= was_interrupted
        commits = {str(machine.get("commit")) for machine in machines}
        if len(commits) > 1:
            raise BadFileError(
                f"{shown(path)}: of another toyvm than those before ({', '.join(sorted(commits))}); "
                "what holds of one says nothing of another"
            )
    return _results(accounts, machines, is_interrupted, names)
