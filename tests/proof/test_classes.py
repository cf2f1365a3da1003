"""Popek and Goldberg's classes by formulas are those that experiments find, and each wrong declaration is found."""

from __future__ import annotations

from functools import cache

import pytest
from support.commands import ROOT
from support.proving import LIMIT, decide_named

from toyvm.isa.declare import Class, Instruction
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.proof.areas import obligations_of
from toyvm.proof.classes import Kind, formula, runs_of
from toyvm.proof.solving import Question, Verdict, ask
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Operands
from toyvm.testing.classify import Claim, Finding, Witness, classify, contradictions

SENSITIVE = [row for row in INSTRUCTIONS if row.cls is not Class.INNOCUOUS]
SOME = [BY_MNEMONIC[name] for name in ("add", "divu", "lw", "sd", "beq", "jalr", "fence", "syscall", "hcall")]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(ROOT)


@cache
def claims(mnemonic: str, level: Level) -> frozenset[Claim]:
    """What a formula has a pair of states for."""
    sources = Sources(ROOT)
    row = sources.python("toyvm.isa.instructions").BY_MNEMONIC[mnemonic]
    runs = runs_of(sources, row, Operands(row), level.value)
    verdicts = {kind: ask(Question((), formula(kind, runs)), LIMIT).verdict for kind in Kind}
    assert Verdict.UNDECIDED not in verdicts.values()
    return frozenset(Claim[kind.name] for kind, verdict in verdicts.items() if verdict is Verdict.REFUTED)


def test_kinds_are_what_experiments_can_show() -> None:
    assert [kind.name for kind in Kind] == [claim.name for claim in Claim]


@pytest.mark.parametrize("level", Level)
def test_formulas_and_experiments_agree(level: Level) -> None:
    for finding in classify(level, (*SENSITIVE, *SOME)):
        assert claims(finding.mnemonic, level) == set(finding.witnesses), finding.mnemonic


@pytest.mark.parametrize("row", [*SENSITIVE, *SOME], ids=lambda row: row.mnemonic)
def test_each_wrong_declaration_contradicts_what_is_proven(row: Instruction) -> None:
    witnesses = {claim: Witness(claim, row.mnemonic) for claim in claims(row.mnemonic, Level.CLASSIC)}
    finding = Finding(row.mnemonic, row.cls, witnesses)
    for other in Class:
        assert bool(contradictions(Level.CLASSIC, finding, other)) is (other is not row.cls), other


@pytest.mark.parametrize("name", ["add: class", "lw: innocence", "sb: innocence", "jal: innocence, far", "eret: class"])
def test_it_is_proven(sources: Sources, name: str) -> None:
    assert decide_named(sources, name).verdict is Verdict.PROVEN


def test_a_critical_instruction_is_proven_with_a_witness(sources: Sources) -> None:
    result = decide_named(sources, "getpt: class")
    assert result.verdict is Verdict.PROVEN
    assert result.values["ptbr"] != result.values["ptbr elsewhere"]


def test_each_instruction_has_a_class(sources: Sources) -> None:
    names = {one.name for one in obligations_of(sources, ["classes"])}
    assert {f"{row.mnemonic}: class" for row in INSTRUCTIONS} <= names
    inside = [row for row in INSTRUCTIONS if row.cls is Class.INNOCUOUS and row.group.value != "environment"]
    assert all({f"{row.mnemonic}: innocence", f"{row.mnemonic}: innocence, near"} & names for row in inside)
