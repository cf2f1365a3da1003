"""Exports: the results of the lab as tables for spreadsheets, notebooks, documents and papers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toyvm.errors import UsageError
from toyvm.lab.experiment import BASE, Experiment
from toyvm.lab.results import SCHEMA, cell_records
from toyvm.lab.subjects import Subject
from toyvm.lab.text import version_text

Machine = Mapping[str, Any]
Row = dict[str, Any]


def rows(experiment: Experiment, machine: Machine) -> list[Row]:
    """A row for each cell that was measured; each row has all columns, with None where there is nothing to say."""
    flat = [_flat(record) for record in cell_records(experiment)]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    counts = [column for column in columns if ":" in column]
    others = [column for column in columns if ":" not in column and column != "samples"]
    return [
        {
            **{column: row.get(column) for column in others},
            **{column: row.get(column, 0.0 if column.startswith("exits:") else None) for column in counts},
            "samples": row["samples"],
            **machine,
        }
        for row in flat
    ]


def _flat(record: Mapping[str, Any]) -> Row:
    ratio, account = record["ratio_interval"] or (None, None), record["account"] or {}
    row = {key: record[key] for key in ("workload", "technique", "engine", "hardware", "repetitions")}
    row |= {"outliers": len(record["outliers"]), "ns": record["ns"]}
    row |= dict(zip(("ns_low", "ns_high"), record["ns_interval"], strict=True))
    row |= {"ratio": record["ratio"], "ratio_low": ratio[0], "ratio_high": ratio[1]}
    row |= {"instructions": record["instructions"], "exits": record["exits"]}
    row |= {f"{part}_ns": account.get(part) for part in ("direct", "hardware", "unexplained")}
    row |= {f"exits:{reason}": count for reason, count in record["exits_by_reason"].items()}
    row |= {f"ns:{reason}": spent for reason, spent in account.get("exits_by_reason", {}).items()}
    row |= {f"ns:{kind}": spent for kind, spent in account.get("work", {}).items()}
    return {**row, "samples": record["samples"]}


def csv_bytes(experiment: Experiment, machine: Machine) -> bytes:
    """A line for each cell, after one of the columns' names; a cell's samples stand in one column, with blanks."""
    found, text = rows(experiment, machine), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found[0] if found else ())
    for row in found:
        samples = " ".join(repr(sample) for sample in row["samples"])
        writer.writerow("" if value is None else value for value in {**row, "samples": samples}.values())
    return text.getvalue().encode()


def parquet_bytes(experiment: Experiment, machine: Machine) -> bytes:
    """The same rows as an Apache Parquet file. Raises UsageError where pyarrow is not installed."""
    arrow, parquet = import_arrow()
    found = rows(experiment, machine)
    names = tuple(found[0]) if found else ()
    columns = {name: arrow.array([row[name] for row in found]) for name in names}
    for name, column in columns.items():
        if column.type == arrow.null() and name not in machine:  # a figure that no cell has
            columns[name] = column.cast(arrow.float64())
    table = arrow.table(columns).replace_schema_metadata({"toyvm": json.dumps({"schema": SCHEMA, "machine": machine})})
    buffer = arrow.BufferOutputStream()
    parquet.write_table(table, buffer)
    return bytes(buffer.getvalue())


def import_arrow() -> tuple[Any, Any]:
    """pyarrow and its module for Parquet. Raises UsageError."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("--parquet needs pyarrow: pip install 'toyvm[lab]'") from None
    return pyarrow, pyarrow.parquet


def markdown_bytes(experiment: Experiment, machine: Machine) -> bytes:
    """The matrix as a table of Markdown's, with where it comes from."""
    head, *body = _matrix(experiment, lambda text: text.replace("|", "\\|"))
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *body]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{_caption(experiment)} {_source(machine)}\n".encode()


def latex_bytes(experiment: Experiment, machine: Machine) -> bytes:
    """The matrix as a table of LaTeX's, of no package, with where it comes from as its caption."""
    head, *body = _matrix(experiment, _escaped, plus_minus=r" $\pm$ ")
    rule = "    \\hline"
    lines = [rule, *(f"    {' & '.join(line)} \\\\" for line in [head]), rule]
    lines += [*(f"    {' & '.join(line)} \\\\" for line in body), rule]
    table = "\n".join(lines)
    return (
        "\\begin{table}\n  \\centering\n"
        f"  \\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}\n{table}\n  \\end{{tabular}}\n"
        f"  \\caption{{{_escaped(_caption(experiment))} {_escaped(_source(machine))}}}\n\\end{{table}}\n"
    ).encode()


_SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
}


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _matrix(experiment: Experiment, escape: Callable[[str], str], plus_minus: str = " ± ") -> list[list[str]]:
    """Ratios, with half of their intervals; where there is no bare machine times in ns."""
    subjects = _compared(experiment)

    def cell(workload: str, subject: Subject) -> str:
        found = experiment.cells[workload, subject]
        if not found.measured:
            return "fails" if found.failed else "-"
        ratio, interval = experiment.ratio(found), experiment.ratio_interval(found)
        if ratio is None or interval is None:
            return f"{_short(found.nanoseconds)} ns{plus_minus}{found.spread:.0%}".replace("%", escape("%"))
        return f"{_short(ratio)}{plus_minus}{_short((interval[1] - interval[0]) / 2)}"

    return [
        ["workload", *(escape(subject.label) for subject in subjects)],
        *(
            [escape(workload.name), *(cell(workload.name, subject) for subject in subjects)]
            for workload in experiment.workloads
        ),
    ]


def _compared(experiment: Experiment) -> Sequence[Subject]:
    """All but the bare machine that the others are compared with; it alone, where there are no others."""
    others = [subject for subject in experiment.subjects if subject.technique != BASE]
    return others or experiment.subjects


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _caption(experiment: Experiment) -> str:
    if experiment.base is None:
        return "Time of an operation."
    return "Time of an operation, as a multiple of the bare machine's (median, half of its interval)."


def _source(machine: Machine) -> str:
    return f"Measured by {version_text(machine)} on {machine['cpu']}, {machine['system']}."
