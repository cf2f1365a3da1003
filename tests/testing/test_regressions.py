"""Regressions: what a file keeps of a failure, and that it can be run and compared again from that alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from support.commands import spawn

from toyvm.errors import AssemblyError, BadFileError, UsageError
from toyvm.isa.machine import Level
from toyvm.testing.pieces import Pieces
from toyvm.testing.programs import Program, random_program
from toyvm.testing.regressions import load, replay, save
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.verify.regressions import try_again


@pytest.mark.parametrize("seed", range(12))
def test_a_program_is_read_as_it_was_written(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    program = random_program(random, random.choice(list(Level)))
    path = save(program, tmp_path, subjects=["reference", "trap"], checkpoints=[7, 100])
    found = load(path)
    assert (found.subjects, found.checkpoints) == (("reference", "trap"), (7, 100))
    assert replace(found.program, segments=()) == replace(program, segments=())
    with SUBJECTS["interpreter"](program) as one, SUBJECTS["interpreter"](found.program) as other:
        assert not differences(observe(one, 0), observe(other, 0))
    assert Pieces.of(found.program).code == Pieces.of(program).code


def test_a_failure_is_kept_once(tmp_path: Path) -> None:
    program = random_program(Random(1))
    assert save(program, tmp_path / "new") == save(program, tmp_path / "new", why="seed 1\nfound twice")
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_regression_is_compared_again(tmp_path: Path) -> None:
    verdict = replay(save(random_program(Random(3)), tmp_path, subjects=["interpreter", "trap", "python trap"]))
    assert verdict.equal
    assert verdict.checkpoints == 1


def test_a_regression_runs_as_any_source(tmp_path: Path) -> None:
    program = replace(random_program(Random(0)), input=b"", disk=None)
    with SUBJECTS["interpreter"](program) as machine:
        code = machine.run(until=2_000).exit_code
    path = save(program, tmp_path)
    (how,) = (line for line in path.read_text().splitlines() if line.startswith("# to run it: toyvm "))
    done = spawn(*how.removeprefix("# to run it: toyvm ").replace("FILE", str(path)).split())
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("memory much", "memory: 'much' is no whole number"),
        ("level high", "level: 'high' is not a valid Level"),
        ("input 5", "input: 5 is no literal of bytes"),
        ("sector 0 00", "sector: there is no sector 0"),
        ("colour red", "no key 'colour'; there are memory, level"),
    ],
)
def test_a_head_that_says_something_else_is_refused(line: str, complaint: str, tmp_path: Path) -> None:
    path = save(Program(()), tmp_path, name="one")
    path.write_text(f"# toyvm: memory 4096\n# toyvm: {line}\n_start: out 8, a0\n")
    with pytest.raises(BadFileError) as caught:
        load(path)
    assert f"one.s:2: {complaint}" in str(caught.value)


@pytest.mark.parametrize("subject", ["nosuch", "trap+fast", "../mine.py:", "trap@fast"])
def test_a_subject_that_there_is_not_is_told_with_its_line(subject: str, tmp_path: Path) -> None:
    path = save(replace(random_program(1), input=b"", disk=None), tmp_path, subjects=["reference", "trap"], name="one")
    path.write_text(path.read_text().replace("reference, trap", f"reference, {subject}"))
    lines = path.read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if line.startswith("# toyvm: subjects "))
    with pytest.raises(UsageError, match=f"one.s:{number}: "):
        replay(path)
    with pytest.raises(BadFileError, match=f"one.s:{number}: there is no subject " + re.escape(repr(subject))):
        try_again(path)


def test_a_source_that_does_not_assemble_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.s"
    path.write_text("_start: ouch\n")
    with pytest.raises(AssemblyError):
        load(path)
