"""What becomes of guests that wait, are paused, woken, interrupted, stopped or closed while others run."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import Condition, HostStop

FOR_EVER = assemble_text("_start: addi a0, a0, 1\n j _start\n", "for_ever.s").image
IDLES = assemble_text("_start: wfi\n out 8, zero\n", "idles.s").image  # for ever, unless others send it an event
READS = assemble_text("_start: in a0, 1\n out 8, a0\n", "reads.s").image
SOON = 0.03  # seconds: those that wait are looked at every 2 ms


class Typed:
    """Input that comes when a test types it, and how often somebody asked."""

    live = False

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.asked = 0

    def fetch(self, size: int, wait: float) -> bytes | None:
        self.asked += 1
        data, self.data = self.data, None
        return data


class Closing(Typed):
    """Input that closes another guest when it is asked for the second time, and comes then."""

    def __init__(self, other: Guest) -> None:
        super().__init__()
        self.other = other

    def fetch(self, size: int, wait: float) -> bytes | None:
        self.asked += 1
        if self.asked == 1:
            return None
        self.other.close()
        return b"x"


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("16M", slice=1_000) as host:
        yield host


def looping(host: Host, **options: Any) -> Guest:
    guest = host.guest("trap", "64K", **options)
    guest.load(FOR_EVER)
    return guest


def waiting(host: Host, source: Typed) -> Guest:
    """A guest that waits for its input."""
    guest = host.guest("trap", "64K", input=source)
    guest.load(READS)
    host.run(5_000, wait_for_input=False)
    assert guest.condition is Condition.WAITING
    return guest


def test_nobody_asks_for_input_of_a_guest_that_is_paused(host: Host) -> None:
    source, busy = Typed(), looping(host)
    guest = waiting(host, source)
    guest.pause()
    asked, source.data = source.asked, b"A"
    assert host.run(timeout=SOON) is HostStop.TIMEOUT
    assert (source.asked, guest.condition) == (asked, Condition.PAUSED)
    guest.resume()
    busy.pause()
    assert host.run(timeout=60) is HostStop.DONE
    assert guest.outcome is not None
    assert guest.outcome.exit_code == 65


def test_a_guest_that_another_one_s_input_closes_while_both_wait_is_gone(host: Host) -> None:
    other = host.guest("trap", "64K", input=Typed())
    guest = host.guest("trap", "64K", input=Closing(other))
    for one in (guest, other):
        one.load(READS)
    assert host.run() is HostStop.DONE
    assert guest.outcome is not None
    assert guest.outcome.exit_code == ord("x")
    assert host.guests == (guest,)


def test_a_guest_that_is_closed_while_it_waits_is_gone(host: Host) -> None:
    source, busy = Typed(), looping(host)
    guest = waiting(host, source)
    guest.close()
    before, asked, source.data = busy.retired, source.asked, b"A"
    assert host.run(timeout=SOON) is HostStop.TIMEOUT
    assert busy.retired > before
    assert source.asked == asked


def idle(host: Host) -> Guest:
    """A guest that waits for others."""
    guest = host.guest("trap+hypercalls", "64K")
    guest.load(IDLES)
    return guest


def paused(host: Host) -> Guest:
    guest = looping(host)
    guest.pause()
    return guest


CONDITIONS: dict[Condition, Callable[[Host], Guest]] = {
    Condition.READY: looping,
    Condition.WAITING: lambda host: waiting(host, Typed()),
    Condition.PAUSED: paused,
    Condition.ENDED: idle,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_host_keeps_nothing_of_a_closed_guest_and_waits_for_none_whatever_it_was_up_to(
    host: Host, condition: Condition
) -> None:
    guest = CONDITIONS[condition](host)
    host.run(5_000, wait_for_input=False)
    assert guest.condition is condition
    clock, kept = host.clock, weakref.ref(guest.seat)
    guest.close()
    assert kept() is None
    assert host.run(timeout=60) is HostStop.DONE
    assert (host.clock, host.guests) == (clock, ())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_guest_that_another_one_s_input_closes_is_gone_whatever_it_was_up_to(
    host: Host, condition: Condition
) -> None:
    other = CONDITIONS[condition](host)
    guest = host.guest("trap", "64K", input=Closing(other))
    guest.load(READS)
    assert host.run(timeout=60) is HostStop.DONE
    assert guest.outcome is not None
    assert guest.outcome.exit_code == ord("x")
    assert host.guests == (guest,)


def test_a_guest_that_is_stopped_while_it_waits_had_its_share_up_to_then(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the midst of a run, so that it is looked at once more later."""
    monkeypatch.setattr("toyvm.host.scheduler._LOOK_SECONDS", SOON)
    guest, stopping = waiting(host, Typed()), host.guest("trap", "64K")
    stopping.load(assemble_text("_start: crr t0, scratch\n1: addi a0, a0, 1\n j 1b\n", "stops.s").image)
    stopping.observe(lambda event: guest.stop(), "crr")
    began = host.clock
    assert host.run(timeout=4 * SOON) is HostStop.TIMEOUT
    assert guest.condition is Condition.STOPPED
    assert host.clock > began + 20_000
    assert guest.seat.left is not None
    assert guest.seat.left <= began + 2_000
    assert stopping.seat.left is None


@pytest.mark.parametrize("how", ["the guest", "the host"])
def test_an_observer_that_interrupts_ends_the_host_s_run_and_no_other_one(host: Host, how: str) -> None:
    def interrupt(event: ExitEvent) -> None:
        (event.guest if how == "the guest" else host).interrupt()
        event.guest.unobserve(interrupt)

    guest, busy = host.guest("trap", "64K"), looping(host)
    guest.load(assemble_text("_start: crr t0, scratch\n li a0, 4\n out 8, a0\n", "four.s").image)
    guest.observe(interrupt, "crr")
    assert host.run(100_000) is HostStop.INTERRUPTED
    assert guest.retired == 0 or how == "the host"
    before = busy.retired
    assert host.run(100_000) is HostStop.LIMIT
    assert busy.retired > before
    assert guest.outcome is not None
    assert guest.outcome.exit_code == 4


def test_a_guest_that_has_ended_is_neither_paused_nor_resumed_and_stopping_it_changes_nothing(host: Host) -> None:
    guest, _ = host.guest("trap", "64K", input=b"\x03"), looping(host)
    guest.load(READS)
    host.run(5_000)
    left, share = guest.seat.left, guest.seat.share_got
    for act in (guest.pause, guest.resume):
        with pytest.raises(UsageError, match="has ended"):
            act()
    guest.stop()
    host.run(5_000)
    assert (guest.condition, guest.seat.left, guest.seat.share_got) == (Condition.ENDED, left, share)


@pytest.mark.parametrize("how", ["paused", "stopped", "waiting"])
def test_another_share_or_cap_gives_no_turns_to_a_guest_that_takes_none(host: Host, how: str) -> None:
    busy = looping(host)
    guest = waiting(host, Typed()) if how == "waiting" else looping(host)
    if how != "waiting":
        guest.pause() if how == "paused" else guest.stop()
    before = guest.retired
    for cap in (50, 100):
        guest.cap, guest.share = cap, 300
        host.run(20_000, wait_for_input=False)
        assert guest.retired == before
    assert busy.retired > 30_000


def test_a_guest_s_share_is_that_of_the_ticks_since_it_came(host: Host) -> None:
    first = looping(host)
    host.run(30_000)
    second = looping(host)
    assert second.seat.share_got == 0
    host.run(10_000)
    assert (first.seat.share_got, second.seat.share_got) == (35_000 / 40_000, 5_000 / 10_000)
    second.stop()
    host.run(10_000)
    assert (first.seat.share_got, second.seat.share_got) == (45_000 / 50_000, 5_000 / 10_000)


def test_what_guests_had_of_the_run_s_time_is_what_their_turns_took(host: Host) -> None:
    guests = [looping(host) for _ in range(3)]
    host.run(300_000)
    host.run(300_000)
    assert host.sharing.seconds_of_guests == pytest.approx(sum(guest.runner.seconds for guest in guests))
    assert host.sharing.seconds_of_guests <= host.sharing.seconds


@pytest.mark.parametrize("slice", [1_000, 100_000])
def test_a_guest_whose_output_nobody_takes_waits_until_somebody_does(slice: int) -> None:
    """Whether it fills its console in a turn or not."""

    class Pipe:
        is_behind = False

        def __init__(self) -> None:
            self.written = 0

        def write(self, data: bytes) -> None:
            self.written += len(data)

        def flush(self) -> None: ...

    with Host("16M", slice=slice) as host:
        pipe, busy = Pipe(), looping(host)
        guest = host.guest("trap", "64K", output=pipe)  # type: ignore[arg-type]
        guest.load(assemble_text("_start: out 0, a0\n j _start\n", "prints.s").image)
        pipe.is_behind = True
        host.run(timeout=SOON)
        assert guest.condition is Condition.WAITING
        before, written, others = guest.retired, pipe.written, busy.retired
        host.run(timeout=SOON)
        assert (guest.retired, pipe.written, guest.condition) == (before, written, Condition.WAITING)
        assert busy.retired > others
        pipe.is_behind = False
        host.run(timeout=SOON)
        assert pipe.written > written


def test_to_look_whether_waits_are_over_takes_a_small_part_of_the_time(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        live = False
        now = 0.0
        asked = 0

        def fetch(self, size: int, wait: float) -> None:
            self.asked += 1
            self.now += 1.0  # seconds

    source = Slow()
    monkeypatch.setattr("toyvm.host.scheduler.monotonic", lambda: source.now)
    waiting, running = host.guest("trap", "64K", input=source), host.guest("trap", "64K")  # type: ignore[arg-type]
    waiting.load(READS)
    running.load(FOR_EVER)
    host.run(100 * host.sharing.schedule.slice)
    assert source.asked == 2, "in its turn, then once, and not again before twenty times as long has passed"
