"""The interpreter against native code: the compute workload with paging on, and the same in C, in one run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pairs import measure_pair

from toyvm.lab.measure import calibrate, repeat
from toyvm.lab.subjects import Subject
from toyvm.lab.workloads import find_workloads

ROUNDS = 7
SECONDS = 0.3  # CPU time of a run
NATIVE_ROUNDS = 20_000
SOURCE = Path(__file__).parent / "native" / "compute.c"


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workload in C, compiled as the core is."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    program = tmp_path_factory.mktemp("native") / "compute"
    subprocess.run([compiler, "-O2", "-std=gnu11", "-o", program, SOURCE], check=True)
    return program


def native_nanoseconds(program: Path) -> float:
    done = subprocess.run([program, str(NATIVE_ROUNDS)], check=True, capture_output=True, text=True)
    return int(done.stdout) / NATIVE_ROUNDS


@pytest.mark.parametrize("technique", ["bare", "trap", "para"])
def test_compute_against_native(benchmark: Any, native: Path, technique: str) -> None:
    subject = Subject(technique)
    task = find_workloads(["compute"])[0].task(technique)
    operations = calibrate(subject, task, SECONDS)
    instructions = repeat(subject, task, operations).instructions
    round_time, _ = measure_pair(
        benchmark,
        lambda: repeat(subject, task, operations).nanoseconds,
        lambda: native_nanoseconds(native),
        ROUNDS,
        (f"{technique}, a round", "native, a round"),
    )
    benchmark.extra_info["ns an instruction"] = round(round_time / instructions, 3)
    print(f"{technique}: {round_time / instructions:.3f} ns an instruction")
