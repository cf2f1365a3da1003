"""What is proven of the sources as they are, one of each kind; a false lemma is refuted, and time may be too short."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Timer

import pytest
import z3
from support.commands import ROOT
from support.proving import LIMIT, decide_named

from toyvm.errors import UsageError
from toyvm.proof.abstraction import exactly
from toyvm.proof.areas import files_read, obligations_of
from toyvm.proof.solving import Question, Verdict, ask, solver_with
from toyvm.proof.sources import DECODER, Sources
from toyvm.proof.symbols import QUOTIENT, REMAINDER, Term


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(ROOT)


PROVEN = (
    "lemma: a remainder is what the quotient leaves of the dividend",
    "lemma: sign_extend at 39 bits",
    "mulhsu: interpreter",
    "mulhsu: recompiler",
    "rem: interpreter",
    "divw: recompiler",
    "srai: recompiler",
    "auipc: interpreter",
    "lbu: interpreter",
    "beq: interpreter, near",
    "bltu: interpreter, far",
    "jal: recompiler",
    "fence: recompiler",
    "slli: coding",
    "crx: coding",
    "hcall: coding",
    "walk: without paging",
    "walk: level 2",
    "walk: level 1",
    "walk: level 0",
)


@pytest.mark.parametrize("name", PROVEN)
def test_it_is_proven(sources: Sources, name: str) -> None:
    assert decide_named(sources, name).verdict is Verdict.PROVEN


@pytest.mark.slow
def test_what_an_area_reads_is_known() -> None:
    read = files_read(ROOT)
    assert {"native/src/isa/decode.c", "toyvm/isa/coding.py", "native/src/isa/decode.h"} <= read["coding"]
    engines = {"interpreter/handlers.h", "interpreter/interpreter.c", "access.c", "tlb.h"}
    assert {f"native/src/engine/{name}" for name in engines} <= read["instructions"]
    assert {"toyvm/reference/cpu.py", "toyvm/recompiler/emitter.py"} <= read["instructions"]
    assert {"native/fusions.txt", "native/src/engine/interpreter/handlers.h"} <= read["fused"]
    assert not any(name.startswith("toyvm/recompiler") for name in read["coding"] | read["fused"])
    assert all((ROOT / name).is_file() for names in read.values() for name in names)


def test_each_instruction_that_stays_in_the_engines_has_claims_about_both(sources: Sources) -> None:
    names = {one.name for one in obligations_of(sources)}
    rows = sources.python("toyvm.isa.instructions").INSTRUCTIONS
    inside = [row for row in rows if row.cls.value == "innocuous" and row.group.value != "environment"]
    assert len(inside) > 60
    for row in inside:
        assert {f"{row.mnemonic}: interpreter", f"{row.mnemonic}: interpreter, near"} & names
        assert f"{row.mnemonic}: recompiler" in names


A, B = z3.BitVecs("a b", 64)


def test_a_false_lemma_is_refuted() -> None:
    (claim,) = exactly([z3.Or(B == 0, z3.ULT(REMAINDER(A, B), B - 1))])
    answer = ask(Question((), z3.Not(claim), {"a": A, "b": B}), LIMIT)
    assert answer.verdict is Verdict.REFUTED
    a, b = answer.values["a"], answer.values["b"]
    assert a % b >= b - 1


def test_a_quotient_is_no_product_with_a_smaller_one() -> None:
    """Refuted though quotients and products are but functions at first."""
    wrong = z3.And(B == 3, QUOTIENT(A, B) * B != A)
    answer = ask(Question((), wrong, {"a": A}), LIMIT)
    assert answer.verdict is Verdict.REFUTED
    assert answer.values["a"] % 3


def hard_question() -> Term:
    """Has a prime of 127 bits two factors?"""
    p, q = z3.BitVecs("p q", 128)
    return z3.And(p * q == (1 << 127) - 1, z3.ULT(1, p), z3.ULT(1, q), z3.ULT(p, 1 << 64), z3.ULT(q, 1 << 64))


def test_where_time_is_too_short_it_is_undecided() -> None:
    assert ask(Question((), hard_question()), 0).verdict is Verdict.UNDECIDED


def test_both_solvers_are_asked_where_the_first_has_no_answer_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.proof.solving.SOON_MS", 1)
    answer = ask(Question((z3.ULT(A, 1 << 20),), A * A == 49, {"a": A}), 60)
    assert answer.verdict is Verdict.REFUTED
    assert answer.values["a"] in (7, (1 << 64) - 7)


def test_ctrl_c_is_python_s_while_z3_works() -> None:
    """z3 would take it for itself, and answer that it does not know."""
    taken: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: taken.append(number))
    sender = Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    try:
        sender.start()
        solver_with([hard_question()], 500).check()
        sender.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken == [signal.SIGINT]


@pytest.mark.parametrize("words", ["", "cc -pipe"])
def test_the_compiler_may_be_unsaid_or_some_words(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """As for a build of the core."""
    monkeypatch.setenv("CC", words)
    assert "decode" in Sources(ROOT).c(DECODER).functions


def test_without_sources_there_is_nothing_to_prove(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="proofs are about the sources of a checkout"):
        Sources(tmp_path)
