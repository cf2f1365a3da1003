"""Every option of `toyvm run` and `toyvm lab` reaches what it is about, with its value, and has its default if not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.commands import call

from toyvm.cli import run
from toyvm.isa.machine import Level
from toyvm.lab.experiment import FULL, QUICK, Effort, Experiment
from toyvm.machine.computer import Computer
from toyvm.recompiler.options import Recompiling

Capture = pytest.CaptureFixture[str]


class Reached(Exception):
    """The command has come to where it runs something, with these options."""


class Launched:
    """In place of `toyvm.launch.launched`: keeps what it is given."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    def __call__(self, technique: str, memory: int, **options: Any) -> None:
        self.options = {"technique": technique, "memory": memory, **options}
        raise Reached


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What a run with these words makes its computer with."""
    launched = Launched()
    monkeypatch.setattr("toyvm.launch.launched", launched)

    def run_with(*words: str) -> dict[str, Any]:
        parser = argparse.ArgumentParser()
        run.add_arguments(parser)
        with pytest.raises(Reached):
            run.execute(parser.parse_args(["hello", "--input", "/dev/null", *words]))
        return launched.options

    return run_with


Making = Callable[..., dict[str, Any]]


def test_without_options_a_run_has_the_defaults(made: Making) -> None:
    options = made()
    assert (options["technique"], options["memory"], options["engine"]) == ("bare", 16 << 20, "interpreter")
    assert (options["level"], options["disk"]) == (Level.STRICT, None)
    assert not {"disk_latency", "clock_base"} & options.keys(), "it is for the computer to say"


def test_every_option_reaches_the_computer(made: Making, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1024))
    options = made("--disk", str(disk), "--disk-latency", "17", "--clock", "99", "--memory", "64K")
    assert (options["memory"], options["disk_latency"], options["clock_base"]) == (64 << 10, 17, 99)
    assert (options["disk"].writable, options["disk"].sectors) == (True, 2)
    options["disk"].close()
    assert not made("--disk", str(disk), "--read-only")["disk"].writable
    assert made("--engine", "reference")["engine"] == "reference"
    assert made("--hardware", "classic")["level"] is Level.CLASSIC
    options = made("--technique", "trap+flush", "--hypercalls", "--hardware", "assist")
    assert (options["technique"], options["level"]) == ("trap+flush+hypercalls", Level.ASSIST)


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ((), (None, None)),
        (("--max-instructions", "5e3"), (5000, None)),
        (("--timeout", "2.5"), (None, 2.5)),
    ],
)
def test_limits_reach_the_run(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], limits: tuple[int | None, float | None]
) -> None:
    given: list[tuple[object, ...]] = []

    def note(self: Computer, *limits: object, until: int | None = None) -> None:
        given.append((*limits, until))
        raise KeyboardInterrupt

    monkeypatch.setattr(Computer, "run", note)
    assert call(capfd, "run", "hello", "--input", "/dev/null", *words).code == 130
    assert given == [(*limits, None)]


@pytest.mark.parametrize(("word", "cache"), [("none", None), ("here", Path("here"))])
def test_the_recompiler_keeps_code_where_it_is_told_to(made: Making, word: str, cache: Path | None) -> None:
    pytest.importorskip("llvmlite")
    assert made("--engine", "recompiler", "--code-cache", word)["engine"] == Recompiling(cache=cache)
    assert made("--engine", "recompiler")["engine"] == "recompiler"


@pytest.mark.parametrize(
    ("words", "effort"),
    [
        ((), FULL),
        (("--quick",), QUICK),
        (("--repeats", "2"), Effort(FULL.seconds, 2, FULL.nano_seconds, FULL.nano_repeats)),
        (("--quick", "--repeats", "1"), replace(QUICK, repeats=1)),
    ],
)
def test_the_lab_measures_as_long_and_as_often_as_it_is_told(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], effort: Effort
) -> None:
    given: list[Effort] = []

    def note(self: Experiment, effort: Effort, progress: object) -> None:
        given.append(effort)
        raise KeyboardInterrupt

    monkeypatch.setattr(Experiment, "run", note)
    assert call(capfd, "lab", "callret", *words).code == 130
    assert given == [effort]
    assert QUICK.seconds < FULL.seconds
    assert QUICK.repeats < FULL.repeats
