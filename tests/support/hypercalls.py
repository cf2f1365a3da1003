"""Asking the paravirtual monitor: hypercalls made one by one on a guest whose memory the test arranges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import (
    BY_NAME,
    ERRORS,
    RECORDS,
    SHARED_CONTROL,
    SHARED_MORE,
    SHARED_PAGE_ADDRESS,
    TRAP_ANY,
)
from toyvm.image import Image
from toyvm.isa.control import ALL_BITS as ALL_ONES
from toyvm.isa.paging import PAGE_SIZE, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.isa.registers import REGISTERS
from toyvm.machine.outcome import Outcome
from toyvm.native import lib
from toyvm.techniques import parse_variant
from toyvm.testing.programs.assembly import op, to_bytes

MEMORY = 0x40000
CODE, HANDLER, LIST, DATA = 0x1000, 0x2000, 0x3000, 0x4000
A0 = REGISTERS["a0"]
READ_ONLY = PTE_V | PTE_R | PTE_U
WRITABLE = READ_ONLY | PTE_W | PTE_X
NUMBERS = len(BY_NAME) + 1  # one more than there are calls
TRAP_RECORD = next(record for record in RECORDS if record.name == "trap")
SHARED_AT = {**SHARED_CONTROL, **{name: at for name, (at, _) in SHARED_MORE.items()}}
START = next(record for record in RECORDS if record.name == "start")


def error(name: str) -> int:
    """The result that means this error."""
    return -next(row.code for row in ERRORS if row.name == name)


def offset(record: str, member: str) -> int:
    """Where a member of a record of the interface stands."""
    return next(row for row in RECORDS if row.name == record).offset(member)


def words(*values: int) -> bytes:
    return b"".join((value & ALL_ONES).to_bytes(8, "little") for value in values)


@dataclass
class Asker:
    """A guest with an `hcall` of each number at CODE, and nothing but idle instructions at HANDLER.

    `start` is what a paravirtual guest finds in its start information; an unmodified one has none.
    """

    host: Host
    guest: Guest
    start: dict[str, int]

    def run(self, pc: int, *arguments: int, count: int = 1) -> Outcome:
        """Run `count` instructions from pc with these in a0 and on."""
        self.guest.pc = pc
        for number, value in enumerate(arguments):
            self.guest.x[A0 + number] = value & ALL_ONES
        return self.guest.run(count)

    def __call__(self, name: str | int, *arguments: int) -> int:
        """Make a hypercall; its result, signed."""
        number = BY_NAME[name].number if isinstance(name, str) else name
        self.run(CODE + 4 * number, *arguments)
        assert lib.t64_guest_audit(self.guest.vm) == lib.T64_OK, f"the books after {name}{arguments}"
        result = self.guest.x[A0]
        return result - (1 << 64) if result >> 63 else result

    def frame(self, page: int) -> int:
        return self.guest.host_frame(page)

    def entry(self, page: int, rights: int = WRITABLE) -> int:
        return self.frame(page) * PAGE_SIZE | rights

    def protect(self, page: int) -> None:
        """Have the identity map show a page read-only, as a table must be."""
        assert self("update_va", page * PAGE_SIZE, self.entry(page, READ_ONLY), 1) == 0

    def store(self, address: int, value: int) -> bool:
        """As the guest itself would, at a virtual address. False if that trapped; there must be a handler."""
        self.run(DATA, address, value)
        return self.guest.pc == DATA + 4

    def load(self, address: int) -> int | None:
        """As the guest itself would; None if that trapped."""
        self.run(DATA + 4, address)
        return self.guest.x[A0] if self.guest.pc == DATA + 8 else None

    def record(self, name: str, address: int) -> dict[str, int]:
        members = next(record for record in RECORDS if record.name == name).members
        return {member: self.read(address + 8 * n) for n, (member, _) in enumerate(members)}

    def write(self, address: int, *values: int) -> None:
        self.guest.write(address, words(*values))

    def read(self, address: int) -> int:
        return int.from_bytes(self.guest.read(address, 8), "little")

    def set_handler(self, address: int = HANDLER, cause: int = TRAP_ANY, flags: int = 0) -> None:
        self.write(LIST, cause, address, flags)
        assert self("set_trap_table", LIST, 1) == 0

    def shared(self, name: str) -> int:
        """A member of the shared page."""
        page = self.host.read(self.start["shared_frame"] * PAGE_SIZE, PAGE_SIZE)
        at = SHARED_AT[name]
        return int.from_bytes(page[at : at + 8], "little")

    def set_shared(self, name: str, value: int) -> None:
        """As the guest itself would, by a store."""
        self.run(DATA, SHARED_PAGE_ADDRESS + SHARED_AT[name], value)

    @property
    def domain(self) -> int:
        return self.start["domain"]

    @property
    def root_page(self) -> int:
        frames = [self.frame(page) for page in range(MEMORY // PAGE_SIZE)]
        return frames.index(self.start["root_frame"])


def asker_on(host: Host, technique: str = "para", **devices: object) -> Asker:
    """A new asker on the host; its guest lives as long as that does, or until it is closed."""
    guest = host.guest(technique, MEMORY, **devices)  # type: ignore[arg-type]
    guest.write(CODE, to_bytes([op("hcall", number) for number in range(NUMBERS)]))
    guest.write(HANDLER, to_bytes([op("addi", 0, 0, 0)] * 8))
    guest.write(DATA, to_bytes([op("sd", A0 + 1, 0, A0), op("ld", A0, 0, A0)]))
    guest.load(Image(CODE, ()))
    if technique != "para":
        return Asker(host, guest, {})
    at = guest.x[A0]
    members = [int.from_bytes(guest.read(at + 8 * n, 8), "little") for n in range(len(START.members))]
    return Asker(host, guest, dict(zip((name for name, _ in START.members), members, strict=True)))


@contextmanager
def asker(host_memory: int = 1 << 20, technique: str = "para", **devices: object) -> Iterator[Asker]:
    with Host(host_memory, level=parse_variant(technique).level) as host:
        yield asker_on(host, technique, **devices)


@contextmanager
def askers(count: int = 2, host_memory: int = 1 << 20) -> Iterator[list[Asker]]:
    """Several domains of one host."""
    with Host(host_memory) as host:
        yield [asker_on(host) for _ in range(count)]


def allow(host: Host, units: int) -> None:
    """How much work, in units, one exit of the host's guests may come to."""
    assert lib.t64_host_allow(host.native, units) == lib.T64_OK


def end_of(guest: Guest) -> tuple[object, ...]:
    """All that its kernel, or who counts its exits, could tell."""
    return guest.retired, guest.time, guest.output, guest.state_hash(), guest.exits, guest.hypercalls, guest.disk
