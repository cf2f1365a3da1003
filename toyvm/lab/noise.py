"""Noise: which cells' repetitions differ so much that their figures say little, what disturbed them, and short runs."""

from __future__ import annotations

from collections.abc import Iterator

from toyvm.lab.experiment import FULL, QUICK, Experiment
from toyvm.lab.statistics import outliers
from toyvm.lab.text import wrapped

QUIET = 0.05  # half of an interval over its median, unless another precision was asked for


def quick_sentence() -> str:
    """What --quick gives up."""
    seconds, nano_seconds = (
        f"{1000 * quick:g} ms in place of {1000 * full:g}"
        for quick, full in ((QUICK.seconds, FULL.seconds), (QUICK.nano_seconds, FULL.nano_seconds))
    )
    return (
        f"--quick gives up precision: runs take {seconds}, and those for prices of exits {nano_seconds}; a cell's "
        "baseline is run once, so that its wavering is in no interval."
    )


def noise_lines(experiment: Experiment, width: int, precision: float | None = None) -> Iterator[str]:
    """A sentence about intervals that are too wide, and one about repetitions far from the others."""
    cells = [cell for cell in experiment.cells.values() if cell.measured]
    asked = QUIET if precision is None else precision
    wide = [cell for cell in cells if cell.spread > asked]
    if wide:
        worst = max(wide, key=lambda cell: cell.spread)
        advice = "more repetitions or a quieter machine" if precision else f"--precision {QUIET:.0%}"
        yield from wrapped(
            f"Noise: {len(wide)} of {_times(len(cells), 'cell')} {_is(len(wide))} wider than ±{asked:.1%}, the widest "
            f"{worst.workload} on {worst.subject.label}, ±{worst.spread:.1%} in "
            f"{_times(len(worst.repetitions), 'repetition')}; {advice} may narrow that.",
            width,
        )
    far = [(len(outliers(cell.times)), cell) for cell in cells]
    most, disturbed = max(far, key=lambda pair: pair[0], default=(0, None))
    if disturbed is not None and most:
        count, total = sum(number for number, _ in far), sum(len(cell.repetitions) for cell in cells)
        yield from wrapped(
            f"Outliers: {count} of {_times(total, 'repetition')} {_is(count)} far from {_its(count)} cell's median, "
            f"{most} in {disturbed.workload} on {disturbed.subject.label}; kept, as medians do not mind.",
            width,
        )


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _its(count: int) -> str:
    return "its" if count == 1 else "their"
