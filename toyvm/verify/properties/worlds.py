"""Small worlds, at random: paths far longer than those that are explored whole."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from toyvm.errors import ToyvmError
from toyvm.verify.claim import Property, Record, Violation, shorter
from toyvm.verify.worlds.catalogue import NAMES, find_world
from toyvm.verify.worlds.core import build

_LENGTHS = (10, 20, 40)  # of paths


class Path(NamedTuple):
    """Actions in a world, by name."""

    world: str
    actions: tuple[str, ...]


class Worlds(Property):
    name = "worlds"
    claim = "In small worlds nothing that guests do violates isolation, the monitor's books, or what a model says."
    at_once = 200

    def missing(self) -> str | None:
        try:
            build()
        except ToyvmError as error:
            return str(error)
        return None

    def make(self, random: Random) -> Path:
        name = random.choice(NAMES)
        actions = find_world(name).actions
        return Path(name, tuple(random.choices(actions, k=random.choice(_LENGTHS))))

    def check(self, case: Path) -> None:
        for finding in find_world(case.world).follow(case.actions).findings:
            raise Violation(f"in {case.world}, after {'; '.join(finding.path)}: {finding.wrong}")

    def written(self, case: Path) -> Record:
        return {"world": case.world, "actions": list(case.actions)}

    def read(self, record: Record) -> Path:
        path = Path(str(record["world"]), tuple(str(action) for action in record["actions"]))
        if path.world not in NAMES:
            raise ValueError(f"there is no world {path.world!r}")
        return path

    def smaller(self, case: Path) -> Iterable[Path]:
        return (case._replace(actions=tuple(actions)) for actions in shorter(case.actions))
