"""Sections of a report: what it says of the results, with the plots and tables that say so, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toyvm.lab.exit_sweep import SERIES_TITLES
from toyvm.lab.noise import quick_sentence
from toyvm.lab.published import (
    FIGURES,
    ISOLATION,
    ISOLATION_SOURCE,
    ISOLATION_SYSTEMS,
    MARKS,
    MEANING,
    NESTED_PAGING,
    PLAYED_BY,
    SOURCE,
    XEN_PORTED,
    Role,
)
from toyvm.lab.report import plots
from toyvm.lab.report.drawing import SERIES, Svg
from toyvm.lab.report.figures import Figures, Record, label
from toyvm.lab.report.tables import Table, Value
from toyvm.lab.text import number

_UNEXPLAINED, _OTHERS, _DIRECT = "unexplained", "other exits", "direct execution"
_QUOTED = (Role.NATIVE, Role.SOFTWARE, Role.HARDWARE)


@dataclass(frozen=True)
class Part:
    """Plots, by their names, with what they show in words, and the table of their numbers."""

    table: Table
    drawings: Sequence[str] = ()
    said: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands beneath it."""

    name: str
    title: str
    said: Sequence[str] = ()
    parts: Sequence[Part] = ()


@dataclass
class Report:
    """The sections, and the plots by their names."""

    figures: Figures
    sections: list[Section] = field(default_factory=list)
    svgs: dict[str, Svg] = field(default_factory=dict)


def make_report(record: Record) -> Report:
    """All that a record has something of: matrix, times, accounts, models, literature, sweep, isolation, method."""
    report = Report(Figures(record))
    for make in (_matrix, _times, _accounts, _models, _literature, _sweep, _isolation, _density, _porting, _method):
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
        yield Section("matrix", "The matrix", figures.record.get("findings", ()), parts)


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
        yield Section("times", "Times with their spread", [said], [Part(table, drawings)])


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
            "Direct execution, each exit's count times its price, and what these leave unexplained, as shares of the "
            "measured time, which is the line at 100%. Where a bar goes past it the parts are dearer alone than "
            "together."
        )
        yield Section("accounts", "Where the time went", [said], parts)


def _account_part(figures: Figures, svgs: dict[str, Svg], column: str, accounts: Mapping[str, Record]) -> Part:
    weights: dict[str, float] = {}
    shares: dict[str, dict[str, float]] = {}
    for workload, account in accounts.items():
        total = figures.cells[workload, column]["ns"]
        shares[workload] = {reason: spent / total for reason, spent in account["exits_by_reason"].items()}
        for reason, share in shares[workload].items():
            weights[reason] = max(weights.get(reason, 0.0), share)
    dearest = sorted(weights, key=lambda reason: -weights[reason])[: len(SERIES) - 1]
    rows: dict[str, dict[str, float]] = {}
    numbers: list[list[Value]] = []
    for workload, account in accounts.items():
        total, spent = figures.cells[workload, column]["ns"], account["exits_by_reason"]
        rows[workload] = {
            _DIRECT: account["direct"] / total,
            **shares[workload],
            _OTHERS: sum(share for reason, share in shares[workload].items() if reason not in dearest),
            _UNEXPLAINED: account["unexplained"] / total,
        }
        priced = "; ".join(f"{reason} {number(ns)}" for reason, ns in spent.items())
        numbers.append([workload, total, account["direct"], sum(spent.values()), account["unexplained"], priced])
        numbers[-1].append(account["why"])
    name = f"account-{_file_name(column)}"
    plots.stacked(svgs, name, column, [_DIRECT, *dearest, _OTHERS, _UNEXPLAINED], rows)
    head = ["workload", "ns", "direct", "exits", "unexplained", "exits by reason, ns", "why it does not close"]
    return Part(Table(name, f"The account of {column}, ns an operation", head, numbers), [name])


def _file_name(column: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in column)


def _models(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    parts = []
    for model in figures.record.get("cost_models", ()):
        columns, costs = _model_cells(model)
        rows = [name for name in figures.workloads if any((name, column) in costs for column in columns)]
        ratios = {key: one["times_bare"] for key, one in costs.items()}
        name, drawings = f"model-{_file_name(model['name'])}", []
        if any(ratios.values()):
            drawings.append(name)
            plots.heat_map(svgs, name, rows, [column for column in columns if column != "bare"], ratios)
        unit = next((one["unit"] for one in costs.values()), "cycles")
        said = "In the table, a > stands where exits without a price are left out."
        if "title" in model:
            said = (
                f"{model['name']}: {model['title']} ({model['source']}). The exact counts at these prices; no time was "
                f"measured for it. {'The plot has them as multiples of the bare machine. ' if drawings else ''}{said}"
            )
        else:
            said = f"{model['name']}: the exact counts at the prices that were measured here, each by itself. {said}"
        table = Table(
            name,
            f"{model['name']}: {unit} an operation",
            ["workload", *columns],
            [[row, *(_model_cost(costs.get((row, column))) for column in columns)] for row in rows],
        )
        if rows:
            parts.append(Part(table, drawings, said))
    if parts:
        yield Section("models", "Cost models: the same counts elsewhere", [], parts)


def _model_cells(model: Record) -> tuple[list[str], dict[tuple[str, str], Record]]:
    cells = {(one["workload"], label(one)): one for one in model["cells"]}
    return list(dict.fromkeys(column for _, column in cells)), cells


def _model_cost(one: Record | None) -> Value:
    if one is None:
        return None
    return f"> {number(one['cost'])}" if one["unpriced"] else float(one["cost"])


def _literature(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    parts = figures.parts
    quoted = [figure for figure in FIGURES if figure.workload in figures.workloads]
    if not quoted or not parts.keys() & {Role.SOFTWARE, Role.HARDWARE}:
        return
    drawings = []
    for role in (Role.SOFTWARE, Role.HARDWARE):
        if role in parts:
            drawings.append(f"literature-{role}")
            rows = {
                figure.workload: (_theirs(figure.of(role), figure.native), figures.ratio(figure.workload, parts[role]))
                for figure in quoted
            }
            plots.pairs(svgs, drawings[-1], f"{role}, ours {parts[role]}", rows)
    orders = {one["workload"]: one for one in figures.record.get("orders", ())}
    ours = [role for role in (Role.SOFTWARE, Role.HARDWARE, Role.LATER) if role in parts]
    head = ["workload", "theirs called", *(f"theirs, {role}" for role in _QUOTED)]
    head += [*(f"ours x bare, {parts[role]}" for role in ours), "their order", "our order", "why they differ"]
    numbers: list[list[Value]] = []
    for figure in quoted:
        order = orders.get(figure.workload, {})
        numbers.append([figure.workload, figure.their_name, *(str(figure.of(role)) for role in _QUOTED)])
        numbers[-1] += [figures.ratio(figure.workload, parts[role]) for role in ours]
        numbers[-1] += [order.get("theirs"), order.get("ours"), "; ".join(order.get("reasons", ())) or None]
    said = [
        f"{SOURCE}; cycles an operation, of forkwait seconds for 40,000. They stand beside ours, and in none of ours.",
        " ".join(f"{role.capitalize()}: {MEANING[role]}; here {_player(parts, role)}." for role in Role),
        f"{NESTED_PAGING}.",
        f"Marks: {_marks()}.",
    ]
    table = Table("literature", "Theirs in cycles with marks, ours as multiples of the bare machine", head, numbers)
    yield Section("literature", "The literature beside ours", said, [Part(table, drawings)])


def _theirs(quoted: Any, native: Any) -> float | None:
    return None if quoted is None else float(quoted.value / native.value)


def _player(parts: Mapping[Role, str], role: Role) -> str:
    return parts[role] if role in parts else f"{' or '.join(PLAYED_BY[role])}, which was not measured"


def _marks() -> str:
    return "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items())


def _sweep(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    sweep = figures.record.get("sweep")
    if sweep is None or "points" not in sweep:
        return
    series: dict[str, list[tuple[float, float, str]]] = {}
    curves: dict[str, dict[float, float]] = {}
    numbers: list[list[Value]] = []
    shares = list(sweep["points"][0]["ratios"])
    for point in sweep["points"]:
        cost = point["exit_cost"]
        cycles, title = float(cost["price"]["cycles"]), SERIES_TITLES[cost["whole"]]
        if point["crossing"] is not None:
            series.setdefault(title, []).append((cycles, 100 * point["crossing"], cost["processor"]))
        if cost["whole"]:
            name = f"{cycles:,.0f} {cost['processor']}".strip()
            curves[name] = {100 * int(share) / sweep["work"]: ratio for share, ratio in point["ratios"].items()}
        numbers.append([cost["processor"] or "-", title, cycles, cost["price"]["mark"]])
        numbers[-1].append(None if point["crossing"] is None else 100 * point["crossing"])
        numbers[-1] += [point["ratios"][share] for share in shares]
    plots.crossings(svgs, "sweep-crossings", series)
    across = "% of the kernel's instructions that exit"
    plots.lines(svgs, "sweep-ratios", curves, across, "guest mode's cycles over rewriting's")
    head = ["processor", "what is in it", "cycles an exit costs", "mark", "ahead below, %"]
    head += [f"ratio at {100 * int(share) / sweep['work']:g}%" for share in shares]
    said = (
        f"Exact counts of the workload {sweep['workload']}, ten system calls and {sweep['work']:,} instructions of the "
        f"kernel of which a share exits, at the prices of {sweep['model']['name']}, but for what an exit of guest mode "
        "costs. Below the curve guest mode is ahead, above it rewriting. No time was measured."
    )
    table = Table("sweep", "Where guest mode overtakes rewriting, by what an exit costs", head, numbers)
    title = "The sweep: where hardware assistance overtakes rewriting"
    yield Section("sweep", title, [said], [Part(table, ["sweep-crossings", "sweep-ratios"])])


def _isolation(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    found = figures.record.get("isolation")
    if found is None:
        return
    series: dict[str, dict[str, float | None]] = {}
    for rate in found["rates"]:
        series.setdefault(_way(rate["way"]), {})[rate["neighbour"]] = rate["lost"]
    neighbours = list(dict.fromkeys(rate["neighbour"] for rate in found["rates"]))
    plots.losses(svgs, "isolation", neighbours[1:], series)
    head = ["way to share", "neighbour", "requests in a million ticks", "lost, %", "why not all"]
    numbers: list[list[Value]] = [
        [
            *(_way(rate["way"]), rate["neighbour"], rate["requests"]),
            *(None if rate["lost"] is None else 100 * rate["lost"], rate["why"] or None),
        ]
        for rate in found["rates"]
    ]
    said = (
        "What a system that serves requests loses of them where its neighbour misbehaves, against one that behaves; "
        "DNR: it did not serve all. These are counts of the machine's ticks, which repeat exactly."
    )
    table = Table("isolation", "Requests served, and lost, by neighbour", head, numbers)
    theirs = Table(
        "isolation-published",
        "What theirs lost, %, with marks",
        ["neighbour", *ISOLATION_SYSTEMS],
        [[neighbour, *lost] for neighbour, lost in ISOLATION.items()],
    )
    beside = f"Beside it, {ISOLATION_SOURCE}. Marks: {_marks()}."
    yield Section("isolation", "Isolation", [said], [Part(table, ["isolation"]), Part(theirs, said=beside)])


def _density(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    points = figures.record.get("density")
    if not points:
        return
    curves: dict[str, dict[float, float]] = {}
    for point in points:
        if point["rate"]:
            curves.setdefault(_way(point["way"]), {})[point["systems"]] = point["rate"]
    plots.lines(svgs, "density", curves, "systems on the machine", "requests served in a million ticks")
    keys = ("systems", "rate", "start", "exits", "pages", "pages_more")
    numbers = [[_way(point["way"]), *(point[key] for key in keys), point["why"] or None] for point in points]
    head = ["way to share", "systems", "requests in a million ticks", "ticks to start one", "exits a request"]
    head += ["pages in all", "pages each more takes", "why none"]
    said = (
        "Systems that serve requests at once, as virtual machines and as contexts of one system. Counts, which repeat."
    )
    table = Table("density", "What many systems come to", head, numbers)
    yield Section("density", "Density", [said], [Part(table, ["density"])])


def _way(name: str) -> str:
    return {"limits": "contexts, limits", "none": "contexts, no limits"}.get(name, name)


def _porting(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    ported = figures.record["ported_lines"]
    table = Table(
        "ported-lines",
        "Lines of kernel and platform layer",
        ["", "of all", "changed", "%", "only plain", "only paravirtual"],
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
    if reasons:
        rows = [[column, ", ".join(names), why] for (column, why), names in reasons.items()]
        parts.append(Part(Table("absent", "What has no figures, and why", ["technique", "workloads", "why"], rows)))
    yield Section("method", "How it was measured", said, parts)


def _option(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)


def summary(figures: Figures) -> str:
    """One sentence of what was measured."""
    machine = figures.record["machine"]
    measured = f"{len(figures.workloads)} workloads under {len(figures.columns)} techniques"
    return (
        f"{measured}, by toyvm {machine['toyvm']} ({machine['commit'] or 'of an unknown commit'}) on {machine['cpu']}, "
        f"{machine['system']}."
    )
