"""The programs that engines are measured with, in two sets that have none in common, and how they are compiled.

What interpreters and recompilers are tuned on is chosen by the `training` set; what is reported comes from `reported`.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
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
        "bytecode": 900,
        "fractal": 250,
        "words": 350,
        "heap": 900,
        "table": 2500,
        "paths": 500,
        "base64": 28000,
        "bits": 11000,
        "numbers": 500000,
        "copies": 60000,
        "permute": 1600,
        "expression": 40000,
        "json": 105000,
        "pattern": 330,
        "strings": 39000,
        "format": 34000,
        "utf8": 2700,
        "dates": 10000,
        "buckets": 3000,
        "trie": 1800,
        "balanced": 300,
        "ring": 9500,
        "records": 1050,
        "allocator": 280,
        "events": 4300,
        "maze": 900,
        "routes": 3500,
        "knapsack": 8500,
        "memo": 1600,
        "minimax": 950,
        "processor": 1350,
        "hashes": 13500,
        "chacha": 12000,
        "huffman": 1400,
        "division": 6000,
        "elimination": 4800,
        "primality": 25500,
        "filter": 3400,
        "fourier": 17000,
        "image": 1000,
        "drawing": 22000,
    },
}


@dataclass(frozen=True)
class Program:
    """One program: its source, and a scale at which a run takes about `seconds` natively."""

    name: str
    source: Path
    scale: int
    seconds: float = 0.05


class CannotBuild(Exception):
    """A compiler is missing, or it failed; the message says which and what it said."""


def programs_of(which: str) -> list[Program]:
    """The programs of a set."""
    folder = SOURCES / "training" if which == "training" else SOURCES
    return [Program(name, folder / f"{name}.c", scale) for name, scale in SETS[which].items()]


@cache
def compile_native(program: Program, folder: Path, place: int = 0) -> Path:
    """The program for this machine, compiled by gcc, with so many bytes in front of it."""
    name = f"{program.name}.{place}" if place else program.name
    filler, out = folder / f"{name}.s", folder / f"{name}.native"
    filler.write_text(f".text\n.skip {place}\n")
    return _compile(["gcc", OPTIMIZATION, "-std=gnu11", "-Wa,--noexecstack", str(filler)], program, out)


@cache
def compile_riscv(program: Program, folder: Path) -> Path:
    """The program for RV64IM, with picolibc."""
    from toyvm.importer.library import compiler_flags

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
        said = done.stderr.strip().splitlines() or ["and said nothing"]
        why = next((line for line in said if "error" in line), said[-1])
        raise CannotBuild(f"{command[0]} failed with code {done.returncode}: {why.strip()}")
    return out
