"""Monitors in Python: the example is as exact as those in C, and a wrong one harms nobody but its guest."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guest_runs import BEHAVIOURS, GUESTS, TESTS, header_of, image_of

from toyvm.asm import assemble_text
from toyvm.errors import ToyvmError, UsageError
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.monitor import Access, Exit, Monitor, Space
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.testing import assert_equal, strategies
from toyvm.testing.programs import Program, random_program
from toyvm.testing.techniques import LEAKY

LIMIT = 1_500
KERNEL = GUESTS / "kernel" / "kernel.s"
SHORT = assemble_text("_start: crr t0, tvec\n li a0, 7\n out 8, a0\n", "short.s").image
SOURCE = Path(__file__).parent.parent.parent / "toyvm" / "monitor" / "trap_and_emulate.py"


def checkpoints(random: Random) -> list[int]:
    counts = {random.randrange(LIMIT) for _ in range(6)}
    return sorted(counts | {count + 1 for count in counts if random.random() < 0.3} | {LIMIT})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(500, 560))
def test_a_random_program_is_the_same_under_the_example(seed: int) -> None:
    random = Random(seed)
    assert_equal(random_program(random), "reference", "python trap", checkpoints=checkpoints(random))


@pytest.mark.slow
@settings(max_examples=25)
@given(program=strategies.privileged_programs(), random=st.randoms(use_true_random=False))
def test_a_drawn_program_is_the_same_under_the_example(program: Program, random: Random) -> None:
    assert_equal(program, "reference", "python trap", checkpoints=checkpoints(random))


def made(host: Host, monitor: Any = TrapAndEmulate, memory: str = "2M", **options: Any) -> Guest:
    return host.guest(memory=memory, monitor=monitor, **options)


def test_a_fault_under_a_monitor_of_ones_own_is_told_as_under_others() -> None:
    source = assemble_text("    li a0, 5\n    ld a1, -8(x0)\n    hcall 5\n", "fault.s").image
    details = []
    with Host() as host:
        for guest in (host.guest("trap", "2M"), made(host)):
            guest.load(source)
            details.append(guest.run().detail)
    assert details[1] == details[0]
    assert "load access fault at fault.s:2" in details[0]


def end_of(guest: Guest) -> tuple[object, ...]:
    return guest.retired, guest.time, guest.output, guest.state_hash()


def test_the_kernel_ends_as_under_the_monitor_in_c_with_the_same_exits() -> None:
    with Host() as host:
        guests = [host.guest("trap+flush", "2M", input=b"a line\n"), made(host, input=b"a line\n")]
        for guest in guests:
            guest.load(image_of(KERNEL, "trap"))
            assert guest.run().exit_code == 0
        assert end_of(guests[0]) == end_of(guests[1])
        assert guests[0].exits == guests[1].exits


def test_the_kernel_tells_its_story() -> None:
    with Host() as host, made(host, memory="16M") as guest:
        guest.load(image_of(KERNEL, "trap"))
        guest.run()
        assert guest.output == (TESTS / "guests" / "kernel_output.txt").read_bytes()


@pytest.mark.parametrize(
    "path", [path for path in BEHAVIOURS if "trap" in header_of(path).techniques], ids=lambda p: p.stem
)
def test_a_guest_does_what_its_header_says(path: Path) -> None:
    header = header_of(path)
    sectors = header.number("disk")
    disk = None if sectors is None else bytearray(sectors * 512)
    with Host("64M") as host, made(host, memory="16M", input=header.text("input") or b"", disk=disk) as guest:
        guest.load(image_of(path, "trap"))
        outcome = guest.run(header.number("limit", 20_000_000))
        assert str(outcome.stop) == header.values.get("stop", "exit"), outcome
        if outcome.exit_code is not None:
            assert outcome.exit_code == header.number("exit", 0)
        assert guest.output == (header.text("output") or b"")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_guest_cannot_tell_where_its_runs_began(seed: int) -> None:
    random = Random(seed)
    with Host() as host:
        whole, sliced = made(host), made(host)
        for guest in (whole, sliced):
            guest.load(image_of(KERNEL, "trap"))
        whole.run()
        while sliced.run(random.choice([1, 2, 17, 300, 40_000])).stop == "limit":
            pass
        assert end_of(sliced) == end_of(whole)


def test_a_guest_goes_on_from_a_snapshot_under_another_monitor_of_the_kind() -> None:
    with Host() as host:
        one, two = made(host), made(host)
        one.load(image_of(KERNEL, "trap"))
        one.run(400_000)
        two.restore(one.save())
        assert one.run().exit_code == two.run().exit_code == 0
        assert replace_output(end_of(one)) == replace_output(end_of(two))


def replace_output(end: tuple[object, ...]) -> tuple[object, ...]:
    """Without the output: what came before the snapshot is its host's."""
    return (end[0], end[1], end[3])


def test_it_shares_a_host_with_guests_of_other_monitors() -> None:
    with Host("64M", slice=10_000) as host:
        guests = [made(host), host.guest("trap", "2M"), host.guest("para", "2M"), made(host)]
        for guest, technique in zip(guests, ("trap", "trap", "para", "trap"), strict=True):
            guest.load(image_of(KERNEL, technique))
        assert host.run() is HostStop.DONE
        assert [guest.outcome.exit_code for guest in guests if guest.outcome] == [0, 0, 0, 0]
        assert len({guest.retired for guest in (guests[0], guests[1], guests[3])}) == 1


def test_observers_see_its_exits_before_they_are_handled() -> None:
    with Host() as host, made(host) as guest:
        seen: list[str] = []
        guest.load(SHORT)
        guest.observe(lambda event: seen.append(event.reason), ["crr", "out"])
        assert guest.run().exit_code == 7
        assert seen == ["crr", "out"]


def test_an_observer_may_skip_the_instruction() -> None:
    def skip(event: Any) -> None:
        event.guest.registers.t0 = 99
        event.guest.pc = event.pc + 4

    with Host() as host, made(host) as guest:
        guest.load(SHORT)
        guest.observe(skip, "crr")
        guest.run()
        assert guest.registers.t0 == 99


@pytest.mark.parametrize("again", ["load", "restore"])
def test_a_stop_that_was_due_is_not_one_of_what_is_loaded_or_restored_since(again: str) -> None:
    """A wait that nothing can end is emulated, and the run interrupted before it says so."""
    waits = assemble_text("_start: wfi\n", "waits.s").image
    with Host() as host, made(host) as guest:
        guest.load(SHORT)
        snapshot = guest.save()
        guest.load(waits)
        guest.observe(lambda event: event.guest.interrupt(), "wfi")
        assert guest.run().stop == "interrupted"
        if again == "load":
            guest.load(SHORT)
        else:
            guest.restore(snapshot)
        assert guest.run().exit_code == 7


def test_the_example_is_of_some_fifty_lines() -> None:
    text = SOURCE.read_text()
    code = [line for line in text.split('"""', 2)[2].splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= 55


# Wrong monitors.


class Silent(TrapAndEmulate):
    """Forgets to handle what is privileged."""

    def interpret(self, exit: Exit) -> None:
        pass


class Blind(TrapAndEmulate):
    """Maps without the rights that the guest needs."""

    def allocate(self, exit: Exit, access: Access) -> None:
        self.shadow.map(exit.tval, self.guest.host_frame(0) << 12, "", self.space)


class Wandering(TrapAndEmulate):
    """Finds no page, and looks for it at another place each time."""

    def allocate(self, exit: Exit, access: Access) -> None:
        self.guest.pc ^= 4


class Still(Monitor):
    """Says nothing at all."""


class Lost(TrapAndEmulate):
    """Does not say how to go on."""

    def enter(self) -> None:
        pass


class Failing(TrapAndEmulate):
    def handle(self, exit: Exit) -> None:
        raise RuntimeError("a bug of the user's")


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (Silent, "monitor Silent gets nowhere: exit crr at 0x"),
        (Blind, "monitor Blind gets nowhere: exit shadow_page_fault at 0x"),
        (Wandering, "monitor Wandering gets nowhere: 10000 exits came in a row without an instruction, the last exit"),
        (Still, "monitor Still does not say how to go on"),
        (Lost, "monitor Lost: enter() returned without run_in()"),
    ],
)
def test_a_monitor_that_gets_nowhere_is_told(monitor: Any, message: str) -> None:
    with Host() as host, made(host, monitor) as guest:
        guest.load(SHORT)
        with pytest.raises(UsageError) as caught:
            guest.run()
        assert str(caught.value).startswith(message)


def test_an_exception_of_a_monitor_ends_the_run_and_the_guest_goes_on_under_a_better_one() -> None:
    with Host() as host, made(host, Failing) as guest:
        guest.load(SHORT)
        with pytest.raises(RuntimeError, match="a bug of the user's"):
            guest.run()
        guest.monitor = TrapAndEmulate(guest)  # type: ignore[attr-defined, arg-type]
        assert guest.run().exit_code == 7


def test_no_frame_but_the_guest_s_own_can_be_mapped() -> None:
    with Host("16M") as host:
        guest, neighbour = made(host, memory="64K"), host.guest("trap", "64K")
        neighbour.load(SHORT)
        neighbour.run()
        own = {guest.host_frame(page) << 12 for page in range(16)}
        refused = 0
        for frame in range(0, host.memory_size, PAGE_SIZE):
            if frame in own:
                guest.monitor.shadow.map(0x1000, frame + 8, "rwx", Space.KERNEL)  # type: ignore[attr-defined]
                continue
            with pytest.raises(UsageError, match="not in a page of guest guest1's own"):
                guest.monitor.shadow.map(0x1000, frame, "r", Space.KERNEL)  # type: ignore[attr-defined]
            refused += 1
        assert refused == (16 << 20) // PAGE_SIZE - 16
        for beyond in (host.memory_size, 1 << 50, (1 << 64) - 1):
            with pytest.raises(UsageError, match="not in a page"):
                guest.monitor.shadow.map(0x1000, beyond, "r", Space.USER)  # type: ignore[attr-defined]


class Wild(TrapAndEmulate):
    """Does anything at all, often."""

    random = Random(0)

    def handle(self, exit: Exit) -> None:
        random, guest = self.random, self.guest
        pages = guest.memory_size // PAGE_SIZE
        acts = (
            lambda: super(Wild, self).handle(exit),
            lambda: self.shadow.map(
                random.choice([exit.tval, random.getrandbits(64)]),
                guest.host_frame(random.randrange(pages)) << 12,
                random.choice(["r", "rw", "rwx", "x", ""]),
                random.choice(list(Space)),
            ),
            lambda: self.shadow.flush(),
            lambda: self.shadow.flush_page(random.getrandbits(64)),
            lambda: self.emulate(random.choice([exit.word, random.getrandbits(32)])),
            lambda: self.vcpu.trap(random.choice([exit.cause, random.getrandbits(64)]), exit.tval),
            lambda: self.walk(random.getrandbits(64), random.choice(list(Access))),
            lambda: self.spin(),
            lambda: setattr(guest, "pc", random.choice([exit.pc + 4, random.getrandbits(64)])),
        )
        for act in random.choices(acts, weights=[12, *[1] * (len(acts) - 1)], k=2):
            act()

    def enter(self) -> None:
        super().enter()
        if self.random.random() < 0.1:
            self.run_in(self.random.choice(list(Space)), self.random.choice([None, 0, self.random.getrandbits(64)]))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_monitor_does_its_neighbours_do_not_notice(seed: int) -> None:
    Wild.random = Random(seed)
    with Host("32M", slice=3_000) as host:
        wild, neighbour = made(host, Wild, memory="1M"), host.guest("trap", "2M")
        for guest in (wild, neighbour):
            guest.load(image_of(KERNEL, "trap"))
        stop = None
        for _ in range(2_000):
            try:
                stop = host.run(1_000_000)
            except ToyvmError:
                wild.pause()
            if stop is HostStop.DONE:
                break
        assert neighbour.outcome is not None
        assert neighbour.outcome.exit_code == 0
        with Host() as other, other.guest("trap", "2M") as alone:
            alone.load(image_of(KERNEL, "trap"))
            alone.run()
            assert end_of(alone) == end_of(neighbour)


MISUSES = [
    (lambda m: m.shadow.map(0, 0, "q", Space.KERNEL), "no right 'q'"),
    (lambda m: m.shadow.map(0, 0, 7, Space.KERNEL), "rights of 7"),
    (lambda m: m.shadow.map(-1, 0, "r", Space.KERNEL), "address of -0x1"),
    (lambda m: m.shadow.map(0, "x", "r", Space.KERNEL), "host-physical address of 'x'"),
    (lambda m: m.shadow.map(0, 0, "r", 2), "space of 2 (int)"),
    (lambda m: m.shadow.flush_page(1.5), "address of 1.5"),
    (lambda m: m.emulate(1 << 32), "word of 4294967296 is out of range"),
    (lambda m: m.emulate("x"), "word of 'x'"),
    (lambda m: m.walk(0, 2), "access of 2 (int); it takes a member of Access"),
    (lambda m: m.walk(1 << 64, Access.LOAD), "address of 0x1"),
    (lambda m: m.run_in(None, None), "space of None"),
    (lambda m: m.run_in(Space.USER, -1), "alarm of -0x1"),
    (lambda m: m.vcpu.trap("x"), "cause of 'x'"),
    (lambda m: m.vcpu.trap(1, -1), "tval of -0x1"),
    (lambda m: m.spin(), "spinning without such an exit"),
]


@pytest.mark.parametrize(("use", "message"), MISUSES, ids=[message for _, message in MISUSES])
def test_a_wrong_argument_is_refused_with_its_value(use: Any, message: str) -> None:
    with Host() as host, made(host) as guest, pytest.raises(ToyvmError) as caught:
        use(guest.monitor)  # type: ignore[attr-defined]
    assert message in str(caught.value)


def test_what_is_no_monitor_is_refused_and_nothing_is_lost() -> None:
    with Host() as host:
        free = host.frames_free
        for monitor in (5, lambda guest: None, Host, Monitor.handle):
            with pytest.raises((UsageError, TypeError)):
                made(host, monitor)
        assert host.guests == ()
        assert host.frames_free == free


def test_a_monitor_of_a_closed_guest_is_refused() -> None:
    with Host() as host:
        guest = made(host)
        guest.close()
        with pytest.raises(UsageError, match="closed"):
            guest.monitor.shadow.flush()  # type: ignore[attr-defined]


@pytest.mark.parametrize("level", LEAKY)
def test_on_other_hardware_it_is_as_wrong_as_the_theorem_says(level: Level) -> None:
    source = assemble_text("_start: getst t0\n li a0, 0\n out 8, a0\n", "sensitive.s").image
    with Host(level=level) as host, made(host) as guest:
        guest.load(source)
        guest.run()
        in_user_mode = bool(guest.registers.t0 & 0x100)
        assert in_user_mode == (level is Level.CLASSIC)


def test_programs_stay_the_same_with_random_input() -> None:
    random = Random(7)
    program = replace(random_program(random), input=b"some input")
    assert_equal(program, "reference", "python trap", checkpoints=checkpoints(random))


def test_a_guest_under_a_monitor_of_ones_own_has_the_devices_that_any_guest_has() -> None:
    text = "_start: in a0, 1\n out 0, a0\n li a0, 1\n out 0x1A, a0\n crr a1, time\n li a0, 0\n out 8, a0\n"
    written = io.BytesIO()
    with Host("16M") as host:
        guest = host.guest(
            memory="64K",
            monitor=TrapAndEmulate,
            input=b"k",
            output=written,
            disk=bytearray(b"sector" + bytes(506)),
            disk_latency=3,
            name="own",
            share=7,
            cap=50,
            limit=1000,
        )
        guest.load(assemble_text(text))
        assert guest.run().exit_code == 0
        assert (written.getvalue(), guest.output, guest.disk[:6], guest.name) == (b"k", b"", b"sector", "own")
        assert (guest.share, guest.cap, guest.seat.limit) == (7, 50, 1000)
        assert not guest.seat.is_domain
        assert host.guests == (guest,)


class Asking(TrapAndEmulate):
    """Keeps what it is told of interrupts at every entry."""

    def enter(self) -> None:
        told.append((self.vcpu.interrupts_enabled, self.vcpu.pending_interrupt()))
        super().enter()


told: list[tuple[bool, int | None]] = []


def test_an_interrupt_is_pending_with_interrupts_off_too() -> None:
    told.clear()
    source = assemble_text("li t0, 1\n crw timecmp, t0\n crw imask, t0\n crr t1, ipend\n out 8, t0\n", "due.s").image
    with Host() as host, made(host, Asking) as guest:
        guest.load(source)
        assert guest.run().exit_code == 1
    assert told[0] == (False, None)
    assert (False, 1 << 63) in told
