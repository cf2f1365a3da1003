"""Studies: tables of the lab that are counted, not timed, so that a point of one is the same wherever it is counted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

Point = tuple[str | int, ...]
Record = Mapping[str, Any]


class Study(ABC):
    """A table, and of its points those that are counted."""

    name: ClassVar[str]  # in files of results
    key: ClassVar[str]  # of its record there
    results: dict[Point, Record]  # as JSON has them

    @property
    @abstractmethod
    def points(self) -> Sequence[Point]:
        """All of them; a point says all that there is to count."""

    @staticmethod
    @abstractmethod
    def count(point: Point) -> Record:
        """What one comes to, in whatever process."""

    @staticmethod
    @abstractmethod
    def check(result: Record) -> None:
        """Raise what a boundary catches for what `count` does not return."""

    @abstractmethod
    def settings(self) -> Record:
        """What makes the table again, as JSON has it."""

    @classmethod
    @abstractmethod
    def of_settings(cls, record: Record) -> Self:
        """The table, with nothing counted. Raises UsageError and what a boundary catches for what are no settings."""

    @abstractmethod
    def lines(self, width: int) -> Iterator[str]:
        """The table, once all is counted."""

    @abstractmethod
    def record(self) -> Any:
        """The same for `--json`."""

    def take(self, point: Point, result: Record) -> None:
        """Add what a point came to, perhaps elsewhere. Raises what a boundary catches for what is none of its own."""
        if point not in self.points:
            raise LookupError(point)
        self.check(result)
        self.results.setdefault(point, result)

    @property
    def missing(self) -> list[Point]:
        return [point for point in self.points if point not in self.results]


def point_text(point: Point) -> str:
    return " ".join(map(str, point))
