"""How wide commands print: as the terminal is, and as ever where there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
from support.commands import ROOT, spawn

from toyvm.cli import docs
from toyvm.manual import render


def printed_on_a_terminal(columns: int, *words: str) -> list[str]:
    """What a command prints on a terminal of that many columns."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    command = [sys.executable, "-m", "toyvm", *words]
    parts = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=terminal) as process:
        os.close(terminal)
        while True:
            try:
                part = os.read(controller, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(controller)
    assert process.returncode == 0
    return b"".join(parts).decode().splitlines()


@pytest.mark.parametrize(("columns", "used"), [(20, 80), (93, 93), (200, 200), (0, 118)])
def test_a_manual_is_as_wide_as_the_terminal_but_not_too_narrow(columns: int, used: int) -> None:
    assert printed_on_a_terminal(columns, "isa") == render("text", used).splitlines()


def test_a_manual_in_a_pipe_has_118_columns() -> None:
    assert spawn("isa").stdout.decode() == render("text", 118)


@pytest.mark.parametrize("width", [80, 100, 118, 160])
def test_no_line_of_the_manual_is_wider_than_asked_for(width: int) -> None:
    lengths = [len(line) for line in render("text", width).splitlines()]
    assert width - 2 <= max(lengths) <= width


@pytest.mark.parametrize("columns", [80, 100])
def test_a_page_on_a_terminal_is_set_in_its_width(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(docs, "output_width", lambda: columns)
    monkeypatch.setenv("NO_COLOR", "1")
    for name, path in docs.pages().items():
        shown = re.sub(r"\x1b\[[0-9;]*m", "", docs._set(path.read_text(encoding="utf-8")))
        assert max(map(len, shown.splitlines())) <= columns, name
        assert "<!--" not in shown
        assert "|---" not in shown
