"""The live screen key by key: what each draws and does. No time passes for the guests meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

import pytest
from support.host_files import ECHO, programs_in, written

from toyvm.cli.host import screen
from toyvm.cli.host.columns import fitted
from toyvm.cli.host.command import _host
from toyvm.cli.host.control import Control
from toyvm.cli.host.display import Line, Style
from toyvm.cli.host.screen import Screen
from toyvm.host.host_file import read_host_file
from toyvm.host.scheduler import HostStop
from toyvm.host.stride import MAXIMUM_SHARE

Making = Callable[..., AbstractContextManager[Control]]
LOOPER, ECHOER = "name = 'looper'\nprogram = 'loop.s'", "name = 'echoer'\nprogram = 'echo.s'\ninput = 'console'"
Shown = Callable[..., list[list[Line]]]
KEYS = "? keys   a attach   p pause   s stop   +- share   : command   q quit"
ZERO = "name = 'zero'\nprogram = 'zero.s'"


@pytest.fixture
def making(tmp_path: Path) -> Making:
    (programs_in(tmp_path) / "echo.s").write_text(ECHO)

    def make(*guests: str) -> AbstractContextManager[Control]:
        path = written(tmp_path, *guests)
        return _host(read_host_file(path), path)

    return make


class FakeDisplay:
    """One key after the other, and what was drawn after each; then the terminal goes away."""

    ending = None
    is_resized = False

    def __init__(self, size: tuple[int, int], keys: Iterable[bytes | Callable[[], None]]) -> None:
        self.size = size
        self.seen: list[list[Line]] = []
        self.told: list[object] = []  # what was asked of it besides drawing
        self._keys: Iterator[bytes | Callable[[], None] | None] = iter((None, *keys))
        self._drawn: list[Line] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tend(self) -> bool:
        return False

    def keys(self, wait: float) -> bytes | None:
        self.seen.append(self._drawn)
        key = next(self._keys, b"")
        return key() if callable(key) else key

    def draw(self, lines: list[Line], size: tuple[int, int], cursor: tuple[int, int] | None = None) -> None:
        assert size == self.size
        self._drawn = [(fitted(text, size[0]), style) for text, style in lines]

    def give_signals(self, signals: bool) -> None:
        self.told.append(signals)

    def suspend(self) -> None:
        self.told.append("suspend")

    def forget(self) -> None:
        self.told.append("forget")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What stood on the terminal at first, and after each key; a function among them is called in place of a key."""

    def show(
        control: Control,
        *keys: bytes | Callable[[], None],
        width: int = 80,
        height: int = 24,
        told: list[object] | None = None,
    ) -> list[list[Line]]:
        display = FakeDisplay((width, height), keys)
        monkeypatch.setattr(screen, "Display", lambda wake: display)
        monkeypatch.setattr(screen, "_PROMPT", 0)
        monkeypatch.setattr(screen, "_REFRESH", 0)
        assert Screen(control, ()).run() is HostStop.INTERRUPTED
        if told is not None:
            told += display.told
        return display.seen[1:]

    return show


def text_of(frame: list[Line]) -> list[str]:
    return [text for text, _ in frame]


def marked(frame: list[Line]) -> str:
    """The guest that has the mark."""
    (line,) = (line for line in text_of(frame) if line.startswith("> "))
    return line.split()[1]


def bottom(frame: list[Line]) -> str:
    """The line of commands and messages."""
    return frame[-2][0]


@pytest.mark.parametrize(("up", "down"), [(b"k", b"j"), (b"\x1b[A", b"\x1b[B"), (b"\x1bOA", b"\x1bOB")])
def test_the_mark_moves_by_one_and_stays_at_both_ends(making: Making, shown: Shown, up: bytes, down: bytes) -> None:
    with making("program = 'loop.s'\nname = 'g'\ncopies = 3") as control:
        frames = shown(control, down, down, down, up, up, up, down)
        assert [marked(frame)[-1] for frame in frames] == list("12332112")


def test_a_table_with_too_little_room_shows_the_rows_around_the_mark(making: Making, shown: Shown) -> None:
    """Its own lines are five: two of summary, a heading, messages and keys."""
    with making("program = 'loop.s'\nname = 'g'\ncopies = 5") as control:
        frames = shown(control, *[b"j"] * 4, *[b"k"] * 4, height=8)
        rows = [re.findall(r"^[> ] g-(\d)", "\n".join(text_of(frame)), re.MULTILINE) for frame in frames]
        assert ["".join(row) for row in rows] == ["123", "123", "123", "234", "345", "345", "345", "234", "123"]
        assert bottom(frames[0]) == "guests 1 to 3 of 5"
        assert bottom(frames[4]) == "guests 3 to 5 of 5"
        assert all(len(frame) == 8 for frame in frames)
    with making("program = 'loop.s'\nname = 'g'\ncopies = 5") as control:
        (frame,) = shown(control, height=10)
        assert (len(frame), bottom(frame)) == (10, "")


def test_pages_go_further(making: Making, shown: Shown) -> None:
    with making("program = 'loop.s'\nname = 'g'\ncopies = 25") as control:
        down, up = b"\x1b[6~", b"\x1b[5~"
        frames = shown(control, down, down, down, up, up + b"j" + up)
        assert [marked(frame) for frame in frames] == ["g-1", "g-11", "g-21", "g-25", "g-15", "g-1"]


@pytest.mark.parametrize("height", [1, 3, 7])
def test_no_more_lines_are_drawn_than_there_are(making: Making, shown: Shown, height: int) -> None:
    with making(LOOPER, ZERO) as control:
        assert len(text_of(shown(control, height=height)[0])) == height


@pytest.mark.parametrize("width", [20, 79, 80, 100])
def test_no_line_is_longer_than_the_screen_is_wide(making: Making, shown: Shown, width: int) -> None:
    with making(LOOPER) as control:
        for frame in shown(control, b":", b"x" * 200, b"\r", width=width):
            assert max(map(len, text_of(frame))) <= width


@pytest.mark.parametrize(("width", "last"), [(68, "q quit"), (67, ": command"), (80, "q quit")])
def test_the_line_of_keys_has_those_that_there_is_room_for(making: Making, shown: Shown, width: int, last: str) -> None:
    with making(LOOPER) as control:
        line = text_of(shown(control, width=width)[0])[-1]
        assert line.startswith("? keys   a attach")
        assert line.endswith(last)


def test_keys_for_the_terminal_are_told_to_it(making: Making, shown: Shown) -> None:
    with making(LOOPER, ECHOER) as control:
        told: list[object] = []
        frames = shown(control, b"\x0c", b"\x1a", b"ja", b"\x0c\x1a\x03", b"\x1d", b"\x03", told=told)
        assert told == ["forget", "suspend", False, True]
        assert len(frames) == 6, "and Ctrl-C, which came when it was no signal yet, quits"
        assert control.inputs["echoer"].fetch(9, 0) == b"\x0c\x1a\x03"


def test_p_pauses_and_resumes_and_s_stops_the_guest_with_the_mark_alone(making: Making, shown: Shown) -> None:
    with making(LOOPER, ZERO) as control:
        looper, zero = control.host.guests
        states: list[tuple[str, str]] = []

        def look() -> None:
            states.append((str(looper.condition), str(zero.condition)))

        frames = shown(control, b"j", b"p", look, b"p", look, b"s", look, b"p")
        assert states == [("ready", "paused"), ("ready", "ready"), ("ready", "stopped")]
        assert [bottom(frame) for frame in frames[2:7:2]] == ["pause zero", "resume zero", "stop zero"]
        assert bottom(frames[-1]) == "guest zero has ended; there is nothing to pause"


@pytest.mark.parametrize(
    ("share", "keys", "then"),
    [(100, b"+", 200), (100, b"-", 50), (7, b"-", 3), (1, b"-", 1), (MAXIMUM_SHARE, b"+", MAXIMUM_SHARE)],
)
def test_plus_and_minus_double_and_halve_the_share_within_its_bounds(
    making: Making, shown: Shown, share: int, keys: bytes, then: int
) -> None:
    with making(LOOPER, f"name = 'it'\nprogram = 'loop.s'\nshare = {share}") as control:
        frames = shown(control, b"j", keys)
        assert [guest.share for guest in control.host.guests] == [100, then]
        assert bottom(frames[-1]) == f"share it {then}"


def test_a_command_is_edited_and_done_or_left(making: Making, shown: Shown) -> None:
    with making(LOOPER, ZERO) as control:
        looper = control.host.guests[0]
        shares: list[int] = []
        frames = shown(
            control,
            *(b":", b"share looper 99", b"\x7f", b"\x08", b"5", b"\r", lambda: shares.append(looper.share)),
            *(b":share looper 6", b"\x1b", lambda: shares.append(looper.share)),
            *(b":share looper 7", b"\x04", lambda: shares.append(looper.share)),
            *(b":share looper 8\n", lambda: shares.append(looper.share)),
        )
        assert shares == [5, 5, 5, 8]
        assert [bottom(frame).split("   ")[0] for frame in frames[1:8]] == [
            *(":_", ":share looper 99_", ":share looper 9_", ":share looper _", ":share looper 5_"),
            *("share looper 5",) * 2,
        ]
        assert bottom(frames[9]) == "", "it is left"


def test_what_is_typed_into_a_command_is_text_and_no_key(making: Making, shown: Shown) -> None:
    """Of several bytes, too; what cannot be printed, as other keys' sequences, is not there."""
    with making(LOOPER) as control:
        frames = shown(control, ":qsé漢".encode(), b"\x1b[C", b"\x01", b"\r")
        assert [bottom(frame).split("   ")[0] for frame in frames[1:4]] == [":qsé漢_"] * 3
        assert bottom(frames[-1]).startswith("no command 'qsé漢'")
        assert not control.host.guests[0].seat.over


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"at 5 pause looper", "at is for files of commands; here a command is done at once"),
        (b"pause nobody", "no guest 'nobody'"),
        (b"send looper x", "guest looper has no console to type at"),
        (b"", ""),
        (b"# nothing", ""),
    ],
)
def test_what_becomes_of_a_command_is_said(making: Making, shown: Shown, line: bytes, message: str) -> None:
    with making(LOOPER) as control:
        assert bottom(shown(control, b":" + line + b"\r")[-1])[:60].startswith(message[:60])
        assert str(control.host.guests[0].condition) == "ready"


@pytest.mark.parametrize("keys", [b"q", b":quit\r"])
def test_quitting_ends_no_guest(making: Making, shown: Shown, keys: bytes) -> None:
    with making(LOOPER) as control:
        assert len(shown(control, keys)) == 1, "nothing is drawn any more"
        assert control.quitting
        assert not control.host.guests[0].seat.over


@pytest.mark.parametrize("key", [b"x", b"\x1b[C", b"\x00", b"\xff", b"\xc3\xa9"])
def test_other_keys_do_nothing(making: Making, shown: Shown, key: bytes) -> None:
    with making(LOOPER, ZERO) as control:
        _, before, after = shown(control, lambda: None, key)
        assert before == after


def test_rates_are_those_since_the_last_drawing(making: Making, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(screen, "monotonic", lambda: now[0])
    with making(LOOPER, "name = 'other'\nprogram = 'loop.s'") as control:
        other = control.host.guests[1]

        def later(seconds: float, ticks: int) -> Callable[[], None]:
            def act() -> None:
                now[0] += seconds
                control.host.run(ticks)

            return act

        control.host.run(200_000)
        frames = shown(control, later(2, 400_000), other.pause, later(4, 1_000_000), width=120)
        assert [text_of(frame)[0].partition(" ticks")[2] for frame in frames] == ["", *[", 200K/s"] * 2, ", 250K/s"]
        column = text_of(frames[0])[3].index("/s") + 2
        rates = [[line[:column].split()[-1] for line in text_of(frame)[4:6]] for frame in frames]
        assert rates == [["-", "-"], ["100K", "100K"], ["100K", "100K"], ["250K", "0"]]


# Attached: the guest has the screen.


def test_who_is_attached_to_sees_what_a_guest_wrote_and_writes_and_types_to_it(making: Making, shown: Shown) -> None:
    with making(LOOPER, ECHOER) as control:
        output, typed = control.outputs["echoer"], control.inputs["echoer"]
        output.write(b"before ")
        got: list[bytes | None] = []
        frames = shown(
            control,
            *(b"j", b"a", lambda: output.write(b"while ") and None, b"a\rb\nk"),
            *(lambda: got.append(typed.fetch(100, 0)), b"c\x04d", b"\x1dk", lambda: output.write(b"after ") and None),
        )
        got += [typed.fetch(100, 0) for _ in range(3)]
        bar = ("Ctrl-] goes back   echoer: what you type goes to it", Style.MARKED)
        assert [frame[-1] for frame in frames[2:7]] == [bar] * 5
        assert [frame[0][0] for frame in frames[2:7]] == ["before ", *["before while "] * 4]
        assert got == [b"a\nb\nk", b"c", b"", None]
        assert marked(frames[7]) == "looper", "what comes after Ctrl-] is for the table"
        assert "after" not in "".join(text_of(frames[8]))


def test_who_is_attached_to_a_guest_without_a_console_goes_back_by_any_key(making: Making, shown: Shown) -> None:
    with making(LOOPER) as control:
        frames = shown(control, b"\r", b"sq", b"p", b"a", b"\x03")
        bars = [frame[-1][0] for frame in frames]
        assert bars[1] == 'any key goes back   looper: it has no input = "console"'
        assert bars[4] == 'any key goes back   looper, paused: it has no input = "console"'
        assert [marked(frame) for frame in (frames[2], frames[5])] == ["looper"] * 2
        assert str(control.host.guests[0].condition) == "paused", "the key that goes back does nothing else"


def test_the_end_of_a_guest_that_has_the_screen_is_told(making: Making, shown: Shown) -> None:
    with making(LOOPER, ZERO, ECHOER) as control:
        _, zero, echoer = control.host.guests
        frames = shown(control, b"ja", zero.stop, b"\x1d", b"ja", echoer.stop, b"sq", b"\x1dk")
        assert [frame[-1][0].removesuffix(KEYS) for frame in frames[1:]] == [
            'any key goes back   zero: it has no input = "console"',
            "any key goes back   zero: stopped",
            "",
            "Ctrl-] goes back   echoer: what you type goes to it",
            *["Ctrl-] goes back   echoer: stopped"] * 2,
            "",
        ]
        assert marked(frames[-1]) == "zero"


def test_the_screen_ends_when_all_guests_have_but_not_while_one_has_it(making: Making, shown: Shown) -> None:
    with making(LOOPER, ZERO) as control:
        looper, zero = control.host.guests
        with pytest.raises(AssertionError, match=r"HostStop\.DONE"):
            shown(control, b"a", looper.stop, zero.stop, lambda: None, b"\x1d", lambda: pytest.fail("it goes on"))
