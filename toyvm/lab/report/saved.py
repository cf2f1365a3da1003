"""Saved results: what `toyvm lab --json` wrote, joined with what the lab's other tables wrote, for one report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toyvm.errors import BadFileError
from toyvm.files.boundary import shown
from toyvm.lab.results import check_machine, check_schema, read_results

_BESIDE = ("isolation", "density", "sweep")  # what `toyvm lab isolation --json` and its kin write
_WORKING_SET = "working_set"  # a sweep with --tlb, which is another table


def as_saved(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as it is after it was written and read."""
    return dict(json.loads(json.dumps(record)))


def read_saved(paths: Sequence[Path]) -> Mapping[str, Any]:
    """The results in one of these files, with the tables of the others. Raises BadFileError."""
    whole: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    counted_on: dict[str, Any] = {}
    for path in paths:
        with read_results(path) as record:
            found = {key: record[key] for key in _BESIDE if key in record}
            if "cells" not in record and found:
                if "sizes" in found.get("sweep", ()):
                    found[_WORKING_SET] = found.pop("sweep")
                check_machine(record["machine"])
                counted_on |= dict.fromkeys(found, record["machine"])
                beside |= found
                continue
            if "study" in record:
                raise BadFileError(f"{shown(path)}: a slice of {record['study']}; `toyvm lab merge` joins those")
            check_schema(record, path)
            if whole:
                raise BadFileError(f"{shown(path)}: a second file of results; `toyvm lab merge` joins those")
            whole = record
    if not whole:
        raise BadFileError(f"{shown(paths[0])}: has no results of workloads to report on")
    return {**whole, **beside, "counted_on": counted_on}
