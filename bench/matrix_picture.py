"""The picture of the matrix: each workload on each technique as a coloured cell, light and dark, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log

NAME, COLUMN, ROW, HEAD, FOOT, MARGIN = 92, 72, 26, 62, 54, 16
Ratios = Mapping[tuple[str, str], float]  # by workload and technique
DEAREST = 25.0  # times the bare machine, and more: the end of the scale


@dataclass(frozen=True)
class Palette:
    """Colours as red, green, blue: what is as fast as bare, dearest, and cheaper than bare."""

    paper: str
    ink: str
    faint: str
    alike: tuple[int, int, int]
    dear: tuple[int, int, int]
    cheap: tuple[int, int, int]


LIGHT = Palette("#ffffff", "#1f2328", "#656d76", (232, 240, 234), (214, 84, 60), (76, 142, 196))
DARK = Palette("#0d1117", "#e6edf3", "#8d96a0", (31, 46, 38), (176, 64, 44), (38, 92, 140))


def matrix_svg(
    ratios: Ratios, workloads: Sequence[str], techniques: Sequence[str], source: str, palette: Palette
) -> str:
    """Rows are workloads, columns techniques; a cell is the time of an operation over the bare machine's."""
    width = MARGIN * 2 + NAME + COLUMN * len(techniques)
    height = HEAD + ROW * len(workloads) + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="{palette.paper}"/>',
        *_heads(techniques, palette),
    ]
    for line, workload in enumerate(workloads):
        parts += _row(ratios, workload, techniques, HEAD + ROW * line, palette)
    caption = ("time of an operation, as a multiple of the bare machine's", source)
    parts += [_text(MARGIN, height - 30 + 16 * line, text, palette.faint, size=11) for line, text in enumerate(caption)]
    return "\n".join([*parts, "</svg>", ""])


def _heads(techniques: Sequence[str], palette: Palette) -> list[str]:
    parts = []
    for place, technique in enumerate(techniques):
        x = MARGIN + NAME + COLUMN * place + COLUMN / 2
        name, *options = technique.split("+")
        parts.append(_text(x, HEAD - 28, name, palette.ink, anchor="middle", weight=600))
        parts += [_text(x, HEAD - 12, f"+{option}", palette.faint, anchor="middle", size=11) for option in options]
    return parts


def _row(ratios: Ratios, workload: str, techniques: Sequence[str], y: float, palette: Palette) -> list[str]:
    parts = [_text(MARGIN, y + ROW / 2 + 4, workload, palette.ink)]
    for place, technique in enumerate(techniques):
        x = MARGIN + NAME + COLUMN * place
        ratio = ratios.get((workload, technique))
        if ratio is not None:
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{COLUMN - 2}" height="{ROW - 2}" rx="3" '
                f'fill="{colour(ratio, palette)}"/>'
            )
        words = "-" if ratio is None else f"{ratio:.2f}" if ratio < 9.995 else f"{ratio:.1f}"
        ink = palette.faint if ratio is None else palette.ink
        parts.append(_text(x + COLUMN / 2, y + ROW / 2 + 4, words, ink, anchor="middle"))
    return parts


def colour(ratio: float, palette: Palette) -> str:
    """On a logarithmic scale: from as fast as bare to the dearest, and the other way to the cheapest."""
    share = min(1.0, abs(log(max(ratio, 1 / DEAREST))) / log(DEAREST))
    end = palette.dear if ratio >= 1 else palette.cheap
    mixed = (round(a + (b - a) * share) for a, b in zip(palette.alike, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _text(
    x: float, y: float, words: str, fill: str, *, anchor: str = "start", size: int = 12, weight: int = 400
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{fill}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )
