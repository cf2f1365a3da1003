"""Callers: what a guest's hypercalls come to follows from its program alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any, NamedTuple

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import HYPERCALLS
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.machine.outcome import Stop
from toyvm.native import lib
from toyvm.recompiler.options import Recompiling, default_directory, has_llvm
from toyvm.techniques import OFFERING
from toyvm.testing.states import differences, observe
from toyvm.verify.calling import MEMORY, SECTORS, Caller, draw_acts
from toyvm.verify.claim import Property, Record, Violation, shorter

_HOST_BYTES = 4 << 20
_LIMIT = 4000  # instructions; nearly all come to their end before
_TURN = 60  # of the other guest's
_LATENCY = 90
_INPUT = b"a line\nanother one\n" * 30


class _Town(NamedTuple):
    """The caller, and beside it a domain that does nothing and one that makes the same calls."""

    host: Host
    idle: Guest
    other: Guest
    guest: Guest


@contextmanager
def _town(case: Record, technique: str, engine: str | Recompiling) -> Iterator[_Town]:
    with Host(_HOST_BYTES, level=Level.ASSIST, engine=engine) as host:
        free = host.frames_free
        idle = host.guest("para", 16 * PAGE_SIZE)
        input = _INPUT if _WAYS[case["way"]].has_input else b""
        guests = [
            host.guest(one, MEMORY, input=input, disk=bytearray(SECTORS * SECTOR_SIZE), disk_latency=_LATENCY)
            for one in (case["technique"], technique)
        ]
        for guest in guests:
            Caller(guest, case["acts"], idle)
            guest.image = None
        yield _Town(host, idle, *guests)
        for guest in host.guests:
            guest.close()
        if host.frames_free != free or host.frames_monitor:
            raise Violation(
                f"{free - host.frames_free} frames, {host.frames_monitor} of the monitor's, are not given back"
            )


# Ways to lead a run that must make no difference.


def _go(guest: Guest, until: int) -> None:
    """Run so far; where it waits for what never comes, it goes on behind that."""
    while guest.run(until=until).stop is Stop.IDLE:
        pass


def _straight(case: Record, town: _Town) -> Guest:
    return town.guest


def _in_turns(case: Record, town: _Town) -> Guest:
    for cut in case["cuts"]:
        _go(town.guest, cut)
    return town.guest


def _in_steps(case: Record, town: _Town) -> Guest:
    for count in range(case["cuts"][0], case["cuts"][0] + 300):
        _go(town.guest, count)
    return town.guest


def _giving_way(case: Record, town: _Town) -> Guest:
    assert lib.t64_host_allow(town.host.native, case["units"]) == lib.T64_OK
    return _in_turns(case, town)


def _watched(case: Record, town: _Town) -> Guest:
    town.guest.observe(lambda event: None)
    return _in_turns(case, town)


def _looked_at(case: Record, town: _Town) -> Guest:
    for cut in case["cuts"]:
        _go(town.guest, cut)
        observe(town.guest, cut)
        town.guest.save()
        town.guest.translate(town.guest.pc, "x")
        lib.t64_vm_next_event(town.guest.vm)
    return town.guest


def _beside_others(case: Record, town: _Town) -> Guest:
    """One after another, each closed amid its calls, and each of them gets the frames of the one before."""
    other, first = town.other, len(case["cuts"]) // 2
    for number, cut in enumerate(case["cuts"]):
        _go(town.guest, cut)
        if number == first:
            other.close()
            other = town.host.guest(OFFERING[case["units"] % len(OFFERING)], MEMORY)
            Caller(other, case["acts"], town.idle)
        other.run(_TURN)
    other.close()
    return town.guest


def _put_back(case: Record, town: _Town) -> Guest:
    """It goes some way, and all of it again."""
    snapshot = town.guest.save()
    _in_turns(case, town)
    _restore(town.guest, snapshot, b"")
    return town.guest


def _saved(case: Record, town: _Town) -> Guest:
    for cut in case["cuts"]:
        _go(town.guest, cut)
        _restore(town.guest, town.guest.save(), town.guest.output)
    return town.guest


def _moved(case: Record, town: _Town) -> Guest:
    """To the other guest, on another host that is like its own."""
    _go(town.guest, case["cuts"][0])
    with ExitStack() as stack:
        there = stack.enter_context(_town(case, case["technique"], "interpreter"))
        _go(there.guest, case["cuts"][-1])
        there.idle.run(3)
        _restore(there.guest, town.guest.save(), town.guest.output)
        _go(there.guest, case["cuts"][1])
        _restore(town.guest, there.guest.save(), there.guest.output)
    return town.guest


def _restore(guest: Guest, snapshot: bytes, output: bytes) -> None:
    guest.restore(snapshot)
    guest.sink.kept = bytearray(output)


class _Way(NamedTuple):
    """One of them. `left_out` are hypercalls whose results tell of it all the same."""

    live: Callable[[Record, _Town], Guest]
    left_out: frozenset[str] = frozenset()
    has_input: bool = True  # of which no snapshot has what is still to come
    untold: tuple[str, ...] = ()  # of what is seen at the end
    engine: str = "interpreter"


_TIED = frozenset(call.name for call in HYPERCALLS if call.name.startswith(("event_", "grant_", "domains")))
_TIED -= {"event_bind_virq"}
_TIMED, _GETTING = frozenset(("time",)), frozenset(("increase_reservation",))
_WAYS: Mapping[str, _Way] = {
    "in turns": _Way(_in_turns),
    "in steps": _Way(_in_steps),
    "giving way": _Way(_giving_way),
    "watched": _Way(_watched),
    "looked at": _Way(_looked_at),
    "beside others": _Way(_beside_others, _TIED | _TIMED | _GETTING, untold=("frames",)),
    "put back": _Way(_put_back, _TIMED | _GETTING, has_input=False, untold=("exits", "calls")),
    "saved": _Way(_saved, _TIED, has_input=False),
    "moved": _Way(_moved, _TIED | _TIMED | _GETTING, has_input=False, untold=("exits", "calls")),
    "recompiled": _Way(_in_turns, untold=("exits",), engine="recompiler"),
}


class Callers(Property):
    name = "callers"
    claim = "What hypercalls come to is the same wherever runs begin or give way, whoever looks, and whatever is saved."
    at_once = 1000

    def make(self, random: Random) -> Record:
        way = random.choice([name for name in _WAYS if name != "recompiled" or (has_llvm() and random.random() < 0.2)])
        return {
            "technique": random.choice(("para", "para", "para", *OFFERING)),
            "way": way,
            "cuts": sorted(random.sample(range(8, 1200), random.choice((2, 5, 20)))),
            "units": random.choice((1, 8, 100, 1000)),
            "acts": draw_acts(random, random.choice((10, 40, 80)), _WAYS[way].left_out),
        }

    def check(self, case: Record) -> None:
        technique, way = case["technique"], _WAYS[case["way"]]
        expected = _end(case, _straight, technique, "interpreter")
        found = _end(case, way.live, technique, way.engine)
        _hold(expected, found, _untold(technique, way), f"{technique}, {case['way']}")
        if technique != "para" and not way.left_out:
            other = OFFERING[(OFFERING.index(technique) + 1) % len(OFFERING)]
            found = _end(case, _straight, other, "interpreter")
            _hold(expected, found, ("exits", "frames"), f"{other}, not {technique}")

    def smaller(self, case: Record) -> Iterable[Record]:
        return ({**case, "acts": acts} for acts in shorter(case["acts"]))


def _end(case: Record, live: Callable[[Record, _Town], Guest], technique: str, engine: str) -> dict[str, Any]:
    """All that there is to see of the caller at its end."""
    eager = Recompiling(threshold=1, eager=True, waiting=True, limit=100, shortest=1, cache=default_directory())
    with _town(case, technique, eager if engine == "recompiler" else engine) as town:
        return _seen(live(case, town))


def _seen(guest: Guest) -> dict[str, Any]:
    _go(guest, _LIMIT)
    state = observe(guest, _LIMIT)
    vm = guest.vm
    next_event = lib.t64_vm_next_event(vm)
    if guest.technique == "para" and not lib.t64_vm_halted(vm) and lib.t64_guest_audit(vm) == lib.T64_ERROR_VALUE:
        raise Violation("the monitor's books are wrong")
    return {
        "state": state,
        "exits": ({**guest.exits, "spin": 0, "timer": 0}, guest.operands),
        "calls": guest.hypercalls,
        "pages": (guest.reservation, guest.balloon_target if guest.technique == "para" else None),
        "next event": (next_event.time, next_event.comes),
        "wakes": lib.t64_guest_wakes(vm),
        "frames": (guest.host.frames_free, guest.host.frames_monitor),
        "translations": [guest.translate(page * PAGE_SIZE, rights) for page in range(48) for rights in ("", "w", "x")],
    }


def _untold(technique: str, way: _Way) -> tuple[str, ...]:
    """What a way leaves out of the comparison; shadows are built anew where a guest is restored."""
    return way.untold if technique == "para" or way.has_input else (*way.untold, "exits", "frames")


def _hold(expected: dict[str, Any], found: dict[str, Any], untold: Sequence[str], what: str) -> None:
    lines = differences(expected["state"], found["state"])
    names = [name for name in expected if name not in ("state", *untold) and found[name] != expected[name]]
    lines += [f"{name}: {found[name]}, not {expected[name]}" for name in names]
    if lines:
        raise Violation("\n".join([f"{what}:", *lines]))
