"""Cutting: a run that is stopped, copied out, and copied in elsewhere goes on as if it had not been."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from toyvm.isa.machine import Level
from toyvm.verify.programs import Equal, Followed
from toyvm.verify.properties.monitors import some_on


class Cut(Equal):
    name = "cut"
    claim = "A run that is saved anywhere and restored elsewhere goes on as if it had not been cut."
    at_once = 1000

    def make(self, random: Random) -> Followed:
        level = random.choice((Level.STRICT, Level.STRICT, *Level))
        restored = [f"restored {name}" for name in some_on(level, random)]
        case = self.drawn(random, level, ["interpreter", *restored], checkpoints=random.choice((1, 2, 6)))
        return case._replace(program=replace(case.program, input=b""))  # of input no snapshot has what is still to come
