"""Studies in parts, a point each, and the files of their results joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toyvm.commit import commit
from toyvm.errors import BadFileError
from toyvm.files.boundary import shown
from toyvm.lab.density import Density
from toyvm.lab.exit_sweep import ExitSweep
from toyvm.lab.isolation import Isolation
from toyvm.lab.merging import joined_machines
from toyvm.lab.results import check_machine, read_results
from toyvm.lab.study import Study, point_text
from toyvm.lab.working_set import WorkingSets
from toyvm.parts import Part

Record = Mapping[str, Any]

STUDIES: Mapping[str, type[Study]] = {each.name: each for each in (Isolation, Density, ExitSweep, WorkingSets)}
_STUDY, _SETTINGS, _COUNTED = "study", "settings", "counted"  # keys of a file


def parts_of(study: Study) -> list[Part]:
    """A part for each point; another toyvm's are others."""
    of = f"{commit()} {study.name}"
    return [Part(f"{of} {point_text(point)}", {_STUDY: study.name, "point": list(point)}) for point in study.points]


def count(study: Study, progress: Callable[[str], None]) -> None:
    """All of it, one point after another."""
    for point in study.points:
        progress(f"{study.name} {point_text(point)}")
        study.take(point, study.count(point))


def work(task: Record) -> Record:
    """Do a part, in whatever process."""
    return {"point": task["point"], "result": STUDIES[task[_STUDY]].count(tuple(task["point"]))}


def take(study: Study, result: Record) -> None:
    """Add what a part came to. Raises what a boundary catches for what is none of its own."""
    study.take(tuple(result["point"]), result["result"])


def study_record(study: Study, machine: Record) -> dict[str, Any]:
    """What `--json` writes: the table, if it is whole, and what it is made of."""
    counted = [{"point": list(point), "result": result} for point, result in study.results.items()]
    table = {} if study.missing else {study.key: study.record()}
    return {"machine": machine, **table, _STUDY: study.name, _SETTINGS: study.settings(), _COUNTED: counted}


def merge_studies(paths: Sequence[Path], first: str | None = None) -> tuple[Study, Record] | None:
    """What these files of one study come to together, and the machine or machines. Raises BadFileError.

    None where the first of them has no study; `first` is its text, if that was read.
    """
    machines: list[Record] = []
    whole: Study | None = None
    for path in paths:
        with read_results(path, None if machines else first) as record:
            if whole is None and _STUDY not in record:
                return None
            study, machine = _study(record), record["machine"]
            check_machine(machine)
            if whole is None:
                whole = study
            elif (study.name, study.settings()) != (whole.name, whole.settings()):
                raise BadFileError(f"{shown(path)}: {study.name}, but not that of {shown(paths[0])}")
            _join(whole, study, path)
            machines.append(machine)
    assert whole is not None, "there is a file"
    return whole, joined_machines(machines)


def _study(record: Record) -> Study:
    """That of a file."""
    study = STUDIES[record[_STUDY]].of_settings(record[_SETTINGS])
    for result in record[_COUNTED]:
        take(study, result)
    return study


def _join(whole: Study, more: Study, path: Path) -> None:
    for point, result in more.results.items():
        if whole.results.setdefault(point, result) != result:
            raise BadFileError(
                f"{shown(path)}: {point_text(point)} comes to something else than in the others; "
                "did another toyvm count it?"
            )


def missing_text(study: Study) -> str:
    """How much of a study is counted that is not whole."""
    return f"{len(study.results)} of {len(study.points)} points of {study.name} are counted"
