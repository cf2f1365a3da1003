"""Each fused group: its handler does what its members' own handlers do one after another, however it is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from toyvm.proof.c_world import REGISTER_BITS, unknown
from toyvm.proof.interpreter import ENTRY_SIZE, SINK, Entry, Interpreter
from toyvm.proof.obligations import Obligation, Questions, differences, on_path
from toyvm.proof.solving import solver_with
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Before, End, Outcome, is_targeted, state_before
from toyvm.proof.symbols import Term, bits, explore, extract

AREA = "fused"
_GROUP = re.compile(r"^    \{\d+, \{(.*)\}\}, \\$", re.M)
_MEMBER = re.compile(r"\{INSN_(\w+), ([^,]+), \{([^}]*)\}\}")
_FORM = re.compile(r"^    \[INSN_(\w+)\] = \{\{([^}]*)\}, (\w+), (\w+), (\w+), (\w+)\}, \\$", re.M)


@dataclass(frozen=True)
class _Form:
    """What an instruction does in a group."""

    operands: tuple[str, ...]  # RD, RS1 or RS2
    writes: bool
    ends_group: bool


@dataclass(frozen=True)
class _Member:
    """A row of fusions.h, in its words: where the result goes, and where each operand comes from."""

    mnemonic: str
    form: _Form
    result: str
    sources: tuple[str, ...]

    @property
    def is_in_place(self) -> bool:
        return self.result == "SAME_REGISTER" and self.sources[0] == "ANY_REGISTER"


def obligations(sources: Sources) -> Iterator[Obligation]:
    table = sources.generated("fusions.h")
    forms = {
        name.lower(): _Form(tuple(re.findall(r"OPERAND_(RD|RS1|RS2)", operands)), writes == "true", ends == "true")
        for name, operands, _, writes, ends, _ in _FORM.findall(table)
    }
    for number, members in enumerate(_GROUP.findall(table)):
        group = tuple(
            _Member(name.lower(), forms[name.lower()], result, tuple(source.split(", ")))
            for name, result, source in _MEMBER.findall(members)
        )
        yield Obligation(
            f"fused_{number}: {' '.join(member.mnemonic for member in group)}",
            AREA,
            "where predecode may choose the group, its handler leaves registers, memory, pc and the count of "
            "instructions as its members' handlers do in turn, also where it is left before its end",
            partial(_fused, sources, number, group),
        )


class _Place:
    """A group in a page: its entries, each operand an unknown number within what decoding allows."""

    def __init__(self, sources: Sources, group: tuple[_Member, ...]) -> None:
        self.group = group
        self.entries: list[Entry] = []
        self.apart: list[tuple[Term, Term]] = []  # numbers of registers that are not the same, as _source_serves has it
        rows = sources.python("toyvm.isa.instructions").BY_MNEMONIC
        for n, member in enumerate(group):
            self.entries.append(self._entry(n, rows[member.mnemonic]))
        self._allowed = [claim for n, member in enumerate(group) for claim in self._limits(n, rows[member.mnemonic])]

    def _entry(self, n: int, row: Any) -> Entry:
        """Registers that the group has the same are one term."""
        member = self.group[n]
        fields = {name: z3.ZeroExt(2, unknown(f"{name}_{n}", REGISTER_BITS)) for name in ("RD", "RS1", "RS2")}
        for operand, source in zip(member.form.operands, member.sources, strict=False):
            kind, _, number = source.partition(" + ")
            if kind == "RESULT_OF":
                fields[operand] = self.entries[int(number)].rd
            elif kind == "BASE_OF":
                fields[operand] = self._register(int(number), 0)
            elif kind not in ("ANY_REGISTER", "CARRIED_RESULT"):
                fields[operand] = bits(int(kind), 8)
        if member.form.writes:
            fields["RD"] = fields["RS1"] if member.result == "SAME_REGISTER" else self._destination(n)
        if is_targeted(row):  # within the page
            imm = z3.SignExt(12, z3.Concat(unknown(f"offset_{n}", 16), bits(0, 4)))
        elif "RS2" in member.form.operands:
            imm = z3.ZeroExt(24, fields["RS2"])
        else:
            imm = unknown(f"imm_{n}", 32)
        return Entry(fields["RS1"], fields["RD"], imm)

    def _destination(self, n: int) -> Term:
        """Of a result that nobody stores: that of the only member which can overwrite it."""
        result = self.group[n].result
        if result not in ("ANY_REGISTER", "NO_REGISTER", "SAME_REGISTER"):
            return bits(int(result), 8)
        later = self._writers(n + 1, len(self.group))
        if result == "NO_REGISTER" and len(later) == 1 and self.group[later[0]].result != "SAME_REGISTER":
            return self._destination(later[0])
        return z3.ZeroExt(2, unknown(f"RD_{n}", REGISTER_BITS))

    def _limits(self, n: int, row: Any) -> Iterator[Term]:
        entry = self.entries[n]
        yield z3.ULT(entry.rs1, 32)
        yield z3.And(entry.rd != 0, z3.ULE(entry.rd, SINK)) if self.group[n].form.writes else z3.ULT(entry.rd, 32)
        if (operand := row.immediate) is not None and operand.scale == 1:
            yield z3.And(entry.imm >= operand.low, entry.imm <= operand.high)

    def assumptions(self, before: Before) -> tuple[Term, ...]:
        """What fusion.c tests before it chooses the group."""
        found = [*self._allowed]
        for n, member in enumerate(self.group):
            found.append(self._result_serves(n, member))
            if "RS2" in member.form.operands:
                found.append(z3.ULT(self.entries[n].imm, 32))
            for which in range(len(member.form.operands)):
                found.append(self._source_serves(before, n, which))
        return tuple(found)

    def inputs(self, before: Before) -> dict[str, Term]:
        """What to say of a state that refutes."""
        found = {"pc": before.pc}
        for n, entry in enumerate(self.entries):
            found |= {f"rd_{n}": entry.rd, f"rs1_{n}": entry.rs1, f"imm_{n}": entry.imm}
            found[f"x_rs1_{n}"] = z3.Select(before.x, extract(entry.rs1, REGISTER_BITS))
        return found

    def _register(self, n: int, which: int) -> Term:
        entry = self.entries[n]
        operand = self.group[n].form.operands[which]
        return {"RD": entry.rd, "RS1": entry.rs1, "RS2": z3.Extract(7, 0, entry.imm)}[operand]

    def _writers(self, start: int, end: int) -> list[int]:
        """The members from `start` on, before `end`, that write a register."""
        return [m for m in range(start, end) if self.group[m].form.writes]

    def _is_written_by(self, producer: int, n: int, register: Term) -> Term:
        """Is `producer` the last before member n that writes the register?"""
        later = self._writers(producer + 1, n)
        return z3.And(
            z3.BoolVal(self.group[producer].form.writes),
            self.entries[producer].rd == register,
            *(self._apart(self.entries[m].rd, register) for m in later),
        )

    def _is_not_written_by(self, producer: int, n: int, register: Term) -> Term:
        """Not the last before member n that does."""
        later = self._writers(producer + 1, n)
        if not later:
            return self._apart(self.entries[producer].rd, register)
        rewritten = z3.Or(*(self.entries[m].rd == register for m in later))
        return z3.Or(self.entries[producer].rd != register, rewritten)

    def _apart(self, one: Term, other: Term) -> Term:
        self.apart.append((_number(one), _number(other)))
        return one != other

    def _source_serves(self, before: Before, n: int, which: int) -> Term:
        wanted, register = self.group[n].sources[which], self._register(n, which)
        kind, _, number = wanted.partition(" + ")
        if kind == "BASE_OF":
            base = self._register(int(number), 0)
            between = self._writers(int(number), n)
            return z3.And(register == base, *(self._apart(self.entries[m].rd, base) for m in between))
        if kind == "RESULT_OF":
            return self._is_written_by(int(number), n, register)
        if kind == "CARRIED_RESULT":
            return unknown("carried", 64) == z3.Select(before.x, extract(register, REGISTER_BITS))
        unstored = [m for m in self._writers(0, n) if self.group[m].result == "NO_REGISTER"]
        is_there = z3.And(*(self._is_not_written_by(m, n, register) for m in unstored))
        return is_there if kind == "ANY_REGISTER" else z3.And(is_there, register == int(kind))

    def _result_serves(self, n: int, member: _Member) -> Term:
        entry = self.entries[n]
        if member.result == "SAME_REGISTER":
            return entry.rd == entry.rs1
        if member.result == "ANY_REGISTER" or not member.form.writes:
            return z3.BoolVal(True)
        if member.result == "NO_REGISTER":
            later = self._writers(n + 1, len(self.group))
            return z3.Or(*(self.entries[m].rd == entry.rd for m in later))
        return entry.rd == int(member.result)


def _number(register: Term) -> Term:
    """As Registers compares them."""
    return z3.simplify(extract(register, REGISTER_BITS))


def _fused(sources: Sources, number: int, group: tuple[_Member, ...], as_bytes: bool) -> Questions:
    before, place = state_before(as_bytes), _Place(sources, group)
    assumptions = (*before.assumptions, *place.assumptions(before))

    assert _can_be(assumptions), f"no code is group {number}"

    def run() -> list[Term]:
        fused = _interpreter(sources, before, place).run(f"fused_{number}")
        executed = z3.simplify(fused.left)
        assert z3.is_bv_value(executed), "how many instructions have retired is no number"
        count = -executed.as_signed_long() // ENTRY_SIZE
        alone = _interpreter(sources, before, place)
        last = _in_turn(alone, group, count, fused)
        if last is None:
            return [z3.BoolVal(True)]
        goals = [*differences(fused, last), fused.left != last.left]
        if fused.end is End.NEXT and count == len(group) and _carries(group[-1]):
            goals.append(fused.carried != last.carried)
        return goals

    for path in explore(run, assumptions):
        yield from on_path(path, assumptions, path.result, place.inputs(before))


def _can_be(assumptions: tuple[Term, ...]) -> bool:
    """Is there a state of which all is assumed? Else whatever is claimed of it would hold."""
    return bool(solver_with(assumptions).check() == z3.sat)


def _interpreter(sources: Sources, before: Before, place: _Place) -> Interpreter:
    """One of whose TLB nothing is known: members look into the same one in turn."""
    interpreter = Interpreter(sources, before, place.entries)
    interpreter.computed.clear()
    interpreter.x.apart += place.apart
    return interpreter


def _carries(last: _Member) -> bool:
    """May what follows take the result from `carried`? fusion.c: member_carries, is_carried."""
    return last.form.writes and not last.form.ends_group and not last.is_in_place


def _in_turn(alone: Interpreter, group: tuple[_Member, ...], count: int, fused: Outcome) -> Outcome | None:
    """So many members by themselves, and one more where the group ends in a trap; None: one of them went elsewhere."""
    if count == 0 and fused.end is End.ALONE:
        return alone.outcome(End.ALONE)
    outcome = None
    for n in range(count + (fused.end is End.TRAP)):
        if outcome is not None and (outcome.end is not End.NEXT or not alone.is_at(n)):
            return None
        outcome = alone.run(f"op_{group[n].mnemonic}")
    assert outcome is not None
    return alone.outcome(End.ALONE) if fused.end is End.ALONE else outcome
