"""The scoreboard: a row for each property, and what failed with how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

from toyvm.verify.accounts import Total
from toyvm.verify.properties import CLASSES, find_property

_NAME = max(map(len, CLASSES))
_HEAD = f"{'property':<{_NAME}}  {'cases':>9}  {'failed':>6}  {'time':>7}  "
_SHOWN = 12  # lines of a failure


def lines(totals: Mapping[str, Total], width: int) -> Iterator[str]:
    """The table: property, cases, how many failed, the time they took, and what is claimed."""
    yield f"{_HEAD}claim"
    for name, total in totals.items():
        numbers = f"{total.cases:>9,}  {len(total.failures) or '-':>6}  {clock(total.seconds):>7}  "
        yield from _beside(f"{name:<{_NAME}}  {numbers}", find_property(name).claim, width)
    cases = sum(total.cases for total in totals.values())
    failed = sum(len(total.failures) for total in totals.values())
    seconds = sum(total.seconds for total in totals.values())
    yield f"{'all':<{_NAME}}  {cases:>9,}  {failed or '-':>6}  {clock(seconds):>7}"
    for name, total in totals.items():
        if total.left_open:
            yield f"{name}: the specification leaves open what {len(total.left_open)} of the cases do"


def _beside(left: str, text: str, width: int) -> Iterator[str]:
    """Text in a column of its own."""
    for line in wrap(text, max(20, width - len(left))):
        yield (left + line).rstrip()
        left = " " * len(left)


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def failure_lines(totals: Mapping[str, Total], written: Mapping[tuple[str, int], Path]) -> Iterator[str]:
    """What failed, in the first lines of each, and how to see it again."""
    for name, total in totals.items():
        for failure in total.failures:
            yield ""
            yield f"{name}: case {failure.seed} fails; again with `toyvm verify {name} --seed {failure.seed} --cases 1`"
            path = written.get((name, failure.seed))
            if path is not None:
                yield f"  written to {path}; again with `toyvm verify {path}`"
            shown = failure.wrong.splitlines()
            yield from (f"  {line}" for line in shown[:_SHOWN])
            if len(shown) > _SHOWN:
                yield f"  ... ({len(shown) - _SHOWN} more lines)"


def descriptions(width: int) -> Iterator[str]:
    """Each property's name and claim."""
    for name in CLASSES:
        yield from _beside(f"{name:<{_NAME}}  ", find_property(name).claim, width)
