"""The gate of a machine, or of a host and its guests: one thread at a time is inside, as often as it likes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import Any, NoReturn, TypeVar

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

    __slots__ = ("_inside", "_refusal", "owner")

    def __init__(self, refusal: str) -> None:
        self.owner: int | None = None  # the number of the thread inside
        self._inside: dict[int, int] = {}  # the same, for `setdefault`, which finds and sets in one step
        self._refusal = refusal

    def check(self) -> None:
        """Raise UsageError if another thread is inside."""
        if self.owner is not None and self.owner != get_ident():
            raise UsageError(self._refusal)

    def enter(self) -> bool:
        """Is the caller inside now? Who is inside already neither enters nor leaves."""
        caller = get_ident()
        if self._inside.setdefault(_OWNER, caller) != caller:
            return False
        self.owner = caller
        return True

    def leave(self) -> None:
        self.owner = None
        del self._inside[_OWNER]

    def refuse(self) -> NoReturn:
        raise UsageError(self._refusal)


def one_thread_at_a_time(*free: str) -> Callable[[_Class], _Class]:
    """Lead to a class's public methods and properties through the `gate` of its objects, but to those `free` of it.

    So a new one cannot be forgotten. Free may be what touches nothing that another thread's run does, and what
    checks the gate itself.
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
        gate = self.gate
        if gate.owner == get_ident():
            return method(self, *arguments, **options)
        if not gate.enter():
            gate.refuse()
        try:
            return method(self, *arguments, **options)
        finally:
            gate.leave()

    return guarded
