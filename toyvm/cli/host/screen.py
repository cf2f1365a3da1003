"""The live screen of a running host: its guests in a table that is drawn in place, and keys that act on them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from toyvm.cli.host.control import VERBS, Control
from toyvm.cli.host.table import LEGEND, Row, summary, table
from toyvm.cli.terminal import TerminalInput, keys_unbuffered
from toyvm.errors import UsageError
from toyvm.host.accounts import HostAccount
from toyvm.host.guest import Guest
from toyvm.host.scheduler import Condition, HostStop
from toyvm.host.stride import MAXIMUM_SHARE
from toyvm.printable import printable

_REFRESH = 0.25  # seconds from a drawing to the next
_PROMPT = 0.02  # seconds in which a key is answered
DETACH = b"\x1d"  # Ctrl-]
_ENTER_SCREEN, _LEAVE_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_TOP, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_KEYS = "up/down choose   p pause or resume   s stop   +/- share   a attach   : command   q quit"
_KEYS_NARROW = "arrows choose  p pause/resume  s stop  +/- share  a attach  : command  q quit"
_KEY = re.compile(rb"\x1b[\[O][A-D]|[\xc0-\xff][\x80-\xbf]*|.", re.DOTALL)
_SEQUENCES = {b"\x1b[A": "k", b"\x1b[B": "j", b"\x1bOA": "k", b"\x1bOB": "j", b"\r": "a", b"\n": "a"}


class KeyInput(TerminalInput):
    """Keys as they are pressed, Ctrl-D among them; empty once the terminal has gone away."""

    def fetch(self, size: int, wait: float) -> bytes | None:
        return self._keys(size, wait)


def state_of(guest: Guest) -> str:
    """A guest's condition, or how it ended, in at most 9 characters."""
    outcome = guest.outcome
    if guest.condition is not Condition.ENDED or outcome is None:
        return str(guest.condition)
    return f"exit {outcome.exit_code}" if outcome.exit_code is not None else str(outcome.stop)


def rows_of(control: Control, account: HostAccount, rates: dict[str, float] | None = None) -> list[Row]:
    rows = []
    for guest, facts in zip(control.host.guests, account.guests, strict=True):
        rate = None if rates is None else rates.get(facts.name)
        rows.append(Row(facts, state_of(guest), rate, control.outputs[facts.name].last_line))
    return rows


class Screen:
    """Draws, listens to keys, and lets the host run in between."""

    def __init__(self, control: Control, keys: KeyInput) -> None:
        self._control = control
        self._host = control.host
        self._keys = keys
        self._chosen = 0  # the row that keys act on
        self._first = 0  # the row at the top
        self._line: str | None = None  # a command that is being typed
        self._message = ""
        self._attached: Guest | None = None
        self._told = False  # that it is over
        self._problems_told = 0
        self._drawn = 0.0
        self._before: tuple[float, HostAccount] | None = None  # what the last drawing showed, and when
        self._acts: dict[str, Callable[[], None]] = {
            "k": lambda: self._choose(-1),
            "j": lambda: self._choose(1),
            "p": self._pause_or_resume,
            "s": lambda: self._do("stop"),
            "+": lambda: self._scale_share(2, 1),
            "-": lambda: self._scale_share(1, 2),
            "a": self._attach,
            ":": self._begin_command,
            "q": self._quit,
        }

    def run(self) -> HostStop:
        """Until every guest has ended, or the user quits."""
        with keys_unbuffered(self._keys), self._screen():
            while True:
                stop = self._host.run(timeout=_PROMPT)
                if stop is HostStop.INTERRUPTED or self._control.quitting:
                    return HostStop.INTERRUPTED
                if all(guest.seat.over for guest in self._host.guests) and self._attached is None:
                    return HostStop.DONE
                self._answer(self._keys.fetch(1024, _PROMPT if stop is HostStop.DONE else 0))
                self._tell_end()
                self._tell_problems()
                if self._attached is None and monotonic() - self._drawn >= _REFRESH:
                    self._draw()

    @contextmanager
    def _screen(self) -> Iterator[None]:
        _print(_ENTER_SCREEN)
        try:
            yield
        finally:
            self._detach()
            _print(_LEAVE_SCREEN)

    # Keys.

    def _answer(self, data: bytes | None) -> None:
        if data is None:
            return
        if not data:
            self._quit()
        while data:
            if self._attached is not None:
                data = self._pass_on(data)
                continue
            match = _KEY.match(data)
            assert match is not None, "every byte begins a key"
            key, data = match[0], data[match.end() :]
            self._press(key)
        self._drawn = 0

    def _press(self, key: bytes) -> None:
        if self._line is not None:
            self._edit(key.decode("utf-8", "replace"))
        else:
            self._acts.get(_SEQUENCES.get(key, key.decode("utf-8", "replace")), lambda: None)()

    def _choose(self, step: int) -> None:
        self._chosen = max(0, min(len(self._host.guests) - 1, self._chosen + step))

    @property
    def _guest(self) -> Guest:
        return self._host.guests[self._chosen]

    def _do(self, *words: str) -> None:
        """Do a command to the chosen guest, and say so if it cannot be."""
        self._say(" ".join((words[0], self._guest.name, *words[1:])))

    def _say(self, line: str) -> None:
        try:
            command = self._control.parse(line)
            if command is not None and command.at is not None:
                raise UsageError("at is for files of commands; here a command is done at once")
            if command is not None:
                self._control.do(command)
            self._message = line
        except UsageError as error:
            self._message = str(error)

    def _pause_or_resume(self) -> None:
        self._do("resume" if self._guest.condition is Condition.PAUSED else "pause")

    def _scale_share(self, times: int, by: int) -> None:
        self._do("share", str(max(1, min(MAXIMUM_SHARE, self._guest.share * times // by))))

    def _begin_command(self) -> None:
        self._line, self._message = "", ""

    def _quit(self) -> None:
        self._control.quitting = True

    def _edit(self, key: str) -> None:
        assert self._line is not None, "a command is being typed"
        if key in "\r\n":
            line, self._line = self._line, None
            self._say(line)
        elif key in "\x7f\b":
            self._line = self._line[:-1]
        elif key in "\x1b\x04":
            self._line = None
        elif key.isprintable():
            self._line += key

    # Attaching: the guest has the screen.

    def _attach(self) -> None:
        guest = self._guest
        output = self._control.outputs[guest.name]
        typed = guest.name in self._control.inputs
        can = "what you type goes to it" if typed else 'it has no input = "console"'
        _print(f"{_TOP}{_BELOW}\x1b[?25h-- {guest.name}: {can}; Ctrl-] goes back --\r\n")
        _write(output.kept)
        output.listener = _write
        self._attached, self._told = guest, False

    def _tell_end(self) -> None:
        """Say once that the guest that has the screen is over."""
        guest = self._attached
        if guest is not None and guest.seat.over and not self._told:
            self._told = True
            _print(f"\r\n-- {guest.name}: {state_of(guest)}; Ctrl-] goes back --\r\n")

    def _tell_problems(self) -> None:
        """Say once what has gone wrong for a guest on its host's side."""
        problems = list(self._control.problems.items())
        if len(problems) > self._problems_told:
            self._problems_told = len(problems)
            self._message = "guest {}: {}".format(*problems[-1])

    def _detach(self) -> None:
        if self._attached is not None:
            self._control.outputs[self._attached.name].listener = None
            self._attached = None
            _print("\x1b[?25l")
            self._drawn = 0

    def _pass_on(self, data: bytes) -> bytes:
        """Keys for the guest that has the screen; what comes after it was left is for the table."""
        assert self._attached is not None, "keys are passed on to whom the screen is attached"
        keys, end, rest = data.partition(DETACH)
        typed = self._control.inputs.get(self._attached.name)
        if typed is not None:
            text, ending, _ = keys.partition(b"\x04")
            typed.type(text.replace(b"\r", b"\n"))
            if ending:
                typed.end()
        if end:
            self._detach()
        return rest

    # Drawing.

    def _draw(self) -> None:
        width, height = os.get_terminal_size(sys.stdout.fileno())
        account, now = self._host.account(), monotonic()
        rates, ticks = self._rates(account, now)
        self._before, self._drawn = (now, account), now
        rows = rows_of(self._control, account, rates)
        room = max(1, height - 7)
        self._first = max(min(self._first, self._chosen), self._chosen - room + 1)
        shown = rows[self._first : self._first + room]
        lines = [
            *summary(account, ticks, width),
            "",
            *table(shown, width, self._guest.name),
            *[""] * (room - len(shown)),
            LEGEND[:width],
            self._bottom_line(len(rows), room, width),
            (_KEYS if len(_KEYS) <= width else _KEYS_NARROW)[:width],
        ]
        _print(_TOP + (_END_OF_LINE + "\r\n").join(lines[:height]) + _END_OF_LINE + _BELOW)

    def _bottom_line(self, count: int, room: int, width: int) -> str:
        if self._line is not None:
            verbs = " ".join(VERBS)
            return f":{self._line}_   ({verbs})"[:width]
        more = f"   rows {self._first + 1} to {min(count, self._first + room)} of {count}" if count > room else ""
        return printable(f"{self._message}{more}")[:width]

    def _rates(self, account: HostAccount, now: float) -> tuple[dict[str, float] | None, float | None]:
        """Instructions a second of each guest, and ticks of the host, since the last drawing."""
        if self._before is None:
            return None, None
        then, earlier = self._before
        seconds = max(now - then, 1e-6)
        counts = {guest.name: guest.instructions for guest in earlier.guests}
        rates = {guest.name: (guest.instructions - counts.get(guest.name, 0)) / seconds for guest in account.guests}
        return rates, (account.clock - earlier.clock) / seconds


def _print(text: str) -> None:
    _write(text.encode())


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
