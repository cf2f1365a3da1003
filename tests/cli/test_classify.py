"""`toyvm classify`: a page on one level, witnesses that `toyvm run` takes, and words that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import call

Capture = pytest.CaptureFixture[str]


def test_a_page_says_what_stands_in_the_way(capsys: Capture) -> None:
    done = call(capsys, "classify", "--hardware", "hybrid")
    assert (done.code, done.errors) == (0, "")
    page = " ".join(done.output.split())
    assert "setst declared critical control-sensitive" in page
    assert "Theorem 1 does not apply: each sensitive instruction is privileged, but not setst." in page
    assert "Theorem 3 applies" in page


def test_a_witness_runs(capsys: Capture, tmp_path: Path) -> None:
    done = call(capsys, "classify", "--hardware", "classic", "--witness", "getvec")
    first, *others = done.output.split("# getvec a0: ")[1:]
    assert first.startswith("location-sensitive.")
    assert len(others) == 1
    source = tmp_path / "witness.s"
    source.write_text(f"# {first}")
    assert call(capsys, "run", str(source), "--hardware", "classic").code == 1
    assert call(capsys, "run", str(source), "--hardware", "strict").code == 1  # in kernel mode


def test_of_an_innocuous_one_nothing_is_shown(capsys: Capture) -> None:
    done = call(capsys, "classify", "--witness", "add")
    assert done.code == 0
    assert "nothing was shown" in done.output


@pytest.mark.parametrize(
    ("words", "says"), [(["--hardware", "soft"], "no hardware level"), (["--witness", "ad"], "did you mean and")]
)
def test_bad_words_are_one_line(capsys: Capture, words: list[str], says: str) -> None:
    done = call(capsys, "classify", *words)
    assert done.code == 2
    assert says in done.errors
    assert len(done.errors.splitlines()) == 1
