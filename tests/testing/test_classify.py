"""Popek and Goldberg's classes, found by experiments: what is declared, which theorems apply, witnesses that run."""

from __future__ import annotations

from functools import cache

import pytest

from toyvm.asm import assemble_text
from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.machine.bare import Machine
from toyvm.testing.classify import Claim, Finding, classify, contradictions, theorems

C, U, M, L, UL, P = (
    Claim.CONTROL,
    Claim.USER_CONTROL,
    Claim.MODE,
    Claim.LOCATION,
    Claim.USER_LOCATION,
    Claim.PRIVILEGED,
)
# What is found at every level, and what the critical ones are where they execute, and where they trap, in user mode.
PRIVILEGED = {
    "crr": {P, L},
    "crw": {P, C},
    "crx": {P, C, L},
    "eret": {P, C},
    "wfi": {P, C},
    "tlbi": {P, C},
    "in": {P, C},
    "out": {P, C},
}
EXECUTED = {"getst": {M}, "setst": {C}, "getvec": {L, UL}, "getpt": {L, UL}, "probe": {M, L, UL}}
TRAPPED = {"getst": {P}, "setst": {P, C}, "getvec": {P, L}, "getpt": {P, L}, "probe": {P, L}}
CRITICAL = {
    Level.CLASSIC: EXECUTED,
    Level.HYBRID: TRAPPED | {"setst": {C}},
    Level.STRICT: TRAPPED,
    Level.ASSIST: TRAPPED,
}
every_level = pytest.mark.parametrize("level", Level)


@cache
def findings(level: Level) -> dict[str, Finding]:
    return {finding.mnemonic: finding for finding in classify(level)}


@every_level
def test_each_instruction_is_of_its_class(level: Level) -> None:
    found = {name: set(finding.witnesses) for name, finding in findings(level).items() if finding.witnesses}
    assert found == PRIVILEGED | CRITICAL[level]


@every_level
def test_what_is_declared_is_found(level: Level) -> None:
    assert not [wrong for finding in findings(level).values() for wrong in contradictions(level, finding)]


@pytest.mark.parametrize("mnemonic", [row.mnemonic for row in INSTRUCTIONS])
def test_each_wrong_declaration_is_found(mnemonic: str) -> None:
    for declared in set(Class) - {findings(Level.CLASSIC)[mnemonic].declared}:
        assert contradictions(Level.CLASSIC, findings(Level.CLASSIC)[mnemonic], declared), declared


@pytest.mark.parametrize(
    ("level", "first", "third"),
    [
        (Level.CLASSIC, ("getst", "setst", "getvec", "getpt", "probe"), ("getvec", "getpt", "probe")),
        (Level.HYBRID, ("setst",), ()),
        (Level.STRICT, (), ()),
        (Level.ASSIST, (), ()),
    ],
)
def test_the_theorems_apply_where_nothing_stands_in_their_way(
    level: Level, first: tuple[str, ...], third: tuple[str, ...]
) -> None:
    assert [theorem.obstacles for theorem in theorems(findings(level).values())] == [first, first, third]


def test_each_witness_is_a_program_that_shows_it() -> None:
    for level in (Level.CLASSIC, Level.STRICT):
        for finding in findings(level).values():
            for witness in finding.witnesses.values():
                image = assemble_text(witness.source(), "witness.s").image
                with Machine("2M", level=level, input=b"x") as machine:
                    machine.load(image)
                    assert machine.run(20_000).exit_code == witness.exit_code, witness


def test_a_witness_shows_nothing_of_a_nop() -> None:
    for finding in findings(Level.CLASSIC).values():
        for witness in finding.witnesses.values():
            image = assemble_text(witness._replace(text="nop").source(), "witness.s").image
            with Machine("2M", level=Level.CLASSIC) as machine:
                machine.load(image)
                assert machine.run(20_000).exit_code == 0, witness
