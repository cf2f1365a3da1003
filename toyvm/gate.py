"""The gate of a machine, or of a host and its guests: one thread at a time is inside, as often as it likes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import Any, TypeVar

from toyvm.errors import UsageError

_Class = TypeVar("_Class", bound=type)
_OWNER = 0

MACHINE_IN_USE = "this machine is in use by another thread; one thread at a time may use it"
HOST_IN_USE = (
    "this host is in use by another thread; one thread at a time may use it and its guests, and host.post(function) "
    "has that thread call a function between two turns"
)


class Gate:
    """Who does not get in is refused at once: nobody waits."""

    __slots__ = ("inside", "refusal")

    def __init__(self, refusal: str) -> None:
        self.inside: dict[int, int] = {}  # of the thread inside, its number; `setdefault` finds and sets in one step
        self.refusal = refusal

    def check(self) -> None:
        """Raise UsageError if another thread is inside."""
        owner = self.inside.get(_OWNER)
        if owner is not None and owner != get_ident():
            raise UsageError(self.refusal)

    def enter(self) -> bool:
        """Is the caller inside now? It has to leave as often as it entered alone: inside, it needs no entering."""
        return self.inside.setdefault(_OWNER, get_ident()) == get_ident()

    def leave(self) -> None:
        del self.inside[_OWNER]


def one_thread_at_a_time(*free: str) -> Callable[[_Class], _Class]:
    """Lead to a class's public methods and properties through the `gate` of its objects, but to those `free` of it.

    So a new one cannot be forgotten. `free` may be what touches nothing that another thread's run does.
    """

    def guard(cls: _Class) -> _Class:
        assert all(name in vars(cls) for name in free), "what is free of the gate is there"
        for name, value in list(vars(cls).items()):
            if name.startswith("_") or name in free:
                continue
            if isinstance(value, property):
                setter = None if value.fset is None else _guarded(value.fset)
                setattr(cls, name, property(_guarded(value.fget), setter, doc=value.__doc__))
            elif callable(value):
                setattr(cls, name, _guarded(value))
        return cls

    return guard


def _guarded(method: Any) -> Any:
    @wraps(method)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        gate, caller = self.gate, get_ident()
        inside = gate.inside
        owner = inside.get(_OWNER)
        if owner == caller:
            return method(self, *arguments, **options)
        if owner is not None or inside.setdefault(_OWNER, caller) != caller:
            raise UsageError(gate.refusal)
        try:
            return method(self, *arguments, **options)
        finally:
            del inside[_OWNER]

    return guarded
