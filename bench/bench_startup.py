"""Start-up: CPU time of `toyvm run` from nothing to the end, beside Python starting and doing nothing."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from pairs import measure_pairs

from toyvm.importer.library import compiler_flags
from toyvm.techniques import NATIVE_ENGINES

ROUNDS = 15
COMPILER = "riscv64-unknown-elf-gcc"


def cpu_nanoseconds(*arguments: str) -> float:
    """CPU time of a child process, user and system."""
    # Bytecode as pip leaves it: an environment that forbids writing it would have every module compiled each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-P", *arguments]  # -P: what is installed, not a checkout without its core
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


@pytest.fixture(scope="module", name="nothing")
def program_that_does_nothing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A C program whose `main` returns at once, with picolibc and debug information, as an ELF file for RISC-V."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is missing")
    folder: Path = tmp_path_factory.mktemp("nothing")
    source, program = folder / "nothing.c", folder / "nothing.elf"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run([COMPILER, "-O2", "-g", *compiler_flags(), str(source), "-o", str(program)], check=True)
    return str(program)


@pytest.mark.parametrize("engine", NATIVE_ENGINES)
@pytest.mark.parametrize("program", ["hello", "prog.elf"])
def test_a_run_against_python_alone(benchmark: Any, program: str, engine: str, request: pytest.FixtureRequest) -> None:
    words = ("run", "hello" if program == "hello" else request.getfixturevalue("nothing"), "--engine", engine)
    cpu_nanoseconds("-m", "toyvm", *words)
    names = (f"toyvm run {program}, {engine}", "python -c pass")
    pairs = measure_pairs(
        benchmark, lambda: cpu_nanoseconds("-m", "toyvm", *words), lambda: cpu_nanoseconds("-c", "pass"), ROUNDS, names
    )
    ours, python = zip(*pairs, strict=True)
    ratio = median(one / other for one, other in pairs)
    print(f"\n{names[0]}: {in_milliseconds(ours)}; {names[1]}: {in_milliseconds(python)}; ratio {ratio:.2f}")


def in_milliseconds(values: Sequence[float]) -> str:
    """`46.2 ms (45.1..48.0)`: the median, and from the least to the most."""
    return f"{median(values) / 1e6:.1f} ms ({min(values) / 1e6:.1f}..{max(values) / 1e6:.1f})"
