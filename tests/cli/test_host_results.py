"""What a host's run came to: in words for each guest, in its exit code, and what is kept of consoles meanwhile."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support.commands import call
from support.host_files import ECHO, programs_in, written

from toyvm.cli.host.command import _host, _run_commands
from toyvm.cli.host.console import UNSENT, FileInput, KeptOutput, TypedInput
from toyvm.cli.host.control import Command, Control
from toyvm.errors import BadFileError, UsageError
from toyvm.host.host_file import read_host_file
from toyvm.host.scheduler import HostStop

Capture = pytest.CaptureFixture[str]
Making = Callable[..., AbstractContextManager[Control]]
LOOPER, ZERO, THREE = (f"name = '{name}'\nprogram = '{name}.s'" for name in ("loop", "zero", "three"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (programs_in(tmp_path) / "echo.s").write_text(ECHO)
    return tmp_path


@pytest.fixture
def making(folder: Path) -> Making:
    def make(*guests: str) -> AbstractContextManager[Control]:
        path = written(folder, *guests)
        return _host(read_host_file(path), path)

    return make


@pytest.mark.parametrize(("count", "more"), [(9, 0), (10, 0), (11, 1), (13, 3)])
def test_ten_guests_are_explained_and_the_others_counted(capfd: Capture, folder: Path, count: int, more: int) -> None:
    done = call(capfd, "host", str(written(folder, f"program = 'three.s'\nname = 'g'\ncopies = {count}")))
    said = done.errors.splitlines()
    assert done.code == 3
    assert len([line for line in said if line.startswith("toyvm: guest g-")]) == count - more
    assert said[-1].startswith(f"toyvm: and {more} guests more" if more else "toyvm: guest g-")


@pytest.mark.parametrize(
    ("guests", "words", "code"),
    [
        ((ZERO, ZERO.replace("zero'\n", "other'\n")), (), 0),
        ((ZERO, THREE, LOOPER + "\nmax-instructions = 9"), (), 3),
        ((LOOPER + "\nmax-instructions = 9", THREE), (), 103),
        ((LOOPER + "\npaused = true", THREE), (), 104),
        ((LOOPER,), ("--max-instructions", "1000"), 103),
        ((LOOPER, THREE), ("--timeout", "0.01"), 103),
    ],
)
def test_the_exit_code_is_that_of_what_ended_the_run_or_of_the_first_guest_that_did_not_end_well(
    capfd: Capture, folder: Path, guests: tuple[str, ...], words: tuple[str, ...], code: int
) -> None:
    assert call(capfd, "host", str(written(folder, *guests)), *words).code == code


def test_each_guest_that_did_not_end_by_itself_says_what_it_was_up_to(capfd: Capture, folder: Path) -> None:
    console = "name = 'echo'\nprogram = 'echo.s'\ninput = 'console'"
    (folder / "commands").write_text("at 5000 stop other\n")
    other = LOOPER.replace("loop'\n", "other'\n", 1)
    path = written(folder, LOOPER, LOOPER.replace("loop'\n", "held'\n", 1) + "\npaused = true", console, other, ZERO)
    done = call(capfd, "host", str(path), "--max-instructions", "900000", "--commands", str(folder / "commands"))
    said = [line.removeprefix("toyvm: guest ") for line in done.errors.splitlines()]
    assert said[:2] == ["loop: ready when the run ended", "held: paused when the run ended"]
    assert not any(line.startswith(("other:", "zero:")) for line in said)
    states = {line.split()[0]: line.split()[2] for line in done.output.splitlines()[1:6]}
    assert states["loop"] == "ready"
    assert (states["held"], states["other"], states["zero"]) == ("paused", "stopped", "exit")


# Commands.


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", None),
        ("   \t", None),
        ("# pause loop", None),
        ("quit", Command(None, "quit", "")),
        ("at 2e3 quit", Command(2000, "quit", "")),
        ("pause all", Command(None, "pause", "all")),
        ("  at 0 \t stop  loop", Command(0, "stop", "loop")),
        ("send echo  two  words \r\n", Command(None, "send", "echo", " two  words ")),
        ("send all x", Command(None, "send", "all", "x")),
        ("share loop 7", Command(None, "share", "loop", "7")),
        ("cap loop 0x10", Command(None, "cap", "loop", "0x10")),
    ],
)
def test_a_command_says_when_what_and_to_whom(making: Making, line: str, command: Command | None) -> None:
    with making(LOOPER, "name = 'echo'\nprogram = 'echo.s'\ninput = 'console'") as control:
        assert control.parse(line) == command


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("at", "at takes a count of ticks, and a command"),
        ("at 5", "at takes a count of ticks, and a command"),
        ("at 5 at 6 quit", "at stands once in a command"),
        ("at x quit", "at"),
        ("pauze loop", "no command 'pauze'; did you mean pause"),
        ("pause", "pause takes a guest's name, or all"),
        ("pause nobody", "no guest 'nobody'"),
        ("pause loop now", "pause loop: 'now' has no meaning here"),
        ("share loop", "share loop: a share has to follow"),
        ("share loop 0", "share of 0 is out of range"),
        ("cap loop 101", "cap of 101% is out of range"),
        ("send loop", "send loop: a line has to follow"),
    ],
)
def test_a_command_that_is_none_says_why(making: Making, line: str, message: str) -> None:
    with making(LOOPER) as control, pytest.raises(UsageError) as raised:
        control.parse(line)
    assert message in str(raised.value)


def test_lines_of_commands_are_counted_with_all_lines_and_stand_in_their_order(making: Making) -> None:
    with making(LOOPER) as control:
        commands = control.parse_all(["# first", "at 5 quit", "pause loop", "at 5 quit", ""], "file")
        assert [command.at for command in commands] == [5, None, 5]
        with pytest.raises(BadFileError, match="file:3: at 4 comes after at 5"):
            control.parse_all(["at 5 quit", "", "at 4 quit"], "file")
        with pytest.raises(BadFileError, match="file:2: no command"):
            control.parse_all(["", "nothing"], "file")


def test_a_command_for_all_is_done_to_each_that_has_not_ended_and_shown_of_those_that_have(making: Making) -> None:
    shown: list[bytes] = []
    with making(LOOPER, ZERO) as control:
        control.show = shown.append
        loop, zero = control.host.guests
        control.host.run(300_000)
        zero_over = zero.seat.over
        control.do(Command(None, "pause", "all"))
        control.do(Command(None, "show", "all"))
        assert (zero_over, str(loop.condition), str(zero.condition)) == (True, "paused", "ended")
        assert shown == [b"", b"x"]
        control.do(Command(None, "resume", "loop"))
        control.do(Command(None, "share", "loop", "0x20"))
        control.do(Command(None, "cap", "loop", "9"))
        assert (str(loop.condition), loop.share, loop.cap) == ("ready", 32, 9)
        assert not control.quitting
        control.do(Command(None, "quit", ""))
        control.do(Command(None, "stop", "loop"))
        assert control.quitting, "and it stays so"
        assert str(loop.condition) == "stopped"


@pytest.mark.parametrize(
    ("at", "ticks", "clock", "stop"),
    [
        (3_000, 5_000, 5_000, HostStop.LIMIT),
        (5_000, 5_000, 5_000, HostStop.LIMIT),
        (5_001, 5_000, 5_000, HostStop.LIMIT),
        (3_000, None, 3_000, HostStop.DONE),
    ],
)
def test_a_command_at_the_very_limit_is_done_and_one_behind_it_is_not(
    making: Making, at: int, ticks: int | None, clock: int, stop: HostStop
) -> None:
    with making(LOOPER) as control:
        (loop,) = control.host.guests
        command = Command(at, "stop" if ticks is None else "share", "loop", "7")
        assert _run_commands(control, [command], ticks, float("inf")) is stop
        assert control.host.clock == clock
        assert (loop.share == 7) == (ticks is not None and at <= ticks)


def test_after_the_last_command_nobody_types(making: Making) -> None:
    with making("name = 'echo'\nprogram = 'echo.s'\ninput = 'console'") as control:
        assert _run_commands(control, [Command(None, "send", "echo", "hi")], None, float("inf")) is HostStop.DONE
        assert control.outputs["echo"].kept == b"hi\n"


def test_a_guest_fails_for_the_first_reason_and_nobody_else_does(making: Making) -> None:
    with making(LOOPER, ZERO) as control:
        control.fail("loop", "first")
        control.fail("loop", "second")
        assert control.problems == {"loop": "first"}
        assert [str(guest.condition) for guest in control.host.guests] == ["stopped", "ready"]


# Consoles.


def test_what_a_pipe_does_not_take_is_offered_again_and_more_than_so_much_makes_its_guest_wait() -> None:
    class Pipe(io.RawIOBase):
        room = 10
        taken = b""

        def write(self, data: object) -> int | None:
            part = bytes(data)[: self.room]  # type: ignore[call-overload]
            self.taken += part
            self.room -= len(part)
            return len(part) or None

    pipe = Pipe()
    output = KeptOutput(pipe)
    output.write(b"0123456789abc")
    assert (pipe.taken, output.unsent, output.is_behind) == (b"0123456789", 3, False)
    output.write(bytes(UNSENT - 3))
    assert (output.unsent, output.is_behind) == (UNSENT, False)
    output.write(b"!")
    assert (output.unsent, output.is_behind) == (UNSENT + 1, True)
    pipe.room = 1
    assert (output.is_behind, output.unsent, pipe.taken[-1:]) == (False, UNSENT, b"a")
    pipe.room = UNSENT
    assert (output.unsent, pipe.taken) == (0, b"0123456789abc" + bytes(UNSENT - 3) + b"!")


def test_an_output_that_fails_is_told_once_and_is_written_no_more() -> None:
    class Full(io.RawIOBase):
        calls = 0

        def write(self, data: object) -> int:
            self.calls += 1
            raise OSError(errno.ENOSPC, "full")

    told: list[OSError] = []
    file = Full()
    output = KeptOutput(file, told.append)
    output.write(b"one")
    output.write(b"two")
    assert (len(told), file.calls, output.unsent, output.is_behind) == (1, 1, 0, False)
    assert output.kept == b"onetwo", "who looks at its console still sees it"


def test_a_regular_file_begins_anew_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with (tmp_path / "file").open("r+b", buffering=0) as file:
        KeptOutput(file).empty()
    assert (tmp_path / "file").read_bytes() == b""
    with open("/dev/null", "wb", buffering=0) as null:
        KeptOutput(null).empty()
    KeptOutput().empty()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", ""),
        (b"one\ntwo", "two"),
        (b"one\n  two \n\n \n", "two"),
        (b"one\n\x1b[31mtwo\n", "\\x1b[31mtwo"),
        (b"\xffx", "\N{REPLACEMENT CHARACTER}x"),
        (b"first\n" + b"y" * 512, "y" * 512),
        (b"first\n" + b"\n" * 512, ""),
    ],
)
def test_the_last_line_that_says_something_is_kept_for_people(data: bytes, line: str) -> None:
    output = KeptOutput()
    output.write(data)
    assert output.last_line == line


def test_an_input_that_fails_is_told_and_brings_nothing(tmp_path: Path) -> None:
    import os

    told: list[OSError] = []
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert FileInput(descriptor, told.append).fetch(10, 0) is None
    finally:
        os.close(descriptor)
    assert [error.errno for error in told] == [errno.EISDIR]


def test_an_input_that_was_ended_before_anything_was_typed_ends_at_once() -> None:
    typed = TypedInput()
    typed.end()
    assert [typed.fetch(4, 0) for _ in range(2)] == [b"", None]
