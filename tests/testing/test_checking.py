"""Checking: subjects by name and by class are held to one another, and what differs is made small."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.wrong_monitors import WRONG, LosesPmode, NeverFlushesPages, first_found

from toyvm.asm import assemble_text
from toyvm.errors import BadFileError, UsageError
from toyvm.monitor import Monitor
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing import (
    Engine,
    NotEqual,
    Program,
    Segment,
    Subject,
    assembly_of,
    assert_equal,
    compare,
    differs,
    explain,
    left_open,
    load,
    random_computation,
    random_program,
    replay,
    save,
    shrunk,
    smallest,
)
from toyvm.testing.pieces import count_instructions


class Right(TrapAndEmulate):
    pass


@pytest.mark.parametrize("seed", range(5))
def test_names_and_classes_are_held_to_the_first(seed: int) -> None:
    verdict = compare(random_program(seed), "bare", "trap", Right, "observed trap", ReferenceMachine)
    assert verdict.equal
    assert verdict.names == ("bare", "trap", "Right", "observed trap", "ReferenceMachine")
    assert explain(verdict).startswith("equal in every state: bare, trap, Right, observed trap, ReferenceMachine (")


def test_one_subject_alone_is_held_to_the_reference() -> None:
    assert compare(random_program(1), "trap").names == ("reference", "trap")


@pytest.mark.parametrize("subject", [5, int, "none", "trap/fast"])
def test_what_is_no_subject_is_refused(subject: object) -> None:
    with pytest.raises(UsageError):
        compare(random_program(1), subject)  # type: ignore[arg-type]


def test_nobody_to_compare_is_refused() -> None:
    with pytest.raises(UsageError, match="name a subject"):
        differs(random_program(1))


def test_a_difference_is_explained() -> None:
    _, program = first_found(LosesPmode)
    with pytest.raises(NotEqual) as caught:
        assert_equal(program, LosesPmode)
    text = str(caught.value)
    assert re.search(r"LosesPmode differs from reference after \d+ instructions:\n  status: ", text)
    assert "the reference agrees" not in text, "it is held to the reference"
    assert caught.value.subjects == ("reference", LosesPmode)
    assert caught.value.program is program


def test_a_difference_in_what_is_left_open_is_none() -> None:
    programs = (random_program(seed, leaving_open=True) for seed in range(3000))
    open_ones = (one for one in programs if left_open(one) is not None)
    program = next(one for one in open_ones if differs(one, "interpreter", NeverFlushesPages))
    assert_equal(program, NeverFlushesPages)  # the reference goes no further
    assert "followed no further" in explain(compare(program, NeverFlushesPages))


@pytest.mark.slow
@pytest.mark.parametrize("monitor", WRONG[::4], ids=lambda monitor: monitor.__name__)  # of all bench_testing.py tells
def test_a_mistake_in_a_monitor_is_found_and_made_small(monitor: type[Monitor]) -> None:
    _, program = first_found(monitor)
    small = smallest(program, monitor)
    assert differs(small, monitor)
    assert left_open(small) is None
    assert count_instructions(small) < min(45, count_instructions(program))


class Nothing(Engine):
    """Does not say what an instruction does."""


class Fails(Engine):
    def step(self) -> None:
        raise ZeroDivisionError("at the first instruction")


class Stands(Engine):
    def step(self) -> bool:
        return False


class Wide(Engine):
    def __init__(self, memory: int, **devices: object) -> None:
        super().__init__(4096, **devices)  # type: ignore[arg-type]


SWITCHES_OFF = assemble_text("_start: li a0, 7\n out 8, a0\n", "off.s").image


class SwitchesOff(Engine):
    """Knows the two instructions that the program has."""

    def step(self) -> None:
        if self.pc == SWITCHES_OFF.entry:
            self.x[10] = 7
        else:
            self.exit_code = self.x[10]
        self.pc += 4


def test_an_engine_of_ones_own_is_a_whole_machine() -> None:
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry, input=b"abc", disk=bytes(512))
    assert_equal(program, SwitchesOff)
    assert compare(program, SwitchesOff).instructions == 2


@pytest.mark.parametrize(
    ("engine", "says"),
    [(Nothing, "it takes step()"), (Fails, ": at the first instruction"), (Stands, "Stands gets nowhere: ")],
)
def test_an_engine_that_fails_differs(engine: type[Engine], says: str) -> None:
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry)
    assert says in explain(compare(program, engine))
    assert differs(program, engine)


class Leaves(Engine):
    """Leaves something in t0 that no register holds."""

    value: object = None

    def step(self) -> None:
        self.x[5] = self.value  # type: ignore[call-overload]
        self.pc += 4


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "0.5 (float)"), (None, "None (NoneType)"), (-1, "-0x1"), (1 << 64, f"{1 << 64:#x}")]
)
def test_an_engine_that_leaves_no_number_in_a_register_differs_in_that(value: object, shown: str) -> None:
    engine = type("Leaves", (Leaves,), {"value": value})
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry)
    assert f"Leaves differs from reference after 1 instructions:\n  t0: {shown}, not 0x0\n" in explain(
        compare(program, engine)
    )
    assert f"bare differs from Leaves after 1 instructions:\n  t0: 0x0, not {shown}\n" in explain(
        compare(program, engine, "bare")
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("retired", 1.5, "Spoils.retired of 1.5 (float); it takes an integer"),
        ("retired", None, "Spoils.retired of None (NoneType); it takes an integer"),
        ("memory", None, "Spoils.memory of None (NoneType); it takes bytes"),
        ("output", "text", "Spoils.output of 'text' (str); it takes bytes"),
        ("x", [0] * 5, "Spoils has 18 registers in all; a T64 has 45"),
    ],
)
def test_an_engine_that_spoils_what_it_is_made_of_is_told(name: str, value: object, says: str) -> None:
    engine = type("Spoils", (Engine,), {"step": lambda self: setattr(self, name, value)})
    for subjects in ([engine], [engine, "bare"]):
        with pytest.raises(UsageError, match=re.escape(says)):
            compare(Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry), *subjects)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("pages", lambda self: None, "Spoils.pages() of None (NoneType); it takes pairs of a page's number and its"),
        ("pages", lambda self: [(0, b"")], "Spoils.pages() of (0, b'') (tuple); it takes pairs of a page's number"),
        ("state_words", lambda self: None, "Spoils.state_words() of None (NoneType); it takes the contents"),
        ("retired", "many", "Spoils.retired of 'many' (str); it takes an integer"),
        ("time", None, "Spoils.time of None (NoneType); it takes an integer"),
        ("disk", 5, "Spoils.disk of 5 (int); it takes bytes"),
    ],
)
def test_an_engine_that_shows_nonsense_is_told(name: str, value: object, says: str) -> None:
    shown = value if callable(value) else property(lambda self: value, lambda self, new: None)
    engine = type("Spoils", (ReferenceMachine,), {name: shown, "run": lambda self, until=None: "limit"})
    for subjects in ((engine, "bare"), ("bare", engine)):
        with pytest.raises(UsageError, match=re.escape(says)):
            compare(Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry), *subjects)


class Gone(BaseException):
    """No Exception."""


def test_whatever_an_engine_raises_is_told_with_its_line() -> None:
    def run(self: object, until: object = None) -> None:
        raise Gone("away")

    engine = type("Goes", (ReferenceMachine,), {"run": run})
    program = Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry)
    with pytest.raises(BadFileError, match=r"test_checking.py:\d+: Gone: away"):
        compare(program, engine, "bare")
    assert re.search(
        r"stop: 'Gone at \S*test_checking.py:\d+: away', not 'limit'", explain(compare(program, "bare", engine))
    )
    looks = type("Looks", (ReferenceMachine,), {"pages": run, "run": lambda self, until=None: "limit"})
    with pytest.raises(BadFileError, match=r"test_checking.py:\d+: Gone: away"):
        compare(program, "bare", looks)


def test_an_engine_that_others_are_held_to_and_that_fails_is_told_with_its_line() -> None:
    with pytest.raises(BadFileError, match=r"test_checking.py:\d+: ZeroDivisionError: at the first instruction"):
        compare(Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry), Fails, "bare")


PROGRAM = random_program(1)
WRONG_CALLS: dict[str, Callable[[Any], object]] = {
    "program": lambda bad: compare(bad, "trap"),
    "program that differs": lambda bad: differs(bad, "trap"),
    "program to be made small": lambda bad: smallest(bad, "trap"),
    "program to be shrunk": lambda bad: shrunk(bad, bool),
    "program to be written": lambda bad: assembly_of(bad),
    "program to be followed": lambda bad: left_open(bad),
    "program to be kept": lambda bad: save(bad, "regressions"),
    "subject": lambda bad: compare(PROGRAM, bad),
    "subject to be kept": lambda bad: save(PROGRAM, "regressions", subjects=[bad]),
    "factory": lambda bad: compare(PROGRAM, Subject("mine", bad)),
    "checkpoints": lambda bad: compare(PROGRAM, "trap", checkpoints=[bad]),
    "image": lambda bad: compare(PROGRAM, "trap", image=bad),
    "predicate": lambda bad: shrunk(PROGRAM, bad),
    "attempts": lambda bad: shrunk(PROGRAM, bool, attempts=bad),
    "verdict": lambda bad: explain(bad),
    "seed": lambda bad: random_program(bad),
    "level": lambda bad: random_program(1, bad),
    "seed of a computation": lambda bad: random_computation(bad),
    "instructions": lambda bad: random_computation(1, [bad]),
    "folder": lambda bad: save(PROGRAM, bad),
    "why": lambda bad: save(PROGRAM, "regressions", why=bad),
    "file": lambda bad: load(bad),
    "file to be compared": lambda bad: replay(bad),
    "segment": lambda bad: Program([bad]),  # type: ignore[arg-type]
    "memory": lambda bad: Program((), memory=bad),
    "disk": lambda bad: Program((), disk=bad),
    "data": lambda bad: Segment(0, bad),
    "flags": lambda bad: Segment(0, b"", bad),
    "disk that is written": lambda bad: Program((), disk_writable=bad),
}


@pytest.mark.parametrize("call", WRONG_CALLS.values(), ids=WRONG_CALLS)
@pytest.mark.parametrize("bad", [2.5, [2]], ids=["number", "list"])
def test_a_wrong_type_is_told_by_the_value(call: Callable[[Any], object], bad: object) -> None:
    with pytest.raises(UsageError, match=re.escape(str(bad))):
        call(bad)


def test_a_difference_that_is_not_there_again_is_told_long_behind_the_end() -> None:
    class Once(ReferenceMachine):
        looks = 0

        def state_words(self) -> tuple[int, ...]:
            Once.looks += 1
            first, *others = super().state_words()
            return (first + (Once.looks == 1), *others)

    said = explain(compare(Program(SWITCHES_OFF.segments, SWITCHES_OFF.entry), "bare", Once, checkpoints=[1 << 62]))
    assert f"Once differs from bare after {1 << 62} instructions:" in said
    assert len(said.splitlines()) < 20


@pytest.mark.parametrize("points", [[], [-1], [5, -1]])
def test_there_has_to_be_a_checkpoint(points: list[int], tmp_path: Path) -> None:
    for call in (compare, differs, smallest, assert_equal):
        with pytest.raises(UsageError, match="there has to be a checkpoint"):
            call(PROGRAM, "trap", checkpoints=points)
    with pytest.raises(UsageError, match="there has to be a checkpoint"):
        save(PROGRAM, tmp_path, checkpoints=points)


def test_an_image_is_compared_with_its_names() -> None:
    verdict = compare(SWITCHES_OFF, "trap", Leaves)
    assert verdict.names == ("trap", "Leaves")
    assert "off.s:1 (_start)" in explain(verdict)
    assert_equal(assemble_text("_start: li a0, 7\n out 8, a0\n", "off.s"), "trap")


def test_an_engine_with_too_little_memory_is_told() -> None:
    with pytest.raises(UsageError, match="a segment ends at"):
        compare(random_program(1), Wide)


def test_a_subject_is_a_name_and_a_factory() -> None:
    subject = Subject("mine", lambda program: pytest.fail("it is not run"))
    assert (subject.technique, subject.kind) == ("bare", "plain")
