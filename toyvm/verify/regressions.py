"""Regressions: a case that failed once, in a file that says what of, to be tried again as long as the claim is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.files.replacing import replace_file
from toyvm.limits import MAXIMUM_RESULTS_BYTES
from toyvm.verify.accounts import Failure
from toyvm.verify.claim import Attempt, Case, Property
from toyvm.verify.properties import CLASSES, find_property

SUFFIX = ".json"


class Regression(NamedTuple):
    """A case, and of which property."""

    claimed: Property
    case: Case

    def attempt(self) -> Attempt:
        return self.claimed.attempt(self.case)


def regression_text(claimed: Property, seed: int, wrong: str, case: Case) -> str:
    """What its file has: a head for people, and the case."""
    head = {"property": claimed.name, "claim": claimed.claim, "seed": seed, "wrong": wrong.splitlines()}
    return json.dumps({**head, "case": claimed.written(case)}, indent=1) + "\n"


def write_regression(folder: Path, claimed: str, failure: Failure) -> Path | None:
    """Its file, PROPERTY-SEED.json in that folder, which is made; None: it has none. Raises BadFileError."""
    if failure.regression is None:
        return None
    with boundary(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{claimed}-{failure.seed}{SUFFIX}"
    replace_file(path, failure.regression.encode())
    return path


def read_regression(path: Path) -> Regression:
    """What `write_regression` wrote. Raises BadFileError."""
    text = read_text(path, MAXIMUM_RESULTS_BYTES, "a regression is JSON that `toyvm verify` wrote")
    with boundary(path, "no regression that `toyvm verify` wrote"):
        record = json.loads(text)
        name = record["property"]
        if name not in CLASSES:
            raise BadFileError(f"{shown(path)}: of a property {name!r}; there are {', '.join(CLASSES)}")
        claimed = find_property(name)
        return Regression(claimed, claimed.read(record["case"]))
