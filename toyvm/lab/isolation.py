"""Isolation: what a system's work loses to a neighbour that misbehaves, as virtual machines and as contexts.

As the Isolation Benchmark Suite has it: one of two systems serves requests, each of which needs some of all that there
is; the other one takes whatever it gets of one thing. A rate is of requests in so many ticks of the machine that both
share, which is exact: what starts up is taken off, as elsewhere in the lab.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Protocol

from toyvm.host.host import Host
from toyvm.host.stride import DEFAULT_SLICE
from toyvm.lab.measure import Progress
from toyvm.lab.published import ISOLATION, ISOLATION_SOURCE, ISOLATION_SYSTEMS, MARKS
from toyvm.lab.subjects import DISCARDED
from toyvm.lab.text import number, wrapped
from toyvm.launch import disk_after, launched
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


@dataclass(frozen=True)
class Machines:
    """Two virtual machines of a technique on one host."""

    technique: str
    slice: int = _SLICE

    @property
    def label(self) -> str:
        return self.technique

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
        return "limits" if self.has_limits else "none"

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
class Isolation:
    """The table: rates by way and neighbour."""

    ways: Sequence[Pair]
    requests: int
    rates: dict[tuple[str, str], Rate] = field(default_factory=dict)
    usual: Rate | None = None  # with the turns that hosts have unless said, beside one that computes...
    usual_behaving: Rate | None = None  # ...and beside one that behaves

    def run(self, progress: Progress) -> None:
        for way in self.ways:
            for neighbour in NEIGHBOURS:
                progress(f"{way.label} beside {neighbour}")
                self.rates[way.label, neighbour] = self.rate(way, neighbour)
        machines = next((way for way in self.ways if isinstance(way, Machines)), None)
        if machines is not None:
            progress(f"{machines.label} with turns of {DEFAULT_SLICE:,} ticks")
            usual = Machines(machines.technique, DEFAULT_SLICE)
            self.usual_behaving, self.usual = self.rate(usual, BEHAVING), self.rate(usual, "cpu")

    def rate(self, way: Pair, neighbour: str) -> Rate:
        most = _MOST * 100_000 * (self.requests + 10)
        few, many = (way.serve(count, neighbour, most) for count in (1, 1 + self.requests))
        if few.ticks is None or many.ticks is None:
            return Rate(way.label, neighbour, None, few.why or many.why)
        return Rate(way.label, neighbour, self.requests / (many.ticks - few.ticks) * 1e6)

    def lost(self, rate: Rate, behaving: Rate | None = None) -> float | None:
        """The part of its rate that is lost against the same neighbour behaving; None: it served nothing to count."""
        base = behaving or self.rates[rate.way, BEHAVING]
        return None if rate.requests is None or not base.requests else 1 - rate.requests / base.requests

    def record(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "requests": self.requests,
            "limits": LIMITS,
            "rates": [{**asdict(rate), "lost": self.lost(rate)} for rate in self.rates.values()],
        }


_NAME, _COLUMN, _THEIRS = 10, 9, 9


def isolation_lines(table: Isolation, width: int) -> Iterator[str]:
    """The rates beside a neighbour that behaves, what the others cost of them, and the published figures."""
    yield from wrapped(
        "Requests that a system serves in a million ticks of the machine beside one that behaves, and what it loses of "
        "them, in %, where its neighbour misbehaves; DNR: it did not serve all.",
        width,
    )
    yield ""
    machines = [way.label for way in table.ways if isinstance(way, Machines)]
    contexts = [way.label for way in table.ways if isinstance(way, Contexts)]
    ours = [*machines, *contexts]
    heads = [("virtual machines", len(machines)), ("contexts, limits", len(contexts))]
    top = "".join(f"{title:^{_COLUMN * count}}" for title, count in heads if count)
    yield _row("", top, f"{'theirs':^{_THEIRS * len(ISOLATION_SYSTEMS)}}")
    yield _row(
        "neighbour",
        _cells({"none": "without", "limits": "with"}.get(label, label) for label in ours),
        "".join(f"{name:>{_THEIRS}}" for name in ISOLATION_SYSTEMS),
    )
    for neighbour in NEIGHBOURS:
        rates = [table.rates[label, neighbour] for label in ours]
        theirs = "".join(f"{text:>{_THEIRS}}" for text in ISOLATION.get(neighbour, ()))
        if neighbour == BEHAVING:
            yield _row(neighbour, _cells("DNR" if one.requests is None else number(one.requests) for one in rates), "")
        else:
            yield _row(neighbour, _cells(_lost_text(table.lost(rate)) for rate in rates), theirs)
    yield from wrapped(f"Beside it, {ISOLATION_SOURCE}. Marks: p {MARKS['p']}.", width)
    yield from _remarks(table, width)


def _row(name: str, ours: str, theirs: str) -> str:
    return f"{name:<{_NAME}}|{ours} |{theirs}".rstrip(" |")


def _cells(texts: Iterator[str] | Any) -> str:
    return "".join(f"{text:>{_COLUMN}}" for text in texts)


def _lost_text(lost: float | None) -> str:
    return "DNR" if lost is None else f"{100 * lost:.1f}"


def _remarks(table: Isolation, width: int) -> Iterator[str]:
    reasons: Mapping[str, None] = dict.fromkeys(
        f"{rate.neighbour}, {rate.way}: {rate.why}" for rate in table.rates.values() if rate.why
    )
    for reason in reasons:
        yield from wrapped(f"DNR {reason}.", width)
    yield from wrapped(f"A turn on the host has {_SLICE:,} ticks. Limits of the one that misbehaves: {LIMITS}.", width)
    if table.usual is not None:
        lost = table.lost(table.usual, table.usual_behaving)
        told = "it does not serve all" if lost is None else f"it loses {100 * lost:.1f}%"
        yield from wrapped(
            f"With turns of {DEFAULT_SLICE:,} ticks, as hosts have them unless said, {told} under {table.usual.way} to "
            "one that computes: a guest that waits for its disk gives its turn away.",
            width,
        )
