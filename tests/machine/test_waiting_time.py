"""A wait with a live terminal lasts a nanosecond a tick, from when it began: by a clock that the test moves."""

from __future__ import annotations

import pytest

from toyvm.asm import assemble_text
from toyvm.host.host import Host
from toyvm.machine import run_loop
from toyvm.machine.bare import Machine
from toyvm.machine.outcome import Stop

TICKS = 1_000_000_000
TWO_WAITS = f"""_start:
    li   t2, 2
1:  crr  t0, time
    li   t1, {TICKS}
    add  t0, t0, t1
    crw  timecmp, t0
    li   t0, 1
    crw  imask, t0
    wfi
    addi t2, t2, -1
    bnez t2, 1b
    li   a0, 0
    out  8, a0
"""


class Silent:
    """A terminal at which nobody types, and the clock: it moves on as somebody waits."""

    live = True

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def fetch(self, size: int, wait: float) -> None:
        self.waits.append(wait)
        self.now += wait


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Silent:
    terminal = Silent()
    monkeypatch.setattr(run_loop, "monotonic", lambda: terminal.now)
    monkeypatch.setattr("toyvm.machine.computer.monotonic", lambda: terminal.now)
    monkeypatch.setattr("toyvm.host.scheduler.monotonic", lambda: terminal.now)
    return terminal


def test_each_of_two_waits_takes_its_time(silent: Silent) -> None:
    with Machine("64K", input=silent) as machine:
        machine.load(assemble_text(TWO_WAITS))
        outcome = machine.run(timeout=60)
        assert outcome.ok
        assert silent.now - 100 == pytest.approx(2.0, abs=1e-6)
        assert max(silent.waits) <= run_loop.POLL_SECONDS
        assert machine.skipped + machine.retired == machine.time
        assert 0 <= machine.time - 2 * TICKS < 50


@pytest.mark.parametrize(("ticks", "looks"), [(1000, 0), (500_000, 50)])
def test_a_wait_that_a_poll_would_make_longer_does_not_sleep(silent: Silent, ticks: int, looks: int) -> None:
    """As for a disk: a poll takes a millisecond at least, of which copying a file has thousands."""

    def look(size: int, wait: float) -> None:
        silent.waits.append(wait)
        silent.now += max(wait, 1e-5)

    silent.fetch = look  # type: ignore[method-assign]
    with Machine("64K", input=silent) as machine:
        machine.load(assemble_text(TWO_WAITS.replace(str(TICKS), str(ticks))))
        assert machine.run(timeout=60).ok
        assert not any(silent.waits)
        assert 2 * looks * 0.8 <= len(silent.waits) <= 2 * looks + 10
        assert 0 <= machine.time - 2 * ticks < 50


def test_a_timeout_ends_a_wait_within_a_look_at_the_clock_and_it_goes_on_afterwards(silent: Silent) -> None:
    with Machine("64K", input=silent) as machine:
        machine.load(assemble_text(TWO_WAITS))
        assert machine.run(timeout=0.5).stop is Stop.TIMEOUT
        assert 0.5 <= silent.now - 100 <= 0.5 + 2 * run_loop.POLL_SECONDS
        assert machine.skipped == 0
        assert machine.run(timeout=60).ok


def test_an_interruption_ends_a_wait_and_it_goes_on_afterwards(silent: Silent) -> None:
    with Machine("64K", input=silent) as machine:
        machine.load(assemble_text(TWO_WAITS))
        fetch = silent.fetch

        def interrupt(size: int, wait: float) -> None:
            fetch(size, wait)
            if wait:
                machine.interrupt()

        silent.fetch = interrupt  # type: ignore[method-assign]
        assert machine.run().stop is Stop.INTERRUPTED
        assert silent.now - 100 <= run_loop.POLL_SECONDS
        silent.fetch = fetch  # type: ignore[method-assign]
        assert machine.run(timeout=60).ok


@pytest.mark.parametrize("waits", [True, False])
def test_on_a_shared_host_a_wait_for_time_counts_though_one_for_input_does_not(
    silent: Silent, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    def pass_time(seconds: float) -> None:
        silent.now += max(seconds, 1e-4)

    monkeypatch.setattr("toyvm.host.scheduler.sleep", pass_time)
    with Host("16M") as host:
        sleeper = host.guest("trap", "64K", input=silent)
        sleeper.load(assemble_text(TWO_WAITS))
        host.run(timeout=60, wait_for_input=waits)
        assert sleeper.outcome is not None
        assert sleeper.outcome.ok
        assert silent.now - 100 == pytest.approx(2.0, abs=0.05)
