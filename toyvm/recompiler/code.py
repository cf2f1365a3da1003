"""Compiled code as it is kept: the words that it was made from, where it is entered, and its object file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from toyvm.isa.paging import PAGE_SIZE
from toyvm.recompiler.region import Region
from toyvm.recompiler.request import Snapshot

_NAMING_WORDS = 8  # that code is found by


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive words, all on one page."""

    start: int
    words: tuple[int, ...]

    @property
    def addresses(self) -> range:
        """Of the words."""
        return range(self.start, self.start + 4 * len(self.words), 4)


class Place(NamedTuple):
    """Where code is entered: the mode, the address, and the first words from there."""

    user: bool
    gva: int
    words: tuple[int, ...]


def place_of(snapshot: Snapshot) -> Place:
    first = snapshot.gva % PAGE_SIZE // 4
    words = snapshot.pages[snapshot.gva & -PAGE_SIZE].words[first : first + _NAMING_WORDS]
    return Place(snapshot.user, snapshot.gva, tuple(words))


@dataclass(frozen=True, slots=True)
class CompiledCode:
    """`entries`: each address with the instructions that must be left to enter there. `groups`: where groups of
    accesses begin. `sites`: the number of places that access memory."""

    user: bool
    runs: tuple[Run, ...]
    entries: tuple[tuple[int, int], ...]
    groups: tuple[int, ...]
    sites: int
    object_file: bytes

    @property
    def pages(self) -> list[int]:
        return sorted({run.start & -PAGE_SIZE for run in self.runs})

    @property
    def size(self) -> int:
        """Instructions."""
        return sum(len(run.words) for run in self.runs)

    def is_made_from(self, snapshot: Snapshot) -> bool:
        """Does the snapshot show all of its words, in its mode, and is it entered where the snapshot asks for?"""
        if self.user is not snapshot.user or all(gva != snapshot.gva for gva, _ in self.entries):
            return False
        return self.is_shown_by(snapshot)

    def is_shown_by(self, snapshot: Snapshot) -> bool:
        """Does the snapshot have all of its words?"""
        return all(_shows(snapshot, run) for run in self.runs)


def _shows(snapshot: Snapshot, run: Run) -> bool:
    page = snapshot.pages.get(run.start & -PAGE_SIZE)
    first = run.start % PAGE_SIZE // 4
    return page is not None and page.words[first : first + len(run.words)] == array("I", run.words)


def compiled(region: Region, object_file: bytes, groups: Iterable[int], sites: int) -> CompiledCode:
    """What was compiled from a region."""
    runs = tuple(Run(block.start, tuple(step.word for step in block.steps)) for block in region.blocks.values())
    entries = tuple((pc, region.needs[pc]) for pc in region.entries)
    return CompiledCode(region.user, runs, entries, tuple(groups), sites, object_file)
