"""Escapes: whatever a hostile guest attempts, it gets at nothing that is not its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import lib
from toyvm.techniques import OFFERING
from toyvm.testing.programs import Program, RandomSource, Segment, random_program
from toyvm.testing.programs.specified import left_open
from toyvm.testing.programs.values import word_of
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.verify.attacks import Attacker, Schemer, handler_table
from toyvm.verify.claim import LeftOpen, Property, Record, Violation, shorter
from toyvm.verify.programs import by_pages, program_of, program_record

_HOST_BYTES = 12 << 20
_DOMAIN_BYTES = 16 * PAGE_SIZE
_FREE = 8  # page of a domain's that nothing is at
_SECRET_AT = 0x30000  # in the memory of a random program, which goes that far by chance alone


class Escapes(Property):
    name = "escapes"
    claim = "A hostile kernel neither reads nor changes what others have, and the monitor's books stay right."
    at_once = 800

    def make(self, random: Random) -> Record:
        source = RandomSource(random)
        schemer = Schemer(random, neighbours=2)
        acts = [schemer.act() for _ in range(random.choice((5, 20, 60, 150)))]
        return {
            "technique": random.choice(("para", "para", "para", *OFFERING)),
            "neighbour": random.choice(("trap", "rewrite", "assist")),
            "program": program_record(random_program(random)),
            "secret": random.getrandbits(63) | 1 << 63,
            "words": [word_of(source, random.choice(INSTRUCTIONS)) for _ in range(PAGE_SIZE // 4)],
            "acts": acts,
        }

    def check(self, case: Record) -> None:
        secret = int(case["secret"]).to_bytes(8, "little") * (PAGE_SIZE // 8)
        program = _with_secret(by_pages(program_of(case["program"])), secret)
        with Host(_HOST_BYTES, level=Level.ASSIST) as host:
            town = _Town.of(host, case, program, secret)
            before = town.domain_state()
            runs: list[int] = []
            for number, act in enumerate(case["acts"]):
                runs += act[2:] if act[0] == "neighbour" else []
                goes_on = town.attacker.act(act, town.neighbours)
                town.check_books(f"after act {number}, {act}")
                if not goes_on:
                    break
            if town.domain_state() != before:
                raise Violation("the other domain, which did nothing, has changed")
            town.check_secret(secret[:8])
            town.check_neighbour(program, runs)

    def smaller(self, case: Record) -> Iterable[Record]:
        return ({**case, "acts": acts} for acts in shorter(case["acts"]))


class _Town(NamedTuple):
    """The attacker, a domain that does nothing, and a guest that runs a program now and then."""

    attacker: Attacker
    neighbours: tuple[Guest, Guest]

    @classmethod
    def of(cls, host: Host, case: Record, program: Program, secret: bytes) -> _Town:
        domain = host.guest("para", _DOMAIN_BYTES)
        domain.write(_FREE * PAGE_SIZE, secret)
        domain.load(by_pages(Program((Segment(PAGE_SIZE, bytes(4)),))))  # type: ignore[arg-type]
        guest = host.guest(case["neighbour"], program.memory, **program.devices())
        guest.load(program)  # type: ignore[arg-type]
        guest.image = domain.image = None
        attacker = Attacker(host, case["technique"], case["words"])
        if case["technique"] == "para":
            attacker.act(handler_table(), ())
        return cls(attacker, (domain, guest))

    def check_books(self, when: str) -> None:
        """The monitor's books of both domains equal a recount, or a call that changes them is under way."""
        for guest in (self.attacker.guest, self.neighbours[0]):
            if guest.technique == "para" and lib.t64_guest_audit(guest.vm) == lib.T64_ERROR_VALUE:
                raise Violation(f"{when}: the monitor's books of {guest.name} are wrong")

    def domain_state(self) -> tuple[tuple[int, ...], dict[int, bytes]]:
        return self.neighbours[0].state_words(), dict(self.neighbours[0].pages())

    def check_secret(self, secret: bytes) -> None:
        """Nothing of the attacker's holds what the others have."""
        held = {**dict(self._pages()), "output": self.attacker.guest.output}
        registers = b"".join(word.to_bytes(8, "little") for word in self.attacker.guest.state_words())
        for place, data in {**held, "registers": registers}.items():
            if secret in data:
                raise Violation(f"the attacker has the secret, in {place}")

    def _pages(self) -> Iterator[tuple[str, bytes]]:
        for number, data in self.attacker.guest.pages():
            yield f"page {number}", data

    def check_neighbour(self, program: Program, runs: Sequence[int]) -> None:
        """It is what it would be alone, run for these counts one after another."""
        guest = self.neighbours[1]
        with SUBJECTS["interpreter"](program) as machine:
            for count in runs:
                machine.run(count)
            expected = observe(machine, machine.retired)
        if lines := differences(expected, observe(guest, guest.retired)):
            if (reason := left_open(program, sum(runs))) is not None:
                raise LeftOpen(reason)
            raise Violation("\n".join([f"the neighbour, under {guest.technique}, run for {sum(runs)}:", *lines]))


def _with_secret(program: Program, secret: bytes) -> Program:
    return replace(program, segments=(*program.segments, Segment(_SECRET_AT, secret)))
