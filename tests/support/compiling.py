"""C programs for tests: compiled for RV64IM with picolibc, or for this machine, and run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from toyvm.importer import Options, import_file
from toyvm.importer.library import COMPILER, compiler_flags
from toyvm.machine.bare import Machine

PROGRAMS = Path(__file__).parent.parent / "importer" / "programs"
CPLUSPLUS = COMPILER.removesuffix("gcc") + "g++"
MEMORY = 16 << 20
LIMIT = 200_000_000

needs_compiler = pytest.mark.skipif(
    shutil.which(COMPILER) is None or not Path("/usr/lib/picolibc/riscv64-unknown-elf").exists(),
    reason=f"{COMPILER} or picolibc is not installed",
)


def build(
    out: Path,
    source: str | Path,
    flags: Sequence[str] = ("-O2",),
    compiler: str = COMPILER,
    library: str = COMPILER,
) -> Path:
    """The program in a source file, or in a text, compiled to the file `out`, with no complaint.

    `library` is the compiler that the flags are asked for.
    """
    if isinstance(source, str):
        path = out.with_suffix(".cpp" if compiler == CPLUSPLUS else ".c")
        path.write_text(source)
        source = path
    done = subprocess.run(
        [compiler, *compiler_flags(library), *flags, str(source), "-o", str(out), "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


def run_program(program: Path, standard_input: bytes = b"", options: Options | None = None) -> tuple[int | None, str]:
    """Its exit code and output, on bare."""
    with Machine(MEMORY, input=standard_input) as machine:
        machine.load(import_file(program, options).image)
        return machine.run(LIMIT).exit_code, machine.output.decode()


def run_here(out: Path, source: Path, standard_input: bytes = b"") -> tuple[int, str]:
    """The same of a source that this machine's own compiler and library make a program of."""
    command = ["gcc", "-std=gnu11", "-O1", "-w", "-fno-builtin", str(source), "-o", str(out), "-lm", "-latomic"]
    subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run([out], input=standard_input, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()
