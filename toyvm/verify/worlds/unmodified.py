"""Worlds of an unmodified kernel: what is the same under all techniques, with the reference as the judge."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from toyvm.isa.machine import Level
from toyvm.native import lib
from toyvm.verify.worlds.core import Core
from toyvm.verify.worlds.reference import ReferenceJudge
from toyvm.verify.worlds.world import Action, Guest, Host

MEMORY = 16 * 4096
FRAMES = 128  # of the host
TECHNIQUES: Mapping[str, tuple[str, int]] = {  # its name in the core, and options
    "trap": ("T64_TRAP", 0),
    "trap+flush": ("T64_TRAP", 1),
    "rewrite": ("T64_REWRITE", 0),
    "rewrite+adaptive": ("T64_REWRITE", 2),
    "hybrid": ("T64_HYBRID", 0),
    "assist": ("T64_ASSIST", 0),
    "assist+shadow": ("T64_ASSIST", 4),
}
NEIGHBOUR = 0x5EC2E7  # in every word of a guest beside, which never runs


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
        name, options = TECHNIQUES[technique]
        level = list(Level).index(Level.ASSIST if technique.startswith("assist") else Level.STRICT)
        segments = {address: _as_words(data) for address, data in self._segments.items()}
        guest = Guest(getattr(lib, name), MEMORY, options, self._entry, segments=segments)
        neighbour = Guest(lib.T64_TRAP, MEMORY, segments={0: [NEIGHBOUR] * (MEMORY // 8)})
        return Host(level, FRAMES, (guest, neighbour))


def _as_words(data: bytes) -> list[int]:
    padded = data + bytes(-len(data) % 8)
    return list(struct.unpack(f"<{len(padded) // 8}Q", padded))
