"""What comes of the lab: files of results in several formats, and what changed since an earlier one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.lab_report import (
    is_reported,
    report_outputs,
    sweep_of_exits,
    write_report,
)
from toyvm.cli.options import Options
from toyvm.errors import UsageError

if TYPE_CHECKING:
    from toyvm.lab.changes import Comparison
    from toyvm.lab.experiment import Experiment
    from toyvm.lab.plan import Plan

_CONFIGURATION = (
    *("workloads", "technique", "engine", "hardware", "host", "memory", "defines", "include", "repeats"),
    *("precision", "quick", "cost_model", "tlb", "repeat"),
)
# Besides --json: a table in each of these formats.
_TABLES = {
    "csv": "write a line for each cell there, for a spreadsheet",
    "parquet": "the same as Apache Parquet, for pandas and its kin; needs pyarrow (toyvm[lab])",
    "markdown": "write the matrix there as a table of Markdown's",
    "latex": "write the matrix there as a table of LaTeX's",
}


def add_result_options(parser: Options) -> None:
    parser.add_argument("--json", metavar="FILE", help="write all there: cells, every repetition, accounts, machine")
    for name, text in _TABLES.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=text)
    parser.add_argument("--baseline", metavar="FILE", help="say what changed since this run, which --json wrote")
    parser.add_argument(
        "--fail-on-change", action="store_true", help="end with 1 where something has, beyond noise; with --baseline"
    )


def check_result_options(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """The baseline, if there is one. Raises UsageError and BadFileError for what could not be done in the end."""
    from toyvm.cli.outputs import check_kept, check_outputs

    outputs = {f"--{name}": getattr(arguments, name) for name in ("json", "ledger", *_TABLES)}
    outputs |= report_outputs(arguments)
    check_outputs(outputs)
    check_kept(outputs, (arguments.baseline, arguments.repeat, *arguments.workloads, *arguments.host))
    if arguments.parquet:
        from toyvm.lab.exports import import_arrow

        import_arrow()
    if arguments.baseline is None:
        if arguments.fail_on_change and arguments.repeat is None:
            raise UsageError("--fail-on-change wants something to compare with; add --baseline FILE")
        return None
    from toyvm.lab.changes import read_baseline

    return dict(read_baseline(Path(arguments.baseline)))


def write_results(
    experiment: Experiment,
    arguments: argparse.Namespace,
    derived: Mapping[str, Any],
    machine: Mapping[str, Any],
    plan: Plan | None = None,
) -> list[str]:
    """The files that were asked for, each whole or not at all; their names."""
    from toyvm.files.replacing import replace_file
    from toyvm.lab import exports
    from toyvm.report.records import write_json

    formats: dict[str, Callable[[Experiment, exports.Machine], bytes]] = {
        "csv": exports.csv_bytes,
        "parquet": exports.parquet_bytes,
        "markdown": exports.markdown_bytes,
        "latex": exports.latex_bytes,
    }
    assert formats.keys() == _TABLES.keys()
    written = []
    if is_reported(arguments):
        derived = {**derived, "sweep": sweep_of_exits()}
    record = _record(experiment, arguments, derived, machine)
    if arguments.json:
        write_json(Path(arguments.json), record)
        written.append(arguments.json)
    for name, make in formats.items():
        if path := getattr(arguments, name):
            replace_file(path, make(experiment, machine))
            written.append(path)
    return written + write_report(arguments, record, plan)


def _record(
    experiment: Experiment, arguments: argparse.Namespace, derived: Mapping[str, Any], machine: Mapping[str, Any]
) -> dict[str, Any]:
    from toyvm.lab.contexts import context_records
    from toyvm.lab.engines import gain_records
    from toyvm.lab.experiment import whole_record
    from toyvm.lab.findings import finding_sentences
    from toyvm.lab.rankings import order_records
    from toyvm.lab.results import SCHEMA, cell_records

    configuration = {name: getattr(arguments, name) for name in _CONFIGURATION} | {"quick": experiment.is_quick}
    return {
        "schema": SCHEMA,
        "interrupted": experiment.is_interrupted,
        "cells": cell_records(experiment),
        **whole_record(experiment, dict(machine), configuration),
        "recompilation": gain_records(experiment),
        "contexts": context_records(experiment),
        "orders": order_records(experiment),
        "findings": finding_sentences(experiment),
        **derived,
    }


def compared(experiment: Experiment, baseline: dict[str, Any], machine: Mapping[str, Any]) -> Comparison:
    """What changed since."""
    from toyvm.lab.changes import compare
    from toyvm.lab.results import cell_records

    return compare(baseline, {"cells": cell_records(experiment), "machine": machine})


def comparison_lines(found: Comparison, baseline: dict[str, Any], name: str, width: int) -> Iterator[str]:
    from toyvm.lab.changes import change_lines

    yield ""
    yield from change_lines(found, baseline, name, width)
