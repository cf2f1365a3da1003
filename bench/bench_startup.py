"""Start-up: `toyvm run hello` from nothing to the end, against Python starting and doing nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import Any

from pairs import measure_pair

ROUNDS = 15


def cpu_nanoseconds(*arguments: str) -> float:
    """CPU time of a child process, user and system."""
    # Bytecode as pip leaves it: an environment that forbids writing it would have every module compiled each time.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def test_run_hello_against_an_empty_program(benchmark: Any) -> None:
    cpu_nanoseconds("-m", "toyvm", "run", "hello")
    measure_pair(
        benchmark,
        lambda: cpu_nanoseconds("-m", "toyvm", "run", "hello"),
        lambda: cpu_nanoseconds("-c", "pass"),
        ROUNDS,
        ("toyvm run hello", "python -c pass"),
    )
