"""Isolation: what a system's work loses to a neighbour that misbehaves, as virtual machines and as contexts.

As the Isolation Benchmark Suite has it: one of two systems serves requests, each of which needs some of all that there
is; the other one takes whatever it gets of one thing. A rate is of requests in so many ticks of the machine that both
share, which is exact: what starts up is taken off, as elsewhere in the lab.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, ClassVar, Protocol, Self

from toyvm.arguments import check_text, check_within
from toyvm.host.host import Host
from toyvm.host.stride import DEFAULT_SLICE
from toyvm.lab.published import ISOLATION, ISOLATION_SOURCE, ISOLATION_SYSTEMS, MARKS
from toyvm.lab.results import check_numbers, check_words
from toyvm.lab.study import Point, Record, Study
from toyvm.lab.subjects import DISCARDED
from toyvm.lab.text import number, wrapped
from toyvm.launch import disk_after, launched
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.programs import load_program
from toyvm.shipped.system_disk import beginning_with, isolation_programs, new_disk, program_bytes
from toyvm.techniques import parse_variant

TECHNIQUES = ("trap", "rewrite", "para", "assist")
BEHAVING = "behaving"
# What the neighbour may be, and what that does, for the one that serves in a context or a machine of its own.
NEIGHBOURS: dict[str, str] = {
    BEHAVING: "serve 999999",
    **{kind: f"misbehave {kind}" for kind in ("memory", "fork", "cpu", "disk", "console")},
    "messages": "misbehave messages {address}",
}
_MEMORY, _DISK = 6 << 20, 6 << 20  # bytes of a machine; two contexts share twice that
_SLICE = 1_000  # ticks of a turn on the host
_STEP = 1_000_000  # ticks, between two looks whether the requests are served
MAXIMUM_REQUESTS = 999_999  # the script has six digits for them
_MOST = 20  # times the ticks of a behaving neighbour's, and it counts as not served
_ADDRESS, _OWN_ADDRESS = "10.0.1.1", "127.0.0.1"
_MAKE_CONTEXTS = f"ctx create good --address {_ADDRESS} && ctx create bad --address 10.0.1.2"
LIMITS = (
    "--numproc 16 --privvmpages 512 --physpages 512 --numfile 128 --nummsg 8 --consolebytes 16K --diskspace 1M "
    "--diskinodes 256"
)


@dataclass(frozen=True, slots=True)
class Served:
    """How it ended: ticks of the whole machine until the requests were served; None where they were not, and why."""

    ticks: int | None
    why: str = ""


class Pair(Protocol):
    """A way in which two systems share a machine."""

    @property
    def label(self) -> str: ...

    def serve(self, requests: int, neighbour: str, most: int) -> Served:
        """Have the one serve so many requests beside the other, within so many ticks."""


CONTEXTS = WITH_LIMITS, WITHOUT = "limits", "none"  # as ways; the one that misbehaves has limits, or not


@dataclass(frozen=True)
class Machines:
    """Two virtual machines of a technique on one host."""

    technique: str
    slice: int = _SLICE

    @property
    def label(self) -> str:
        return self.technique

    @interrupts_raised()
    def serve(self, requests: int, neighbour: str, most: int) -> Served:
        image, disk = load_program("os", self.technique), system_disk(_DISK)
        scripts = (_serving(requests), NEIGHBOURS[neighbour].format(address=_OWN_ADDRESS))
        with Host(4 * _MEMORY + (32 << 20), level=parse_variant(self.technique).level, slice=self.slice) as host:
            guests = []
            for script in scripts:
                own = beginning_with(disk, f"{script}\nshutdown $?\n")
                guests.append(host.guest(self.technique, _MEMORY, disk=own, disk_cache=False, output=DISCARDED))
                guests[-1].load(image)
            seat = guests[0].seat
            while not seat.over and host.clock < most:
                host.run(max_ticks=_STEP)
            if seat.outcome is None or seat.left is None:
                return Served(None, _unserved(most))
            return Served(seat.left) if seat.outcome.ok else Served(None, seat.outcome.detail)


@dataclass(frozen=True)
class Contexts:
    """Two contexts of one operating system, on the bare machine."""

    has_limits: bool

    @property
    def label(self) -> str:
        return WITH_LIMITS if self.has_limits else WITHOUT

    @interrupts_raised()
    def serve(self, requests: int, neighbour: str, most: int) -> Served:
        bounds = f" && ctx set bad {LIMITS}" if self.has_limits else ""
        work = NEIGHBOURS[neighbour].format(address=_ADDRESS)
        script = (
            f"ctx start good && ctx start bad{bounds} || shutdown 1\n"
            f"referee good bad {_serving(requests).split()[1]} /bin/{work}\n"
        )
        disk = beginning_with(_divided_disk(), script)
        with launched("bare", 2 * _MEMORY, disk=disk, disk_cache=False, output=DISCARDED) as machine:
            machine.load(load_program("os"))
            outcome = machine.run(most)
            if outcome.exit_code is None:
                return Served(None, _unserved(most))
            return Served(outcome.instructions) if outcome.ok else Served(None, "a request could not be served")


def _serving(requests: int) -> str:
    return f"serve {requests:06}"  # as long for any number


def _unserved(most: int) -> str:
    return f"not all requests were served within {most:,} ticks"


@cache
def system_disk(size: int) -> bytes:
    """The system's, with the programs of this table."""
    return bytes(new_disk(size, others={name: program_bytes(path) for name, path in isolation_programs().items()}))


@cache
def _divided_disk() -> bytes:
    """The same, where the system has made two contexts."""
    return bytes(disk_after(system_disk(2 * _DISK), _MAKE_CONTEXTS))


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests served in a million ticks beside a neighbour; None: not all were, and why."""

    way: str  # to share the machine: its label
    neighbour: str
    requests: float | None
    why: str = ""


@dataclass
class Isolation(Study):
    """The table: rates by way and neighbour."""

    ways: Sequence[str]  # to share the machine, their labels
    requests: int
    results: dict[Point, Record] = field(default_factory=dict)

    name: ClassVar[str] = "isolation"
    key: ClassVar[str] = "isolation"

    @property
    def points(self) -> Sequence[Point]:
        return [
            *((way, neighbour, _SLICE, self.requests) for way in self.ways for neighbour in NEIGHBOURS),
            *((way, neighbour, DEFAULT_SLICE, self.requests) for way in self.machines[:1] for neighbour in _USUAL),
        ]

    @staticmethod
    def count(point: Point) -> Record:
        way, neighbour, turn, requests = point
        return ticks_for(_pair(str(way), int(turn)), str(neighbour), int(requests))

    @staticmethod
    def check(result: Record) -> None:
        check_text(result["why"], "why")
        if result["ticks"] is not None:
            check_numbers(1 / result["ticks"])

    def settings(self) -> Record:
        return {"ways": list(self.ways), "requests": self.requests}

    @classmethod
    def of_settings(cls, record: Record) -> Self:
        ways = check_ways(record["ways"], CONTEXTS)
        return cls(ways, check_within(record["requests"], 1, MAXIMUM_REQUESTS, "requests"))

    @property
    def machines(self) -> list[str]:
        """Of the ways, those that are virtual machines."""
        return [way for way in self.ways if way not in CONTEXTS]

    def rate(self, way: str, neighbour: str, turn: int = _SLICE) -> Rate:
        result = self.results[way, neighbour, turn, self.requests]
        ticks = result["ticks"]
        return Rate(way, neighbour, None if ticks is None else self.requests / ticks * 1e6, result["why"])

    def lost(self, way: str, neighbour: str, turn: int = _SLICE) -> float | None:
        """The part of its rate that is lost against the same neighbour behaving; None: it served nothing to count."""
        base, rate = (self.rate(way, each, turn).requests for each in (BEHAVING, neighbour))
        return None if rate is None or not base else 1 - rate / base

    def lines(self, width: int) -> Iterator[str]:
        return isolation_lines(self, width)

    def record(self) -> dict[str, Any]:
        rates = [self.rate(way, neighbour) for way in self.ways for neighbour in NEIGHBOURS]
        return {
            "requests": self.requests,
            "limits": LIMITS,
            "rates": [{**asdict(rate), "lost": self.lost(rate.way, rate.neighbour)} for rate in rates],
        }


_USUAL = (BEHAVING, "cpu")  # neighbours, with the turns that hosts have unless said


def check_ways(value: object, contexts: Sequence[str]) -> list[str]:
    """Ways to share a machine: techniques of virtual machines, or one of these. Raises UsageError for what is none."""
    ways = check_words(value, "ways")
    for way in ways:
        if way not in contexts:
            parse_variant(way)
    return ways


def _pair(way: str, turn: int) -> Pair:
    return Contexts(way == WITH_LIMITS) if way in CONTEXTS else Machines(way, turn)


def ticks_for(way: Pair, neighbour: str, requests: int) -> Record:
    """Those that so many requests take beside a neighbour, what starts up taken off; None: not all were, and why."""
    most = _MOST * 100_000 * (requests + 10)
    few, many = (way.serve(count, neighbour, most) for count in (1, 1 + requests))
    if few.ticks is None or many.ticks is None:
        return {"ticks": None, "why": few.why or many.why}
    return {"ticks": many.ticks - few.ticks, "why": ""}


_NAME, _COLUMN, _THEIRS = 10, 9, 9


def isolation_lines(table: Isolation, width: int) -> Iterator[str]:
    """The rates beside a neighbour that behaves, what the others cost of them, and the published figures."""
    yield from wrapped(
        "Requests that a system serves in a million ticks of the machine beside one that behaves, and what it loses of "
        "them, in %, where its neighbour misbehaves; DNR: it did not serve all.",
        width,
    )
    yield ""
    machines, contexts = table.machines, [way for way in table.ways if way in CONTEXTS]
    ours = [*machines, *contexts]
    heads = [("virtual machines", len(machines)), ("contexts, limits", len(contexts))]
    top = "".join(f"{title:^{_COLUMN * count}}" for title, count in heads if count)
    yield _row("", top, f"{'theirs':^{_THEIRS * len(ISOLATION_SYSTEMS)}}")
    yield _row(
        "neighbour",
        _cells({WITHOUT: "without", WITH_LIMITS: "with"}.get(way, way) for way in ours),
        "".join(f"{name:>{_THEIRS}}" for name in ISOLATION_SYSTEMS),
    )
    for neighbour in NEIGHBOURS:
        rates = [table.rate(way, neighbour) for way in ours]
        theirs = "".join(f"{text:>{_THEIRS}}" for text in ISOLATION.get(neighbour, ()))
        if neighbour == BEHAVING:
            yield _row(neighbour, _cells("DNR" if one.requests is None else number(one.requests) for one in rates), "")
        else:
            yield _row(neighbour, _cells(_lost_text(table.lost(way, neighbour)) for way in ours), theirs)
    yield from wrapped(f"Beside it, {ISOLATION_SOURCE}. Marks: p {MARKS['p']}.", width)
    yield from _remarks(table, width)


def _row(name: str, ours: str, theirs: str) -> str:
    return f"{name:<{_NAME}}|{ours} |{theirs}".rstrip(" |")


def _cells(texts: Iterator[str] | Any) -> str:
    return "".join(f"{text:>{_COLUMN}}" for text in texts)


def _lost_text(lost: float | None) -> str:
    return "DNR" if lost is None else f"{100 * lost:.1f}"


def _remarks(table: Isolation, width: int) -> Iterator[str]:
    for rate in (table.rate(way, neighbour) for way in table.ways for neighbour in NEIGHBOURS):
        if rate.why:
            yield from wrapped(f"DNR {rate.neighbour}, {rate.way}: {rate.why}.", width)
    yield from wrapped(f"A turn on the host has {_SLICE:,} ticks. Limits of the one that misbehaves: {LIMITS}.", width)
    for way in table.machines[:1]:
        lost = table.lost(way, "cpu", DEFAULT_SLICE)
        told = "it does not serve all" if lost is None else f"it loses {100 * lost:.1f}%"
        yield from wrapped(
            f"With turns of {DEFAULT_SLICE:,} ticks, as hosts have them unless said, {told} under {way} to "
            "one that computes: a guest that waits for its disk gives its turn away.",
            width,
        )
