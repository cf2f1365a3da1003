"""The commit: a checkout is asked for it, and what was packed or installed has it written down."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.commands import ROOT

from toyvm import commit


def written(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> str | None:
    """What a package says whose file has this text, where there is no checkout."""
    (folder / "toyvm").mkdir()
    (folder / "toyvm" / "commit.txt").write_text(text)
    monkeypatch.setattr(commit, "PACKAGE", folder / "toyvm")
    monkeypatch.setattr(commit, "FILE", folder / "toyvm" / "commit.txt")
    return commit.commit()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0123456789ab\n", "0123456789ab"),
        ("0123456789ab-dirty\n", "0123456789ab-dirty"),
        ("0123456789abcdef0123456789abcdef01234567\n", "0123456789ab"),
        ("$Format:%H$\n", None),
        ("anything else", None),
        ("", None),
    ],
)
def test_a_package_says_the_commit_that_is_written_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, said: str | None
) -> None:
    assert written(monkeypatch, tmp_path, text) == said


def test_a_package_without_the_file_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commit, "PACKAGE", tmp_path / "toyvm")
    monkeypatch.setattr(commit, "FILE", tmp_path / "toyvm" / "commit.txt")
    assert commit.commit() is None


def test_an_archive_that_git_makes_knows_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():  # then this is one
        text = (ROOT / "toyvm" / "commit.txt").read_text(encoding="ascii")
        assert re.fullmatch(r"[0-9a-f]{12,40}(-dirty)?\n", text)
        return
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    packed = subprocess.run([*git, "archive", "HEAD", "toyvm/commit.txt"], capture_output=True, check=True).stdout
    text = subprocess.run(["tar", "-x", "-O"], input=packed, capture_output=True, check=True).stdout.decode()
    assert written(monkeypatch, tmp_path, text) == head[:12]
