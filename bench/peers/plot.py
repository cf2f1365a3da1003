"""The comparison as a picture: an SVG file with a bar for each subject's mean and a dot for each program."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import ceil, floor, log10

from report import Comparison
from subjects import NATIVE

LEFT, WIDTH, ROW, TOP, BOTTOM = 170, 520, 34, 46, 40


def svg(comparison: Comparison) -> str:
    """Slowdown against native code, on a logarithmic scale."""
    what = "once warm" if comparison.is_warm else "whole processes"
    names = [name for name in comparison.subjects if name != NATIVE and name not in comparison.missing]
    dots = {name: [one.median for p in comparison.programs if (one := comparison.figure(p, name))] for name in names}
    every = [value for values in dots.values() for value in values] or [1.0]
    low, high = floor(log10(min(1.0, *every))), max(ceil(log10(max(every))), 1)

    def x(value: float) -> float:
        return LEFT + WIDTH * (log10(value) - low) / (high - low)

    height = TOP + ROW * len(names) + BOTTOM
    size = f'width="{LEFT + WIDTH + 70}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="22">slowdown against native gcc -O2, {what}: mean and each program</text>',
    ]
    for decade in range(low, high + 1):
        for step in (1, 2, 5):
            value = step * 10.0**decade
            if value <= 10.0**high:
                parts.append(_gridline(x(value), height, f"{value:g}"))
    for place, name in enumerate(names):
        parts += _row(name, TOP + ROW * place, dots[name], comparison.mean(name, comparison.figure), x)
    return "\n".join([*parts, "</svg>", ""])


def _gridline(x: float, height: int, label: str) -> str:
    bottom = height - BOTTOM
    return (
        f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{label}</text>'
    )


def _row(name: str, y: int, dots: list[float], mean: float | None, x: Callable[[float], float]) -> list[str]:
    parts = [f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(name)}</text>']
    if mean is not None:
        left, right = sorted((x(1), x(mean)))
        parts.append(f'<rect x="{left:.1f}" y="{y + 4}" width="{right - left:.1f}" height="16" fill="#7aa6d1"/>')
        parts.append(f'<text x="{max(x(mean), *map(x, dots)) + 8:.1f}" y="{y + 17}">{mean:.2f}</text>')
    parts += [f'<circle cx="{x(value):.1f}" cy="{y + 12}" r="3" fill="#1b3a57"/>' for value in dots]
    return parts
