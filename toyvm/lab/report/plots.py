"""Plots of a report, each a function of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import log
from textwrap import fill
from typing import TYPE_CHECKING, Any

from toyvm.lab.report.drawing import (
    FASTER,
    GRID,
    INK,
    MUTED,
    PAPER,
    REST,
    SERIES,
    SLOWER,
    Svg,
    drawn,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRONGEST, _SATURATED = 0.78, 100.0  # of a cell's colour, so that its number can be read; at that many times
_HEADS = {"hypercalls": "hyper-\ncalls", "+": "\n+", ", ": "\n"}  # so that a column's name fits above it
_SHAPES = "osD^vPX"  # of marks, one for each of SERIES
_LEGEND = 30  # letters of a line in a legend
_FAR = 1000  # cycles, of an exit: its name has room at the left
_KEY = (0.25, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0)


def short(ratio: float | None) -> str:
    """A ratio in three digits."""
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" if ratio < 9.995 else f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:,.0f}"


def _shade(ratio: float) -> tuple[str, float]:
    """A colour by the side of 1 that it is on, the stronger the further away."""
    distance = abs(log(ratio)) / log(_SATURATED) if ratio > 0 else 1.0
    return FASTER if ratio < 1 else SLOWER, STRONGEST * min(1.0, distance**0.75)


def heat_map(
    svgs: dict[str, Svg],
    name: str,
    rows: Sequence[str],
    columns: Sequence[str],
    ratios: Mapping[tuple[str, str], float | None],
) -> None:
    """A square for each, with its ratio in it; what is not there is left empty."""
    from matplotlib.patches import Rectangle

    with drawn(name, 1.4 + 0.68 * len(columns), 1.3 + 0.27 * len(rows), svgs) as axes:
        for line, row in enumerate(rows):
            for place, column in enumerate(columns):
                ratio = ratios.get((row, column))
                if ratio is None:
                    axes.text(place + 0.5, line + 0.5, "-", ha="center", va="center", color=MUTED)
                    continue
                axes.add_patch(Rectangle((place, line), 1, 1, facecolor=_shade(ratio), edgecolor=GRID, linewidth=0.5))
                axes.text(place + 0.5, line + 0.5, short(ratio), ha="center", va="center", fontsize=9)
        for place, ratio in enumerate(_KEY):
            left = 0.7 * place
            axes.add_patch(Rectangle((left, len(rows) + 0.45), 0.7, 0.75, facecolor=_shade(ratio), edgecolor=GRID))
            axes.text(left + 0.35, len(rows) + 0.83, f"{ratio:g}x", ha="center", va="center", fontsize=8)
        axes.set(xlim=(0, max(len(columns), 0.7 * len(_KEY))), ylim=(len(rows) + 1.3, 0))
        _ticks_of_names(axes, rows, columns)


def _ticks_of_names(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    heads = [column.rpartition(":")[2] for column in columns]
    for long, short_ in _HEADS.items():
        heads = [head.replace(long, short_) for head in heads]
    axes.set_xticks([place + 0.5 for place in range(len(columns))], heads, fontsize=8)
    axes.set_yticks([place + 0.5 for place in range(len(rows))], rows)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def bars(
    svgs: dict[str, Svg], name: str, title: str, found: Mapping[str, tuple[float, tuple[float, float]]], unit: str
) -> None:
    """A bar for each technique, from the bare machine's 1 or from nothing, with the interval of its median."""
    is_ratio = unit.startswith("x")
    with drawn(name, 3.2, 0.75 + 0.22 * len(found), svgs) as axes:
        for place, (value, (low, high)) in enumerate(found.values()):
            start = 1.0 if is_ratio else 0.0
            axes.barh(place, value - start, 0.72, left=start, color=FASTER if is_ratio and value < 1 else SLOWER)
            axes.plot([low, high], [place, place], color=INK, linewidth=1.4, solid_capstyle="butt")
            axes.plot([low, high], [place, place], color=INK, marker="|", linestyle="none", markersize=5)
            axes.text(1.02, place, short(value), va="center", fontsize=9, transform=axes.get_yaxis_transform())
        if is_ratio:
            _ratio_axis(axes, [end for value, ends in found.values() for end in (value, *ends)])
        _name_rows(axes, [label.rpartition(":")[2] for label in found], 0.1, fontsize=9)
        axes.set_title(title, loc="left", fontweight="bold")
        axes.set_xlabel(unit, fontsize=9)
        axes.grid(axis="x", linewidth=0.6)


def _name_rows(axes: Axes, names: Iterable[str], room: float, **looks: Any) -> None:
    """A row for each, from above, with so much of a row's height as room above the first and below the last."""
    rows = list(names)
    axes.set_yticks(range(len(rows)), rows, **looks)
    axes.set_ylim(len(rows) - 0.5 + room, -0.5 - room)
    axes.tick_params(axis="y", length=0)


def _legend_beside(axes: Axes, **looks: Any) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), **looks)


def _ratio_axis(axes: Axes, values: Sequence[float]) -> None:
    """Logarithmic, with 1 and at least a factor of two to its sides, and numbers that can be read."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low = min(0.8, *(value * 0.9 for value in values if value > 0))
    high = max(2.0, *(value * 1.15 for value in values))
    steps = (1, 2, 5) if high / low < 60 else (1,)
    marks = [step * 10.0**power for power in range(-4, 9) for step in steps if low <= step * 10.0**power <= high]
    while len(marks) > 7:
        marks = [mark for place, mark in enumerate(marks) if (place - marks.index(1.0)) % 2 == 0]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color=INK, linewidth=0.9)


def stacked(
    svgs: dict[str, Svg], name: str, title: str, parts: Sequence[str], rows: Mapping[str, Mapping[str, float]]
) -> None:
    """Shares of the total of each row, part by part; the last but one is grey, and the last is left hollow."""
    from matplotlib.patches import Patch

    colours = dict(zip(parts, [*SERIES[: len(parts) - 2], REST, PAPER], strict=True))
    with drawn(name, 6.6, 1.25 + 0.25 * len(rows), svgs) as axes:
        ends = dict.fromkeys(rows, 0.0)
        for part, colour in colours.items():
            widths = [max(0.0, 100 * row.get(part, 0.0)) for row in rows.values()]
            axes.barh(
                range(len(rows)),
                widths,
                0.78,
                left=[100 * end for end in ends.values()],
                facecolor=colour,
                edgecolor=MUTED,
                linewidth=[0.6 if width else 0.0 for width in widths],
                label=part,
            )
            ends = {row: end + width / 100 for (row, end), width in zip(ends.items(), widths, strict=True)}
        axes.axvline(100, color=INK, linewidth=1.1)
        _name_rows(axes, rows, 0.05)
        axes.set_xlabel("% of the time of an operation")
        axes.set_title(title, loc="left", fontweight="bold")
        keys = [Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.6, label=part) for part, colour in colours.items()]
        _legend_beside(axes, handles=keys, handlelength=1.4)


def pairs(svgs: dict[str, Svg], name: str, title: str, rows: Mapping[str, tuple[float | None, float | None]]) -> None:
    """Theirs, filled, and ours, hollow, on one line each, joined."""
    with drawn(name, 4.0, 1.2 + 0.3 * len(rows), svgs) as axes:
        for place, both in enumerate(rows.values()):
            there = [value for value in both if value is not None]
            axes.plot(there, [place] * len(there), color=REST, linewidth=2, zorder=1)
        for side, (word, face, shape) in enumerate((("theirs", SLOWER, "o"), ("ours", "none", "D"))):
            points = [(pair[side], place) for place, pair in enumerate(rows.values()) if pair[side] is not None]
            axes.plot(
                [value for value, _ in points if value is not None],
                [place for _, place in points],
                linestyle="none",
                marker=shape,
                markersize=7,
                label=word,
                zorder=2,
                markerfacecolor=face,
                markeredgecolor=SLOWER if face == SLOWER else FASTER,
                markeredgewidth=1.6,
            )
        _ratio_axis(axes, [value for both in rows.values() for value in both if value is not None])
        _name_rows(axes, rows, 0.1)
        axes.set_title(title, loc="left", fontweight="bold")
        axes.set_xlabel("x native", fontsize=9)
        axes.grid(linewidth=0.6)
        _legend_beside(axes)


def crossings(svgs: dict[str, Svg], name: str, series: Mapping[str, Sequence[tuple[float, float, str]]]) -> None:
    """Below which share guest mode is ahead, by what an exit costs: cycles, share in percent, processor."""
    with drawn(name, 6.6, 3.9, svgs) as axes:
        for (title, points), colour, shape in zip(series.items(), (FASTER, SLOWER), "os", strict=False):
            ordered = sorted(points)
            line = "-" if shape == "o" else ":"
            axes.plot(
                [cycles for cycles, _, _ in ordered],
                [share for _, share, _ in ordered],
                color=colour,
                marker=shape,
                linestyle=line,
                label=title,
            )
            for cycles, share, processor in ordered:
                below = ((-6, -12), "right") if cycles > _FAR else ((8, -3), "left")  # or it would reach the axis
                at, side = ((6, 5), "left") if shape == "o" else below
                axes.annotate(processor, (cycles, share), at, textcoords="offset points", fontsize=8.5, ha=side)
        axes.set_xlabel("cycles an exit costs")
        axes.set_ylabel("% of the kernel's instructions that exit,\nbelow which guest mode is ahead")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(linewidth=0.6)
        axes.legend()


def alike(series: Mapping[str, Mapping[Any, Any]]) -> dict[str, Mapping[Any, Any]]:
    """Those of the same values as one, by all of their titles: one would hide the others."""
    found: list[tuple[Mapping[Any, Any], list[str]]] = []
    for title, values in series.items():
        titles = next((titles for others, titles in found if others == values), None)
        if titles is None:
            found.append((values, [title]))
        else:
            titles.append(title)
    return {fill(", ".join(titles), _LEGEND, break_on_hyphens=False): values for values, titles in found}


def ratios_by_share(
    svgs: dict[str, Svg], name: str, series: Mapping[str, Mapping[float, float]], across: str, up: str
) -> None:
    """One line for each, on logarithmic scales, the one across from 0 on; at 1 both are equal."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    with _curves(svgs, name, series, across, up) as axes:
        axes.axhline(1, color=INK, linewidth=0.9)
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def by_number(
    svgs: dict[str, Svg], name: str, series: Mapping[str, Mapping[float, float]], across: str, up: str
) -> None:
    """One line for each, from 0 upwards, over numbers that double."""
    from matplotlib.ticker import FuncFormatter

    with _curves(svgs, name, series, across, up) as axes:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylim(0, 1.08 * max(value for points in series.values() for value in points.values()))


@contextmanager
def _curves(
    svgs: dict[str, Svg], name: str, series: Mapping[str, Mapping[float, float]], across: str, up: str
) -> Iterator[Axes]:
    with drawn(name, 6.6, 3.9, svgs) as axes:
        for (title, points), colour, shape in zip(alike(series).items(), SERIES, _SHAPES, strict=False):
            (line,) = axes.plot(list(points), list(points.values()), color=colour, marker=shape, label=title)
            line.set(markersize=6, markeredgecolor=MUTED, markeredgewidth=0.6)
        yield axes
        axes.set(xlabel=across, ylabel=up)
        axes.grid(linewidth=0.6)
        _legend_beside(axes)


def losses(
    svgs: dict[str, Svg], name: str, rows: Sequence[str], series: Mapping[str, Mapping[str, float | None]]
) -> None:
    """Bars of what is lost in percent, a group a row and a bar a series; `DNR` where all is."""
    series = alike(series)
    height = 0.84 / max(1, len(series))
    with drawn(name, 6.6, 1.0 + 0.16 * len(rows) * max(2, len(series)), svgs) as axes:
        for turn, ((title, lost), colour) in enumerate(zip(series.items(), SERIES, strict=False)):
            places = [place - 0.42 + height * (turn + 0.5) for place in range(len(rows))]
            shares = [lost.get(row) for row in rows]
            widths = [0.0 if share is None else 100 * share for share in shares]
            axes.barh(places, widths, height, color=colour, edgecolor=MUTED, linewidth=0.6, label=title)
            for place, row, share in zip(places, rows, shares, strict=True):
                if row in lost and share is None:
                    axes.text(0.4, place, "DNR", va="center", fontsize=7.5, color=INK)
        axes.axvline(0, color=INK, linewidth=0.9)
        _name_rows(axes, rows, 0.05)
        axes.set_xlabel("% of its requests lost; below 0 more are served")
        axes.grid(axis="x", linewidth=0.6)
        _legend_beside(axes)


def dots(
    svgs: dict[str, Svg], name: str, rows: Sequence[str], series: Mapping[str, Mapping[str, float]], across: str
) -> None:
    """A mark of each series in each row, on a scale that begins at 0 and is logarithmic from 0.1 on."""
    from matplotlib.ticker import FuncFormatter

    with drawn(name, 6.6, 1.0 + 0.27 * len(rows), svgs) as axes:
        for (title, found), colour, shape in zip(alike(series).items(), SERIES, _SHAPES, strict=False):
            there = [(found[row], place) for place, row in enumerate(rows) if row in found]
            axes.plot(
                *zip(*there, strict=True),
                linestyle="none",
                marker=shape,
                color=colour,
                markeredgecolor=MUTED,
                label=title,
            )
        axes.set_xscale("symlog", linthresh=0.1, linscale=0.3)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        _name_rows(axes, rows, 0.1)
        axes.set_xlabel(across)
        axes.grid(linewidth=0.6)
        _legend_beside(axes)
