"""`toyvm host` on a terminal: what stands on each row, the keys, and the terminal as it is left."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import ROOT
from support.host_files import ECHO, programs_in, written
from support.terminal import JOB_OF_A_SHELL, Terminal, host_on

from toyvm.cli.host.keys import ATTACHED, CLOSES, WATCHING, help_lines, last_line

LOOPER = "name = 'looper'\nprogram = 'loop.s'"
SLEEPER = "name = 'sleeper'\nprogram = 'loop.s'\npaused = true"
ECHOER = "name = 'echoer'\nprogram = 'echo.s'\ninput = 'console'"
# The beginning of a guest that writes its text; behind it, at 2, stands what it does then.
WRITES = """
_start:
    la   t0, text
1:  lbu  t1, 0(t0)
    beqz t1, 2f
    out  0, t1
    addi t0, t0, 1
    j    1b
"""
# One that writes a line again and again, and heeds nobody.
TALKER = f"""{WRITES}
2:  li   t2, 30000
3:  addi t2, t2, -1
    bnez t2, 3b
    j    _start
text: .asciz "a line that is longer than forty columns are wide\\n"
"""
# What writes sequences that would clear the screen, move the cursor and set a title, and a line that it corrects.
DRAWER = f"""{WRITES}
2:  addi a0, a0, 1
    j    2b
text: .asciz "gone\\n\\033[2J\\033[1;1Hred: \\033[31mno\\033[0m\\033]0;title\\007\\n10%\\r20%\\nax\\bb\\tc\\n\\001"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = programs_in(tmp_path)
    for name, text in {"echo": ECHO, "talk": TALKER, "draw": DRAWER}.items():
        (folder / f"{name}.s").write_text(text)
    return folder


def marked(terminal: Terminal) -> list[str]:
    """The rows in reverse, from their first column to their last."""
    reverse = [terminal.looks(number, "reverse") for number in range(len(terminal.rows))]
    assert all(len(set(row)) == 1 for row in reverse)
    return [row for row, looks in zip(terminal.rows, reverse, strict=True) if looks[0]]


def still(terminal: Terminal) -> list[str]:
    """The rows without what changes while every guest stands still."""
    return [re.sub(r"[\d.]+% of [\d.]+ CPU s|, [\d.]+/s", "", row) for row in terminal.rows]


# Rows.


def test_each_row_has_its_place(folder: Path) -> None:
    path = written(folder, LOOPER, SLEEPER, ECHOER, "name = 'ended'\nprogram = 'three.s'")
    with host_on(path) as terminal:
        terminal.shows("> looper       trap       ready", "  ended        trap       exit 3", "waiting")
        rows = terminal.rows
        assert re.match(r"4 guests: 1 ready, 1 waiting, 1 paused, 1 ended; clock ", rows[0])
        assert re.match(r"memory .* used, .* free of .*; monitor: ", rows[1])
        assert rows[3] == "  name         technique  state     share  cap   got instr    /s exits memory"
        assert [row[2:9].strip() for row in rows[4:8]] == ["looper", "sleeper", "echoer", "ended"]
        assert rows[2] == rows[8] == ""
        assert rows[9] == "  console of looper, which has written nothing"
        assert not any(rows[10:23])
        assert rows[23] == "? keys   a attach   p pause   s stop   +- share   : command   q quit"
        assert [row[:8] for row in marked(terminal)] == ["> looper"]
        assert terminal.cursor is None


def test_the_documents_show_the_screen_of_the_town_as_it_is() -> None:
    """Its figures aside, and what its guests are just at."""
    page = (ROOT / "toyvm" / "docs" / "hosts.md").read_text(encoding="utf-8")
    shown = re.search(r"toyvm host town\n```\n\n```\n(.*?)\n```\n", page, re.DOTALL)
    assert shown is not None
    picture = shown[1].split("\n")
    with host_on("town") as terminal:
        terminal.shows("> shell", "  / #")
        rows = terminal.rows
        terminal.press("q")
        assert terminal.end() == 130
    assert len(picture) == len(rows) == 24
    assert picture[3] == rows[3]
    assert [row[:26] for row in picture[4:16]] == [row[:26] for row in rows[4:16]]
    assert [row[35:46] for row in picture[4:8]] == [row[35:46] for row in rows[4:8]], "shares and caps"
    assert [row[:19] for row in picture[16:18]] == [row[:19] for row in rows[16:18]] == ["", "  console of shell"]
    assert picture[23] == rows[23]
    told = re.match(r"at [\d.]+G: (.*)", picture[22])
    assert told is not None
    assert re.search(rf"^at \S+ +{told[1]}$", (ROOT / "guests" / "town.toml").read_text(encoding="utf-8"), re.MULTILINE)
    for row, pattern in (
        (0, r"12 guests: .*; clock .* ticks"),
        (1, r"memory .* used, .* free of .*; monitor: .* CPU s$"),
    ):
        assert re.match(pattern, picture[row])
        assert re.match(pattern, rows[row])


SIZES = [(80, 24), (120, 40), (80, 24), (40, 12), (200, 60), (20, 5), (10, 4), (8, 3), (5, 2), (3, 1), (1, 1), (80, 25)]


def test_rows_are_right_after_any_resize(folder: Path) -> None:
    path = written(folder, *(SLEEPER.replace("sleeper", f"sleeper-{number}") for number in range(12)))
    with host_on(path) as terminal:
        terminal.shows("q quit", " 0     0     0     4K")
        terminal.press("jjjjj")
        seen: dict[tuple[int, int], list[str]] = {}
        for columns, rows in SIZES:
            terminal.resize(columns, rows)
            chosen = "> sleeper-5"[:columns]
            keys = last_line(columns)
            terminal.until(lambda: chosen in terminal.rows[-1 - (rows > 1) :] or chosen in terminal.text)  # noqa: B023
            terminal.until(lambda: rows < 2 or terminal.rows[-1] == keys)  # noqa: B023
            assert len(terminal.rows) == rows
            assert [row[: len(chosen)] for row in marked(terminal)] == [chosen]
            names = re.findall(r"^[> ] (sleeper-\d+)", terminal.text, re.MULTILINE)
            assert names == [f"sleeper-{number}" for number in range(12)] or rows < 24
            assert seen.setdefault((columns, rows), still(terminal)) == still(terminal)
        terminal.press("q")
        assert terminal.end() == 130


def test_what_a_line_of_a_console_is_too_long_for_is_wrapped_anew_at_each_size(folder: Path) -> None:
    with host_on(written(folder, "name = 't'\nprogram = 'talk.s'")) as terminal:
        terminal.shows("console of t", "  a line that is longer than forty columns are wide")
        terminal.press("a")
        line = "a line that is longer than forty columns are wide"
        for columns, rows in ((80, 24), (40, 9), (25, 7), (60, 2), (33, 1), (80, 24)):
            terminal.resize(columns, rows)
            bar = f'{WATCHING}   t: it has no input = "console"'[:columns].rstrip()
            terminal.until(lambda: terminal.rows[-1] == bar)  # noqa: B023
            pieces = {line[start : start + columns].rstrip() for start in range(0, len(line), columns)}
            assert set(terminal.rows[:-1]) <= {*pieces, ""}
            assert marked(terminal) == [bar]


def test_no_sequence_of_a_guest_reaches_the_terminal(folder: Path) -> None:
    with host_on(written(folder, "name = 'd'\nprogram = 'draw.s'")) as terminal:
        terminal.shows("console of d", "  red: no", "  20%", "  ab      c", "  \\x01")
        terminal.press("a")
        terminal.shows(WATCHING)
        assert terminal.rows[:4] == ["red: no", "20%", "ab      c", "\\x01"]
        assert terminal.cursor == (3, 4)
        assert "title" not in terminal.raw
        assert "\x1b[31mno" not in terminal.raw


def test_letters_of_two_columns_keep_the_columns(folder: Path) -> None:
    path = written(folder, "name = '東京'\nprogram = 'loop.s'\npaused = true", SLEEPER)
    with host_on(path, columns=79) as terminal:
        terminal.shows("> 東京", "sleeper", "q quit")
        buffer = terminal.cells(4), terminal.cells(5)
        assert [row[15:25] for row in buffer] == ["trap      "] * 2
        assert [row[26:32] for row in buffer] == ["paused"] * 2
        assert len(marked(terminal)) == 1


# Keys.


def test_keys_act_on_the_guest_that_is_chosen(folder: Path) -> None:
    with host_on(written(folder, LOOPER, ECHOER)) as terminal:
        terminal.shows("> looper       trap       ready")
        terminal.press("p")
        terminal.shows("> looper       trap       paused", "pause looper")
        terminal.press("p+")
        terminal.shows("> looper       trap       ready       200")
        terminal.press(":share looper 7")
        terminal.shows(":share looper 7_   (pause resume stop share cap balloon send end show)")
        terminal.press("\r")
        terminal.shows("> looper       trap       ready         7")
        terminal.press(":share looper x\r")
        terminal.shows("share: 'x' is no whole number")
        terminal.press("j")
        terminal.shows("> echoer       trap       waiting")
        terminal.press(":end echoer\rks")
        terminal.until(lambda: "\x1b[?1049l" in terminal.raw)
        assert terminal.end() == 0
        assert "2 guests: 1 stopped, 1 ended" in terminal.raw


def test_a_question_mark_shows_the_keys_and_any_key_goes_on(folder: Path) -> None:
    with host_on(written(folder, LOOPER)) as terminal:
        terminal.shows("> looper", "? keys")
        for key in ("q", "\x1b[A", "?"):
            terminal.press("?")
            terminal.shows(CLOSES)
            assert terminal.rows == [*help_lines(), *[""] * (23 - len(help_lines())), CLOSES]
            terminal.resize(60, 10)
            terminal.until(lambda: terminal.rows[-1:] == [CLOSES] and len(terminal.rows) == 10)
            terminal.press(key)
            terminal.shows("> looper", "? keys")
            terminal.resize(80, 24)
        assert max(map(len, help_lines())) < 80
        terminal.press("q")
        assert terminal.end() == 130


def test_the_operating_system_has_a_disk_and_all_keys_but_the_way_back(tmp_path: Path) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text("[[guest]]\nname = 'os'\nprogram = 'os'\nmemory = '4M'\ninput = 'console'\n")
    with host_on(path) as terminal:
        terminal.shows("console of os", "  / #")
        terminal.press("a")
        terminal.shows(ATTACHED)
        terminal.press("sleep 1000\r\x03echo one; cat\rtwo\r\x04echo three\r")
        terminal.shows("\none\n", "\ntwo\n", "\nthree\n")
        terminal.press("shutdown\r")
        terminal.until(lambda: terminal.rows[-1] == f"{ATTACHED}   os: exit 0")
        terminal.press("\x1d")
        assert terminal.end() == 0


def test_the_way_back_is_in_sight_while_attached_and_all_keys_go_to_the_guest(folder: Path) -> None:
    with host_on(written(folder, ECHOER, LOOPER), rows=10) as terminal:
        terminal.shows("> echoer       trap       waiting")
        terminal.press("a")
        bar = f"{ATTACHED}   echoer: what you type goes to it"
        terminal.until(lambda: terminal.rows[-1] == bar)
        terminal.press("one\r\x03\x1a\x1c\x13\x11\x0c\x1b[A\r")
        terminal.shows("one", r"\x03\x1a\x1c\x13\x11\x0c")
        terminal.press("".join(f"{number}\r" for number in range(50)))
        terminal.until(lambda: terminal.rows == [*map(str, range(42, 50)), "", bar])
        assert marked(terminal) == [bar]
        assert terminal.cursor == (8, 0)
        terminal.press("last")
        terminal.until(lambda: terminal.rows[8:] == ["last", bar] and terminal.cursor == (8, 4))
        terminal.press("\x1djp\x03")
        assert terminal.end() == 130
        assert terminal.is_whole


def test_who_is_attached_sees_how_the_guest_ends_and_goes_back_by_the_same_way(folder: Path) -> None:
    with host_on(written(folder, ECHOER, SLEEPER)) as terminal:
        terminal.shows("> echoer       trap       waiting")
        terminal.press("\r")
        terminal.shows(f"{ATTACHED}   echoer: ")
        terminal.press("bye\r\x04")
        terminal.until(lambda: terminal.rows[-1] == f"{ATTACHED}   echoer: exit 0")
        terminal.press("q")
        terminal.press("\x1d:show sleeper\ra")
        terminal.until(lambda: terminal.rows[-1] == f'{WATCHING}   sleeper, paused: it has no input = "console"')
        terminal.press("q")
        terminal.shows("> sleeper")
        terminal.press(":show all\r")
        terminal.shows("show takes one guest here")
        terminal.press("s")
        assert terminal.end() == 0


def test_commands_of_the_host_file_are_done_at_their_time_and_told(folder: Path) -> None:
    commands = "commands = '''\nat 1e6 resume sleeper\nat 2e6 send echoer hello\nat 3e6 stop sleeper\nshare no 7'''"
    with host_on(written(folder, LOOPER, SLEEPER, ECHOER, host=commands), columns=200) as terminal:
        assert terminal.end() == 101
        assert terminal.rows[0].endswith("hosts.toml: commands:4: no guest 'no'")
    commands = commands.replace("share no", "share echoer")
    with host_on(written(folder, LOOPER, SLEEPER, ECHOER, host=commands)) as terminal:
        terminal.shows("sleeper      trap       stopped", "echoer       trap       waiting       7")
        assert re.search(r"^at 3.*M: share echoer 7$", terminal.text, re.MULTILINE)
        terminal.press("jj")
        terminal.shows("console of echoer", "  hello")


def test_what_goes_wrong_for_one_guest_is_said_on_the_screen_and_the_others_go_on(folder: Path) -> None:
    path = written(folder, "name = 'full'\nprogram = 'zero.s'\noutput = '/dev/full'", LOOPER)
    with host_on(path) as terminal:
        terminal.shows("guest full: /dev/full: No space left on device")
        terminal.press("j")
        terminal.shows("> looper       trap       ready")
        terminal.press("s")
        assert terminal.end() == 101
        assert "toyvm: guest full: /dev/full: No space left on device" in terminal.raw


def test_a_guest_that_ended_badly_is_seen_to(folder: Path) -> None:
    (folder / "fault.s").write_text("_start: li t0, -16\n jr t0\n")
    with host_on(written(folder, LOOPER, "name = 'f'\nprogram = 'fault.s'")) as terminal:
        terminal.shows("  f            trap       fault")
        assert set(terminal.looks(5, "fg")[:60]) == {"red"}
        assert set(terminal.looks(4, "fg")) == {"default"}


# The terminal is left as it was.

WAYS = ["q", "\x03", "\x03\x03", "\x1c", signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.mark.slow
@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_the_terminal_is_given_back_whole_whatever_ends_it(folder: Path, way: str | int, attached: bool) -> None:
    with host_on(written(folder, LOOPER)) as terminal:
        terminal.shows("> looper       trap       ready")
        if attached and isinstance(way, int):
            terminal.press("a")
            terminal.shows(WATCHING)
        if isinstance(way, str):
            terminal.press(way)
        else:
            terminal.process.send_signal(way)
        ends = {"\x1c": 128 + signal.SIGQUIT, signal.SIGTERM: 128 + signal.SIGTERM, signal.SIGHUP: 128 + signal.SIGHUP}
        assert terminal.end() == ends.get(way, 130)
        assert terminal.is_whole


def test_who_quits_is_not_told_that_guests_have_not_ended(folder: Path) -> None:
    with host_on(written(folder, LOOPER, "name = 'three'\nprogram = 'three.s'")) as terminal:
        terminal.shows("three        trap       exit 3")
        terminal.press("q")
        assert terminal.end() == 130
        assert re.findall(r"toyvm: .*", terminal.raw) == [
            "toyvm: guest three: the guest switched itself off with exit code 3\r"
        ]


def test_signals_that_come_in_a_crowd_leave_it_whole_too(folder: Path) -> None:
    with host_on(written(folder, LOOPER)) as terminal:
        terminal.shows("> looper       trap       ready")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGINT):
            terminal.process.send_signal(number)
        terminal.end()
        assert terminal.is_whole


@pytest.fixture
def job(folder: Path) -> Iterator[Terminal]:
    """`toyvm host` as the job of a shell, with a guest that loops and one that repeats what it is told."""
    path = written(folder, LOOPER, ECHOER)
    with Terminal([*JOB_OF_A_SHELL, sys.executable, "-m", "toyvm", "host", str(path)]) as terminal:
        terminal.shows("> looper       trap       ready")
        yield terminal


def process_of(job: Terminal) -> int:
    """The host's, whose parent is the shell."""
    shell = job.process.pid
    return int(Path(f"/proc/{shell}/task/{shell}/children").read_text())


@pytest.mark.parametrize("way", ["Ctrl-Z", "SIGTSTP"])
def test_a_suspended_host_gives_the_terminal_back_and_draws_all_of_it_anew(job: Terminal, way: str) -> None:
    for _ in range(2):
        if way == "Ctrl-Z":
            job.press("\x1a")
        else:
            os.kill(process_of(job), signal.SIGTSTP)
        job.shows(f"stopped {int(signal.SIGTSTP)} whole")
        assert job.raw.rindex("\x1b[?1049l") > job.raw.rindex("\x1b[?1049h")
        job.press("fg\r")
        job.until(lambda: "stopped" not in job.text and job.rows[-1].startswith("? keys"))
        assert job.rows[4].startswith("> looper       trap       ready")
        assert job.cursor is None
    job.press("jap\r")
    job.shows(ATTACHED)
    job.until(lambda: job.rows[0] == "p")
    job.press("\x1d\x03")
    assert job.end() == 130
    assert job.is_whole


def test_one_that_goes_on_in_the_background_waits_to_be_in_front(job: Terminal) -> None:
    job.press("\x1a")
    job.shows(f"stopped {int(signal.SIGTSTP)} whole")
    job.press("bg\r")
    job.shows(f"stopped {int(signal.SIGTTOU)} whole")
    job.press("fg\r")
    job.until(lambda: "stopped" not in job.text and job.rows[-1].startswith("? keys"))
    job.press("q")
    assert job.end() == 130
    assert job.is_whole


def test_a_suspended_one_that_is_to_end_does_and_leaves_the_terminal_to_the_shell(job: Terminal) -> None:
    job.press("\x1a")
    job.shows(f"stopped {int(signal.SIGTSTP)} whole")
    before = job.raw
    job.press("kill\r")
    assert job.end() == 128 + signal.SIGTERM
    assert "\x1b" not in job.raw.removeprefix(before)
    assert job.is_whole


def test_one_that_was_stopped_by_force_draws_all_of_it_anew(job: Terminal) -> None:
    os.kill(process_of(job), signal.SIGSTOP)
    job.shows(f"stopped {int(signal.SIGSTOP)} ")
    job.press("fg\r")
    job.until(lambda: "stopped" not in job.text and job.rows[-1].startswith("? keys"))
    job.press("q")
    assert job.end() == 130
    assert job.is_whole
