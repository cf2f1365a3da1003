"""Work in parts: done in any order, by any executor, perhaps twice, here or elsewhere, and noted down as it is done.

A part is a name and what is to be done, as JSON has it; so is its result. Parts do not know of one another, so one that
is lost with its worker is done again. A ledger has the results of those that are done, so that a run that was ended
goes on where it was; a slice of the parts may be done on each of several machines.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from toyvm.arguments import wrong
from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.files.replacing import write_all
from toyvm.limits import MAXIMUM_RESULTS_BYTES
from toyvm.machine.ctrl_c import interrupts_held_back
from toyvm.paths import modules_from
from toyvm.printable import printable

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_PATIENCE_SECONDS = 10  # with a part that is told to end
_TRIES = 3  # of a part whose worker is lost
MAXIMUM_WORKERS = 1024
MAXIMUM_SHARDS = 100_000

Record = Mapping[str, Any]
MakeExecutor = Callable[[], Executor]


class Part(NamedTuple):
    """Some of the work: a name that no other part has, the same whenever the work is, and what is to be done."""

    key: str
    task: Record


class Shard(NamedTuple):
    """One of so many slices of all parts, counted from 1."""

    number: int
    slices: int

    def of(self, parts: Iterable[Part]) -> list[Part]:
        """Its own, in their order. The shards of one count have each part once, whatever the order."""
        parts = list(parts)
        own = set(sorted(part.key for part in parts)[self.number - 1 :: self.slices])
        return [part for part in parts if part.key in own]


WHOLE = Shard(1, 1)
_BEGIN = '{"part": '  # of a line of a ledger


def parse_shard(text: str | None) -> Shard:
    """`2/5`; all parts where none is asked for. Raises UsageError."""
    if text is None:
        return WHOLE
    index, _, count = text.partition("/")
    if all(word.isascii() and word.isdigit() and len(word) < 7 for word in (index, count)):
        shard = Shard(int(index), int(count))
        if 1 <= shard.number <= shard.slices <= MAXIMUM_SHARDS:
            return shard
    raise UsageError(f"--shard {text}: it takes I/N, of N slices the I-th, 1 <= I <= N <= {MAXIMUM_SHARDS}")


def processes(count: int) -> MakeExecutor:
    """So many processes on this machine, which end with this one."""
    # A fork has the native core and all modules already; no thread is there yet that it could miss.
    return lambda: ProcessPoolExecutor(
        count, mp_context=get_context("fork"), initializer=end_with_parent, initargs=(os.getpid(),)
    )


def end_with_parent(parent: int) -> None:
    """In a worker: Ctrl-C is its parent's affair, whose end is its own, after it has cleaned up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    _hear_of_the_end_of(parent, signal.SIGTERM)


def die_with_parent(parent: int) -> None:
    """In a process that leaves nothing behind, or is long in code that hears of no signal."""
    _hear_of_the_end_of(parent, signal.SIGKILL)


def _hear_of_the_end_of(parent: int, number: signal.Signals) -> None:
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, number)
    if os.getppid() != parent:  # it has ended before anybody could say so
        os._exit(1)


_at_work = False  # of a worker: is it doing a part?


def _end(*_: object) -> None:
    """Nothing but a part has anything to clean up: what an executor does between two it may catch, or hold a lock."""
    if not _at_work:
        os._exit(1)
    signal.alarm(_PATIENCE_SECONDS)  # which ends it, if the part catches what follows
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its parent's end would come in the midst of cleaning up
    sys.exit(1)


def _done(work: Callable[[Record], Record], task: Record) -> Record:
    """A part, in a worker; one that is told to end does so, where an executor would have it wait for more."""
    global _at_work
    try:
        try:
            _at_work = True
            return work(task)
        finally:
            _at_work = False
    except SystemExit:
        os._exit(1)


def find_executor(name: str) -> MakeExecutor:
    """What MODULE:CALL returns when it is called: any executor as concurrent.futures has them. Raises UsageError.

    A module in the current directory is found, too.
    """
    module, _, call = name.partition(":")
    if not call.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(f"--executor {name}: an executor is named MODULE:CALL")
    try:
        with modules_from(""):
            found = getattr(import_module(module), call)
    except ModuleNotFoundError as error:
        raise UsageError(f"--executor {name}: no module {error.name}") from None
    except AttributeError:
        raise UsageError(f"--executor {name}: {module} has no {call}") from None
    except Exception as error:
        raise UsageError(printable(f"--executor {name}: {type(error).__name__}: {error}")) from None

    def make() -> Executor:
        try:
            executor = found()
        except Exception as error:
            said = printable(f"--executor {name}: {call}() raises {type(error).__name__}: {error}")
            raise UsageError(said) from None
        if not isinstance(executor, Executor) and not callable(getattr(executor, "submit", None)):
            raise UsageError(f"--executor {name}: {call}() returns a {type(executor).__name__}, not an executor")
        return executor  # type: ignore[no-any-return]

    return make


class Ledger:
    """A file with a line for each part that is done: its name and its result.

    A line that was cut off, by a crash or a full disk, is as if it had not been written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.results: dict[str, Record] = {}
        text = read_text(path, MAXIMUM_RESULTS_BYTES, "a ledger is what --ledger wrote") if path.exists() else ""
        whole, newline, rest = text.rpartition("\n")
        for number, line in enumerate(whole.split("\n") if newline else (), 1):
            self._read(line, number)
        if not (rest.startswith(_BEGIN) or _BEGIN.startswith(rest)):
            self._refuse(whole.count("\n") + bool(newline) + 1)
        with boundary(path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            if rest:
                os.ftruncate(self._descriptor, len((whole + newline).encode()))

    def _read(self, line: str, number: int) -> None:
        try:
            entry = json.loads(line)
            self.results[entry["part"]] = entry["result"]
        except (ValueError, LookupError, TypeError):
            self._refuse(number)

    def _refuse(self, number: int) -> NoReturn:
        raise BadFileError(f"{shown(self._path)}:{number}: no line of a ledger")

    def note(self, key: str, result: Record) -> None:
        """A part is done. Raises BadFileError where that cannot be written."""
        line = json.dumps({"part": key, "result": result}) + "\n"
        with boundary(self._path):
            write_all(self._descriptor, line.encode())
            os.fsync(self._descriptor)
        self.results[key] = result

    def tell(self, key: str, done: Callable[[str, Record], None]) -> None:
        """Give `done` the result of a part that is in it. Raises BadFileError where it can make nothing of that."""
        try:
            done(key, self.results[key])
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            raise BadFileError(
                f"{shown(self._path)}: no result of {key}; remove that line, and it is done again"
            ) from None

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def ledger_at(path: str | None) -> Iterator[Ledger | None]:
    """The ledger of that file; None where there is none."""
    if path is None:
        yield None
        return
    ledger = Ledger(Path(path))
    try:
        yield ledger
    finally:
        ledger.close()


def do_parts(
    parts: Sequence[Part],
    work: Callable[[Record], Record],
    make: MakeExecutor,
    ledger: Ledger | None,
    done: Callable[[str, Record], None],
) -> None:
    """Do each part that the ledger has not: `work(part.task)` by an executor; `done` has every result, in any order.

    A part whose worker is lost is done again, a few times. Raises what `work` raises of toyvm's own errors, ToyvmError
    where a part is lost again and again, and KeyboardInterrupt.
    """
    left = {part.key: part.task for part in parts}
    for key in list(left):
        if ledger is not None and key in ledger.results:
            ledger.tell(key, done)
            del left[key]
    lost: BaseException | None = None
    for _ in range(_TRIES):
        if not left:
            return
        lost = _one_round(left, work, make, ledger, done)
    if left:
        raise ToyvmError(f"{len(left)} parts were lost with their workers {_TRIES} times: {lost!r}")


def _submitted(executor: Executor, work: Callable[[Record], Record], task: Record) -> Future[Record]:
    """Raises RuntimeError of one that is broken, and UsageError of what is no executor after all."""
    try:
        future = executor.submit(_done, work, task)
    except RuntimeError:
        raise
    except Exception as error:
        raise UsageError(printable(f"the executor's submit() raises {type(error).__name__}: {error}")) from None
    if not isinstance(future, Future):
        raise wrong("the executor's submit()", future, "a concurrent.futures.Future")
    return future


def _one_round(
    left: dict[str, Record],
    work: Callable[[Record], Record],
    make: MakeExecutor,
    ledger: Ledger | None,
    done: Callable[[str, Record], None],
) -> BaseException | None:
    """All that is left, once; the last loss of a worker, if there was one."""
    lost = None
    executor = make()
    futures: dict[Future[Record], str] = {}
    try:
        # RuntimeError: broken while it is given work; what it has not taken is left.
        with suppress(RuntimeError), interrupts_held_back():
            for key, task in left.items():
                futures[_submitted(executor, work, task)] = key
        waiting = set(futures)
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(ended, key=lambda future: future.exception() is not None):  # nothing done is lost
                error = future.exception()
                if isinstance(error, (ToyvmError, KeyboardInterrupt)):
                    raise error
                if error is not None:
                    lost = error
                    continue
                key, result = futures[future], future.result()
                if not isinstance(result, Mapping):
                    raise wrong("the executor's result", result, "what it was given to call returns")
                done(key, result)
                if ledger is not None:
                    ledger.note(key, result)
                del left[key]
    finally:
        for future in futures:
            future.cancel()  # by hand: not every executor's shutdown does it
        executor.shutdown(wait=False)
    return lost
