"""Exits: each is shown as what it is, and counted as often as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from toyvm.exits import NAMED
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.isa.coding import decode
from toyvm.isa.declare import Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.machine.computer import Computer
from toyvm.machine.outcome import Stop
from toyvm.testing.programs import Program, random_program
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.claim import Property, Record, Violation
from toyvm.verify.programs import LIMIT, by_pages, program_of, program_record

_MNEMONICS = {row.mnemonic for row in INSTRUCTIONS} - {"syscall"}  # whose word no exit has
_NAMING = (Operand.CR, Operand.PORT)
_RIGHTS = {"fetch_page_fault": "x", "load_page_fault": "r", "store_page_fault": "w"}
# Of these each has as many exits as the machine traps to `trap`, or would if it were hosted.
_TRAPS = _MNEMONICS | {"syscall", "exception", "guest_page_fault"}
_ALL = "intercepted assist"  # all exits that there are in guest mode
_ALIKE = {
    **{"trap+flush": _TRAPS, _ALL: _MNEMONICS},  # a double fault shuts guest mode down
    **{technique: {"in", "out", "wfi"} for technique in ("assist", "assist+shadow")},
}


class Shown(NamedTuple):
    """A program, and the technique under which its exits are looked at."""

    technique: str
    program: Program


class Exits(Property):
    name = "exits"
    claim = "Each exit is shown once, as what it is, and counted once, whoever looks on; and so is how a guest stops."
    at_once = 600

    def make(self, random: Random) -> Shown:
        return Shown(random.choice((*VARIANTS, _ALL)), random_program(random))

    def check(self, case: Shown) -> None:
        program, technique = by_pages(case.program), case.technique
        looks = _Looks()
        with SUBJECTS[technique](program) as guest:
            guest.observe(looks.at)
            watched = _account(guest)
        _hold(technique, "shown", looks.account, watched[:2])
        with SUBJECTS[technique](program) as guest:
            _hold(technique, "counted where somebody looks", watched, _account(guest))
        with SUBJECTS["trap"](program) as guest:
            alike, (counts, *_) = _ALIKE.get(technique, set()), _account(guest)
            _hold(technique, "counted", _those(alike, watched[0]), _those(alike, counts))
        with SUBJECTS["interpreter"](program) as machine:
            _hold(technique, "said of the stop", watched[2], _account(machine)[2])

    def written(self, case: Shown) -> Record:
        return {"technique": case.technique, "program": program_record(case.program)}

    def read(self, record: Record) -> Shown:
        return Shown(record["technique"], program_of(record["program"]))


class _Looks:
    """What an observer has seen, each time held to the guest as it stands."""

    def __init__(self) -> None:
        self.shown: Counter[str] = Counter()
        self.operands: dict[str, Counter[str]] = {}

    def at(self, event: ExitEvent) -> None:
        guest = event.guest
        self.shown[event.reason] += 1
        if lines := list(_wrong(event, guest)):
            raise Violation("\n".join([f"{guest.technique}, {event!r} after {guest.retired}:", *lines]))
        if event.reason in NAMED and (decoded := decode(event.word)):
            row, values = decoded
            number = values[[operand in _NAMING for operand in row.operands].index(True)]
            self.operands.setdefault(event.reason, Counter())[NAMED[event.reason].get(number, "none")] += 1

    @property
    def account(self) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """As a guest has it."""
        return dict(self.shown), {reason: dict(one) for reason, one in self.operands.items()}


def _wrong(event: ExitEvent, guest: Guest) -> Iterator[str]:
    """What the guest itself shows to be otherwise."""
    if (event.pc, event.instructions, event.time) != (guest.pc, guest.retired, guest.time):
        yield f"it is at {guest.pc:#x}, after {guest.retired} instructions, at {guest.time}"
    word = guest.instruction_at(event.pc)
    if event.word not in (0, word):
        yield f"the word there is {word}, not {event.word:#x}"
    decoded = decode(event.word) if event.word else None
    if event.reason in _MNEMONICS and (decoded is None or decoded[0].mnemonic != event.reason):
        yield f"{event.word:#x} is not that instruction"
    if event.cause in _RIGHTS and event.gpa != guest.translate(event.address, _RIGHTS[event.cause]):
        yield f"its tables lead to {guest.translate(event.address, _RIGHTS[event.cause])}, not {event.gpa}"
    if event.reason == "guest_page_fault" and event.gpa is not None:
        yield f"its tables do not lead to {event.gpa:#x}"


def _account(computer: Computer) -> tuple[dict[str, int], dict[str, dict[str, int]], tuple[int, ...]]:
    """Of a whole run: exits, what they name, and how it stopped."""
    while computer.run(until=LIMIT).stop is Stop.IDLE:
        pass
    info = computer.stop_info
    return computer.exits, computer.operands, (info.fault, info.cause, info.pc, info.tval)


def _those(names: set[str], counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(names & counts.keys())}


def _hold(technique: str, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Violation(f"{technique}: {what}: {found}, not {expected}")
