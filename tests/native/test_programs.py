"""The core without Python around it: each program of native/tests runs to its end, as `make -C native check` has them.

What they are made of is kept in native/build, so that only the first session compiles all of it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it is compiled first

NATIVE = Path(__file__).parent.parent.parent / "native"
COMPILER = next((name for name in ("gcc", "clang") if shutil.which(name)), None)
BENCHMARKS = {"bench"}
PROGRAMS = sorted({path.stem for path in (NATIVE / "tests").glob("*.c")} - BENCHMARKS)
ARGUMENTS = {"words": ["97"]}  # every 97th of the 2**32 words

Make = Callable[[str], None]


@pytest.fixture(scope="session")
def make() -> Make:
    """Has `make` bring something up to date. One session at a time: others may stand in the same checkout."""
    if COMPILER is None or shutil.which("make") is None:
        pytest.skip("there is no C compiler, or no make")

    def make(target: str) -> None:
        (NATIVE / "build").mkdir(exist_ok=True)
        command = ["make", "-s", "-j2", "-C", str(NATIVE), target, f"CC={COMPILER}", f"PYTHON={sys.executable}"]
        with (NATIVE / "build" / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "CFLAGS")}
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return make


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_c_program_of_the_core_s_runs_to_its_end(make: Make, name: str) -> None:
    make("programs")
    command = [NATIVE / "build" / str(COMPILER) / name, *ARGUMENTS.get(name, [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_instruction_has_an_indirect_jump_of_its_own(make: Make) -> None:
    if shutil.which("objdump") is None:
        pytest.skip("there is no objdump")
    make("jumps")
