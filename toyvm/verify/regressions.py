"""Regressions: a case that failed once, in a file that says what of, to be tried again as long as the claim is made."""

from __future__ import annotations

import json
from pathlib import Path

from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.files.replacing import make_folder, replace_file
from toyvm.limits import MAXIMUM_RESULTS_BYTES
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.testing import regressions
from toyvm.testing.subjects import SUBJECTS
from toyvm.verify.accounts import Failure
from toyvm.verify.claim import Attempt, attempt, seal_of
from toyvm.verify.programs import Equal, Followed, hold
from toyvm.verify.properties import find_property, property_in


def write_regression(folder: Path, name: str, failure: Failure) -> Path | None:
    """Its file, PROPERTY-NUMBER, in that folder, which is made; None: it has none. Raises BadFileError."""
    if failure.regression is None:
        return None
    make_folder(folder)
    path = folder / f"{name}-{failure.seed}{find_property(name).suffix}"
    replace_file(path, failure.regression.encode())
    return path


@interrupts_raised()
def try_again(path: Path) -> Attempt:
    """What it comes to now. Raises BadFileError, and AssemblyError for a source."""
    if path.suffix == Equal.suffix:
        found = regressions.load(path)
        for name in found.subjects:
            if name not in SUBJECTS:
                raise BadFileError(f"{regressions.place_of(path, 'subjects')}: there is no subject {name!r}")
        return attempt(hold, Followed(found.program, found.subjects, found.checkpoints))
    text = read_text(path, MAXIMUM_RESULTS_BYTES, "a regression is JSON that `toyvm verify` wrote")
    with boundary(path, "no regression that `toyvm verify` wrote"):
        record = json.loads(text)
        claimed = property_in(path, record["property"])
        if record["seal"] != seal_of(claimed.name, record["case"]):
            raise BadFileError(f"{shown(path)}: the case in it has been changed")
        try:
            case = claimed.read(record["case"])
        except UsageError as error:
            raise BadFileError(f"{shown(path)}: {error}") from None
    return claimed.attempt(case)
