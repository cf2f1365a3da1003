"""Commands to a running host: pause, resume and the like, from a file, a pipe, or the screen's command line.

[at TICKS] COMMAND [GUEST] [ARGUMENT]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.arguments import check_pages, unknown_name
from toyvm.cli.host.console import KeptOutput, TypedInput
from toyvm.cli.options import parse_count, parse_number
from toyvm.errors import BadFileError, UsageError
from toyvm.host.host import error_of_closing
from toyvm.host.stride import check_cap, check_share
from toyvm.isa.machine import MAXIMUM_MEMORY
from toyvm.isa.paging import PAGE_SIZE
from toyvm.machine.holding import raise_first

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.host.host import Host

EVERY = "all"  # in place of a guest's name


@dataclass(frozen=True, slots=True)
class Command:
    """One command, checked: what it does to a guest, or to every one, when the host's clock has come to `at`."""

    at: int | None  # None: at once
    verb: str
    guest: str  # its name, EVERY, or "": the command is about none
    argument: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.guest, self.argument)))


@dataclass(frozen=True, slots=True)
class _Verb:
    """How a command is written, and what it does."""

    does: str
    act: Callable[[Control, Guest, str], None]
    argument: str | None = None  # what it takes behind the guest's name
    check: Callable[[str], object] = str
    past: bool = False  # does it make sense of guests that have ended?


class Control:
    """A host, its guests' consoles, and what may be asked of them."""

    def __init__(self, host: Host, show: Callable[[bytes], None]) -> None:
        self.host = host
        self.show = show  # where `show` puts a guest's output
        self.guests: dict[str, Guest] = {}
        self.inputs: dict[str, TypedInput] = {}
        self.outputs: dict[str, KeptOutput] = {}
        self.quitting = False
        self.refused = False  # did a command come too late?
        self.problems: dict[str, str] = {}  # what went wrong for a guest on its host's side; it goes no further

    def guest(self, name: str) -> Guest:
        """Raises UsageError."""
        if name not in self.guests:
            raise unknown_name("guest", name, self.guests)
        return self.guests[name]

    def fail(self, name: str, problem: str) -> None:
        """Something that the host does for this guest has failed: that ends the guest, and nobody else."""
        self.problems.setdefault(name, problem)
        self.guest(name).stop()

    def close_guests(self) -> None:
        """Close each, with its disk; what goes wrong is that guest's problem. Ctrl-C waits until all are closed."""
        closed = [(guest.name, error_of_closing(guest)) for guest in self.host.guests]
        for name, error in closed:
            if isinstance(error, Exception):
                self.problems.setdefault(name, str(error))
        raise_first([error for _, error in closed if error is not None and not isinstance(error, Exception)])

    def parse(self, line: str) -> Command | None:
        """The command in a line; None for an empty line or a comment. Raises UsageError."""
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            return None
        at = None
        if words[0] == "at":
            parts = words[1].split(None, 1) if len(words) > 1 else []
            if len(parts) < 2:
                raise UsageError("at takes a count of ticks, and a command")
            at, words = parse_count(parts[0], "at"), parts[1].split(None, 1)
            if words[0] == "at":
                raise UsageError("at stands once in a command")
        verb, rest = words[0], words[1].strip("\r\n") if len(words) > 1 else ""
        if verb == "quit":
            return Command(at, verb, "")
        if verb not in VERBS:
            raise unknown_name("command", verb, (*VERBS, "quit", "at"))
        return self._command(at, verb, rest)

    def _command(self, at: int | None, verb: str, rest: str) -> Command:
        row = VERBS[verb]
        name, _, argument = rest.partition(" ")
        if not name.strip():
            raise UsageError(f"{verb} takes a guest's name, or {EVERY}")
        if row.argument is None and argument.strip():
            raise UsageError(f"{verb} {name}: {argument.strip()!r} has no meaning here")
        if row.argument is not None and not argument:
            raise UsageError(f"{verb} {name}: {row.argument} has to follow")
        row.check(argument)
        return Command(at, verb, name if name == EVERY else self.guest(name.strip()).name, argument)

    def parse_all(self, lines: Iterable[str], source: str) -> list[Command]:
        """The commands of a file. Raises BadFileError with file and line."""
        commands, latest = [], 0
        for number, line in enumerate(lines, 1):
            try:
                command = self.parse(line)
                if command is None:
                    continue
                if command.at is not None and command.at < latest:
                    raise UsageError(
                        f"at {command.at} comes after at {latest}; commands stand in the order of their time"
                    )
            except UsageError as error:
                raise BadFileError(f"{source}:{number}: {error}") from None
            latest = latest if command.at is None else command.at
            commands.append(command)
        return commands

    def do(self, command: Command) -> None:
        """Raises UsageError if a guest is past it."""
        self.quitting |= command.verb == "quit"
        if command.guest == EVERY:
            for guest in self.host.guests:
                if VERBS[command.verb].past or not guest.seat.over:
                    VERBS[command.verb].act(self, guest, command.argument)
        elif command.guest:
            VERBS[command.verb].act(self, self.guest(command.guest), command.argument)


def _set_share(control: Control, guest: Guest, argument: str) -> None:
    guest.share = parse_number(argument, "share")


def _set_cap(control: Control, guest: Guest, argument: str) -> None:
    guest.cap = parse_number(argument, "cap")


def _set_balloon(control: Control, guest: Guest, argument: str) -> None:
    guest.balloon_target = _pages(argument)


def _pages(size: str) -> int:
    return check_pages(size.strip(), 0, MAXIMUM_MEMORY, "balloon") // PAGE_SIZE


def _typed_input(control: Control, guest: Guest) -> TypedInput:
    if guest.name not in control.inputs:
        raise UsageError(f'guest {guest.name} has no console to type at; say input = "console" of it in the host file')
    return control.inputs[guest.name]


def _send(control: Control, guest: Guest, argument: str) -> None:
    _typed_input(control, guest).type(argument.encode() + b"\n")


def _end(control: Control, guest: Guest, argument: str) -> None:
    _typed_input(control, guest).end()


def _show(control: Control, guest: Guest, argument: str) -> None:
    control.show(control.outputs[guest.name].kept)


VERBS: dict[str, _Verb] = {
    "pause": _Verb("gives it no more turns", lambda control, guest, _: guest.pause()),
    "resume": _Verb("gives it turns again", lambda control, guest, _: guest.resume()),
    "stop": _Verb("ends it", lambda control, guest, _: guest.stop()),
    "share": _Verb("changes its share", _set_share, "a share", lambda text: check_share(parse_number(text, "share"))),
    "cap": _Verb("changes its cap", _set_cap, "percent of the host", lambda text: check_cap(parse_number(text, "cap"))),
    "balloon": _Verb(
        "says how much memory it is to have, as the balloon of para has it", _set_balloon, "a size", _pages
    ),
    "send": _Verb("types a line at its console", _send, "a line"),
    "end": _Verb("ends its input", _end),
    "show": _Verb("prints the end of what it wrote", _show, past=True),
}
