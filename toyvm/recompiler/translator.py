"""The translator: from a request of the native core to the offer that answers it, compiled or found in the cache."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi
from toyvm.recompiler import emitter
from toyvm.recompiler.cache import Cache
from toyvm.recompiler.code import CompiledCode, compiled
from toyvm.recompiler.compiler import Compiler
from toyvm.recompiler.emitter import Emitter
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.region import discover, skip_system
from toyvm.recompiler.snapshot import Snapshot, read_request
from toyvm.recompiler.worker import Account

FUNCTION = "region"
JUMPS_MAX = 64  # targets of one


class Translator:
    """One thread at a time may use it."""

    def __init__(self, options: Recompiling, account: Account) -> None:
        """Keeps its books in `account`. Raises UsageError without llvmlite."""
        self._options = options
        self._account = account
        self._compiler = Compiler()
        self._cache = Cache(options.cache, f"emitter {emitter.VERSION}; {self._compiler.identity}")
        self._addresses: dict[CompiledCode, int] = {}
        self._groups: dict[int, int] = {}  # where groups begin, and the entry of the region
        self._ungrouped: set[int] = set()
        self._jumps: dict[int, tuple[int, ...]] = {}  # through registers, as they were seen
        self._loaded_bytes = 0
        self._is_dropping = False  # everything, which has happened by the next request

    def close(self) -> None:
        """Nothing that was offered may run any more."""
        self._compiler.unload_all()
        self._cache.tidy()

    def answer(self, request: Any) -> Any:
        """A t64_offer for a t64_request, or None."""
        if self._is_dropping:
            self._is_dropping = False
            self._compiler.unload_all()
        snapshot = read_request(request)
        for source, targets in snapshot.jumps.items():
            self._jumps[source] = tuple(dict.fromkeys((*self._jumps.get(source, ()), *targets)))[:JUMPS_MAX]
        snapshot, is_lesson = self._learned(skip_system(replace(snapshot, jumps=self._jumps)))
        code = None if is_lesson else self._cache.find(snapshot)
        self._account.found += code is not None
        if code is None:
            code = self._compile(snapshot)
        if code is None:
            return None
        if not self._has_room(code):
            return self._drop_all()
        self._groups.update(dict.fromkeys(code.groups, code.entries[0][0]))
        return make_offer(code, snapshot, self._address_of(code))

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
        code = compiled(region, self._compiler.compile(writer.text()), writer.grouped, writer.sites)
        self._account.compiled += 1
        self._account.instructions += code.size
        self._cache.keep(snapshot, code)
        return code

    def _address_of(self, code: CompiledCode) -> int:
        address = self._addresses.get(code)
        if address is None:
            self._loaded_bytes += len(code.object_file)
            address = self._addresses[code] = self._compiler.load(code.object_file, FUNCTION)
        return address

    def _has_room(self, code: CompiledCode) -> bool:
        return code in self._addresses or self._loaded_bytes + len(code.object_file) <= self._options.room

    def _drop_all(self) -> Any:
        """An offer that drops all others: what is hot then is asked for again, and found in the cache."""
        self._is_dropping = True
        self._account.dropped += 1
        self._addresses.clear()
        self._loaded_bytes = 0
        return ffi.new("t64_offer *")


def make_offer(code: CompiledCode, snapshot: Snapshot, address: int) -> Any:
    """A native t64_offer of code for the frames of a snapshot."""
    offer = ffi.new("t64_offer *")
    offer.code, offer.user = address, code.user
    offer.entry_count, offer.site_count = len(code.entries), code.sites
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
