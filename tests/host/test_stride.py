"""Schedules: proportional shares, caps, and that they repeat."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.errors import UsageError
from toyvm.host.stride import BURST, FULL_CAP, Client, Schedule

SLICE = 100
SHARES = st.lists(st.integers(1, 1000), min_size=1, max_size=6)
Log = list[tuple[int, int, int]]  # clock, number, instructions


def schedule_of(shares: list[int], caps: list[int] | None = None) -> tuple[Schedule, list[Client]]:
    schedule = Schedule(SLICE)
    clients = [schedule.add(share, cap) for share, cap in zip(shares, caps or [FULL_CAP] * len(shares), strict=True)]
    for client in clients:
        schedule.wake(client)
    return schedule, clients


def run(schedule: Schedule, ticks: int, yields: frozenset[int] = frozenset()) -> Log:
    """Run for so many ticks; the clients of `yields` give up each slice half way."""
    log, goal = [], schedule.clock + ticks
    while schedule.clock < goal:
        turn = schedule.next(goal - schedule.clock)
        if turn is None:
            if schedule.clock < goal:
                break
            continue
        client, count = turn
        assert 0 < count <= schedule.slice
        ran = -(-count // 2) if client.number in yields else count
        log.append((schedule.clock, client.number, ran))
        schedule.used(ran, gave_up=client.number in yields)
    return log


@given(SHARES, st.integers(0, 50_000))
def test_clients_that_are_always_ready_get_their_shares_to_within_a_slice(shares: list[int], ticks: int) -> None:
    schedule, clients = schedule_of(shares)
    run(schedule, ticks)
    assert sum(client.ran for client in clients) == schedule.clock == ticks
    for one in clients:
        for other in clients:
            apart = abs(one.ran / one.share - other.ran / other.share)
            assert apart <= SLICE / one.share + SLICE / other.share + 1e-6


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 100)), min_size=1, max_size=5), st.integers(0, 40_000))
def test_no_client_ever_gets_more_than_its_cap(kinds: list[tuple[int, int]], ticks: int) -> None:
    schedule, clients = schedule_of([share for share, _ in kinds], [cap for _, cap in kinds])
    log = run(schedule, ticks)
    for client in clients:
        turns = [(clock, clock + ran, ran) for clock, number, ran in log if number == client.number]
        assert client.ran * 100 <= client.cap * schedule.clock or client.cap == FULL_CAP
        for first in range(0, len(turns), 7):
            had = 0
            for _, end, ran in turns[first : first + 40]:
                had += ran
                assert had * 100 <= client.cap * (end - turns[first][0]) + BURST * SLICE * 100


def test_a_cap_is_reached_and_what_it_leaves_is_idle_or_the_others() -> None:
    alone, (client,) = schedule_of([100], [30])
    run(alone, 100_000)
    assert 29_500 <= client.ran <= 30_000
    assert alone.idle == 100_000 - client.ran
    shared, (capped, free) = schedule_of([900, 100], [30, FULL_CAP])
    run(shared, 100_000)
    assert 29_500 <= capped.ran <= 30_000
    assert shared.idle == 0
    assert capped.ran + free.ran == 100_000


@given(SHARES, st.lists(st.integers(1, 3_000), max_size=30), st.integers(0, 2**32))
def test_a_schedule_repeats_and_does_not_depend_on_where_its_runs_end(
    shares: list[int], parts: list[int], seed: int
) -> None:
    random = Random(seed)
    caps = [random.choice([FULL_CAP, 50, 7]) for _ in shares]
    whole, clients = schedule_of(shares, caps)
    run(whole, sum(parts))
    again, others = schedule_of(shares, caps)
    for part in parts:
        run(again, part)
    assert [client.ran for client in clients] == [client.ran for client in others]
    assert (whole.clock, whole.idle) == (again.clock, again.idle)


def test_a_slice_that_is_given_up_lets_the_others_go_first() -> None:
    schedule, (polite, _) = schedule_of([100, 100])
    log = run(schedule, 10_000, yields=frozenset({polite.number}))
    assert [number for _, number, _ in log[:6]] == [1, 2, 1, 2, 1, 2]


def test_time_that_a_client_did_not_want_is_not_made_up_for() -> None:
    schedule, (early, late) = schedule_of([100, 100])
    schedule.sleep(late)
    run(schedule, 50_000)
    schedule.wake(late)
    before = early.ran
    run(schedule, 10_000)
    assert abs((early.ran - before) - late.ran) <= 2 * SLICE


@pytest.mark.parametrize("before", [0, 1, SLICE, 40 * SLICE])
@pytest.mark.parametrize("asleep", [0, SLICE, 1_000 * SLICE])
@pytest.mark.parametrize("cap", [1, 30, 99])
def test_a_client_wakes_without_credit_of_its_cap(cap: int, asleep: int, before: int) -> None:
    """So it has its first slice when it has waited as long as one takes to earn, however long it slept."""
    schedule, (client, _) = schedule_of([1_000, 1], [cap, FULL_CAP])
    run(schedule, before)
    schedule.sleep(client)
    run(schedule, asleep)
    schedule.wake(client)
    woken = schedule.clock
    log = run(schedule, 3 * SLICE * 100)
    first = next(clock for clock, number, _ in log if number == client.number)
    assert first - woken >= SLICE * 100 // cap


@pytest.mark.parametrize("part", [1, 37, SLICE - 1])
def test_what_a_client_had_of_its_slice_before_it_slept_is_charged(part: int) -> None:
    schedule, (napper, other) = schedule_of([100, 100])
    for _ in range(400):
        turn = schedule.next(10 * SLICE)
        assert turn is not None
        if turn[0] is not napper:
            schedule.used(turn[1])
            continue
        schedule.used(part)
        schedule.sleep(napper)
        schedule.wake(napper)
    assert abs(napper.ran - other.ran) <= 2 * SLICE


def first_turn(schedule: Schedule, client: Client) -> int:
    """The time until it has the CPU."""
    began = schedule.clock
    return next(clock for clock, number, _ in run(schedule, 1_000 * SLICE) if number == client.number) - began


@pytest.mark.parametrize("cap", [2, 10, 50])
def test_a_new_cap_counts_from_then_on(cap: int) -> None:
    """What the old one let a client earn, it keeps; the slice that is missing is earned by the new one."""
    schedule, (client, _) = schedule_of([1_000, 1], [1, FULL_CAP])
    run(schedule, 50 * SLICE)
    schedule.set_cap(client, cap)
    missing = SLICE * 100 - 50 * SLICE
    assert -(-missing // cap) <= first_turn(schedule, client) <= -(-missing // cap) + SLICE


def test_a_client_that_its_cap_held_goes_on_when_that_is_lifted() -> None:
    schedule, (client, _) = schedule_of([1_000, 1], [1, FULL_CAP])
    run(schedule, 10 * SLICE)
    schedule.set_cap(client, FULL_CAP)
    assert first_turn(schedule, client) <= SLICE


@given(st.lists(st.integers(1, 99), min_size=1, max_size=4), st.lists(st.integers(1, 3_000), max_size=20))
def test_a_run_ends_at_its_tick_though_caps_hold_everybody(caps: list[int], parts: list[int]) -> None:
    schedule, clients = schedule_of([100] * len(caps), caps)
    for number, part in enumerate(parts, 1):
        run(schedule, part)
        assert schedule.clock == sum(parts[:number])
        assert schedule.idle == schedule.clock - sum(client.ran for client in clients)


def test_a_cap_that_is_lowered_holds_at_once() -> None:
    schedule, (client, _) = schedule_of([1_000, 1])
    run(schedule, 10 * SLICE)
    before = client.ran
    schedule.set_cap(client, 5)
    run(schedule, 100 * SLICE)
    assert client.ran - before <= 5 * SLICE + BURST * SLICE


def test_no_more_than_a_burst_is_saved_up() -> None:
    """By a client that could run, but whose share lets others go first."""
    schedule, (saver, other) = schedule_of([1, 1_000_000], [90, FULL_CAP])
    for _ in range(20):  # its clock is far ahead of the other's now
        run(schedule, 2 * SLICE)
    run(schedule, 5_000 * SLICE)
    schedule.sleep(other)
    began, had = schedule.clock, saver.ran
    run(schedule, 200 * SLICE)
    saved = (saver.ran - had) - (schedule.clock - began) * 90 / 100
    assert BURST * SLICE - 2 * SLICE <= saved <= BURST * SLICE


@given(st.integers(0, 2**32))
def test_clients_that_come_and_go_leave_no_tick_unused(seed: int) -> None:
    random = Random(seed)
    schedule, clients = schedule_of([random.randint(1, 9) for _ in range(5)])
    for _ in range(60):
        client = random.choice(clients)
        random.choice([schedule.wake, schedule.sleep])(client)
        schedule.set_share(client, random.randint(1, 9))
        before = schedule.clock
        run(schedule, 777)
        assert schedule.clock - before == (777 if any(client.wants for client in clients) else 0)
    assert sum(client.ran for client in clients) == schedule.clock
    assert schedule.idle == 0


@pytest.mark.parametrize(("share", "cap"), [(0, 100), (10**7, 100), (1, 0), (1, 101), (1.5, 100), ("2", 100)])
def test_shares_and_caps_out_of_range_are_refused(share: int, cap: int) -> None:
    with pytest.raises(UsageError, match=r"takes|out of range"):
        Schedule().add(share, cap)


@pytest.mark.parametrize("ran", [0, 1, SLICE - 1, SLICE])
def test_in_no_ticks_nobody_runs_and_who_was_in_mid_slice_goes_on(ran: int) -> None:
    schedule, (one, other) = schedule_of([100, 100])
    assert schedule.next(1_000) == (one, SLICE)
    schedule.used(ran)
    assert schedule.next(0) is None
    assert schedule.next(1_000) == ((other, SLICE) if ran == SLICE else (one, SLICE - ran))
