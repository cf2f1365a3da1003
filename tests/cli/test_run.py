"""`toyvm run`: programs, options, reports and exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import ROOT, call, spawn

Capture = pytest.CaptureFixture[str]

ECHO = "_start:\n1: in a0, 1\n bltz a0, 2f\n out 0, a0\n j 1b\n2: li a0, 0\n out 8, a0\n"
ECHO_LIVE = ECHO.replace("bltz a0, 2f", "li t0, -1\n beq a0, t0, 1b\n bltz a0, 2f")
LOOP = "_start: nop\nagain: addi a0, a0, 1\n j again\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "guest.s"


def exiting(code: int) -> str:
    return f"_start: li a0, {code}\n out 8, a0\n"


@pytest.mark.parametrize("code", [0, 1, 42, 99])
def test_the_command_ends_with_the_guests_exit_code(capfd: Capture, source: Path, code: int) -> None:
    source.write_text(exiting(code))
    assert call(capfd, "run", str(source)).code == code


def test_an_exit_code_that_does_not_fit_becomes_99_and_is_said(capfd: Capture, source: Path) -> None:
    source.write_text(exiting(1000))
    done = call(capfd, "run", str(source))
    assert done.code == 99
    assert done.errors.startswith(
        "toyvm: the guest's exit code is 1000; the command ends with 99, as what is above that "
    )


def test_the_console_is_standard_input_and_output(source: Path) -> None:
    source.write_text(ECHO)
    data = bytes(range(256)) * 300
    done = spawn("run", str(source), input=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


@pytest.mark.parametrize(
    "words", [("--technique", "trap"), ("--engine", "reference"), ("--engine", "recompiler"), ("--hardware", "classic")]
)
def test_every_technique_and_engine_says_the_same(source: Path, words: tuple[str, ...]) -> None:
    source.write_text(ECHO)
    assert spawn("run", str(source), *words, input=b"abc").stdout == b"abc"


@pytest.mark.parametrize("technique", ["bare", "trap", "rewrite", "para"])
def test_hello_greets_on_every_technique(capfd: Capture, technique: str) -> None:
    done = call(capfd, "run", "hello", "--technique", technique)
    assert done.code == 0
    assert done.output == call(capfd, "run", "hello").output != ""


def test_input_may_come_from_a_file(capfd: Capture, source: Path, tmp_path: Path) -> None:
    source.write_text(ECHO)
    (tmp_path / "input").write_bytes(b"from a file")
    assert call(capfd, "run", str(source), "--input", str(tmp_path / "input")).output == "from a file"


def test_an_image_runs_as_its_source_does(capfd: Capture, source: Path, tmp_path: Path) -> None:
    source.write_text(exiting(17))
    image = str(tmp_path / "guest.elf")
    assert call(capfd, "asm", str(source), "-o", image).code == 0
    assert call(capfd, "run", image).code == 17


def test_a_symbol_defined_on_the_command_line_reaches_the_source(capfd: Capture, source: Path) -> None:
    source.write_text("_start: li a0, CODE\n out 8, a0\n")
    assert call(capfd, "run", str(source), "-D", "CODE=0x21").code == 33


def test_a_limit_ends_with_103_and_the_report(capfd: Capture, source: Path) -> None:
    source.write_text(LOOP)
    done = call(capfd, "run", str(source), "--max-instructions", "1e4")
    assert done.code == 103
    for part in ("limit on instructions", "guest.s:", "again", "after 10000 instructions", "registers", "a0"):
        assert part in done.errors


def test_a_timeout_ends_with_103(capfd: Capture, source: Path) -> None:
    source.write_text(LOOP)
    assert call(capfd, "run", str(source), "--timeout", "0.05").code == 103


def test_a_guest_that_waits_for_ever_ends_with_104(capfd: Capture, source: Path) -> None:
    source.write_text("_start: wfi\n")
    assert call(capfd, "run", str(source)).code == 104


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_a_guest_that_cannot_go_on_ends_with_102_and_where_and_why(capfd: Capture, source: Path, engine: str) -> None:
    source.write_text("_start: nop\nhere: j here\n")
    done = call(capfd, "run", str(source), "--engine", engine)
    assert done.code == 102
    for part in ("cannot go on", "stuck", "guest.s:2", "here", "->", "registers"):
        assert part in done.errors


@pytest.mark.parametrize("technique", ["bare", "trap"])
def test_the_report_has_what_the_design_says(capfd: Capture, source: Path, tmp_path: Path, technique: str) -> None:
    source.write_text(exiting(3))
    report = tmp_path / "report.json"
    call(capfd, "run", str(source), "--technique", technique, "--report", str(report))
    record = json.loads(report.read_text())
    assert (record["stop"], record["exit_code"], record["instructions"]) == ("exit", 3, 2)
    assert record["configuration"]["technique"] == technique
    assert record["exits"].get("out", 0) == (technique == "trap")
    assert len(record["state"]) == 32
    assert record["seconds"] >= 0


def test_every_engine_and_technique_reports_the_same_state(capfd: Capture, source: Path, tmp_path: Path) -> None:
    source.write_text(exiting(3))
    report, states = tmp_path / "report.json", set()
    for words in ((), ("--engine", "reference"), ("--engine", "recompiler"), ("--technique", "trap")):
        call(capfd, "run", str(source), *words, "--report", str(report))
        states.add(json.loads(report.read_text())["state"])
    assert len(states) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nothing-like-it",), 101, "neither a file nor a shipped guest; toyvm run --list shows those\n"),
        (("helo",), 101, "toyvm: no guest 'helo'; did you mean hello?\n"),
        (("workloads/comput",), 101, "did you mean workloads/compute?"),
        (("/",), 101, "is a directory"),
        (("/dev/null",), 101, "is a device or pipe"),
        (("hello", "--technique", "container"), 2, "is for programs of the operating system"),
        (("hello", "--technique", "magic"), 2, "there are bare, trap, rewrite, hybrid"),
        (("hello", "--engine", "recompile"), 2, "there are interpreter, recompiler, reference"),
        (("hello", "--engine", "reference", "--technique", "trap"), 2, "bare machine only"),
        (
            ("hello", "--hardware", "classic", "--technique", "trap"),
            2,
            "--hardware classic: technique trap takes strict, assist\n",
        ),
        (("hello", "--hardware", "odd"), 2, "--hardware odd: technique bare takes classic, hybrid, strict, assist"),
        (("hello", "--hardware", "strict", "--technique", "assist"), 2, "strict: technique assist takes assist\n"),
        (("hello", "--memory", "12Q"), 2, "is no size"),
        (("hello", "--memory", "1K"), 2, "out of range; it takes 65536.."),
        (("hello", "--memory", "100000"), 2, "multiple of 4096"),
        (("hello", "--memory", "1e6"), 2, "--memory of 1000000 bytes; it takes a multiple of 4096, 999424 or 1003520 "),
        (("hello", "--memory", "1e6", "--technique", "trap"), 2, "--memory of 1000000 bytes; it takes a multiple"),
        (("hello", "--memory", "1e6", "--engine", "reference"), 2, "--memory of 1000000 bytes; it takes a multiple"),
        (("hello", "--memory", "1.5G"), 2, "--memory '1.5G' is no size; write bytes, or 64K, 16M, 1G"),
        (("hello", "--max-instructions", "many"), 2, "is no whole number"),
        (("hello", "--timeout", "-1"), 2, "above 0"),
        (("hello", "--disk", "/nowhere"), 101, "/nowhere: No such file"),
        (("hello", "--disk", "/dev/zero"), 101, "is a device or pipe"),
        (("hello", "--disk", str(ROOT / "LICENSE"), "--disk-latency", "x"), 101, "multiple of 512"),
        (("hello", "--disk-latency", "x"), 2, "add --disk"),
        (("hello", "--read-only"), 2, "add --disk"),
        (("hello", "--input", "/"), 101, "is a directory"),
        (("hello", "--report", "/nowhere/report"), 101, "/nowhere/report"),
        (("hello", "--replay", "/dev/null"), 101, "not a record"),
        (("hello", "--replay", "log.json", "--input", "x"), 2, "both say what the input is; give one of them"),
        (("hello", "-D", "1=2"), 2, "no symbol's name"),
        (("hello", "--unknown"), 2, "unrecognized arguments"),
        ((), 2, "PROGRAM"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(capfd: Capture, words: tuple[str, ...], code: int, message: str) -> None:
    done = call(capfd, "run", *words)
    assert done.code == code
    assert message in done.errors
    assert done.errors.count("\n") == 1


def test_a_source_with_errors_ends_with_100_and_all_of_them(capfd: Capture, source: Path) -> None:
    source.write_text("_start: bogus a0\n addi a0, a0, 100000\n")
    done = call(capfd, "run", str(source))
    assert done.code == 100
    assert "guest.s:1:" in done.errors
    assert "guest.s:2:" in done.errors


def test_an_output_that_nobody_reads_ends_with_101_and_one_line(source: Path) -> None:
    source.write_text("_start: li a0, 'x'\n1: out 0, a0\n j 1b\n")
    command = [sys.executable, "-m", "toyvm", "run", str(source)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(30) == 101
        assert process.stderr.read().count(b"\n") == 1


def test_a_report_that_cannot_be_written_does_not_hide_how_the_guest_ended(capfd: Capture, source: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    source.write_text("_start: .word 0\n")
    done = call(capfd, "run", str(source), "--report", "/dev/full")
    assert done.code == 101
    assert "illegal instruction" in done.errors.splitlines()[0]
    assert "/dev/full: No space left on device" in done.errors.splitlines()[-1]


@pytest.mark.parametrize("words", [("run", "{source}"), ("--help",), ("run", "--help"), ("--version",)])
def test_a_full_disk_ends_with_101_and_one_line(words: tuple[str, ...], source: Path) -> None:
    source.write_text("_start: li a0, 'x'\n1: out 0, a0\n j 1b\n")
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "toyvm", *(word.format(source=source) for word in words)]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False, timeout=30)
    assert (done.returncode, done.stderr.count(b"\n")) == (101, 1)
    assert b"No space left" in done.stderr


def test_ctrl_c_ends_an_endless_loop_with_130(source: Path) -> None:
    source.write_text("_start: li a0, 'x'\n out 0, a0\n1: addi a0, a0, 1\n j 1b\n")
    command = [sys.executable, "-m", "toyvm", "run", str(source)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"x"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith(b"toyvm: interrupted at " + str(source).encode())
    for part in (b"  after ", b" instructions\n", b"  -> ", b"  registers\n", b"  control registers"):
        assert part in errors


def on_a_terminal(source: Path, terminal: int, before: str = "") -> subprocess.Popen[bytes]:
    """The guest in `source`, after statements `before`, with a terminal that is its own and that it has made raw."""
    import termios

    # A session of its own makes the terminal this process's: it is read only from the foreground.
    launch = (
        f"import os, fcntl, termios, sys; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); {before}"
        "from toyvm.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", launch, "run", str(source)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=terminal, stdout=subprocess.PIPE)
    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        time.sleep(0.01)
    return process


def test_a_terminal_is_raw_while_the_guest_has_it_and_restored_after(source: Path) -> None:
    import termios

    source.write_text(ECHO_LIVE)
    controller, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    with on_a_terminal(source, terminal) as process:
        os.write(controller, b"hi\x04")
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, b"hi")
    assert termios.tcgetattr(terminal) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_that_ends_the_run_leaves_the_terminal_as_it_was(source: Path, number: int) -> None:
    import termios

    source.write_text(LOOP)
    _, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    with on_a_terminal(source, terminal) as process:
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert termios.tcgetattr(terminal) == before


def test_what_nohup_has_it_ignore_stays_ignored(source: Path) -> None:
    source.write_text(ECHO_LIVE)
    controller, terminal = pty.openpty()
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    with on_a_terminal(source, terminal, nohup) as process:
        process.send_signal(signal.SIGHUP)
        os.write(controller, b"hi\x04")
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, b"hi")
