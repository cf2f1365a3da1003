"""Obligations: claims that are to hold for all inputs, each found by exploring, and decided question by question."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import z3

from toyvm.proof.solving import Answer, Question, Verdict, ask
from toyvm.proof.steps import Before, End, Operands, Outcome
from toyvm.proof.symbols import Path, Term, bits

Questions = Iterator[Question]


@dataclass(frozen=True)
class Obligation:
    """`name` says of what and whom, as `add: interpreter`; `claim` is a sentence.

    `questions` yields what must not be possible. Asked with true it has memory as an array of bytes, which takes
    longer; only what is refuted without is asked again so.
    """

    name: str
    area: str
    claim: str
    questions: Callable[[bool], Questions]
    operands: Operands | None = None  # of the instruction that it is about

    @property
    def subject(self) -> str:
        return self.name.partition(":")[0]


@dataclass(frozen=True)
class Result:
    """What became of an obligation."""

    obligation: Obligation
    verdict: Verdict
    seconds: float
    questions: int
    solvers: tuple[str, ...]
    values: Mapping[str, int] = field(default_factory=dict)  # the input that refutes it, or that shows it


def decide_obligation(obligation: Obligation, limit: float) -> Result:
    """Ask until something refutes it; `limit`: seconds for a question that both solvers are asked."""
    begun = time.monotonic()
    result = _decided(obligation, False, limit, begun)
    return _decided(obligation, True, limit, begun) if result.verdict is Verdict.REFUTED else result


def _decided(obligation: Obligation, as_bytes: bool, limit: float, begun: float) -> Result:
    count, solvers, verdict = 0, set(), Verdict.PROVEN
    values: Mapping[str, int] = {}
    for question in obligation.questions(as_bytes):
        count += 1
        answer = ask(question, limit)
        if question.is_to_hold:
            answer = _shown(answer)
        if answer.solver:
            solvers.add(answer.solver)
        if answer.verdict is not Verdict.PROVEN:
            verdict, values = answer.verdict, answer.values
        elif question.is_to_hold and verdict is Verdict.PROVEN:
            values = answer.values
        if answer.verdict is Verdict.REFUTED:
            break
    return Result(obligation, verdict, time.monotonic() - begun, count, tuple(sorted(solvers)), values)


def _shown(answer: Answer) -> Answer:
    """Of what is to hold: an input is what proves it, and that there is none refutes it."""
    opposite = {Verdict.REFUTED: Verdict.PROVEN, Verdict.PROVEN: Verdict.REFUTED}
    return Answer(opposite.get(answer.verdict, answer.verdict), answer.solver, answer.values)


def on_path(path: Path[Any], assumptions: tuple[Term, ...], goals: list[Term], inputs: Mapping[str, Term]) -> Questions:
    """That none of the goals holds, nor anything was undefined."""
    goals = [goal for goal in (*goals, *path.undefined) if not z3.is_false(z3.simplify(goal))]
    for goal in goals:
        yield Question((*assumptions, *path.conditions), goal, inputs)


def differences(one: Outcome, other: Outcome) -> list[Term]:
    """Where two outcomes are not the same: each a claim."""
    if one.end is not other.end:
        return [z3.BoolVal(True)]
    number = z3.BitVec("number", one.x.sort().domain().size())
    differs = z3.Select(one.x, number) != z3.Select(other.x, number)
    found = [z3.And(z3.ULT(number, 32), differs), one.memory.term != other.memory.term, one.pc != other.pc]
    if one.end is End.TRAP:
        found += [one.cause != other.cause, one.tval != other.tval]
    return found


def unchanged(outcome: Outcome, before: Before) -> list[Term]:
    """Where an outcome is not the state before."""
    return [outcome.x != before.x, outcome.memory.term != before.memory.term, outcome.pc != before.pc]


def retires(outcome: Outcome, count: int, unit: int) -> Term:
    """Where not so many instructions fewer are left, each counted as so many units."""
    return outcome.left != bits(-count * unit, 64)
