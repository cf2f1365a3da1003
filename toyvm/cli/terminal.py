"""The user's terminal while a guest has it: key by key and without echo, and always given back."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep
from types import FrameType

from toyvm.machine.console import BytesInput, DescriptorInput, InputSource

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
CONTROL_D = b"\x04"  # the end of input, as a terminal's line discipline would have it


class TerminalInput(DescriptorInput):
    """Keys as they are pressed; Ctrl-D ends the input."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, live=True)
        self._ending = self._ended = False

    def fetch(self, size: int, wait: float) -> bytes | None:
        if self._ended:
            sleep(wait)
            return None
        data = b"" if self._ending else self._keys(size, wait)
        if data is None:
            return None
        keys, end, _ = data.partition(CONTROL_D)
        self._ending = bool(end)
        self._ended = not keys
        return keys

    def _keys(self, size: int, wait: float) -> bytes | None:
        try:
            return super().fetch(size, wait)
        except OSError:  # the terminal has gone away
            return b""


def standard_input() -> InputSource:
    """Standard input: a terminal is live, a file or pipe is read when the guest asks, a closed one is at its end."""
    try:
        descriptor = sys.stdin.fileno()
        if not os.isatty(descriptor):
            return DescriptorInput(descriptor)
        # A terminal that belongs to another job would stop this one when read.
        foreground = os.tcgetpgrp(descriptor) == os.getpgrp()
        return TerminalInput(descriptor) if foreground else BytesInput(b"")
    except (OSError, ValueError, AttributeError):
        return BytesInput(b"")


@contextmanager
def keys_unbuffered(source: InputSource) -> Iterator[None]:
    """While a guest has the terminal: no line editing, no echo. Ctrl-C still interrupts. Restored whatever happens."""
    if not isinstance(source, TerminalInput):
        yield
        return
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    changed = termios.tcgetattr(descriptor)
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    previous = {
        number: signal.signal(number, _on_termination)
        for number in ENDING_SIGNALS
        if signal.getsignal(number) is signal.SIG_DFL  # nohup's stay ignored
    }
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
        yield
    finally:
        with suppress(termios.error):  # the terminal has gone away
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _on_termination(number: int, frame: FrameType | None) -> None:
    """Leave through the stack, so that the terminal is restored on the way."""
    raise SystemExit(128 + number)
