"""`toyvm host` on a terminal: the live screen, its table, and what is typed to guests and kept of their output."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import ROOT
from support.host_files import ECHO, programs_in, written

from toyvm.cli.host.console import KEPT, KeptOutput, TypedInput
from toyvm.cli.host.table import _COLUMNS, Row, _cell, columns_for, show_bytes, show_count, table
from toyvm.host.accounts import GuestAccount


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return programs_in(tmp_path)


class Terminal:
    """`toyvm host` on a terminal of its own."""

    def __init__(self, *words: str, columns: int = 80, rows: int = 24) -> None:
        import fcntl
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "toyvm", "host", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )
        os.close(slave)
        self.seen = ""

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, pattern: str) -> None:
        """Read until what came since the last call matches."""
        deadline, self.seen = time.monotonic() + 60, ""
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, f"{pattern} never came; there was {self.seen[-2000:]!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:
                    break

    def end(self) -> int:
        code = self.process.wait(60)
        os.close(self._master)
        return code


def test_keys_act_on_the_guest_that_is_chosen(folder: Path) -> None:
    (folder / "echo.s").write_text(ECHO)
    path = written(
        folder,
        "name = 'looper'\nprogram = 'loop.s'",
        "name = 'echoer'\nprogram = 'echo.s'\ninput = 'console'",
    )
    terminal = Terminal(str(path))
    try:
        terminal.until(r"> looper +trap +ready")
        terminal.until(r"got: of the ticks in its own life")
        terminal.press("p")
        terminal.until(r"> looper +trap +paused")
        terminal.press("p+")
        terminal.until(r"> looper +trap +ready +200")
        terminal.press(":share looper 7\r")
        terminal.until(r"> looper +trap +ready +7 ")
        terminal.press(":share looper x\r")
        terminal.until(r"'x' is no whole number")
        terminal.press("j")
        terminal.until(r"> echoer +trap +waiting")
        terminal.press("a")
        terminal.until(r"-- echoer: what you type goes to it; Ctrl-\] goes back --")
        terminal.press("hello\r")
        terminal.until("hello")
        terminal.press("\x1d")
        terminal.until(r"> echoer +trap +waiting")
        terminal.press("ks")
        terminal.until(r"> looper +trap +stopped")
        terminal.press(":end echoer\r")
        terminal.until(r"2 guests: 1 stopped, 1 ended")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()


def test_what_goes_wrong_for_one_guest_is_said_on_the_screen_and_the_others_go_on(folder: Path) -> None:
    path = written(folder, "name = 'full'\nprogram = 'zero.s'\noutput = '/dev/full'", "name = 'on'\nprogram = 'loop.s'")
    terminal = Terminal(str(path))
    try:
        terminal.until(r"guest full: /dev/full: No space left on device")
        terminal.press("j")
        terminal.until(r"> on +trap +ready")
        terminal.press("s")
        terminal.until(r"toyvm: guest full: /dev/full: No space left on device")
        assert terminal.end() == 101
    finally:
        terminal.process.kill()


@pytest.mark.parametrize("way", ["q", "\x03", signal.SIGTERM])
def test_the_screen_is_given_back_whatever_ends_it(folder: Path, way: str | int) -> None:
    terminal = Terminal(str(written(folder, "name = 'looper'\nprogram = 'loop.s'")))
    try:
        terminal.until(r"> looper +trap +ready")
        if isinstance(way, str):
            terminal.press(way)
        else:
            terminal.process.send_signal(way)
        terminal.until(re.escape("\x1b[?25h\x1b[?1049l"))
        assert terminal.end() == (130 if isinstance(way, str) else 128 + way)
    finally:
        terminal.process.kill()


# The table.


def row(**changes: object) -> Row:
    facts = {
        "name": "a-guest-with-a-long-name",
        "technique": "rewrite+adaptive",
        "condition": "ready",
        "share": 1_000_000,
        "cap": 100,
        "share_got": 1.0,
        "instructions": 123_456_789_012_345,
        "seconds": 12_345.678,
        "exits": 999_999_999,
        "memory": 1 << 40,
        "memory_used": (1 << 30) - 1,
        "memory_monitor": 123_456_789,
        **changes,
    }
    return Row(GuestAccount(**facts), "exit 99", 1e9, "the last line of its output, which is long" * 9)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
def test_a_table_is_as_wide_as_there_is_room(width: int) -> None:
    lines = table([row(), row(name="b")], width, "b")
    assert max(map(len, lines)) <= width
    assert lines[2].startswith("> b")
    assert ("last line" in lines[0]) == (width == 200 or "the last" in lines[1])


def test_a_table_has_as_many_columns_as_there_is_room_for_and_each_whole() -> None:
    counts = []
    for width in range(15, 200):
        columns = columns_for(width)
        heading, line = table([row()], width)
        assert heading.startswith("  " + " ".join(_cell(column, column.heading) for column in columns).rstrip())
        assert line.startswith("  " + " ".join(_cell(column, column.text(row())) for column in columns).rstrip())
        counts.append(len(columns))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, len(_COLUMNS))


def test_figures_fit_their_columns() -> None:
    for value in (0, 9, 999, 1_000, 99_999, 999_999, 10**9, 5 * 10**14):
        assert len(show_count(value)) <= 5
        assert len(show_bytes(value)) <= 5
    assert (show_count(1_234_567), show_bytes(16 << 20), show_bytes(1_500_000)) == ("1.2M", "16M", "1.4M")


def test_the_end_of_what_is_typed_comes_once_and_after_all_of_it() -> None:
    typed = TypedInput()
    assert typed.fetch(10, 0) is None
    typed.type(b"abc")
    typed.end()
    typed.type(b"de")
    assert [typed.fetch(4, 0) for _ in range(5)] == [b"abcd", b"e", b"", None, None]


def test_of_a_guest_s_output_the_end_is_kept_and_all_of_it_passed_on() -> None:
    file, heard = io.BytesIO(), []
    output = KeptOutput(file)
    output.listener = heard.append
    parts = [bytes([n % 256]) * 1000 for n in range(100)]
    for part in parts:
        assert output.write(part) == 1000
    assert output.kept == b"".join(parts)[-KEPT:]
    assert file.getvalue() == b"".join(heard) == b"".join(parts)
