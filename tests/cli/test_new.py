"""Starts of programs: each kind is written, assembled or compiled, and runs at once on what it is for."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from support.commands import ROOT, call, spawn

from toyvm.cli.new import KINDS
from toyvm.techniques import NAMES

Capture = pytest.CaptureFixture[str]
COMPILER = "riscv64-unknown-elf-gcc"
SAYS = {
    "hello": dict.fromkeys(NAMES, b"Hello from mine!\n"),
    "workload": dict.fromkeys(NAMES, b""),
    "kernel": dict.fromkeys(NAMES, b"the program says 1\nthe program says 2\nthe program says 3\n"),
    "para": {
        **dict.fromkeys(NAMES, b"I own the machine, with pages of memory: 4096\n"),
        "para": b"a monitor is there, with hypercalls of version 1\n",
    },
}


def begin(capfd: Capture, folder: Path, kind: str) -> Path:
    done = call(capfd, "new", str(folder / "mine"), "--kind", kind)
    assert (done.code, done.errors) == (0, "")
    path = folder / f"mine{KINDS[kind].suffix}"
    assert done.output.startswith(f"{path}: ")
    assert "NAME" not in path.read_text()
    return path


@pytest.mark.parametrize(("kind", "technique"), [(kind, name) for kind in SAYS for name in NAMES])
def test_a_source_runs_at_once_on_each_technique(capfd: Capture, tmp_path: Path, kind: str, technique: str) -> None:
    done = spawn("run", str(begin(capfd, tmp_path, kind)), "--technique", technique)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == SAYS[kind][technique]


def test_a_monitor_runs_a_kernel_and_counts_its_exits(capfd: Capture, tmp_path: Path) -> None:
    command = [sys.executable, str(begin(capfd, tmp_path, "monitor"))]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<Outcome exit" in done.stdout
    assert any(line.split()[1:] == ["syscall"] for line in done.stdout.splitlines())


def test_a_c_program_is_compiled_and_runs(capfd: Capture, tmp_path: Path) -> None:
    if which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is missing")
    source = begin(capfd, tmp_path, "c")
    flags = shlex.split(call(capfd, "import", "--flags").output)
    subprocess.run([COMPILER, "-O2", "-Wall", "-Werror", *flags, source, "-o", source.with_suffix(".elf")], check=True)
    done = spawn("run", str(source.with_suffix(".elf")), "--technique", "trap")
    assert done.stdout == b"Hello from mine! There are 1229 primes below 10000.\n"


def test_every_kind_is_tried_here_and_has_its_file() -> None:
    assert {*SAYS, "monitor", "c"} == KINDS.keys()
    files = {path.name for path in (ROOT / "guests" / "new").iterdir() if path.is_file()}
    assert files == {f"{name}{kind.suffix}" for name, kind in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_never_overwritten(capfd: Capture, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mine{KINDS[kind].suffix}"
    path.write_text("precious")
    done = call(capfd, "new", str(tmp_path / "mine"), "--kind", kind)
    assert (done.code, done.errors) == (101, f"toyvm: {path}: is there already; remove it, or choose another name\n")
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("a b",), 2, "'a b' will not do as a name; it takes a letter"),
        (("x" * 65,), 2, "will not do as a name"),
        (("../",), 2, "'' will not do as a name"),
        (("nowhere/mine",), 101, "No such file or directory"),
        (("mine", "--kind", "odd"), 2, "choose from"),
        ((), 2, "NAME"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(capfd, "new", *words)
    assert (done.code, done.errors.count("\n")) == (code, 1)
    assert message in done.errors
    assert not list(tmp_path.iterdir())


def test_a_suffix_that_is_given_is_not_doubled(capfd: Capture, tmp_path: Path) -> None:
    assert call(capfd, "new", str(tmp_path / "mine.s")).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.s"]
