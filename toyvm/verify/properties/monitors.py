"""Monitors are as good as the bare machine."""

from __future__ import annotations

from random import Random

from toyvm.isa.machine import Level
from toyvm.recompiler.options import has_llvm
from toyvm.techniques import facts_of
from toyvm.testing.subjects import level_for
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.programs import Equal, Followed

_LEVELS = (*(Level.STRICT,) * 5, *Level)  # on strict hardware every technique is equivalent
_RECOMPILED = 0.05  # of the cases of those that take some
_OBSERVED = 0.03  # of the cases have each exit shown to an observer, or as many of them as guest mode can make


class Monitors(Equal):
    name = "monitors"
    claim = (
        "A guest under any technique and option, on any hardware it is offered on, is in the state of the bare machine."
    )
    at_once = 2000

    def make(self, random: Random) -> Followed:
        level = random.choice(_LEVELS)
        names = ["interpreter", *sound_on(level)]
        if random.random() < _OBSERVED:
            names.append(f"observed {random.choice(names[1:])}")
            names += ["intercepted assist", "python trap"] if level is Level.STRICT else []
        return self.drawn(random, level, names, checkpoints=random.choice((1, 1, 1, 1, 1, 4)))


def sound_on(level: Level) -> list[str]:
    """The variants that a program for that level of hardware is equivalent under."""
    return [name for name in VARIANTS if level_for(name, level) in facts_of(name).levels]


def some_on(level: Level, random: Random) -> list[str]:
    """Three of them and of the interpreter; now and then one more, recompiled."""
    names = random.sample(["interpreter", *sound_on(level)], 3)
    if has_llvm() and random.random() < _RECOMPILED:
        names.append(random.choice(["hot", *(f"hot {name}" for name in sound_on(level))]))
    return names
