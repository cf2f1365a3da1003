"""Interleaved pairs: two things measured in turn, so that what disturbs the machine disturbs both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

Measure = Callable[[], float]  # runs once and says how long it took, in nanoseconds of CPU time


def measure_pair(
    benchmark: Any, ours: Measure, theirs: Measure, rounds: int, names: tuple[str, str]
) -> tuple[float, float]:
    """Run both `rounds` times in turn. Medians of both, and of the ratios, go into the benchmark's extra info."""
    pairs = measure_pairs(benchmark, ours, theirs, rounds, names)
    mine, other = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratios = sorted(one / two for one, two in pairs)
    spread = f"{median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})"
    print(f"\n{names[0]} {mine:.2f} ns, {names[1]} {other:.2f} ns, ratio {spread}")
    return mine, other


def measure_pairs(
    benchmark: Any, ours: Measure, theirs: Measure, rounds: int, names: tuple[str, str]
) -> list[tuple[float, float]]:
    """Run both `rounds` times in turn, and note the medians in the benchmark's extra info."""
    pairs: list[tuple[float, float]] = []
    benchmark.pedantic(lambda: pairs.append((ours(), theirs())), rounds=rounds, iterations=1)
    ratios = sorted(one / two for one, two in pairs)
    benchmark.extra_info.update(
        {
            f"{names[0]} ns": round(median(pair[0] for pair in pairs), 2),
            f"{names[1]} ns": round(median(pair[1] for pair in pairs), 2),
            "ratio": round(median(ratios), 3),
            "ratio range": [round(ratios[0], 3), round(ratios[-1], 3)],
        }
    )
    return pairs


def hold(is_met: bool, line: str) -> None:
    """A goal that is missed is a test that fails, with the line that says by how much."""
    if not is_met:
        pytest.fail(line, pytrace=False)
