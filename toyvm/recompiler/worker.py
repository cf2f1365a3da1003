"""The recompiler of one computer or host: answers the native core's requests in a thread of its own.

Until the first request that thread only waits: it imports LLVM, and all that prepares its work, when it is asked.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toyvm.errors import ToyvmError
from toyvm.native import ffi, lib
from toyvm.recompiler.account import Account
from toyvm.recompiler.options import Recompiling

if TYPE_CHECKING:
    from toyvm.recompiler.translator import Translator


_alive: weakref.WeakSet[Recompiler] = weakref.WeakSet()  # their pipes are open


class Recompiler:
    """Serves requests until it is closed. It does not know for whom: that would keep them alive.

    In a child that the process forks there is no thread to serve: what it has compiled is used there, and the rest
    interpreted.
    """

    def __init__(self, attach: Callable[[Any], Any], options: Recompiling) -> None:
        """`attach` makes the native recompiler from its configuration."""
        self._options = options
        self.account = Account()
        self.failure: Exception | None = None
        self._translator: Translator | None = None
        self._is_at_work = False
        self._request = ffi.new("t64_request *")
        self._wake_read, self._wake_write = os.pipe()
        self._done_read, self._done_write = os.pipe() if options.waiting else (-1, -1)
        config = ffi.new("t64_recompiler_config *")
        config.threshold = max(1, min(options.threshold, 0xFFFF))
        config.eager = options.eager
        config.wake_fd, config.done_fd = self._wake_write, self._done_read
        self._native = attach(config)
        if self._native == ffi.NULL:
            self._close_pipes()
            raise ToyvmError("the host has no memory for a recompiler")
        self._lock = threading.RLock()  # held by whoever uses the native core, or says that it is gone
        self._last_act: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._serve, name="toyvm recompiler", daemon=True)
        self._thread.start()
        _alive.add(self)
        atexit.register(self._end)  # LLVM must not be at work when the process takes it down

    def counts(self) -> dict[str, int]:
        """The native core's books."""
        counts = ffi.new("t64_recompiler_counts *")
        lib.t64_recompiler_read_counts(self._native, counts)
        return {name: int(getattr(counts, name)) for name, _ in ffi.typeof(counts[0]).fields}

    def close(self) -> None:
        """Leave the native core alone from now on. To be called while the computer does not run, and never will again.

        LLVM cannot be interrupted: a thread that is compiling ends by itself once it has done so, and nobody waits for
        it but the end of the process. Raises what went wrong in the thread.
        """
        self._leave_core()
        if not self._is_at_work and threading.current_thread() is not self._thread:
            self._thread.join()
        if isinstance(self.failure, ToyvmError):  # llvmlite does not load
            raise self.failure
        if self.failure is not None:
            raise ToyvmError(f"the recompiler failed: {self.failure!r}") from self.failure

    def end_with(self, last_act: Callable[[], None]) -> bool:
        """Have the thread do this when it has ended its work, and nobody wait. False: it has ended already.

        Garbage is collected anywhere, in that very thread too, so no lock is waited for.
        """
        if self._native is None or not self._thread.is_alive():
            return False
        self._last_act = last_act
        os.write(self._wake_write, b"q")
        return True

    def _end(self) -> None:
        """At the end of a process that has not closed its computer, or not waited."""
        self._leave_core()
        self._thread.join()

    def _leave_core(self) -> None:
        """Let the thread end; from now on it begins nothing."""
        with self._lock:
            if self._native is not None:
                self._native = None
                os.write(self._wake_write, b"q")

    def _close_pipes(self) -> None:
        _alive.discard(self)
        for descriptor in self._descriptors:
            os.close(descriptor)

    @property
    def _descriptors(self) -> list[int]:
        pipes = (self._wake_read, self._wake_write, self._done_read, self._done_write)
        return [descriptor for descriptor in pipes if descriptor >= 0]

    # The thread.

    def _serve(self) -> None:
        while self._take():
            self._give(self._attempt(self._answer))
            self._attempt(self._settle)
        if self._translator is not None:
            self._translator.close()
        atexit.unregister(self._end)
        with self._lock:
            self._close_pipes()
        if self._last_act is not None:
            self._last_act()

    def _attempt(self, work: Callable[[], Any]) -> Any:
        """What comes of it; None where it fails, and from then on: the computer goes on without."""
        try:
            return work() if self.failure is None else None
        except Exception as error:  # whoever closes the computer is told
            self.failure = error
            return None

    def _take(self) -> bool:
        """Wait for a request. False: there will be none any more."""
        while True:
            os.read(self._wake_read, 1)
            with self._lock:
                if self._last_act is not None:
                    self._native = None
                if self._native is None:
                    return False
                if lib.t64_recompiler_take(self._native, self._request):
                    self._is_at_work = True
                    return True

    def _give(self, offer: Any) -> None:
        with self._lock:
            self._is_at_work = False
            if self._native is not None:
                lib.t64_recompiler_answer(self._native, ffi.NULL if offer is None else offer)
                if self._options.waiting:
                    os.write(self._done_write, b"d")

    def _answer(self) -> Any:
        """A native offer, or None."""
        if self._translator is None:
            from toyvm.recompiler.translator import Translator

            self._translator = Translator(self._options, self.account)
        return self._translator.answer(self._request)

    def _settle(self) -> None:
        if self._translator is not None:
            self._translator.settle()


# A fork: a child has its own copy of the core, but no thread, and must not touch the parent's pipes.

_held: list[Recompiler] = []


def _before_fork() -> None:
    """Nobody is in the middle of an answer."""
    _held.extend(_alive)
    for recompiler in _held:
        recompiler._lock.acquire()


def _after_fork() -> None:
    while _held:
        _held.pop()._lock.release()


def _after_fork_in_child() -> None:
    """Requests go nowhere, and who waits for an answer finds at once that there is none."""
    for recompiler in _held:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in recompiler._descriptors:
            os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)
        recompiler._is_at_work = False
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
