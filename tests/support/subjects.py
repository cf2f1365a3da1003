"""Everything that claims to be a T64: each a factory that sets a machine up for a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from toyvm.isa.machine import Level
from toyvm.programs import Program
from toyvm.reference import ReferenceMachine


def _disk(program: Program) -> bytearray | None:
    return None if program.disk is None else bytearray(program.disk)


def devices_of(program: Program) -> dict[str, Any]:
    return {
        "input": program.input,
        "disk": _disk(program),
        "disk_latency": program.disk_latency,
        "disk_writable": program.disk_writable,
    }


@contextmanager
def reference(program: Program) -> Iterator[Any]:
    machine = ReferenceMachine(memory=program.memory, level=program.level, **devices_of(program))
    machine.load(program)
    yield machine


class Stepping(ReferenceMachine):
    """The reference, stopped after every single instruction."""

    def run(self, until: int | None = None) -> Any:
        stop = super().run(min(self.retired + 1, until if until is not None else 1 << 64))
        while stop == "limit" and self.retired != until:
            stop = super().run(self.retired + 1)
        return stop


@contextmanager
def stepping(program: Program) -> Iterator[Any]:
    machine = Stepping(memory=program.memory, level=program.level, **devices_of(program))
    machine.load(program)
    yield machine


@contextmanager
def interpreter(program: Program) -> Iterator[Any]:
    from toyvm.machine import Machine

    with Machine(memory=program.memory, level=program.level, **devices_of(program)) as machine:
        machine.load(program)
        machine.image = None  # a program has no symbols
        yield machine


def _eager() -> Any:
    """Everything is compiled before it first runs, and the same way every time."""
    from toyvm.recompiler.options import Recompiling, default_directory

    return Recompiling(threshold=1, eager=True, waiting=True, limit=100, cache=default_directory())


@contextmanager
def recompiler(program: Program) -> Iterator[Any]:
    from toyvm.machine import Machine

    with Machine(memory=program.memory, level=program.level, engine=_eager(), **devices_of(program)) as machine:
        machine.load(program)
        machine.image = None
        yield machine


def level_for(technique: str, level: Level) -> Level:
    """The hardware level for a program of `level` under a technique: assist is as strict, with guest mode besides."""
    return Level.ASSIST if level is Level.STRICT and technique.startswith("assist") else level


def _guest(technique: str, engine: Callable[[], Any] = lambda: "interpreter") -> Callable[[Program], Any]:
    """A factory of guests under a technique, on a host of their own."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        from toyvm.host import Host, host_memory_for

        level = level_for(technique, program.level)
        with (
            Host(memory=host_memory_for(program.memory), level=level, engine=engine()) as host,
            host.guest(technique, memory=program.memory, **devices_of(program)) as guest,
        ):
            guest.load(program)
            guest.image = None
            yield guest

    return subject


trap = _guest("trap")
trap_flush = _guest("trap+flush")
hybrid = _guest("hybrid")
recompiled_trap = _guest("trap", _eager)
recompiled_hybrid = _guest("hybrid", _eager)
assist = _guest("assist")
assist_shadow = _guest("assist+shadow")
recompiled_assist = _guest("assist", _eager)


@contextmanager
def observed_trap(program: Program) -> Iterator[Any]:
    """Every exit is shown to someone in Python before it is handled."""
    with trap(program) as guest:
        guest.observe(lambda event: None)
        yield guest


class Restored:
    """A machine that before every run is saved, thrown away, and restored in a new one. Its input has to be empty."""

    def __init__(self, make: Callable[[], Any], stack: ExitStack) -> None:
        self._make = make
        self._stack = stack
        self._machine = stack.enter_context(make())

    def run(self, until: int | None = None) -> Any:
        snapshot, output = self._machine.save(), self._machine.output
        self._machine = self._stack.enter_context(self._make())
        self._machine.run(until=5)  # something else to forget
        self._machine.restore(snapshot)
        self._machine.sink.kept = bytearray(output)
        return self._machine.run(until=until)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)


@contextmanager
def restored_interpreter(program: Program) -> Iterator[Any]:
    with ExitStack() as stack:
        yield Restored(lambda: interpreter(program), stack)


@contextmanager
def restored_trap(program: Program) -> Iterator[Any]:
    with ExitStack() as stack:
        yield Restored(lambda: trap(program), stack)


@contextmanager
def restored_hybrid(program: Program) -> Iterator[Any]:
    with ExitStack() as stack:
        yield Restored(lambda: hybrid(program), stack)


@contextmanager
def intercepted_assist(program: Program) -> Iterator[Any]:
    """Everything exits that can; traps and interrupts are delivered by injection."""
    from toyvm.isa.guest_mode import INTERCEPTS

    with assist(program) as guest:
        guest.intercept(row.name for row in INTERCEPTS)
        yield guest


@contextmanager
def observed_assist(program: Program) -> Iterator[Any]:
    with assist(program) as guest:
        guest.observe(lambda event: None)
        yield guest


@contextmanager
def restored_assist(program: Program) -> Iterator[Any]:
    with ExitStack() as stack:
        yield Restored(lambda: assist(program), stack)


@contextmanager
def restored_assist_shadow(program: Program) -> Iterator[Any]:
    with ExitStack() as stack:
        yield Restored(lambda: assist_shadow(program), stack)


SUBJECTS: dict[str, Callable[[Program], Any]] = {
    "reference": reference,
    "stepping": stepping,
    "interpreter": interpreter,
    "recompiler": recompiler,
    "hybrid": hybrid,
    "trap": trap,
    "recompiled trap": recompiled_trap,
    "recompiled hybrid": recompiled_hybrid,
    "trap+flush": trap_flush,
    "assist": assist,
    "assist+shadow": assist_shadow,
    "recompiled assist": recompiled_assist,
    "observed trap": observed_trap,
    "observed assist": observed_assist,
    "intercepted assist": intercepted_assist,
    "restored interpreter": restored_interpreter,
    "restored trap": restored_trap,
    "restored hybrid": restored_hybrid,
    "restored assist": restored_assist,
    "restored assist+shadow": restored_assist_shadow,
}
