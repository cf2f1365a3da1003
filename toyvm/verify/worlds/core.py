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

from toyvm.core_sources import is_checkout
from toyvm.errors import ToyvmError, UsageError
from toyvm.host.host import NATIVE_TECHNIQUES, native_options
from toyvm.machine.config import LEVEL_NUMBERS
from toyvm.paths import PACKAGE
from toyvm.techniques import parse_variant
from toyvm.verify.worlds.world import ARGUMENTS, Action, Frames, Guest, Host, Result, State

NATIVE = PACKAGE.parent / "native"
_ACTIONS, _WATCHES, _ROOT, _EXPAND, _STATE, _TEXT = range(1, 7)  # requests
_RESULT_WORDS = 9
_STATE_WORDS = 44  # x0..x31, pc, nine control registers, retired, skipped


class CoreEndedError(ToyvmError):
    """The core's process has ended by itself: by an assertion, a crash, or because it did not come back."""


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

    def expand(self, path: Sequence[int]) -> list[Result]:
        """Where each action leads from there. Raises CoreEndedError."""
        self._send(_EXPAND, len(path), *path)
        size = _RESULT_WORDS + len(self._host.watches)
        words = self._words(self._count * size)
        return [self._result(words[at : at + size]) for at in range(0, len(words), size)]

    def state(self, path: Sequence[int], guest: int = 0) -> State:
        """What a guest sees after a path's last action. Raises CoreEndedError."""
        self._send(_STATE, len(path), *path, guest)
        words = self._words(_STATE_WORDS)
        return State(words, self._bytes(self._host.guests[guest].memory))

    def _result(self, words: Sequence[int]) -> Result:
        key, seen = (words[0], words[1]), (words[2], words[3])
        wrong = self._text(words[8]) if words[8] else None
        return Result(key, seen, words[4], words[5], words[6], words[7], wrong, tuple(words[_RESULT_WORDS:]))

    def _text(self, number: int) -> str:
        if number not in self._texts:
            self._send(_TEXT, number)
            (length,) = self._words(1)
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

    def _words(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", self._bytes(8 * count))

    def _bytes(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) != count:
            raise self._ended()
        return data

    def _ended(self) -> CoreEndedError:
        _, said = self._process.communicate()
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return CoreEndedError(f"the core ended with {how}: {said.decode(errors='replace').strip()}")


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
