"""Density: many systems that do the same work on one machine, as virtual machines of each technique and as contexts.

A rate is of requests in so many ticks of the whole machine, start and end taken off; the lab's isolation has the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, ClassVar, Protocol, Self

from toyvm.arguments import check_list, check_text, check_within
from toyvm.errors import ToyvmError
from toyvm.host.host import Host
from toyvm.isa.paging import PAGE_SIZE
from toyvm.lab.isolation import check_ways, system_disk
from toyvm.lab.results import check_numbers
from toyvm.lab.study import Point, Record, Study
from toyvm.lab.subjects import DISCARDED
from toyvm.lab.text import number, wrapped
from toyvm.launch import disk_after, launched
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.programs import load_program
from toyvm.shipped.system_disk import beginning_with
from toyvm.techniques import parse_variant

REQUESTS = 10  # of each system
_MACHINE_MEMORY, _MACHINE_DISK = 4 << 20, 3 << 20  # bytes of a virtual machine
_MEMORY_EACH, _DISK_EACH = 128 << 10, 64 << 10  # of a context, beside the system's own
_TABLES_EACH = 1 << 20  # bytes of a host, for what its monitor keeps of a guest
MAXIMUM_SYSTEMS = 128
CONTEXTS = "contexts"  # as a way
_BEND = 0.9  # of the best rate: a curve that falls below has bent


@dataclass(frozen=True, slots=True)
class Run:
    """What so many requests by each system came to."""

    ticks: int
    exits: int
    pages: int  # of the machine's memory that are in use: that were touched, on the bare machine those not all zeros


class Way(Protocol):
    """A way to have many systems on one machine."""

    @property
    def label(self) -> str: ...

    def run(self, systems: int, requests: int) -> Run:
        """Start them all, and have each serve so many requests. Raises ToyvmError where that cannot be."""


@dataclass(frozen=True)
class ManyMachines:
    technique: str

    @property
    def label(self) -> str:
        return self.technique

    @interrupts_raised()
    def run(self, systems: int, requests: int) -> Run:
        image, disk = load_program("os", self.technique), system_disk(_MACHINE_DISK)
        memory = systems * (_MACHINE_MEMORY + _TABLES_EACH) + (16 << 20)
        with Host(memory, level=parse_variant(self.technique).level) as host:
            for _ in range(systems):
                own = beginning_with(disk, f"serve {requests:06}\nshutdown $?\n")
                host.guest(self.technique, _MACHINE_MEMORY, disk=own, disk_cache=False, output=DISCARDED).load(image)
            host.run()
            for guest in host.guests:
                if guest.outcome is None or not guest.outcome.ok:
                    raise ToyvmError(f"{guest.name} has not served its requests")
            account = host.account()
            return Run(
                host.clock,
                sum(sum(guest.exits.values()) for guest in host.guests),
                (account.memory_used + account.memory_monitor) // PAGE_SIZE,
            )


@dataclass(frozen=True)
class ManyContexts:
    label: str = CONTEXTS

    @interrupts_raised()
    def run(self, systems: int, requests: int) -> Run:
        disk = beginning_with(_disk_with_contexts(systems), f"crowd {systems} {requests:06}\n")
        memory = _MACHINE_MEMORY + systems * _MEMORY_EACH
        with launched("bare", memory, disk=disk, disk_cache=False, output=DISCARDED) as machine:
            machine.load(load_program("os"))
            outcome = machine.run()
            if not outcome.ok:
                raise ToyvmError("not all requests were served")
            return Run(outcome.instructions, 0, sum(1 for _ in machine.pages()))


@cache
def _disk_with_contexts(systems: int) -> bytes:
    size = _MACHINE_DISK + (1 << 20) + systems * _DISK_EACH
    made = "".join(f"ctx create c{number:03} || shutdown 1\n" for number in range(1, systems + 1))
    return bytes(disk_after(system_disk(size), made))


@dataclass(frozen=True, slots=True)
class Systems:
    """So many systems in one way; figures are None where it cannot be, and `why` says why."""

    way: str
    systems: int
    rate: float | None = None  # requests in a million ticks, all together
    start: float | None = None  # ticks a system, until it has served one request and ended
    exits: float | None = None  # a request
    pages: int | None = None  # in use, of all
    why: str = ""


@dataclass
class Density(Study):
    """The curves: a point for each way and number of systems."""

    ways: Sequence[str]  # their labels
    numbers: Sequence[int]
    results: dict[Point, Record] = field(default_factory=dict)

    name: ClassVar[str] = "density"
    key: ClassVar[str] = "density"

    @property
    def points(self) -> Sequence[Point]:
        """The longest first."""
        return [(way, systems) for systems in sorted(self.numbers, reverse=True) for way in self.ways]

    @staticmethod
    def count(point: Point) -> Record:
        way, systems = point
        return figures_of(ManyContexts() if way == CONTEXTS else ManyMachines(str(way)), int(systems))

    @staticmethod
    def check(result: Record) -> None:
        found = Systems("", 0, **result)
        check_text(found.why, "why")
        figures = (found.rate, found.start, found.exits, found.pages)
        check_numbers(*(figure for figure in figures if figure is not None))

    def settings(self) -> Record:
        return {"ways": list(self.ways), "numbers": list(self.numbers)}

    @classmethod
    def of_settings(cls, record: Record) -> Self:
        ways = check_ways(record["ways"], (CONTEXTS,))
        numbers = check_list(record["numbers"], "numbers", "a list of numbers")
        return cls(ways, [check_within(number, 1, MAXIMUM_SYSTEMS, "systems") for number in numbers])

    def of(self, way: str) -> list[Systems]:
        return [Systems(way, systems, **self.results[way, systems]) for systems in self.numbers]

    def bend(self, way: str) -> int | None:
        """How many systems are too many: the first number with less than so much of the best rate, or none at all."""
        curve = self.of(way)
        best = max((point.rate or 0.0 for point in curve), default=0.0)
        fastest = next((at for at, point in enumerate(curve) if point.rate == best), 0)
        return next((point.systems for point in curve[fastest:] if (point.rate or 0.0) < _BEND * best), None)

    def pages_more(self, point: Systems) -> float | None:
        """Pages that each system beyond the first takes."""
        first = self.of(point.way)[0]
        if point.pages is None or first.pages is None or point.systems == first.systems:
            return None
        return (point.pages - first.pages) / (point.systems - first.systems)

    def lines(self, width: int) -> Iterator[str]:
        return density_lines(self, width)

    def record(self) -> list[dict[str, Any]]:
        return [{**asdict(point), "pages_more": self.pages_more(point)} for way in self.ways for point in self.of(way)]


def figures_of(way: Way, systems: int) -> Record:
    """Those of so many systems, or why there cannot be so many."""
    try:
        few, many = (way.run(systems, count) for count in (1, 1 + REQUESTS))
    except ToyvmError as error:
        return {"why": str(error)}
    done = systems * REQUESTS
    return {
        "rate": done / (many.ticks - few.ticks) * 1e6,
        "start": few.ticks / systems,
        "exits": (many.exits - few.exits) / done,
        "pages": many.pages,
    }


def density_lines(table: Density, width: int) -> Iterator[str]:
    """Each way's curve, and where it bends."""
    yield from wrapped(
        f"Systems that serve {REQUESTS} requests each, at once on one machine: requests in a million of its ticks, all "
        "together; ticks a system to start it, serve one and end; exits a request; pages in use by each beyond the "
        "first.",
        width,
    )
    yield ""
    yield f"{'':<10} {'systems':>7} {'rate':>8} {'start':>10} {'exits':>8} {'pages':>8}"
    for point in (point for way in table.ways for point in table.of(way)):
        if point.rate is None or point.start is None or point.exits is None:
            yield from wrapped(f"{point.way:<10} {point.systems:>7} none: {point.why}", width, " " * 19)
            continue
        more = table.pages_more(point)
        pages = "" if more is None else number(more)
        yield (
            f"{point.way:<10} {point.systems:>7} {point.rate:>8.2f} {number(point.start):>10} {number(point.exits):>8} "
            f"{pages:>8}".rstrip()
        )
    for way in table.ways:
        bend = table.bend(way)
        at = "does not bend" if bend is None else f"bends at {bend} systems, with less than {_BEND:.0%} of its best"
        yield f"The curve of {way} {at}."
