"""Numbers that the specification has are written there alone; who needs one takes it from there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.commands import ROOT

from toyvm.isa.control import ALL_BITS

PACKAGE = ROOT / "toyvm"
ONLY_NUMBERS = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)


def values_in(tree: ast.Module) -> Iterator[int]:
    """What every expression of nothing but whole numbers comes to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and all(isinstance(part, ONLY_NUMBERS) for part in ast.walk(node)):
            numbers = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            if all(type(number) is int for number in numbers):
                yield eval(compile(ast.Expression(node), "<expression>", "eval"))


def test_all_bits_of_a_register_are_written_once() -> None:
    written = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        for value in values_in(ast.parse(path.read_text(encoding="utf-8")))
        if value == ALL_BITS
    ]
    assert written == ["isa/control.py"]
