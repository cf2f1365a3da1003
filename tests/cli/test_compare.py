"""`toyvm compare`: what is equal and how, where two differ, and words that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import call

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


# On classic hardware what is sensitive does not trap: a monitor that only traps would differ. `rewrite` is exact there.
def test_hardware_is_chosen_for_all(capsys: Capture) -> None:
    done = call(capsys, "compare", "hello", "--hardware", "classic")
    assert (done.code, done.errors) == (0, "")
    assert "bare, rewrite, rewrite+adaptive (" in " ".join(done.output.split())


def test_a_difference_ends_with_one(capsys: Capture, tmp_path: Path) -> None:
    source = tmp_path / "differs.s"
    source.write_text(
        '.include "t64.inc"\n_start:\n.ifdef PARAVIRT\n li a0, 3\n hcall HC_SHUTDOWN\n'
        ".else\n li a0, 2\n out PORT_POWER, a0\n.endif\n"
    )
    done = call(capsys, "compare", str(source), "bare", "para")
    assert done.code == 1
    assert done.output.splitlines() == ["para differs from bare after 2 instructions:", "  exit code: 2, not 3"]


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


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["hello", "bare"], 2, "bare alone"),
        (["hello", "bare", "bare"], 2, "bare alone"),
        (["hello", "bare", "none"], 2, "no technique 'none'"),
        (["hello", "trap", "bare/quick"], 2, "no engine 'quick'"),
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
