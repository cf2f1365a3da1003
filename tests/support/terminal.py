"""A terminal with a program on it: what stands on each of its rows, as an emulator of terminals has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import pytest

from support.commands import ROOT

pyte = pytest.importorskip("pyte")
_PATIENCE = 30  # seconds
# The job control of a shell, around the command behind it: of a job that stops it says by which signal and whether the
# terminal was given back; fg, bg and kill go on with it.
_SHELL = """
import os, signal, subprocess, sys, termios

def to_front():
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)

signal.signal(signal.SIGTTOU, signal.SIG_IGN)
before = termios.tcgetattr(0)
child = subprocess.Popen(sys.argv[1:], preexec_fn=to_front)
while True:
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    whole = termios.tcgetattr(0) == before
    termios.tcsetattr(0, termios.TCSADRAIN, before)
    print("stopped", os.WSTOPSIG(status), "whole" if whole else "not whole", flush=True)
    word = sys.stdin.readline().strip()
    if word == "kill":
        os.killpg(child.pid, signal.SIGTERM)
    if word in ("bg", "kill"):
        os.killpg(child.pid, signal.SIGCONT)
        continue
    os.tcsetpgrp(0, child.pid)
    os.killpg(child.pid, signal.SIGCONT)
"""
JOB_OF_A_SHELL = [sys.executable, "-c", _SHELL]


class _Screen(pyte.Screen):  # type: ignore[misc]
    """One whose other screen is empty whenever it is changed to, as is the usual one behind it."""

    def set_mode(self, *modes: int, **options: bool) -> None:
        super().set_mode(*modes, **options)
        self._change(modes)

    def reset_mode(self, *modes: int, **options: bool) -> None:
        super().reset_mode(*modes, **options)
        self._change(modes)

    def _change(self, modes: tuple[int, ...]) -> None:
        if 1049 in modes:
            self.erase_in_display(2)
            self.cursor_position()


class Terminal:
    """A pseudo-terminal of so many columns and rows, and the process that has it."""

    def __init__(self, command: list[str], columns: int = 80, rows: int = 24) -> None:
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        self.modes = termios.tcgetattr(slave)  # as they were before
        self.raw = ""  # all that came
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )
        self._slave = slave  # open, so that its modes can be seen when the process has ended

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self._master)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, wait: float = 0.05) -> bool:
        """Take what has come within so many seconds. False: nothing has."""
        if not select.select([self._master], [], [], wait)[0]:
            return False
        data = os.read(self._master, 65536)
        self.raw += data.decode("utf-8", "replace")
        self._stream.feed(data)
        return True

    @property
    def rows(self) -> list[str]:
        """What stands on each row, without the spaces behind it."""
        return [row.rstrip() for row in self._screen.display]

    def cells(self, row: int) -> str:
        """A letter for each column of a row; one that takes two has a space in the second."""
        cells = self._screen.buffer[row]
        return "".join(cells[column].data or " " for column in range(self._screen.columns))

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Row and column, from 0; None where it is hidden."""
        cursor = self._screen.cursor
        return None if cursor.hidden else (cursor.y, cursor.x)

    def looks(self, row: int, attribute: str) -> list[Any]:
        """An attribute of each letter of a row, like `reverse`."""
        return [getattr(self._screen.buffer[row][column], attribute) for column in range(self._screen.columns)]

    def until(self, claim: Callable[[], object]) -> None:
        """Read until this is so."""
        deadline = time.monotonic() + _PATIENCE
        while not claim():
            assert time.monotonic() < deadline, f"it never came to that:\n{self.text}\n{self.raw[-2000:]!r}"
            self.read()

    def shows(self, *parts: str) -> None:
        """Read until each of these stands somewhere."""
        self.until(lambda: all(part in self.text for part in parts))

    def end(self) -> int:
        """The exit code, once all was read."""
        while self.process.poll() is None or self.read(0):
            self.read()
        return self.process.returncode

    @property
    def is_unbuffered(self) -> bool:
        """Does each key come as it is pressed, without an echo?"""
        return not termios.tcgetattr(self._slave)[3] & (termios.ICANON | termios.ECHO)

    @property
    def is_whole(self) -> bool:
        """Are its modes as they were, and has it its usual screen, with a cursor, and wraps?"""
        taken, given = self.raw.rfind("\x1b[?1049h"), self.raw.rfind("\x1b[?1049l")
        usual = given > taken or taken < 0
        wraps = pyte.modes.DECAWM in self._screen.mode
        return usual and wraps and self.cursor is not None and termios.tcgetattr(self._slave) == self.modes


def host_on(file: object, *words: str, columns: int = 80, rows: int = 24) -> Terminal:
    """`toyvm host FILE` on a terminal."""
    return Terminal([sys.executable, "-m", "toyvm", "host", str(file), *words], columns, rows)
