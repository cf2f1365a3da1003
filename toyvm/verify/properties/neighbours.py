"""Neighbours on one host are each what they are alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from toyvm.host.host import Host
from toyvm.isa.machine import Level
from toyvm.testing.programs import Program, random_program
from toyvm.testing.programs.specified import left_open
from toyvm.testing.states import State, differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.claim import LeftOpen, Property, Record, Violation
from toyvm.verify.programs import LIMIT, by_pages, program_of, program_record


class Town(NamedTuple):
    """Guests of one host, each a technique, a program and the count of instructions at which it ends."""

    guests: tuple[tuple[str, Program, int], ...]
    turn: int  # instructions; 0: each is run to a third of its way, then the next one


class Neighbours(Property):
    name = "neighbours"
    claim = "Guests that share a host, in whatever turns, are each in the state that it comes to alone."
    at_once = 1000

    def make(self, random: Random) -> Town:
        guests = [
            (
                random.choice(VARIANTS),
                random_program(random, leaving_open=True),
                random.choice((LIMIT, random.randrange(1, LIMIT))),
            )
            for _ in range(random.choice((2, 3, 3, 5)))
        ]
        return Town(tuple(guests), random.choice((0, 1, 7, 50, 300)))

    def check(self, case: Town) -> None:
        alone = [_alone(program, _counts(case, limit)) for _, program, limit in case.guests]
        for number, (expected, found) in enumerate(zip(alone, _together(case), strict=True)):
            technique, program, limit = case.guests[number]
            lines = differences(expected, found)
            if lines and (reason := left_open(program, limit)) is not None:
                raise LeftOpen(reason)
            if lines:
                raise Violation("\n".join([f"guest {number}, under {technique}, after {limit} instructions:", *lines]))

    def smaller(self, case: Town) -> Iterable[Town]:
        """With fewer neighbours, and in fewer turns."""
        for number in range(len(case.guests)):
            if len(case.guests) > 1:
                yield case._replace(guests=case.guests[:number] + case.guests[number + 1 :])
        if case.turn:
            yield case._replace(turn=0)

    def written(self, case: Town) -> Record:
        guests = [
            {"technique": technique, "program": program_record(program), "limit": limit}
            for technique, program, limit in case.guests
        ]
        return {"guests": guests, "turn": case.turn}

    def read(self, record: Record) -> Town:
        guests = [(one["technique"], program_of(one["program"]), int(one["limit"])) for one in record["guests"]]
        return Town(tuple(guests), int(record["turn"]))


def _alone(program: Program, counts: Sequence[int]) -> State:
    with SUBJECTS["interpreter"](by_pages(program)) as machine:
        return _ended(machine, counts)


def _ended(machine: Any, counts: Sequence[int]) -> State:
    """Run to these counts; the state after the last one, or where it ends."""
    for count in counts[:-1]:
        machine.run(until=count)
    return observe(machine, counts[-1])


def _together(case: Town) -> Iterator[State]:
    """All on one host, in turns, each looked at where it has ended."""
    with ExitStack() as stack:
        host = stack.enter_context(Host(memory="128M", level=Level.ASSIST, slice=case.turn or 1000))
        guests = [
            host.guest(technique, program.memory, limit=limit, **program.devices())
            for technique, program, limit in case.guests
        ]
        for guest, (_, program, _) in zip(guests, case.guests, strict=True):
            guest.load(by_pages(program))  # type: ignore[arg-type]
            guest.image = None
        if case.turn:
            host.run()
            for guest in guests:
                yield _stopped(guest)
            return
        for third in (0, 1):
            for guest, (_, _, limit) in zip(guests, case.guests, strict=True):
                guest.run(until=_counts(case, limit)[third])
        for guest, (_, _, limit) in zip(guests, case.guests, strict=True):
            yield observe(guest, limit)


def _stopped(guest: Any) -> State:
    """The state of a guest in which the host has left it."""
    outcome = guest.outcome
    return replace(observe(guest, guest.retired), stop=str(outcome.stop), exit_code=outcome.exit_code)


def _counts(case: Town, limit: int) -> tuple[int, ...]:
    """Where a guest is stopped."""
    return (limit,) if case.turn else (limit // 3, 2 * limit // 3, limit)
