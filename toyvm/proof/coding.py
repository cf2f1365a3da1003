"""Words and instructions: the core's decoder and the package's agree on every word, and encoding is their inverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import z3

from toyvm.proof.c_meaning import Code
from toyvm.proof.c_values import UNSIGNED, Int, Struct
from toyvm.proof.c_world import World
from toyvm.proof.memory import memory_before
from toyvm.proof.obligations import Obligation, Questions, on_path
from toyvm.proof.solving import Question
from toyvm.proof.sources import DECODER, Sources
from toyvm.proof.steps import Operands
from toyvm.proof.symbols import Number, Term, bits, explore, extend

AREA = "coding"
_OPCODES = 128
_FIELDS = {"rd": "rd", "rs1": "rs1", "rs2": "rs2", "imm15": "imm", "imm20": "imm"}  # of t64_decoded, by field


def obligations(sources: Sources) -> Iterator[Obligation]:
    yield Obligation(
        "words: coding",
        AREA,
        "of every word of 32 bits decode.c and coding.py say the same, that it is illegal, or which instruction with "
        "which operands, and what either encodes of that is the word",
        partial(_every_word, sources),
    )
    for row in sources.python("toyvm.isa.instructions").INSTRUCTIONS:
        yield Obligation(
            f"{row.mnemonic}: coding",
            AREA,
            f"for all operands of {row.mnemonic}, the word that coding.py encodes is decoded as them again, by both",
            partial(_every_operand, sources, row),
        )


class _Decoder:
    """decode.c."""

    def __init__(self, sources: Sources) -> None:
        self._code = Code(sources.c(DECODER), World(memory_before(False)))
        rows = sources.python("toyvm.isa.instructions").INSTRUCTIONS
        self._numbers = {row.mnemonic: number for number, row in enumerate(rows, 1)}  # as generate.py counts

    def decode(self, word: Term) -> Struct:
        found = self._code.call("decode", Int(word, UNSIGNED))
        assert isinstance(found, Struct)
        return found

    def encode(self, decoded: Struct) -> Term:
        word = self._code.call("encode", decoded)
        assert isinstance(word, Int)
        return word.term

    def is_other(self, decoded: Struct, row: Any, values: Mapping[str, Term]) -> list[Term]:
        """Where what was decoded is not this instruction with these operands, by field, and 0 in fields it has not."""
        number = 0 if row is None else self._numbers[row.mnemonic]
        goals = [_number(decoded, "insn") != number]
        if row is None:
            return goals
        found = {member: bits(0, 32) for member in _FIELDS.values()}
        found.update({_FIELDS[field]: value for field, value in values.items()})
        for member, value in found.items():
            goals.append(extend(_number(decoded, member), 32, member == "imm") != value)
        return goals


def _number(decoded: Struct, member: str) -> Term:
    value = decoded.values[member]
    assert isinstance(value, Int)
    return value.term


class SearchedTable(dict[Any, Any]):
    """A table in which a symbolic key is looked for as well: by comparing."""

    def get(self, key: Any, default: Any = None) -> Any:
        for known, row in self.items():
            if known == key:
                return row
        return default


def _coding(sources: Sources) -> Any:
    """coding.py, whose tables take symbolic keys."""
    module = sources.python("toyvm.isa.coding")
    for name in ("_BY_OP", "_BY_OP_FN"):
        setattr(module, name, SearchedTable(getattr(module, name)))
    return module


def _every_word(sources: Sources, as_bytes: bool) -> Questions:
    coding, decoder = _coding(sources), _Decoder(sources)
    rest = z3.BitVec("rest", 25)
    for opcode in range(_OPCODES):
        word = z3.Concat(rest, bits(opcode, 7))

        def run(word: Term = word) -> list[Term]:
            found, decoded = coding.decode(Number.unsigned(word)), decoder.decode(word)
            if found is None:
                return decoder.is_other(decoded, None, {})
            values = {operand.field.name: Number.of(value).at(32)
                      for operand, value in zip(found.instruction.operands, found.values, strict=True)}  # fmt: skip
            again = Number.of(coding.encode(found.instruction, found.values)).at(32)
            return [
                *decoder.is_other(decoded, found.instruction, values),
                again != word,
                decoder.encode(decoded) != word,
            ]

        for path in explore(run):
            yield from _asked(on_path(path, (), path.result, {"word": word}))


def _asked(questions: Questions) -> Questions:
    """All that is asked of one way at once: these are small."""
    asked = list(questions)
    if asked:
        yield Question(asked[0].conditions, z3.Or(*(one.goal for one in asked)), asked[0].inputs)


def _every_operand(sources: Sources, row: Any, as_bytes: bool) -> Questions:
    coding, decoder, operands = _coding(sources), _Decoder(sources), Operands(row)

    def run() -> list[Term]:
        word = Number.of(coding.encode(row, tuple(operands.numbers))).at(32)
        again = coding.decode(Number.unsigned(word))
        if again is None or again.instruction is not row:
            return [z3.BoolVal(True)]
        values = {field: operands.at(field, 32) for field in operands.terms}
        goals = [Number.of(one).at(64) != Number.of(other).at(64)
                 for one, other in zip(again.values, operands.numbers, strict=True)]  # fmt: skip
        return [*goals, *decoder.is_other(decoder.decode(word), row, values)]

    for path in explore(run, operands.assumptions):
        yield from _asked(on_path(path, operands.assumptions, path.result, operands.terms))
