"""The recompiler does as the interpreter does, bare and beneath every monitor."""

from __future__ import annotations

from random import Random

from toyvm.isa.machine import Level
from toyvm.recompiler.options import has_llvm
from toyvm.verify.programs import Equal, Followed
from toyvm.verify.properties.monitors import sound_on

_EAGER = 0.03  # of the cases have everything compiled before it runs, the others what is hot, in a quarter of the time


class Recompiled(Equal):
    name = "recompiled"
    claim = "Recompiled, bare or under a monitor, a program is in the state that the interpreter brings it to."
    at_once = 400

    def missing(self) -> str | None:
        return None if has_llvm() else "the recompiler needs llvmlite: pip install llvmlite"

    def make(self, random: Random) -> Followed:
        level = random.choice((Level.STRICT, Level.STRICT, *Level))
        eager = {"recompiler": "hot", **{f"recompiled {name}": f"hot {name}" for name in sound_on(level)}}
        chosen = random.choice(list(eager))
        names = ["interpreter", chosen if random.random() < _EAGER else eager[chosen]]
        return self.drawn(random, level, names, checkpoints=random.choice((1, 1, 4)))
