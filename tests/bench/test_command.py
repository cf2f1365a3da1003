"""The command `python bench/peers`: bad arguments, exit codes, and what it leaves when it is interrupted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from peers.command import conclude_comparison, conclude_targets, main
from peers.measure import Failure, Warm, Whole
from peers.others import HELLO, MEMORY, SYSCALL, TOYVM_HELLO, Reading
from peers.processes import Times
from peers.rounds import Budget
from peers.run import Run
from peers.subjects import INTERPRETER, NATIVE, RECOMPILER, Subject

Capture = pytest.CaptureFixture[str]
SUBJECTS = [Subject(name, lambda program, folder: [], None) for name in (NATIVE, INTERPRETER, RECOMPILER)]
PLAIN = argparse.Namespace(json=None, plot=None, markdown=False, once=False)


def finished(slowdown: float = 1.5, program: str = "fib") -> Run:
    """A run in which everything takes `slowdown` times as long as natively, or as many ns, ms and bytes."""
    run = Run(SUBJECTS, ["fib"], Budget(1, None), is_interrupted=False, handler=6)
    for subject in SUBJECTS:
        times = Times(*[1.0 if subject.name == NATIVE else slowdown] * 2)
        run.samples.append(Warm(program, subject.name, 0, times, (times, times), 1))
        run.samples.append(Whole(program, subject.name, 0, times))
    for what, name in ((SYSCALL, INTERPRETER), (HELLO, TOYVM_HELLO), (MEMORY, INTERPRETER)):
        run.readings.append(Reading(what, name, 0, slowdown))
    return run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope",), "no program 'nope'; there are fib, sieve, "),
        (("--set", "training", "fib"), "no program 'fib'"),
        (("--subject", "bochs"), "no subject 'bochs'; there are native, toyvm interpreter"),
        (("--seconds", "nan"), "it takes 0.001 to 60"),
        (("--seconds", "x"), "invalid float value"),
        (("--rounds", "0"), "it takes 1 to 1000"),
        (("--minutes", "inf"), "at most 1440"),
        (("--targets", "fib"), "measures what its rows say"),
        (("--targets", "--set", "training"), "measures what its rows say"),
        (("--build", "x", "--json", "y"), "--build measures nothing"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_measured(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr("sys.argv", ["bench/peers", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench/peers", "--json", "/nowhere/at/all"])
    assert main() == 101
    assert capsys.readouterr().err == "bench/peers: /nowhere/at/all: No such file or directory\n"


def test_it_ends_with_1_if_a_target_is_missed_or_not_measured_or_something_failed(capsys: Capture) -> None:
    assert conclude_targets(PLAIN, finished(1.5)) == 0
    assert conclude_targets(PLAIN, finished(2.5)) == 1
    failed, missing = finished(), finished()
    failed.failures.append(Failure("fib", RECOMPILER, "it broke"))
    missing.readings.pop()
    assert conclude_targets(PLAIN, failed) == 1
    assert conclude_targets(PLAIN, missing) == 1
    assert "failed: toyvm recompiler on fib: it broke" in capsys.readouterr().out
    assert conclude_comparison(PLAIN, finished(99)) == 0
    assert conclude_comparison(PLAIN, failed) == 1


def test_an_interrupted_run_prints_and_writes_what_there_is(capsys: Capture, tmp_path: Path) -> None:
    run = finished()
    run.is_interrupted = True
    arguments = argparse.Namespace(**{**vars(PLAIN), "json": tmp_path / "a.json", "plot": tmp_path / "a.svg"})
    assert conclude_targets(arguments, run) == 130
    printed = capsys.readouterr()
    assert "interpreter" in printed.out
    assert printed.err == "bench/peers: interrupted\n"
    record = json.loads((tmp_path / "a.json").read_text())
    assert (record["interrupted"], len(record["targets"]), len(record["warm"]["samples"])) == (True, 7, 3)
    assert (tmp_path / "a.svg").read_text().startswith("<svg")


def test_markdown_is_a_table_and_a_block(capsys: Capture) -> None:
    conclude_targets(argparse.Namespace(**{**vars(PLAIN), "markdown": True}), finished())
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("```") == 2
    assert sum(line.startswith("|") for line in lines) == 7 + 2
