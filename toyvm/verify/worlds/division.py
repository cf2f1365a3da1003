"""Dividing the exploration of small worlds: a world is a part, for one process must know what it has met."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toyvm.commit import commit
from toyvm.parts import Part, Record
from toyvm.verify.worlds.catalogue import find_world
from toyvm.verify.worlds.exploring import Account


def parts_of(names: Sequence[str], steps: int) -> list[Part]:
    """Each world, to so many steps."""
    key = commit()
    return [Part(f"{key} world {name}, {steps} steps", {"world": name, "steps": steps}) for name in names]


def work(task: Record, tell: Callable[[Account], None] = lambda account: None) -> Record:
    """Explore a world, in whatever process; `tell` hears of each step."""
    return find_world(task["world"]).explore(task["steps"], tell).record()
