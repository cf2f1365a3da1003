"""What is said about one guest, and what goes wrong in saying it, ends nothing but that guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import BadFileError, UsageError
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.machine import diagnosis
from toyvm.machine.bare import Machine
from toyvm.machine.diagnosis import describe
from toyvm.machine.disk import Disk
from toyvm.machine.outcome import Outcome, Stop
from toyvm.monitor import Exit
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.testing.programs import random_program
from toyvm.testing.subjects import SUBJECTS

LEAF = 0x6F  # V R W X A D
# The last page of the address space is mapped, and the trap vector is the last word of all: an illegal one.
AT_THE_TOP = f"""
_start:
    li   t0, 0x8ff8
    li   t1, 0x9001
    sd   t1, 0(t0)
    li   t0, 0x9ff8
    li   t1, 0xa001
    sd   t1, 0(t0)
    li   t0, 0xaff8
    li   t1, 0xb000 | {LEAF:#x}
    sd   t1, 0(t0)
    li   t0, 0x8000         # the first GiB, to itself
    li   t1, {LEAF:#x}
    sd   t1, 0(t0)
    li   t0, 0x8001
    crw  ptbr, t0
    li   t0, -4
    crw  tvec, t0
    jr   t0
"""
ENDS = {"_start: .word 0\n": Stop.FAULT, "_start: wfi\n": Stop.IDLE, "_start: li a0, 3\n out 8, a0\n": Stop.EXIT}
LIMIT = 2_000


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("16M", slice=10) as host:
        yield host


def outcome_beside_a_neighbour(host: Host, source: str, technique: str = "trap") -> Outcome:
    """How a guest ends on a host where another one counts, and comes to its own end."""
    neighbour, subject = host.guest("trap", "64K", limit=LIMIT), host.guest(technique, "1M")
    load(neighbour, "_start: addi a0, a0, 1\n j _start\n")
    load(subject, source)
    assert host.run() is HostStop.DONE
    assert neighbour.retired == LIMIT
    assert subject.outcome is not None
    return subject.outcome


def load(guest: Guest | Machine, source: str) -> None:
    guest.load(assemble_text(source, "guest.s").image)


@pytest.mark.parametrize("technique", ["trap", "hybrid"])
def test_a_fault_at_the_end_of_the_address_space_is_described(host: Host, technique: str) -> None:
    outcome = outcome_beside_a_neighbour(host, AT_THE_TOP, technique)
    assert outcome.fault is not None
    assert outcome.fault.pc == 2**64 - 4
    assert "0xfffffffffffffffc  00000000" in outcome.report


@pytest.mark.parametrize("source", ENDS)
def test_a_guest_that_cannot_be_described_ends_all_the_same(
    host: Host, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("lost for words")

    monkeypatch.setattr(diagnosis, "detail_of", fail)
    outcome = outcome_beside_a_neighbour(host, source)
    assert outcome.stop is ENDS[source]
    assert "lost for words" in outcome.detail
    assert (outcome.fault is not None) == (outcome.stop is Stop.FAULT)


def test_a_fault_that_has_no_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "KINDS", {})
    with Machine("64K") as machine:
        load(machine, "_start: .word 0\n")
        fault = machine.run().fault
        assert fault is not None
        assert (fault.kind, fault.pc) == ("fault 1", machine.pc)


def test_whatever_state_a_guest_stops_in_can_be_described() -> None:
    stops: set[Stop] = set()
    for seed in range(60):
        program = random_program(Random(seed))
        for name in ("interpreter", "trap", "python trap"):
            with SUBJECTS[name](program) as computer:
                outcome = computer.run(2_000)
                assert "describing it failed" not in outcome.detail
                if outcome.stop is not Stop.EXIT:
                    assert describe(computer, outcome.stop, outcome.fault).startswith(outcome.detail.split("; ")[0])
                stops.add(outcome.stop)
    assert stops >= {Stop.FAULT, Stop.LIMIT}


# What the host's own Python raises in one guest's turn ends the run, and leaves books and neighbours as they were.


class Fails:
    """It raises once, whatever it is used for."""

    live = False

    def __init__(self) -> None:
        self.has_failed = False

    def __call__(self, *_: object) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("out of order")

    def fetch(self, size: int, wait: float) -> bytes:
        self()
        return b""

    def write(self, data: bytes) -> int:
        self()
        return len(data)

    def flush(self) -> None:
        pass


def with_input(host: Host, fails: Fails) -> Guest:
    return host.guest("trap", "64K", input=fails)


def with_output(host: Host, fails: Fails) -> Guest:
    return host.guest("trap", "64K", output=fails)  # type: ignore[arg-type]


def with_observer(host: Host, fails: Fails) -> Guest:
    guest = host.guest("trap", "64K")
    guest.observe(fails, "in")
    return guest


def with_monitor(host: Host, fails: Fails) -> Guest:
    class Failing(TrapAndEmulate):
        def handle(self, exit: Exit) -> None:
            if exit.reason == "in":
                fails()
            super().handle(exit)

    return host.guest(memory="64K", monitor=Failing)


@pytest.mark.parametrize("make", [with_input, with_output, with_observer, with_monitor])
def test_what_one_guest_s_python_raises_ends_the_run_and_leaves_the_books_right(
    host: Host, make: Callable[[Host, Fails], Guest]
) -> None:
    fails = Fails()
    subject, neighbour = make(host, fails), host.guest("trap", "64K", limit=LIMIT)
    load(subject, "_start: li t0, 15\n1: addi t0, t0, -1\n bnez t0, 1b\n out 0, t0\n in a0, 1\n li a0, 4\n out 8, a0\n")
    load(neighbour, "_start: addi a0, a0, 1\n j _start\n")
    with pytest.raises(RuntimeError, match="out of order"):
        host.run()
    account = host.account()
    assert account.clock == sum(guest.instructions for guest in account.guests) > 0
    assert [guest.is_running for guest in host.guests] == [False] * 2
    assert host.run() is HostStop.DONE
    assert subject.outcome is not None
    assert (subject.outcome.exit_code, subject.retired, neighbour.retired) == (4, 35, LIMIT)
    assert host.clock == 35 + LIMIT


def test_an_input_that_raises_leaves_those_that_wait_as_they_were(host: Host) -> None:
    class Typed:
        live = True

        def __init__(self) -> None:
            self.given = iter([None, b"x"])

        def fetch(self, size: int, wait: float) -> bytes | None:
            return next(self.given, b"")

    class Breaks(Typed):
        def fetch(self, size: int, wait: float) -> bytes | None:
            given = next(self.given, b"")
            if given:
                raise RuntimeError("out of order")
            return given

    guests = [host.guest("trap", "64K", input=source) for source in (Typed(), Breaks())]
    for guest in guests:
        load(guest, "_start: li t0, 2\n crw imask, t0\n wfi\n li a0, 0\n out 8, a0\n")
    with pytest.raises(RuntimeError, match="out of order"):
        host.run()
    assert host.run() is HostStop.DONE
    assert [guest.outcome and guest.outcome.exit_code for guest in guests] == [0, 0]


@pytest.mark.parametrize("error", [OSError("no room"), MemoryError(), KeyboardInterrupt()])
def test_a_guest_that_cannot_be_closed_keeps_no_other_from_it(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    disks = [Disk(bytearray(512), writable=True) for _ in range(3)]
    guests = [host.guest("trap", "64K", disk=disk) for disk in disks]
    detach = Disk.detach

    def fails(disk: Disk, changed: bool) -> None:
        if disk is disks[0]:
            raise error
        detach(disk, changed)

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "detach", fails)
        with pytest.raises(type(error)):
            host.close()
    assert all(guest.closed for guest in guests)
    with pytest.raises(UsageError, match="host is closed"):
        host.account()
    for disk in disks[1:]:
        with pytest.raises(UsageError, match="disk is closed"):
            disk.contents  # noqa: B018 (raises)


def test_of_several_errors_at_closing_the_first_is_raised_and_tells_the_others(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        host.guest("trap", "64K", disk=bytearray(512))
    numbers = iter("ab")

    def fails(disk: Disk, changed: bool) -> None:
        raise BadFileError(f"disk {next(numbers)} is full")

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "detach", fails)
        with pytest.raises(BadFileError, match="disk a is full") as caught:
            host.close()
    assert caught.value.__notes__ == ["disk b is full"]
