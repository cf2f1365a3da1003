"""The programs that engines are measured with, in two sets that have none in common, and how they are compiled.

What interpreters and recompilers are tuned on is chosen by the `training` set; what is reported comes from `reported`.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "programs"
OPTIMIZATION = "-O2"

# Program: scale at which a run takes some 50 ms natively (gcc 12 -O2, AMD EPYC of 2023).
SETS: dict[str, dict[str, int]] = {
    "reported": {
        "fib": 2600,
        "sieve": 60,
        "matrix": 320,
        "sort": 120,
        "crc": 1200,
        "sha256": 1900,
        "list": 720,
        "automaton": 2000,
        "queens": 1700,
        "mix": 12000,
        "calls": 34000,
        "bignum": 640,
    },
    "training": {
        "takeuchi": 25000,
        "collatz": 250,
        "life": 4000,
        "compress": 600,
        "tree": 200,
        "cipher": 5000,
        "distance": 400,
        "bytecode": 600,
        "fractal": 250,
        "words": 350,
        "heap": 200,
        "table": 500,
        "paths": 100,
        "base64": 2000,
        "bits": 2000,
        "numbers": 100000,
        "copies": 2000,
        "permute": 300,
    },
}


@dataclass(frozen=True)
class Program:
    """One program: its source, and the scale of an ordinary run."""

    name: str
    source: Path
    scale: int


class CannotBuild(Exception):
    """A compiler is missing, or it failed; the message says which and what it said."""


def programs_of(which: str) -> list[Program]:
    """The programs of a set."""
    folder = SOURCES / "training" if which == "training" else SOURCES
    return [Program(name, folder / f"{name}.c", scale) for name, scale in SETS[which].items()]


def compile_native(program: Program, folder: Path) -> Path:
    """The program for this machine, compiled by gcc."""
    out = folder / f"{program.name}.native"
    return _compile(["gcc", OPTIMIZATION, "-std=gnu11"], program, out)


def compile_riscv(program: Program, folder: Path) -> Path:
    """The program for RV64IM, with picolibc."""
    from toyvm.importer import compiler_flags

    out = folder / f"{program.name}.elf"
    return _compile(["riscv64-unknown-elf-gcc", OPTIMIZATION, "-std=gnu11", "-g", *compiler_flags()], program, out)


def _compile(command: list[str], program: Program, out: Path) -> Path:
    sources = [str(program.source), str(SOURCES / "main.c")]
    return run_compiler([*command, f"-I{SOURCES}", *sources, "-o", str(out)], out)


def run_compiler(command: list[str], out: Path) -> Path:
    """Run a compiler that makes `out`. Raises CannotBuild."""
    if shutil.which(command[0]) is None:
        raise CannotBuild(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{command[0]} failed: {done.stderr.strip()}")
    return out
