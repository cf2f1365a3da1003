"""`toyvm compare`: what is equal and how, where two differ, and words that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import call

from toyvm.asm import assemble_text
from toyvm.testing import Program, save

Capture = pytest.CaptureFixture[str]


def test_a_shipped_guest_is_equal_on_every_technique(capsys: Capture) -> None:
    done = call(capsys, "compare", "kernel")
    assert (done.code, done.errors) == (0, "")
    output = " ".join(done.output.split())
    assert output.startswith(
        "equal in every state: bare, trap, hybrid, rewrite, rewrite+adaptive, assist, assist+shadow ("
    )
    assert "alone, as other instructions are executed: para, trap+hypercalls, rewrite+hypercalls" in output


def test_engines_are_equal_at_given_counts(capsys: Capture) -> None:
    done = call(capsys, "compare", "hello", "interpreter", "recompiler", "reference", "--at", "3,50")
    assert (done.code, done.errors) == (0, "")
    assert "interpreter, recompiler, reference (50 instructions, 2 checkpoints, limit" in " ".join(done.output.split())


@pytest.mark.parametrize("alone", ["trap", "bare", "bare@classic"])
def test_one_subject_alone_is_held_to_the_reference_on_its_hardware(capsys: Capture, alone: str) -> None:
    done = call(capsys, "compare", "hello", alone)
    assert (done.code, done.errors) == (0, "")
    _, at, level = alone.partition("@")
    assert f"equal in every state: reference{at}{level}, {alone} (" in " ".join(done.output.split())


def test_no_instruction_at_all_is_compared_where_that_is_the_limit(capsys: Capture) -> None:
    done = call(capsys, "compare", "hello", "bare", "trap", "--max-instructions", "0")
    assert (done.code, done.errors) == (0, "")
    assert "bare, trap (0 instructions, 1 checkpoint, limit" in " ".join(done.output.split())


# On classic hardware what is sensitive does not trap: a monitor that only traps would differ. `rewrite` is exact there.
def test_hardware_is_chosen_for_all(capsys: Capture) -> None:
    done = call(capsys, "compare", "hello", "--hardware", "classic")
    assert (done.code, done.errors) == (0, "")
    assert "bare, rewrite, rewrite+adaptive (" in " ".join(done.output.split())


def test_hardware_is_chosen_for_one(capsys: Capture) -> None:
    done = call(capsys, "compare", "kernel", "bare", "bare@classic", "rewrite@classic", "trap", "trap@assist")
    assert (done.code, done.errors) == (0, "")
    assert "bare, bare@classic, rewrite@classic, trap, trap@assist (" in " ".join(done.output.split())


SEES_THE_HARDWARE = """
.include "t64.inc"
_start:
    la   t0, trapped
    crw  tvec, t0
    la   t0, user
    crw  epc, t0
    li   t0, 1 << 24
    crw  status, t0
    eret
user:
    getvec a0
    syscall
trapped:
    crr  t1, cause
    out  PORT_POWER, t1
"""


def test_levels_differ_where_a_critical_instruction_shows_them(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "sees.s").write_text(SEES_THE_HARDWARE)
    done = call(capsys, "compare", str(tmp_path / "sees.s"), "bare@strict", "bare@classic")
    assert done.code == 1
    assert "bare@classic differs from bare@strict after 1" in done.output
    assert "the reference agrees with both: hardware of levels classic, strict differs there" in done.output


def test_a_difference_ends_with_one(capsys: Capture, tmp_path: Path) -> None:
    source = tmp_path / "differs.s"
    source.write_text(
        '.include "t64.inc"\n_start:\n.ifdef PARAVIRT\n li a0, 3\n hcall HC_SHUTDOWN\n'
        ".else\n li a0, 2\n out PORT_POWER, a0\n.endif\n"
    )
    done = call(capsys, "compare", str(source), "bare", "para")
    assert done.code == 1
    assert done.output.splitlines() == ["para differs from bare after 2 instructions:", "  exit code: 3, not 2"]


def test_a_guest_without_a_build_for_another_technique_is_not_compared_with_itself(capsys: Capture) -> None:
    done = call(capsys, "compare", "workloads/hypercall")
    assert done.code == 2
    assert "name two subjects" in done.errors


def test_a_source_that_knows_nothing_of_para_is_not_run_there(capsys: Capture, tmp_path: Path) -> None:
    source = tmp_path / "plain.s"
    source.write_text('.include "t64.inc"\n_start: out PORT_POWER, zero\n')
    done = call(capsys, "compare", str(source))
    assert done.code == 0
    assert "para" not in done.output


def test_what_has_not_ended_is_said(capsys: Capture) -> None:
    done = call(capsys, "compare", "kernel", "bare", "para", "--max-instructions", "1000")
    assert done.code == 0
    assert "not compared, as bare had not ended: para" in done.output


def test_the_operating_system_brings_its_disk(capsys: Capture) -> None:
    done = call(capsys, "compare", "os", "bare", "rewrite", "--checkpoints", "3")
    assert (done.code, done.errors) == (0, "")
    assert ", exit, " in " ".join(done.output.split())


MINE = """
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.reference import ReferenceMachine

class Right(TrapAndEmulate):
    pass

class Wrong(TrapAndEmulate):
    def handle(self, exit):
        if exit.reason == "syscall":
            self.guest.pc += 4
        super().handle(exit)

class Engine(ReferenceMachine):
    pass

class Failing(TrapAndEmulate):
    def enter(self):
        self.nothing()

class Refusing(TrapAndEmulate):
    def __init__(self, guest):
        raise ValueError("not today")

class Uncallable(TrapAndEmulate):
    def __init__(self):
        pass

class Leaving(TrapAndEmulate):
    def handle(self, exit):
        raise SystemExit(5)

number = 5
"""
CALLS = """
.include "t64.inc"
_start:
    la   t0, handler
    crw  tvec, t0
    li   a0, 3
    syscall
    out  PORT_POWER, a0
handler:
    crr  t1, epc
    addi t1, t1, 4
    crw  epc, t1
    eret
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "calls.s").write_text(CALLS)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("mine")
def test_a_monitor_and_an_engine_of_ones_own_are_subjects(capsys: Capture) -> None:
    done = call(capsys, "compare", "calls.s", "bare", "mine.py:Right", "mine.py:Engine", "trap")
    assert (done.code, done.errors) == (0, "")
    assert "equal in every state: bare, mine.py:Right, mine.py:Engine, trap (" in " ".join(done.output.split())


@pytest.mark.usefixtures("mine")
def test_a_mistake_in_a_monitor_of_ones_own_is_found_at_its_instruction(capsys: Capture) -> None:
    done = call(capsys, "compare", "calls.s", "bare", "mine.py:Wrong")
    assert done.code == 1
    lines = done.output.splitlines()
    assert lines[0] == "mine.py:Wrong differs from bare after 5 instructions:"
    assert any("epc" in line for line in lines)
    assert "calls.s" in done.output
    assert lines[-1] == "the reference agrees with bare"


@pytest.mark.usefixtures("mine")
def test_a_regression_is_compared_as_it_says(capsys: Capture, tmp_path: Path) -> None:
    image = assemble_text(CALLS, "calls.s").image
    program = Program(image.segments, image.entry, memory=1 << 16)
    for subject, code in (("../mine.py:Wrong", 1), ("../mine.py:Right", 0)):
        path = save(program, tmp_path / "regressions", subjects=["reference", subject], name="calls")
        done = call(capsys, "compare", str(path))
        assert (done.code, done.errors) == (code, "")
        assert "reference" in done.output
    for subjects in (["bare", "trap"], ["bare", "mine.py:Right"]):
        done = call(capsys, "compare", str(path), *subjects)
        assert (done.code, done.errors) == (0, "")
        assert ", ".join(subjects) in done.output
    alone = call(capsys, "compare", str(path), "mine.py:Wrong")
    assert alone.code == 1
    assert "mine.py:Wrong differs from reference after" in alone.output


SKIPPING = """
from toyvm.monitor.trap_and_emulate import TrapAndEmulate


class Skipping(TrapAndEmulate):
    def handle(self, exit):
        if exit.reason == "exception" and self.vcpu.control.tvec == 0:
            self.guest.pc = exit.pc + 4
        else:
            super().handle(exit)
"""


@pytest.mark.parametrize("words", [["--at", "3"], ["--max-instructions", "9"], ["--memory", "1M"], ["--seed", "1"]])
def test_a_regression_takes_no_option_about_what_it_says(capsys: Capture, tmp_path: Path, words: list[str]) -> None:
    image = assemble_text(CALLS, "calls.s").image
    path = save(Program(image.segments, image.entry), tmp_path, subjects=["bare", "trap"])
    done = call(capsys, "compare", str(path), *words)
    assert (done.code, done.output) == (2, "")
    assert f"a regression says itself where it is compared, and {words[0]} does too" in done.errors


def test_a_guest_that_cannot_go_on_is_compared_to_its_very_end(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "stuck.s").write_text("_start: nop\n nop\n .word 0\n")
    (tmp_path / "skipping.py").write_text(SKIPPING)
    alike = call(capsys, "compare", str(tmp_path / "stuck.s"), "bare", "trap", "reference")
    assert alike.code == 0
    assert "2 instructions, 3 checkpoints, fault" in " ".join(alike.output.split())
    done = call(capsys, "compare", str(tmp_path / "stuck.s"), "bare", f"{tmp_path}/skipping.py:Skipping")
    assert done.code == 1
    assert "Skipping differs from bare after" in done.output


def test_a_regression_that_goes_on_for_ever_is_compared_where_it_says(capsys: Capture, tmp_path: Path) -> None:
    image = assemble_text("_start: addi a0, a0, 1\n j _start", "endless.s").image
    path = save(Program(image.segments, image.entry), tmp_path, subjects=["bare", "trap"], checkpoints=[3, 10])
    done = call(capsys, "compare", str(path), "reference", "bare")
    assert done.code == 0
    assert "10 instructions, 2 checkpoints" in " ".join(done.output.split())


@pytest.mark.usefixtures("mine")
def test_an_exception_in_a_monitor_of_ones_own_is_a_difference_with_its_place(capsys: Capture) -> None:
    done = call(capsys, "compare", "calls.s", "bare", "mine.py:Failing")
    assert done.code == 1
    assert "AttributeError at " in done.output
    leaving = call(capsys, "compare", "calls.s", "bare", "mine.py:Leaving")
    assert leaving.code == 1
    assert "SystemExit at " in leaving.output
    assert "mine.py:19: 'Failing' object has no attribute 'nothing'" in done.output


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("mine.py:It", 2, "mine.py:It: mine.py has no It; of subjects it has TrapAndEmulate, ReferenceMachine, Right"),
        ("mine.py:number", 2, "number is no class derived from toyvm.monitor.monitor.Monitor or toyvm.testing.engine"),
        ("mine.py:", 2, "a subject is named MODULE:CLASS or FILE.py:CLASS"),
        ("nothing:It", 2, "no module nothing"),
        ("none.py:It", 101, "none.py"),
        ("mine.py:Refusing", 101, "mine.py:23: ValueError: not today"),
        ("mine.py:Uncallable", 101, "Uncallable: TypeError: Uncallable.__init__() takes 1 positional argument"),
        ("leaving.py:It", 101, "leaving.py:1: SystemExit: 3"),
    ],
)
def test_a_class_that_is_no_subject_is_one_line(capsys: Capture, name: str, code: int, says: str) -> None:
    Path("leaving.py").write_text("raise SystemExit(3)\n")
    done = call(capsys, "compare", "calls.s", "bare", name)
    assert done.code == code
    assert says in done.errors
    assert len(done.errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["hello", "reference"], 2, "reference alone"),
        (["hello", "reference", "reference"], 2, "reference alone"),
        (["hello", "bare", "none"], 2, "no technique 'none'"),
        (["hello", "trap", "bare/quick"], 2, "no engine 'quick'"),
        (["hello", "trap", "bare@fast"], 2, "no hardware level 'fast'"),
        (["hello", "bare", "trap@classic"], 2, "toyvm: trap@classic: technique trap takes strict, assist"),
        (["hello", "--at", "x"], 2, "--at"),
        (["hello", "--at", "1", "--seed", "2"], 2, "--at says where"),
        (["hello", "--checkpoints", "100001"], 2, "100000 is the most"),
        (["hello", "--hardware", "fast"], 2, "no hardware level 'fast'"),
        (["hello", "trap", "bare", "--hardware", "classic"], 2, "trap takes"),
        (["nosuch"], 101, "neither a file nor"),
        (["hello", "--disk", "/nosuch"], 101, "/nosuch"),
        (["hello", "--memory", "1"], 2, "--memory"),
    ],
)
def test_bad_words_are_one_line(capsys: Capture, words: list[str], code: int, says: str) -> None:
    done = call(capsys, "compare", *words)
    assert done.code == code
    assert says in done.errors
    assert len(done.errors.splitlines()) == 1
    assert done.output == ""


@pytest.mark.parametrize("option", ["--checkpoints", "--seed", "--max-instructions"])
def test_given_counts_take_no_option_for_random_ones(capsys: Capture, option: str) -> None:
    done = call(capsys, "compare", "hello", "bare", "trap", "--at", "10", option, "5")
    assert (done.code, done.errors) == (2, f"toyvm: --at says where; {option} is for random counts\n")
