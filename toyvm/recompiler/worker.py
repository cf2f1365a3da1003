"""The recompiler of one computer or host: answers the native core's requests in a thread of its own."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toyvm.errors import ToyvmError
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi, lib
from toyvm.recompiler.compiler import Compiler
from toyvm.recompiler.emitter import Emitter
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.region import Region, discover
from toyvm.recompiler.snapshot import Snapshot, read_request

FUNCTION = "region"
_RETRY_SECONDS = 0.001  # until an offer is tried again that found the last one not looked at


@dataclass(slots=True)
class Account:
    """What the recompiler did."""

    compiled: int = 0
    instructions: int = 0  # of the guest, compiled
    loaded: int = 0  # from the cache
    seconds: float = 0.0  # of CPU time in the worker


class Recompiler:
    """Serves requests until it is closed. Closing it while one is under way waits for that."""

    def __init__(self, attach: Callable[[Any], Any], options: Recompiling) -> None:
        """`attach` makes the native recompiler from its configuration. Raises UsageError without llvmlite."""
        self._compiler = Compiler()
        self._options = options
        self.account = Account()
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
        self._number = 0
        self._thread = threading.Thread(target=self._serve, name="toyvm recompiler", daemon=True)
        self._thread.start()

    def counts(self) -> dict[str, int]:
        """The native core's books."""
        counts = ffi.new("t64_recompiler_counts *")
        lib.t64_recompiler_read_counts(self._native, counts)
        return {name: int(getattr(counts, name)) for name, _ in ffi.typeof(counts[0]).fields}

    def close(self) -> None:
        """End the thread. To be called before the computer is freed, and while it does not run."""
        self._closing = True
        os.write(self._wake_write, b"q")
        self._thread.join()
        self._close_pipes()
        lib.t64_recompiler_drop_all(self._native)
        self._compiler.close()

    def _close_pipes(self) -> None:
        for descriptor in (self._wake_read, self._wake_write, self._done_read, self._done_write):
            if descriptor >= 0:
                os.close(descriptor)

    # The thread.

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._wake_read], [], [], _RETRY_SECONDS if self._offers else None)
            if ready:
                os.read(self._wake_read, 1)
            if self._closing:
                return
            try:
                if ready and lib.t64_recompiler_take(self._native, self._request):
                    self._answer(read_request(self._request))
                self._hand_over()
            finally:
                if ready and self._options.waiting:
                    os.write(self._done_write, b"d")

    def _hand_over(self) -> None:
        while self._offers and lib.t64_recompiler_offer(self._native, self._offers[0]):
            self._offers.popleft()

    def _answer(self, snapshot: Snapshot) -> None:
        region = discover(snapshot, self._options.limit, executed_only=not self._options.eager)
        if region is None:
            return
        self._number += 1
        object_file = self._compiler.compile(Emitter(region, FUNCTION).text())
        self.account.compiled += 1
        self.account.instructions += region.size
        address = self._compiler.load(self._number, object_file, FUNCTION)
        self._offers.append(make_offer(region, snapshot, self._number, address))


def make_offer(region: Region, snapshot: Snapshot, number: int, address: int) -> Any:
    """A native t64_offer."""
    offer = ffi.new("t64_offer *")
    offer.id, offer.code, offer.user = number, address, region.user
    offer.entry_count = len(region.entries)
    for n, pc in enumerate(region.entries):
        offer.entries[n], offer.needs[n] = pc, region.needs[pc]
    offer.page_count = len(region.pages)
    for n, gva in enumerate(region.pages):
        page, image = snapshot.pages[gva], offer.pages[n]
        image.gva, image.frame = gva, page.frame
        ffi.memmove(image.words, page.words.tobytes(), PAGE_SIZE)
        marks = 0
        for block in region.blocks.values():
            if block.start & -PAGE_SIZE == gva:
                marks |= ((1 << len(block.steps)) - 1) << block.start % PAGE_SIZE // 4
        ffi.memmove(image.marked, marks.to_bytes(128, "little"), 128)
    return offer
