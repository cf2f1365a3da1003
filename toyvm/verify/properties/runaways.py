"""Runaways: whatever a guest does, a run ends at the very instruction that it was told."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from toyvm.isa.machine import Level
from toyvm.testing.programs import Program, Segment, layout
from toyvm.testing.programs.handler import BOOT_REGISTERS
from toyvm.testing.subjects import SUBJECTS
from toyvm.verify.claim import Violation
from toyvm.verify.programs import Equal, Followed, by_pages
from toyvm.verify.properties.monitors import some_on

_ROUNDS = 1 << 40
_LONGEST = 6000  # instructions


class Runaways(Equal):
    name = "runaways"
    claim = "A guest that never ends is stopped at exactly the instruction that was said, wherever it runs."
    at_once = 800

    def make(self, random: Random) -> Followed:
        level = random.choice((Level.STRICT, Level.STRICT, *Level))
        case = self.drawn(random, level, ["interpreter", *some_on(level, random)], checkpoints=1)
        return case._replace(program=endless(case.program), checkpoints=_counts(random))

    def check(self, case: Followed) -> None:
        for name in case.subjects:
            with SUBJECTS[name](by_pages(case.program)) as machine:
                for count in case.checkpoints:
                    outcome = machine.run(until=count)
                    if machine.retired > count or (outcome.stop == "limit" and machine.retired != count):
                        raise Violation(f"{name}, told to stop at {count}, stopped at {machine.retired}")
                    if outcome.stop != "limit":
                        break
        super().check(case)


def endless(program: Program) -> Program:
    """The same, with so many rounds of its body that it comes to no end by itself."""
    at = 8 * BOOT_REGISTERS.index(layout.ROUNDS)
    segments = []
    for segment in program.segments:
        data = bytearray(segment.data)
        if segment.address == layout.INITIAL:
            data[at : at + 8] = _ROUNDS.to_bytes(8, "little")
        segments.append(replace(segment, data=bytes(data)) if isinstance(segment, Segment) else segment)
    return replace(program, segments=tuple(segments))


def _counts(random: Random) -> tuple[int, ...]:
    """Where it is stopped: in steps of every size, and at last far away."""
    counts, at = set(), 0
    for _ in range(random.choice((1, 5, 40))):
        at += random.choice((1, 1, 2, random.randrange(1, 100), random.randrange(1, 1000)))
        counts.add(at)
    return tuple(sorted({*counts, at + random.randrange(1, _LONGEST)}))
