"""The recompiler of one computer or host: answers the native core's requests in a thread of its own."""

from __future__ import annotations

import atexit
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from toyvm.errors import ToyvmError
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi, lib
from toyvm.recompiler import emitter
from toyvm.recompiler.cache import Cache
from toyvm.recompiler.code import CompiledCode, compiled
from toyvm.recompiler.compiler import Compiler
from toyvm.recompiler.emitter import Emitter
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.region import discover, skip_system
from toyvm.recompiler.snapshot import Snapshot, read_request

FUNCTION = "region"
JUMPS_MAX = 64  # targets of one
_RETRY_SECONDS = 0.001  # until an offer is tried again that found the last one not looked at


@dataclass(slots=True)
class Account:
    """What the recompiler did."""

    compiled: int = 0  # regions
    instructions: int = 0  # in them
    found: int = 0  # regions in the cache
    dropped: int = 0  # so often there was no room for more


class Recompiler:
    """Serves requests until it is closed. Closing it while one is under way waits for that."""

    def __init__(self, attach: Callable[[Any], Any], options: Recompiling) -> None:
        """`attach` makes the native recompiler from its configuration. Raises UsageError without llvmlite."""
        self._compiler = Compiler()
        self._options = options
        self.account = Account()
        self.failure: Exception | None = None
        self._cache = Cache(options.cache, f"emitter {emitter.VERSION}; {self._compiler.identity}")
        self._addresses: dict[CompiledCode, int] = {}
        self._groups: dict[int, int] = {}  # where groups begin, and the entry of the region
        self._ungrouped: set[int] = set()
        self._jumps: dict[int, tuple[int, ...]] = {}  # through registers, as they were seen
        self._loaded_bytes = 0
        self._dropping = False  # everything, as soon as the computer looks
        self._request = ffi.new("t64_request *")
        self._offers: deque[Any] = deque()
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
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="toyvm recompiler", daemon=True)
        self._thread.start()
        atexit.register(self._stop)  # LLVM must not be at work when the process takes it down

    def counts(self) -> dict[str, int]:
        """The native core's books."""
        counts = ffi.new("t64_recompiler_counts *")
        lib.t64_recompiler_read_counts(self._native, counts)
        return {name: int(getattr(counts, name)) for name, _ in ffi.typeof(counts[0]).fields}

    def close(self) -> None:
        """End the thread. To be called while the computer does not run, and never will again. Raises what went wrong in
        the thread."""
        atexit.unregister(self._stop)
        self._stop()
        self._close_pipes()
        self._compiler.unload_all()
        self._cache.tidy()
        if self.failure is not None:
            raise ToyvmError(f"the recompiler failed: {self.failure!r}") from self.failure

    def _stop(self) -> None:
        self._closing = True
        os.write(self._wake_write, b"q")
        self._thread.join()

    def _close_pipes(self) -> None:
        for descriptor in (self._wake_read, self._wake_write, self._done_read, self._done_write):
            if descriptor >= 0:
                os.close(descriptor)

    # The thread.

    def _serve(self) -> None:
        while not self._closing:
            ready, _, _ = select.select([self._wake_read], [], [], self._patience())
            if ready:
                os.read(self._wake_read, 1)
            try:
                if ready and lib.t64_recompiler_take(self._native, self._request) and self.failure is None:
                    self._answer(read_request(self._request))
                self._hand_over()
            except Exception as error:  # the computer goes on without; whoever closes it is told
                self.failure = error
            finally:
                if ready and self._options.waiting:
                    os.write(self._done_write, b"d")

    def _patience(self) -> float | None:
        """How long to wait for a request; None: nothing else is to be done."""
        return _RETRY_SECONDS if self._offers or self._dropping else None

    def _hand_over(self) -> None:
        while self._offers and lib.t64_recompiler_offer(self._native, self._offers[0]):
            self._offers.popleft()
        if self._dropping and not self._offers and not lib.t64_recompiler_is_offering(self._native):
            self._dropping = False
            self._compiler.unload_all()

    def _answer(self, snapshot: Snapshot) -> None:
        if self._dropping:
            return  # it will be asked for again
        for source, targets in snapshot.jumps.items():
            self._jumps[source] = tuple(dict.fromkeys((*self._jumps.get(source, ()), *targets)))[:JUMPS_MAX]
        snapshot, is_lesson = self._learned(skip_system(replace(snapshot, jumps=self._jumps)))
        code = None if is_lesson else self._cache.find(snapshot)
        self.account.found += code is not None
        if code is None:
            code = self._compile(snapshot)
        if code is not None and self._has_room(code):
            self._groups.update(dict.fromkeys(code.groups, code.entries[0][0]))
            self._offers.append(make_offer(code, snapshot, self._address_of(code)))

    def _learned(self, snapshot: Snapshot) -> tuple[Snapshot, bool]:
        """A place that often cannot go on because of a group: it is parted, and the region compiled again."""
        entry = self._groups.get(snapshot.gva) if snapshot.stuck else None
        if entry is None or entry & -PAGE_SIZE not in snapshot.pages:
            return snapshot, False
        self._ungrouped.add(snapshot.gva)
        return replace(snapshot, gva=entry), True

    def _compile(self, snapshot: Snapshot) -> CompiledCode | None:
        region = discover(snapshot, self._options.limit, executed_only=not self._options.eager)
        if region is None:
            return None
        writer = Emitter(region, FUNCTION, self._ungrouped)
        code = compiled(region, self._compiler.compile(writer.text()), writer.grouped)
        self.account.compiled += 1
        self.account.instructions += code.size
        self._cache.keep(snapshot, code)
        return code

    def _address_of(self, code: CompiledCode) -> int:
        address = self._addresses.get(code)
        if address is None:
            self._loaded_bytes += len(code.object_file)
            address = self._addresses[code] = self._compiler.load(code.object_file, FUNCTION)
        return address

    def _has_room(self, code: CompiledCode) -> bool:
        """If not, everything is dropped: what is hot then is asked for again, and found in the cache."""
        if code in self._addresses or self._loaded_bytes + len(code.object_file) <= self._options.room:
            return True
        self._dropping = True
        self.account.dropped += 1
        self._offers.clear()
        self._addresses.clear()
        self._loaded_bytes = 0
        self._offers.append(ffi.new("t64_offer *"))
        return False


def make_offer(code: CompiledCode, snapshot: Snapshot, address: int) -> Any:
    """A native t64_offer of code for the frames of a snapshot."""
    offer = ffi.new("t64_offer *")
    offer.code, offer.user = address, code.user
    offer.entry_count = len(code.entries)
    for n, (gva, need) in enumerate(code.entries):
        offer.entries[n], offer.needs[n] = gva, need
    offer.page_count = len(code.pages)
    for n, gva in enumerate(code.pages):
        page, image = snapshot.pages[gva], offer.pages[n]
        image.gva, image.frame = gva, page.frame
        ffi.memmove(image.words, page.words.tobytes(), PAGE_SIZE)
        marks = 0
        for run in code.runs:
            if run.start & -PAGE_SIZE == gva:
                marks |= ((1 << len(run.words)) - 1) << run.start % PAGE_SIZE // 4
        ffi.memmove(image.marked, marks.to_bytes(PAGE_SIZE // 32, "little"), PAGE_SIZE // 32)
    return offer
