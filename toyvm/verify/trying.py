"""Trying cases one after another in a process of their own, whose end or silence is a failure of the case at hand."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from tempfile import TemporaryDirectory
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


class Goal(NamedTuple):
    """How much of a property is tried: so many cases from one on, or as many as there are seconds for."""

    seed: int
    cases: int | None = None
    seconds: float | None = None


def try_cases(claimed: Property, goal: Goal) -> Account:
    """Try them; one that ends its process, or does not come to its end, is a failure, and the next ones follow."""
    with TemporaryDirectory(prefix="toyvm-verify-") as cache:
        return _try_cases(claimed, goal, cache)


def _try_cases(claimed: Property, goal: Goal, cache: str) -> Account:
    account, began = Account(claimed.name, goal.seed), monotonic()
    while True:
        deadline = None if goal.seconds is None else began + goal.seconds
        left = None if goal.cases is None else goal.cases - account.cases
        if left == 0 or len(account.failures) >= MOST_FAILURES:
            break
        if account.cases and deadline is not None and monotonic() >= deadline:
            break
        with _child(claimed, goal.seed + account.cases, left, deadline, len(account.failures), cache) as child:
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
    """A process that tries cases, and tells of each in a line of JSON."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid, self._pipe = pid, pipe
        self._silent = False

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
            yield from map(json.loads, lines)

    def ending(self) -> str | None:
        """What is wrong with how it ended; None: nothing."""
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        if self._silent:
            return f"did not come to an end in {PATIENCE_SECONDS:g} seconds"
        if status < 0:
            return f"ended the process: {signal.Signals(-status).name}"
        return None if status == 0 else f"ended the process with exit code {status}"


@contextmanager
def _child(
    claimed: Property, seed: int, cases: int | None, deadline: float | None, failures: int, cache: str
) -> Iterator[_Child]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.environ["XDG_CACHE_HOME"] = cache  # the user's own holds what he runs himself
        _try_them(claimed, seed, cases, deadline, failures, writing)
    os.close(writing)
    try:
        yield _Child(pid, reading)
    finally:
        os.close(reading)


def _try_them(
    claimed: Property, seed: int, cases: int | None, deadline: float | None, failures: int, writing: int
) -> NoReturn:
    """In the child: all of it, and its end, whatever happens."""
    status = 1
    try:
        end_with_parent()
        done = 0
        while done != cases and failures < MOST_FAILURES:
            if done and deadline is not None and monotonic() >= deadline:
                break
            message = _tried(claimed, seed + done, failures < MOST_SHRUNK)
            failures += message.get("wrong") is not None
            _write(writing, json.dumps(message).encode() + b"\n")
            done += 1
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
