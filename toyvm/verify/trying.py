"""Trying cases one after another in a process of their own, whose end or silence is a failure of the case at hand."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from time import monotonic
from traceback import format_exc
from typing import Any, NamedTuple, NoReturn

from toyvm.parts import end_with_parent
from toyvm.verify.accounts import Account, Failure
from toyvm.verify.claim import Property

PATIENCE_SECONDS = 600.0  # for one case, which takes less than one
SHRINKING_SECONDS = 30.0  # of one failure
MOST_SHRUNK = 3  # failures of a range
MOST_FAILURES = 10  # of a range, which then ends
_ALL = b"all"  # what a process says last


class Goal(NamedTuple):
    """How much of a property is tried: so many cases from one on, or as many as there are seconds for.

    `first`: no more than until one fails, which stays as it was drawn.
    """

    seed: int
    cases: int | None = None
    seconds: float | None = None
    first: bool = False

    @property
    def most_failures(self) -> int:
        return 1 if self.first else MOST_FAILURES

    @property
    def most_shrunk(self) -> int:
        return 0 if self.first else MOST_SHRUNK


def try_cases(claimed: Property, goal: Goal) -> Account:
    """Try them; one that ends its process, or does not come to its end, is a failure, and the next ones follow."""
    with tempfile.TemporaryDirectory(prefix="toyvm-verify-") as cache:
        return _try_cases(claimed, goal, cache)


def _try_cases(claimed: Property, goal: Goal, cache: str) -> Account:
    account, began = Account(claimed.name, goal.seed), monotonic()
    while True:
        deadline = None if goal.seconds is None else began + goal.seconds
        left = None if goal.cases is None else goal.cases - account.cases
        failed = len(account.failures)
        if left == 0 or failed >= goal.most_failures:
            break
        if account.cases and deadline is not None and monotonic() >= deadline:
            break
        from_here = goal._replace(seed=goal.seed + account.cases, cases=left)
        with _child(claimed, from_here, deadline, failed, cache) as child:
            ended = _listen(account, child)
        if ended is None:
            break
        account.failures.append(Failure(goal.seed + account.cases, ended))
        account.cases += 1
    account.seconds = round(monotonic() - began, 3)
    return account


def _listen(account: Account, child: _Child) -> str | None:
    """Take over what it tells of each case; how it ended in the midst of one, or None."""
    for message in child.messages():
        if message.get("left_open"):
            account.left_open.append(account.seed + account.cases)
        if message.get("wrong") is not None:
            account.failures.append(Failure(account.seed + account.cases, message["wrong"], message["regression"]))
        account.cases += 1
    return child.ending()


class _Child:
    """A process that tries cases, and tells of each in a line of JSON; the last line says that it has tried all."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid, self._pipe = pid, pipe
        self._status: int | None = None
        self._silent = self._has_tried_all = False

    def messages(self) -> Iterator[dict[str, Any]]:
        rest = b""
        while True:
            if not select([self._pipe], [], [], PATIENCE_SECONDS)[0]:
                self._silent = True
                os.kill(self._pid, signal.SIGKILL)
                return
            data = os.read(self._pipe, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line == _ALL:
                    self._has_tried_all = True
                else:
                    yield json.loads(line)

    def ending(self) -> str | None:
        """What is wrong with how it ended; None: nothing. A case may end it with any exit code, with 0 too."""
        status = self._wait()
        if self._silent:
            return f"did not come to an end in {PATIENCE_SECONDS:g} seconds"
        if status < 0:
            return f"ended the process: {signal.Signals(-status).name}"
        return None if self._has_tried_all else f"ended the process with exit code {status}"

    def end(self) -> None:
        """Whatever it does: when this returns it does no more."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def _wait(self) -> int:
        self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._status


@contextmanager
def _child(claimed: Property, goal: Goal, deadline: float | None, failures: int, cache: str) -> Iterator[_Child]:
    reading, writing = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        os.environ["XDG_CACHE_HOME"] = tempfile.tempdir = cache  # the user's own holds what he runs himself
        end_with_parent(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # an exception may be caught by what is tried
        _try_them(claimed, goal, deadline, failures, writing)
    os.close(writing)
    child = _Child(pid, reading)
    try:
        yield child
    finally:
        child.end()
        os.close(reading)


def _try_them(claimed: Property, goal: Goal, deadline: float | None, failures: int, writing: int) -> NoReturn:
    """In the child: all of it, and its end, whatever happens."""
    status = 1
    try:
        done = 0
        while done != goal.cases and failures < goal.most_failures:
            if done and deadline is not None and monotonic() >= deadline:
                break
            message = _tried(claimed, goal.seed + done, failures < goal.most_shrunk)
            failures += message.get("wrong") is not None
            _write(writing, json.dumps(message).encode() + b"\n")
            done += 1
        _write(writing, _ALL + b"\n")
        status = 0
    finally:
        os._exit(status)  # as nothing of the parent's is this process's to take down


def _tried(claimed: Property, number: int, is_shrunk: bool) -> dict[str, Any]:
    """What a case came to, in a message; one that failed is made small."""
    try:
        case = claimed.case(number)
    except Exception:
        return {"wrong": format_exc(), "regression": None}
    attempt = claimed.attempt(case)
    if attempt.wrong is None:
        return {"left_open": attempt.left_open} if attempt.left_open else {}
    wrong = attempt.wrong
    if is_shrunk:
        with suppress(Exception):  # then it stays as large as it is
            case = claimed.shrunk(case, SHRINKING_SECONDS)
            wrong = claimed.attempt(case).wrong or wrong
    return {"wrong": wrong, "regression": claimed.text(case, number, wrong)}


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
