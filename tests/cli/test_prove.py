"""`toyvm prove`: what it says, its exit codes, its certificate, and what it says without its extra."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import ROOT, call, spawn
from support.proving import copy_sources

import toyvm.proof.extras
from toyvm.proof.certificate import NOT_PROVEN

Capture = pytest.CaptureFixture[str]


def test_what_is_proven_is_counted_and_what_is_not_is_said(capsys: Capture) -> None:
    done = call(capsys, "prove", "and", "lemma: sign_extend at 8 bits")
    assert (done.code, done.errors) == (0, "")
    assert "lemmas: 1 of 1 claims proven" in done.output
    assert "instructions: 2 of 2 claims proven" in done.output
    said = " ".join(done.output.split())
    assert all(what in said for what in NOT_PROVEN)
    assert "6 claims in" in said


def test_what_is_refuted_is_a_program(capsys: Capture, tmp_path: Path) -> None:
    checkout = copy_sources(tmp_path)
    handlers = checkout / "native/src/engine/interpreter/handlers.h"
    handlers.write_text(handlers.read_text().replace("PLAIN(xor, A ^ B)", "PLAIN(xor, A | B)"))
    done = call(capsys, "prove", "xor", "--sources", str(checkout))
    assert done.code == 1
    assert "instructions: 1 of 2 claims proven" in done.output
    assert "refuted: xor: interpreter" in done.output
    program = done.output[done.output.index("# Refuted") : done.output.index("Not proven by any")]
    witness = tmp_path / "witness.s"
    witness.write_text(program)
    compared = call(capsys, "compare", str(witness), "interpreter", "reference")
    assert compared.code == 0, "the core that runs here has no such mistake"


def test_the_first_that_is_refuted_may_be_the_last_that_is_asked(capsys: Capture, tmp_path: Path) -> None:
    checkout = copy_sources(tmp_path)
    handlers = checkout / "native/src/engine/interpreter/handlers.h"
    handlers.write_text(handlers.read_text().replace("PLAIN(xor, A ^ B)", "PLAIN(xor, A | B)"))
    done = call(capsys, "prove", "xor", "or", "--first", "--sources", str(checkout))
    assert done.code == 1
    assert "refuted: xor: interpreter" in done.output
    asked = call(capsys, "prove", "xor", "or", "--list").output.splitlines()
    place = next(place for place, line in enumerate(asked, 1) if line.startswith("xor: interpreter"))
    assert f"{place} claims in" in done.output
    assert call(capsys, "prove", "or", "--first", "--sources", str(checkout)).code == 0


def test_a_certificate_is_about_sources(capsys: Capture, tmp_path: Path) -> None:
    certificate = str(tmp_path / "proof.json")
    assert call(capsys, "prove", "or", "--certificate", certificate).code == 0
    assert json.loads(Path(certificate).read_text())["obligations"][0]["claim"]
    done = call(capsys, "prove", "--check", certificate)
    assert (done.code, done.output) == (0, f"{certificate}: 5 of 5 claims proven, about these sources\n")
    checkout = copy_sources(tmp_path / "other")
    (checkout / "toyvm/reference/alu.py").write_text("")
    done = call(capsys, "prove", "--check", certificate, "--sources", str(checkout))
    assert done.code == 1
    assert "about other sources than these" in done.output


def test_claims_are_listed(capsys: Capture) -> None:
    done = call(capsys, "prove", "jalr", "--list")
    assert done.code == 0
    assert [line.partition(": ")[2].partition(": ")[0] for line in done.output.splitlines()] == [
        "interpreter",
        "recompiler",
        "coding",
        "class",
        "innocence",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("addd",), "no area, instruction or claim 'addd'; did you mean add?"),
        (("--limit", "soon"), "--limit"),
        (("--sources", "/nowhere"), "proofs are about the sources of a checkout"),
        (("add", "--check", "x"), "--check looks at a certificate"),
        (("--first", "--check", "x"), "--check looks at a certificate"),
    ],
)
def test_what_makes_no_sense_is_one_line(capsys: Capture, words: tuple[str, ...], says: str) -> None:
    done = call(capsys, "prove", *words)
    assert done.code == 2
    assert says in done.errors
    assert len(done.errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("compiler", "says"),
    [
        ("'", """CC of "'" is no command: No closing quotation"""),
        ("false", "native/src/engine/interpreter/interpreter.c: false ends with 1, and says nothing"),
        ("nosuchcompiler", "nosuchcompiler: No such file or directory; proofs have"),
    ],
)
def test_what_is_no_compiler_is_one_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, compiler: str, says: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    done = call(capsys, "prove", "xor")
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert done.errors.startswith(f"toyvm: {says}")


def test_an_extra_that_is_broken_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bitwuzla.py").write_text("raise ImportError('of another Python')")
    done = spawn("prove", "xor", env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "toyvm: proofs need bitwuzla, which is there and cannot be imported: of another Python\n",
    )


def test_a_certificate_that_is_none(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}")
    assert call(capsys, "prove", "--check", str(path)).code == 101


def test_without_its_extra_there_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toyvm.proof.extras, "find_spec", lambda name: None if name == "bitwuzla" else object())
    done = call(capsys, "prove")
    assert (done.code, done.output) == (2, "")
    assert done.errors == "toyvm: proofs need bitwuzla: pip install 'toyvm[proof]'\n"


@pytest.mark.parametrize(
    ("path", "right", "wrong", "says"),
    [
        (
            "native/src/engine/access.c",
            "#include",
            "@@@\n#include",
            "lw: interpreter: not what proofs can read: ParseError: native/src/engine/access.c:1:",
        ),
        ("toyvm/reference/alu.py", "s32(a + b)", "s32(a +", "alu.py:"),
        ("toyvm/reference/alu.py", "s32(a + b)", "nosuch", "addw: interpreter: not what proofs can read: NameError"),
        (
            "toyvm/recompiler/arithmetic.py",
            '_word("add")',
            '_word("frob")',
            "addw: recompiler: not what proofs can read",
        ),
        (
            "native/src/engine/interpreter/handlers.h",
            "PLAIN(addw, S32(A + B))",
            "PLAIN(addw, __builtin_add(A, B))",
            "addw: interpreter: not what proofs can read",
        ),
    ],
)
def test_sources_that_cannot_be_read_are_one_line(
    capsys: Capture, tmp_path: Path, path: str, right: str, wrong: str, says: str
) -> None:
    file = copy_sources(tmp_path) / path
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong, 1))
    done = call(capsys, "prove", "addw", "lw", "--sources", str(tmp_path))
    assert (done.code, done.errors.count("\n")) == (101, 1)
    assert says in done.errors


def test_a_certificate_is_written_whoever_closes_what_is_printed_to(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(*_: object) -> Iterator[str]:
        raise BrokenPipeError

    monkeypatch.setattr("toyvm.cli.prove._page", page)
    assert (
        call(capsys, "prove", "lemma: sign_extend at 8 bits", "--certificate", str(tmp_path / "proof.json")).code == 101
    )
    assert json.loads((tmp_path / "proof.json").read_text())["obligations"]
