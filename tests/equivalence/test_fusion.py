"""Every fused group against the reference: entered, trapping, stopped and stored into at each member."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "native" / "builder"))
from fusion import CARRIED, GROUP_MAX, NOWHERE, SAME, Group, groups

from toyvm import Machine
from toyvm.isa import BY_MNEMONIC
from toyvm.isa.registers import REGISTERS
from toyvm.testing import assert_equal
from toyvm.testing.programs import Program, Segment
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.programs.layout import DATA, HANDLER, SMALL_MEMORY

pytestmark = pytest.mark.slow

CODE = 0x14000
LONG = 100_000  # instructions: more than a program has
PROGRAMS = 6
FREE = [register for register in range(5, 20) if register not in (8, 9)]  # stand for any register
# What no group names: where to go on after a trap, what the traps were, what is stored into code, where to enter.
THERE, VALUES = 20, 21
PLACE, WORD, ROUNDS, NEXT, CAUSE, EPC, TVAL, TRAPS = range(23, 31)
A_WORD = op("addi", 31, 31, 1)


def handler() -> list[int]:
    """Mixes what the trap was into TRAPS, and goes on at NEXT."""
    words = [op("crr", CAUSE, 3), op("crr", EPC, 2), op("crr", TVAL, 4)]
    for register in (CAUSE, EPC, TVAL):
        words += [op("mul", TRAPS, TRAPS, WORD), op("add", TRAPS, TRAPS, register)]
    return [*words, op("crw", 2, NEXT), op("eret")]


class Instance:
    """A group with registers and immediates: its words, with one before them that computes what it carries on, and the
    registers that it reads first."""

    def __init__(self, group: Group, chance: random.Random) -> None:
        self.chance = chance
        self.results: list[int] = []
        self.bases: list[int] = []  # of accesses, by member
        self.reads: set[int] = set()
        self.words = [self._word(group, n) for n in range(len(group))]
        carried = [word >> 12 & 31 for word in self.words[:1] if CARRIED in group[0].sources]
        self.words_before = [self._computing(register) for register in carried]

    def _word(self, group: Group, n: int) -> int:
        member, body = group[n], group[n].body
        places: dict[str, int] = {}
        for name, source in zip(body.operands, member.sources, strict=True):
            if source.startswith("#"):
                places[name] = self.results[int(source[1:])]
            elif source.startswith("^"):
                places[name] = self.bases[int(source[1:])]
            else:
                places[name] = REGISTERS[source] if source in REGISTERS else self.chance.choice(FREE)
                self.reads.add(places[name])
        result = self._result(group, n, places)
        self.results.append(result)
        self.bases.append(places.get("A", 0))
        row = BY_MNEMONIC[member.mnemonic]
        fields = {"rd": result, "rv": places.get("V", 0), "rs1": places.get("A", 0), "rs2": places.get("B", 0)}
        return op(member.mnemonic, *(fields.get(o.label, self._immediate(body.form, o)) for o in row.operands))

    def _computing(self, register: int) -> int:
        other = self.chance.choice(FREE)
        ways = (
            op("addi", register, register, 8),
            op("addi", register, other, 0),
            op("add", register, other, register),
            op("ld", register, 0, VALUES),
        )
        return self.chance.choice(ways)

    def _result(self, group: Group, n: int, places: dict[str, int]) -> int:
        result = group[n].result
        if result == NOWHERE:  # the register of the member that overwrites it, chosen ahead
            later = next(m for m in range(n + 1, len(group)) if group[m].result not in ("", NOWHERE))
            return REGISTERS.get(group[later].result, FREE[n])
        if result == SAME:
            return places["A"]
        if n and group[n - 1].result == NOWHERE:
            return self.results[n - 1]
        return REGISTERS.get(result) or self.chance.choice([0, *FREE, *3 * [*places.values()]])

    def _immediate(self, form: str, operand: object) -> int:
        if form in ("BRANCH", "JAL"):
            return 2
        if form == "JALR":
            return self.chance.choice([0, 0, 1, 2])
        if form in ("LOAD", "STORE"):
            return self.chance.choice([0, 8, 16, 64, -8, 4, 1])
        return self.chance.randint(1, 31)


class Block:
    """Code that runs a group from each of its members on, stores into one, and runs it once more."""

    def __init__(self, group: Group, at: int, chance: random.Random) -> None:
        self.at, self.chance, self.words = at, chance, list[int]()
        self.group, self.instance = group, Instance(group, chance)
        for first in range(len(self.instance.words_before) + len(group)):
            self._run(first)

    def _value(self) -> int:
        data = DATA + 8 * self.chance.choice([self.chance.randrange(64, 256), 511, 512])  # at a page's end, too
        return self.chance.choice([data, data, data, data + 4, self.chance.getrandbits(64), self.chance.randrange(64)])

    def _run(self, first: int) -> None:
        words = self.instance.words_before + self.instance.words
        setting: list[int] = li(ROUNDS, 2) + li(WORD, A_WORD) + li(VALUES, DATA + 8 * self.chance.randrange(1024))
        for register in sorted(self.instance.reads):
            setting += li(register, self._value())
        start = self.at + 4 * (len(self.words) + len(setting) + 18)  # room for what follows
        after = start + 4 * (len(words) + 2)
        if self.group[-1].mnemonic == "jalr":
            setting += li(words[-1] >> 12 & 31 or PLACE, after)
        setting += li(PLACE, start + 4 * self.chance.randrange(len(words))) + li(NEXT, after)
        setting += li(THERE, start + 4 * first)
        self._store_ahead(setting, start + 4 * len(self.instance.words_before))
        entering = self.chance.choice([op("jal", 0, 1 + first), op("jalr", 0, 0, THERE)])
        pad = (start - self.at) // 4 - len(self.words) - len(setting) - 1
        self.words += [*setting, *[op("fence")] * pad, entering, *words, op("fence"), op("fence")]
        self.words += [op("addi", ROUNDS, ROUNDS, -1), op("bge", 0, ROUNDS, 3), op("sw", WORD, 0, PLACE)]
        self.words += [op("jal", 0, -(len(words) + 5))]

    def _store_ahead(self, setting: list[int], start: int) -> None:
        """Sometimes a store of the group goes to the member behind it, if nothing else of the group does so too."""
        n = next((n for n, member in enumerate(self.group) if member.mnemonic in ("sw", "sd")), None)
        if n is None or self.chance.random() < 0.5:
            return
        word = self.instance.words[n]
        immediate = (word >> 17) - (word >> 31 << 15)
        value, base = word >> 7 & 31, word >> 12 & 31
        is_free = {value, base} <= self.instance.reads - set(self.instance.results) - {0}
        if value != base and is_free and self.instance.bases.count(base) == 1:
            setting += li(base, start + 4 * (n + 1) - immediate)[:2] + li(value, A_WORD)[:2]


def blocks(seed: int) -> Iterator[int]:
    """The words of all groups, one after another; jalr comes back over NEXT by a trap."""
    chance = random.Random(seed)
    at = CODE
    yield from (program := [op("fence")] * seed)
    at += 4 * len(program)
    order = list(groups())
    chance.shuffle(order)
    for group in order:
        block = Block(group, at, chance)
        at += 4 * len(block.words)
        yield from block.words


def program(seed: int) -> Program:
    boot = [
        *li(1, HANDLER),
        op("crw", 1, 1),
        *li(WORD, A_WORD),
        *li(NEXT, CODE),
        *li(TRAPS, 1),
        *li(1, CODE),
        op("jalr", 0, 0, 1),
    ]
    body = [*blocks(seed), *li(1, 0), op("out", 8, 1)]
    image = {0x1000: boot, HANDLER: handler(), CODE: body}
    data = random.Random(seed).randbytes(CODE - DATA)  # so that each address has a value of its own
    segments = (Segment(DATA, data), *(Segment(at, to_bytes(words)) for at, words in image.items()))
    return Program(segments, memory=max(SMALL_MEMORY, (CODE + 4 * len(body) + 8191) & ~4095))


def comes_to_its_end(candidate: Program) -> bool:
    """Does it run all of its blocks? A store or a jump that leads astray may keep it from that."""
    with Machine(memory=candidate.memory, output=None) as machine:
        for segment in candidate.segments:
            machine.write(segment.address, segment.data)
        machine.pc = 0x1000
        return machine.run(until=LONG).stop == "exit"


@cache
def whole_programs() -> list[Program]:
    return list(islice(filter(comes_to_its_end, map(program, range(60))), PROGRAMS))


def test_groups_are_what_is_tested() -> None:
    assert len(groups()) > 50
    assert max(map(len, groups())) <= GROUP_MAX
    assert len(whole_programs()) == PROGRAMS


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_fused_groups_leave_what_their_members_leave(number: int) -> None:
    assert_equal(whole_programs()[number], "reference", "interpreter", checkpoints=[LONG])


def test_limits_stop_in_the_middle_of_groups() -> None:
    chance = random.Random(5)
    checkpoints, at = [], 0
    for _ in range(40):
        at += 1024 + chance.randrange(200)  # far enough ahead for the build that fuses
        checkpoints.append(at)
    assert_equal(whole_programs()[0], "reference", "interpreter", checkpoints=checkpoints)
