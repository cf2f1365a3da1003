"""Ctrl-C at awkward moments: one that Python drops ends the run all the same, and the exit code is always 130."""

from __future__ import annotations

import subprocess
import sys

from support.commands import ROOT

DROPPED = """
import os, signal, weakref
from toyvm.asm import assemble_text
from toyvm.machine.bare import Machine
from toyvm.machine.ctrl_c import RememberedInterrupt

RememberedInterrupt.install()
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT) or [None for _ in range(1000)])
del thing
with Machine("64K") as machine:
    machine.load(assemble_text("_start: addi a0, a0, 1\\n j _start\\n", "loop.s").image)
    print(machine.run(timeout=60).stop)
"""
# While a text is executed, as dataclasses do, Python remembers it, and would end the process by the signal.
IN_EXEC = """
import toyvm.cli

def interrupted():
    try:
        exec("import os, signal; os.kill(os.getpid(), signal.SIGINT); [None for _ in range(1000)]")
    except KeyboardInterrupt:
        return 130

toyvm.cli.main = interrupted
toyvm.cli.entry_point()
"""
AGAIN = """
import os, signal
import toyvm.cli

def dispatch(words):
    raise KeyboardInterrupt

def say(*_):
    os.kill(os.getpid(), signal.SIGINT)
    [None for _ in range(1000)]

toyvm.cli._dispatch, toyvm.cli.say = dispatch, say
toyvm.cli.entry_point()
"""


def run(program: str) -> tuple[int, str]:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def test_one_that_python_drops_ends_the_run_that_follows() -> None:
    assert run(DROPPED) == (0, "interrupted\n")


def test_one_inside_of_an_executed_text_gives_the_exit_code_as_ever() -> None:
    assert run(IN_EXEC)[0] == 130


def test_another_one_while_the_first_is_told_gives_it_too() -> None:
    assert run(AGAIN)[0] == 130
