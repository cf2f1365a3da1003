"""Each innocuous instruction: the interpreter's handler and the recompiler's IR do what the reference does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import z3

from toyvm.proof.abstraction import lemmas
from toyvm.proof.c_world import REGISTER_BITS
from toyvm.proof.interpreter import ENTRY_SIZE, Interpreter, entry_of
from toyvm.proof.obligations import Obligation, Questions, differences, on_path, retires, unchanged
from toyvm.proof.recompiled import Recompiled
from toyvm.proof.reference import Reference
from toyvm.proof.solving import Question
from toyvm.proof.sources import Sources, sign_extended
from toyvm.proof.steps import PAGE_WORDS, Before, End, Operands, Outcome, is_targeted, rows_of, state_before
from toyvm.proof.symbols import Number, Term, explore, extract

AREA = "instructions"


def obligations(sources: Sources) -> Iterator[Obligation]:
    """Two or three an instruction."""
    for mnemonic, row in rows_of(sources.python("toyvm.isa.instructions")).items():
        operands = Operands(row)
        for reach in ("near", "far") if is_targeted(row) else ("",):
            yield Obligation(
                f"{mnemonic}: interpreter{', ' + reach if reach else ''}",
                AREA,
                f"the handler of {mnemonic}{_REACH[reach]} leaves registers, memory, pc and the count of instructions "
                "as the reference does, or traps as it does, and what it computes where a group may take it; no step "
                "of it is undefined in C",
                partial(_interpreter, sources, operands, reach),
                operands,
            )
        yield Obligation(
            f"{mnemonic}: recompiler",
            AREA,
            f"the IR for {mnemonic} does what the reference does, or leaves all to the interpreter; nothing in it is "
            "poison or undefined",
            partial(_recompiler, sources, row),
            operands,
        )


_REACH = {"": "", "near": " within its page", "far": " to another page"}


def lemma_obligations(sources: Sources) -> Iterator[Obligation]:
    for says, claim in lemmas().items():
        yield Obligation(
            f"lemma: {says}", "lemmas", f"{says}, for all natural numbers of 64 bits", partial(_never, z3.Not(claim))
        )
    for width in (8, 16, 32, 39, 64):
        yield Obligation(
            f"lemma: sign_extend at {width} bits",
            "lemmas",
            f"the reference's sign_extend of {width} bits is the number that these bits are with a sign",
            partial(_sign_extension, sources, width),
        )


def _never(claim: Term, as_bytes: bool) -> Questions:
    yield Question((), claim)


def _sign_extension(sources: Sources, width: int, as_bytes: bool) -> Questions:
    value = Number.signed(z3.BitVec("value", 128))
    written = sources.python_as_written("toyvm.reference.words").sign_extend
    for path in explore(lambda: written(value, width)):
        yield from on_path(
            path, (), [Number.of(path.result).at(256) != sign_extended(value, width).at(256)], {"value": value.at(128)}
        )


def inputs_of(before: Before, operands: Operands) -> dict[str, Term]:
    """What to say of a state that refutes: operands, pc, and what the source registers hold."""
    found = {"pc": before.pc, **operands.terms}
    for field in ("rd", "rs1", "rs2"):
        if field in operands.terms:
            found[f"x_{field}"] = z3.Select(before.x, operands.at(field, REGISTER_BITS))
    return found


def _interpreter(sources: Sources, operands: Operands, reach: str, as_bytes: bool) -> Questions:
    before, row = state_before(as_bytes), operands.row
    entry = entry_of(operands, reach)
    label = f"op_{row.mnemonic}{'_far' if reach == 'far' else ''}"

    def run() -> tuple[Outcome, Outcome]:
        expected = Reference(sources, before).run(row.mnemonic, operands.numbers)
        return expected, Interpreter(sources, before, [entry]).run(label)

    assumptions = (*before.assumptions, *operands.assumptions, *reaches(before, operands, reach))
    for path in explore(run, assumptions):
        expected, found = path.result
        goals = differences(expected, found)
        goals.append(retires(found, int(found.end is End.NEXT), ENTRY_SIZE))
        if found.end is End.NEXT and _computes(operands.row):
            goals.append(found.carried != z3.Select(found.x, extract(entry.rd, REGISTER_BITS)))
        yield from on_path(path, assumptions, goals, inputs_of(before, operands))


def _computes(row: Any) -> bool:
    """May a fused group that follows take the result from `carried`? fusion.c: is_carried."""
    return bool(row.operands) and row.operands[0].name == "RD" and row.group.value != "control"


def reaches(before: Before, operands: Operands, reach: str) -> tuple[Term, ...]:
    """A jump is no jump to itself, and within the page or not."""
    if not reach:
        return ()
    offset = operands.immediate
    place = extract(before.place, 32) + offset
    within = z3.And(place >= 0, place < PAGE_WORDS)
    return (offset != 0, within if reach == "near" else z3.Not(within))


def _recompiler(sources: Sources, row: Any, as_bytes: bool) -> Questions:
    before = state_before(as_bytes)
    for registers in _register_patterns([one.field.name for one in row.operands if one.is_register]):
        operands = Operands(row, registers)

        def run(operands: Operands = operands) -> tuple[Outcome, Outcome]:
            expected = Reference(sources, before).run(row.mnemonic, operands.numbers)
            return expected, Recompiled(sources, before, operands).run()

        assumptions = (*before.assumptions, *operands.assumptions)
        if is_targeted(row):
            assumptions += (operands.immediate != 0,)
        for path in explore(run, assumptions):
            expected, found = path.result
            left_alone = found.end is End.ALONE
            goals = unchanged(found, before) if left_alone else differences(expected, found)
            goals.append(retires(found, 0 if left_alone else 1, 1))
            yield from on_path(path, assumptions, goals, inputs_of(before, operands))


def _register_patterns(fields: list[str]) -> list[dict[str, int]]:
    """Every way in which registers can be the same or x0: the emitter knows them by their names alone."""
    patterns: list[dict[str, int]] = [{}]
    for field in fields:
        patterns = [
            {**pattern, field: number} for pattern in patterns for number in range(max(pattern.values(), default=0) + 2)
        ]
    return patterns
