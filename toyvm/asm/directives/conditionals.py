"""Directives that choose what is assembled."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.directives.directive import Directive, Handler, names_of, number_of, operands_of
from toyvm.asm.frames import Condition
from toyvm.asm.operands import take_apart

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler

Test = Callable[["Assembler", str], bool]


def _compares(compare: Callable[[int, int], bool]) -> Test:
    return lambda assembler, text: compare(number_of(assembler, _one(text), 0), 0)


def _one(text: str) -> str:
    (operand,) = operands_of(text, 1, 1, ".if expression")
    return operand


def _is_defined(assembler: Assembler, text: str) -> bool:
    (name,) = names_of(text, ".ifdef name")[:1]
    symbol = assembler.unit.symbols.get(name)
    return symbol is not None and symbol.value is not None


def _same(assembler: Assembler, text: str) -> bool:
    left, right = operands_of(text, 2, 2, ".ifc text, text")
    return _bare(left) == _bare(right)


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _same_strings(assembler: Assembler, text: str) -> bool:
    left, right = operands_of(text, 2, 2, '.ifeqs "text", "text"')
    return left == right


def _negated(test: Test) -> Test:
    return lambda assembler, text: not test(assembler, text)


def _if(test: Test) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        condition = Condition(assembler.origin())
        assembler.frame.conditions.append(condition)
        try:
            holds = test(assembler, text)
        except Complaint as complaint:
            # One complaint is enough: neither part is assembled.
            assembler.complain(complaint)
            _skip(assembler, to_the_end=True)
            return
        if not holds:
            _skip(assembler, to_the_end=False)

    return handle


def _skip(assembler: Assembler, to_the_end: bool) -> None:
    """Pass over statements to the `.endif` of the open condition or, unless `to_the_end`, to a part that is taken."""
    depth = 0
    frame = assembler.frame
    for assembler.number, assembler.text in frame.rest:
        match = _MARK.match(assembler.text) if "." in assembler.text else None
        if match is None:
            continue
        word = match[1]
        if word.startswith("if"):
            depth += 1
        elif word == "endif":
            if depth == 0:
                frame.conditions.pop()
                return
            depth -= 1
        elif depth == 0 and _part_is_taken(assembler, word, to_the_end):
            return


def _part_is_taken(assembler: Assembler, word: str, to_the_end: bool) -> bool:
    condition = assembler.frame.conditions[-1]
    try:
        if condition.has_else:
            raise Complaint(f".{word} after .else")
        condition.has_else = word == "else"
        if to_the_end or word == "else":
            return not to_the_end
        return number_of(assembler, _one(take_apart(assembler.text).operands), 0) != 0
    except Complaint as complaint:
        assembler.complain(complaint)
        return False


def _other_part(assembler: Assembler, text: str) -> None:
    """`.else` or `.elseif` at the end of a part that was taken."""
    word = take_apart(assembler.text).word
    if not assembler.frame.conditions:
        raise Complaint(f"{word} without .if")
    condition = assembler.frame.conditions[-1]
    if condition.has_else:
        assembler.complain(Complaint(f"{word} after .else"))
    condition.has_else = word == ".else"
    _skip(assembler, to_the_end=True)


def _endif(assembler: Assembler, text: str) -> None:
    operands_of(text, 0, 0, ".endif")
    if not assembler.frame.conditions:
        raise Complaint(".endif without .if")
    assembler.frame.conditions.pop()


_TESTS: tuple[tuple[str, str, Test, str], ...] = (
    (".if", "expression", _compares(operator.ne), "assemble what follows if the value is not 0"),
    (".ifne", "expression", _compares(operator.ne), "the same as .if"),
    (".ifeq", "expression", _compares(operator.eq), "if the value is 0"),
    (".ifgt", "expression", _compares(operator.gt), "if the value is above 0"),
    (".ifge", "expression", _compares(operator.ge), "if the value is 0 or above"),
    (".iflt", "expression", _compares(operator.lt), "if the value is below 0"),
    (".ifle", "expression", _compares(operator.le), "if the value is 0 or below"),
    (".ifdef", "name", _is_defined, "if the symbol is defined so far"),
    (".ifndef", "name", _negated(_is_defined), "if it is not"),
    (".ifnotdef", "name", _negated(_is_defined), "the same as .ifndef"),
    (".ifb", "text", lambda assembler, text: not text, "if there is no text, as of an argument left out"),
    (".ifnb", "text", lambda assembler, text: bool(text), "if there is some text"),
    (".ifc", "text, text", _same, "if the two texts are the same"),
    (".ifnc", "text, text", _negated(_same), "if they are not"),
    (".ifeqs", '"text", "text"', _same_strings, "if the two strings are the same"),
    (".ifnes", '"text", "text"', _negated(_same_strings), "if they are not"),
)

# Finds what a skipped part has to be searched for, at the start of a statement.
_MARK = re.compile(
    rf"\s*(?:[\w.$]+[ \t]*:\s*)*\.({'|'.join(row[0][1:] for row in _TESTS)}|elseif|else|endif)(?![\w.$])", re.ASCII
)

CONDITIONALS: tuple[Directive, ...] = (
    *(Directive(name, operands, _if(test), description) for name, operands, test, description in _TESTS),
    Directive(".elseif", "expression", _other_part, "otherwise, if the value is not 0"),
    Directive(".else", "", _other_part, "otherwise"),
    Directive(".endif", "", _endif, "the end of .if and its like"),
)
