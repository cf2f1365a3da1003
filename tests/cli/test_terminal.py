"""`toyvm run` on a terminal: the guest's keys, and the terminal as it is left."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from support.host_files import ECHO
from support.terminal import JOB_OF_A_SHELL, Terminal


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
