"""The real core, in a process of its own, whose worlds go back to where they were: native/worlds, by its protocol."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

from toyvm.core_sources import is_checkout
from toyvm.errors import ExitCode, ToyvmError, UsageError
from toyvm.host.host import NATIVE_TECHNIQUES, native_options
from toyvm.machine.config import LEVEL_NUMBERS
from toyvm.paths import PACKAGE
from toyvm.techniques import parse_variant
from toyvm.verify.worlds.world import ARGUMENTS, Action, Arrival, Frames, Guest, Host, Result, State

NATIVE = PACKAGE.parent / "native"
_ACTIONS, _WATCHES, _ROOT, _EXPAND, _STATE, _TEXT, _EXPLORE = range(1, 8)  # requests
_ASKED, _FOUND, _LEVEL, _ENDED = range(1, 5)  # messages of an exploration
_SHOWN_WORDS = 6  # of a result, before what is watched
_NOTHING_SPECIFIED, _ENDS_HERE, _IS_WRONG = 0xFFFFFFFF, 1 << 32, 1 << 33  # in a verdict's word
_NO_ROOM = 4  # exit code
STEPS_MAXIMUM = 24
STATES_MAXIMUM = 200_000_000  # that are remembered
_STATE_WORDS = 44  # x0..x31, pc, nine control registers, retired, skipped


class CoreEndedError(ToyvmError):
    """The core's process has ended by itself: by an assertion, a crash, or because it did not come back.

    `path` are the numbers of the actions up to the one that it did not outlive, where it had the time to say them.
    """

    def __init__(self, message: str, path: bytes | None = None) -> None:
        super().__init__(message)
        self.path = path


class NoRoomError(ToyvmError):
    """There are more states than can be remembered."""

    exit_code = ExitCode.LIMIT


class Answer(NamedTuple):
    """What is said of a result: the number of the judge's state after it, None where nothing is specified."""

    state: int | None
    is_wrong: bool = False
    goes_on: bool = True


class Listener(Protocol):
    """Who is asked, and told, while a core explores. Paths are from the root, their last action the one in question."""

    def judge(self, state: int | None, path: bytes, result: Result) -> Answer: ...

    def find(self, path: bytes, wrong: str) -> None: ...

    def end_step(self, states: int, transitions: int, left_open: int) -> None: ...


@cache
def build() -> Path:
    """Have `make` bring the program up to date, once in a process.

    Raises UsageError where there are no sources, or no compiler.
    """
    if not is_checkout(str(NATIVE.parent)):
        raise UsageError("small worlds are explored on the core's sources; they take a checkout of toyvm")
    compiler = next((name for name in ("gcc", "clang") if shutil.which(name)), None)
    if compiler is None or shutil.which("make") is None:
        raise UsageError("small worlds need a C compiler, gcc or clang, and make")
    command = ["make", "-s", "-C", str(NATIVE), "worlds", f"CC={compiler}", f"PYTHON={sys.executable}"]
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "CFLAGS")}
    (NATIVE / "build").mkdir(exist_ok=True)
    with (NATIVE / "build" / "lock").open("w") as lock:  # one at a time, tests of the core's programs among them
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise ToyvmError(f"`{' '.join(command)}` fails:\n{done.stdout}{done.stderr}")
    return NATIVE / "build" / compiler / "small_worlds"


class Core:
    """A host of the real core, at the root of all paths until `root` is told another one. Close it."""

    def __init__(self, program: Path, host: Host) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._host = host
        self._count = 0
        self._texts: dict[int, str] = {}
        self._send(*_world_words(host))
        self.guests = tuple(self._read_guest() for _ in host.guests)
        self._send(
            _WATCHES, len(host.watches), *(word for one in host.watches for word in (one.guest, one.place, one.offset))
        )

    def __enter__(self) -> Core:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if not self.has_ended:
            self._process.kill()
            self._process.communicate()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def set_actions(self, actions: Sequence[Action]) -> None:
        """What numbers in paths stand for, from now on."""
        self._count = len(actions)
        words = [_ACTIONS, len(actions)]
        for action in actions:
            arguments = (*action.arguments, *(0,) * ARGUMENTS)[:ARGUMENTS]
            words += [action.guest, action.what, action.pc, action.limit, *arguments]
        self._send(*words)

    def root(self, path: Sequence[int]) -> None:
        """All paths begin behind this one."""
        self._send(_ROOT, len(path), *path)

    def expand(self, path: Sequence[int]) -> list[Arrival]:
        """Where each action leads from there. Raises CoreEndedError."""
        self._send(_EXPAND, len(path), *path)
        size = 3 + self._shown
        words = self._words(self._count * size)
        return [self._arrival(words[at : at + size]) for at in range(0, len(words), size)]

    def explore(
        self, steps: int, beginnings: Sequence[tuple[bytes, int | None]], listener: Listener, *, looks_at_all: bool
    ) -> None:
        """Every path of up to so many actions behind beginnings, each with the judge's state there.

        Once. Raises CoreEndedError, NoRoomError.
        """
        words = [_EXPLORE, steps, STATES_MAXIMUM, looks_at_all, len(beginnings)]
        for path, state in beginnings:
            words += [len(path), *path, _NOTHING_SPECIFIED if state is None else state]
        self._send(*words)
        while (message := self._word()) != _ENDED:
            if message == _LEVEL:
                listener.end_step(*self._words(3))
                continue
            beginning, length = self._words(2)
            node = beginnings[beginning][0] + bytes(self._words(length))
            if message == _ASKED:
                self._send(0, *self._judged(node, listener))
            else:
                assert message == _FOUND
                action, text = self._words(2)
                listener.find(node + bytes((action,)), self._text(text))
                self._send(0)

    def _judged(self, node: bytes, listener: Listener) -> list[int]:
        """A verdict's word for each result that is asked about."""
        number, count = self._words(2)
        state = None if number == _NOTHING_SPECIFIED else number
        size = 1 + self._shown
        words = self._words(count * size)
        said = []
        for at in range(0, len(words), size):
            path = node + bytes(words[at : at + 1])
            answer = listener.judge(state, path, self._result(words[at + 1 : at + size]))
            after = _NOTHING_SPECIFIED if answer.state is None else answer.state
            said.append(after | _IS_WRONG * answer.is_wrong | _ENDS_HERE * (not answer.goes_on))
        return said

    def state(self, path: Sequence[int], guest: int = 0) -> State:
        """What a guest sees after a path's last action. Raises CoreEndedError."""
        self._send(_STATE, len(path), *path, guest)
        words = self._words(_STATE_WORDS)
        return State(words, self._bytes(self._host.guests[guest].memory))

    @property
    def _shown(self) -> int:
        return _SHOWN_WORDS + len(self._host.watches)

    def _arrival(self, words: tuple[int, ...]) -> Arrival:
        wrong = self._text(words[2]) if words[2] else None
        return Arrival((words[0], words[1]), wrong, self._result(words[3:]))

    @staticmethod
    def _result(words: tuple[int, ...]) -> Result:
        return Result((words[0], words[1]), words[2], words[3], words[4], words[5], words[_SHOWN_WORDS:])

    def _text(self, number: int) -> str:
        if number not in self._texts:
            self._send(_TEXT, number)
            length = self._word()
            self._texts[number] = self._bytes((length + 7) // 8 * 8)[:length].decode()
        return self._texts[number]

    def _read_guest(self) -> Frames:
        number, pages = self._words(2)
        return Frames(number, self._words(pages))

    def _send(self, *words: int) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(struct.pack(f"<{len(words)}Q", *words))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _word(self) -> int:
        return self._words(1)[0]

    def _words(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", self._bytes(8 * count))

    def _bytes(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) != count:
            raise self._ended()
        return data

    def _ended(self) -> ToyvmError:
        _, said = self._process.communicate()
        code, lines = self._process.returncode, said.decode(errors="replace").splitlines()
        path = next((bytes(map(int, line.split()[1:])) for line in lines if line.startswith("at ")), None)
        text = "; ".join(line for line in lines if not line.startswith("at "))
        if code == _NO_ROOM:
            return NoRoomError(text)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return CoreEndedError(f"the core ended with {how}: {text}".removesuffix(": "), path)


def _world_words(host: Host) -> Iterator[int]:
    yield from (LEVEL_NUMBERS[host.level], host.frames, len(host.guests))
    for guest in host.guests:
        yield from _guest_words(guest)


def _guest_words(guest: Guest) -> Iterator[int]:
    variant = parse_variant(guest.technique)
    yield from (NATIVE_TECHNIQUES[variant.facts.name], native_options(variant))
    yield from (guest.memory, guest.entry, guest.disk, len(guest.segments))
    for address, words in guest.segments.items():
        yield from (address, len(words), *words)
