"""Start-up: `toyvm run hello` from nothing to the end, against Python starting and doing nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

from pairs import measure_pair

ROUNDS = 15


def cpu_nanoseconds(*arguments: str) -> float:
    """CPU time of a child process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def test_run_hello_against_an_empty_program(benchmark: Any) -> None:
    measure_pair(
        benchmark,
        lambda: cpu_nanoseconds("-m", "toyvm", "run", "hello"),
        lambda: cpu_nanoseconds("-c", "pass"),
        ROUNDS,
        ("toyvm run hello", "python -c pass"),
    )
