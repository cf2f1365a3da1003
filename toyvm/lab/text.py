"""Text: how the lab writes numbers and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NAME = 11  # columns of a workload's name, at least


def name_width(names: Iterable[str]) -> int:
    """Columns that the names of workloads take at the beginning of a table."""
    return max((_NAME, *map(len, names)))


def ratio_text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def number(value: float) -> str:
    """Four digits or so, and no more decimals than they need."""
    if abs(value) >= 1e7:
        return f"{value:.2e}"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    text = f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"
    return text.removesuffix(".00").removesuffix(".0") if abs(value - round(value)) < 0.005 else text


def version_text(machine: Mapping[str, Any]) -> str:
    """Which toyvm made results, as their machine's record says."""
    return f"toyvm {machine['toyvm']} ({machine.get('commit') or 'of an unknown commit'})"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The text in lines of that many columns, all but the first indented."""
    from textwrap import wrap

    return wrap(text, width, subsequent_indent=indent)
