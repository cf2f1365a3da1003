"""One thread at a time uses a machine, or a host and its guests; what another one may do all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import ToyvmError, UsageError
from toyvm.host.accounts import account_of
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.rewriting import counts_of
from toyvm.host.scheduler import Condition, HostStop
from toyvm.machine.bare import Machine
from toyvm.monitor import Access, Monitor, MonitoredGuest

ASKS = assemble_text("_start: in a0, 1\n out 8, a0\n", "asks.s").image
COUNTS = assemble_text("_start: addi a0, a0, 1\n j _start\n", "counts.s").image
REFUSAL = "in use by another thread"
TURN = 1_000


class Held:
    """Input that holds up the run which asks for it until it is let go."""

    live = False

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def fetch(self, size: int, wait: float) -> bytes:
        self.asked.set()
        assert self.let_go.wait(60)
        return b""


@contextmanager
def run_elsewhere(run: Callable[[], object], held: Held) -> Iterator[None]:
    """Another thread is in the middle of `run` meanwhile."""
    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert held.asked.wait(60)
        yield
    finally:
        held.let_go.set()
        thread.join()


@pytest.fixture(scope="module")
def used() -> Iterator[dict[str, Any]]:
    """What belongs to a host and to a machine that two other threads run."""
    held, held_machine = Held(), Held()
    with Host("16M") as host, Machine("64K", input=held_machine) as machine:
        asking, standing = host.guest("trap", "64K", input=held), host.guest("trap", "64K")
        rewritten, monitored = host.guest("rewrite", "64K"), host.guest(memory="64K", monitor=Monitor)
        assert isinstance(monitored, MonitoredGuest)
        monitored.stop()  # its monitor knows nothing
        asking.load(ASKS)
        machine.load(ASKS)
        things = {"host": host, "machine": machine, "running guest": asking, "standing guest": standing}
        things |= {"rewritten": rewritten, "monitored guest": monitored, "monitor": monitored.monitor}
        things |= {"vcpu": monitored.monitor.vcpu, "shadow": monitored.monitor.shadow}
        views = {name: getattr(standing, name) for name in ("registers", "control", "memory", "x")}
        with run_elsewhere(host.run, held), run_elsewhere(machine.run, held_machine):
            yield things | views


# What may be used all the same: it touches nothing that the run does.
FREE = {
    "host": {"guests", "interrupt", "post"},
    "machine": {"closed", "interrupt"},
    "guest": {"closed", "condition", "interrupt", "is_running", "outcome", "pause", "resume", "stop"},
    "monitor": {"enter", "handle"},  # its user's own
}
FREE["running guest"] = FREE["standing guest"] = FREE["guest"]
FREE["monitored guest"] = FREE["guest"] | {"checked"}
ARGUMENTS = {"emulate": (0,), "walk": (0, Access.LOAD, False)}  # of what has the gate further in
VIEWS = {"registers", "control", "memory", "x"}  # what they are asked for is refused


def public_names(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


def uses_of(thing: Any, name: str) -> Iterator[Callable[[], object]]:
    """Using a method is calling it, mostly with too few arguments; a property is read, and set if it can be."""
    member = getattr(type(thing), name)
    if not isinstance(member, property):
        yield lambda: getattr(thing, name)(*ARGUMENTS.get(name, ()))
        return
    yield lambda: getattr(thing, name)
    if member.fset is not None:
        yield lambda: setattr(thing, name, 1)


@pytest.mark.parametrize(
    "what",
    ["host", "machine", "running guest", "standing guest", "monitored guest", "monitor", "vcpu", "shadow"],
)
def test_another_thread_is_refused_whatever_it_asks(used: dict[str, Any], what: str) -> None:
    thing = used[what]
    allowed = []
    for name in public_names(type(thing)):
        if name in FREE.get(what, set()) | VIEWS or not isinstance(
            getattr(type(thing), name), (property, type(uses_of))
        ):
            continue
        for use in uses_of(thing, name):
            try:
                use()
                allowed.append(name)
            except UsageError as error:
                if REFUSAL not in str(error):
                    allowed.append(f"{name}: {error}")
    assert not allowed


@pytest.mark.parametrize(
    "use",
    [
        lambda used: used["registers"].as_dict(),
        lambda used: used["registers"].a0,
        lambda used: setattr(used["registers"], "a0", 1),
        lambda used: used["control"].tvec,
        lambda used: setattr(used["control"], "tvec", 8),
        lambda used: used["memory"][0:8],
        lambda used: used["memory"].set_word(0, 1),
        lambda used: len(used["memory"]),
        lambda used: used["x"][1],
        lambda used: list(used["x"]),
        lambda used: used["host"].__exit__(),
        lambda used: used["machine"].__exit__(),
        lambda used: list(used["standing guest"].pages()),
        lambda used: account_of(used["host"]),
        lambda used: counts_of(used["rewritten"]),
    ],
)
def test_another_thread_is_refused_by_any_other_way_too(used: dict[str, Any], use: Callable[..., object]) -> None:
    with pytest.raises(UsageError, match=REFUSAL):
        use(used)


def test_what_has_public_attributes_of_its_own_has_none_that_the_run_changes(used: dict[str, Any]) -> None:
    of_all = {"gate", "image", "input", "input_log", "runner", "sink"}
    assert {name for name in vars(used["machine"]) if name[0] != "_"} == of_all
    of_guests = of_all | {"host", "name", "seat", "technique"}
    assert {name for name in vars(used["standing guest"]) if name[0] != "_"} == of_guests
    assert {name for name in vars(used["host"]) if name[0] != "_"} == {"gate", "level", "sharing"}


def test_another_thread_pauses_resumes_stops_and_looks_at_guests(used: dict[str, Any]) -> None:
    host, guest = used["host"], used["standing guest"]
    assert guest in host.guests
    guest.pause()
    assert guest.condition is Condition.PAUSED
    guest.resume()
    guest.stop()
    assert guest.condition is Condition.STOPPED
    assert (guest.outcome, guest.closed, guest.is_running) == (None, False, False)
    assert repr(guest) == "<Guest guest2 of technique trap>"
    assert repr(host) == "<Host with 4 guests>"
    assert repr(guest.registers).startswith("<Registers: this host is in use")


def test_two_threads_run_two_guests_of_one_host_right_or_not_at_all() -> None:
    loop = "_start: li t0, 3000\n1: add a1, a1, t0\n sd a1, 0x100(zero)\n addi t0, t0, -1\n bnez t0, 1b\n out 8, zero\n"
    ends: list[object] = []

    def run(guest: Guest) -> None:
        try:
            outcome = guest.run()
            ends.append((outcome.exit_code, guest.retired))
        except UsageError as error:
            ends.append(REFUSAL in str(error))

    with Host("16M") as host:
        for _ in range(20):
            guests = [host.guest("trap", "64K") for _ in range(2)]
            for guest in guests:
                guest.load(assemble_text(loop, "loop.s").image)
            threads = [threading.Thread(target=run, args=(guest,)) for guest in guests]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for guest in guests:
                guest.close()
    assert set(ends) <= {True, (0, 12_002)}
    assert len(ends) == 40


def test_threads_that_take_turns_may_use_one_machine() -> None:
    with Machine("64K") as machine:
        machine.load(COUNTS)
        for _ in range(3):
            thread = threading.Thread(target=machine.step, args=(10,))
            thread.start()
            thread.join()
        assert machine.retired == 30


def test_who_fails_inside_has_left() -> None:
    with Machine("64K") as machine:
        with pytest.raises(UsageError):
            machine.read(1 << 40, 1)
        errors: list[ToyvmError] = []

        def read() -> None:
            try:
                machine.read(0, 1)
            except ToyvmError as error:
                errors.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert not errors


# What is posted.


def counting(host: Host, **options: Any) -> Guest:
    guest = host.guest("trap", "64K", **options)
    guest.load(COUNTS)
    return guest


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("16M", slice=TURN) as host:
        yield host


def test_what_is_posted_is_done_by_the_thread_that_runs_the_host_between_two_turns(host: Host) -> None:
    guest = counting(host)
    thread = threading.Thread(target=host.run)
    thread.start()

    def look() -> tuple[object, int, bool]:
        return threading.current_thread(), guest.retired % TURN, guest.is_running

    assert host.post(look).result(60) == (thread, 0, False)
    host.interrupt()
    thread.join()


def test_what_is_posted_may_make_save_load_and_close_guests(host: Host) -> None:
    guest = counting(host)

    def manage() -> int:
        other = counting(host, limit=10)
        other.restore(guest.save())
        guest.close()
        other.share = 7
        return other.retired

    done = host.post(manage)
    assert host.run() is HostStop.DONE
    assert done.result(0) == 0
    assert [(other.name, other.share, other.retired) for other in host.guests] == [("guest2", 7, 10)]


def test_what_a_posted_function_raises_is_in_its_future_and_the_run_goes_on(host: Host) -> None:
    guest = counting(host)
    failed = host.post(lambda: 1 // 0)
    assert host.run(5 * TURN) is HostStop.LIMIT
    assert isinstance(failed.exception(0), ZeroDivisionError)
    assert guest.retired == 5 * TURN


def test_ctrl_c_in_a_posted_function_ends_the_run_as_well(host: Host) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    future = host.post(interrupted)
    with pytest.raises(KeyboardInterrupt):
        host.run()
    assert isinstance(future.exception(0), KeyboardInterrupt)
    assert host.run() is HostStop.DONE


def test_what_is_posted_to_a_host_that_stands_still_is_done_in_its_order_when_it_runs_next(host: Host) -> None:
    done: list[int] = []
    futures = [host.post(lambda number=number: done.append(number)) for number in range(4)]
    assert futures[2].cancel()
    assert not done
    host.run(0)
    assert done == [0, 1, 3]


def test_what_an_observer_posts_is_done_before_the_next_turn(host: Host) -> None:
    futures: list[Future[int]] = []

    def observe(event: ExitEvent) -> None:
        futures.append(host.post(lambda: neighbour.retired))
        assert not futures[0].done()

    neighbour, guest = counting(host), host.guest("trap", "64K")
    guest.load(assemble_text("_start: out 8, zero\n", "off.s").image)
    guest.observe(observe, "out")
    host.run(10 * TURN)
    assert [future.result(0) for future in futures] == [TURN]


def test_what_is_posted_is_done_in_the_run_of_one_guest_as_well(host: Host) -> None:
    guest = counting(host)
    future = host.post(lambda: guest.is_running)
    guest.run(10)
    assert future.result(0) is True


def test_what_is_posted_while_a_host_finds_nothing_to_do_is_done_before_it_ends(host: Host) -> None:
    class Silent:
        live = False
        asked = 0

        def fetch(self, size: int, wait: float) -> None:
            self.asked += 1
            if self.asked == 2:  # in its turn, and now when it is looked at whether it may have another
                host.post(paused.resume)

    waiting, paused = host.guest("trap", "64K", input=Silent()), counting(host, limit=TURN)  # type: ignore[arg-type]
    waiting.load(ASKS)
    paused.pause()
    assert host.run(wait_for_input=False) is HostStop.DONE
    assert paused.retired == TURN


def test_a_function_that_posts_itself_for_ever_leaves_guests_their_turns_and_limits_their_say(host: Host) -> None:
    def again() -> None:
        host.post(again)

    guest = counting(host)
    again()
    assert host.run(5 * TURN) is HostStop.LIMIT
    assert guest.retired == 5 * TURN
    host.post(host.interrupt)
    assert host.run() is HostStop.INTERRUPTED


def test_a_posted_function_cannot_run_or_close_the_host(host: Host) -> None:
    futures = [host.post(host.run), host.post(host.close)]
    host.run()
    assert {str(future.exception(0)).partition(";")[0] for future in futures} == {"this host is running already"}


def test_closing_cancels_what_is_posted_and_refuses_more() -> None:
    with Host("16M") as host:
        future = host.post(lambda: None)
    with pytest.raises(CancelledError):
        future.result(0)
    with pytest.raises(UsageError, match="this host is closed"):
        host.post(lambda: None)


def test_what_cannot_be_called_is_not_posted(host: Host) -> None:
    with pytest.raises(UsageError, match="function of 5"):
        host.post(5)  # type: ignore[arg-type]
