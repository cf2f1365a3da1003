"""Comparing: a difference is narrowed down to its instruction, and what the specification leaves open is named so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.image import Image
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing.comparing import Contender, compare_all, end_of, explained, random_checkpoints
from toyvm.testing.programs import Program
from toyvm.testing.subjects import SUBJECTS, Factory, subject_named

COUNTS = """
.include "t64.inc"
_start:
    li   t0, 100
loop:
    addi t0, t0, -1
    addi t1, t1, 2
    bnez t0, loop
    li   a0, 'x'
    out  PORT_CONSOLE_OUT, a0
    out  PORT_POWER, t1
"""
STALE = """
.include "t64.inc"
_start:
    la   t0, root
    la   t1, middle
    ori  t2, t1, PTE_V
    sd   t2, 0(t0)
    la   t3, leaves
    ori  t2, t3, PTE_V
    sd   t2, 0(t1)
    li   t4, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
    ori  t2, t4, 0
    sd   t2, 8(t3)
    li   t5, 0
fill:
    or   t2, t4, t5
    sd   t2, 0(t3)
    addi t3, t3, 8
    li   t6, 4096
    add  t5, t5, t6
    li   t6, 0x20000
    bltu t5, t6, fill
    ori  t0, t0, 1
    crw  ptbr, t0
    li   t0, 0x10000
    ld   a0, 0(t0)
    la   t3, leaves
    li   t2, 0x11000 | PTE_V | PTE_R | PTE_A
    sd   t2, 0x80(t3)
stale:
    ld   a0, 0(t0)
    out  PORT_POWER, a0
.balign 4096
root:   .zero 4096
middle: .zero 4096
leaves: .zero 4096
"""


def program_of(text: str) -> tuple[Program, Image]:
    image = assemble_text(text, "guest.s").image
    return Program(image.segments, image.entry, memory=1 << 20), image


def contender(name: str, program: Program, make: Factory | None = None) -> Contender:
    return Contender(name, make or SUBJECTS[name], program)


class Wrong(ReferenceMachine):
    """A machine whose addi adds one too much once: as instruction number 151."""

    def run(self, until: int | None = None) -> Any:
        if until is not None and self.retired < 151 <= until:
            stop = super().run(151)
            if stop != "limit":
                return stop
            self.x[7] = self.x[7] + 1
        return super().run(until)


class AddsOne(ReferenceMachine):
    """A machine whose handler adds one too much."""

    def run(self, until: int | None = None) -> Any:
        stop = super().run(until)
        self.x[6] += self.x[6] == 5
        return stop


@contextmanager
def adds_one(program: Program) -> Iterator[Any]:
    machine = AddsOne(memory=program.memory)
    machine.load(program)
    yield machine


@contextmanager
def wrong(program: Program) -> Iterator[Any]:
    machine = Wrong(memory=program.memory)
    machine.load(program)
    yield machine


def test_a_difference_is_found_at_its_instruction() -> None:
    program, image = program_of(COUNTS)
    others = [contender("interpreter", program), contender("wrong", program, wrong)]
    verdict = compare_all([contender("reference", program), *others], [40, 300], image=image)
    assert not verdict.equal
    (difference,) = verdict.differences
    assert (difference.name, difference.instructions) == ("wrong", 151)
    assert difference.lines[0].startswith("t2: 0x1, not 0x0")
    assert difference.judged is None, "it is held to the reference"
    assert len(difference.way) == 12
    assert "guest.s" in difference.way[-1]
    assert difference.way[-1].split()[0] == "150"


def test_who_is_wrong_may_be_the_first() -> None:
    program, image = program_of(COUNTS)
    verdict = compare_all([contender("wrong", program, wrong), contender("trap", program)], [300], image=image)
    (difference,) = verdict.differences
    assert difference.judged == "the reference agrees with trap"
    assert explained(difference, "wrong")


@pytest.mark.parametrize("point", [150, 151])
def test_a_difference_is_seen_from_its_instruction_on(point: int) -> None:
    program, _ = program_of(COUNTS)
    verdict = compare_all([contender("interpreter", program), contender("wrong", program, wrong)], [point])
    assert verdict.equal == (point < 151)


TRAPS = """
.include "t64.inc"
_start:
    la   t0, handler
    crw  tvec, t0
    syscall
    nop
handler:
    addi t1, t1, 5
    crr  t2, epc
    addi t2, t2, 4
    crw  epc, t2
    eret
"""


def test_the_way_to_a_difference_ends_with_the_instruction_after_which_it_is_seen() -> None:
    program, image = program_of(TRAPS)
    verdict = compare_all([contender("interpreter", program), contender("adds", program, adds_one)], [9], image=image)
    (difference,) = verdict.differences
    assert difference.instructions == 4
    assert [" ".join(line.split()[:5]) for line in difference.way[-2:]] == [
        "3 kernel 0x100c: syscall guest.s:6",
        "trap to kernel 0x1014: addi",
    ]


def test_what_is_left_open_is_no_difference() -> None:
    program, image = program_of(STALE)
    subjects = [contender("interpreter", program), contender("forgets", program, forgetful)]
    verdict = compare_all(subjects, [5000], image=image)
    (difference,) = verdict.differences
    assert difference.left_open is not None
    assert "load at 0x10000" in difference.left_open
    assert "(stale)" in difference.left_open
    assert verdict.equal


@contextmanager
def forgetful(program: Program) -> Iterator[Any]:
    """A machine that has other translations left where nobody has flushed."""
    with SUBJECTS["interpreter"](program) as machine:
        plain = machine.run

        def run(until: int) -> Any:
            outcome = plain(until=until)
            if outcome.stop != "limit":
                machine.x[10] ^= 1
            return outcome

        machine.run = run
        yield machine


def test_the_reference_stops_where_the_specification_does() -> None:
    program, image = program_of(STALE)
    verdict = compare_all([contender("reference", program), contender("trap", program)], [10, 5000], image=image)
    assert verdict.equal
    assert verdict.checkpoints == 1
    assert "(stale)" in str(verdict.left_open)


def test_another_build_is_compared_by_its_output_and_its_end() -> None:
    program, _ = program_of(COUNTS)
    same, _ = program_of(COUNTS.replace("100", "50").replace("t1, 2", "t1, 4"))
    other, _ = program_of(COUNTS.replace("'x'", "'y'"))
    first = contender("interpreter", program)
    verdict = compare_all([first, Contender("same", SUBJECTS["interpreter"], same, by_output=True)], [5000])
    assert verdict.equal
    assert verdict.by_output == ("same",)
    verdict = compare_all([first, Contender("other", SUBJECTS["interpreter"], other, by_output=True)], [5000])
    assert [difference.lines for difference in verdict.differences] == [("output: b'y', not b'x'",)]


def test_another_build_is_not_compared_before_the_end() -> None:
    program, _ = program_of(COUNTS)
    other = Contender("other", SUBJECTS["interpreter"], program, by_output=True)
    verdict = compare_all([contender("interpreter", program), other], [100])
    assert (verdict.by_output, verdict.unfinished, verdict.stop) == ((), ("other",), "limit")


@pytest.mark.parametrize("points", [[], [-1]])
def test_there_has_to_be_a_checkpoint(points: list[int]) -> None:
    program, _ = program_of(COUNTS)
    with pytest.raises(UsageError, match="checkpoint"):
        compare_all([contender("interpreter", program), contender("trap", program)], points)


@pytest.mark.parametrize("last", [0, 1, 7, 10_000])
def test_random_checkpoints_end_with_the_last_one(last: int) -> None:
    points = random_checkpoints(Random(last), last)
    assert points == sorted(set(points))
    assert points[-1] == last
    assert points[0] >= min(1, last)


def test_the_end_is_behind_the_last_instruction_or_the_limit() -> None:
    program, _ = program_of(COUNTS)
    first = contender("interpreter", program)
    assert end_of(first, 7) == 7
    with SUBJECTS["reference"](program) as machine:
        machine.run(until=5000)
        assert end_of(first, 5000) == machine.retired + 1 < 5000


@pytest.mark.parametrize(
    ("name", "technique", "kind"),
    [
        ("reference", "bare", "plain"),
        ("interpreter", "bare", "plain"),
        ("recompiler", "bare", "plain"),
        ("trap+flush", "trap+flush", "plain"),
        ("rewrite+flush+adaptive/recompiler", "rewrite+flush+adaptive", "plain"),
        ("trap+hypercalls", "trap+hypercalls", "trap+hypercalls"),
        ("para/recompiler", "para", "para"),
    ],
)
def test_a_name_says_technique_and_engine(name: str, technique: str, kind: str) -> None:
    subject = subject_named(name)
    assert (subject.technique, subject.kind) == (technique, kind)


@pytest.mark.parametrize("name", ["", "nothing", "trap/fast", "trap/", "/interpreter", "trap/reference", "bare+flush"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        subject_named(name)
