"""Schedules: who has the CPU of a shared host next, and for how many instructions.

Stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995) over instructions: each client has a virtual clock that
its share slows down, and the one whose clock is furthest behind has the next slice. Caps, as Xen's credit scheduler has
them, are token buckets over the host's own clock. No clock of the outside world is asked: a schedule repeats exactly.
"""

from __future__ import annotations

from heapq import heappop, heappush

from toyvm.arguments import check_integer, check_within

DEFAULT_SLICE = 100_000  # instructions
DEFAULT_SHARE, MAXIMUM_SHARE = 100, 1_000_000
FULL_CAP = 100  # percent of the host: no cap
MAXIMUM_SLICE = 1 << 40
BURST = 4  # slices that a capped client can save up
_SCALE = 1 << 32  # virtual ticks an instruction, at a share of 1


class Client:
    """One guest as the schedule sees it."""

    def __init__(self, number: int, share: int, cap: int) -> None:
        self.number = number  # equals go in the order of their numbers
        self.share = share
        self.cap = cap
        self.ran = 0  # ticks, in all: instructions, and what its monitor's work took of its turns
        self.wants = False  # could it run?
        self._virtual = 0  # how far it has come, slowed down by its share
        self._tokens = 0  # hundredths of an instruction that its cap lets it have now...
        self._counted = 0  # ...as of this time of the host's clock
        self._ticket = 0  # which of its entries in the queues is the valid one

    def _charge(self, instructions: int) -> None:
        self._virtual += instructions * _SCALE // self.share


Queue = list[tuple[int, int, int, Client]]  # a heap: by what, number, ticket


class Schedule:
    """Clients, and the host's clock: an instruction of any of them is a tick, and so is one that caps leave unused.

    A client that is always ready gets its share of what such clients get, to within a slice, and in every `w` ticks at
    most `cap` percent of `w` and `BURST` slices. One that becomes ready starts level with the others: time that it did
    not want is not made up for. A slice that is given up counts as used, so that the others have their turn first. What
    a monitor does for its client, where that is too much for one turn, takes the rest of the turn's ticks.
    """

    def __init__(self, slice: int = DEFAULT_SLICE) -> None:
        self.slice = check_within(check_integer(slice, "slice"), 1, MAXIMUM_SLICE, "slice", " instructions")
        self.clock = 0  # ticks
        self.idle = 0  # of them, those that caps left unused
        self._numbers = 0
        self._level = 0  # virtual time of the client chosen last
        self._ready: Queue = []  # by virtual time
        self._held: Queue = []  # by the tick at which their caps let them go on
        self._current: Client | None = None  # in the middle of its slice...
        self._left = 0  # ...and what there is of it

    def add(self, share: int = DEFAULT_SHARE, cap: int = FULL_CAP) -> Client:
        """A new client, which does not want to run yet. Raises UsageError."""
        self._numbers += 1
        return Client(self._numbers, check_share(share), check_cap(cap))

    def wake(self, client: Client) -> None:
        """It can run from now on."""
        if not client.wants:
            client.wants = True
            client._tokens, client._counted = 0, self.clock
            self._join(client)

    def sleep(self, client: Client) -> None:
        """It cannot run from now on."""
        client.wants = False
        client._ticket += 1
        if self._current is client:
            self._current = None
            client._charge(self.slice - self._left)

    def set_share(self, client: Client, share: int) -> None:
        """From its next slice on. Raises UsageError."""
        client.share = check_share(share)

    def set_cap(self, client: Client, cap: int) -> None:
        """From now on. Raises UsageError."""
        self._count_tokens(client)
        client.cap = check_cap(cap)
        if client.wants and client is not self._current:
            self._join(client)

    def next(self, budget: int) -> tuple[Client, int] | None:
        """Who runs next, and for how many instructions of `budget` ticks; None: nobody within it, or at all.

        Ticks that caps leave unused pass here. What was used is to be told by `used`.
        """
        if self._current is None:
            budget -= self._pass_idle_ticks(budget)
            self._current = self._choose() if budget else None
            self._left = self.slice
        return None if self._current is None or not budget else (self._current, min(self._left, budget))

    def used(self, ran: int, *, gave_up: bool = False) -> None:
        """The client named by `next` has run so many instructions, and gave up what was left of its slice?"""
        client = self._current
        assert client is not None, "only who was named by next has run"
        assert ran <= self._left, "it ran for what it was given"
        self.clock += ran
        client.ran += ran
        client._tokens -= ran * FULL_CAP
        self._left -= ran
        if gave_up or not self._left:
            self._current = None
            client._charge(self.slice)
            self._queue(client)

    def _choose(self) -> Client | None:
        self._release()
        client = _first(self._ready)
        if client is not None:
            heappop(self._ready)
            self._level = client._virtual
        return client

    def _join(self, client: Client) -> None:
        """Level with the others: what it did not want, or was not allowed, is not made up for."""
        client._virtual = max(client._virtual, self._level)
        self._queue(client)

    def _queue(self, client: Client) -> None:
        """Into one of the queues, and out of any that it is in."""
        client._ticket += 1
        due = self._due(client)
        if due > self.clock:
            heappush(self._held, (due, client.number, client._ticket, client))
        else:
            heappush(self._ready, (client._virtual, client.number, client._ticket, client))

    def _due(self, client: Client) -> int:
        """The tick at which its cap lets it have a whole slice."""
        self._count_tokens(client)
        missing = self.slice * FULL_CAP - client._tokens
        return self.clock if client.cap == FULL_CAP or missing <= 0 else self.clock - (-missing // client.cap)

    def _count_tokens(self, client: Client) -> None:
        earned = (self.clock - client._counted) * client.cap
        client._tokens = min(client._tokens + earned, BURST * self.slice * FULL_CAP)
        client._counted = self.clock

    def _release(self) -> None:
        """Those whose caps let them go on now."""
        while (client := _first(self._held)) is not None and self._held[0][0] <= self.clock:
            heappop(self._held)
            self._join(client)

    def _pass_idle_ticks(self, budget: int) -> int:
        """Where caps hold everybody who wants to run, until the first of them may. How many ticks that took."""
        self._release()
        if _first(self._ready) is not None or _first(self._held) is None:
            return 0
        ticks = min(self._held[0][0] - self.clock, budget)
        self.clock += ticks
        self.idle += ticks
        return ticks


def _first(queue: Queue) -> Client | None:
    """The first of a queue that has not left it meanwhile."""
    while queue and queue[0][3]._ticket != queue[0][2]:
        heappop(queue)
    return queue[0][3] if queue else None


def check_share(share: int) -> int:
    """Raises UsageError unless it is a share."""
    return check_within(check_integer(share, "share"), 1, MAXIMUM_SHARE, "share")


def check_cap(cap: int) -> int:
    """Raises UsageError unless it is a cap, in percent of the host."""
    return check_within(check_integer(cap, "cap"), 1, FULL_CAP, "cap", "%")
