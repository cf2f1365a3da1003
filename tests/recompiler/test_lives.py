"""A recompiler comes and goes with its computer: many at once, in the background, and closed at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from time import sleep

import pytest
from support.commands import call
from support.lockstep import put

from toyvm.errors import ToyvmError, UsageError
from toyvm.host.host import Host
from toyvm.machine.bare import Machine
from toyvm.native import ffi, lib
from toyvm.recompiler import options, translator
from toyvm.recompiler.compiler import Compiler
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
        assert one._recompiler is not None
        recompiled_rounds = 0
        while recompiled_rounds < 20:
            recompiled_rounds += one._recompiler.counts()["installed"] > 0
            one.run(max_instructions=100_003)
            other.run(max_instructions=100_003)
            assert one.state_words() == other.state_words()
            sleep(0.005)


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
    with Host(engine="recompiler") as host:
        host.guest("trap", "1M")
        assert host._recompiler is not None
        thread = host._recompiler._thread
        assert thread.is_alive()
    assert not thread.is_alive()


def test_a_recompiler_that_fails_lets_the_machine_go_on_and_says_so_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(translator, "discover", fail)
    machine = Machine(0x80000, engine=Recompiling(threshold=2, waiting=True))
    start(machine)
    assert machine.run(until=5000).instructions == 5000
    with pytest.raises(ToyvmError, match="it broke"):
        machine.close()


def test_closing_does_not_wait_for_what_is_being_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    compile_at_once = Compiler.compile

    def compile_slowly(self: Compiler, text: str) -> bytes:
        if threading.current_thread() is not thread:  # but one that an earlier test has left
            return compile_at_once(self, text)
        begun.set()
        assert goes_on.wait(60)
        raise RuntimeError("nobody is told")

    machine = Machine(0x80000, engine=Recompiling(threshold=2))
    assert machine._recompiler is not None
    thread = machine._recompiler._thread
    monkeypatch.setattr(Compiler, "compile", compile_slowly)
    start(machine)
    machine.run(until=5000)
    assert begun.wait(60)
    machine.close()
    assert thread.is_alive()
    goes_on.set()
    thread.join(60)
    assert not thread.is_alive()


def python(program: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)


def test_a_command_ends_though_a_compiler_is_at_work() -> None:
    program = """
import sys, threading
from toyvm import cli
from toyvm.cli import run
from toyvm.recompiler.compiler import Compiler
from toyvm.recompiler.options import Recompiling
from toyvm.machine.run_loop import Runner
begun = threading.Event()
def compile_for_ever(self, text):
    begun.set()
    threading.Event().wait()
Compiler.compile = compile_for_ever
drain = Runner.drain
def drain_once_it_compiles(self):
    assert begun.wait(60)
    drain(self)
Runner.drain = drain_once_it_compiles
run._engine = lambda arguments: Recompiling(threshold=2)
sys.argv = ["toyvm", "run", "workloads/compute", "--engine", "recompiler"]
cli.entry_point()
"""
    done = python(program)
    assert (done.returncode, done.stderr) == (0, b"")


def test_llvm_is_not_even_imported_before_something_is_hot() -> None:
    program = """
import sys
from toyvm.cli import main
assert main(["run", "hello", "--engine", "recompiler"]) == 0
assert not [name for name in sys.modules if name.startswith("llvmlite")]
"""
    assert python(program).returncode == 0


def test_one_request_is_under_way_at_a_time() -> None:
    """Two loops take turns; whoever is asked to compile one of them does not answer for a while."""
    wake_read, wake_write = os.pipe()
    config, request = ffi.new("t64_recompiler_config *"), ffi.new("t64_request *")
    config.threshold, config.wake_fd, config.done_fd = 2, wake_write, -1
    with Machine(0x80000) as machine:
        native = lib.t64_machine_recompile(machine.vm, config)
        start(machine, "1: li t0, 9; 2: addi t0, t0, -1; bnez t0, 2b; li t0, 9; 3: addi t0, t0, -1; bnez t0, 3b; j 1b")
        machine.run(until=10_000)
        assert lib.t64_recompiler_take(native, request)
        first = request.gva
        machine.run(until=20_000)
        assert not lib.t64_recompiler_take(native, request)
        lib.t64_recompiler_answer(native, ffi.NULL)
        machine.run(until=5_000_000)
        assert lib.t64_recompiler_take(native, request)
        assert request.gva != first
    os.close(wake_read)
    os.close(wake_write)


def test_a_machine_that_nobody_closes_ends_with_its_process() -> None:
    program = """
from toyvm.machine.bare import Machine
from toyvm.recompiler.options import Recompiling
machine = Machine(0x80000, engine=Recompiling(threshold=1))
machine.write(0, (0x00208290).to_bytes(4, "little") * 5000)
machine.run(until=5000)
"""
    done = python(program)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize("warm", [True, False])
def test_a_child_process_interprets_what_is_not_compiled_yet(waiting: bool, warm: bool) -> None:
    """And its parent recompiles on, though both have the same pipes."""
    program = f"""
import os, sys
from toyvm import Machine, assemble_text
from toyvm.recompiler.options import Recompiling
LOOP = "1: addi t0, t0, 1; mul t1, t0, t0; bnez t0, 1b"
OTHER = "1: addi a0, a0, 3; xor a1, a0, a0; bnez a0, 1b"
loop, other = (assemble_text("_start: " + text.replace(";", chr(10))).image for text in (LOOP, OTHER))
with Machine("64K", engine=Recompiling(threshold=2, waiting={waiting})) as machine, Machine("64K") as alone:
    for one in (machine, alone):
        one.load(loop)
        one.run({100_000 if warm else 0})
    child = os.fork()
    for one in (machine, alone):
        one.load(other)
        one.run(200_000, timeout=30)
    assert machine.state_words() == alone.state_words()
    machine.run(timeout=0.01)
    assert machine.run(timeout=0.01).stop == "timeout"
    if child and {waiting}:
        assert machine.recompilation["installed"] > 0
assert machine.closed
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    done = python(program)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_child_process_that_has_other_files_where_a_closed_recompiler_had_pipes_keeps_them() -> None:
    program = """
import os
from toyvm import Machine
from toyvm.recompiler.options import Recompiling
with Machine("64K", engine=Recompiling(threshold=2, waiting=True)) as machine:
    pass
pipes = [os.pipe() for _ in range(4)]
child = os.fork()
if not child:
    for _, write in pipes:
        os.write(write, b"x")
    os._exit(0)
os.waitpid(child, 0)
assert [os.read(read, 1) for read, _ in pipes] == [b"x"] * 4
"""
    done = python(program)
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
    assert done.errors.strip() == "toyvm: the recompiler needs llvmlite: pip install llvmlite"
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
