"""Regressions: what a file keeps of a failure, and that it can be run and compared again from that alone."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from support.commands import spawn

from toyvm.errors import AssemblyError, BadFileError, UsageError
from toyvm.isa.machine import MINIMUM_MEMORY, Level
from toyvm.testing.pieces import Pieces
from toyvm.testing.programs import Program, Segment, random_program
from toyvm.testing.regressions import load, place_of, replay, save
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS, Subject
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
        ("level high", "level: no hardware level 'high'; there are classic"),
        ("input 5", "input: '5' is no literal of bytes"),
        ("sector 0 00", "sector: there is no sector 0"),
        ("colour red", "no key 'colour'; there are memory, level"),
    ],
)
def test_a_head_that_says_something_else_is_refused(line: str, complaint: str, tmp_path: Path) -> None:
    path = save(Program(()), tmp_path, name="one")
    path.write_text(f"# toyvm: memory 65536\n# toyvm: {line}\n_start: out 8, a0\n")
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


CODE = b"\0\0\0\0" * 2
FIELDS = {
    "memory": [MINIMUM_MEMORY, 1 << 20],
    "level": list(Level),
    "input": [b"", b"a\n\0\xff'\"\\", b"# toyvm: level strict"],
    "disk": [None, bytes(512), bytes(1024) + b"\1" * 512, b"\xff" + bytes(511), bytes(511) + b"\1" + bytes(512)],
    "disk_latency": [0, 1000, 7, 1 << 62],
    "disk_writable": [True, False],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FIELDS.items() for value in values])
def test_whatever_a_program_s_machine_is_like_is_read_as_it_was_written(
    name: str, value: object, tmp_path: Path
) -> None:
    program = replace(Program((Segment(0x1000, CODE, 5),), 0x1000), **{name: value})  # type: ignore[arg-type]
    found = load(save(program, tmp_path, checkpoints=[0, 5])).program
    assert getattr(found, name) == value
    assert replace(found, segments=()) == replace(program, segments=())


@pytest.mark.parametrize("gap", [0, 4, 4096])
@pytest.mark.parametrize("flags", [(5, 6), (7, 6), (5, 7), (7, 7), (5, 4)])
def test_segments_are_read_as_they_were_written_whatever_their_rights(
    flags: tuple[int, int], gap: int, tmp_path: Path
) -> None:
    first, second = (bytes(range(start, start + 8)) for start in (1, 50))
    program = Program((Segment(0x1000, first, flags[0]), Segment(0x1008 + gap, second, flags[1])), 0x1000)
    found = load(save(program, tmp_path)).program
    assert [(one.address, one.data) for one in found.segments] == [(0x1000, first), (0x1008 + gap, second)]
    assert found.entry == 0x1000
    assert [bool(one.flags & 1) for one in found.segments] == [bool(flag & 1) for flag in flags]


MINE = """
from toyvm.testing import Engine

class Mine(Engine):
    pass
"""


def test_a_subject_has_the_name_by_which_it_is_found_again_whatever_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_here.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("mine_here").Mine
    prompt = type("Typed", (mine,), {})
    own = Subject("own name", SUBJECTS["interpreter"])
    shipped = importlib.import_module("toyvm.monitor.trap_and_emulate").TrapAndEmulate
    monkeypatch.chdir(tmp_path)
    program = Program((Segment(0x1000, CODE, 5),), 0x1000)
    for folder in (Path("kept"), Path("deeper/kept"), tmp_path / "kept"):
        path = save(program, folder, subjects=["trap+flush", own, mine, shipped], name="one")
        up = "../" * (2 if "deeper" in str(folder) else 1)
        expected = ("trap+flush", "own name", f"{up}mine_here.py:Mine")
        found = load(path).subjects
        assert found[:3] == expected
        assert found[3].endswith(":TrapAndEmulate")
    prompt.__module__ = "__main__"
    assert load(save(program, tmp_path, subjects=[prompt], name="two")).subjects[0].endswith("Typed")


def test_a_subject_s_file_is_looked_for_beside_the_regression_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_beside.py").write_text(MINE)
    program = Program((Segment(0x1000, CODE, 5),), 0x1000)
    path = save(program, tmp_path / "kept", subjects=["trap", "../mine_beside.py:Mine"], name="one")
    (tmp_path / "elsewhere").mkdir()
    for place, name in ((tmp_path / "elsewhere", path), (tmp_path, Path("kept/one.s")), (path.parent, Path("one.s"))):
        monkeypatch.chdir(place)
        assert replay(name).names == ("trap", "Mine")


def test_of_two_lines_that_say_one_thing_the_last_counts_and_is_the_one_that_is_told(tmp_path: Path) -> None:
    path = save(Program(()), tmp_path, name="one")
    path.write_text("# toyvm: subjects trap, no\n# words\n# toyvm: subjects trap, none\n_start: out 8, a0\n")
    assert load(path).subjects == ("trap", "none")
    assert place_of(path, "subjects").endswith("one.s:3")
    with pytest.raises(UsageError, match=r"one\.s:3: .*none"):
        replay(path)


WRONG = {
    "memory": ["", "-", "1.5", "-1", "4096", "65537", "1" + 30 * "0"],
    "level": ["", "STRICT"],
    "input": ["", "abc", "b'", "'text'", "[1]", "b'a' * 9", 9_000 * "(", 60_000 * "-" + "1"],
    "disk": ["", "x", "-1", "0", "10000000", 20 * "9"],
    "latency": ["", "x", "-1", 20 * "9"],
    "sector": ["", "x 00", "2 00", "-1 00", "0 0", "0 xy", "0 " + 513 * "00"],
    "checkpoints": ["", "1,", "x", "-1", "1" + 30 * "0"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_each_fact_that_is_none_is_refused_with_its_line(key: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "one.s"
    path.write_text(f"# toyvm: memory 65536\n# toyvm: disk 2\n# toyvm: {key} {value}\n_start: out 8, a0\n")
    with pytest.raises(BadFileError, match=f"one.s:3: {key}"):
        load(path)
