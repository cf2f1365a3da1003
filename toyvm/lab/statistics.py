"""Statistics of repetitions: where their median lies, and which of them lie far from the others.

Nothing is assumed of how times are distributed: all is made of their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import comb
from statistics import median

_PARTS = 40  # of which one is beyond each end of an interval, at most: a confidence of 95%
LEAST = 6  # values, of which an interval of that confidence can be told
_FAR = (
    3.5  # from the median, in the unit below, as Iglewicz and Hoaglin have it (How to detect and handle outliers, 1993)
)
_DEVIATIONS = 1.4826  # standard deviations of a normal distribution that the median deviation from its median is one in


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median lies, with a confidence of at least 95%: between two of the values in their order.

    Of fewer than LEAST values it is all of their range, whose confidence is less.
    """
    ordered, rank = sorted(values), _rank(len(values))
    return ordered[rank], ordered[-1 - rank]


@cache
def _rank(count: int) -> int:
    """How many values are left out at each end.

    At most n of the values are less than the median as often as a coin that is thrown `count` times shows at most n
    heads: that may be half of what is missing from the confidence.
    """
    tail, heads = comb(count, 0), 0
    while tail * _PARTS <= 2**count:
        heads += 1
        tail += comb(count, heads)
    return max(heads - 1, 0)


def half_width(values: Sequence[float]) -> float:
    """Half of that interval, as a share of the median; 0 of a median of nothing."""
    low, high = interval(values)
    middle = median(values)
    return (high - low) / 2 / middle if middle > 0 else 0.0


def outliers(values: Sequence[float]) -> list[int]:
    """The places of values that lie so far from the median that something else has disturbed them."""
    if len(values) < LEAST:
        return []
    middle = median(values)
    unit = _DEVIATIONS * median(abs(value - middle) for value in values)
    return [place for place, value in enumerate(values) if abs(value - middle) > _FAR * unit > 0]
