"""Comparing in tests: the reference and others run the same program, and an assertion says where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toyvm.testing.comparing import Contender, compare_all, explained
from toyvm.testing.programs import Program
from toyvm.testing.subjects import SUBJECTS


def compare(program: Program, names: Iterable[str], checkpoints: Sequence[int]) -> str | None:
    """Hold these subjects to the reference at each count of `checkpoints`.

    Returns None, or why the program was left before its end: it did what the specification leaves open. Raises
    AssertionError with the first difference.
    """
    contenders = [Contender(name, SUBJECTS[name], program) for name in ("reference", *names)]
    verdict = compare_all(contenders, checkpoints)
    if verdict.differences:
        raise AssertionError("\n".join(explained(verdict.differences[0], "the reference")))
    return verdict.left_open
