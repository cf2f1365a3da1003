"""Sections of several systems on one machine: isolation and density, as virtual machines and as contexts."""

from __future__ import annotations

from collections.abc import Iterator

from toyvm.lab.published import ISOLATION, ISOLATION_SOURCE, ISOLATION_SYSTEMS, XEN_DENSITY
from toyvm.lab.report import plots
from toyvm.lab.report.drawing import Svg
from toyvm.lab.report.figures import Figures
from toyvm.lab.report.parts import Part, Section, marks, source_of
from toyvm.lab.report.tables import Table, Value


def isolation(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
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
        "DNR: it did not serve all. Bars stand in the legend's order, those of the same lengths as one. These are "
        "counts of the machine's ticks, which repeat exactly."
    )
    table = Table("isolation", "Requests served, and lost, by neighbour", head, numbers)
    theirs = Table(
        "isolation-published",
        "What theirs lost, %, with marks",
        ["neighbour", *ISOLATION_SYSTEMS],
        [[neighbour, *lost] for neighbour, lost in ISOLATION.items()],
    )
    beside = f"Beside it, {ISOLATION_SOURCE}. Marks: {marks()}."
    source = source_of(figures.counted_on("isolation"), "toyvm lab isolation", "Counted")
    title = "Isolation: what a neighbour that misbehaves takes"
    yield Section("isolation", title, [said], [Part(table, ["isolation"]), Part(theirs, said=beside)], source)


def density(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    points = figures.record.get("density")
    if not points:
        return
    curves: dict[str, dict[float, float]] = {}
    for point in points:
        if point["rate"]:
            curves.setdefault(_way(point["way"]), {})[point["systems"]] = point["rate"]
    plots.by_number(svgs, "density", curves, "systems on the machine", "requests served in a million ticks")
    keys = ("systems", "rate", "start", "exits", "pages", "pages_more")
    numbers = [[_way(point["way"]), *(point[key] for key in keys), point["why"] or None] for point in points]
    head = ["way to share", "systems", "requests in a million ticks", "ticks to start one", "exits a request"]
    head += ["pages in all", "pages each more takes", "why none"]
    said = (
        "Systems that serve requests at once, as virtual machines and as contexts of one system: what they serve "
        "together. Curves that coincide are one. These are counts, which repeat exactly."
    )
    table = Table("density", "What many systems come to", head, numbers)
    source = source_of(figures.counted_on("density"), "toyvm lab density", "Counted")
    title = "Density: what many systems on one machine come to"
    yield Section("density", title, [said, f"Beside it: {XEN_DENSITY}."], [Part(table, ["density"])], source)


def _way(name: str) -> str:
    return {"limits": "contexts, limits", "none": "contexts, no limits"}.get(name, name)
