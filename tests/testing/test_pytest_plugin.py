"""The plugin of pytest, and the examples of the documents: what they find is made small, kept, and tried again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ROOT

from toyvm.testing import load
from toyvm.testing.pieces import count_instructions

PAGE = (ROOT / "toyvm" / "docs" / "testing.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^```python\n# (test_\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As a user does, with no plugin but ours."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "toyvm.testing.pytest_plugin", "-q", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def mended(source: str, mistake: str, instead: str) -> str:
    assert source.count(mistake) == 1
    return source.replace(mistake, instead)


def test_a_property_of_one_instruction_holds_as_the_document_says(tmp_path: Path) -> None:
    (tmp_path / "test_division.py").write_text(EXAMPLES["test_division.py"])
    done = run_pytest(tmp_path, "-p", "_hypothesis_pytestplugin")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most", "mistake", "instead"),
    [
        ("test_engine.py", 4, '"sra": lambda a, b: a >>', '"sra": lambda a, b: signed(a) >>'),
        (
            "test_monitor.py",
            25,
            "            elif effect.flushes:\n",
            "            elif effect.page is not None:\n"
            "                self.shadow.flush_page(effect.page)\n"
            "            elif effect.flushes:\n",
        ),
    ],
    ids=["engine", "monitor"],
)
def test_the_planted_mistake_is_found_shrunk_kept_and_tried_again(
    name: str, most: int, mistake: str, instead: str, tmp_path: Path
) -> None:
    test = tmp_path / name
    test.write_text(EXAMPLES[name])
    found = run_pytest(tmp_path)
    assert found.returncode == 1, found.stdout
    assert "instructions are enough; kept as" in found.stdout
    (kept,) = (tmp_path / "regressions").iterdir()
    regression = load(kept)
    assert count_instructions(regression.program) <= most
    assert regression.subjects == ("reference", f"../{name}:Mine")
    again = run_pytest(tmp_path, "-k", "replay")
    assert again.returncode == 1
    assert "Mine differs from reference after" in again.stdout
    test.write_text(mended(EXAMPLES[name], mistake, instead))
    right = run_pytest(tmp_path)
    assert right.returncode == 0, right.stdout
    assert "2 passed" in right.stdout


LOCAL = """
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing import assert_equal, random_computation

def test_one_that_nobody_finds_again():
    class Local(ReferenceMachine):
        def state_words(self):
            return (*super().state_words()[:-1], 5)

    assert_equal(random_computation(1), Local)

def test_one_that_fails_otherwise():
    assert 1 + 1 == 3
"""


def test_what_cannot_be_compared_again_is_skipped_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ntoyvm_regressions = found\n")
    (tmp_path / "test_local.py").write_text(LOCAL)
    first = run_pytest(tmp_path)
    assert "2 failed" in first.stdout
    assert first.stdout.count("kept as") == 1
    assert len(list((tmp_path / "found").iterdir())) == 1
    second = run_pytest(tmp_path, "-rs", "-k", "replay")
    assert "1 skipped" in second.stdout
    assert "it cannot be compared again: " in second.stdout


DRAWN = """
from hypothesis import Phase, given, settings
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing import assert_equal
from toyvm.testing.strategies import privileged_programs

class Wrong(ReferenceMachine):
    def state_words(self):
        return (*super().state_words()[:-1], 5)

@given(privileged_programs())
@settings(phases=[Phase.generate], database=None, derandomize=True)
def test_drawn(program):
    assert_equal(program, Wrong)
"""


def test_a_drawn_program_that_fails_takes_a_page_and_its_fields_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "test_drawn.py").write_text(DRAWN)
    found = run_pytest(tmp_path, "-p", "_hypothesis_pytestplugin").stdout
    assert re.search(r"program=<Program of \d+ bytes from 0x1000, \d+K of memory, strict>,", found)
    assert "Segment(" not in found
    assert "# to run it: toyvm run" in found
    assert "Wrong differs from reference after" in found
    assert len(found.splitlines()) < 80


def test_other_sources_are_no_tests(tmp_path: Path) -> None:
    (tmp_path / "regressions").mkdir()
    (tmp_path / "regressions" / "guest.s").write_text("_start: out 8, a0\n")
    assert "no tests ran" in run_pytest(tmp_path).stdout
