"""The reference as an engine: it waits for input as the native core does, and lets a timeout and Ctrl-C through."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from toyvm import Host, Machine, Stop, UsageError, assemble_text
from toyvm.machine.computer import Computer
from toyvm.machine.console import DescriptorInput
from toyvm.machine.reference_engine import ReferenceEngine

COUNTING = assemble_text(
    "_start: addi a0, a0, 1\n j _start\n.data\n.globl number\nnumber: .dword 42\n", "count.s"
).image
ECHO = assemble_text("_start: nop\n1: in a0, 1\n bltz a0, 2f\n out 0, a0\n j 1b\n2: li a0, 0\n out 8, a0\n").image


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)


def test_a_silent_pipe_lets_the_timeout_through_and_the_run_goes_on_exactly(pipe: tuple[int, int]) -> None:
    read, write = pipe
    with ReferenceEngine(1 << 20, level="strict", input=DescriptorInput(read), output=None, disk=None) as engine:
        engine.load(ECHO)
        outcome = engine.run(timeout=0.01)
        assert outcome.stop is Stop.TIMEOUT
        assert outcome.instructions <= 1  # none, where the machine is busy
        os.write(write, b"ok")
        os.close(write)
        assert engine.run(timeout=30).ok
        with Machine("1M", input=b"ok") as machine:
            machine.load(ECHO)
            machine.run()
            assert (engine.retired, engine.state_hash()) == (machine.retired, machine.state_hash())


def test_a_question_is_out_before_the_answer_is_waited_for(pipe: tuple[int, int]) -> None:
    read, write = pipe
    asked, output = [], io.BytesIO()

    class Answering(DescriptorInput):
        def fetch(self, size: int, wait: float) -> bytes | None:
            if output.getvalue() and not asked:
                asked.append(output.getvalue())
                os.write(write, b"y")
                os.close(write)
            return super().fetch(size, 0)

    question = assemble_text("_start: li a0, '?'\n out 0, a0\n in a0, 1\n li a0, 0\n out 8, a0\n").image
    with ReferenceEngine(1 << 20, level="strict", input=Answering(read), output=output, disk=None) as engine:
        engine.load(question)
        assert engine.run(timeout=30).ok
    assert asked == [b"?"]


# Machine(engine="reference"): the handles that the others have.


@pytest.fixture
def pair() -> Iterator[tuple[Machine, Machine]]:
    with Machine("1M", engine="reference") as reference, Machine("1M") as machine:
        assert isinstance(reference, ReferenceEngine)
        for one in (reference, machine):
            one.load(COUNTING)
        yield reference, machine


@pytest.mark.parametrize(
    "use",
    [
        lambda machine: machine.run(1_000),
        lambda machine: machine.run(until=77),
        lambda machine: machine.step(3),
        lambda machine: machine.run_to("_start"),
        lambda machine: setattr(machine.registers, "a0", -1),
        lambda machine: setattr(machine, "pc", 0x40),
        lambda machine: setattr(machine.control, "tvec", 0x80),
        lambda machine: setattr(machine.control, "ptbr", 2),
        lambda machine: machine.set_cr("imask", 3),
        lambda machine: machine.x.__setitem__(5, 9),
        lambda machine: machine.memory.set_dword("number", 7),
        lambda machine: machine.write(0x8000, b"abc"),
        lambda machine: machine.read(0x8000, 1 << 30),
        lambda machine: machine.translate(0x1000, "rwx"),
        lambda machine: machine.translate(1 << 60, "w"),
        lambda machine: machine.disassemble(machine.pc),
        lambda machine: machine.locate(machine.pc),
        lambda machine: (machine.memory_size, machine.output, machine.disk, machine.exits, machine.hypercalls),
        lambda machine: (machine.recompilation, machine.skipped, machine.time, machine.closed, repr(machine.registers)),
        lambda machine: machine.cr("nothing"),
        lambda machine: machine.load(5),
        lambda machine: (machine.load(ECHO), machine.run().exit_code, machine.load(COUNTING), machine.run(9).stop),
        lambda machine: (machine.interrupt(), machine.run(10).stop, machine.run(10).stop),
    ],
)
def test_whatever_is_done_to_the_reference_is_as_on_a_machine(
    pair: tuple[Machine, Machine], use: Callable[[Any], object]
) -> None:
    found = []
    for machine in pair:
        try:
            result = use(machine)
        except UsageError as error:
            result = str(error)
        if hasattr(result, "seconds"):
            result = (result.stop, result.instructions, result.detail)
        found.append((result, machine.state_hash(), machine.retired, list(machine.pages())))
    assert found[0] == found[1]


def test_the_reference_says_what_it_has_not(pair: tuple[Machine, Machine]) -> None:
    for use in (pair[0].save, lambda: pair[0].restore(b"")):
        with pytest.raises(UsageError, match="the reference has no snapshots"):
            use()
    with pytest.raises(UsageError, match="no native core"):
        pair[0].vm  # noqa: B018
    with pytest.raises(UsageError, match="the guests of a host run on the others"):
        Host(engine="reference")
    with pytest.raises(UsageError, match="memory of 1 bytes"):
        Machine(1, engine="reference")


def test_a_closed_reference_is_closed_like_a_machine(pair: tuple[Machine, Machine]) -> None:
    for machine in pair:
        machine.close()
        machine.close()
        assert repr(machine).endswith(", closed>")
    facts = {"closed", "interrupt", "on_exit"}
    for name in sorted(set(dir(Computer)) - facts):
        member = getattr(Computer, name)
        if not name.startswith("_") and isinstance(member, property) and name not in ("vm", "stop_info"):
            for machine in pair:
                with pytest.raises(UsageError, match="this machine is closed"):
                    getattr(machine, name)


def test_the_reference_changes_a_disk_in_place_and_warns_where_nobody_closes_it() -> None:
    writes = (
        "_start: li t0, 7\n out 0x1c, t0\n li t0, 2\n out 0x1a, t0\n1: in t0, 0x1b\n andi t0, t0, 2\n beqz t0, 1b\n"
    )
    disk = bytearray(512)
    machine = Machine("64K", engine="reference", disk=disk)
    machine.load(assemble_text(writes + " out 8, zero\n", "writes.s").image)
    assert machine.run().ok
    assert disk[0] == machine.disk[0] == 7
    with pytest.warns(ResourceWarning, match="unclosed machine; what was written"):
        del machine
