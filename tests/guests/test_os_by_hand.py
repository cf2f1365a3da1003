"""The operating system's shell and console as somebody at a terminal has them: keys while others run, jobs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from support.terminal import Terminal

CONTROL_C, CONTROL_Z = "\x03", "\x1a"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """One with the system's shell on it, which waits for a line."""
    with Terminal([sys.executable, "-m", "toyvm", "run", "os"]) as terminal:
        terminal.shows("/ #")
        yield terminal


def waits(terminal: Terminal) -> bool:
    """Is there a prompt, and the cursor behind it?"""
    cursor = terminal.cursor
    return cursor is not None and terminal.rows[cursor[0]] == "/ #" and cursor[1] == 4


@pytest.mark.parametrize("key", [CONTROL_C, CONTROL_Z])
def test_a_key_that_drops_a_line_is_followed_by_a_prompt(terminal: Terminal, key: str) -> None:
    terminal.press("some words")
    terminal.shows("some words")
    terminal.press(key)
    terminal.until(lambda: "some words^" in terminal.text and waits(terminal))


def test_a_wait_is_interrupted(terminal: Terminal) -> None:
    terminal.press("sleep 1000 & wait\r")
    terminal.shows("running")
    terminal.press(CONTROL_C)
    terminal.until(lambda: "^C" in terminal.text and waits(terminal))
    terminal.press("echo status $?\r")
    terminal.shows("status 130")


def test_a_stopped_job_goes_on_behind_and_is_ended_by_its_number(terminal: Terminal) -> None:
    terminal.press("sleep 1000 &\r")
    terminal.press("sleep 2000 | cat\r")
    terminal.shows("2000 | cat")
    terminal.press(CONTROL_Z)
    terminal.shows("[2] stopped        sleep 2000 | cat")
    terminal.press("bg\r")  # what is stopped, not the last one
    terminal.shows("[2] running        sleep 2000 | cat")
    terminal.press("kill %2; wait %2; echo status $?\r")
    terminal.shows("status 143", "[2] terminated     sleep 2000 | cat")


def test_a_stopped_job_that_is_to_end_ends(terminal: Terminal) -> None:
    terminal.press("sleep 1000\r")
    terminal.press("sleep 2000\r")
    terminal.shows("sleep 1000")
    terminal.press(CONTROL_Z)
    terminal.shows("[1] stopped")
    terminal.press("kill %1; wait\r")
    terminal.shows("[1] terminated     sleep 1000")


def test_jobs_say_what_has_become_of_them(terminal: Terminal) -> None:
    terminal.press("sleep 1000 &\r")
    terminal.shows("[1] running")
    terminal.press("kill -STOP %1; sleep 0.01\r")
    terminal.press("jobs; kill %9\r")
    terminal.shows("[1] stopped        sleep 1000", "sh: %9: no such process")


def test_what_greets_and_helps_fits_a_terminals_width(terminal: Terminal) -> None:
    terminal.press("help\r")
    terminal.shows("Ctrl-] leaves the machine.")
    assert max(len(line) for line in terminal.raw.splitlines()) < 80


@pytest.mark.parametrize("key", [CONTROL_C, CONTROL_Z])
def test_the_terminal_is_as_before_where_a_program_could_not_put_it_right(terminal: Terminal, key: str) -> None:
    terminal.press("top\r")
    terminal.shows("q ends")
    terminal.press(f"{key}stty\r")
    terminal.shows("# stty", "echo -raw")


def test_a_program_that_goes_on_has_the_terminal_as_it_was_when_it_stopped(terminal: Terminal) -> None:
    terminal.press("top\r")
    terminal.shows("q ends")
    terminal.press(CONTROL_Z)
    terminal.shows("[1] stopped")
    terminal.press("\x0cfg\r")
    terminal.shows("q ends")
    terminal.press("q")  # without Enter
    terminal.until(lambda: waits(terminal))


def test_top_shows_what_there_is_room_for(terminal: Terminal) -> None:
    terminal.resize(60, 10)
    terminal.press("stress -f 20 1000 &\r")
    terminal.shows("[1] running")
    terminal.press("top\r")
    terminal.until(lambda: "q ends" in terminal.rows[0] and "stress" in terminal.rows[8] and not terminal.rows[9])
    terminal.press("q")


def test_what_is_longer_than_the_screen_is_shown_a_screen_at_a_time(terminal: Terminal) -> None:
    terminal.press("ls -1 /bin /dev | more\r")
    terminal.until(lambda: terminal.rows[0] == "/bin:" and terminal.rows[23] == " more")
    last = terminal.rows[22]
    terminal.press("\r")
    terminal.until(lambda: terminal.rows[21] == last and terminal.rows[23] == " more")
    terminal.press("q")
    terminal.until(lambda: waits(terminal))
