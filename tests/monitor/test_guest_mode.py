"""Guest mode: what exits from it, what may be intercepted, and what of the host waits meanwhile."""

from __future__ import annotations

import pytest
from support.guest_mode import assist_host, started

from toyvm import Host, assemble_text
from toyvm.errors import UsageError
from toyvm.exits import BY_NAME as REASONS
from toyvm.isa.guest_mode import INTERCEPTS
from toyvm.native import ffi, lib
from toyvm.testing.techniques import WITHOUT_GUEST_MODE

LARGE = 2 << 20  # bytes that an entry of level 1 maps
TECHNIQUES = pytest.mark.parametrize("technique", ["assist", "assist+shadow"])


@TECHNIQUES
def test_in_the_steady_state_only_ports_and_waiting_exit(technique: str) -> None:
    with assist_host() as host:
        guest = started(host, technique)
        guest.run()
        rare = {"nested_page_fault"} if technique == "assist" else {"shadow_page_fault", "guest_page_fault", "trace"}
        rare |= {"crw", "tlbi"} if technique == "assist+shadow" else set()
        assert set(guest.exits) == {"in", "out", "wfi"} | rare
        if technique == "assist":
            assert guest.exits["nested_page_fault"] <= guest.memory_size // LARGE


SHARED = ("crr", "crw", "crx", "eret", "wfi", "tlbi", "in", "out", "syscall", "exception", "guest_page_fault")


def test_what_is_intercepted_exits_as_often_as_it_happens() -> None:
    """Every intercept at once: what exits by each reason is what exits under `trap`, instruction by instruction."""
    with assist_host() as host:
        guest, trap = started(host), started(host, "trap")
        guest.intercept(row.name for row in INTERCEPTS)
        guest.run()
        trap.run()
        assert {name: guest.exits.get(name) for name in SHARED} == {name: trap.exits.get(name) for name in SHARED}
        assert guest.exits["interrupt"] > 10
        assert (guest.retired, guest.state_hash()) == (trap.retired, trap.state_hash())


@TECHNIQUES
@pytest.mark.parametrize("row", INTERCEPTS, ids=lambda row: row.name)
def test_a_guest_cannot_tell_what_is_intercepted(row: object, technique: str) -> None:
    with assist_host() as host:
        plain, watched = started(host, technique, 1 << 20), started(host, technique, 1 << 20)
        watched.intercept(row.name)  # type: ignore[attr-defined]
        for guest in (plain, watched):
            guest.run()
        assert (plain.retired, plain.output, plain.state_hash()) == (
            watched.retired,
            watched.output,
            watched.state_hash(),
        )


JUMPS = pytest.mark.parametrize("jump", ["jal zero, 1b", "jal s1, 1b", "beq zero, zero, 1b"])
WAITS_BY_A_JUMP = """
_start:
    la   t0, handler
    crw  tvec, t0
    li   t0, 500
    crw  timecmp, t0
    li   t0, 1
    crw  imask, t0
    li   t0, {status}
    crw  status, t0
1:  {jump}
handler:
    out  8, zero
"""


@TECHNIQUES
@JUMPS
@pytest.mark.parametrize("step", [13, 10_000])
def test_an_intercepted_jump_to_itself_goes_on_up_to_what_ends_it(technique: str, jump: str, step: int) -> None:
    image = assemble_text(WAITS_BY_A_JUMP.format(jump=jump, status=1), "waits.s").image
    ends = []
    for intercepts in ([], ["spin"]):
        with assist_host() as host, host.guest(technique, "1M") as guest:
            guest.load(image)
            guest.intercept(intercepts)
            outcome = guest.run(step)
            while outcome.stop == "limit":
                outcome = guest.run(step)
            assert outcome.exit_code == 0
            ends.append((guest.retired, guest.time, list(guest.x), guest.state_hash()))
            spins = guest.exits.get("spin", 0)
    assert ends[0] == ends[1]
    assert 0 < spins <= 2 + 500 // step


@TECHNIQUES
@JUMPS
def test_an_intercepted_jump_to_itself_is_stuck_where_nothing_comes_in(technique: str, jump: str) -> None:
    image = assemble_text(WAITS_BY_A_JUMP.format(jump=jump, status=0), "waits.s").image
    for intercepts in ([], ["spin"]):
        with assist_host() as host, host.guest(technique, "1M") as guest:
            guest.load(image)
            guest.intercept(intercepts)
            outcome = guest.run(10_000)
            assert outcome.fault is not None
            assert (outcome.fault.kind, outcome.fault.pc) == ("stuck", image.entry + 4 * 9)


def test_what_is_not_intercepted_any_more_does_not_exit() -> None:
    with assist_host() as host:
        guest = started(host)
        guest.intercept(["syscall", "crr"])
        guest.run(600_000)
        assert guest.exits["syscall"] > 10 < guest.exits["crr"]
        counts = dict(guest.exits)
        guest.intercept()
        guest.run()
        assert {name: guest.exits[name] for name in ("syscall", "crr")} == {
            name: counts[name] for name in ("syscall", "crr")
        }


def test_intercepts_are_refused_by_name_and_where_there_is_no_guest_mode() -> None:
    with assist_host() as host:
        with pytest.raises(UsageError, match="no intercept 'syscal'; did you mean syscall"):
            started(host).intercept("syscal")
        with pytest.raises(UsageError, match="technique trap has no intercepts"):
            started(host, "trap").intercept("syscall")
        assert lib.t64_guest_intercept(started(host).vm, 1 << 63) == lib.T64_ERROR_VALUE


def test_an_exit_of_guest_mode_says_what_it_was() -> None:
    with assist_host() as host:
        guest = started(host)
        seen: dict[str, object] = {}
        guest.observe(lambda event: seen.setdefault(event.reason, event))
        guest.intercept(["crw", "syscall", "interrupt"])
        guest.run()
        crw, syscall, fault = seen["crw"], seen["syscall"], seen["nested_page_fault"]
        assert (crw.cause, crw.instruction.split()[0]) == ("instruction", "crw")  # type: ignore[attr-defined]
        assert (syscall.cause, syscall.word) == ("syscall", 0)  # type: ignore[attr-defined]
        assert (fault.cause, fault.gpa) == ("nested_fault", fault.pc)  # type: ignore[attr-defined]
        assert set(seen) <= set(REASONS)


# The host.


@pytest.mark.parametrize("level", WITHOUT_GUEST_MODE)
def test_hardware_of_another_level_has_no_guest_mode(level: str) -> None:
    with Host(level=level) as host:
        with pytest.raises(UsageError, match=f"needs hardware of level assist; this host's is {level}"):
            host.guest("assist")
        free = host.frames_free
        for options in (0, lib.T64_OPTION_SHADOW):
            config = ffi.new("t64_config *", {"memory": 1 << 20, "options": options})
            assert lib.t64_guest_new(host.native, lib.T64_ASSIST, config) == ffi.NULL
        assert lib.t64_guest_new(host.native, 99, config) == ffi.NULL
        assert (host.frames_free, host.frames_monitor) == (free, 0)


@TECHNIQUES
def test_the_host_s_registers_wait_while_a_guest_runs(technique: str) -> None:
    with assist_host() as host:
        guest = started(host, technique)
        guest.run(1)
        state = lib.t64_host_state(host.native)
        names = ("status", "tvec", "epc", "cause", "tval", "scratch", "ptbr", "timecmp", "imask", "skipped")
        before = {name: getattr(state, name) for name in names}
        guest.run(500_000)
        assert {name: getattr(state, name) for name in names} == before
        emulated = sum(guest.exits.get(name, 0) for name in ("in", "out", "wfi", "crw", "tlbi", "trace"))
        assert state.retired == guest.retired - emulated, "the hardware has retired what the monitor has not"
