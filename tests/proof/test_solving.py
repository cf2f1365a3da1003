"""Solvers in processes of their own: they end with who asks them, and one that cannot be asked is no answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import z3

from toyvm.proof import solving
from toyvm.proof.solving import Question, Verdict, ask

# To be factored: whoever is asked is at it for hours.
HARD = """\
(set-logic QF_BV)
(declare-const a (_ BitVec 256))
(declare-const b (_ BitVec 256))
(assert (= (bvmul a b) #x8000000000000000000000000000000000000000000000000000000000000f2b))
(assert (bvult #x00000000000000000000000000000001 ((_ extract 127 0) a)))
(assert (= ((_ extract 255 128) a) ((_ extract 255 128) b) #x00000000000000000000000000000000))
"""


@pytest.mark.parametrize("solver", ["z3", "bitwuzla"])
def test_a_solver_ends_with_who_asks_it(solver: str) -> None:
    code = (
        "import os, sys; from toyvm.proof.solving import _Runner; "
        "print(_Runner(sys.argv[1], sys.argv[2], [])._process.pid, flush=True); os._exit(0)"
    )
    asked = subprocess.run([sys.executable, "-c", code, solver, HARD], capture_output=True, text=True, check=True)
    stat = Path("/proc") / asked.stdout.strip() / "stat"
    for _ in range(6000):
        if not stat.exists() or stat.read_text().rpartition(") ")[2].startswith("Z"):
            return
        time.sleep(0.01)
    raise AssertionError("it goes on by itself")


def test_solvers_that_end_at_once_leave_a_question_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that is installed and cannot be imported: it reads nothing of what may be long."""
    monkeypatch.setattr(solving, "SOLVERS", {"none such": None, "nor this": None})
    monkeypatch.setattr(solving, "SOON_MS", 1)
    a, b = z3.BitVecs("a b", 64)
    goal = z3.And(a * b == (1 << 63) + 0xF2B, z3.UGT(a, 1), z3.UGT(b, 1), *(a + n != b for n in range(5000)))
    assert ask(Question((), goal), 60).verdict is Verdict.UNDECIDED
