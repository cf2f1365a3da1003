"""A small world: the guests of one host, what they may do, and who says what must come of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import Level

NO_ENTRY = ALL_BITS  # of a guest that never runs
NEIGHBOUR = 0x5EC2E7  # in every word of a guest beside
ARGUMENTS = 6


@dataclass(frozen=True)
class Guest:
    """What a guest is made of: `technique` with its options, `segments` words by guest-physical address."""

    technique: str
    memory: int  # bytes
    entry: int = NO_ENTRY
    disk: int = 0  # sectors
    segments: Mapping[int, list[int]] = field(default_factory=dict)


def neighbour(memory: int) -> Guest:
    """A guest beside the others, which never runs: nothing may change what it has."""
    return Guest("trap", memory, segments={0: [NEIGHBOUR] * (memory // 8)})


def words_of(data: bytes) -> list[int]:
    """The words of memory that begins with these bytes; behind them are zeros."""
    padded = data + bytes(-len(data) % 8)
    return list(struct.unpack(f"<{len(padded) // 8}Q", padded))


class What(IntEnum):
    """What an action is."""

    RUNS = 0  # the guest does it
    IS_RELOADED = 1  # its host saves it, and loads that
    ENDS = 2


STOP_GONE = 255  # what an action of a guest that has ended comes to


class Action(NamedTuple):
    """One thing that a guest does: from `pc` on, with these arguments, up to a wait or so many instructions."""

    name: str
    pc: int
    arguments: tuple[int, ...] = ()
    guest: int = 0
    limit: int = 100
    what: What = What.RUNS


class Place(IntEnum):
    """Where a watched word is."""

    MEMORY = 0
    SHARED_PAGE = 1
    RING_BOOKS = 2  # struct t64_rings


class Watch(NamedTuple):
    """A word that each result shows."""

    guest: int
    offset: int
    place: Place = Place.MEMORY


class Result(NamedTuple):
    """What is shown of what an action came to: the key of what its guest sees, and how it stopped."""

    seen: tuple[int, int]
    retired: int
    stop: int
    a0: int
    pc: int
    watched: tuple[int, ...]


class Arrival(NamedTuple):
    """Where an action led: the key of the whole world, what is wrong there, and what is shown."""

    key: tuple[int, int]
    wrong: str | None
    result: Result


class State(NamedTuple):
    """All that a guest sees: x0..x31, pc, the control registers that hold a value, retired, skipped; and its memory."""

    words: tuple[int, ...]
    memory: bytes


class Verdict(NamedTuple):
    """Where the judge stands now, what is wrong, and whether anything can follow."""

    state: Hashable
    wrong: str | None = None
    goes_on: bool = True


class Judge(Protocol):
    """What must come of an action, in a state of its own that is part of each world's.

    It says the same of the same state, action, and of the same result: all that is seen of it, and how it stopped; or
    all else that is shown, which is less.
    """

    looks_at_all: bool

    def judge(self, state: Hashable, action: int, result: Result, look: Callable[[], State]) -> Verdict: ...


@dataclass(frozen=True)
class Host:
    """A machine with guests, and the words that each result is to show."""

    level: Level
    frames: int
    guests: tuple[Guest, ...]
    watches: tuple[Watch, ...] = ()


class Frames(NamedTuple):
    """What the core says of a guest: its id, and the host frame of each page."""

    id: int
    frames: tuple[int, ...]
