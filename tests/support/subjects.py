"""Everything that claims to be a T64: each a factory that sets a machine up for a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from toyvm.programs import Program
from toyvm.reference import ReferenceMachine


def _disk(program: Program) -> bytearray | None:
    return None if program.disk is None else bytearray(program.disk)


def _devices(program: Program) -> dict[str, Any]:
    return {
        "input": program.input,
        "disk": _disk(program),
        "disk_latency": program.disk_latency,
        "disk_writable": program.disk_writable,
    }


@contextmanager
def reference(program: Program) -> Iterator[Any]:
    machine = ReferenceMachine(memory=program.memory, level=program.level, **_devices(program))
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
    machine = Stepping(memory=program.memory, level=program.level, **_devices(program))
    machine.load(program)
    yield machine


@contextmanager
def interpreter(program: Program) -> Iterator[Any]:
    from toyvm.machine import Machine

    with Machine(memory=program.memory, level=program.level, **_devices(program)) as machine:
        machine.load(program)
        machine.image = None  # a program has no symbols
        yield machine


def _guest(technique: str) -> Callable[[Program], Any]:
    """A factory of guests under a technique, on a host of their own."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        from toyvm.host import Host, host_memory_for

        with (
            Host(memory=host_memory_for(program.memory), level=program.level) as host,
            host.guest(technique, memory=program.memory, **_devices(program)) as guest,
        ):
            guest.load(program)
            guest.image = None
            yield guest

    return subject


SUBJECTS: dict[str, Callable[[Program], Any]] = {
    "reference": reference,
    "stepping": stepping,
    "interpreter": interpreter,
    "trap": _guest("trap"),
    "hybrid": _guest("hybrid"),
}
