"""What a run imports: one of a ready guest no assembler, and nothing that Python takes long to import."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.commands import ROOT

# To make a dataclass takes Python as long as five named tuples, and its module imports `inspect`: facts that each run
# needs are named tuples.
DATACLASSES = {"dataclasses", "inspect"}
SLOW = {"hypothesis", "json", "llvmlite", "multiprocessing", "shutil", "subprocess", "toyvm.asm"}
# What is declared of instructions and hypercalls: a machine in C needs none of it unless something goes wrong.
DECLARED = {"toyvm.isa.instructions", "toyvm.hypercalls"}
SCRIPT = """
import sys
from toyvm.cli import main
code = main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def imported(*words: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    command = [sys.executable, "-c", SCRIPT, *words]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr.split())


@pytest.mark.parametrize("words", [(), ("--engine", "recompiler"), ("--technique", "trap")], ids=" ".join)
def test_a_ready_guest_starts_without_slow_imports(words: tuple[str, ...]) -> None:
    imported("run", "hello", *words)  # it may have been stale
    assert not imported("run", "hello", *words) & (SLOW if words else SLOW | DATACLASSES | DECLARED)
