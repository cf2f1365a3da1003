"""What tests run on: techniques and hardware levels in lists, each derived from what is declared of them."""

from __future__ import annotations

from toyvm.isa.machine import Level
from toyvm.techniques import BY_NAME, NAMES, Build, Option, Variant, facts_of

EVERY = (*NAMES, "assist+shadow")  # hardware assistance pages in two ways, as if it were two techniques
MONITORED = tuple(name for name in EVERY if name != "bare")
# Full virtualizations, which have to be equivalent: each by itself, and with each of its options.
FULL = tuple(name for name in MONITORED if facts_of(name).build is Build.PLAIN)
VARIANTS = tuple(
    Variant(facts, options).name
    for facts in map(BY_NAME.__getitem__, dict.fromkeys(facts_of(name).name for name in FULL))
    for options in (frozenset(), *(frozenset([one]) for one in facts.options if one is not Option.HYPERCALLS))
)
OFFERING = tuple(f"{name}+{Option.HYPERCALLS}" for name in FULL if Option.HYPERCALLS in facts_of(name).options)

SOUND = BY_NAME["trap"].levels  # whatever is sensitive traps in user mode
LEAKY = tuple(level for level in Level if level not in SOUND)
WITHOUT_GUEST_MODE = tuple(level for level in Level if level is not Level.ASSIST)
