"""Attacks: a hostile guest that makes hypercalls, accesses and jumps with arguments made to hurt, one by one.

Its arguments name what it attacks: the frames of its own pages, of its neighbours', and any frame of the host, which it
may guess. What they come to is known once the guests are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import BY_NAME, HYPERCALLS, MAXIMUM_RECORDS, SHARED_CONTROL, SHARED_PAGE_ADDRESS, Hypercall
from toyvm.image import Image
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import DEFAULT_LOAD_ADDRESS
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.isa.registers import REGISTERS
from toyvm.machine.outcome import Outcome, Stop
from toyvm.testing.programs.assembly import op, to_bytes

PAGES = 32  # of the attacker
CODE, WORDS, HANDLER, LISTS = (DEFAULT_LOAD_ADDRESS + PAGE_SIZE * page for page in range(4))
_STORE, _LOAD = HANDLER + 256, HANDLER + 264
_A0 = REGISTERS["a0"]
_ARGUMENTS = 6
_UNKNOWN = len(HYPERCALLS)  # a number that no hypercall has

# A value is a number, or what one is found out from, as JSON has it: ["own", page], ["neighbour", which, page] and
# ["host", frame] are frames, ["entry", value, rights] one with rights, ["at", value, offset] an address in one.
Value = Any
_LEAF = PTE_V | PTE_R | PTE_U
_RIGHTS = (_LEAF, _LEAF, _LEAF | PTE_W, _LEAF | PTE_W | PTE_X, PTE_V, PTE_V, _LEAF | PTE_A | PTE_D, 0)
_EDGES = (0, 1, 2, 3, 7, 8, 63, 64, MAXIMUM_RECORDS, MAXIMUM_RECORDS + 1, 1 << 31, 1 << 63, ALL_BITS, ALL_BITS - 7)
_WILD = 0.1  # of the arguments are anything at all
_TABLES = range(PAGES - 2, PAGES + 1)  # pages that the first tables are in
_MANY = 12  # records
_GUESSED = 400  # frames of the host's, all of which somebody has


class Schemer:
    """Draws what a hostile guest does to so many neighbours: mostly what makes some sense, as that gets further."""

    def __init__(self, random: Random, neighbours: int) -> None:
        self._random = random
        self._neighbours = neighbours

    def act(self) -> list[Value]:
        """One thing that it does."""
        random = self._random
        kind = random.choice(("call",) * 14 + ("store", "load", "store", "load", "run", "neighbour"))
        if kind == "call":
            return self._call()
        if kind == "run":
            return ["run", random.randrange(PAGE_SIZE // 4), random.randrange(1, 60), [self._any() for _ in range(4)]]
        if kind == "neighbour":
            return ["neighbour", self._neighbours - 1, random.randrange(1, 200)]  # the last one; the others do nothing
        return [kind, random.choice((self._address(), self._any())), self._any()]

    def _call(self) -> list[Value]:
        call = self._random.choice((*HYPERCALLS, *map(BY_NAME.__getitem__, _OFTEN)))
        if call.name in _ENDING and self._random.random() < 0.9:
            call = BY_NAME["mmu_update"]
        number = call.number if self._random.random() > 0.02 else _UNKNOWN
        records: list[Value] = []
        count = self._random.choice((1, 1, 2, self._random.randrange(_MANY)))
        if call.name in _RECORDS:
            records = [value for _ in range(count) for value in _RECORDS[call.name](self)]
        arguments = self.arguments(call)
        if "count" in call.arguments and self._random.random() > _WILD:
            arguments[call.arguments.index("count")] = count
        return ["call", number, arguments, records]

    def arguments(self, call: Hypercall) -> list[Value]:
        """Each as its name has it; an entry mostly maps the page that it is for."""
        page = self._random.randrange(PAGES + 1)
        values = [self._argument(name) for name in call.arguments]
        if call.name == "update_va" and self._random.random() > 2 * _WILD:
            values[:2] = [page * PAGE_SIZE, ["entry", ["own", page], self._random.choice(_RIGHTS)]]
        return values

    def _argument(self, name: str) -> Value:
        random = self._random
        if random.random() < _WILD:
            return self._any()
        if name in ("list", "table"):
            return LISTS
        if name in ("frame", "kernel", "user"):
            return random.choice((self._frame(), ["own", random.choice(_TABLES)], ["own", random.choice(_TABLES)]))
        if name == "entry":
            return ["entry", self._frame(), random.choice(_RIGHTS)]
        return self._address() if name in ("address", "done") else random.randrange(_SMALL.get(name, 4))

    def update(self) -> list[Value]:
        """A record of mmu_update."""
        slot = self._random.choice((0, 1, self._random.randrange(PAGES + 1), self._random.randrange(512)))
        table = self._random.choice(
            (["own", self._random.choice(_TABLES)], ["own", self._random.choice(_TABLES)], self._frame())
        )
        return [["at", table, 8 * slot], ["entry", self._frame(), self._random.choice(_RIGHTS)]]

    def inner_call(self) -> list[Value]:
        """A record of multicall."""
        call = self._random.choice(HYPERCALLS)
        return [call.number, 0, *(self.arguments(call) + [0] * _ARGUMENTS)[:_ARGUMENTS]]

    def page(self) -> list[Value]:
        """A record of a reservation."""
        return [self._random.randrange(PAGES + 2), self._any()]

    def trap(self) -> list[Value]:
        """A record of a trap table, so that the attack goes on."""
        return [self._random.choice((ALL_BITS, self._random.randrange(14))), HANDLER, self._random.randrange(3)]

    def _frame(self) -> Value:
        random = self._random
        return random.choice(
            (
                ["own", random.randrange(PAGES + 1)],
                ["own", random.randrange(PAGES + 1)],
                ["neighbour", random.randrange(self._neighbours), random.randrange(PAGES)],
                ["host", random.randrange(_GUESSED)],
            )
        )

    def _address(self) -> Value:
        """In its own address space, mostly."""
        random = self._random
        offset = random.choice((0, 0, 8, 4088, 1))
        return random.choice(
            (
                PAGE_SIZE * random.randrange(PAGES + 2) + offset,
                PAGE_SIZE * random.randrange(PAGES + 2) + offset,
                SHARED_PAGE_ADDRESS + random.choice((*SHARED_CONTROL.values(), 0x100, 0x108)),
            )
        )

    def _any(self) -> Value:
        """Anything that a hostile kernel could think of."""
        random = self._random
        return random.choice(
            (
                self._frame(),
                ["entry", self._frame(), random.getrandbits(12)],
                ["at", self._frame(), 8 * random.randrange(512)],
                self._address(),
                random.choice(_EDGES),
                random.getrandbits(64),
            )
        )


_SMALL = {"level": 4, "domain": 5, "port": 6, "reference": 6, "virq": 6, "flags": 3, "length": 40, "deadline": 9000}
_OFTEN = (*("mmu_update",) * 4, *("update_va",) * 6, "pin_table", "pin_table", "set_roots", "multicall", "grant_access")
_ENDING = ("shutdown", "iret", "block", "set_trap_table")  # or a way to it
_RECORDS = {
    "mmu_update": Schemer.update,
    "multicall": Schemer.inner_call,
    "decrease_reservation": Schemer.page,
    "increase_reservation": Schemer.page,
    "set_trap_table": Schemer.trap,
}


class Attacker:
    """The guest that does it, beside its neighbours."""

    def __init__(self, host: Host, technique: str, words: Sequence[int]) -> None:
        self._host = host
        self.guest = host.guest(technique, DEFAULT_LOAD_ADDRESS + PAGES * PAGE_SIZE, name="attacker")
        calls = [op("hcall", number) for number in range(_UNKNOWN + 1)]
        for address, code in {
            CODE: calls,
            WORDS: words,
            HANDLER: [op("addi", 0, 0, 0)] * 64,
            _STORE: [op("sd", _A0 + 1, 0, _A0)],
            _LOAD: [op("ld", _A0, 0, _A0)],
        }.items():
            self.guest.write(address, to_bytes(list(code)))
        self.guest.load(Image(CODE, ()))

    def act(self, act: Sequence[Value], neighbours: Sequence[Guest]) -> bool:
        """Do it. False: the guest has come to its end with that."""
        kind, *rest = act
        if kind == "neighbour":
            neighbours[rest[0]].run(rest[1])
            return True
        if kind == "call":
            number, arguments, records = rest
            for place, record in enumerate(records):
                self._run(_STORE, [LISTS + 8 * place, record], neighbours)
            outcome = self._run(CODE + 4 * number, arguments, neighbours)
        elif kind == "run":
            outcome = self._run(WORDS + 4 * rest[0], rest[2], neighbours, rest[1])
        else:
            outcome = self._run(_STORE if kind == "store" else _LOAD, rest, neighbours)
        return outcome.stop not in (Stop.EXIT, Stop.FAULT)

    def _run(self, pc: int, values: Sequence[Value], neighbours: Sequence[Guest], count: int = 1) -> Outcome:
        self.guest.pc = pc
        for number, value in enumerate(values):
            self.guest.x[_A0 + number] = self._number(value, neighbours) & ALL_BITS
        return self.guest.run(count)

    def _number(self, value: Value, neighbours: Sequence[Guest]) -> int:
        """What a value comes to, now."""
        if isinstance(value, int):
            return value
        kind, *rest = value
        if kind == "entry":
            return self._number(rest[0], neighbours) * PAGE_SIZE | int(rest[1])
        if kind == "at":
            return self._number(rest[0], neighbours) * PAGE_SIZE + int(rest[1])
        if kind == "host":
            return int(rest[0])
        guest = self.guest if kind == "own" else neighbours[rest[0]]
        return guest.host_frame(rest[-1] % (guest.memory_size // PAGE_SIZE))


def handler_table() -> list[Value]:
    """The act that gives a paravirtual kernel a handler for every trap."""
    return ["call", BY_NAME["set_trap_table"].number, [LISTS, 1], [ALL_BITS, HANDLER, 0]]
