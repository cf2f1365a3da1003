"""`toyvm classify`: a page on one level, witnesses that `toyvm run` takes, and words that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import call

Capture = pytest.CaptureFixture[str]


def test_a_page_says_what_stands_in_the_way_on_which_hardware(capsys: Capture) -> None:
    done = call(capsys, "classify")
    assert (done.code, done.errors) == (0, "")
    rows = {words[0]: words[1:] for line in done.output.splitlines() if (words := line.split())}
    assert rows["setst"] == ["critical", "C", "C", "PC", "PC"]
    first, second, third = done.output.split("\nTheorem ")[1:]
    assert first.startswith("1: a virtual machine monitor can be built")
    assert "  classic  does not apply: getst, setst, getvec, getpt, probe\n" in first
    assert "  hybrid   does not apply: setst\n" in second
    assert "  hybrid   applies\n" in third


def test_a_page_of_one_level_has_its_column_alone(capsys: Capture) -> None:
    done = call(capsys, "classify", "--hardware", "hybrid")
    rows = {words[0]: words[1:] for line in done.output.splitlines() if (words := line.split())}
    assert rows["setst"] == ["critical", "C"]
    assert "classic" not in done.output


def test_each_witness_is_a_file_that_says_how_it_is_run(capsys: Capture, tmp_path: Path) -> None:
    assert call(capsys, "classify", "--witness", "getvec", "-o", str(tmp_path / "new")).code == 0
    files = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert files == [
        "getvec-location-sensitive-in-user-mode.s",
        "getvec-location-sensitive.s",
        "getvec-privileged.s",
    ]
    for name, level in zip(files, ("classic", "classic", "hybrid"), strict=True):
        source = tmp_path / "new" / name
        assert f"`echo x | toyvm run {name} --hardware {level}` exits with 1." in source.read_text()
        assert call(capsys, "run", str(source), "--hardware", level).code == 1
    assert call(capsys, "run", str(tmp_path / "new" / files[2]), "--hardware", "classic").code == 0  # it does not trap


def test_a_contradiction_fails_the_claim(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.testing.classify.contradictions", lambda level, finding: ["made up"])
    done = call(capsys, "classify", "--hardware", "strict", "--witness", "nop")
    assert done.code == 2  # an alias is no instruction
    done = call(capsys, "classify", "--hardware", "strict", "--witness", "add")
    assert (done.code, done.output.splitlines()[-1]) == (1, "add, on strict hardware: made up")


def test_witnesses_that_cannot_be_written_are_one_line(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call(capsys, "classify", "--hardware", "strict", "--witness", "crw", "-o", str(tmp_path / "file"))
    assert done.code == 101
    assert len(done.errors.splitlines()) == 1


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
