"""The terminal that the host's screen is drawn on: taken, suspended, and given back whole, whatever ends it."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from types import FrameType
from typing import Any, Self

from toyvm.cli.host.columns import columns, fitted, padded
from toyvm.cli.terminal import ENDING_SIGNALS, TerminalInput, set_modes

_TAKE = "\x1b[?1049h\x1b[?7l\x1b[?25l"  # a screen of its own, which does not wrap, without a cursor
_GIVE_BACK = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_CLEAR, _PLAIN, _END_OF_ROW = "\x1b[0m\x1b[2J", "\x1b[0m", "\x1b[K"
_SHOW_CURSOR, _HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
_USUAL_SIZE = (80, 24)  # of a terminal that does not say
_REQUESTS = 2  # signals that only ask for an end; another one makes it


class Style(StrEnum):
    """How a row looks, on a light terminal and on a dark one."""

    PLAIN = "0"
    HEADING = "1"
    FAINT = "2"
    BAD = "31"
    MARKED = "7"  # to the end of the row


Line = tuple[str, Style]


class _Keys(TerminalInput):
    """Keys as they are pressed, Ctrl-D among them; empty once the terminal has gone away."""

    def fetch(self, size: int, wait: float) -> bytes | None:
        return self._keys(size, wait)


class Display:
    """Rows on a terminal, and its keys. A signal that would end or suspend the process `wake`s, and is heeded later."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.ending: int | None = None  # the signal that has asked for an end
        self._wake = wake
        self._input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self._keys = _Keys(self._input)
        self._signals = True  # does Ctrl-C give a signal, and so on?
        self._requests = 0
        self._suspends = self._continues = False
        self._is_taken = False
        self._before: list[Any] = []  # the terminal's modes
        self._handlers: dict[int, Any] = {}
        self._shown: list[str] = []  # the rows as they stand there
        self._shown_size = (0, 0)

    # Taking it and giving it back.

    def __enter__(self) -> Self:
        sys.stdout.flush()
        self._before = termios.tcgetattr(self._input)
        acts = {signal.SIGTSTP: self._on_suspend, signal.SIGCONT: self._on_continue}
        for number in (signal.SIGINT, *ENDING_SIGNALS, *acts):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's stay ignored
                self._handlers[number] = signal.signal(number, acts.get(number, self._on_ending))
        try:
            self._take()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._leave()
        finally:  # a signal that makes an end may have come in the middle
            self._leave()

    def _leave(self) -> None:
        with suppress(OSError):  # the terminal has gone away
            self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _take(self) -> None:
        """In the background this stops the process, until it is in front."""
        self._is_taken = True
        self._set_modes()
        self._write(_TAKE)
        self.forget()

    def _give_back(self) -> None:
        if self._is_taken:
            self._write(_GIVE_BACK)
            set_modes(self._input, self._before)
            self._is_taken = False

    def _set_modes(self) -> None:
        """No line editing, no echo, no key that stops output; without signals every key comes as it is."""
        modes = termios.tcgetattr(self._input)
        modes[0] &= ~termios.IXON
        modes[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN | termios.ISIG)
        if self._signals:
            modes[3] |= termios.ISIG
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        set_modes(self._input, modes)

    # Signals.

    def _on_ending(self, number: int, frame: FrameType | None) -> None:
        self.ending = self.ending or number
        self._requests += 1
        if self._requests > _REQUESTS:
            raise SystemExit(128 + number)
        self._wake()

    def _on_suspend(self, number: int, frame: FrameType | None) -> None:
        self._suspends = True
        self._wake()

    def _on_continue(self, number: int, frame: FrameType | None) -> None:
        self._continues = True
        self._wake()

    def suspend(self) -> None:
        """As Ctrl-Z asks for, once `tend` is called."""
        self._suspends = True

    def tend(self) -> bool:
        """Suspend the process if that was asked for. Was it away, so that all has to be drawn anew?"""
        if self._suspends:
            self._suspends = False
            self._give_back()
            handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)  # and here it goes on, when it is continued
            signal.signal(signal.SIGTSTP, handler)
            self._continues = True
        if not self._continues or self.ending is not None:  # which need not be in front
            return False
        self._continues = False
        self._take()
        return True

    # Keys.

    def keys(self, wait: float) -> bytes | None:
        """Those pressed; None if there are none within so many seconds; empty once the terminal has gone away."""
        return self._keys.fetch(1024, wait)

    def give_signals(self, signals: bool) -> None:
        """Does Ctrl-C give a signal, and Ctrl-Z, or are they keys as others?"""
        self._signals = signals
        self._set_modes()

    # Drawing.

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        try:
            size = os.get_terminal_size(self._output)
        except OSError:
            return _USUAL_SIZE
        return (size.columns or _USUAL_SIZE[0], size.lines or _USUAL_SIZE[1])

    @property
    def is_resized(self) -> bool:
        """Has its size changed since it was drawn on?"""
        return self.size != self._shown_size

    def forget(self) -> None:
        """What stands there is not known: the next drawing clears it."""
        self._shown_size = (0, 0)

    def draw(self, lines: Sequence[Line], size: tuple[int, int], cursor: tuple[int, int] | None = None) -> None:
        """Have these rows on a screen of that size, and a cursor at a row and column, from 0, if there is to be one."""
        text = _HIDE_CURSOR
        if size != self._shown_size:
            text += _CLEAR
            self._shown, self._shown_size = [""] * size[1], size
        rows = [_row(line, size[0]) for line in lines[: size[1]]]
        rows += [_row(("", Style.PLAIN), size[0])] * (size[1] - len(rows))
        for number, row in enumerate(rows):
            if row != self._shown[number]:
                text += f"\x1b[{number + 1}H{row}"
        self._shown = rows
        if cursor is not None:
            text += f"\x1b[{cursor[0] + 1};{cursor[1] + 1}H{_SHOW_CURSOR}"
        self._write(text)

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._output, data) :]


def _row(line: Line, width: int) -> str:
    """What draws a row. A row that is full is not cleared behind: that would take its last letter."""
    text, style = fitted(line[0], width), line[1]
    if style is Style.MARKED:
        text = padded(text, width)
    return f"\x1b[{style}m{text}{_PLAIN}{_END_OF_ROW if columns(text) < width else ''}"
