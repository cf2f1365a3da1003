"""Sections of a report, in their order: what was timed, and how; others are made in modules of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toyvm.lab.noise import quick_sentence
from toyvm.lab.published import XEN_PORTED
from toyvm.lab.report import beside, elsewhere, plots, systems
from toyvm.lab.report.drawing import SERIES, Svg
from toyvm.lab.report.figures import Figures, Record
from toyvm.lab.report.parts import Part, Section, file_name, measured
from toyvm.lab.report.tables import Table, Value
from toyvm.lab.text import number, version_text

_UNEXPLAINED, _OTHERS, _DIRECT, _HARDWARE = "unexplained", "other exits", "direct execution", "hardware"


@dataclass
class Report:
    """The sections, and the plots by their names."""

    figures: Figures
    sections: list[Section] = field(default_factory=list)
    svgs: dict[str, Svg] = field(default_factory=dict)


def make_report(record: Record) -> Report:
    """All that a record has something of."""
    report = Report(Figures(record))
    makers = (
        *(_matrix, _times, _accounts, beside.literature, beside.systems_literature),
        *(elsewhere.models, elsewhere.tlb, elsewhere.working_set, elsewhere.sweep),
        *(systems.isolation, systems.density, _porting, _method),
    )
    for make in makers:
        report.sections += make(report.figures, report.svgs)
    return report


def _matrix(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    parts = []
    for place, (title, names) in enumerate(figures.blocks.items()):
        rows = [name for name in names if any(figures.ratio(name, column) for column in figures.compared)]
        columns = figures.columns_of(rows)
        if not rows or not columns:
            continue
        name = "matrix" if place == 0 else "matrix-os"
        ratios = {(row, column): figures.ratio(row, column) for row in rows for column in columns}
        plots.heat_map(svgs, name, rows, columns, ratios)
        table = Table(
            name,
            f"{title}: time of an operation, as a multiple of the bare machine's",
            ["workload", *columns],
            [[row, *(ratios[row, column] for column in columns)] for row in rows],
        )
        dearest = max((key for key in ratios if ratios[key]), key=lambda key: ratios[key] or 0.0)
        said = (
            f"{title}. A number is the time of an operation over the bare machine's: above 1 slower, below 1 faster, "
            f"and the colour the stronger the further away. Dearest is {dearest[0]} on {dearest[1]}, "
            f"{plots.short(ratios[dearest])} times."
        )
        parts.append(Part(table, [name], said))
    if parts:
        yield Section("matrix", "The matrix", figures.record.get("findings", ()), parts, measured(figures))


def _times(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    drawings = []
    for workload in figures.workloads:
        columns = [column for column in figures.columns if (workload, column) in figures.cells]
        compared = [column for column in columns if column in figures.compared]
        is_compared = any(figures.ratio(workload, column) for column in compared)
        found: dict[str, tuple[float, tuple[float, float]]] = {}
        for column in compared if is_compared else columns:
            cell = figures.cells[workload, column]
            middle, ends = ("ratio", "ratio_interval") if is_compared else ("ns", "ns_interval")
            if cell[middle] is not None and cell[ends] is not None:
                found[column] = cell[middle], tuple(cell[ends])
        if found:
            drawings.append(f"time-{workload.replace('/', '-')}")
            plots.bars(svgs, drawings[-1], workload, found, "x bare" if is_compared else "ns an operation")
    head = [
        "workload",
        "technique",
        "ns",
        "low",
        "high",
        "x bare",
        "low",
        "high",
        "instructions",
        "exits",
        "repetitions",
    ]
    rows: list[list[Value]] = [
        [
            *(workload, column, cell["ns"], *cell["ns_interval"], cell["ratio"]),
            *(cell["ratio_interval"] or (None, None)),
            *(cell["instructions"], cell["exits"], cell["repetitions"]),
        ]
        for (workload, column), cell in figures.cells.items()
    ]
    said = (
        "A bar ends at the median of the repetitions, and the dark line across its end is the interval that this lies "
        "in. Where there is a bare machine to compare with, a bar starts at its time, 1, on a logarithmic scale."
    )
    if drawings:
        table = Table("times", "Times, with their intervals, and exact counts of an operation", head, rows)
        yield Section("times", "Times with their spread", [said], [Part(table, drawings)], measured(figures))


def _accounts(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    parts = []
    for column in figures.columns:
        accounts = {
            workload: cell["account"]
            for (workload, one), cell in figures.cells.items()
            if one == column and cell["account"] and cell["ns"] > 0
        }
        if accounts:
            parts.append(_account_part(figures, svgs, column, accounts))
    if parts:
        said = (
            "Direct execution, what the bare machine takes beyond its instructions too (hardware: devices, traps, "
            "walks of tables, code that is decoded), each exit's count times its price, the same of what the core does "
            "besides (walks, lists, tables that are checked), and what these leave "
            "unexplained, as shares of the measured time, which is the line at 100%. Where a bar goes past it the "
            "parts are dearer alone than together."
        )
        yield Section("accounts", "Where the time went", [said], parts, measured(figures))


def _priced(account: Record) -> Record:
    """What exits, and what the core does besides, take in it."""
    return {**account["exits_by_reason"], **account.get("work", {})}


def _account_part(figures: Figures, svgs: dict[str, Svg], column: str, accounts: Mapping[str, Record]) -> Part:
    weights: dict[str, float] = {}
    shares: dict[str, dict[str, float]] = {}
    for workload, account in accounts.items():
        total = figures.cells[workload, column]["ns"]
        shares[workload] = {reason: spent / total for reason, spent in _priced(account).items()}
        for reason, share in shares[workload].items():
            weights[reason] = max(weights.get(reason, 0.0), share)
    dearest = sorted(weights, key=lambda reason: -weights[reason])[: len(SERIES) - 2]
    rows: dict[str, dict[str, float]] = {}
    numbers: list[list[Value]] = []
    for workload, account in accounts.items():
        total, spent = figures.cells[workload, column]["ns"], _priced(account)
        rows[workload] = {
            _DIRECT: account["direct"] / total,
            _HARDWARE: account.get("hardware", 0.0) / total,
            **shares[workload],
            _OTHERS: sum(share for reason, share in shares[workload].items() if reason not in dearest),
            _UNEXPLAINED: account["unexplained"] / total,
        }
        priced = "; ".join(f"{reason} {number(ns)}" for reason, ns in spent.items())
        numbers.append([workload, total, account["direct"], account.get("hardware", 0.0), sum(spent.values())])
        numbers[-1] += [account["unexplained"], priced]
        numbers[-1].append(account["why"])
    name = f"account-{file_name(column)}"
    plots.stacked(svgs, name, column, [_DIRECT, _HARDWARE, *dearest, _OTHERS, _UNEXPLAINED], rows)
    head = [
        "workload",
        "ns",
        "direct",
        "hardware",
        "exits and work",
        "unexplained",
        "exits by reason, work by kind, ns",
        "why it does not close",
    ]
    return Part(Table(name, f"The account of {column}, ns an operation", head, numbers), [name])


def _porting(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    ported = figures.record["ported_lines"]
    table = Table(
        "ported-lines",
        "Lines of kernel and platform layer",
        ["whose", "of all", "changed", "%", "only plain", "only paravirtual"],
        [["toyvm", ported["total"], ported["changed"], 100 * ported["share"], ported["plain"], ported["paravirtual"]]],
    )
    yield Section("porting", "What a port changes", [f"Beside it: {XEN_PORTED}."], [Part(table)])


def _method(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    record = figures.record
    repetitions = [cell["repetitions"] for cell in figures.cells.values()] or [0]
    outliers = sum(len(cell["outliers"]) for cell in figures.cells.values())
    options = {key: value for key, value in record["configuration"].items() if value}
    told = {
        **{key: str(value) for key, value in record["machine"].items() if value is not None},
        "repetitions": " to ".join(dict.fromkeys((str(min(repetitions)), str(max(repetitions))))),
        "options": "; ".join(f"{key} {_option(value)}" for key, value in options.items()) or "none",
        "outliers": f"{outliers} of {sum(repetitions)} repetitions",
        "complete": "no: interrupted" if record["interrupted"] else "yes",
    }
    said = [
        "A time is CPU time an operation: the run of many operations, less the run of one. Techniques take turns, and "
        "each figure is the median of its repetitions, with the interval that this lies in: 95% sure of six "
        "repetitions and more, the whole range of fewer. Instructions and exits are exact. Prices of exits come from "
        "programs of their own."
    ]
    if record["configuration"].get("quick"):
        said.append(quick_sentence())
    parts = [Part(Table("method", "Where and how it was measured", ["what", "is"], [[*pair] for pair in told.items()]))]
    reasons: dict[tuple[str, str], list[str]] = {}
    for (workload, column), why in figures.absent.items():
        reasons.setdefault((column, why), []).append(workload)
    alike: dict[tuple[str, str], list[str]] = {}
    for (column, why), names in reasons.items():
        alike.setdefault((", ".join(names), why), []).append(column)
    if alike:
        rows = [[", ".join(columns), names, why] for (names, why), columns in alike.items()]
        parts.append(Part(Table("absent", "What has no figures, and why", ["techniques", "workloads", "why"], rows)))
    yield Section("method", "How it was measured", said, parts)


def _option(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)


def summary(figures: Figures) -> str:
    """One sentence of what was measured."""
    machine = figures.record["machine"]
    measured = f"{len(figures.workloads)} workloads under {len(figures.columns)} techniques"
    return f"{measured}, by {version_text(machine)} on {machine['cpu']}, {machine['system']}."
