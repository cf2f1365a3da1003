"""The live screen of a running host: its guests in a table that is drawn in place, and keys that act on them."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from toyvm.cli.host.control import EVERY, Command, Control
from toyvm.cli.host.display import Display
from toyvm.cli.host.keys import ATTACHED, WATCHING
from toyvm.cli.host.table import Row, show_count
from toyvm.cli.host.views import TableView, console_lines, keys_lines
from toyvm.errors import UsageError
from toyvm.host.accounts import HostAccount
from toyvm.host.guest import Guest
from toyvm.host.scheduler import Condition, HostStop
from toyvm.host.stride import MAXIMUM_SHARE
from toyvm.printable import printable

_REFRESH = 0.25  # seconds from a drawing of the table to the next
_PROMPT = 0.02  # seconds in which a key is answered, and what a guest writes to who is attached is shown
_PAGE = 10  # guests
_DETACH = b"\x1d"  # Ctrl-]
_KEY = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|[\xc0-\xff][\x80-\xbf]*|.", re.DOTALL)
_UP, _DOWN, _PAGE_UP, _PAGE_DOWN = "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~"
_LINE_ENDS, _ERASERS, _CANCELLERS = "\r\n", "\x7f\b", "\x1b\x03\x04"


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
        is_bad = guest.outcome is not None and not guest.outcome.ok
        rows.append(Row(facts, state_of(guest), rate, control.outputs[facts.name].last_line, is_bad))
    return rows


class Screen:
    """Draws, listens to keys, does commands when their time has come, and lets the host run in between."""

    def __init__(self, control: Control, commands: Iterable[Command]) -> None:
        self._control = control
        self._host = control.host
        self._commands = deque(commands)  # those to come, in the order of their time
        self._display = Display(self._host.interrupt)
        self._chosen = 0  # the guest that keys act on
        self._first = 0  # the one in the table's first row
        self._typed: str | None = None  # of a command
        self._message = ""
        self._attached: Guest | None = None
        self._tells_keys = False
        self._problems_told = 0
        self._due = 0.0  # when the table is drawn again
        self._shown: object = None  # what the console that is shown was drawn from
        self._before: tuple[float, HostAccount] | None = None  # what the last table showed, and when
        self._rates: dict[str, float] | None = None
        self._ticks_a_second: float | None = None
        self._acts: dict[str, Callable[[], None]] = {
            **dict.fromkeys((_UP, "\x1bOA", "k"), lambda: self._choose(self._chosen - 1)),
            **dict.fromkeys((_DOWN, "\x1bOB", "j"), lambda: self._choose(self._chosen + 1)),
            _PAGE_UP: lambda: self._choose(self._chosen - _PAGE),
            _PAGE_DOWN: lambda: self._choose(self._chosen + _PAGE),
            "p": self._pause_or_resume,
            "s": lambda: self._do("stop"),
            "+": lambda: self._scale_share(2, 1),
            "-": lambda: self._scale_share(1, 2),
            **dict.fromkeys(("a", "\r", "\n"), self._attach),
            ":": self._begin_command,
            "?": self._tell_keys,
            "\x0c": self._display.forget,  # Ctrl-L
            "\x1a": self._display.suspend,  # Ctrl-Z, and Ctrl-C, that came while they were no signals yet
            **dict.fromkeys(("q", "\x03"), self._quit),
        }

    def run(self) -> HostStop:
        """Until every guest has ended, or the user quits. Raises SystemExit for a signal that ends processes."""
        with self._display as display:
            while True:
                stop = self._host.run(self._ticks_to_next(), timeout=_PROMPT)
                if display.tend():
                    self._before = None  # the time that it was away counts for no rate
                if display.ending is not None and display.ending != signal.SIGINT:
                    raise SystemExit(128 + display.ending)
                if display.ending or self._control.quitting:
                    self._quit()
                    return HostStop.INTERRUPTED
                self._do_due(stop)
                if all(guest.seat.over for guest in self._host.guests) and self._attached is None:
                    return HostStop.DONE
                self._answer(display.keys(_PROMPT if stop is HostStop.DONE else 0))
                self._tell_problems()
                self._draw()

    # Commands whose time has come.

    def _ticks_to_next(self) -> int | None:
        if not self._commands:
            return None
        return max(0, (self._commands[0].at or 0) - self._host.clock)

    def _do_due(self, stop: HostStop) -> None:
        """Those; and the next one at once, if nobody can go on before."""
        while self._commands and ((self._commands[0].at or 0) <= self._host.clock or stop is HostStop.DONE):
            command = self._commands.popleft()
            self._act(command, f"at {show_count(self._host.clock)}: {command}")
            stop = HostStop.LIMIT

    # Keys.

    def _answer(self, data: bytes | None) -> None:
        if data is None:
            return
        if not data:
            self._quit()
        while data:
            if self._attached is not None:
                data = self._pass_on(self._attached, data)
                continue
            match = _KEY.match(data)
            assert match is not None, "every byte begins a key"
            data = data[match.end() :]
            self._press(match[0].decode("utf-8", "replace"))
        self._due = 0

    def _press(self, key: str) -> None:
        if self._tells_keys:
            self._tells_keys = False
        elif self._typed is not None:
            self._edit(self._typed, key)
        else:
            self._acts.get(key, lambda: None)()

    def _choose(self, number: int) -> None:
        self._chosen = max(0, min(len(self._host.guests) - 1, number))

    @property
    def _guest(self) -> Guest:
        return self._host.guests[self._chosen]

    def _do(self, *words: str) -> None:
        """Do a command to the chosen guest, and say so if it cannot be."""
        self._obey(" ".join((words[0], self._guest.name, *words[1:])))

    def _obey(self, line: str) -> None:
        try:
            command = self._control.parse(line)
            if command is not None and command.at is not None:
                raise UsageError("at is for files of commands; here a command is done at once")
        except UsageError as error:
            self._message = printable(str(error))
            return
        if command is not None:
            self._act(command, line)

    def _act(self, command: Command, told: str) -> None:
        """Do it and tell it, or why not."""
        try:
            if command.verb == "show":
                self._show(command.guest)
            else:
                self._control.do(command)
            self._message = printable(told)
        except UsageError as error:
            self._message = printable(str(error))

    def _show(self, name: str) -> None:
        """What a guest has written is seen where it is chosen."""
        if name == EVERY:
            raise UsageError("show takes one guest here, and chooses it")
        self._choose([guest.name for guest in self._host.guests].index(name))

    def _pause_or_resume(self) -> None:
        self._do("resume" if self._guest.condition is Condition.PAUSED else "pause")

    def _scale_share(self, times: int, by: int) -> None:
        self._do("share", str(max(1, min(MAXIMUM_SHARE, self._guest.share * times // by))))

    def _begin_command(self) -> None:
        self._typed, self._message = "", ""

    def _tell_keys(self) -> None:
        self._tells_keys = True

    def _quit(self) -> None:
        self._control.quitting = True

    def _edit(self, typed: str, key: str) -> None:
        if key in _LINE_ENDS:
            self._typed = None
            self._obey(typed)
        elif key in _ERASERS:
            self._typed = typed[:-1]
        elif key in _CANCELLERS:
            self._typed = None
        elif key.isprintable():
            self._typed = typed + key

    # Attaching: the guest has the screen, and its keys.

    def _attach(self) -> None:
        self._attached, self._shown = self._guest, None
        self._display.give_signals(False)

    def _detach(self) -> None:
        self._attached = None
        self._display.give_signals(True)

    def _pass_on(self, guest: Guest, data: bytes) -> bytes:
        """Keys for the guest that has the screen; what comes after it was left is for the table."""
        typed = self._control.inputs.get(guest.name)
        if typed is None:
            self._detach()
            return b""
        keys, end, rest = data.partition(_DETACH)
        typed.press(keys)
        if end:
            self._detach()
        return rest

    def _bar(self, guest: Guest) -> str:
        """How to go back comes first: there is room for it on any screen."""
        typed = guest.name in self._control.inputs
        way = ATTACHED if typed else WATCHING
        if guest.seat.over:
            return f"{way}   {guest.name}: {state_of(guest)}"
        is_paused = ", paused" if guest.condition is Condition.PAUSED else ""
        what = "what you type goes to it" if typed else 'it has no input = "console"'
        return f"{way}   {guest.name}{is_paused}: {what}"

    def _tell_problems(self) -> None:
        """Say once what has gone wrong for a guest on its host's side."""
        problems = list(self._control.problems.items())
        if len(problems) > self._problems_told:
            self._problems_told = len(problems)
            self._message = printable("guest {}: {}".format(*problems[-1]))

    # Drawing.

    def _draw(self) -> None:
        """What there is to see: at once where keys or the terminal's size have changed that."""
        size = self._display.size
        if self._attached is not None:
            self._draw_console(self._attached, size)
        elif monotonic() >= self._due or self._display.is_resized:
            self._due = monotonic() + _REFRESH
            if self._tells_keys:
                self._display.draw(keys_lines(size[1]), size)
            else:
                self._draw_table(size)

    def _draw_console(self, guest: Guest, size: tuple[int, int]) -> None:
        output, bar = self._control.outputs[guest.name], self._bar(guest)
        if (output.written, bar) != self._shown or self._display.is_resized:
            self._shown = (output.written, bar)
            lines, cursor = console_lines(output.kept, bar, *size)
            self._display.draw(lines, size, cursor)

    def _draw_table(self, size: tuple[int, int]) -> None:
        account = self._host.account()
        self._take_rates(account, monotonic())
        rows = rows_of(self._control, account, self._rates)
        output = self._control.outputs[self._guest.name].kept
        view = TableView(account, self._ticks_a_second, rows, self._chosen, output, self._message, self._typed)
        lines, self._first = view.lines(self._first, *size)
        self._display.draw(lines, size)

    def _take_rates(self, account: HostAccount, now: float) -> None:
        """Instructions a second of each guest, and ticks of the host, since the last drawing."""
        if self._before is None:
            self._before, self._rates, self._ticks_a_second = (now, account), None, None
            return
        then, earlier = self._before
        seconds = now - then
        if seconds <= _REFRESH / 2:  # a key was pressed: what was counted since says little
            return
        counts = {guest.name: guest.instructions for guest in earlier.guests}
        self._rates = {
            guest.name: (guest.instructions - counts.get(guest.name, 0)) / seconds for guest in account.guests
        }
        self._ticks_a_second = (account.clock - earlier.clock) / seconds
        self._before = (now, account)
