"""Worlds of an unmodified kernel: what is the same under all techniques, with the reference as the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from toyvm.isa.machine import Level
from toyvm.techniques import parse_variant
from toyvm.verify.worlds.core import Core
from toyvm.verify.worlds.reference import ReferenceJudge
from toyvm.verify.worlds.world import Action, Guest, Host, neighbour, words_of

MEMORY = 16 * 4096
FRAMES = 128  # of the host
TECHNIQUES = ("trap", "trap+flush", "rewrite", "rewrite+adaptive", "hybrid", "assist", "assist+shadow")


class UnmodifiedWorld:
    """A kernel, its actions, and what the reference makes of them."""

    def __init__(
        self, segments: Mapping[int, bytes], entry: int, actions: Sequence[Action], warming: Sequence[Action]
    ) -> None:
        """`warming` is done before all paths begin, so that what is decoded of the actions is there."""
        self._segments = segments
        self._entry = entry
        self._warming = warming
        self.actions = actions
        self.names = tuple(action.name for action in actions)
        self.judge = ReferenceJudge(MEMORY, Level.STRICT, actions)
        self.start = self.judge.follow(self.judge.boot(segments), warming)

    def open(self, program: Path, technique: str) -> Core:
        """A guest under that technique, warmed up."""
        core = Core(program, self._host(technique))
        core.set_actions(self._warming)
        core.root(range(len(self._warming)))
        core.set_actions(self.actions)
        return core

    def _host(self, technique: str) -> Host:
        segments = {address: words_of(data) for address, data in self._segments.items()}
        guest = Guest(technique, MEMORY, self._entry, segments=segments)
        return Host(parse_variant(technique).level, FRAMES, (guest, neighbour(MEMORY)))
