"""Figures: the median of what was measured again and again, and where it lies with 95% confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log
from statistics import median

from toyvm.lab.statistics import interval


@dataclass(frozen=True)
class Figure:
    """A median and its interval: between order statistics, and with fewer than six values their range."""

    median: float
    low: float
    high: float
    count: int  # values

    @property
    def noise(self) -> float | None:
        """Half of the interval, as a share of the median; None where one value says nothing of it."""
        return (self.high - self.low) / 2 / self.median if self.count > 1 else None

    def text(self, digits: int = 2) -> str:
        """`1.96 ±3%`."""
        return f"{self.median:.{digits}f}" + ("" if self.noise is None else f" ±{self.noise:.0%}")


def figure_of(values: Sequence[float]) -> Figure | None:
    """The figure of some values; None without any."""
    return Figure(median(values), *interval(values), len(values)) if values else None


def geometric_mean(figures: Sequence[Figure | None]) -> Figure | None:
    """Of several figures; None unless all are there. Their errors are taken for independent."""
    found = [one for one in figures if one is not None]
    if not found or len(found) < len(figures):
        return None
    centre = sum(log(one.median) for one in found) / len(found)
    half = hypot(*(log(one.high / one.low) / 2 for one in found)) / len(found)
    return Figure(exp(centre), exp(centre - half), exp(centre + half), min(one.count for one in found))
