"""Drawing: matplotlib without its global state, and SVG that takes its colours from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toyvm.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1a1a1b", "#5b6067", "#d5d8dc", "#fffffe"
FASTER, SLOWER = "#0072b2", "#d55e00"
# Okabe and Ito's, which those who see fewer colours tell apart too; what is left over is grey.
SERIES = ("#0173b3", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d65f01", "#8c6d31")
REST = "#9aa0a7"
VARIABLES = {
    **{INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", FASTER: "faster", SLOWER: "slower", REST: "rest"},
    **{colour: f"series-{place}" for place, colour in enumerate(SERIES)},
}
_SETTINGS: dict[Any, Any] = {
    **{"text.color": INK, "axes.edgecolor": MUTED, "axes.labelcolor": INK, "xtick.color": MUTED, "ytick.color": MUTED},
    **{"xtick.labelcolor": INK, "ytick.labelcolor": INK, "grid.color": GRID, "font.size": 10, "axes.titlesize": 11},
    **{"axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "toyvm"},
    **{"legend.frameon": False, "legend.fontsize": 9, "axes.axisbelow": True},
}


def check_matplotlib(option: str) -> None:
    """Raises UsageError where it is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise UsageError(f"{option} needs matplotlib: pip install 'toyvm[lab]'") from None


class Svg:
    """A picture as a part of a page, and as a file of its own."""

    def __init__(self, name: str, figure: Figure) -> None:
        self.inline = _inline(name, _saved(figure, "none"))
        self._figure = figure

    def file(self, source: str) -> str:
        """Fit for a paper: letters as they look everywhere, on a ground that shows through, with its source."""
        return _saved(self._figure, "path", source)


@contextmanager
def drawn(name: str, width: float, height: float, svgs: dict[str, Svg]) -> Iterator[Axes]:
    """Axes in a figure of so many inches; what has been drawn there is in `svgs` then, under this name."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height))
        yield figure.add_subplot()
        svgs[name] = Svg(name, figure)


def _saved(figure: Figure, letters: str, source: str | None = None) -> str:
    """`letters`: none, text, which the reader's system has letters for; path: their outlines."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({**_SETTINGS, "svg.fonttype": letters}):
        figure.savefig(
            buffer, format="svg", bbox_inches="tight", transparent=True, metadata={"Date": None, "Source": source}
        )
    return buffer.getvalue()


# What a page needs nothing of: who made it, a style that would be the whole page's, names that nothing refers to, turns
# by nothing, edges that nothing is beyond, letters and ink that the page's style has, and a hundredth of a point.
_NEEDLESS = re.compile(
    r"<(metadata|style|clipPath)\b.*?</\1>"
    r"| clip-path=\"[^\"]*\"|(?<=<g) id=\"[^\"]*\"| transform=\"rotate\(-?0 [^)]*\)\""
    rf"|font-family: [^;\"]+;? ?|; fill: {INK}(?=\"[^>]*>[^<]*</text)|(?<=\.\d)\d+(?=[ \"\n])",
    re.DOTALL,
)


def _inline(name: str, text: str) -> str:
    """Without a head, with names that are its own, and with the page's colours and letters."""
    body = _NEEDLESS.sub("", text[text.index("<svg") :])
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r"<defs>\s*</defs>|<g/>|\s*(?=\n)|(?<=\n)\s*", "", body)
    head = re.match(r'<svg [^>]*viewBox="(0 0 ([0-9.]+) [0-9.]+)"[^>]*>', body)
    assert head is not None, "matplotlib says how large its pictures are"
    # As wide as drawn, at 96 points an inch; hidden from those who are read the table.
    width = round(float(head[2]) * 4 / 3)
    return f'<svg viewBox="{head[1]}" width="{width}" aria-hidden="true" focusable="false">{body[head.end() :]}'
