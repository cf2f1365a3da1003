"""The targets: what the engines are to reach, one row each, beside what their peers do, and how a row is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from peers.figures import Figure
from peers.others import HELLO, MEMORY, PYTHON, SYSCALL, TOYVM_HELLO, Reading, reading
from peers.report import Comparison, cpu_of
from peers.subjects import INTERPRETER, NATIVE, RECOMPILER

WARM_SECONDS, LONG_SECONDS = 0.02, 1.0  # what a run takes natively
CALL_PROGRAM = "fib"  # calls and returns, and little else


@dataclass(frozen=True)
class Results:
    """Everything that was measured for the table."""

    warm: Comparison
    long: Comparison
    readings: Sequence[Reading]
    handler: int | None  # instructions of the system call's handler

    def reading(self, what: str, subject: str) -> Figure | None:
        return reading(self.readings, what, subject)


Measured = Callable[[Results, str], Figure | None]  # of a subject


@dataclass(frozen=True)
class Target:
    """One row: what is measured of whom, in which unit, and the limits that it is held to."""

    what: str
    subject: str
    measured: Measured
    reach: float
    go_for: float | None = None
    unit: str = ""  # none: times native
    digits: int = 2
    scale: float = 1.0  # of the unit
    peers: tuple[str, ...] = ()  # measured here, where they are installed
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # measured before, on another machine
    beside: Callable[[Results], str] | None = None


@dataclass(frozen=True)
class Row:
    """A target and what came of it."""

    target: Target
    figure: Figure | None  # in the target's unit
    peers: Mapping[str, Figure | None]
    beside: str

    @property
    def holds(self) -> bool | None:
        """Is the median within the limit? None: it was not measured."""
        return None if self.figure is None else self.figure.median <= self.target.reach

    @property
    def is_goal_reached(self) -> bool | None:
        """The same of what is gone for; None where there is nothing."""
        if self.figure is None or self.target.go_for is None:
            return None
        return self.figure.median <= self.target.go_for


def rows_of(results: Results) -> list[Row]:
    """The table."""
    return [_row(target, results) for target in TARGETS]


def _row(target: Target, results: Results) -> Row:
    def figure(subject: str) -> Figure | None:
        return _scaled(target.measured(results, subject), target.scale)

    peers = {name: figure(name) for name in target.peers}
    return Row(target, figure(target.subject), peers, target.beside(results) if target.beside else "")


def _scaled(figure: Figure | None, scale: float) -> Figure | None:
    if figure is None:
        return None
    return Figure(figure.median / scale, figure.low / scale, figure.high / scale, figure.count)


def _warm(results: Results, subject: str) -> Figure | None:
    return results.warm.mean(subject) if results.warm.is_whole else None


def _long(results: Results, subject: str) -> Figure | None:
    return results.long.mean(subject) if results.long.is_whole else None


def _calls(results: Results, subject: str) -> Figure | None:
    return results.warm.slowdown(CALL_PROGRAM, subject)


def _reading(what: str) -> Measured:
    return lambda results, subject: results.reading(what, subject)


def _all_threads(results: Results) -> str:
    """CPU time beside the elapsed one."""
    names = [name for name in results.long.subjects if name != NATIVE]
    found = {name: results.long.mean(name, cpu_of) for name in names}
    said = ", ".join(f"{name} {one.text()}" for name, one in found.items() if one)
    return f"CPU time of all threads: {said}" if said else ""


def _handler(results: Results) -> str:
    return f"the handler is {results.handler} instructions long" if results.handler else ""


TARGETS = (
    Target(
        "interpreter",
        INTERPRETER,
        _warm,
        8,
        6.5,
        peers=("unicorn",),
        elsewhere={"libriscv": "10.8", "wasm3": "10.8"},
    ),
    Target(
        "recompiler, warm",
        RECOMPILER,
        _warm,
        2.3,
        1.5,
        peers=("qemu-user", "wasmtime"),
        elsewhere={"qemu-user": "2.7", "wasmtime": "1.4"},
    ),
    Target(
        "recompiler, 1 s natively, elapsed",
        RECOMPILER,
        _long,
        3.0,
        2.0,
        peers=("qemu-user", "wasmtime"),
        elsewhere={"qemu-user": "2.8"},
        beside=_all_threads,
    ),
    Target(
        "fib alone, recompiler, warm",
        RECOMPILER,
        _calls,
        4,
        2,
        peers=("qemu-user", "wasmtime"),
        elsewhere={"qemu-user": "9.3", "wasmtime": "1.5"},
    ),
    Target(
        "system call, bare, interpreter",
        INTERPRETER,
        _reading(SYSCALL),
        20,
        10,
        unit="ns",
        digits=1,
        peers=("qemu-user", "unicorn"),
        elsewhere={"libriscv": "13", "wasm3": "24", "qemu-user": "258"},
        beside=_handler,
    ),
    Target(
        "toyvm run hello, in all",
        TOYVM_HELLO,
        _reading(HELLO),
        100,
        60,
        unit="ms",
        digits=0,
        peers=(PYTHON, "import unicorn", "import wasmtime"),
        elsewhere={PYTHON: "15", "import unicorn": "81"},
    ),
    Target(
        "machine, memory beyond its RAM",
        INTERPRETER,
        _reading(MEMORY),
        1,
        unit="MiB",
        scale=1 << 20,
    ),
)
