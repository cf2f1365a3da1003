"""The user's terminal while a guest has it: key by key and without echo, and always given back."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINTR
from time import sleep
from types import FrameType
from typing import Any

from toyvm.machine.console import BytesInput, DescriptorInput, InputSource

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LEAVE = b"\x1d"  # Ctrl-]
CONTROL_D = b"\x04"  # the end of input, as a terminal's line discipline would have it


class TerminalInput(DescriptorInput):
    """Keys as they are pressed; Ctrl-D ends the input.

    A guest that `has_all_keys` gets that one, too, and Ctrl-C and the like; Ctrl-] interrupts it. It is told how large
    the window is, at first and when that changes, in a terminal's words: ESC [ 8 ; ROWS ; COLUMNS t.
    """

    def __init__(self, descriptor: int, has_all_keys: bool = False) -> None:
        super().__init__(descriptor, live=True)
        self.has_all_keys = has_all_keys
        self.was_left = False
        self._told: os.terminal_size | None = None
        self._ending = self._ended = False

    def fetch(self, size: int, wait: float) -> bytes | None:
        if self.has_all_keys:
            return self._fetch_all(size, wait)
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

    def _fetch_all(self, size: int, wait: float) -> bytes | None:
        report = self._window_report()
        if report and len(report) <= size:
            return report
        data = self._keys(size, wait)
        if not data:
            return data
        keys, leave, _ = data.partition(LEAVE)
        if leave:
            self.was_left = True
            os.kill(os.getpid(), signal.SIGINT)  # the run stops as at any Ctrl-C
        return keys or None

    def _window_report(self) -> bytes:
        """What is to be told of the window's size; nothing: it is as was told, or nobody knows it."""
        try:
            window = os.get_terminal_size(self._descriptor)
        except OSError:
            return b""
        if window == self._told or not window.columns or not window.lines:
            return b""
        self._told = window
        return f"\x1b[8;{window.lines};{window.columns}t".encode()

    def _keys(self, size: int, wait: float) -> bytes | None:
        try:
            return super().fetch(size, wait)
        except OSError:  # the terminal has gone away
            return b""


def standard_input(has_all_keys: bool = False) -> InputSource:
    """Standard input: a terminal is live, a file or pipe is read when the guest asks, a closed one is at its end."""
    try:
        descriptor = sys.stdin.fileno()
        if not os.isatty(descriptor):
            return DescriptorInput(descriptor)
        # A terminal that belongs to another job would stop this one when read.
        foreground = os.tcgetpgrp(descriptor) == os.getpgrp()
        return TerminalInput(descriptor, has_all_keys) if foreground else BytesInput(b"")
    except (OSError, ValueError, AttributeError):
        return BytesInput(b"")


@contextmanager
def keys_unbuffered(source: InputSource) -> Iterator[None]:
    """While a guest has the terminal: no line editing, no echo. Ctrl-C still interrupts, unless that is a key as others
    for it. Restored whatever happens.

    Ctrl-Z suspends: the shell has its own modes then, and these are set again when the process goes on.
    """
    if not isinstance(source, TerminalInput):
        yield
        return
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    changed = termios.tcgetattr(descriptor)
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    if source.has_all_keys:
        changed[0] &= ~(termios.IXON | termios.ICRNL)
        changed[3] &= ~(termios.ISIG | termios.IEXTEN)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    previous = {
        number: signal.signal(number, _on_termination)
        for number in ENDING_SIGNALS
        if signal.getsignal(number) is signal.SIG_DFL  # nohup's stay ignored
    }
    previous[signal.SIGCONT] = signal.signal(signal.SIGCONT, lambda *_: set_modes(descriptor, changed))
    try:
        set_modes(descriptor, changed)
        yield
    finally:
        with suppress(OSError):  # the terminal has gone away
            set_modes(descriptor, before)
        for number, handler in previous.items():
            signal.signal(number, handler)


def set_modes(descriptor: int, modes: list[Any]) -> None:
    """As tcsetattr. In the background this stops the process, until it is in front. Raises OSError."""
    import termios

    while True:
        try:
            return termios.tcsetattr(descriptor, termios.TCSADRAIN, modes)
        except termios.error as error:
            if error.args[0] != EINTR:
                raise OSError(*error.args) from None


def _on_termination(number: int, frame: FrameType | None) -> None:
    """Leave through the stack, so that the terminal is restored on the way."""
    raise SystemExit(128 + number)
