"""The world of rings: a domain writes counts and requests, proper ones and wild ones, rings the doorbell, and waits."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, NamedTuple

from toyvm.hypercalls import (
    CONSOLE_IN_SIZE,
    CONSOLE_OUT_SIZE,
    DISK_FLUSH,
    DISK_READ,
    DISK_SECTORS_MAXIMUM,
    DISK_SLOT_SIZE,
    DISK_SLOTS,
    DISK_WRITE,
    RECORDS,
    RING_DATA,
    RINGS,
)
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PTE_R, PTE_U, PTE_V, PTE_W
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.verify.worlds.domains import MEMORY, PAGES, REFUSED, ROOT, DomainWorld, Expected
from toyvm.verify.worlds.world import Action, Place, Result, Watch

X, Y, BUFFER = 4, 5, 6  # pages
LATENCY = 5  # ticks, as the core's program has it
_R, _RW = PTE_V | PTE_R | PTE_U, PTE_V | PTE_R | PTE_W | PTE_U
_DISK, _CONSOLE = RINGS["disk"], RINGS["console"]
_AT = {(record.name, name): record.offset(name) for record in RECORDS for name, _ in record.members}
_NO_DOORBELL = DISK_SLOTS + 1  # so far ahead is req_event while the disk works

Request = tuple[int, int, int, int, int]  # id, operation, sector, count, address


class _State(NamedTuple):
    """The pages that are rings, what was taken and answered, and the words of X and Y that matter."""

    words: tuple[tuple[int, int], ...]  # by address; others are 0
    disk: int | None = None
    taken: int = 0
    answered: int = 0
    ready: int = 0  # ticks from now
    requests: tuple[Request, ...] = ()  # taken, not answered
    console: int | None = None
    out_cons: int = 0
    writable: bool = True  # the domain's own mapping of Y
    pinned: bool = False  # Y, as a table


class RingsWorld(DomainWorld):
    """One domain with a disk of four sectors. What it writes into a ring is checked, once, and copied before that."""

    name: ClassVar[str] = "rings"
    beginnings: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("disk ring at X", "requests = 1"), ("console ring at X",))
    disk: ClassVar[int] = 4

    def make_actions(self) -> None:
        add = self.add

        def set_up(name: str, ring: int, address: int) -> None:
            add(self.call(name, "ring_setup", ring, address), "setup", ring, address & ALL_BITS)

        def store(name: str, offset: int, value: int) -> None:
            add(self.store(name, (X << 12) + offset, value), "store", (X << 12) + offset, value & ALL_BITS)

        set_up("disk ring at X", _DISK, X << 12)
        set_up("disk ring at Y", _DISK, Y << 12)
        set_up("disk ring at the root", _DISK, ROOT << 12)
        set_up("disk ring within a page", _DISK, (X << 12) + 8)
        set_up("disk ring behind the memory", _DISK, MEMORY)
        set_up("no disk ring", _DISK, -1)
        set_up("console ring at X", _CONSOLE, X << 12)
        set_up("no console ring", _CONSOLE, -1)
        set_up("ring 2", 2, X << 12)
        for count in (1, 2, 33, ALL_BITS):
            store(f"requests = {count if count < 1 << 63 else -1}", _AT["disk_ring", "req_prod"], count)
        store("answer wanted: 2", _AT["disk_ring", "rsp_event"], 2)
        for name, address in (("the buffer", BUFFER << 12), ("the root", ROOT << 12), ("behind the memory", MEMORY)):
            store(f"address = {name}", RING_DATA + _AT["disk_request", "address"], address)
        store("operation = write", RING_DATA + _AT["disk_request", "operation"], DISK_WRITE)
        store("count = 129", RING_DATA + _AT["disk_request", "count"], DISK_SECTORS_MAXIMUM + 1)
        store("sector = 4", RING_DATA + _AT["disk_request", "sector"], self.disk)
        for count in (3, CONSOLE_OUT_SIZE + 4):
            store(f"output = {count}", _AT["console_ring", "out_prod"], count)
        store("input wanted: 1", _AT["console_ring", "in_wanted"], 1)
        for ring in (_CONSOLE, _DISK, 2):
            add(self.call(f"doorbell {ring}", "doorbell", ring), "doorbell", ring)
        add(self.wait("wait", LATENCY + 1), "wait")
        add(self.reload("reload"), "reload")
        y = self.frame(Y)
        add(self.call("map Y R", "update_va", Y << 12, y << 12 | _R, 1), "map", 0)
        add(self.call("map Y RW", "update_va", Y << 12, y << 12 | _RW, 1), "map", 1)
        add(self.call("pin Y", "pin_table", y, 0), "pin")
        add(self.call("unpin Y", "unpin_table", y), "unpin")

    def _first_words(self) -> dict[int, int]:
        """Two requests, as they stand in X: a proper one, and one beyond the disk."""
        words: dict[int, int] = {}
        for number, request in enumerate(((7, DISK_READ, 0, 1, BUFFER << 12), (8, DISK_READ, 100, 1, BUFFER << 12))):
            at = (X << 12) + RING_DATA + DISK_SLOT_SIZE * number
            words |= {at + 8 * n: value for n, value in enumerate(request)}
        return words

    def preparing(self) -> Sequence[Action]:
        return [self.store("a request's word", at, value) for at, value in self._first_words().items()]

    def watches(self) -> tuple[Watch, ...]:
        header = [Watch(0, at) for at in self._watched()]
        return (*header, *(Watch(0, 8 * n, Place.RING_BOOKS) for n in range(4)))  # open, page, taken, answered

    def _watched(self) -> list[int]:
        slots = [RING_DATA + DISK_SLOT_SIZE * number + 8 * n for number in range(2) for n in range(2)]
        return [(X << 12) + at for at in (*range(0, 48, 8), *slots)]

    def start(self) -> Hashable:
        return _State(_sorted(self._first_words()))

    def expect(self, state: Hashable, action: int, result: Result) -> Expected:
        assert isinstance(state, _State)
        kind, facts = self.meanings[action]
        model = _Model(state, self.disk)
        a0: int | None = None
        if kind == "store":
            model.words[facts[0]] = facts[1]
        elif kind != "wait":
            a0 = model.call(kind, facts)
        after = model.pass_time({"wait": LATENCY + 1, "reload": 0}.get(kind, 1))
        words = dict(after.words)
        books = (int(after.disk is not None), after.disk or 0, after.taken, after.answered)
        return Expected(after, a0, (*(words.get(at, 0) for at in self._watched()), *books))


class _Model:
    """What the monitor makes of a domain's rings, as hypercalls.py has it."""

    def __init__(self, state: _State, sectors: int) -> None:
        self._state = state
        self._sectors = sectors
        self.words = dict(state.words)

    def call(self, kind: str, facts: tuple[int, ...]) -> int:
        state = self._state
        match kind:
            case "setup":
                return self._set_up(*facts)
            case "doorbell":
                return self._look(facts[0])
            case "map":
                if facts[0] and state.pinned:
                    return REFUSED["busy"]
                self._state = state._replace(writable=bool(facts[0]))
            case "pin":
                if state.pinned:
                    return 0
                if state.writable or Y << 12 in (state.disk, state.console):
                    return REFUSED["busy"]
                if any(at >> 12 == Y for at in self.words):
                    return REFUSED["inval"]  # it was a ring: the counts there are no entries
                self._state = state._replace(pinned=True)
            case "unpin":
                if not state.pinned:
                    return REFUSED["inval"]
                self._state = state._replace(pinned=False)
        return 0

    def _set_up(self, ring: int, address: int) -> int:
        state = self._state
        if ring not in (_DISK, _CONSOLE):
            return REFUSED["inval"]
        if ring == _DISK and state.taken != state.answered:
            return REFUSED["busy"]
        page = None if address == ALL_BITS else address
        if page is not None:
            if page % 4096:
                return REFUSED["inval"]
            if page >= MEMORY:
                return REFUSED["perm"]
            if self._is_table(page >> 12):
                return REFUSED["busy"]
        if ring == _DISK:
            self._state = state._replace(disk=page, taken=0, answered=0, ready=0, requests=())
            self._write_header(page, "disk_ring", (0, 1, 0, 1))
        else:
            self._state = state._replace(console=page, out_cons=0)
            self._write_header(page, "console_ring", (0,) * 6)
        return 0

    def _is_table(self, page: int) -> bool:
        return page >= ROOT or (page == Y and self._state.pinned)

    def _write_header(self, page: int | None, record: str, values: Sequence[int]) -> None:
        assert len(values) == sum(name == record for name, _ in _AT)
        if page is not None:
            self.words |= {page + 8 * n: value for n, value in enumerate(values)}

    def _look(self, ring: int) -> int:
        if ring == _CONSOLE:
            return self._look_at_console()
        if ring != _DISK or self._state.disk is None:
            return REFUSED["inval"]
        return 0 if self._take(1) else REFUSED["inval"]

    # The disk's ring.

    def _word(self, record: str, name: str) -> int:
        page = self._state.disk if record == "disk_ring" else self._state.console
        assert page is not None
        return self.words.get(page + _AT[record, name], 0)

    def _set_word(self, record: str, name: str, value: int) -> None:
        page = self._state.disk if record == "disk_ring" else self._state.console
        assert page is not None
        self.words[page + _AT[record, name]] = value

    def _take(self, now: int) -> bool:
        """All that was written, as it stands there now; nothing where there can be no such count."""
        state = self._state
        assert state.disk is not None
        more = (self._word("disk_ring", "req_prod") - state.taken) & ALL_BITS
        if more > DISK_SLOTS - (state.taken - state.answered):
            return False
        ready = now + LATENCY if more and not state.requests else state.ready
        new = tuple(self._request(state.disk, state.taken + n) for n in range(more))
        self._state = state._replace(taken=state.taken + more, ready=ready, requests=state.requests + new)
        self._set_word("disk_ring", "req_event", self._state.taken + (_NO_DOORBELL if self._state.requests else 1))
        return True

    def _request(self, page: int, number: int) -> Request:
        at = page + RING_DATA + DISK_SLOT_SIZE * (number % DISK_SLOTS)
        one, two, three, four, five = (self.words.get(at + 8 * n, 0) for n in range(5))
        return one, two, three, four, five

    def _status(self, request: Request) -> int:
        _, operation, sector, count, address = request
        if operation == DISK_FLUSH:
            return 0
        if operation not in (DISK_READ, DISK_WRITE):
            return REFUSED["inval"]
        if not 1 <= count <= DISK_SECTORS_MAXIMUM or address % 8:
            return REFUSED["inval"]
        if sector + count > self._sectors:
            return REFUSED["io"]
        pages = range(address >> 12, (address + count * SECTOR_SIZE - 1 >> 12) + 1)
        there = all(page < PAGES and not (operation == DISK_READ and self._is_table(page)) for page in pages)
        return 0 if there else REFUSED["fault"]

    def _answer(self) -> None:
        state = self._state
        assert state.disk is not None
        request = state.requests[0]
        at = state.disk + RING_DATA + DISK_SLOT_SIZE * (state.answered % DISK_SLOTS)
        self.words |= {at: request[0], at + 8: self._status(request)}
        self._state = state._replace(answered=state.answered + 1, requests=state.requests[1:])
        self._set_word("disk_ring", "rsp_prod", self._state.answered)

    def pass_time(self, ticks: int) -> _State:
        """What the disk does meanwhile, one request after another, each of which it takes anew after the one before."""
        while self._state.requests and self._state.ready <= ticks:
            done = self._state.ready
            self._answer()
            self._state = self._state._replace(ready=done + LATENCY)
            if not self._take(done):
                self._set_word("disk_ring", "req_event", self._state.taken + 1)
        ready = self._state.ready - ticks if self._state.requests else 0
        return self._state._replace(ready=ready, words=_sorted(self.words))

    # The console's: the input has ended, and all output is taken at once.

    def _look_at_console(self) -> int:
        state = self._state
        if state.console is None:
            return REFUSED["inval"]
        in_cons, wanted = self._word("console_ring", "in_cons"), self._word("console_ring", "in_wanted")
        output = self._word("console_ring", "out_prod")
        unread = -in_cons & ALL_BITS  # nothing was ever put there
        more = (wanted - in_cons) & ALL_BITS
        if (
            (output - state.out_cons) & ALL_BITS > CONSOLE_OUT_SIZE
            or unread > CONSOLE_IN_SIZE
            or more > CONSOLE_IN_SIZE
        ):
            return REFUSED["inval"]
        self._state = state._replace(out_cons=output)
        self._set_word("console_ring", "out_cons", output)
        if more > unread:
            self._set_word("console_ring", "in_ended", 1)
        return 0


def _sorted(words: dict[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((at, value) for at, value in words.items() if value))
