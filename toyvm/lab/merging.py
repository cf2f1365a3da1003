"""Merging: results of several runs of the lab, or of slices of one, as one experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from toyvm.isa.machine import Level
from toyvm.lab.divided import take
from toyvm.lab.experiment import NOWHERE, Experiment
from toyvm.lab.results import check_schema, read_results
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.tasks import Task
from toyvm.lab.workloads import Block, Workload, find_workloads
from toyvm.shipped.headers import Header

_SAMPLE = tuple(each.name for each in fields(Sample))

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Recorded(Workload):
    """A program of which only results are here."""

    @property
    def block(self) -> Block:
        return Block.OWN_KERNEL

    @cached_property
    def header(self) -> Header:
        return Header(self.name)

    def task(self, technique: str) -> Task:
        raise AssertionError("nothing is measured of it here")


def merge(paths: Sequence[Path], first: str | None = None) -> tuple[Experiment, Record]:
    """What these files of `toyvm lab --json` come to together, and the machine or machines. Raises BadFileError.

    `first` is the text of the first one, if that was read.
    """
    records: list[dict[str, Any]] = []
    is_interrupted = is_quick = False
    for path in paths:
        with read_results(path, None if records else first) as record:
            check_schema(record, path)
            _take(_empty([record]), record)  # alone, so that what is wrong is its own
            is_interrupted |= bool(record["interrupted"])
            is_quick |= record["configuration"].get("quick") is True
            records.append(record)
    experiment = _empty(records)
    for record in records:
        _take(experiment, record)
    experiment.say_what_is_missing(NOWHERE)
    experiment.is_interrupted, experiment.is_quick = is_interrupted, is_quick
    return experiment, joined_machines([record["machine"] for record in records])


def joined_machines(machines: Sequence[Record]) -> Record:
    """What they have in common, and of the rest what each has; None is what none of them knows."""
    known = {key: [machine.get(key) for machine in machines] for key in machines[0]}
    return {
        key: None if all(value is None for value in values) else " + ".join(dict.fromkeys(map(str, values)))
        for key, values in known.items()
    }


def _empty(records: Sequence[Record]) -> Experiment:
    """The workloads and subjects of all of them, in their order."""
    shipped = {workload.name: workload for workload in find_workloads()}
    names = dict.fromkeys(str(name) for record in records for name in record["workloads"])
    subjects = dict.fromkeys(_subject(one) for record in records for one in record["subjects"])
    experiment = Experiment([shipped.get(name) or Recorded(name, Path(name)) for name in names], list(subjects))
    with experiment.filling():
        return experiment


def _subject(record: Record) -> Subject:
    like = record["like"]
    return Subject(record["technique"], record["engine"], Level(record["hardware"]), like=like and str(like))


def _take(experiment: Experiment, record: Record) -> None:
    take(experiment, {"cells": list(_states(record)), "costs": record["costs"]})


def _states(record: Record) -> Iterator[Record]:
    """Cells as `take` has them."""
    operands = {_place(cell): cell["operands"] for cell in record["cells"]}
    for row in record["records"]:
        one = {"number": row["repetition"], "sample": _sample(row), "baseline": row["baseline"]}
        yield _state(row, operands=operands[_place(row)], repetitions=[one])
    for row in record.get("watched", ()):  # files of earlier versions have none
        yield _state(row, watched={"number": 0, "sample": _sample(row), "baseline": row["baseline"]})
    for key in ("missing", "failed"):
        for row in record[key]:
            yield _state(row, **{key: str(row["why"])})


def _sample(row: Record) -> Record:
    return {name: row[name] for name in _SAMPLE if name in row}  # files of earlier versions have fewer


def _place(row: Record) -> tuple[str, str, str]:
    return row["workload"], row["technique"], row["engine"]


def _state(row: Record, **known: Any) -> Record:
    place = dict(zip(("workload", "technique", "engine"), _place(row), strict=True))
    return {**place, "missing": None, "failed": None, "operands": {}, "repetitions": [], "watched": None, **known}
