"""The literature beside ours: published figures, the order of the techniques, and why it differs where it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from toyvm.lab.experiment import Experiment
from toyvm.lab.published import FIGURES, MARKS, MEANING, PLAYED_BY, SOURCE, Figure, Role
from toyvm.lab.rankings import TOLERANCE, comparisons, players
from toyvm.lab.subjects import Subject
from toyvm.lab.text import ratio_text, wrapped

_NAME = 11  # columns of a workload's name
_THEIR_NAME, _FIGURE, _RATIO = 8, 10, 9
_QUOTED = (Role.NATIVE, Role.SOFTWARE, Role.HARDWARE)


def published_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """Their figures beside ratios of ours, then the orders, for the workloads measured; nothing if there are none."""
    measured = {workload.name for workload in experiment.workloads}
    figures = [figure for figure in FIGURES if figure.workload in measured]
    if not figures or len(experiment.subjects) < 2:
        return
    parts = players(experiment)
    yield from wrapped(f"Beside it, {SOURCE}; cycles an operation, of forkwait seconds for 40,000.", width)
    yield from _figure_lines(experiment, figures, parts)
    yield from wrapped("Marks: " + "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items()) + ".", width)
    yield from wrapped(" ".join(_player(role, parts) for role in Role), width)
    yield from _order_lines(experiment, width)


def _player(role: Role, parts: Mapping[Role, Subject]) -> str:
    """Who plays a part."""
    here = f"here {parts[role].label}" if role in parts else f"here {' or '.join(PLAYED_BY[role])}, not measured"
    return f"{role}: {MEANING[role]}, {here}."


def _figure_lines(experiment: Experiment, figures: list[Figure], parts: Mapping[Role, Subject]) -> Iterator[str]:
    ours = [role for role in Role if role in parts and parts[role] != experiment.base]
    yield _row("", f"{'theirs':<{_THEIR_NAME + _FIGURE * len(_QUOTED)}}", " ours, x bare" if ours else "")
    yield _row("workload", f"{'name':<{_THEIR_NAME}}{_cells(_QUOTED, _FIGURE)}", _cells(ours, _RATIO))
    for figure in figures:
        quoted = _cells([figure.of(role) for role in _QUOTED], _FIGURE)
        cells = [experiment.cells[figure.workload, parts[role]] for role in ours]
        ratios = _cells([ratio_text(experiment.ratio(cell)) for cell in cells], _RATIO)
        yield _row(figure.workload, f"{figure.their_name:<{_THEIR_NAME}}{quoted}", ratios)


def _row(name: str, theirs: str, ours: str) -> str:
    return f"{name:<{_NAME}}| {theirs} |{ours}".rstrip(" |")


def _cells(values: Sequence[object], width: int) -> str:
    return "".join(f"{value!s:>{width}}" for value in values)


def _order_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """The order of the techniques on each workload, theirs and ours, and the reason for each difference."""
    found = comparisons(experiment)
    if not found:
        return
    column = max(len("their order"), *(len(each.theirs) for each in found))
    yield ""
    yield from wrapped(
        f"The order, the fastest first; within a factor of {TOLERANCE}, or with ranges that overlap, two are equal.",
        width,
    )
    yield f"{'workload':<{_NAME}}  {'their order':<{column}}  our order"
    for each in found:
        yield f"{each.figure.workload:<{_NAME}}  {each.theirs:<{column}}  {each.ours}"
        for reason in each.reasons:
            yield from wrapped(f"  {reason}.", width, "    ")
