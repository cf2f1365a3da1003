"""Skipped tests: where everything is installed that tests need, a skip is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.suites import run_suite

pytestmark = pytest.mark.slow

TESTS = """
import pytest

def test_runs():
    pass

@pytest.mark.skipif(True, reason="no such compiler")
def test_marked():
    pass

def test_inside():
    pytest.skip("no such file")

@pytest.mark.xfail(reason="known")
def test_known():
    assert False
"""
MODULE = "import pytest\npytest.importorskip('no_such_module')\ndef test_unreached():\n    pass\n"


def outcome_of(folder: Path, no_skips: str) -> tuple[int, str]:
    done = run_suite(folder, TESTS, "--continue-on-collection-errors", no_skips=no_skips, more=MODULE)
    return done.returncode, done.stdout


def test_skips_are_failures_where_none_may_be(tmp_path: Path) -> None:
    code, said = outcome_of(tmp_path, "1")
    assert code != 0
    for reason in ("no such compiler", "no such file", "no_such_module"):
        assert reason in said
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in said


@pytest.mark.parametrize("no_skips", ["", "0"])
def test_skips_are_skips_elsewhere(tmp_path: Path, no_skips: str) -> None:
    code, said = outcome_of(tmp_path, no_skips)
    assert code == 0
    assert "1 passed, 3 skipped, 1 xfailed" in said
