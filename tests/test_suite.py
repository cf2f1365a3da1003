"""The suite itself: which tests are quick, their order, and that they leave nothing behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.suites import run_suite

pytestmark = pytest.mark.slow

TESTS = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_first(number):
    pass

@pytest.mark.slow
def test_second():
    pass
"""


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ["first[1]", "first[2]", "second"]),
        (("--reverse",), ["second", "first[2]", "first[1]"]),
        (("-m", "quick"), ["first[1]", "first[2]"]),
        (("-m", "quick", "--reverse"), ["first[2]", "first[1]"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_tests_that_are_not_slow_are_quick_and_any_order_may_be_reversed(
    tmp_path: Path, options: tuple[str, ...], names: list[str]
) -> None:
    done = run_suite(tmp_path, TESTS, "--collect-only", *options)
    collected = [line.partition("::test_")[2] for line in done.stdout.splitlines() if "::test_" in line]
    assert collected == names, done.stdout


LEAVING = """
from pathlib import Path
from tempfile import gettempdir

def test_some():
    Path({}, "left").touch()
    Path({}, "ignored.log").touch()
"""


def left_behind(folder: Path, place: str, no_skips: str = "") -> list[str]:
    """The names of what a test is told to have left, that leaves two files in a place."""
    (folder / ".gitignore").write_text("base/\n*.log\n")
    done = run_suite(folder, LEAVING.format(place, place), no_skips=no_skips)
    found = re.search(r"^E .*the tests have left behind (.*)$", done.stdout, re.MULTILINE)
    assert done.returncode == (1 if found else 0), done.stdout
    return [Path(path).name for path in found[1].split(", ")] if found else []


@pytest.mark.parametrize("place", ["Path.home()", "gettempdir()"])
def test_what_tests_leave_in_home_and_temporary_folder_is_told(tmp_path: Path, place: str) -> None:
    assert left_behind(tmp_path, place) == ["ignored.log", "left"]


def test_what_they_leave_in_the_checkout_is_told_where_nobody_else_writes_there(tmp_path: Path) -> None:
    assert left_behind(tmp_path, "'.'") == []
    (tmp_path / "left").unlink()
    assert left_behind(tmp_path, "'.'", no_skips="1") == ["left"]
