"""Suites of a few tests under the real conftest.py, as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.commands import ROOT


def run_suite(
    folder: Path, text: str, *options: str, no_skips: str = "", more: str = ""
) -> subprocess.CompletedProcess[str]:
    """The tests of `text`, and those of a second file; TOYVM_NO_SKIPS is `no_skips`."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_some.py").write_text(text)
    if more:
        (folder / "test_more.py").write_text(more)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/base"]
    environment = {**os.environ, "TOYVM_NO_SKIPS": no_skips, "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*command, *options, str(folder)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
