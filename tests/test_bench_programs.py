"""The programs of bench/peers: what engines are tuned on is none of what is reported."""

from __future__ import annotations

import ast
from pathlib import Path

PROGRAMS = Path(__file__).parent.parent / "bench" / "programs"
FRAME = {"main"}


def declared() -> dict[str, dict[str, int]]:
    """The sets as bench/peers declares them."""
    tree = ast.parse((PROGRAMS.parent / "peers" / "programs.py").read_text())
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "SETS"
    )


def test_the_sets_have_no_program_in_common() -> None:
    sets = declared()
    assert not set(sets["reported"]) & set(sets["training"])


def test_every_program_that_is_there_is_in_its_set() -> None:
    sets = declared()
    assert {path.stem for path in PROGRAMS.glob("*.c")} == set(sets["reported"]) | FRAME
    assert {path.stem for path in PROGRAMS.glob("training/*.c")} == set(sets["training"])
