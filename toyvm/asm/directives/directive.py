"""What a directive is: its name, the form of its operands, what it does, and a line for the manual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.encoding import expression
from toyvm.asm.operands import IDENTIFIER, split

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler

Handler = Callable[["Assembler", str], None]


@dataclass(frozen=True, slots=True)
class Directive:
    """One row of the directives' table; `handle` is given the text of the operands."""

    name: str
    operands: str
    handle: Handler
    description: str


def operands_of(text: str, low: int, high: int, form: str) -> list[str]:
    """The operands, stripped. Raises Complaint unless there are `low` to `high` of them."""
    given = [operand.strip() for operand in split(text)]
    if len(given) < low:
        raise Complaint(f"too few operands: {len(given)}; write '{form}'", len(given) if given else None)
    if len(given) > high:
        raise Complaint(f"too many operands: {len(given)}; write '{form}'", high)
    return given


def number_of(assembler: Assembler, operand: str, index: int) -> int:
    """The value of an operand that must be known where it stands."""
    return assembler.number_now(expression(operand, index), index)


def limited(assembler: Assembler, operand: str, index: int, what: str, low: int, high: int) -> int:
    value = number_of(assembler, operand, index)
    if not low <= value <= high:
        raise Complaint(f"{what} {value} is out of range; it can be {low}..{high}", index)
    return value


def names_of(text: str, form: str) -> list[str]:
    """One or more symbols' names."""
    names = operands_of(text, 1, 1 << 20, form)
    for index, name in enumerate(names):
        if not IDENTIFIER.fullmatch(name) or name == ".":
            raise Complaint(f"'{name}' is not a symbol's name" if name else "expected a symbol's name", index)
    return names
