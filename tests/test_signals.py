"""The suite under nohup or in the background: what it has to ignore itself, its children do not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

IGNORED = ("SIGHUP", "SIGQUIT", "SIGINT")
SUITE = """
import os, signal, subprocess, sys
number = signal.Signals[sys.argv[1]]
signal.signal(number, signal.SIG_IGN)
import conftest
os.kill(os.getpid(), number)
print("still here", flush=True)
sys.exit(subprocess.run([sys.executable, "-c", sys.argv[2], str(int(number))]).returncode)
"""
CHILD = "import signal, sys; print(signal.getsignal(int(sys.argv[1])) is not signal.SIG_IGN)"


@pytest.mark.parametrize("name", IGNORED)
def test_a_child_of_the_suite_heeds_what_the_suite_ignores(name: str) -> None:
    command = [sys.executable, "-c", SUITE, name, CHILD]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("still here\nTrue\n", 0), done.stderr


def test_none_of_them_is_ignored_here() -> None:
    assert all(signal.getsignal(signal.Signals[name]) is not signal.SIG_IGN for name in IGNORED)
