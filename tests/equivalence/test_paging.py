"""Paging: which access is allowed, which mark it leaves, and what a walk refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from support.snippets import (
    AD,
    BODY,
    ENGINES,
    LEAVES,
    MIDDLE,
    PLAIN,
    ROOT,
    RWX,
    Case,
    check,
    cr,
    identity,
    on_every_engine,
    parametrize,
    port,
)

from toyvm.isa.control import ALL_BITS as ALL
from toyvm.isa.control import PMODE
from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from toyvm.isa.registers import REGISTERS
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.testing.programs.assembly import li, op

A0, A1, A2, A3, A4 = (REGISTERS[name] for name in ("a0", "a1", "a2", "a3", "a4"))
SYSCALL = CAUSES["syscall"].code
PAGE = 0x10  # the page that most cases are about
AT = PAGE << 12
SLOT = LEAVES + 8 * PAGE

LOAD, STORE, FETCH = "load", "store", "fetch"
RIGHT = {LOAD: PTE_R, STORE: PTE_W, FETCH: PTE_X}
ACCESS = {
    LOAD: [*li(A1, AT), op("ld", A0, 0, A1)],
    STORE: [*li(A1, AT), op("sd", A0, 0, A1)],
    FETCH: [*li(A1, AT), op("jalr", A2, 0, A1)],
}
CODE_PAGE = {AT: op("jalr", 0, 0, A2)}  # returns at once


def access_case(kind: str, rights: int, marks: int, user_page: int, user: bool) -> Case:
    flags = PTE_V | rights | marks | user_page
    allowed = bool(rights & RIGHT[kind]) and (bool(user_page) or not user)
    after = PTE_A | (PTE_D if kind == STORE else 0) if allowed else 0
    expect = {
        "trap": "break" if allowed else f"{kind}_page_fault",
        "tval": 0 if allowed else AT,
        "memory": {SLOT: AT | flags | after},
    }
    name = f"{kind}-{'user' if user else 'kernel'}-{flags:#x}"
    return Case(name, ACCESS[kind], expect, entries=identity({PAGE: flags}) | CODE_PAGE, user=user, ptbr=ROOT | 1)


RIGHTS = [
    access_case(kind, rights << 1, marks, user_page, user)
    for kind, rights, marks, user_page, user in product(
        (LOAD, STORE, FETCH), range(1, 8), (0, PTE_A, PTE_D, AD), (0, PTE_U), (False, True)
    )
]


@on_every_engine
def test_each_right_is_needed_alone_and_each_mark_set_exactly(engine: str) -> None:
    for case in RIGHTS:
        check(case, engine)


def walk_case(name: str, address: int, entries: dict[int, int], fault: str | None) -> Case:
    """A load of `address`: the fault it raises (`page` or `access`), or None."""
    expect: dict[str, object] = {"trap": f"load_{fault}_fault" if fault else "break", "tval": address if fault else 0}
    if not fault:
        expect["a0"] = 0x55
    body = [*li(A1, address), op("ld", A0, 0, A1)]
    return Case(name, body, expect, entries=identity() | {AT: 0x55} | entries, ptbr=ROOT | 1)


LEAF = AT | PTE_V | RWX | AD
TABLE = 0xB000
WALKS = [
    walk_case("mapped", AT, {}, None),
    walk_case("invalid", AT, {SLOT: LEAF & ~PTE_V}, "page"),
    walk_case("all bits but v", AT, {SLOT: ALL - 1}, "page"),
    *(walk_case(f"reserved bit {bit}", AT, {SLOT: LEAF | 1 << bit}, "page") for bit in (10, 11, 56, 63)),
    *(walk_case(f"software bit {bit}", AT, {SLOT: LEAF | 1 << bit}, None) for bit in (7, 8, 9)),
    walk_case("a pointer at level 0", AT, {SLOT: TABLE | PTE_V}, "page"),
    walk_case("frame at the end of RAM", AT, {SLOT: 0x40000 | LEAF & 0xFFF}, "access"),
    walk_case("the highest frame", AT, {SLOT: (1 << 56) - PAGE_SIZE | LEAF & 0xFFF}, "access"),
    walk_case("table outside RAM", AT | 1 << 21, {MIDDLE + 8: 0x40000 | PTE_V}, "access"),
    *(
        walk_case(f"pointer with {name}", AT | 1 << 21, {MIDDLE + 8: LEAVES | PTE_V | bit}, "page")
        for name, bit in (("u", PTE_U), ("a", PTE_A), ("d", PTE_D))
    ),
    walk_case("pointer with a software bit", AT | 1 << 21, {MIDDLE + 8: LEAVES | PTE_V | 1 << 8}, None),
    walk_case("bit 38 alone", AT | 1 << 38, {}, "page"),
    walk_case("bit 39 alone", AT | 1 << 39, {}, "page"),
    walk_case("bit 63 alone", AT | 1 << 63, {}, "page"),
    walk_case("sign-extended, nothing there", AT - (1 << 38) & ALL, {}, "page"),
    walk_case("sign-extended", AT - (1 << 38) & ALL, {ROOT + 8 * 256: MIDDLE | PTE_V}, None),
    walk_case("the last gigabyte", AT - (1 << 30) & ALL, {ROOT + 8 * 511: MIDDLE | PTE_V}, None),
    walk_case("superpage of 2 MiB", AT | 5 << 21, {MIDDLE + 8 * 5: PTE_V | RWX | AD}, None),
    walk_case("superpage of 2 MiB, misaligned", AT | 5 << 21, {MIDDLE + 8 * 5: PTE_V | RWX | AD | 1 << 12}, "page"),
    walk_case("superpage beyond RAM", AT | 5 << 21, {MIDDLE + 8 * 5: PTE_V | RWX | AD | 2 << 20}, "access"),
    walk_case("superpage across the end of RAM", 0x40000 | 5 << 21, {MIDDLE + 8 * 5: PTE_V | RWX | AD}, "access"),
    walk_case("superpage of 1 GiB", AT | 3 << 30, {ROOT + 8 * 3: PTE_V | RWX | AD}, None),
    walk_case("superpage of 1 GiB, misaligned", AT | 3 << 30, {ROOT + 8 * 3: PTE_V | RWX | AD | 2 << 20}, "page"),
    walk_case("a missing right comes before the end of RAM", AT, {SLOT: 0x40000 | PTE_V | PTE_X}, "page"),
]


@on_every_engine
@parametrize(WALKS)
def test_a_walk_accepts_and_refuses_as_ruled(case: Case, engine: str) -> None:
    check(case, engine)


def probe(address: int, rights: int) -> list[int]:
    return [*li(A1, address), *li(A2, rights), op("probe", A0, A1, A2)]


def probe_case(name: str, address: int, rights: int, flags: int, result: int) -> Case:
    flagged = {PAGE: PTE_V | flags}
    expect = {"a0": result & ALL, "trap": "break", "memory": {SLOT: AT | PTE_V | flags}}
    return Case(name, probe(address, rights), expect, entries=identity(flagged), ptbr=ROOT | 1)


PROBES = [
    probe_case("readable", AT, 1, PTE_R, AT),
    probe_case("any byte of it", AT + 0xABD, 1, PTE_R, AT + 0xABD),
    probe_case("not writable", AT, 2, PTE_R, -1),
    probe_case("not executable", AT, 4, PTE_R | PTE_W, -1),
    probe_case("every right", AT, 7, RWX, AT),
    probe_case("one of two rights", AT, 3, PTE_W, -1),
    probe_case("no right asked", AT, 0, PTE_X, AT),
    probe_case("no right asked, nothing mapped", AT + (1 << 21), 0, PTE_X, -1),
    probe_case("a right that does not exist", AT, 8, RWX, -1),
    probe_case("a very high bit", AT, 1 << 63 | 1, RWX, -1),
    probe_case("not canonical", AT | 1 << 38, 0, RWX, -1),
    Case("without paging", probe(AT + 3, 7), {"a0": AT + 3}),
    Case("without paging, outside RAM", probe(0x40000, 0), {"a0": ALL}),
]


@on_every_engine
@parametrize(PROBES)
def test_probe_answers_and_sets_nothing(case: Case, engine: str) -> None:
    check(case, engine)


LOADED = 0x55
# Reads through AT, lets something happen to its entry, and reads again.
FIRST = [*li(A1, AT), op("ld", A0, 0, A1)]
AGAIN = [op("ld", A0, 0, A1)]


def edit(entry: int) -> list[int]:
    return [*li(A2, SLOT), *li(A0, entry), op("sd", A0, 0, A2)]


MOVED = AT + PAGE_SIZE | PTE_V | RWX | AD
BEHIND = 3 * PAGE_SIZE  # so far behind the first tables stand those of another space, in which AT is moved
OTHER_SPACE = {
    ROOT + BEHIND: MIDDLE + BEHIND | PTE_V,
    MIDDLE + BEHIND: LEAVES + BEHIND | PTE_V,
    **{at + BEHIND: entry for at, entry in identity().items() if at >= LEAVES},
    SLOT + BEHIND: MOVED,
}


def change_case(name: str, change: list[int], expect: dict[str, object], flags: int = RWX | AD) -> Case:
    entries = identity({PAGE: PTE_V | flags}) | OTHER_SPACE | {AT: LOADED, AT + PAGE_SIZE: 0x66}
    return Case(name, [*FIRST, *change, *AGAIN], expect, entries=entries, ptbr=ROOT | 1)


CHANGES = [
    change_case("moved, and tlbi of the page", [*edit(MOVED), op("tlbi", A1)], {"a0": 0x66}),
    change_case("moved, and tlbi of all", [*edit(MOVED), op("tlbi", 0)], {"a0": 0x66}),
    change_case(
        "moved, and ptbr written", [*edit(MOVED), op("crr", A0, cr("ptbr")), op("crw", cr("ptbr"), A0)], {"a0": 0x66}
    ),
    change_case(
        "moved, and ptbr exchanged",
        [*edit(MOVED), op("crr", A0, cr("ptbr")), op("crx", 0, cr("ptbr"), A0)],
        {"a0": 0x66},
    ),
    change_case("revoked, and tlbi", [*edit(0), op("tlbi", A1)], {"trap": "load_page_fault", "tval": AT}),
    change_case(
        "A cleared, and tlbi", [*edit(AT | PTE_V | RWX), op("tlbi", A1)], {"memory": {SLOT: AT | PTE_V | RWX | PTE_A}}
    ),
    change_case("another root written", [*li(A0, ROOT + BEHIND | 1), op("crw", cr("ptbr"), A0)], {"a0": 0x66}),
    change_case("another root exchanged", [*li(A0, ROOT + BEHIND | 1), op("crx", 0, cr("ptbr"), A0)], {"a0": 0x66}),
    change_case("paging off", [op("crw", cr("ptbr"), 0)], {"a0": LOADED}),
]
GRANTED = Case(
    "granted at once, after a fault",
    [*li(A1, AT), op("ld", A0, 0, A1), *edit(AT | PTE_V | PTE_R), op("ld", A0, 0, A1)],
    {"a0": LOADED, "memory": {SLOT: AT | PTE_V | PTE_R | PTE_A}},
    handler=[
        op("crr", A2, cr("cause")),
        op("addi", A2, A2, -7),
        op("bne", A2, 0, 2),
        op("out", port("power"), 0),
        op("crr", A2, cr("epc")),
        op("addi", A2, A2, 4),
        op("crw", cr("epc"), A2),
        op("eret"),
    ],
    entries=identity({PAGE: 0}) | {AT: LOADED},
    ptbr=ROOT | 1,
)
STORED = Case(
    "a store after a load sets D",
    [*FIRST, op("sd", A0, 8, A1)],
    {"memory": {SLOT: AT | PTE_V | RWX | AD}},
    entries=identity({PAGE: PTE_V | RWX}) | {AT: LOADED},
    ptbr=ROOT | 1,
)
OWN_ENTRY = Case(
    "a table that maps itself shows the mark that its own access set",
    [*li(A1, LEAVES + 8 * (LEAVES >> 12)), op("ld", A0, 0, A1)],
    {"a0": LEAVES | PTE_V | PTE_R | PTE_A},
    entries=identity({LEAVES >> 12: PTE_V | PTE_R}),
    ptbr=ROOT | 1,
)
FAULTING_FETCH = Case(
    "an instruction that faults marks its own fetch and nothing else",
    [*li(A1, AT), op("sd", A0, 0, A1)],
    {"trap": "store_page_fault", "memory": {LEAVES + 8 * 4: BODY | PTE_V | RWX | PTE_A, SLOT: AT | PTE_V | PTE_R}},
    entries=identity({PAGE: PTE_V | PTE_R, 4: PTE_V | RWX}),
    ptbr=ROOT | 1,
)


FLUSHING = ["trap+flush", "rewrite+flush"]
EVERYWHERE = [*ENGINES, "recompiler", *FLUSHING, "recompiled assist", "intercepted assist", "python trap"]


@pytest.mark.parametrize("engine", EVERYWHERE)
@parametrize([*CHANGES, GRANTED, STORED, OWN_ENTRY, FAULTING_FETCH])
def test_tables_change_as_programs_change_them(case: Case, engine: str) -> None:
    check(case, engine)


# What a monitor may have to look at each access to, by another address whose leaf has no mark yet.
WATCHED = {"a table": LEAVES + 8 * 60, "one above": MIDDLE + 8 * 60, "the root": ROOT + 8 * 60, "code": BODY + 0x800}


def watched_case(name: str, address: int, kind: str) -> Case:
    page, offset = address & -PAGE_SIZE, address & PAGE_SIZE - 1
    body = [
        op("crr", A2, cr("info")),  # so that the code is rewritten where it may be
        *li(A1, AT),
        *li(A0, LOADED << 12),  # as an entry, not valid
        op("sd" if kind == STORE else "ld", A0, offset, A1),
    ]
    after = {SLOT: page | PTE_V | RWX | PTE_A | (PTE_D if kind == STORE else 0)}
    stored = {address: LOADED << 12 if kind == STORE else 0x66}
    entries = identity() | {SLOT: page | PTE_V | RWX, address: 0x66}
    return Case(f"a {kind}, {name}", body, {"memory": after | stored}, entries=entries, ptbr=ROOT | 1)


@pytest.mark.parametrize("engine", EVERYWHERE)
@parametrize([watched_case(*place, kind) for place in WATCHED.items() for kind in (LOAD, STORE)])
def test_an_access_that_a_monitor_makes_in_the_guest_s_place_leaves_its_marks(case: Case, engine: str) -> None:
    check(case, engine)


# Large leaves map memory from 0 on; a page of one is used, the leaf is revoked, and tlbi names the last byte of it.
LARGE = {"2 MiB": (5 << 21, MIDDLE + 8 * 5, 1 << 21), "1 GiB": (3 << 30, ROOT + 8 * 3, 1 << 30)}
NEIGHBOUR = 4 << 21
ENTRIES_OF_LARGE = {entry: PTE_V | RWX | AD for _, entry, _ in LARGE.values()} | {MIDDLE + 8 * 4: PTE_V | RWX | AD}
FURTHER_PAGE = [op("add", A1, A1, A4), op("ld", A0, 0, A1), *li(A3, PAGE_SIZE), op("add", A4, A4, A3)]
BESIDES = {
    "nothing": [],
    "a switch of tables": [op("crr", A2, cr("ptbr")), op("crx", A2, cr("ptbr"), 0), op("crw", cr("ptbr"), A2)],
    "others used": [word for base, _, _ in LARGE.values() for word in (*li(A1, base), op("ld", A0, 0, A1))],
    "further pages of a neighbour used": [*li(A1, NEIGHBOUR), *FURTHER_PAGE, *li(A1, NEIGHBOUR), *FURTHER_PAGE],
}


def superpage_case(size: str, kind: str, besides: str) -> Case:
    base, entry, span = LARGE[size]
    use = [op("ld", A0, 0, A1)] if kind == LOAD else [op("sd", A0, 0, A1)] if kind == STORE else [op("jalr", A2, 0, A1)]
    use = [*li(A1, base + AT), *use]
    body = [
        *BESIDES[besides],
        *use,
        *BESIDES[besides],
        *use,
        *li(A2, entry),
        op("sd", 0, 0, A2),
        *li(A3, base + span - 1),
        op("tlbi", A3),
        *use,
    ]
    expect = {"trap": f"{kind}_page_fault", "tval": base + AT}
    entries = identity() | CODE_PAGE | ENTRIES_OF_LARGE
    return Case(f"{kind} in {size}, with {besides}", body, expect, entries=entries, ptbr=ROOT | 1)


SUPERPAGES = [superpage_case(*choice) for choice in product(LARGE, (LOAD, STORE, FETCH), BESIDES)]


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_tlbi_of_one_address_forgets_a_superpage_whole(engine: str) -> None:
    for case in SUPERPAGES:
        check(case, engine)


CODE = [
    Case(
        "a store just ahead is executed",
        [op("auipc", A1, 0), *li(A2, op("addi", A0, 0, 9)), op("sw", A2, 16, A1), op("addi", A0, 0, 1)],
        {"a0": 9},
    ),
    Case(
        "through another address of the same page",
        [
            *(op("auipc", A1, 0), *li(A2, 1 << 21), op("add", A1, A1, A2)),
            *(*li(A2, op("addi", A0, 0, 9)), op("sw", A2, 28, A1)),
            op("addi", A0, 0, 1),
        ],
        {"a0": 9},
        entries=identity() | {MIDDLE + 8: LEAVES | PTE_V},
        ptbr=ROOT | 1,
    ),
    Case(
        "half of an instruction",
        [op("auipc", A1, 0), *li(A2, op("addi", A0, 0, 9) >> 16), op("sh", A2, 14, A1), op("addi", A0, 0, 1)],
        {"a0": 9},
    ),
    Case("execute-only code cannot be read", [*li(A1, AT), op("jalr", A2, 0, A1), op("ld", A0, 0, A1)],
         {"trap": "load_page_fault", "at": 3},
         entries=identity({PAGE: PTE_V | PTE_X}) | CODE_PAGE, ptbr=ROOT | 1),
    Case("user mode is kept out of the kernel's page", [*li(A1, AT), op("ld", A0, 0, A1)],
         {"trap": "load_page_fault", "status": PMODE},
         entries=identity({PAGE: PTE_V | RWX}), user=True, ptbr=ROOT | 1),
]  # fmt: skip


# The entry's low word is `mul x0, x16, x0` while A is clear, and `hcall` with A set; its high word is illegal. The
# table is a page as any other, or one that holds what a monitor has to rewrite.
EXECUTED_ENTRY = Case(
    "a mark changes the entry that was executed as an instruction",
    [*li(A2, SLOT), op("jalr", A1, 0, A2), *li(A0, AT), op("ld", 0, 0, A0), op("jalr", A1, 0, A2)],
    {"trap": "illegal_instruction", "epc": SLOT, "tval": AT | PTE_V | PTE_R | PTE_A},
    handler=[
        op("crr", A3, cr("tval")),
        op("beq", A3, 0, 2),
        op("out", port("power"), 0),
        op("crw", cr("epc"), A1),
        op("eret"),
    ],
    entries=identity({PAGE: PTE_V | PTE_R}),
    ptbr=ROOT | 1,
)


REWRITTEN_TABLE = replace(
    EXECUTED_ENTRY,
    name="the same in a table that is rewritten",
    entries=identity({PAGE: PTE_V | PTE_R}) | {LEAVES + 8 * 400: op("crr", A4, cr("scratch"))},
)


@on_every_engine
@parametrize([EXECUTED_ENTRY, REWRITTEN_TABLE])
def test_a_mark_is_seen_by_the_next_fetch(case: Case, engine: str) -> None:
    check(case, engine)


@on_every_engine
@parametrize(CODE)
def test_fetch_is_coherent_with_stores(case: Case, engine: str) -> None:
    check(case, engine)


# A function on a page whose leaf changes between two calls; each change is said in one of the ways there are.
FUNCTION = {
    AT: op("addi", A0, A0, 1) | op("jalr", 0, 0, A2) << 32,
    AT + 0x1000: op("addi", A0, A0, 16) | op("jalr", 0, 0, A2) << 32,
}
SAYING = {
    "tlbi of it": [op("tlbi", A1)],
    "tlbi of all": [op("tlbi", 0)],
    "a write of ptbr": [op("crr", A3, cr("ptbr")), op("crw", cr("ptbr"), A3)],
}
CODE_MOVES = [
    Case(
        f"{name}, {how}",
        [
            *li(A1, AT),
            *[op("jalr", A2, 0, A1)] * 2,
            *(*li(A3, leaf), *li(A2, SLOT), op("sd", A3, 0, A2)),
            *says,
            *[op("jalr", A2, 0, A1)] * 2,
        ],
        expect,
        entries=identity() | FUNCTION,
        ptbr=ROOT | 1,
    )
    for how, says in SAYING.items()
    for name, leaf, expect in (
        ("moved", AT + 0x1000 | PTE_V | RWX | PTE_U | AD, {"trap": "break", "a0": 2 + 32}),
        ("gone", 0, {"trap": "fetch_page_fault", "tval": AT, "a0": 2}),
        ("no code", AT | PTE_V | PTE_R | PTE_W | PTE_U | AD, {"trap": "fetch_page_fault", "tval": AT, "a0": 2}),
    )
]
# User mode stores a function, twice; each time its kernel calls it, or it does so itself.
RETURN = {AT + 4: op("jalr", 0, 0, A4)}
CALL = op("jalr", A4, 0, A1)


def stored_function_case(name: str, call: int, handler: list[int]) -> Case:
    functions = [li(A2, op("addi", A0, A0, added)) for added in (1, 16)]
    body = [*li(A1, AT), *(word for made in functions for word in (*made, op("sw", A2, 0, A1), call))]
    off = [op("crr", A3, cr("cause")), op("addi", A3, A3, -SYSCALL), op("beq", A3, 0, 2), op("out", port("power"), 0)]
    skip = [op("crr", A3, cr("epc")), op("addi", A3, A3, 4), op("crw", cr("epc"), A3), op("eret")]
    return Case(name, body, {"a0": 17, "trap": "break"}, handler=[*off, *handler, *skip], entries=RETURN, user=True)


STORED_FUNCTIONS = [
    stored_function_case("called by the kernel", op("syscall"), [CALL]),
    stored_function_case("called by itself", CALL, []),
]


@pytest.mark.parametrize("engine", EVERYWHERE)
@parametrize(STORED_FUNCTIONS)
def test_what_user_mode_stores_again_is_executed_whoever_calls_it(case: Case, engine: str) -> None:
    check(case, engine)


# Each page of code counts and jumps to the next one, the last one returns; then all of it again.
PAGES, ROUNDS, FAR = 300, 3, 1 << 20
NEXT_PAGE = op("addi", A0, A0, 1) | op("jal", 0, PAGE_SIZE // 4 - 1) << 32
MANY_PAGES = [
    Case(
        f"{PAGES} pages of code, {'user' if user else 'kernel'}",
        [*li(A3, ROUNDS), *li(A1, FAR), op("jalr", A2, 0, A1), op("addi", A3, A3, -1), op("bne", A3, 0, -2)],
        {"trap": "break", "a0": ROUNDS * PAGES},
        entries={FAR + PAGE_SIZE * page: NEXT_PAGE for page in range(PAGES - 1)}
        | {FAR + PAGE_SIZE * (PAGES - 1): op("addi", A0, A0, 1) | op("jalr", 0, 0, A2) << 32},
        program=replace(PLAIN, memory=4 << 20),
        user=user,
    )
    for user in (False, True)
]


@pytest.mark.parametrize("engine", EVERYWHERE)
@parametrize(MANY_PAGES)
def test_more_pages_of_code_than_are_kept_decoded_are_what_memory_says(case: Case, engine: str) -> None:
    check(case, engine)


@pytest.mark.parametrize("engine", EVERYWHERE)
@parametrize(CODE_MOVES)
def test_a_page_of_code_is_what_its_leaf_says_once_that_was_said(case: Case, engine: str) -> None:
    check(case, engine)
