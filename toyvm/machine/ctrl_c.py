"""Ctrl-C while a guest runs: a request to stop at the next instruction boundary, not an exception somewhere.

Who runs many guests to find something out has it raised all the same: none of them is of use that was stopped.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_is_raised: ContextVar[bool] = ContextVar("_is_raised", default=False)


class RememberedInterrupt:
    """What Ctrl-C does in a process of ours outside of a run: it raises KeyboardInterrupt, as ever, and is remembered.

    For Python drops an exception that comes in a callback of its own, while modules are imported, say.
    """

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.has_come = True
        raise KeyboardInterrupt

    @classmethod
    def install(cls) -> None:
        """In place of Python's own handler, where that is there: one that is ignored stays so."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, cls())


@contextmanager
def interrupts_given_to(interrupt: Callable[[], None]) -> Iterator[None]:
    """Meanwhile Ctrl-C calls `interrupt`; a second one raises KeyboardInterrupt as ever."""
    usual = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if (
        _is_raised.get()
        or not main
        or not (usual is signal.default_int_handler or isinstance(usual, RememberedInterrupt))
    ):
        yield
        return

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        interrupt()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        if isinstance(usual, RememberedInterrupt) and usual.has_come:  # and what it raised was dropped
            interrupt()
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Meanwhile Ctrl-C raises KeyboardInterrupt at once, in the midst of a run, or of a monitor that never ends."""
    usual = signal.getsignal(signal.SIGINT)
    if isinstance(usual, RememberedInterrupt) and usual.has_come:  # and what it raised was dropped
        raise KeyboardInterrupt
    outside = _is_raised.set(True)
    try:
        yield
    finally:
        _is_raised.reset(outside)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Meanwhile Ctrl-C is remembered, and raised at the end: what is raised in fork's own callbacks Python drops."""
    come: list[bool] = []
    with interrupts_given_to(lambda: come.append(True)):
        yield
    if come:
        raise KeyboardInterrupt
