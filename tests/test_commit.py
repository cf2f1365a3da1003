"""The commit: a checkout is asked for it, and what was packed or installed has it written down."""

from __future__ import annotations

import shutil
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


ATTRIBUTES = ROOT / ".gitattributes"


@pytest.mark.skipif(not (ATTRIBUTES.exists() and shutil.which("git")), reason="there is no git, or not its file")
def test_an_archive_that_git_makes_knows_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a repository of its own: where the tests stand may be none."""
    checkout = tmp_path / "checkout"
    (checkout / "toyvm").mkdir(parents=True)
    shutil.copy(ATTRIBUTES, checkout)
    (checkout / "toyvm" / "commit.txt").write_text("$Format:%H$\n")

    def git(*words: str) -> bytes:
        own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *own, *words], cwd=checkout, capture_output=True, check=True).stdout

    git("init", "-q")
    git("add", "--all")
    git("commit", "-q", "-m", "all")
    head = git("rev-parse", "HEAD").decode()
    packed = git("archive", "HEAD", "toyvm/commit.txt")
    text = subprocess.run(["tar", "-x", "-O"], input=packed, capture_output=True, check=True).stdout.decode()
    assert written(monkeypatch, tmp_path, text) == head[:12]
