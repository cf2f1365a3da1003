"""Checking: are subjects equal for a program; if not, where and why, and what is the smallest program that shows it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from toyvm.arguments import check_integer, check_list, wrong
from toyvm.errors import UsageError
from toyvm.image import Image
from toyvm.machine.computer import image_of
from toyvm.testing.comparing import Contender, Verdict, compare_all, explained, how_they_differ, said
from toyvm.testing.programs import FOLLOWED, Program
from toyvm.testing.programs.program import Given, as_program
from toyvm.testing.shrinking import ATTEMPTS, shrunk
from toyvm.testing.subjects import Subject, judge_of, subject_of

CHECKPOINTS = (1, 10, 30, 100, 300, 600, 1000, 1500, FOLLOWED)  # counts of instructions
_QUICK = {"reference": "interpreter"}  # whom others are held to while a program is shrunk
Named = Subject | type | str


def compare(
    program: Given,
    *subjects: Named,
    checkpoints: Iterable[int] = CHECKPOINTS,
    image: Image | None = None,
) -> Verdict:
    """Run a program on several subjects and compare all of their state at each count of instructions.

    Subjects are names as `toyvm compare` takes them, classes of monitors or engines, or a Subject; others are held to
    the first one, a single one to the reference. `image` gives places their names, the one that is compared unless
    said. Raises UsageError and BadFileError.
    """
    if image is None and not isinstance(program, Program):
        image = image_of(program)
    named = None if image is None else image_of(image)
    return compare_all(_contenders(program, subjects), points_of(checkpoints), image=named)


def differs(program: Given, *subjects: Named, checkpoints: Iterable[int] = CHECKPOINTS) -> bool:
    """As `compare`, in a tenth of the time: is any of them in another state? Where and why is not looked for."""
    return _how(program, subjects, points_of(checkpoints)) is not None


def _how(program: Given, subjects: tuple[Named, ...], points: tuple[int, ...]) -> str | None:
    """How the first of those differs that does."""
    first, *others = _contenders(program, subjects)
    return next((how for other in others if (how := how_they_differ(first, other, points)) is not None), None)


def smallest(
    program: Given, *subjects: Named, checkpoints: Iterable[int] = CHECKPOINTS, attempts: int = ATTEMPTS
) -> Program:
    """Of a program for which subjects differ the smallest one found for which they still do, and in the same way.

    Where an exception ends the run of one that is the same one, at the same line. It takes seconds, a minute at most.
    Raises UsageError for a program that nobody differs for, or that does what the specification leaves open.
    """
    given = tuple(subject_of(one) for one in _held(subjects))
    points, program = points_of(checkpoints), as_program(program)
    if given[0].name in _QUICK:
        quick = (subject_of(_QUICK[given[0].name]), *given[1:])
        if (how := _how(program, quick, points)) is not None:
            small = shrunk(program, lambda one: _how(one, quick, points) == how, attempts=attempts)
            if _how(small, given, points) == how:
                return small
    how = _how(program, given, points)
    return shrunk(program, lambda one: how is not None and _how(one, given, points) == how, attempts=attempts)


def explain(verdict: Verdict) -> str:
    """What a comparison came to, in lines: who is equal and how far, and of each difference where, in what, and how."""
    if not isinstance(verdict, Verdict):
        raise wrong("verdict", verdict, "what compare(...) returns")
    differences = (line for one in verdict.differences for line in explained(one, verdict.names[0]))
    return "\n".join((*said(verdict), *differences))


class NotEqual(AssertionError):
    """Subjects differ for a program: all that is needed to shrink it, and to keep it."""

    def __init__(
        self, program: Program, subjects: tuple[Named, ...], points: tuple[int, ...], verdict: Verdict
    ) -> None:
        super().__init__(explain(verdict))
        self.program = program
        self.subjects = subjects
        self.checkpoints = points
        self.verdict = verdict


def assert_equal(program: Given, *subjects: Named, checkpoints: Iterable[int] = CHECKPOINTS) -> None:
    """Raise NotEqual, which explains it, where `compare` finds a difference; what is left open is none."""
    __tracebackhide__ = True  # pytest shows who called it
    points = points_of(checkpoints)
    verdict = compare(program, *subjects, checkpoints=points)
    if not verdict.equal:
        raise NotEqual(as_program(program), _held(subjects), points, verdict)


def points_of(checkpoints: Iterable[int]) -> tuple[int, ...]:
    """Counts of instructions. Raises UsageError for others."""
    expected = "counts of instructions, as [10, 100]"
    points = tuple(check_integer(one, "checkpoints") for one in check_list(checkpoints, "checkpoints", expected))
    if not points or min(points) < 0:
        raise UsageError("there has to be a checkpoint, a number of instructions from 0 on")
    return points


def _held(subjects: tuple[Named, ...]) -> tuple[Named, ...]:
    """Those that are compared, the one first that others are held to."""
    if not subjects:
        raise UsageError("nothing is compared; name a subject")
    return (judge_of(subject_of(subjects[0])), *subjects) if len(subjects) == 1 else subjects


def _contenders(given: Given, subjects: tuple[Named, ...]) -> list[Contender]:
    program, found = as_program(given), [subject_of(one) for one in _held(subjects)]
    return [
        Contender(one.name, one.make, replace(program, level=one.level or program.level), one.kind != found[0].kind)
        for one in found
    ]
