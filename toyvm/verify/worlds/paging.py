"""The paging world: two roots over the same tables, two pages of data and code, two addresses that may lead to them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from toyvm.asm import assemble_text
from toyvm.image import Image
from toyvm.isa.control import PMODE
from toyvm.isa.paging import PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.verify.worlds.unmodified import UnmodifiedWorld
from toyvm.verify.worlds.world import Action, What

CODE, ROOT_A, ROOT_B, MIDDLE_A, MIDDLE_B, IDENTITY, LEAVES_A, P, Q, LEAVES_B = (4096 * page for page in range(1, 11))
V0, V1 = 0x200000 + P, 0x200000 + Q  # a large leaf of frame 0 leads them to P and Q
SLOT0, SLOT1 = 8 * (P >> 12), 8 * (Q >> 12)  # of their entries in a level-0 table

R, RW, RX, RWX = PTE_R, PTE_R | PTE_W, PTE_R | PTE_X, PTE_R | PTE_W | PTE_X
U, AD = PTE_U, PTE_A | PTE_D

_PREAMBLE = f"""
.include "t64.inc"
.globl _start
_start:
    la   t0, handler
    crw  tvec, t0
    li   t0, 5
    crw  scratch, t0
    li   t0, {ROOT_A | 1}
    crw  ptbr, t0
    wfi
handler:                        # what a trap was about, in registers; nothing of it stays behind
    crr  a5, cause
    crr  a6, tval
    crr  a7, epc
    crw  epc, zero
    crw  cause, zero
    crw  tval, zero
    crw  status, zero
    wfi
# What a guest does, with its arguments in registers; each ends with a wait that nothing ends.
write:
    sd   a1, 0(a0)
    wfi
use_root:
    crw  ptbr, a0
    wfi
flush:
    tlbi a0
    wfi
flush_all:
    tlbi zero
    wfi
load:
    lw   a0, 0(a1)
    wfi
store:
    sw   a2, 0(a1)
    wfi
fetch:
    jalr ra, 0(a1)
    wfi
load_slot:
    ld   a0, {SLOT0}(a1)
    wfi
store_slot:
    sd   a2, {SLOT0}(a1)
    wfi
may:
    probe a0, a1, a2
    wfi
as_user:                        # at a0
    la   ra, user_back
    crw  epc, a0
    crw  status, a3
    eret
user_load:
    lw   a0, 0(a1)
    syscall
user_store:
    sw   a2, 0(a1)
    syscall
user_back:
    syscall
reset:                          # all as at the beginning, but for what monitor and hardware remember
    li   t0, {ROOT_A | 1}
    crw  ptbr, t0
    li   t0, {LEAVES_A}
    li   t1, THREE
    sd   t1, 0(t0)
    sd   zero, {SLOT0}(t0)
    sd   zero, {SLOT1}(t0)
    li   t0, {LEAVES_B}
    sd   zero, {SLOT0}(t0)
    li   t0, {MIDDLE_A}
    li   t1, {LEAVES_A | PTE_V}
    sd   t1, 8(t0)
    crw  ptbr, zero
    li   t0, {P}
    li   t1, ONE
    sd   t1, 0(t0)
    sd   zero, {SLOT0}(t0)
    li   t0, {Q}
    li   t1, TWO
    sd   t1, 0(t0)
    sd   zero, {SLOT0}(t0)
    li   t0, {ROOT_A | 1}
    crw  ptbr, t0
    wfi
"""


# What is fetched, each at the beginning of a page; A's leaves are one that holds code, too.
_LINES = {
    "ONE": "li a0, 1; ret",
    "TWO": "li a0, 2; ret",
    "THREE": "crr a0, scratch; ret",
    "FOUR": "li a0, 4; ret",
    "SENSITIVE": "crr a0, scratch",  # in the place of the first one
}


class _Move(NamedTuple):
    """An action: a label of the program, and values or labels for a0..a3."""

    name: str
    label: str
    arguments: tuple[int | str, ...] = ()


def _entry(name: str, at: int, value: int) -> _Move:
    return _Move(name, "write", (at, value))


def _leaf(name: str, at: int, page: int, bits: int) -> _Move:
    return _entry(name, at, page | bits | PTE_V)


# What is stored is an instruction that a monitor has to replace, where the page is code.
MOVES: tuple[_Move, ...] = (
    _entry("A[0] = absent", LEAVES_A + SLOT0, 0),
    _leaf("A[0] = P R", LEAVES_A + SLOT0, P, R),
    _leaf("A[0] = P RW U", LEAVES_A + SLOT0, P, RW | U),
    _leaf("A[0] = P RX U", LEAVES_A + SLOT0, P, RX | U),
    _leaf("A[0] = P RWX A D", LEAVES_A + SLOT0, P, RWX | AD),
    _leaf("A[0] = Q RW", LEAVES_A + SLOT0, Q, RW),
    _leaf("A[1] = P RW A D", LEAVES_A + SLOT1, P, RW | AD),
    _leaf("A[1] = A RW", LEAVES_A + SLOT1, LEAVES_A, RW),
    _leaf("A[0] = A RX", LEAVES_A + SLOT0, LEAVES_A, RX),
    _Move("code in A = 4", "write", (LEAVES_A, "FOUR")),
    _leaf("B[0] = Q RWX U", LEAVES_B + SLOT0, Q, RWX | U),
    _entry("A's tables: none", MIDDLE_A + 8, 0),
    _entry("A's tables: A", MIDDLE_A + 8, LEAVES_A | PTE_V),
    _entry("A's tables: B", MIDDLE_A + 8, LEAVES_B | PTE_V),
    _leaf("A's tables: 2 MiB RW U", MIDDLE_A + 8, 0, RW | U),
    _Move("root A", "use_root", (ROOT_A | 1,)),
    _Move("root B", "use_root", (ROOT_B | 1,)),
    _Move("paging off", "use_root", (0,)),
    _Move("flush 0", "flush", (V0,)),
    _Move("flush all", "flush_all"),
    _Move("load 0", "load", (0, V0)),
    _Move("store 0", "store", (0, V0, "SENSITIVE")),
    _Move("fetch 0", "fetch", (0, V0)),
    _Move("user load 0", "as_user", ("user_load", V0, 0, PMODE)),
    _Move("user store 0", "as_user", ("user_store", V0, "SENSITIVE", PMODE)),
    _Move("user fetch 0", "as_user", (V0, 0, 0, PMODE)),
    _Move("load 1", "load_slot", (0, V1)),
    _Move("store 1", "store_slot", (0, V1, P | RWX | U | PTE_V)),
    _Move("probe 0 W", "may", (0, V0, 2)),
)
NAMES = tuple(move.name for move in MOVES)
_BEGINNINGS: tuple[tuple[str, ...], ...] = (
    (),
    ("A[0] = P RWX A D", "load 0", "store 0", "fetch 0"),
    ("A[0] = P RW U", "user store 0", "load 0"),
    ("A's tables: 2 MiB RW U", "load 0", "load 1"),
    ("B[0] = Q RWX U", "root B", "user fetch 0", "root A"),
    ("A[0] = A RX", "fetch 0"),
)
# A page that changed so often that it is interpreted; accesses that faulted so often that they are replaced.
_MORE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "rewrite": (("A[0] = P RWX A D", *("fetch 0", "store 0") * 6, "fetch 0"),),
    "rewrite+adaptive": (
        ("A[1] = P RW A D", "load 1", *("A[0] = P R", "A[0] = absent") * 9),
        ("A[1] = A RW", "load 1", *("store 1",) * 18),
    ),
}


def beginnings_of(technique: str) -> tuple[tuple[str, ...], ...]:
    """Where shadows, copies and translations are there already, a few steps go further."""
    return (*_BEGINNINGS, *_MORE.get(technique, ()))


def _words_of(line: str) -> int:
    """The words of a line of assembly, as one number."""
    image = assemble_text(f".globl _start\n_start:\n {line}\n").image
    return int.from_bytes(image.segments[0].data, "little")


def _assembled() -> tuple[Image, dict[str, int]]:
    """The program, and what names in it stand for."""
    words = {name: _words_of(line) for name, line in _LINES.items()}
    return assemble_text(_PREAMBLE, "paging world", defines=words).image, words


def _tables(image: Image) -> Iterator[tuple[int, bytes]]:
    """All memory at the beginning: the code, tables that map it and themselves, and nothing at V0 and V1."""
    yield from ((segment.address, segment.data) for segment in image.segments)
    for root, middle, leaves in ((ROOT_A, MIDDLE_A, LEAVES_A), (ROOT_B, MIDDLE_B, LEAVES_B)):
        yield root, struct.pack("<Q", middle | PTE_V)
        yield middle, struct.pack("<2Q", IDENTITY | PTE_V, leaves | PTE_V)
    yield IDENTITY + 8 * (CODE >> 12), struct.pack("<Q", CODE | RX | U | PTE_A | PTE_V)
    for table in (ROOT_A, ROOT_B, MIDDLE_A, MIDDLE_B, IDENTITY, LEAVES_A, LEAVES_B):
        yield IDENTITY + 8 * (table >> 12), struct.pack("<Q", table | RW | AD | PTE_V)
    for page, name in ((P, "ONE"), (Q, "TWO"), (LEAVES_A, "THREE")):
        yield page, struct.pack("<Q", _words_of(_LINES[name]))


class PagingWorld(UnmodifiedWorld):
    """Two roots over the same tables, and what a kernel and its users do there."""

    def __init__(self) -> None:
        image, words = _assembled()

        def value(one: int | str) -> int:
            return one if isinstance(one, int) else words[one] if one in words else image.address_of(one)

        actions = [Action(move.name, value(move.label), tuple(value(one) for one in move.arguments)) for move in MOVES]
        actions.append(Action("reload", 0, what=What.IS_RELOADED))
        start, reset = (Action(name, image.address_of(name)) for name in ("_start", "reset"))
        flush = actions[NAMES.index("flush all")]
        warming = [start, *(one for action in actions[: len(MOVES)] for one in (action, flush)), reset]
        super().__init__(dict(_tables(image)), image.entry, actions, warming)
