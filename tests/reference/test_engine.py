"""The reference as an engine: it waits for input as the native core does, and lets a timeout and Ctrl-C through."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest

from toyvm import Machine, Stop, assemble_text
from toyvm.console import DescriptorInput
from toyvm.reference_engine import ReferenceEngine

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
        assert (outcome.stop, outcome.instructions) == (Stop.TIMEOUT, 1)
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
