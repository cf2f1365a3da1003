"""The command line as tests call it: in this process, which is fast, or as a user's shell would."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from toyvm.cli import main

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Done:
    """What a command gave."""

    code: int
    output: str
    errors: str


def call(capture: pytest.CaptureFixture[str], *words: str) -> Done:
    """Run a command in this process; standard input is at its end."""
    capture.readouterr()
    try:
        code = main(list(words))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    captured = capture.readouterr()
    return Done(code, captured.out, captured.err)


def spawn(*words: str, input: bytes = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run a command as its own process."""
    command = [sys.executable, "-m", "toyvm", *words]
    return subprocess.run(command, input=input, capture_output=True, cwd=ROOT, check=False, **options)  # type: ignore[call-overload,no-any-return]
