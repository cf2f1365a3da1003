"""Pictures, as SVG: slowdown by subject, with the mean and each program; and each target beside its limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

from peers.report import Comparison
from peers.scorecard import measured_text
from peers.subjects import NATIVE
from peers.targets import Row

LEFT, WIDTH, RIGHT, ROW, HEAD, FOOT = 250, 520, 130, 30, 58, 48
LETTERS = 130  # in a line of small ones
TEXT, GREY, BAR, DOT, GOOD, BAD, LIMIT, GOAL = (
    *("#222", "#666", "#7aa6d1", "#1b3a57", "#2c8a4b", "#c0392b", "#c0392b", "#2c8a4b"),
)
_KEY = "red line: to reach; dashed: gone for"


def comparison_svg(comparison: Comparison, machine: str) -> str:
    """Slowdown against native code, and where that was measured."""
    return _page([_Slowdowns(comparison)], machine)


def targets_svg(rows: Sequence[Row], warm: Comparison, long: Comparison, machine: str) -> str:
    """The targets, then the comparisons that some of them come from, with their limits."""
    return _page([_Limits(rows), _Slowdowns(warm, _limits(rows, 0, 1)), _Slowdowns(long, _limits(rows, 2))], machine)


def _limits(rows: Sequence[Row], *places: int) -> dict[str, Row]:
    """By subject, those rows that are about the means of a comparison."""
    return {rows[place].target.subject: rows[place] for place in places}


class _Scale:
    """A logarithmic axis over some values, in whole steps of 1, 2 and 5."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values, default=1.0), max(values, default=10.0)
        first = [step for step in _steps() if step <= low][-1]
        last = next(step for step in _steps() if step >= high and step > first)
        self.ticks = [step for step in _steps() if first <= step <= last]
        self._low, self._high = log10(first), log10(last)

    def x(self, value: float) -> float:
        return LEFT + WIDTH * (log10(value) - self._low) / (self._high - self._low)


def _steps() -> Iterator[float]:
    for decade in range(-6, 7):
        yield from (step * 10.0**decade for step in (1, 2, 5))


class _Slowdowns:
    """A panel with a row for each subject but native code."""

    def __init__(self, comparison: Comparison, limits: dict[str, Row] | None = None) -> None:
        self._comparison, self._limits = comparison, limits or {}
        names = [name for name in comparison.subjects if name != NATIVE]
        every = {name: [comparison.slowdown(program, name) for program in comparison.programs] for name in names}
        self._dots = {name: [one.median for one in found if one] for name, found in every.items()}
        self._dots = {name: dots for name, dots in self._dots.items() if dots}
        self.height = HEAD + ROW * len(self._dots) + FOOT

    def draw(self, top: float) -> Iterator[str]:
        what = "warm, CPU time" if self._comparison.is_warm else "from nothing, elapsed"
        count, key = len(self._comparison.programs), f"; {_KEY}" if self._limits else ""
        yield _title(
            top, f"Slowdown against native gcc -O2, {what}", f"bar: geometric mean of {count}; dot: a program{key}"
        )
        bounds = [row.target.reach for row in self._limits.values()]
        scale = _Scale([1.0, *bounds, *(value for dots in self._dots.values() for value in dots)])
        yield from _grid(scale, top, self.height, "times native, logarithmic")
        for place, (name, dots) in enumerate(self._dots.items()):
            yield from self._row(name, dots, top + HEAD + ROW * place, scale)

    def _row(self, name: str, dots: list[float], y: float, scale: _Scale) -> Iterator[str]:
        yield _label(name, y)
        mean, end = self._comparison.mean(name), max(dots)
        if mean is not None:
            left, right = sorted((scale.x(1), scale.x(mean.median)))
            yield f'<rect x="{left:.1f}" y="{y + 5}" width="{right - left:.1f}" height="16" fill="{BAR}"/>'
        yield from (f'<circle cx="{scale.x(dot):.1f}" cy="{y + 13}" r="3" fill="{DOT}"/>' for dot in dots)
        if row := self._limits.get(name):
            yield from _marks(row.target.reach, row.target.go_for, y, scale)
            end = max(end, row.target.reach)
        if mean is not None:
            yield _text(scale.x(end) + 8, y + 18, mean.text(), TEXT)


class _Limits:
    """A panel with a row for each target: what was measured as a share of what is to be reached."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.height = HEAD + ROW * len(rows) + FOOT

    def draw(self, top: float) -> Iterator[str]:
        yield _title(top, "Targets: measured in ratio to what is to be reached", _KEY)
        shares = [row.figure.high / row.target.reach for row in self._rows if row.figure]
        lows = [row.figure.low / row.target.reach for row in self._rows if row.figure]
        goals = [row.target.go_for / row.target.reach for row in self._rows if row.target.go_for]
        scale = _Scale([1.0, *shares, *lows, *goals])
        yield from _grid(scale, top, self.height, "of the limit, logarithmic; less is better")
        for place, row in enumerate(self._rows):
            yield from self._row(row, top + HEAD + ROW * place, scale)

    def _row(self, row: Row, y: float, scale: _Scale) -> Iterator[str]:
        target, figure = row.target, row.figure
        yield _label(target.what, y)
        yield from _marks(1.0, target.go_for and target.go_for / target.reach, y, scale)
        if figure is None:
            yield _text(scale.x(1) + 8, y + 18, "not measured", GREY)
            return
        colour = GOOD if row.holds else BAD
        low, at, high = (scale.x(value / target.reach) for value in (figure.low, figure.median, figure.high))
        yield f'<line x1="{low:.1f}" y1="{y + 13}" x2="{high:.1f}" y2="{y + 13}" stroke="{colour}" stroke-width="2"/>'
        yield f'<circle cx="{at:.1f}" cy="{y + 13}" r="5" fill="{colour}"/>'
        yield _text(max(high, scale.x(1)) + 10, y + 18, measured_text(target, figure), TEXT)


def _page(panels: Sequence[_Slowdowns | _Limits], machine: str) -> str:
    height, parts = 10.0, []
    for panel in panels:
        parts += panel.draw(height)
        height += panel.height
    for line in wrap(machine, LETTERS):
        parts.append(f'<text x="20" y="{height + 12:.0f}" font-size="11" fill="{GREY}">{escape(line)}</text>')
        height += 16
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{ceil(height) + 10}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


def _title(top: float, title: str, key: str) -> str:
    return (
        f'<text x="20" y="{floor(top + 20)}" font-size="15" font-weight="bold" fill="{TEXT}">{escape(title)}</text>'
        f'<text x="20" y="{floor(top + 38)}" fill="{GREY}">{escape(key)}</text>'
    )


def _grid(scale: _Scale, top: float, height: float, unit: str) -> Iterator[str]:
    bottom = top + height - FOOT
    for tick in scale.ticks:
        x = scale.x(tick)
        yield f'<line x1="{x:.1f}" y1="{top + HEAD - 6}" x2="{x:.1f}" y2="{bottom + 4}" stroke="#ddd"/>'
        yield _text(x, bottom + 18, f"{tick:g}", GREY, "middle")
    yield _text(LEFT + WIDTH / 2, bottom + 34, unit, GREY, "middle")


def _marks(reach: float, go_for: float | None, y: float, scale: _Scale) -> Iterator[str]:
    """The limit, and what is gone for, across a row."""
    for value, colour, dashes in ((reach, LIMIT, "none"), (go_for, GOAL, "4 2")):
        if value:
            x, style = scale.x(value), f'stroke-width="2" stroke-dasharray="{dashes}"'
            yield f'<line x1="{x:.1f}" y1="{y + 1}" x2="{x:.1f}" y2="{y + 25}" stroke="{colour}" {style}/>'


def _label(name: str, y: float) -> str:
    return _text(LEFT - 12, y + 18, name, TEXT, "end")


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
