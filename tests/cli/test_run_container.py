"""toyvm run os --technique container: the shell on the console is in a context."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

Capture = pytest.CaptureFixture[str]


def test_the_shell_runs_in_a_context_and_its_status_is_the_command_s(capfd: Capture, tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_text("ls /ctx\nps\nexit 3\n")
    done = call(capfd, "run", "os", "--technique", "container", "--input", str(typed))
    assert (done.code, done.errors) == (3, "")
    assert "/ctx: no such file" in done.output
    rows = [line.split() for line in done.output.splitlines() if line.startswith("  ") and "PID" not in line]
    assert [row[-1] for row in rows] == ["init", "sh", "ps"]  # of the host's own none is seen
    assert rows[0][0] == "1"


def test_it_has_a_disk_that_may_not_be_written(capfd: Capture, tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_text("touch /x\nexit 4\n")
    done = call(capfd, "run", "os", "--technique", "container", "--input", str(typed), "--read-only")
    assert done.code == 4
    assert "touch: /x: read-only file system" in done.output


def test_a_report_says_what_was_asked_for(capfd: Capture, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    call(capfd, "run", "os", "--technique", "container", "--input", "/dev/null", "--report", str(report))
    assert json.loads(report.read_text())["configuration"]["technique"] == "container"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hello",), "toyvm run os has them"),
        (("hello", "--files", "."), "--files goes with a RISC-V program"),
        (("os", "--disk", "my.disk"), "toyvm ctx my.disk enter NAME"),
    ],
)
def test_what_cannot_be_in_one_is_refused(capfd: Capture, words: tuple[str, ...], message: str) -> None:
    done = call(capfd, "run", *words, "--technique", "container")
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert message in done.errors
