"""Guests that share a host by turns: each ends as it does alone."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guest_runs import GUESTS, image_of

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.host.host import Host, host_memory_for
from toyvm.host.scheduler import Condition, HostStop
from toyvm.isa.machine import Level
from toyvm.techniques import facts_of
from toyvm.testing import strategies
from toyvm.testing.programs import Program, random_program
from toyvm.testing.states import State, differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import SOUND, VARIANTS

KERNEL = GUESTS / "kernel" / "kernel.s"
MEMORY = 1 << 20
LIMIT = 1_500
FOR_EVER = assemble_text("_start: addi a0, a0, 1\n j _start\n", "for_ever.s").image
WAITS = """
_start:
    crr  t0, time
    li   t1, 1000
    add  t0, t0, t1
    crw  timecmp, t0
    li   t1, 1
    crw  imask, t1
    wfi
    addi a0, a0, 1
    j    _start
"""


# The same, and between one wait and the next there is nothing that makes its engine look up.
WAITS_ON = """
_start:
    li   t1, 1
    crw  imask, t1
1:  crr  t0, time
    addi t0, t0, 1000
    crw  timecmp, t0
    wfi
    addi a0, a0, 1
    j    1b
"""


SLICE = 10_000  # instructions: several pages of code, which engines run at a stretch


class Silent:
    """A live terminal at which nobody types."""

    live = True

    def fetch(self, size: int, wait: float) -> None:
        pass


def is_specified(program: Program) -> bool:
    """Does all that it does follow from the specification?"""
    with SUBJECTS["reference"](program) as machine:
        machine.run(until=LIMIT)
        return machine.unspecified is None


def alone(program: Program, technique: str) -> tuple[State, dict[str, int]]:
    with SUBJECTS[technique](program) as guest:
        return observe(guest, LIMIT), guest.exits


MONITORS_OWN = {
    *("spin", "timer", "interrupt"),  # the end of a turn may do in place of the exit by which an interrupt comes in
    *("shadow_page_fault", "nested_page_fault", "trace"),  # what the monitor's tables hold
    *("code_read", "code_write", "adapted"),  # and its copies
}


def of_the_guest(exits: dict[str, int]) -> dict[str, int]:
    """The exits that the guest's own instructions cause."""
    return {reason: count for reason, count in exits.items() if reason not in MONITORS_OWN}


def seen_in(guest: Guest) -> State:
    """The state of a guest that has ended."""
    assert guest.outcome is not None
    return replace(observe(guest, 0), stop=str(guest.outcome.stop))


def shared(
    programs: list[Program], random: Random
) -> list[tuple[Program, State, State, dict[str, int], dict[str, int]]]:
    """Run programs together, with random techniques, shares, caps and pieces of the host's run; each beside alone."""
    sizes = sum(host_memory_for(program.memory) for program in programs)
    level = programs[0].level if programs else Level.STRICT
    techniques = [name for name in VARIANTS if level in facts_of(name).levels]
    with Host(max(sizes, 1 << 20), level=level, slice=random.choice([1, 7, 100, 1_000])) as host:
        guests = []
        for program in programs:
            guest = host.guest(
                random.choice(techniques),
                program.memory,
                share=random.choice([1, 10, 1_000]),
                cap=random.choice([3, 50, 100]),
                limit=LIMIT,
                **program.devices(),
            )
            guest.load(program)
            guest.image = None  # a program has no symbols
            guests.append(guest)
        while host.run(random.choice([1, 50, 2_000, 100_000])) is not HostStop.DONE:
            pass
        found = []
        for guest, program in zip(guests, programs, strict=True):
            expected, exits = alone(program, guest.technique)
            found.append((program, expected, seen_in(guest), exits, guest.exits))
        return found


def check(programs: list[Program], random: Random) -> None:
    for program, expected, state, exits, exits_shared in shared(programs, random):
        assert not differences(expected, state), (program, differences(expected, state))
        assert of_the_guest(exits) == of_the_guest(exits_shared), program


@pytest.mark.slow
@pytest.mark.parametrize("level", SOUND)
@pytest.mark.parametrize("seed", range(15))
def test_a_guest_ends_as_it_does_alone_whatever_its_neighbours_do(seed: int, level: Level) -> None:
    random = Random(seed)
    programs = [random_program(random, level) for _ in range(random.randint(3, 6))]
    check([program for program in programs if is_specified(program)], random)


@settings(max_examples=15)
@given(st.lists(strategies.privileged_programs(), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_drawn_guests_end_as_they_do_alone(programs: list[Program], random: Random) -> None:
    check([program for program in programs if is_specified(program)], random)


def end_of(guest: Any) -> tuple[object, ...]:
    return guest.retired, guest.time, guest.output, guest.state_words(), of_the_guest(guest.exits)


def test_kernels_of_every_technique_side_by_side_end_as_each_does_alone() -> None:
    kinds = ["trap", "para", "hybrid", "rewrite+adaptive", "assist", "assist+shadow", "para", "trap"]
    expected = {}
    for kind in set(kinds):
        with Host(level="assist") as host, host.guest(kind, "2M") as guest:
            guest.load(image_of(KERNEL, kind))
            guest.run()
            expected[kind] = (guest.retired, guest.output)
    with Host("64M", level="assist", slice=20_011) as host:
        guests = [host.guest(kind, "2M", share=10 * n + 1) for n, kind in enumerate(kinds)]
        for guest, kind in zip(guests, kinds, strict=True):
            guest.load(image_of(KERNEL, kind))
        assert host.run() is HostStop.DONE
        assert [(guest.retired, guest.output) for guest in guests] == [expected[kind] for kind in kinds]
        assert [guest.outcome.exit_code for guest in guests if guest.outcome] == [0] * 8


def test_changing_everything_about_one_guest_changes_nothing_of_another() -> None:
    ends = []
    for technique, memory, share, input, image in (
        ("trap", "1M", 1, b"", FOR_EVER),
        ("para", "4M", 1_000, b"xyz", image_of(KERNEL, "para")),
        ("hybrid", "512K", 7, b"", image_of(GUESTS / "hello.s", "hybrid")),
    ):
        with Host("64M", slice=10_007) as host:
            neighbour = host.guest(technique, memory, share=share, input=input, limit=2_000_000)
            subject = host.guest("trap", "2M", input=b"input")
            neighbour.load(image)
            subject.load(image_of(KERNEL, "trap"))
            host.run()
            ends.append((end_of(subject), subject.state_hash()))
    assert ends[0] == ends[1] == ends[2]


def looping(host: Host, **options: Any) -> Guest:
    guest = host.guest("trap", "64K", **options)
    guest.load(FOR_EVER)
    return guest


def test_shares_and_caps_hold_for_guests() -> None:
    with Host("16M", slice=1_000) as host:
        one, two, capped = looping(host, share=100), looping(host, share=300), looping(host, share=1_000, cap=20)
        assert host.run(1_000_000) is HostStop.LIMIT
        assert abs(one.retired * 3 - two.retired) <= 4_000
        assert 195_000 <= capped.retired <= 200_000
        account = host.account()
        assert account.clock == 1_000_000 == sum(guest.instructions for guest in account.guests)
        assert [round(guest.share_got, 1) for guest in account.guests] == [0.2, 0.6, 0.2]


@pytest.mark.parametrize("source", [WAITS, WAITS_ON], ids=["waits", "waits on"])
@pytest.mark.parametrize("technique", VARIANTS)
def test_a_wfi_gives_the_rest_of_the_slice_to_the_others(technique: str, source: str) -> None:
    with Host("16M", slice=SLICE, level="assist") as host:
        waiting = host.guest(technique, "64K")
        waiting.load(assemble_text(source, "waits.s").image)
        busy = looping(host)
        host.run(100 * SLICE)
        turns = busy.retired // SLICE
        assert turns > 90
        assert abs(waiting.registers.a0 - turns) <= 2
        assert waiting.skipped > 10 * waiting.retired


@pytest.mark.parametrize("technique", VARIANTS)
def test_a_wfi_at_a_terminal_gives_it_to_them_too(technique: str) -> None:
    with Host("16M", slice=SLICE, level="assist") as host:
        waiting, busy = host.guest(technique, "64K", input=Silent()), looping(host)
        waiting.load(assemble_text(WAITS_ON.replace("1000", "20"), "waits.s").image)
        host.run(100 * SLICE)
        assert busy.retired > 90 * SLICE
        assert waiting.registers.a0 <= busy.retired // SLICE + 2


def test_a_yield_gives_the_rest_of_the_slice_to_the_others() -> None:
    source = '.include "t64.inc"\n_start: li s0, 0\n1: hcall HC_YIELD\n addi s0, s0, 1\n j 1b\n'
    with Host("16M", slice=1_000) as host:
        polite = host.guest("para", "256K")
        polite.load(assemble_text(source, "polite.s").image)
        busy = looping(host)
        host.run(100_000)
        assert abs(polite.registers.s0 - busy.retired // 1_000) <= 2


def test_a_guest_run_by_itself_yields_to_nobody() -> None:
    with Host("16M") as host, host.guest("trap", "64K") as guest:
        guest.load(assemble_text(WAITS, "waits.s").image)
        assert guest.run(5_000).stop == "limit"
        assert guest.retired == 5_000


def test_a_paused_guest_stands_still_and_goes_on() -> None:
    with Host("16M", slice=1_000) as host:
        one, two = looping(host), looping(host)
        one.pause()
        host.run(10_000)
        assert (one.retired, two.retired) == (0, 10_000)
        assert one.condition is Condition.PAUSED
        one.resume()
        host.run(10_000)
        assert abs(one.retired - 5_000) <= 1_000
        two.stop()
        before = two.retired
        host.run(10_000)
        assert (one.retired, two.retired) == (30_000 - before, before)
        assert two.condition is Condition.STOPPED
        with pytest.raises(UsageError, match="nothing to resume"):
            two.resume()
        one.pause()
        assert host.run() is HostStop.DONE


def test_how_each_guest_ended_is_told() -> None:
    sources = {
        "exits": "_start: li a0, 3\n out 8, a0\n",
        "idles": "_start: wfi\n",
        "faults": "_start: .word 0\n",
        "loops": "_start: addi a0, a0, 1\n j _start\n",
    }
    with Host("16M", slice=500) as host:
        for name, source in sources.items():
            host.guest("trap", "64K", name=name, limit=2_000).load(assemble_text(source, "guest.s").image)
        assert host.run() is HostStop.DONE
        stops = {guest.name: str(guest.outcome.stop) for guest in host.guests if guest.outcome}
        assert stops == {"exits": "exit", "idles": "idle", "faults": "fault", "loops": "limit"}
        assert all(guest.condition is Condition.ENDED for guest in host.guests)
        assert host.guests[0].outcome is not None
        assert host.guests[0].outcome.exit_code == 3


class Late:
    """Input that is not there until it is given."""

    live = False

    def __init__(self) -> None:
        self.data: bytes | None = None

    def fetch(self, size: int, wait: float) -> bytes | None:
        data, self.data = self.data, b"" if self.data else None
        return data


def test_a_guest_that_waits_for_input_holds_nobody_up() -> None:
    source, echo = Late(), "_start: in a0, 1\n out 8, a0\n"
    with Host("16M", slice=1_000) as host:
        waiting = host.guest("trap", "64K", input=source)
        waiting.load(assemble_text(echo, "echo.s").image)
        busy = looping(host)
        assert host.run(50_000) is HostStop.LIMIT
        assert waiting.condition is Condition.WAITING
        assert busy.retired > 49_000
        busy.pause()
        assert host.run(timeout=0.02) is HostStop.TIMEOUT
        source.data = b"A"
        assert host.run(timeout=60) is HostStop.DONE
        assert waiting.outcome is not None
        assert waiting.outcome.exit_code == 65


def test_an_interruption_ends_the_run_and_it_goes_on_afterwards() -> None:
    with Host("16M", slice=1_000) as host:
        guest = looping(host)
        timer = threading.Timer(0.01, host.interrupt)
        timer.start()
        assert host.run() is HostStop.INTERRUPTED
        timer.join()
        before = guest.retired
        assert host.run(1_000) is HostStop.LIMIT
        assert guest.retired == before + 1_000


def test_an_observer_that_raises_ends_the_run_and_it_goes_on_afterwards() -> None:
    def fail(event: object) -> None:
        raise RuntimeError("seen enough")

    with Host("16M", slice=1_000) as host, host.guest("trap", "2M") as guest:
        guest.load(image_of(KERNEL, "trap"))
        other = looping(host, limit=50_000)
        guest.observe(fail, "eret")
        with pytest.raises(RuntimeError, match="seen enough"):
            host.run()
        guest.unobserve(fail)
        assert host.run() is HostStop.DONE
        assert guest.outcome is not None
        assert guest.outcome.exit_code == 0
        assert other.retired == 50_000


def test_names_are_unique_and_wrong_values_are_refused() -> None:
    with Host("16M") as host:
        assert host.guest("trap", "64K", name="web").name == "web"
        assert host.guest("trap", "64K").name == "guest2"
        free = host.frames_free
        for options, message in (
            ({"name": "web"}, "a guest 'web'"),
            ({"share": 0}, "share of 0"),
            ({"cap": 101}, "101%"),
        ):
            with pytest.raises(UsageError, match=message):
                host.guest("trap", "64K", **options)
        with pytest.raises(UsageError, match="max_ticks of -1"):
            host.run(-1)
        assert host.frames_free == free
        assert [guest.name for guest in host.guests] == ["web", "guest2"]
    with pytest.raises(UsageError, match="closed"):
        host.run()


def test_closed_guests_have_no_turns() -> None:
    with Host("16M", slice=1_000) as host, ExitStack() as stack:
        gone = stack.enter_context(looping(host))
        stays = looping(host)
        host.run(4_000)
        gone.close()
        host.run(4_000)
        assert stays.retired == 6_000


def test_a_host_is_not_closed_or_run_twice_while_it_runs() -> None:
    seen: list[str] = []

    def meddle(event: ExitEvent) -> None:
        for act in (host.close, host.run, event.guest.close):
            with pytest.raises(UsageError, match="running already"):
                act()
            seen.append(event.reason)

    with Host("16M") as host:
        guest, other = host.guest("trap", "64K"), looping(host)
        guest.load(assemble_text("_start: li a0, 4\n out 8, a0\n", "four.s").image)
        guest.observe(meddle, "out")
        host.run(200_000)
        assert guest.outcome is not None
        assert guest.outcome.exit_code == 4
        assert seen == ["out"] * 3
        assert other.retired > 100_000
