"""The translator: from a request of the native core to the offer that answers it, compiled or found in the cache."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi
from toyvm.recompiler import emitter
from toyvm.recompiler.account import Account
from toyvm.recompiler.cache import Cache
from toyvm.recompiler.code import CompiledCode, compiled
from toyvm.recompiler.compiler import Compiler
from toyvm.recompiler.emitter import Emitter
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.region import Region, discover, skip_system
from toyvm.recompiler.request import Snapshot, read_request

FUNCTION = "region"
JUMPS_MAX = 64  # targets of one
GROWTHS_MAX = 3  # of a region
LARGE = 100  # instructions

Where = tuple[bool, int]  # in user mode? and the address


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to begin, what else to enter, and where to end."""

    snapshot: Snapshot
    also: tuple[int, ...] = ()
    ends: frozenset[int] = frozenset()


class Translator:
    """One thread at a time may use it."""

    def __init__(self, options: Recompiling, account: Account) -> None:
        """Keeps its books in `account`."""
        self._options = options
        self._account = account
        self._addresses: dict[CompiledCode, int] = {}
        self._groups: dict[int, int] = {}  # where groups begin, and the entry of the region
        self._ungrouped: set[int] = set()
        self._jumps: dict[int, tuple[int, ...]] = {}  # through registers, as they were seen
        self._entered: dict[Where, CompiledCode] = {}  # what was offered, by entry, the latest of each
        self._covering: dict[Where, CompiledCode] = {}  # and by instruction
        self._grown: Counter[Where] = Counter()  # how often a region was compiled again with more entries
        self._loaded_bytes = 0
        self._is_dropping = False  # everything, which has happened by the next request

    @cached_property
    def _compiler(self) -> Compiler:
        """LLVM, loaded for the first region that is worth it. Raises UsageError without llvmlite."""
        return Compiler()

    @cached_property
    def _cache(self) -> Cache:
        return Cache(self._options.cache, f"emitter {emitter.VERSION}; {self._compiler.identity}")

    def close(self) -> None:
        """Nothing that was offered may run any more."""
        if "_cache" in vars(self):
            self._compiler.unload_all()
            self._cache.close()

    def settle(self) -> None:
        """Do what could wait until the answer was given."""
        if "_cache" in vars(self):
            self._cache.write()

    def answer(self, request: Any) -> Any:
        """A t64_offer for a t64_request, or None. Raises UsageError without llvmlite."""
        if self._is_dropping:
            self._is_dropping = False
            self._compiler.unload_all()
        snapshot = read_request(request)
        for source, targets in snapshot.jumps.items():
            self._jumps[source] = tuple(dict.fromkeys((*self._jumps.get(source, ()), *targets)))[:JUMPS_MAX]
        snapshot, is_lesson = self._learned(skip_system(replace(snapshot, jumps=self._jumps)))
        code, plan = self._entered.get((snapshot.user, snapshot.gva)), Plan(snapshot)  # as it was offered before
        if is_lesson or code is None or not code.is_made_from(snapshot):
            plan = plan if is_lesson else self._plan(snapshot)
            region = self._region(snapshot, plan)
            if region is None:
                return None
            code = None if is_lesson else self._cache.find(snapshot)
            self._account.found += code is not None
            code = code or self._compile(snapshot, plan, region)
        else:
            self._account.found += 1
        if code not in self._addresses and self._loaded_bytes + len(code.object_file) > self._options.room:
            return self._drop_all()
        self._note(code, is_whole=not plan.ends)
        return make_offer(code, snapshot, self._address_of(code))

    def _note(self, code: CompiledCode, is_whole: bool) -> None:
        """It is on its way. Unless it is whole, it does not hide those that it leads to."""
        self._groups.update(dict.fromkeys(code.groups, code.entries[0][0]))
        self._entered.update(((code.user, gva), code) for gva, _ in code.entries)
        covered = {(code.user, pc): code for run in code.runs for pc in run.addresses}
        self._covering = self._covering | covered if is_whole else covered | self._covering

    def _learned(self, snapshot: Snapshot) -> tuple[Snapshot, bool]:
        """A place that often cannot go on because of a group: it is parted, and the region compiled again."""
        entry = self._groups.get(snapshot.gva) if snapshot.stuck else None
        if entry is None or snapshot.gva in self._ungrouped or entry & -PAGE_SIZE not in snapshot.pages:
            return snapshot, False
        self._ungrouped.add(snapshot.gva)
        return replace(snapshot, gva=entry), True

    def _plan(self, snapshot: Snapshot) -> Plan:
        """What to compile for a request, so that what was compiled already is not compiled again.

        In the midst of a region that is what leads from there to its entries; or all of it, if a jump leads there that
        was not seen before.
        """
        if self._options.eager:
            return Plan(snapshot)
        code = self._covering.get((snapshot.user, snapshot.gva))
        if code is None or not code.is_shown_by(snapshot):
            return Plan(snapshot, ends=self._large_entries(snapshot))
        start = code.entries[0][0]
        was_jumped_to = any(snapshot.gva in self._jumps.get(pc, ()) for run in code.runs for pc in run.addresses)
        if was_jumped_to and start & -PAGE_SIZE in snapshot.pages and self._grown[code.user, start] < GROWTHS_MAX:
            self._grown[code.user, start] += 1
            return Plan(replace(snapshot, gva=start), also=(snapshot.gva,))
        return Plan(snapshot, ends=frozenset(gva for gva, _ in code.entries if gva != snapshot.gva))

    def _large_entries(self, snapshot: Snapshot) -> frozenset[int]:
        """The entries of regions that are too large to be part of another one."""
        large = {code for code in self._entered.values() if code.size >= LARGE and code.user is snapshot.user}
        entries = {gva for code in large if code.is_shown_by(snapshot) for gva, _ in code.entries}
        return frozenset(entries - {snapshot.gva})

    def _region(self, snapshot: Snapshot, plan: Plan) -> Region | None:
        """What is planned, if it is entered where it was asked for and worth it."""
        region = discover(plan.snapshot, self._options.limit, not self._options.eager, plan.also, plan.ends)
        if region is None or snapshot.gva not in region.entries or region.length < self._options.shortest:
            return None
        return region

    def _compile(self, snapshot: Snapshot, plan: Plan, region: Region) -> CompiledCode:
        writer = Emitter(region, FUNCTION, self._ungrouped)
        code = compiled(region, self._compiler.compile(writer.text()), writer.grouped, writer.sites)
        self._account.compiled += 1
        self._account.instructions += code.size
        for place in {plan.snapshot.gva, snapshot.gva}:
            self._cache.keep(replace(snapshot, gva=place), code)
        return code

    def _address_of(self, code: CompiledCode) -> int:
        address = self._addresses.get(code)
        if address is None:
            self._loaded_bytes += len(code.object_file)
            address = self._addresses[code] = self._compiler.load(code.object_file, FUNCTION)
        return address

    def _drop_all(self) -> Any:
        """An offer that drops all others: what is hot then is asked for again, and found in the cache."""
        self._is_dropping = True
        self._account.dropped += 1
        self._addresses.clear()
        self._entered.clear()
        self._covering.clear()
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
