"""Ctrl-C at awkward moments: one that Python drops ends the run all the same, and the exit code is always 130."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from support.commands import ROOT

from toyvm import Host, Machine, load_program
from toyvm.host.exit_records import Exit
from toyvm.lab.subjects import Subject as LabSubject
from toyvm.lab.tasks import Load, WholeRun
from toyvm.launch import disk_after
from toyvm.machine.outcome import Stop
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.shipped.system_disk import shipped_disk
from toyvm.testing import compare, differs, random_program

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


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Ctrl-C as ever, though it may be ignored where the tests are begun."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Pressing(TrapAndEmulate):
    """A monitor in which Ctrl-C comes; where that raises nothing, it might as well never end."""

    def handle(self, exit: Exit) -> None:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")


@pytest.mark.parametrize("ask", [compare, differs])
def test_one_in_a_monitor_that_is_compared_ends_the_comparison(ask: Callable[..., object]) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(random_program(1), Pressing)


def test_one_in_a_monitor_that_is_measured_ends_its_run() -> None:
    task = WholeRun(Load(load_program("kernel")))
    with pytest.raises(KeyboardInterrupt):
        LabSubject("Pressing", monitor=Pressing, like="trap").run(task, 1)


def test_one_that_comes_while_a_disk_is_made_ends_that(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Machine.run
    monkeypatch.setattr(Machine, "run", lambda machine: [signal.raise_signal(signal.SIGINT), run(machine)])
    with pytest.raises(KeyboardInterrupt):
        disk_after(shipped_disk(), "true")


def test_one_that_a_run_takes_stops_it_at_an_instruction() -> None:
    with Host() as host, host.guest(memory="2M", monitor=TrapAndEmulate) as guest:
        guest.load(load_program("kernel"))
        guest.observe(lambda event: signal.raise_signal(signal.SIGINT))
        assert guest.run().stop is Stop.INTERRUPTED
