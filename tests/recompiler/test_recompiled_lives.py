"""A recompiler comes and goes with its computer: many at once, in the background, and closed at any moment."""

from __future__ import annotations

import subprocess
import sys
import threading
from time import sleep

import pytest
from commands import call
from twins import put

from toyvm.errors import ToyvmError, UsageError
from toyvm.host import Host
from toyvm.machine import Machine
from toyvm.recompiler import options, worker
from toyvm.recompiler.options import Recompiling

LOOP = "1: addi t0, t0, 1; mul t1, t0, t0; add t2, t2, t1; bnez t0, 1b"
Capture = pytest.CaptureFixture[str]


def start(machine: Machine, text: str = LOOP) -> None:
    put(machine, 0x1000, text)
    machine.pc = 0x1000


@pytest.mark.parametrize("pause", [0, 0.002, 0.01, 0.03])
def test_a_machine_may_be_closed_while_its_code_is_being_compiled(pause: float) -> None:
    text = "1: " + "".join(f"sd t{n % 3}, {8 * n}(s0); add t0, t0, t1; " for n in range(150)) + "j 1b"
    with Machine(0x80000, engine=Recompiling(threshold=1)) as machine:
        start(machine, text)
        machine.x[8] = 0x6000
        machine.run(until=10_000)
        sleep(pause)


def test_what_is_compiled_in_the_background_changes_nothing() -> None:
    with Machine(0x80000, engine=Recompiling(threshold=2)) as one, Machine(0x80000) as other:
        for machine in (one, other):
            start(machine)
        for _ in range(20):
            one.run(max_instructions=100_003)
            other.run(max_instructions=100_003)
            assert one.state_words() == other.state_words()
            sleep(0.005)
        assert one._recompiler is not None
        assert one._recompiler.counts()["installed"] > 0


def test_many_machines_recompile_at_once() -> None:
    results: list[tuple[int, ...]] = []

    def work() -> None:
        with Machine(0x80000, engine=Recompiling(threshold=2)) as machine:
            start(machine)
            machine.run(until=3_000_000)
            results.append(machine.state_words())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert len(set(results)) == 1


def test_a_closed_host_ends_its_recompiler() -> None:
    before = threading.active_count()
    with Host(engine="recompiler") as host:
        host.guest("trap", "1M")
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_recompiler_that_fails_lets_the_machine_go_on_and_says_so_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(worker, "discover", fail)
    machine = Machine(0x80000, engine=Recompiling(threshold=2, waiting=True))
    start(machine)
    assert machine.run(until=5000).instructions == 5000
    with pytest.raises(ToyvmError, match="it broke"):
        machine.close()


def test_a_machine_that_nobody_closes_ends_with_its_process() -> None:
    program = """
from toyvm.machine import Machine
from toyvm.recompiler.options import Recompiling
machine = Machine(0x80000, engine=Recompiling(threshold=1))
machine.write(0, (0x00208290).to_bytes(4, "little") * 5000)
machine.run(until=5000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_option_of_the_recompiler_without_it_is_refused(capfd: Capture) -> None:
    done = call(capfd, "run", "hello", "--code-cache", "none")
    assert (done.code, done.errors.count("\n")) == (2, 1)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError, match="interpreter"):
        Machine(engine="interpretor")


def test_without_llvmlite_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    done = call(capfd, "run", "hello", "--engine", "recompiler")
    assert done.code == 2
    assert done.errors.strip() == "toyvm: the recompiler needs llvmlite: pip install 'toyvm[recompiler]'"
    done = call(capfd, "lab", "syscall", "--engine", "recompiler")
    assert done.code == 2
    assert "pip install" in done.errors
    for make in (lambda: Machine(engine="recompiler"), lambda: Host(engine="recompiler")):
        with pytest.raises(UsageError, match="pip install"):
            make()


@pytest.mark.parametrize("technique", ["bare", "trap", "hybrid", "para"])
def test_the_kernel_says_the_same_on_every_technique(capfd: Capture, technique: str) -> None:
    interpreted = call(capfd, "run", "kernel", "--technique", technique)
    recompiled = call(
        capfd, "run", "kernel", "--technique", technique, "--engine", "recompiler", "--code-cache", "none"
    )
    assert (recompiled.code, recompiled.output) == (interpreted.code, interpreted.output)
