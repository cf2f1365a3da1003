"""Power cuts: what a disk may hold after one, of the writes that nobody has flushed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from toyvm.arguments import check_integer, check_within, wrong
from toyvm.errors import UsageError
from toyvm.files.boundary import StrPath
from toyvm.files.replacing import replace_file
from toyvm.isa.ports import SECTOR_SIZE

if TYPE_CHECKING:
    from random import Random

MAXIMUM_LIMIT = 24  # 2**24 media


class Write(NamedTuple):
    """A write of one sector that a power cut may undo."""

    sector: int
    data: bytes


class Medium:
    """What a disk may hold: an `origin`, which many media share, and the sectors that differ from it.

    Media of one origin that hold the same are equal, and have one hash. `Machine(disk=medium)` begins with a copy of
    it, and `restore(snapshot, disk=medium)` puts it into a machine that is there already.
    """

    __slots__ = ("_hash", "changes", "origin")

    def __init__(self, origin: bytes, changes: Mapping[int, bytes]) -> None:
        """`changes`: contents by sector, none of them as in `origin`."""
        self.origin = origin
        self.changes = changes
        self._hash: int | None = None

    @property
    def sectors(self) -> int:
        return len(self.origin) // SECTOR_SIZE

    def read(self, sector: int) -> bytes:
        """A sector's 512 bytes. Raises UsageError."""
        check_within(sector, 0, self.sectors - 1, "sector")
        return self.changes[sector] if sector in self.changes else _sector(self.origin, sector)

    def __bytes__(self) -> bytes:
        return bytes(self.contents())

    def contents(self) -> bytearray:
        """All of it, as a copy."""
        contents = bytearray(self.origin)
        for sector, data in self.changes.items():
            contents[sector * SECTOR_SIZE : (sector + 1) * SECTOR_SIZE] = data
        return contents

    def save(self, path: StrPath) -> None:
        """Write it to a file, which can be a machine's disk. Raises BadFileError."""
        replace_file(path, self.contents(), with_holes=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Medium):
            return NotImplemented
        return self.origin is other.origin and self.changes == other.changes

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.changes.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"<Medium of {self.sectors} sectors, {len(self.changes)} of them not as in its origin>"


class PowerCut:
    """A power cut at one instruction boundary. The machine may run on: this stays as it is.

    `pending` are the writes since the last flush, in their order; `durable` is what is on the medium whatever becomes
    of them, `newest` what it holds with all of them. Each sector has its durable content or any that a pending write
    has put into it, whatever others have.
    """

    def __init__(self, origin: bytes, durable: Mapping[int, bytes], pending: Sequence[Write]) -> None:
        """`durable`: contents by sector, of those that may not be as in `origin` and of those with pending writes."""
        self.pending = tuple(pending)
        self._origin = origin
        self._versions: dict[int, list[bytes]] = {}  # of a sector with pending writes: each content once
        self._place: list[int] = []  # of a pending write in the versions of its sector
        for sector, data in self.pending:
            versions = self._versions.setdefault(sector, [durable[sector]])
            if data not in versions:
                versions.append(data)
            self._place.append(versions.index(data))
        self._settled = {
            sector: data
            for sector, data in durable.items()
            if sector not in self._versions and data != _sector(origin, sector)
        }
        # What a version means for a medium's changes; None: it is as in the origin.
        self._choices = {
            sector: [None if data == _sector(origin, sector) else data for data in versions]
            for sector, versions in self._versions.items()
        }

    @property
    def durable(self) -> Medium:
        return self.medium(())

    @property
    def newest(self) -> Medium:
        return self.medium(range(len(self.pending)))

    def medium(self, written: Iterable[int]) -> Medium:
        """What remains if these of the pending writes, by number, reach the medium and the others do not."""
        if not isinstance(written, Iterable):
            raise wrong("written", written, "the numbers of pending writes")
        return self._made(self._chosen(sorted(check_within(n, 0, len(self.pending) - 1, "write") for n in written)))

    def count(self) -> int:
        """How many different media may remain."""
        return prod(map(len, self._versions.values()))

    def media(self, limit: int = 10, random: int = 1000, seed: int = 0) -> Iterator[Medium]:
        """Media that may remain, each once: all of them, if there are at most 2**limit.

        Of more, these: with the first writes up to each, with all but one or two, and with `random` random subsets.
        """
        check_within(limit, 0, MAXIMUM_LIMIT, "limit")
        if check_integer(random, "random") < 0:
            raise UsageError(f"random of {random}; it is a count of media")
        if self.count() <= 1 << limit:
            return map(self._made, product(*(range(len(versions)) for versions in self._versions.values())))
        from random import Random

        return self._some(random, Random(check_integer(seed, "seed")))

    def _some(self, random: int, source: Random) -> Iterator[Medium]:
        seen: set[bytes] = set()
        for written in _subsets(len(self.pending), random, source):
            chosen = self._chosen(written)
            key = array("H", chosen).tobytes()
            if key not in seen:
                seen.add(key)
                yield self._made(chosen)

    def _chosen(self, written: Iterable[int]) -> Sequence[int]:
        """The version that each sector with pending writes has after these, which are in order."""
        chosen = dict.fromkeys(self._versions, 0)
        for number in written:
            chosen[self.pending[number].sector] = self._place[number]
        return tuple(chosen.values())

    def _made(self, chosen: Sequence[int]) -> Medium:
        changes = self._settled.copy()
        for (sector, choices), choice in zip(self._choices.items(), chosen, strict=True):
            data = choices[choice]
            if data is not None:
                changes[sector] = data
        return Medium(self._origin, changes)

    def __repr__(self) -> str:
        return f"<PowerCut with {len(self.pending)} writes to {len(self._versions)} sectors pending>"


def _subsets(count: int, random: int, source: Random) -> Iterator[Sequence[int]]:
    """Of so many writes: the first ones, all but one or two, and random ones."""
    every = range(count)
    yield from (range(first) for first in range(count + 1))
    for missing in (1, 2):
        for left_out in combinations(every, missing):
            yield [number for number in every if number not in left_out]
    for _ in range(random):
        bits = source.getrandbits(count)
        yield [number for number in every if bits >> number & 1]


def _sector(contents: bytes, sector: int) -> bytes:
    return contents[sector * SECTOR_SIZE : (sector + 1) * SECTOR_SIZE]
