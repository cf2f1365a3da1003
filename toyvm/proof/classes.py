"""Popek and Goldberg's classes (CACM 17(7), 1974) as formulas: one instruction, run in two states of the machine.

The two are alike in what an instruction may ask for, registers, pc, and what is at the addresses that it accesses; they
differ in the mode, or in where memory lies and in the control registers that say so, or in all that is not shown to a
program. An instruction is innocuous where no such pair has results that differ, and it changes none of the resources.
What is run is what proofs run, once: the second state is the first, with other unknowns in place of what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import partial
from typing import Any

import z3

from toyvm.proof.c_world import REGISTER_BITS, unknown
from toyvm.proof.cells import Cells, Reached
from toyvm.proof.instructions import inputs_of, reaches
from toyvm.proof.interpreter import Interpreter, entry_of
from toyvm.proof.obligations import Obligation, Questions
from toyvm.proof.reference import Reference
from toyvm.proof.reference_step import Run, run_reference
from toyvm.proof.solving import Question
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Before, End, Operands, is_targeted, rows_of, state_before
from toyvm.proof.symbols import Term, explore

AREA = "classes"


class Kind(Enum):
    """What can be so of an instruction; those that `toyvm classify` shows by experiments, by the same names."""

    PRIVILEGED = "in user mode it traps as privileged, in kernel mode it does not"
    CONTROL = "it changes a resource"
    USER_CONTROL = "it changes a resource in user mode"
    MODE = "its result is another one in user mode than in kernel mode"
    LOCATION = "its result is another one where memory and tables are elsewhere"
    USER_LOCATION = "so it is in user mode"


SENSITIVE = tuple(kind for kind in Kind if kind is not Kind.PRIVILEGED)
_OF_USER_MODE = (Kind.USER_CONTROL, Kind.USER_LOCATION)

# What is another unknown in the second state: by the name of the constant or function.
_CACHED = ("tlb_load", "tlb_store", "tlb_load_is_none", "tlb_store_is_none")
_BY_MODE = frozenset(("mode", "fault_load", "fault_store", "probe_fault", *_CACHED))
_BY_LOCATION = frozenset(("ptbr", "tvec", "host_page", "cells"))
# What two states have in common where all else differs: registers, pc, the operands, and memory as addresses reach it.
_SHOWN = frozenset(("x", "pc", "rd", "rs1", "rs2", "imm15", "imm20", "memory", "cell_page", "number"))
_MEANINGS = ("read_", "write_", "quotient", "remainder")  # of functions that are what they are in each state


def obligations(sources: Sources) -> Iterator[Obligation]:
    inside = rows_of(sources.python("toyvm.isa.instructions"))
    for row in sources.python("toyvm.isa.instructions").INSTRUCTIONS:
        declared, operands = row.cls.value, Operands(row)
        claims, questions = _DECLARED[declared]
        yield Obligation(f"{row.mnemonic}: class", AREA, f"{row.mnemonic} is {declared}: {claims}",
                         partial(questions, sources, row, operands))  # fmt: skip
        for reach in (("near", "far") if is_targeted(row) else ("",)) if row.mnemonic in inside else ():
            yield Obligation(
                f"{row.mnemonic}: innocence{', ' + reach if reach else ''}",
                AREA,
                f"what the interpreter's handler of {row.mnemonic} does to registers, memory and pc depends on nothing "
                "else, and it changes nothing else of the machine, wherever it does not trap",
                partial(_innocent_in_c, sources, operands, reach),
            )


def formula(kind: Kind, runs: Sequence[Run]) -> Term:
    """That it is so, for some state, or pair of states."""
    done = [run for run in runs if run.trapped is None]
    user = [run for run in done if run.user]
    kernel = [run for run in done if not run.user]
    if kind is Kind.PRIVILEGED:
        trapped = [run for run in runs if run.user and run.trapped == "privileged_instruction"]
        return _some(_both(one, _renamed(other, _BY_MODE)) for one in kernel for other in trapped)
    if kind is Kind.MODE:
        return _some(_differ(one, _renamed(other, _BY_MODE)) for one in kernel for other in user)
    done = user if kind in _OF_USER_MODE else kernel
    if kind in (Kind.CONTROL, Kind.USER_CONTROL):
        return _some(z3.And(*run.conditions, _some(run.changes)) for run in done)
    return _some(_differ(one, _renamed(other, _BY_LOCATION)) for one in done for other in done)


def runs_of(sources: Sources, row: Any, operands: Operands, level: str, as_bytes: bool = False) -> list[Run]:
    """All that the reference can come to with an instruction, on hardware of a level."""
    before = _before(as_bytes)
    assumptions = (*before.assumptions, *operands.assumptions)
    found = explore(partial(run_reference, sources, before, row, operands, level), assumptions)
    return [_with_conditions(path.result, (*assumptions, *path.conditions)) for path in found]


def _with_conditions(run: Run, conditions: tuple[Term, ...]) -> Run:
    return Run(conditions, run.user, run.trapped, run.result, run.changes)


def _some(claims: Iterable[Term]) -> Term:
    return z3.Or(*claims)


def _both(one: Run, other: Run) -> Term:
    return z3.And(*one.conditions, *other.conditions)


def _differ(one: Run, other: Run) -> Term:
    """Both are done, with results that are not the same."""
    return z3.And(_both(one, other), _results_differ(one, other))


def _results_differ(one: Run, other: Run) -> Term:
    (x, memory, pc), (other_x, other_memory, other_pc) = one.result, other.result
    number = z3.BitVec("number", REGISTER_BITS)
    registers = z3.And(z3.ULT(number, 32), z3.Select(x, number) != z3.Select(other_x, number))
    return z3.Or(registers, memory != other_memory, pc != other_pc)


# The second state.


def _renamed(run: Run, names: frozenset[str] | None) -> Run:
    """The same with other unknowns of these names; None: of all that are not shown."""
    terms = [*run.conditions, *run.result]
    renamed = _with_others(terms, names)
    conditions = len(run.conditions)
    return Run(tuple(renamed[:conditions]), run.user, run.trapped, tuple(renamed[conditions:]))


def _with_others(terms: Sequence[Term], names: frozenset[str] | None) -> list[Term]:
    constants, functions = [], []
    for declaration in _unknowns(terms):
        name, arity = declaration.name(), declaration.arity()
        if (name in _SHOWN or name.startswith(_MEANINGS)) if names is None else name not in names:
            continue
        domain = [declaration.domain(n) for n in range(arity)]
        if arity == 0:
            constants.append((declaration(), z3.Const(f"{name} elsewhere", declaration.range())))
        else:
            other = z3.Function(f"{name} elsewhere", *domain, declaration.range())
            functions.append((declaration, other(*(z3.Var(n, sort) for n, sort in enumerate(domain)))))
    found = [z3.substitute(term, *constants) for term in terms] if constants else list(terms)
    return [z3.substitute_funs(term, *functions) for term in found] if functions else found


def _unknowns(terms: Iterable[Term]) -> list[Any]:
    """Constants and functions of which nothing is known."""
    seen, found, waiting = set(), {}, list(terms)
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_app(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[term.decl().name()] = term.decl()
        waiting += term.children()
    return list(found.values())


def _before(as_bytes: bool) -> Before:
    before = state_before(as_bytes)
    return Before(before.x, before.pc, Cells(before.memory))


# What is asked.


def _inputs(operands: Operands) -> dict[str, Term]:
    """What to say of a pair of states: the instruction, what it is given, and what may differ."""
    found = {name: unknown(name, 1) for name in ("ie", "pie", "pmode")}
    found |= {name: unknown(name, 64) for name in ("ptbr", "ptbr elsewhere", "tvec", "tvec elsewhere", "epc")}
    return found | inputs_of(state_before(), operands)


def _on_each_level(sources: Sources, row: Any, operands: Operands, as_bytes: bool) -> Iterator[list[Run]]:
    """What the reference comes to; a level on which that is the same as on one before is left out."""
    found: list[list[Run]] = []
    for level in sources.python("toyvm.isa.machine").Level:
        runs = runs_of(sources, row, operands, level.value, as_bytes)
        if _numbers(runs) not in map(_numbers, found):
            found.append(runs)
            yield runs


def _numbers(runs: Sequence[Run]) -> list[Any]:
    """Runs by the numbers of their terms: the same are the same."""
    return [
        (run.user, run.trapped, [term.get_id() for term in (*run.conditions, *run.result, *run.changes)])
        for run in runs
    ]


def _innocuous(sources: Sources, row: Any, operands: Operands, as_bytes: bool) -> Questions:
    for runs in _on_each_level(sources, row, operands, as_bytes):
        for kind in Kind:
            yield Question((), formula(kind, runs), _inputs(operands))
        yield from _any_difference(runs, operands)


def _any_difference(runs: Sequence[Run], operands: Operands) -> Questions:
    """That results differ in two states that differ in all that is not shown: of each two ways through it."""
    done = [run for run in runs if run.trapped is None]
    for n, one in enumerate(done):
        for other in done[n:]:
            elsewhere = _renamed(other, None)
            yield Question((*one.conditions, *elsewhere.conditions), _results_differ(one, elsewhere), _inputs(operands))


def _privileged(sources: Sources, row: Any, operands: Operands, as_bytes: bool) -> Questions:
    for runs in _on_each_level(sources, row, operands, as_bytes):
        yield Question((), formula(Kind.PRIVILEGED, runs), _inputs(operands), is_to_hold=True)
        yield Question((), _some(formula(kind, runs) for kind in SENSITIVE), _inputs(operands), is_to_hold=True)


def _critical(sources: Sources, row: Any, operands: Operands, as_bytes: bool) -> Questions:
    runs = runs_of(sources, row, operands, "classic", as_bytes)
    yield Question((), formula(Kind.PRIVILEGED, runs), _inputs(operands))
    yield Question((), _some(formula(kind, runs) for kind in SENSITIVE), _inputs(operands), is_to_hold=True)


_DECLARED = {
    "innocuous": (
        "on hardware of each level no pair of states shows it privileged or sensitive; where it does not trap its "
        "result depends on registers, pc, operands and what is at the address alone",
        _innocuous,
    ),
    "privileged": (
        "on hardware of each level a pair of states shows that it traps in user mode alone, and one that it is "
        "sensitive",
        _privileged,
    ),
    "critical": (
        "on classic hardware a pair of states shows that it is sensitive, and none that it traps in user mode alone",
        _critical,
    ),
}


def _innocent_in_c(sources: Sources, operands: Operands, reach: str, as_bytes: bool) -> Questions:
    before = state_before(as_bytes)
    label = f"op_{operands.row.mnemonic}{'_far' if reach == 'far' else ''}"
    assumptions = (*before.assumptions, *operands.assumptions, *reaches(before, operands, reach))
    access = operands.access(before)

    def run() -> Run:
        strays: list[Term] = []
        memory = before.memory if access is None else Reached(before.memory, access[0], strays)
        interpreter = Interpreter(sources, Before(before.x, before.pc, memory), [entry_of(operands, reach)])
        held = dict(interpreter.contents)
        outcome = interpreter.run(label)
        if outcome.end is not End.NEXT:
            return Run((), False, outcome.end.name)
        pc = outcome.pc
        if is_targeted(
            operands.row
        ):  # it is what the reference makes of what is shown, wherever the page's entries are
            expected = Reference(sources, before).run(operands.row.mnemonic, operands.numbers)
            strays += [z3.BoolVal(expected.end is not End.NEXT), pc != expected.pc]
            pc = expected.pc
        changes = (z3.BoolVal(interpreter.contents != held), *strays)
        return Run((), False, None, (outcome.x, outcome.memory.term, pc), changes)

    found = explore(run, assumptions)
    runs = [_with_conditions(path.result, (*assumptions, *path.conditions)) for path in found]
    yield Question((), formula(Kind.CONTROL, runs), _inputs(operands))
    yield from _any_difference(runs, operands)
