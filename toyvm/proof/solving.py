"""Asking solvers whether a claim can fail: z3 in this process for what is soon told, then both solvers side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import z3

from toyvm.proof.abstraction import Products, exactly, with_lemmas
from toyvm.proof.symbols import Term
from toyvm.proof.worker import SOLVERS

SOON_MS = 3000  # for an attempt in this process
_LOGIC = "QF_AUFBV"


class Verdict(Enum):
    PROVEN = "proven"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Question:
    """Can `goal` hold under the conditions? It is what must not be. `inputs`: terms to know if it can, by name.

    Where it `is_to_hold`, it is what must be possible.
    """

    conditions: tuple[Term, ...]
    goal: Term
    inputs: Mapping[str, Term] = field(default_factory=dict)
    is_to_hold: bool = False


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    solver: str
    values: Mapping[str, int] = field(default_factory=dict)  # of the inputs, where it is refuted


def ask(question: Question, limit: float) -> Answer:
    """Who has the first answer; undecided if nobody has one within so many seconds."""
    if z3.is_false(z3.simplify(question.goal)):
        return Answer(Verdict.PROVEN, "z3")
    abstract = with_lemmas(question.conditions, question.goal)
    if solver_with(Products().abstract(abstract), SOON_MS).check() == z3.unsat:
        return Answer(Verdict.PROVEN, "z3")
    if limit <= 0:
        return Answer(Verdict.UNDECIDED, "")
    exact = exactly((*question.conditions, question.goal))
    solver = solver_with(exact, SOON_MS)
    said = solver.check()
    if said == z3.unsat:
        return Answer(Verdict.PROVEN, "z3")
    if said == z3.sat:
        return Answer(Verdict.REFUTED, "z3", _values(solver.model(), question.inputs))
    return _race(exact, exactly(question.inputs.values()), list(question.inputs), limit)


def solver_with(terms: Sequence[Term], timeout_ms: int | None = None) -> Any:
    """z3, which leaves Ctrl-C to Python. Without a timeout it takes as long as it takes."""
    solver = z3.SolverFor(_LOGIC)
    if timeout_ms is not None:
        solver.set("timeout", timeout_ms)
    solver.set("ctrl_c", False)
    solver.add(*terms)
    return solver


def _values(model: Any, inputs: Mapping[str, Term]) -> dict[str, int]:
    exact = exactly(inputs.values())
    known = {name: model.eval(term, model_completion=True) for name, term in zip(inputs, exact, strict=True)}
    return {name: value.as_long() for name, value in known.items() if z3.is_bv_value(value)}


def _race(terms: Sequence[Term], inputs: Sequence[Term], names: Sequence[str], limit: float) -> Answer:
    """All solvers on the same question, each in a process of its own."""
    constants = [f"input_{name}" for name in names]
    equal = [z3.BitVec(constant, term.size()) == term for constant, term in zip(constants, inputs, strict=True)]
    text = _smt_lib([*terms, *equal])
    runners: dict[str, _Runner] = {}
    try:
        for name in SOLVERS:
            runners[name] = _Runner(name, text, constants)
        with DefaultSelector() as selector:
            for name, runner in runners.items():
                selector.register(runner.output, EVENT_READ, name)
            end = time.monotonic() + limit
            while selector.get_map() and (left := end - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    selector.unregister(key.fileobj)
                    answer = runners[key.data].answer()
                    if answer.verdict is not Verdict.UNDECIDED:
                        return answer
        return Answer(Verdict.UNDECIDED, "")
    finally:
        for runner in runners.values():
            runner.end()


def _smt_lib(terms: Sequence[Term]) -> str:
    solver = z3.Solver()
    solver.add(*terms)
    text = solver.to_smt2()
    # What z3 calls a division whose divisor it knows not to be 0.
    for operation in ("udiv", "urem"):
        text = text.replace(f"bv{operation}_i", f"bv{operation}")
    return f"(set-logic {_LOGIC})\n{text.partition('(check-sat)')[0]}"


class _Runner:
    """A solver at work."""

    def __init__(self, name: str, text: str, constants: Sequence[str]) -> None:
        self._name = name
        command = [sys.executable, "-m", "toyvm.proof.worker", str(os.getpid()), name, *constants]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stream:  # it may have ended, with no answer
            stream.write(text.encode())

    @property
    def output(self) -> Any:
        return self._process.stdout

    def answer(self) -> Answer:
        """When there is something to read, or the process has ended."""
        said = self.output.read()
        if not said:
            return Answer(Verdict.UNDECIDED, self._name)
        found = json.loads(said)
        verdict = {"sat": Verdict.REFUTED, "unsat": Verdict.PROVEN}.get(found["verdict"], Verdict.UNDECIDED)
        return Answer(verdict, self._name, {name.removeprefix("input_"): n for name, n in found["values"].items()})

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.output.close()
