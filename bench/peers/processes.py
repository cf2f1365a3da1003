"""Processes and the time they take: from nothing to their end, or repetition by repetition while they live."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import clock_gettime, perf_counter
from typing import BinaryIO

TIMEOUT = 600.0  # seconds, for a process or for one repetition
READY = "ready"
_LONGEST = 200  # characters of what a process that failed said


class Failed(Exception):
    """A process that did not do what it was to do; the message is one line that says why."""


@dataclass(frozen=True)
class Times:
    """Elapsed seconds, and CPU seconds of all threads, user and system."""

    elapsed: float
    cpu: float

    def __sub__(self, other: Times) -> Times:
        return Times(self.elapsed - other.elapsed, self.cpu - other.cpu)


def run_whole(command: Sequence[str], cache: Path | None = None) -> tuple[str, Times]:
    """Run a process to its end: what it printed, and its times from nothing; caches are empty, or a folder's.

    Raises Failed.
    """
    with _process(command, subprocess.DEVNULL, cache) as process:
        lines = list(iter(process.line, ""))
        return "".join(lines).strip(), process.end()


@contextmanager
def session(command: Sequence[str]) -> Iterator[Session]:
    """A process that does its work once for each line that it is sent. Raises Failed."""
    with _process(command, subprocess.PIPE) as process:
        yield Session(process)


class Session:
    """A living process, with a time of its own for each repetition: nothing of start-up is in it, or of others.

    It waits for the next line when its clock is read, so that no work falls between two repetitions.
    """

    def __init__(self, process: _Process) -> None:
        self._process = process
        said = process.line().strip()
        if said != READY:
            process.end()  # which says why, if it failed
            raise Failed(f"it said {said!r} and not {READY!r}")
        self.start = process.times()
        self._before = self.start

    def repeat(self) -> tuple[str, Times]:
        """One repetition: the result, and its times."""
        before = perf_counter()
        self._process.send()
        result = self._process.line().strip()
        if not result:
            self._process.end()
            raise Failed("it ended before it had done its work")
        after = self._process.times()
        used = Times(perf_counter() - before, after.cpu - self._before.cpu)
        self._before = after
        return result, used


class _Process:
    """A process whose output is read line by line, and whose CPU time can be read while it lives."""

    def __init__(self, command: Sequence[str], stdin: int, errors: BinaryIO, environment: dict[str, str]) -> None:
        self._started = perf_counter()
        # In a session of its own, so that a Ctrl-C is ours alone to deal with.
        self._popen = subprocess.Popen(
            command,
            bufsize=0,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        self._errors = errors
        self._clock = (~self._popen.pid << 3) | 2  # Linux's name for the CPU time of all threads of a process
        self._unread = b""

    def send(self) -> None:
        assert self._popen.stdin
        with suppress(BrokenPipeError):  # it has ended, which the next line says
            self._popen.stdin.write(b"\n")

    def line(self) -> str:
        """The next line of its output, or "" at the end. Raises Failed if none comes in time."""
        assert self._popen.stdout
        descriptor, deadline = self._popen.stdout.fileno(), perf_counter() + TIMEOUT
        while b"\n" not in self._unread:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(max(0.0, deadline - perf_counter()) * 1000):
                raise Failed(f"nothing came of it within {TIMEOUT:.0f} seconds")
            part = os.read(descriptor, 65536)
            if not part:
                break
            self._unread += part
        line, newline, self._unread = self._unread.partition(b"\n")
        return (line + newline).decode(errors="replace")

    def times(self) -> Times:
        """Since it was started."""
        return Times(perf_counter() - self._started, clock_gettime(self._clock))

    def end(self) -> Times:
        """Wait for its end; its times. Raises Failed unless it ended with code 0."""
        _, status, usage = os.wait4(self._popen.pid, 0)
        elapsed = perf_counter() - self._started
        code = self._popen.returncode = os.waitstatus_to_exitcode(status)
        if code:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().splitlines() or ["and said nothing"]
            how = f"code {code}" if code > 0 else f"signal {-code}"
            raise Failed(f"it ended with {how}: {said[-1].strip()[:_LONGEST]}")
        return Times(elapsed, usage.ru_utime + usage.ru_stime)

    def close(self) -> None:
        if self._popen.returncode is None:
            self._popen.kill()
            self._popen.wait()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream:
                stream.close()


@contextmanager
def _process(command: Sequence[str], stdin: int, cache: Path | None = None) -> Iterator[_Process]:
    """A process that is gone when this ends."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as errors:
        # Bytecode as pip leaves it: an environment that forbids writing it would have every module compiled each time.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        process = _Process(command, stdin, errors, environment | {"XDG_CACHE_HOME": str(cache or empty)})
        try:
            yield process
        finally:
            process.close()
