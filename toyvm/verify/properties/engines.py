"""Engines agree, on the bare machine, whatever they are stopped at."""

from __future__ import annotations

from random import Random

from toyvm.isa.machine import Level
from toyvm.recompiler.options import has_llvm
from toyvm.verify.programs import Equal, Followed


class Engines(Equal):
    name = "engines"
    claim = "The reference, the interpreter and the recompiler are in the same state after any number of instructions."
    at_once = 200

    def make(self, random: Random) -> Followed:
        names = ["reference", "interpreter", *(["recompiler"] if has_llvm() and random.random() < 0.1 else [])]
        return self.drawn(random, random.choice(tuple(Level)), names, checkpoints=random.choice((2, 8, 60)))
