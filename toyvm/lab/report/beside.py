"""Sections of the literature: published figures beside ours, each with its source and mark, and in none of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toyvm.lab.published import (
    CONTAINERS,
    FIGURES,
    MEANING,
    NESTED_PAGING,
    PLAYED_BY,
    SOURCE,
    VENDOR_CONTAINERS,
    XEN_LMBENCH,
    Compared,
    Role,
)
from toyvm.lab.report import plots
from toyvm.lab.report.drawing import Svg
from toyvm.lab.report.figures import Figures
from toyvm.lab.report.parts import Part, Section, file_name, marks, measured
from toyvm.lab.report.tables import Table, Value

_QUOTED = (Role.NATIVE, Role.SOFTWARE, Role.HARDWARE)


def literature(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
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
        f"Marks: {marks()}.",
    ]
    table = Table("literature", "Theirs in cycles with marks, ours as multiples of the bare machine", head, numbers)
    yield Section("literature", "Adams and Agesen beside ours", said, [Part(table, drawings)], measured(figures))


def systems_literature(figures: Figures, svgs: dict[str, Svg]) -> Iterator[Section]:
    """Xen's figures beside the paravirtual technique's, and those of containers beside ours."""
    parts = [_beside(figures, svgs, one) for one in (XEN_LMBENCH, CONTAINERS) if _has_some(figures, one)]
    if parts:
        said = f"Theirs, and ours of the same kind beside them. Marks: {marks()}. {VENDOR_CONTAINERS}."
        yield Section("systems-literature", "Xen and containers beside ours", [said], parts, measured(figures))


def _has_some(figures: Figures, theirs: Compared) -> bool:
    columns = theirs.played_by.values()
    return any(figures.ratio(row.workload or "", column) for row in theirs.rows for column in columns)


def _beside(figures: Figures, svgs: dict[str, Svg], theirs: Compared) -> Part:
    drawings = []
    for system, column in theirs.played_by.items():
        pairs = {
            f"{row.workload}: {row.their_name}": (row.times_native(theirs.systems.index(system)), ratio)
            for row in theirs.rows
            if (ratio := figures.ratio(row.workload or "", column))
        }
        if pairs:
            drawings.append(f"{theirs.name}-{file_name(system)}")
            plots.pairs(svgs, drawings[-1], f"{system}, ours {column}", pairs)
    head = ["theirs called", *(f"theirs, {system}" for system in theirs.systems), "our workload"]
    head += [f"ours x bare, {column}" for column in theirs.played_by.values()]
    numbers: list[list[Value]] = [
        [
            *(row.their_name, *(f"{value:,g} {row.mark}" for value in row.figures), row.workload),
            *(figures.ratio(row.workload or "", column) for column in theirs.played_by.values()),
        ]
        for row in theirs.rows
    ]
    caption = f"{theirs.source}, and ours as multiples of the bare machine"
    said = f"{caption}. The plots have theirs as multiples of {theirs.systems[0]} alone."
    return Part(Table(theirs.name, caption, head, numbers), drawings, said)


def _theirs(quoted: Any, native: Any) -> float | None:
    return None if quoted is None else float(quoted.value / native.value)


def _player(parts: Mapping[Role, str], role: Role) -> str:
    return parts[role] if role in parts else f"{' or '.join(PLAYED_BY[role])}, which was not measured"
