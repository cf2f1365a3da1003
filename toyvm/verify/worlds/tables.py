"""The world of direct paging: a domain pins, writes and uses tables, its own and those that it must not have.

The model is the rule itself, counted anew from pins and roots for each call: a frame has one type at a time.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar, NamedTuple

from toyvm.hypercalls import MONITOR_ROOT_SLOT
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import ENTRIES, PTE_A, PTE_D, PTE_FRAME, PTE_R, PTE_RESERVED, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.verify.worlds.domains import LEAVES, MIDDLE, PAGES, REFUSED, ROOT, SHARED, DomainWorld, Expected
from toyvm.verify.worlds.world import Result, Watch

T, S = 4, 5  # pages that become tables
WRITABLE = 3  # a type beside the levels
_R, _RW = PTE_V | PTE_R | PTE_U, PTE_V | PTE_R | PTE_W | PTE_U
_LEAF = PTE_R | PTE_W | PTE_X
_AD = PTE_A | PTE_D

Place = tuple[int, int]  # frame, index of the entry


class _State(NamedTuple):
    """What the domain has asked for: entries that matter, pins, the user's root, pages that may be stored to still."""

    entries: tuple[tuple[Place, int], ...]
    pins: tuple[tuple[int, int], ...]
    user: int | None
    stale: frozenset[int]
    has_t: bool = True  # or has given it back to the host


class _Refused(Exception):
    """By an error's name."""


class _Books:
    """Types and uses of all frames of the domain, from the entries of its tables."""

    def __init__(self, own: frozenset[int], entries: Mapping[Place, int]) -> None:
        self._own = own
        self._entries: dict[int, dict[int, int]] = {}
        for (frame, index), entry in sorted(entries.items()):
            self._entries.setdefault(frame, {})[index] = entry
        self.mapped: set[int] = set()
        self.types: dict[int, int] = {}
        self.counts: dict[int, int] = {}

    def use(self, frame: int, type_: int) -> bool:
        """One more use; is it the first?"""
        if frame not in self._own:
            raise _Refused("perm")
        count = self.counts.get(frame, 0)
        if count and self.types[frame] != type_:
            raise _Refused("busy")
        self.types[frame] = type_
        self.counts[frame] = count + 1
        return not count

    def take(self, frame: int, level: int) -> None:
        """As a table, with all that it leads to."""
        if self.use(frame, level):
            for index, entry in self._entries.get(frame, {}).items():
                if level != 2 or index != MONITOR_ROOT_SLOT:
                    self.take_entry(entry, level)

    def take_entry(self, entry: int, level: int) -> None:
        if not entry & PTE_V:
            return
        is_leaf = bool(entry & _LEAF)
        if entry & PTE_RESERVED or is_leaf != (level == 0) or (level and entry & (PTE_U | _AD)):
            raise _Refused("inval")
        frame = (entry & PTE_FRAME) >> 12
        if level:
            self.take(frame, level - 1)
        elif frame not in self._own:
            raise _Refused("perm")
        else:
            self.mapped.add(frame)
            if entry & PTE_W:
                self.use(frame, WRITABLE)


class TablesWorld(DomainWorld):
    """One domain, two pages that it makes tables of, and a neighbour and a monitor whose frames it would have."""

    name: ClassVar[str] = "tables"
    beginnings: ClassVar[tuple[tuple[str, ...], ...]] = (
        (),
        ("map T R", "map S R", "pin T 0", "pin S 1", "S[0] = T"),
        ("map T: nothing, no flush", "give T back"),
        ("map T R", "store T into S", "store a neighbour's into S[1]"),
    )

    def make_actions(self) -> None:
        t, s = self.frame(T), self.frame(S)
        leaves, root, foreign = self.frame(LEAVES), self.frame(ROOT), self.frame(T, 1)
        self._own = frozenset(self.guests[0].frames)
        taken = {frame for guest in self.guests for frame in guest.frames}
        monitors = next(frame for frame in range(self.frame(0) + 1, 1 << 20) if frame not in taken)
        add = self.add

        def update_va(name: str, page: int, entry: int, flush: int = 1) -> None:
            add(self.call(name, "update_va", page << 12, entry, flush), "update_va", page, entry, flush)

        def pin(name: str, frame: int, level: int) -> None:
            add(self.call(name, "pin_table", frame, level), "pin", frame, level)

        def update(name: str, frame: int, index: int, value: int) -> None:
            add(self.update(name, frame << 12 | 8 * index, value), "update", frame, index, value)

        def set_roots(name: str, kernel: int, user: int) -> None:
            add(self.call(name, "set_roots", kernel, user), "roots", kernel, user & ALL_BITS)

        def store(name: str, page: int, value: int, index: int = 0) -> None:
            add(self.store(name, (page << 12) + 8 * index, value), "store", page, value, index)

        update_va("map T R", T, t << 12 | _R)
        update_va("map T R, no flush", T, t << 12 | _R, 0)
        update_va("map T RW", T, t << 12 | _RW)
        update_va("map T: nothing, no flush", T, 0, 0)
        update_va("map S R", S, s << 12 | _R)
        update_va("map S RW", S, s << 12 | _RW)
        update_va("map at S the root RW", S, root << 12 | _RW)
        update_va("map at S a neighbour's", S, foreign << 12 | _R)
        update_va("map at S the monitor's", S, monitors << 12 | _R)
        update_va("map at S T RW", S, t << 12 | _RW)
        add(self.call("map in the window", "update_va", SHARED["status"], t << 12 | _RW, 1), "window")
        pin("pin T 0", t, 0)
        pin("pin T 1", t, 1)
        pin("pin S 1", s, 1)
        pin("pin S 2", s, 2)
        pin("pin a neighbour's 0", foreign, 0)
        for name, frame in (("T", t), ("S", s)):
            add(self.call(f"unpin {name}", "unpin_table", frame), "unpin", frame)
        update("T[0] = S RW", t, 0, s << 12 | _RW)
        update("T[0] = T RW", t, 0, t << 12 | _RW)
        update("T[0] = a neighbour's RW", t, 0, foreign << 12 | _RW)
        update("T[0] = absent", t, 0, 0)
        update("S[0] = T", s, 0, t << 12 | PTE_V)
        update("S[0] = S", s, 0, s << 12 | PTE_V)
        update("S[511] = T", s, MONITOR_ROOT_SLOT, t << 12 | PTE_V)
        set_roots("roots: own, S", root, s)
        set_roots("roots: own, none", root, -1)
        set_roots("roots: own, own", root, root)
        store("store S RW into T", T, s << 12 | _RW)
        store("store a neighbour's into T", T, foreign << 12 | _R)
        store("store T into S", S, t << 12 | PTE_V)
        store("store a neighbour's into S[1]", S, foreign << 12 | PTE_V, 1)
        add(self.balloon("give T back", "decrease_reservation", T), "give")
        add(self.balloon("get T again", "increase_reservation", T), "get")
        add(self.reload("reload"), "reload")
        store("store into the root", ROOT, foreign << 12 | PTE_V)
        assert leaves in self._own

    def watches(self) -> tuple[Watch, ...]:
        return tuple(Watch(0, 4096 * page + 8 * index) for page, index in self._places())

    def _places(self) -> tuple[tuple[int, int], ...]:
        return (LEAVES, T), (LEAVES, S), (T, 0), (S, 0)

    def start(self) -> Hashable:
        entries = {(self.frame(ROOT), 0): self.frame(MIDDLE) << 12 | PTE_V}
        entries[self.frame(MIDDLE), 0] = self.frame(LEAVES) << 12 | PTE_V
        for page in range(PAGES):
            entries[self.frame(LEAVES), page] = self.frame(page) << 12 | (_R if page >= ROOT else _RW | PTE_X)
        return _State(tuple(sorted(entries.items())), ((self.frame(ROOT), 2),), None, frozenset())

    def expect(self, state: Hashable, action: int, result: Result) -> Expected:
        assert isinstance(state, _State)
        kind, facts = self.meanings[action]
        trapped: bool | None = False
        a0: int | None = 0
        if kind == "store":
            after, trapped = self._stored(state, facts, self.trapped(result))
            a0 = None
        else:
            try:
                after = self._called(state, kind, facts)
            except _Refused as error:
                after, a0 = state, REFUSED[str(error)]
        entries = dict(after.entries)
        marks = [found & _AD for found in result.watched]
        watched = tuple(
            entries.get((self.frame(page), index), 0) | (mark if page == LEAVES else 0)
            for (page, index), mark in zip(self._places(), marks, strict=True)
        )
        return Expected(after, a0, watched, trapped)

    # What calls mean.

    def _owned(self, state: _State) -> frozenset[int]:
        return self._own if state.has_t else self._own - {self.frame(T)}

    def _books(self, state: _State) -> _Books:
        books = _Books(self._owned(state), dict(state.entries))
        for frame, level in state.pins:
            books.take(frame, level)
        for root in (self.frame(ROOT), state.user):
            if root is not None:
                books.take(root, 2)
        return books

    def _called(self, state: _State, kind: str, facts: tuple[int, ...]) -> _State:
        books = self._books(state)
        match kind:
            case "update_va":
                page, entry, flush = facts
                after = self._updated(state, books, self.frame(LEAVES), page, entry)
                stale = {page} if not flush and self._allows_store(state, page) else set()
                return after._replace(stale=(after.stale - {page}) | stale if flush else after.stale | stale)
            case "update":
                return self._updated(state, books, *facts)
            case "reload":
                return state._replace(stale=frozenset())
            case "give":
                return self._given_back(state, books)
            case "get":
                if state.has_t:
                    raise _Refused("inval")
                return state._replace(has_t=True)
            case "window":
                raise _Refused("perm")
            case "pin":
                return self._pinned(state, books, *facts)
            case "unpin":
                return self._unpinned(state, *facts)
            case _:
                assert kind == "roots"
                kernel, user = facts
                books.take(kernel, 2)
                if user != ALL_BITS:
                    books.take(user, 2)
                return state._replace(user=None if user == ALL_BITS else user, stale=frozenset())

    def _updated(self, state: _State, books: _Books, frame: int, index: int, value: int) -> _State:
        if frame not in self._owned(state):
            raise _Refused("perm")
        level = books.types[frame] if books.counts.get(frame, 0) else WRITABLE
        if level > 2:
            raise _Refused("inval")
        if index >= (MONITOR_ROOT_SLOT if level == 2 else ENTRIES):
            raise _Refused("perm")
        first = {frame for frame, count in books.counts.items() if count}
        books.take_entry(value, level)
        fresh = any(books.types[frame] <= 2 for frame in set(books.counts) - first)
        return self._flushed(self._with_entry(state, frame, index, value), fresh)

    def _pinned(self, state: _State, books: _Books, frame: int, level: int) -> _State:
        pins = dict(state.pins)
        if frame in pins:
            if pins[frame] != level:
                raise _Refused("busy")
            return state
        fresh = not books.counts.get(frame, 0)
        books.take(frame, level)
        pins[frame] = level
        return self._flushed(state._replace(pins=tuple(sorted(pins.items()))), fresh)

    def _unpinned(self, state: _State, frame: int) -> _State:
        pins = dict(state.pins)
        if frame not in self._owned(state):
            raise _Refused("perm")
        if frame not in pins:
            raise _Refused("inval")
        del pins[frame]
        return state._replace(pins=tuple(sorted(pins.items())))

    def _given_back(self, state: _State, books: _Books) -> _State:
        """Nothing leads to it; what comes again is full of zeros."""
        t = self.frame(T)
        if not state.has_t:
            raise _Refused("inval")
        if books.counts.get(t, 0) or t in books.mapped:
            raise _Refused("busy")
        entries = tuple((place, entry) for place, entry in state.entries if place[0] != t)
        return state._replace(entries=entries, has_t=False, stale=frozenset())

    def _flushed(self, state: _State, all_: bool) -> _State:
        """A new table has all translations forgotten: it may have been writable before."""
        return state._replace(stale=frozenset()) if all_ else state

    def _with_entry(self, state: _State, frame: int, index: int, value: int) -> _State:
        entries = dict(state.entries)
        entries[frame, index] = value
        if not value:
            del entries[frame, index]
        return state._replace(entries=tuple(sorted(entries.items())))

    # What stores do.

    def _entry_of(self, state: _State, page: int) -> int:
        return dict(state.entries).get((self.frame(LEAVES), page), 0)

    def _allows_store(self, state: _State, page: int) -> bool:
        return bool(self._entry_of(state, page) & PTE_W)

    def _stored(self, state: _State, facts: tuple[int, ...], trapped: bool) -> tuple[_State, bool | None]:
        """Into the page that is mapped there; where an old translation may be remembered the result decides."""
        page, value, index = facts
        entry = self._entry_of(state, page)
        may = bool(entry & PTE_W)
        doubtful = page in state.stale
        if trapped or not (may or doubtful):
            return state, None if doubtful else not may
        frame = (entry & PTE_FRAME) >> 12 if may else self.frame(page)  # what else may be remembered of T is its own
        return self._with_entry(state, frame, index, value), None if doubtful else False
