"""Sections of costs elsewhere: cost models, a modelled TLB, and the sweeps. No time is measured for them."""

from __future__ import annotations

from collections.abc import Iterator

from toyvm.lab.exit_sweep import SERIES_TITLES
from toyvm.lab.published import NESTED_PAGING
from toyvm.lab.report import plots
from toyvm.lab.report.drawing import Svg
from toyvm.lab.report.figures import Figures, Record, label
from toyvm.lab.report.parts import Part, Section, command_of, file_name, source_of
from toyvm.lab.report.tables import Table, Value
from toyvm.lab.text import number


def models(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    parts = []
    for model in figures.record.get("cost_models", ()):
        columns, costs = _model_cells(model)
        rows = [name for name in figures.workloads if any((name, column) in costs for column in columns)]
        ratios = {key: one["times_bare"] for key, one in costs.items()}
        name, drawings = f"model-{file_name(model['name'])}", []
        if any(ratios.values()):
            drawings.append(name)
            drawn = [row for row in rows if any(ratios.get((row, column)) for column in columns)]
            plots.heat_map(svgs, name, drawn, [column for column in columns if column != "bare"], ratios)
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
        yield Section("models", "Cost models: the same counts elsewhere", [], parts, _counted(figures))


def _model_cells(model: Record) -> tuple[list[str], dict[tuple[str, str], Record]]:
    cells = {(one["workload"], label(one)): one for one in model["cells"]}
    return list(dict.fromkeys(column for _, column in cells)), cells


def _model_cost(one: Record | None) -> Value:
    if one is None:
        return None
    return f"> {number(one['cost'])}" if one["unpriced"] else float(one["cost"])


def tlb(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    """Misses and steps of walks of each workload, techniques that count alike in one column."""
    found = figures.record.get("tlb")
    if not found or not found["cells"]:
        return
    steps: dict[str, dict[str, float]] = {}
    for one in found["cells"]:
        steps.setdefault(one["technique"], {})[one["workload"]] = one["walk_steps"] + one["nested_steps"]
    rows = [name for name in figures.workloads if any(name in counts for counts in steps.values())]
    plots.dots(svgs, "tlb", rows, steps, "entries of page tables read for an operation")
    head = ["workload", "technique", "accesses", "misses", "steps in the guest's tables", "steps in nested tables"]
    keys = ("workload", "technique", "accesses", "misses", "walk_steps", "nested_steps")
    table = Table("tlb", f"Misses of a modelled TLB of {found['shape']}", head, [
        [one[key] for key in keys] for one in found["cells"]
    ])  # fmt: skip
    said = (
        f"What a TLB of {found['shape']} (entries x ways) would miss, exact counts an operation: the entries of page "
        "tables that are read for its misses. Techniques on which every workload counts alike share a mark."
    )
    yield Section("tlb", "A modelled TLB", [said], [Part(table, ["tlb"], table.caption + ".")], _counted(figures))


def working_set(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    """What walks in two dimensions cost, by the pages that are in use."""
    found = figures.record.get("working_set")
    if not found:
        return
    curves = {
        title: {float(one["pages"]): _steps(one[kind]) for one in found["sizes"]}
        for title, kind in (("one dimension", "shadowed"), ("two dimensions", "nested"))
    }
    plots.by_number(svgs, "working-set", curves, "pages in use, one load from each in turn", "steps of walks a load")
    head = ["pages", "steps a load, one dimension", "steps a load, two dimensions", "cycles, one", "cycles, two"]
    rows: list[list[Value]] = [
        [
            *(float(one["pages"]), _steps(one["shadowed"]), _steps(one["nested"])),
            *(one["shadowed_cycles"], one["nested_cycles"]),
        ]
        for one in found["sizes"]
    ]
    said = (
        f"Loads from one page after another, with a modelled TLB of {found['tlb']} (entries x ways): where it does not "
        f"hold them, each load walks, and with nested paging in two dimensions. Cycles are those of "
        f"{found['model']['name']}. {NESTED_PAGING}."
    )
    table = Table("working-set", "Steps of a load, and cycles, by the pages in use", head, rows)
    source = source_of(figures.counted_on("working_set"), f"toyvm lab --sweep --tlb {found['tlb']}", "Counted")
    title = "What nested paging costs when the working set is large"
    yield Section("working-set", title, [said], [Part(table, ["working-set"], table.caption + ".")], source)


def _steps(one: Record) -> float:
    return float(one["walk_steps"] + one["nested_steps"])


def sweep(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    found = figures.record.get("sweep")
    if found is None or "points" not in found:
        return
    series: dict[str, list[tuple[float, float, str]]] = {}
    curves: dict[str, dict[float, float]] = {}
    numbers: list[list[Value]] = []
    shares = list(found["points"][0]["ratios"])
    for point in found["points"]:
        cost = point["exit_cost"]
        cycles, title = float(cost["price"]["cycles"]), SERIES_TITLES[cost["whole"]]
        if point["crossing"] is not None:
            series.setdefault(title, []).append((cycles, 100 * point["crossing"], cost["processor"]))
        if cost["whole"]:
            name = f"{cycles:,.0f} {cost['processor']}".strip()
            curves[name] = {100 * int(share) / found["work"]: ratio for share, ratio in point["ratios"].items()}
        numbers.append([cost["processor"] or "-", title, cycles, cost["price"]["mark"]])
        numbers[-1].append(None if point["crossing"] is None else 100 * point["crossing"])
        numbers[-1] += [point["ratios"][share] for share in shares]
    plots.crossings(svgs, "sweep-crossings", series)
    across = "% of the kernel's instructions that exit"
    plots.ratios_by_share(svgs, "sweep-ratios", curves, across, "guest mode's cycles over rewriting's")
    head = ["processor", "what is in it", "cycles an exit costs", "mark", "ahead below, %"]
    head += [f"ratio at {100 * int(share) / found['work']:g}%" for share in shares]
    said = (
        f"Exact counts of the workload {found['workload']}, ten system calls and {found['work']:,} instructions of the "
        f"kernel of which a share exits, at the prices of {found['model']['name']}, but for what an exit of guest mode "
        "costs. Below the curve guest mode is ahead, above it rewriting. No time was measured."
    )
    table = Table("sweep", "Where guest mode overtakes rewriting, by what an exit costs", head, numbers)
    title = "The sweep: where hardware assistance overtakes rewriting"
    source = source_of(figures.counted_on("sweep"), "toyvm lab --sweep", "Counted")
    yield Section("sweep", title, [said], [Part(table, ["sweep-crossings", "sweep-ratios"])], source)


def _counted(figures: Figures) -> str:
    record = figures.record
    return source_of(record["machine"], command_of(record["configuration"]), "Counted")
