"""Random programs as cases: drawn, held to one another, made small, and written as sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import starmap
from random import Random
from time import monotonic
from typing import Any, NamedTuple, cast

from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.testing.comparing import Contender, compare_all, differ, explained, random_checkpoints
from toyvm.testing.programs import Program, Segment, random_program
from toyvm.testing.programs.specified import left_open
from toyvm.testing.regressions import Regression, source_of
from toyvm.testing.shrinking import shrunk
from toyvm.testing.states import State, differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.verify.claim import LeftOpen, Property, Record, Violation

LIMIT = 1500  # retired instructions; most programs end before


def program_record(program: Program) -> dict[str, Any]:
    """As JSON has it."""
    return cast("dict[str, Any]", _written(asdict(program)))


def _written(value: Any) -> Any:
    """Bytes as their digits, all through."""
    if isinstance(value, dict):
        return {key: _written(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def program_of(record: Record) -> Program:
    """The inverse."""
    segments = tuple(Segment(**{**one, "data": bytes.fromhex(one["data"])}) for one in record["segments"])
    others = {**record, "segments": segments, "level": Level(record["level"])}
    for name in ("input", "disk"):
        others[name] = None if others[name] is None else bytes.fromhex(others[name])
    return Program(**others)


class Followed(NamedTuple):
    """A program, the subjects that run it, and the counts of instructions at which they are looked at."""

    program: Program
    subjects: tuple[str, ...]
    checkpoints: tuple[int, ...]


class Equal(Property):
    """Subjects that run a program are in the same state at every checkpoint: each is held to the first one."""

    suffix = ".s"

    def drawn(self, random: Random, level: Level, subjects: Sequence[str], checkpoints: int) -> Followed:
        """A random program, and where it is looked at."""
        program = random_program(random, level, leaving_open=True)  # which `hold` asks about where it matters
        return Followed(program, tuple(subjects), tuple(random_checkpoints(random, LIMIT, checkpoints)))

    def check(self, case: Followed) -> None:
        hold(case)

    def shrunk(self, case: Followed, seconds: float) -> Followed:
        deadline = monotonic() + seconds
        first, *others = case.subjects
        other = next((other for other in others if _differ(case, first, other, case.program)), None)
        if other is None:
            return case

        def fails(program: Program) -> bool:
            return monotonic() < deadline and _differ(case, first, other, program)

        program = shrunk(case.program, fails, instructions=case.checkpoints[-1])
        return Followed(program, (first, other), case.checkpoints)

    def text(self, case: Followed, number: int, wrong: str) -> str:
        why = f"{self.name}, case {number}: {self.claim}\n\n{wrong}"
        return source_of(Regression(*case), why)


def _differ(case: Followed, first: str, other: str, program: Program) -> bool:
    one, another = (Contender(name, SUBJECTS[name], program) for name in (first, other))
    return differ(one, another, case.checkpoints)


def hold(case: Followed) -> None:
    """Hold the subjects to the first one. Raises Violation, and LeftOpen where the reference says so.

    The first look is a quick one; what differs is compared with care, from the beginning.
    """
    first, *others = case.subjects
    program = by_pages(case.program)
    expected = list(_states(program, first, case.checkpoints))
    differing = [
        name
        for name in others
        if any(starmap(differences, zip(expected, _states(program, name, case.checkpoints), strict=False)))
    ]
    if differing:
        _judge(case._replace(subjects=(first, *differing)))


def by_pages(program: Program) -> Program:
    """The same memory in few segments, which takes a tenth of the time to load."""
    pages: dict[int, bytearray] = {}
    for segment in program.segments:
        at, data = segment.address, segment.data
        while data:
            page, offset = divmod(at, PAGE_SIZE)
            part = data[: PAGE_SIZE - offset]
            pages.setdefault(page, bytearray(PAGE_SIZE))[offset : offset + len(part)] = part
            at, data = at + len(part), data[len(part) :]
    segments = (Segment(page * PAGE_SIZE, bytes(data)) for page, data in sorted(pages.items()))
    return replace(program, segments=tuple(segments))


def _states(program: Program, name: str, checkpoints: Sequence[int]) -> Iterator[State]:
    with SUBJECTS[name](program) as machine:
        for point in checkpoints:
            state = observe(machine, point)
            yield state
            if state.stop != "limit":
                return


def _judge(case: Followed) -> None:
    reason = left_open(case.program, case.checkpoints[-1])
    if reason is not None:
        raise LeftOpen(reason)
    contenders = [Contender(name, SUBJECTS[name], case.program) for name in case.subjects]
    for difference in compare_all(contenders, case.checkpoints).differences:
        raise Violation("\n".join(explained(difference, case.subjects[0])))
