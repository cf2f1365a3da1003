"""`toyvm run` on a terminal: the guest's keys, and the terminal as it is left."""

from __future__ import annotations

import os
import signal
import sys
import termios
from pathlib import Path
from select import select
from unittest.mock import patch

import pytest
from support.host_files import ECHO
from support.terminal import JOB_OF_A_SHELL, Terminal

from toyvm.cli.terminal import TerminalInput, keys_unbuffered


@pytest.mark.parametrize("words", [["fg"], ["bg", "fg"]])
def test_a_guest_has_its_keys_again_when_it_goes_on_after_ctrl_z(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "echo.s").write_text(ECHO)
    command = [sys.executable, "-m", "toyvm", "run", str(tmp_path / "echo.s")]
    with Terminal([*JOB_OF_A_SHELL, *command]) as terminal:
        terminal.until(lambda: terminal.is_unbuffered)
        terminal.press("before")
        terminal.shows("before")
        terminal.press("\x1a")
        for number, word in zip((signal.SIGTSTP, signal.SIGTTOU), words, strict=False):
            terminal.shows(f"stopped {int(number)} ")
            terminal.press(f"{word}\r")
        terminal.until(lambda: terminal.is_unbuffered)
        terminal.press("behind\x04")
        assert terminal.end() == 0
        assert terminal.text.count("behind") == 1
        assert terminal.is_whole


def test_a_guest_that_has_all_keys_gets_each_as_it_was_typed() -> None:
    """Those that a terminal keeps for itself, too, as the one that takes the next literally."""
    keyboard, screen = os.openpty()
    try:
        before = termios.tcgetattr(screen)
        source = TerminalInput(screen, has_all_keys=True)
        with os.fdopen(os.dup(screen)) as typed, patch("sys.stdin", typed), keys_unbuffered(source):
            of_its_own = termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN  # the last: not on Linux
            assert not termios.tcgetattr(screen)[3] & of_its_own
            for key in range(1, 256):
                os.write(keyboard, bytes([key]))
                assert select([screen], [], [], 10)[0], f"key {key} was kept"
                assert os.read(screen, 9) == bytes([key])
        assert termios.tcgetattr(screen) == before
    finally:
        os.close(keyboard)
        os.close(screen)
