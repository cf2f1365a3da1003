"""Schedules against a naive one: all clients in one list, looked through at every turn, and no queue kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from toyvm.host.stride import BURST, FULL_CAP, Client, Schedule

SCALE = 1 << 32


@dataclass
class Entry:
    """A client as the naive schedule has it."""

    number: int
    share: int
    cap: int
    virtual: int = 0
    tokens: int = 0  # hundredths of an instruction...
    counted: int = 0  # ...as of this tick
    ran: int = 0
    wants: bool = False
    due: int | None = None  # the tick at which its cap lets it go on; None: it is ready


@dataclass
class Naive:
    """What the schedule promises, done the slow way."""

    slice: int
    clock: int = 0
    idle: int = 0
    level: int = 0
    entries: list[Entry] = field(default_factory=list)
    current: Entry | None = None
    left: int = 0

    def add(self, share: int, cap: int) -> Entry:
        self.entries.append(Entry(len(self.entries) + 1, share, cap))
        return self.entries[-1]

    def wake(self, entry: Entry) -> None:
        if not entry.wants:
            entry.wants, entry.tokens, entry.counted = True, 0, self.clock
            self.place(entry, levelled=True)

    def sleep(self, entry: Entry) -> None:
        entry.wants = False
        if entry is self.current:
            entry.virtual += (self.slice - self.left) * SCALE // entry.share
            self.current = None

    def set_cap(self, entry: Entry, cap: int) -> None:
        self.earn(entry)
        entry.cap = cap
        if entry.wants and entry is not self.current:
            self.place(entry, levelled=True)

    def next(self, budget: int) -> tuple[int, int] | None:
        if self.current is None:
            budget -= self.wait(budget)
            if not budget:
                return None
            ready = [entry for entry in self.waiting() if entry.due is None]
            if not ready:
                return None
            self.current = min(ready, key=lambda entry: (entry.virtual, entry.number))
            self.level, self.left = self.current.virtual, self.slice
        return (self.current.number, min(self.left, budget)) if budget else None

    def used(self, ran: int, gave_up: bool) -> None:
        entry = self.current
        assert entry is not None
        self.clock += ran
        self.left -= ran
        entry.ran += ran
        entry.tokens -= 100 * ran
        if gave_up or self.left == 0:
            self.current = None
            entry.virtual += self.slice * SCALE // entry.share
            self.place(entry, levelled=False)

    def wait(self, budget: int) -> int:
        """Ticks that pass before anybody may go on."""
        self.release()
        waiting = self.waiting()
        if not waiting or any(entry.due is None for entry in waiting):
            return 0
        ticks = min(budget, min(entry.due for entry in waiting if entry.due is not None) - self.clock)
        self.clock += ticks
        self.idle += ticks
        self.release()
        return ticks

    def waiting(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.wants and entry is not self.current]

    def release(self) -> None:
        held = [entry for entry in self.waiting() if entry.due is not None and entry.due <= self.clock]
        for entry in sorted(held, key=lambda entry: (entry.due or 0, entry.number)):
            self.place(entry, levelled=True)

    def earn(self, entry: Entry) -> None:
        earned = entry.tokens + (self.clock - entry.counted) * entry.cap
        entry.tokens, entry.counted = min(earned, BURST * self.slice * 100), self.clock

    def place(self, entry: Entry, *, levelled: bool) -> None:
        if levelled:
            entry.virtual = max(entry.virtual, self.level)
        self.earn(entry)
        missing = self.slice * 100 - entry.tokens
        if entry.cap < 100 and missing > 0:
            entry.due = self.clock + -(-missing // entry.cap)
        else:
            entry.due = None


def figures(one: Naive | Schedule, clients: list[Entry] | list[Client]) -> list[int]:
    return [one.clock, one.idle, *(client.ran for client in clients)]


@pytest.mark.parametrize("slice", [1, 10, 997])
@pytest.mark.parametrize("seed", range(12))
def test_whoever_comes_goes_yields_or_is_changed_each_turn_is_that_of_the_naive_schedule(seed: int, slice: int) -> None:
    random = Random(seed)
    schedule, naive = Schedule(slice), Naive(slice)
    clients: list[Client] = []
    for step in range(400):
        what = random.choice(["turn"] * 12 + ["wake", "sleep", "share", "cap", "add"])
        if (what == "add" and len(clients) < 6) or not clients:
            share, cap = random.choice([1, 3, 100, 1000]), random.choice([FULL_CAP, FULL_CAP, 99, 30, 1])
            clients.append(schedule.add(share, cap))
            naive.add(share, cap)
            what = "wake"
        place = random.randrange(len(clients))
        client, entry = clients[place], naive.entries[place]
        if what == "wake":
            schedule.wake(client)
            naive.wake(entry)
        elif what == "sleep":
            schedule.sleep(client)
            naive.sleep(entry)
        elif what == "share":
            entry.share = random.choice([1, 7, 100])
            schedule.set_share(client, entry.share)
        elif what == "cap":
            cap = random.choice([1, 50, 99, FULL_CAP])
            schedule.set_cap(client, cap)
            naive.set_cap(entry, cap)
        else:
            budget = random.choice([0, 1, slice - 1, slice, slice + 1, 50 * slice])
            turn, expected = schedule.next(budget), naive.next(budget)
            assert (turn and (turn[0].number, turn[1])) == expected, step
            if expected is not None:
                ran, gave_up = random.choice([0, expected[1] // 2, expected[1]]), random.random() < 0.2
                schedule.used(ran, gave_up=gave_up)
                naive.used(ran, gave_up)
        assert figures(schedule, clients) == figures(naive, naive.entries), step
