"""Callers: guests that make hypercalls, store, load, wait and take interrupts by a list, and log what each came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.hypercalls import BY_NAME, DISK_SLOT_SIZE, DISK_SLOTS, HYPERCALLS, RING_DATA, RINGS
from toyvm.image import Image
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE, PTE_R, PTE_U, PTE_V, PTE_W
from toyvm.verify.attacks import LISTS, PAGES, Schemer, Value

# The pages up to PAGES are what the calls are about, as an attacker's are; behind them is what makes the calls.
_CODE, _LOG, _RING, _ACTS, _DATA, _END = (PAGE_SIZE * (PAGES + 1 + page) for page in (0, 1, 2, 3, 7, 15))
MEMORY = _END + 8 * PAGE_SIZE  # the monitor's first tables among them
SECTORS = 32
_FIRST_TABLES = range(PAGES - 2, PAGES + 1)  # that is what a schemer takes for them
_ACT_SIZE = 64
_READABLE = PTE_V | PTE_R | PTE_U
_STUB = 8  # bytes of a call, store or load and its return

# A call is `hcall` by number; `mask` lets interrupts in, `alarm` has the timer come so many ticks from now.
_PROGRAM = """
.include "t64.inc"
.ifdef PARAVIRT
.macro log_trap
    ld   t3, SHARED_CAUSE(zero)
    ld   t4, SHARED_TVAL(zero)
    ld   t5, SHARED_EPC(zero)
    ld   t6, SHARED_EVENT_PENDING(zero)
.endm
.macro set_epc reg
    sd   \\reg, SHARED_EPC(zero)
.endm
.macro return_from_trap
    hcall HC_IRET
.endm
.macro mask_pending
    sd   zero, SHARED_EVENT_PENDING(zero)
    ld   t4, SHARED_IPEND(zero)
    xori t4, t4, -1
    ld   t5, SHARED_IMASK(zero)
    and  t5, t5, t4
    sd   t5, SHARED_IMASK(zero)
.endm
.macro let_in
    sd   a1, SHARED_EVENT_MASK(zero)
    sd   a0, SHARED_IMASK(zero)
    sb   a2, SHARED_STATUS(zero)
    li   a0, 0
    hcall HC_VERSION            # the monitor looks at what was stored at its next entry
.endm
.macro set_alarm
    ld   t0, SHARED_TIME(zero)
    add  a0, a0, t0
    hcall HC_SET_TIMER
.endm
.else
.macro log_trap
    crr  t3, CR_CAUSE
    crr  t4, CR_TVAL
    crr  t5, CR_EPC
    crr  t6, CR_IPEND
.endm
.macro set_epc reg
    crw  CR_EPC, \\reg
.endm
.macro return_from_trap
    eret
.endm
.macro mask_pending
    crr  t4, CR_IPEND
    xori t4, t4, -1
    crr  t5, CR_IMASK
    and  t5, t5, t4
    crw  CR_IMASK, t5
.endm
.macro let_in
    crw  CR_IMASK, a0
    crw  CR_STATUS, a2
.endm
.macro set_alarm
    crr  t0, CR_TIME
    add  a0, a0, t0
    crw  CR_TIMECMP, a0
.endm
.endif

.section code, "awx", @progbits
.address CODE
_start:
    li   s0, ACTS
    li   s1, LOG
.ifdef PARAVIRT
    la   a0, traps
    li   a1, 1
    hcall HC_SET_TRAP_TABLE
.else
    la   a0, handler
    crw  CR_TVEC, a0
.endif
next:
    ld   t0, 0(s0)
    ld   a0, 8(s0)
    ld   a1, 16(s0)
    ld   a2, 24(s0)
    ld   a3, 32(s0)
    ld   a4, 40(s0)
    ld   a5, 48(s0)
    beqz t0, end
    addi s0, s0, ACT_SIZE
    jalr ra, t0
    sd   a0, 0(s1)
    addi s1, s1, 8
    call wrap
    j    next
end:
    j    end

wrap:
    li   t5, LOG + 4032
    bltu s1, t5, 1f
    li   s1, LOG
1:  ret

.balign 8
handler:
    log_trap
    sd   t3, 0(s1)
    sd   t4, 8(s1)
    sd   t5, 16(s1)
    sd   t6, 24(s1)
    addi s1, s1, 32
    li   t6, LOG + 4000
    bltu s1, t6, 1f
    li   s1, LOG
1:  bltz t3, 2f
    addi t5, t5, 4
    set_epc t5
    return_from_trap
2:  mask_pending
    return_from_trap

mask:
    let_in
    ret
alarm:
    set_alarm
    ret
copy:
    ld   t0, 0(a1)
    sd   t0, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -1
    bnez a2, copy
    ret
store:
    sd   a1, 0(a0)
    ret
load:
    ld   a0, 0(a0)
    ret
.balign 8
.globl calls
calls:
.set number, 0
.rept CALLS
    hcall number
    ret
    .set number, number + 1
.endr

.balign 8
traps: .quad -1, handler, 0
"""


@cache
def _assembled(paravirtual: bool) -> tuple[Image, Callable[[str], int]]:
    defines = {"CODE": _CODE, "LOG": _LOG, "ACTS": _ACTS, "ACT_SIZE": _ACT_SIZE, "CALLS": len(HYPERCALLS) + 1}
    image = assemble_text(_PROGRAM, "calling.s", defines={**defines, **({"PARAVIRT": 1} if paravirtual else {})}).image
    return image, image.address_of


def draw_acts(random: Random, count: int, left_out: frozenset[str]) -> list[list[Value]]:
    """What a caller does: an attacker's calls but those `left_out`, loads, stores, and what takes more than luck."""
    schemer = Schemer(random, neighbours=1)
    acts: list[list[Value]] = []
    out = {BY_NAME[name].number for name in (*_DERAILING, *left_out)}
    while len(acts) < count:
        kind = random.choice(("attack",) * 12 + ("mask", "alarm", "block", "disk", "disk", "console", "ring", "pin"))
        if kind == "attack":
            act = schemer.act()
            if act[0] in ("store", "load") or (act[0] == "call" and not _numbers(act) & out):
                acts.append(act)
        else:
            acts += _MADE[kind](random)
    return acts


_INNER = 8  # words of a call in a multicall


def _numbers(act: Sequence[Value]) -> set[int]:
    """Of the calls that this one may make."""
    _, number, _, records = act
    return {number, *(records[::_INNER] if number == BY_NAME["multicall"].number else ())}


_UPDATING = frozenset(
    BY_NAME[name].number for name in ("mmu_update", "update_va", "multicall")
)  # and what is remembered is stale
_OWN_SLOTS = 8 * (PAGES + 1)  # bytes of a table with entries for what is not the program's
_DERAILING = ("iret", "block", "shutdown", "set_trap_table")


def _mask(random: Random) -> list[list[Value]]:
    return [
        [
            "mask",
            random.choice((0, 1, 4, 8, 15, 15, ALL_BITS)),
            random.choice((0, 0, ALL_BITS)),
            random.choice((0, 1, 1)),
        ]
    ]


def _alarm(random: Random) -> list[list[Value]]:
    return [["alarm", random.randrange(1, 120)]]


def _block(random: Random) -> list[list[Value]]:
    """A wait that comes to an end."""
    mask = ["mask", random.choice((1, 5, 13)), 0, 0]
    return [mask, ["alarm", random.randrange(40, 200)], ["call", BY_NAME["block"].number, [], []]]


def _disk(random: Random) -> list[list[Value]]:
    """Some more requests of the disk's ring, which is rung for more often than not."""
    requests = [
        [
            random.randrange(1 << 16),
            random.choice((1, 1, 2, 2, 3, 4)),
            random.randrange(SECTORS),
            random.choice((1, 1, 2, 8, 0)),
            ["page", random.choice((5, 6, 7, 8, PAGES + 3)), random.choice((0, 0, 8, 3584, 4))],
        ]
        for _ in range(random.choice((1, 1, 2, 5)))
    ]
    return [["disk", requests, random.randrange(-1, 4), random.random() < 0.8]]


def _console(random: Random) -> list[list[Value]]:
    return [["console", random.choice((1, 7, 300, 2048)), random.choice((0, 0, 1, 40, 1024))]]


def _ring(random: Random) -> list[list[Value]]:
    """The ring's page becomes the console's, the disk's, or neither."""
    return [["ring", random.choice((*RINGS.values(), RINGS["disk"])), random.random() < 0.9]]


def _pin(random: Random) -> list[list[Value]]:
    """A page is made a table, with some entries in it."""
    page, level = random.randrange(5, 20), random.choice((0, 0, 1, 2))
    rights = (0, PTE_V, _READABLE, _READABLE, _READABLE | PTE_W)
    entries = [
        ["entry", ["own", random.randrange(5, PAGES + 1)], random.choice(rights)]
        for _ in range(random.choice((0, 1, 4)))
    ]
    stores: list[list[Value]] = [["store", PAGE_SIZE * page + 8 * random.randrange(511), entry] for entry in entries]
    protect = ["call", BY_NAME["update_va"].number, [PAGE_SIZE * page, ["entry", ["own", page], _READABLE], 1], []]
    return [*stores, protect, ["call", BY_NAME["pin_table"].number, [["own", page], level], []]]


_MADE = {
    "mask": _mask,
    "alarm": _alarm,
    "block": _block,
    "disk": _disk,
    "console": _console,
    "ring": _ring,
    "pin": _pin,
}


class Caller:
    """A guest that is about to do so: its program is in its memory."""

    def __init__(self, guest: Guest, acts: Sequence[Sequence[Value]], neighbour: Guest) -> None:
        self.guest, self._neighbour = guest, neighbour
        self._is_domain = guest.technique == "para"
        image, self._address_of = _assembled(self._is_domain)
        self._data = bytearray()
        self._disk_requests = self._out = self._in = 0
        rows = [row for act in (["ring", RINGS["disk"], True], *acts) for row in self._rows(act)]
        self._put(_ACTS, [word for stub, *words in rows for word in (stub, *(words + [0] * 7)[:7])])
        guest.write(_DATA, bytes(self._data))
        guest.write(_RING + RING_DATA, bytes(range(32, 127)) * 40)
        guest.load(image)

    def _put(self, at: int, words: Sequence[int]) -> None:
        data = b"".join((word & ALL_BITS).to_bytes(8, "little") for word in words)
        self.guest.write(at, data[: _DATA - _ACTS])

    def _copied(self, to: int, words: Sequence[int]) -> list[int]:
        """A row that puts words at an address of the guest's."""
        at = _DATA + len(self._data)
        self._data += b"".join((word & ALL_BITS).to_bytes(8, "little") for word in words)
        return [self._address_of("copy"), to, at, len(words)]

    def _call(self, number: int, *arguments: int) -> list[int]:
        return [self._address_of("calls") + _STUB * number, *arguments]

    def _rows(self, act: Sequence[Value]) -> Iterator[list[int]]:
        """Each a place in the program that is called with these in a0 and on."""
        kind, *rest = act
        if kind == "call":
            number, arguments, records = rest
            if records:
                yield self._copied(LISTS, [self._number(record) for record in records])
            yield self._call(number, *map(self._number, arguments))
            if number in _UPDATING:
                yield self._call(BY_NAME["flush"].number, ALL_BITS)
        elif kind == "disk":
            requests, event, rings = rest
            for request in requests:
                place = _RING + RING_DATA + DISK_SLOT_SIZE * (self._disk_requests % DISK_SLOTS)
                yield self._copied(place, [self._number(value) for value in request])
                self._disk_requests += 1
            yield self._copied(_RING, [self._disk_requests])
            yield self._copied(_RING + 24, [self._disk_requests + event])
            if rings:
                yield self._call(BY_NAME["doorbell"].number, RINGS["disk"])
        elif kind == "console":
            self._out += rest[0]
            self._in += rest[1]
            yield self._copied(_RING + 16, [self._in])
            yield self._copied(_RING + 40, [self._out])
            yield self._call(BY_NAME["doorbell"].number, RINGS["console"])
        elif kind == "ring":
            self._disk_requests = self._out = self._in = 0
            for ring in RINGS.values():
                yield self._call(BY_NAME["ring_setup"].number, ring, ALL_BITS)
            if rest[1]:
                yield self._call(BY_NAME["ring_setup"].number, rest[0], _RING)
        else:
            yield [self._address_of(kind), *(self._number(value) for value in rest)]

    def _number(self, value: Value) -> int:
        """What a value comes to."""
        if isinstance(value, int):
            return value if self._is_domain else value & ALL_BITS >> 1  # what touches the window is left open
        kind, *rest = value
        if kind == "entry":
            return self._number(rest[0]) * PAGE_SIZE | int(rest[1])
        if kind == "at":
            return self._place(*rest)
        if kind == "page":
            return int(rest[0]) * PAGE_SIZE + int(rest[1])
        if kind == "host":
            return int(rest[0])
        return self._frame(rest[0], rest[-1])

    def _place(self, table: Value, offset: int) -> int:
        """In the first tables only that of an entry which the program does without."""
        if table[0] == "own" and table[1] in _FIRST_TABLES:
            return self._frame("own", PAGES) * PAGE_SIZE + offset % _OWN_SLOTS
        return self._number(table) * PAGE_SIZE + offset

    def _frame(self, whose: str, page: int) -> int:
        guest = self.guest if whose == "own" else self._neighbour
        pages = guest.memory_size // PAGE_SIZE
        if whose == "own" and page in _FIRST_TABLES:
            return guest.host_frame(pages - 1 - PAGES + page)
        return guest.host_frame(page % pages)
