"""Engines: dynamic recompilation beside interpretation, by workload and technique, and why a gain is small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell
from toyvm.lab.subjects import RECOMPILER, Subject
from toyvm.lab.text import name_width, number, ratio_text, wrapped

ENOUGH = 1.5  # a gain that needs no explanation
_MOST = 0.5  # of a cell's time or instructions
_GAIN, _SHARE = 7, 9  # columns
_BORDER = " | "


@dataclass(frozen=True, slots=True)
class Gain:
    """What dynamic recompilation comes to on one workload and technique."""

    workload: str
    technique: str
    gain: float  # so many times as fast as interpreted
    compiled_share: float  # of the instructions
    stay: float | None  # instructions from entering compiled code until it is left
    exit_share: float  # of the time, spent in exits to a monitor
    compiling_seconds: float  # CPU time, once, beside all this

    @property
    def reason(self) -> str | None:
        """Why it gains little; None where it does not."""
        if self.gain >= ENOUGH:
            return None
        return next((reason.name for reason in _REASONS if reason.holds(self)), _UNEXPLAINED.name)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a gain is small: when that is so, the sentence, and the figure that shows it."""

    name: str
    holds: Callable[[Gain], bool]
    sentence: str
    figure: Callable[[Gain], str]


_REASONS = (
    Reason(
        "emulated kernel",
        lambda gain: gain.technique.startswith("hybrid") and gain.compiled_share < _MOST,
        "A hybrid monitor executes the guest's kernel by its emulator, on either engine; compiled is user code alone",
        lambda gain: f"{gain.compiled_share:.0%}",
    ),
    Reason(
        "exits",
        lambda gain: gain.exit_share >= _MOST,
        "Exits dominate: the monitor, which is C on either engine, takes most of the time",
        lambda gain: f"{gain.exit_share:.0%}",
    ),
    Reason(
        "little compiled",
        lambda gain: gain.compiled_share < _MOST,
        "Traps and privileged instructions are left to the interpreter, and what lies between them is too short for "
        "compiled code to pay, or runs too seldom; compiled is",
        lambda gain: f"{gain.compiled_share:.0%}",
    ),
    Reason(
        "short stays",
        lambda gain: gain.stay is not None and gain.stay < 50,
        "Compiled code is left again soon, for a trap or a privileged instruction, and entering it costs time; "
        "instructions until then",
        lambda gain: number(gain.stay or 0),
    ),
)
_UNEXPLAINED = Reason(
    "other",
    lambda gain: True,
    "The time is in devices, page faults, flushed translations, and what the account leaves unexplained; compiled is",
    lambda gain: f"{gain.compiled_share:.0%}",
)


def gains(experiment: Experiment) -> list[Gain]:
    """Of each cell that was measured on both engines."""
    found = []
    for subject in _recompiled(experiment):
        spent = {each.workload: sum(e.nanoseconds for e in each.entries) for each in experiment.accounts(subject)}
        for workload in experiment.workloads:
            cell = experiment.cells[workload.name, subject]
            gain = experiment.gain(cell)
            if gain is not None:
                found.append(_gain(cell, gain, spent.get(workload.name, 0.0)))
    return found


def _gain(cell: Cell, gain: float, exit_nanoseconds: float) -> Gain:
    compiled = cell.compiled_share * cell.instructions
    return Gain(
        cell.workload,
        cell.subject.technique,
        gain,
        cell.compiled_share,
        compiled / cell.entered if cell.entered > 0 else None,
        min(1.0, exit_nanoseconds / cell.nanoseconds) if cell.nanoseconds > 0 else 0.0,
        cell.compiling_seconds,
    )


def _recompiled(experiment: Experiment) -> list[Subject]:
    """The subjects on the recompiler whose technique was interpreted as well."""
    both = {subject.technique for subject in experiment.subjects if subject.engine != RECOMPILER}
    return [each for each in experiment.subjects if each.engine == RECOMPILER and each.technique in both]


def gain_records(experiment: Experiment) -> list[dict[str, Any]]:
    """The same for `--json`."""
    return [{**asdict(gain), "reason": gain.reason} for gain in gains(experiment)]


def engine_lines(experiment: Experiment, width: int) -> Iterator[str]:
    """The table, and the reasons; nothing unless there are two engines."""
    found = gains(experiment)
    if not found:
        return
    yield from wrapped(
        "Dynamic recompilation: so many times as fast as the same technique interpreted, and the share of instructions "
        "that run compiled. On bare this is a dynamic translator (as QEMU's) beside an emulator (as Bochs is).",
        width,
    )
    subjects = _recompiled(experiment)
    name = name_width(workload.name for workload in experiment.workloads)
    fitting = max(1, (width - name) // (_GAIN + _SHARE + len(_BORDER)))
    for start in range(0, len(subjects), fitting):
        yield ""
        yield from _band(experiment, found, [subject.technique for subject in subjects[start : start + fitting]])
    yield from _reason_lines(found, width)
    seconds = sum(gain.compiling_seconds for gain in found)
    yield from wrapped(
        f"Compiling took {seconds:.2f} s of CPU time in a thread of its own, which no figure has in it: code is kept "
        "from run to run.",
        width,
    )


def _band(experiment: Experiment, found: Sequence[Gain], techniques: Sequence[str]) -> Iterator[str]:
    name = name_width(workload.name for workload in experiment.workloads)
    by_place = {(gain.workload, gain.technique): gain for gain in found}
    yield _row(" " * name, [f"{technique:^{_GAIN + _SHARE}}" for technique in techniques])
    yield _row(f"{'workload':<{name}}", [f"{'faster':>{_GAIN}}{'compiled':>{_SHARE}}"] * len(techniques))
    yield _row("-" * name, ["-" * (_GAIN + _SHARE)] * len(techniques))
    for workload in experiment.workloads:
        blocks = []
        for technique in techniques:
            gain = by_place.get((workload.name, technique))
            faster, compiled = ("-", "") if gain is None else (ratio_text(gain.gain), f"{gain.compiled_share:.0%}")
            blocks.append(f"{faster:>{_GAIN}}{compiled:>{_SHARE}}")
        yield _row(f"{workload.name:<{name}}", blocks)


def _row(name: str, blocks: Sequence[str]) -> str:
    return _BORDER.join((name, *blocks)).rstrip()


def _reason_lines(found: Sequence[Gain], width: int) -> Iterator[str]:
    """Why gains are small, a paragraph for each reason."""
    if any(gain.reason for gain in found):
        yield f"Where it gains less than {ENOUGH:g} times:"
    for reason in (*_REASONS, _UNEXPLAINED):
        figures: dict[str, list[str]] = {}  # `trap 97%`, by workload
        for gain in found:
            if gain.reason == reason.name:
                figures.setdefault(gain.workload, []).append(f"{gain.technique} {reason.figure(gain)}")
        if figures:
            concerned = "; ".join(f"{workload} on {', '.join(each)}" for workload, each in figures.items())
            yield from wrapped(f"  {reason.sentence}: {concerned}.", width, "    ")
