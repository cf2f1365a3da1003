"""Gadgets: a few instructions each that do one interesting thing, whatever the state they find."""

from __future__ import annotations

from collections.abc import Callable

from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS, IE, MODE, PIE, PMODE
from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.control import BY_NUMBER as CONTROL_NUMBERS
from toyvm.isa.declare import Class, Group
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
from toyvm.isa.paging import PAGE_SIZE, WINDOW_BASE
from toyvm.isa.ports import BY_NAME as PORT
from toyvm.isa.ports import PORTS
from toyvm.testing.programs import layout
from toyvm.testing.programs.assembly import li, op
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.tables import ENTRY_SIZE, deviation
from toyvm.testing.programs.values import illegal_word, value64, word_of

Gadget = Callable[[Source], list[int]]

WORK, OTHER = layout.WORK
COMPUTING = tuple(row for row in INSTRUCTIONS if row.group in (Group.ALU, Group.MULDIV, Group.ALU_IMM, Group.WIDE))
LOADS = tuple(row.mnemonic for row in INSTRUCTIONS if row.group is Group.MEMORY and row.mnemonic.startswith("l"))
STORES = tuple(row.mnemonic for row in INSTRUCTIONS if row.group is Group.MEMORY and row.mnemonic.startswith("s"))
BRANCHES = tuple(row.mnemonic for row in INSTRUCTIONS if row.mnemonic.startswith("b") and row.group is Group.CONTROL)
CRITICAL = tuple(row for row in INSTRUCTIONS if row.cls is Class.CRITICAL and row.mnemonic != "probe")
NO_SUCH_NUMBERS = (max(CONTROL_NUMBERS) + 1, 15, 16, 31, 32, -1, 16383, -16384)


def address(source: Source) -> int:
    """A virtual address: mapped in one way or another, or not at all; at the start or end of a page, or in between."""
    page = source.weighted(
        (
            (8, layout.DATA + PAGE_SIZE * source.integer(0, layout.DATA_PAGES - 1)),
            (6, layout.ALIAS + layout.CODE + PAGE_SIZE * source.integer(0, layout.CODE_PAGES + layout.DATA_PAGES)),
            (3, layout.CODE + PAGE_SIZE * source.integer(0, layout.CODE_PAGES - 1)),
            (6, source.choose(_REGIONS) + layout.DATA + PAGE_SIZE * source.integer(0, 3)),
            (2, source.choose((layout.LEAVES, layout.ROOT, layout.HANDLER, 0))),
            (2, source.choose(_NOWHERE)),
        )
    )
    return (page + source.choose((0, 8, 16, 24, PAGE_SIZE - 8, PAGE_SIZE - 16, 64))) & ALL_BITS


_REGIONS = (
    layout.PHYSMAP,
    layout.SUPERPAGE,
    layout.GIGAPAGE,
    layout.HIGH,
    layout.HIGH + layout.ALIAS,
    layout.RECURSIVE,
    layout.RECURSIVE + (1 << 18),
    layout.SUPERPAGE + layout.ALIAS,
)
_NOWHERE = (
    layout.SMALL_MEMORY,
    layout.LARGE_MEMORY,
    layout.PHYSMAP + layout.LARGE_MEMORY,
    1 << 38,
    (1 << 64) - (1 << 39),
    1 << 63,
    3 << 30,
    WINDOW_BASE - PAGE_SIZE,
    WINDOW_BASE,
)


# Computing and memory.


def compute(source: Source) -> list[int]:
    return [word_of(source, source.choose(COMPUTING), layout.READABLE, layout.VALUES)]


def set_value(source: Source) -> list[int]:
    return li(source.choose(layout.VALUES[1:]), value64(source))


def set_pointer(source: Source) -> list[int]:
    return li(source.choose(layout.POINTERS), address(source))


def _access(source: Source, pointer: int) -> int:
    mnemonic = source.choose(source.weighted(((1, LOADS), (1, STORES))))
    offset = source.weighted(((6, 8 * source.integer(-2, 4)), (2, source.integer(-16, 16)), (1, PAGE_SIZE)))
    return op(mnemonic, source.choose(layout.VALUES), offset, pointer)


def access(source: Source) -> list[int]:
    """Accesses through one pointer, whatever it holds."""
    pointer = source.choose(layout.POINTERS)
    return [_access(source, pointer) for _ in range(source.integer(1, 3))]


def access_somewhere(source: Source) -> list[int]:
    """Several accesses to one page, the later ones through whatever the first has left in a cache."""
    return li(WORK, address(source)) + [_access(source, WORK) for _ in range(source.integer(1, 4))]


def store_code_ahead(source: Source) -> list[int]:
    """Replace an instruction just ahead, through this address or another one of the same bytes."""
    word = source.weighted(
        (
            (6, word_of(source, source.choose(COMPUTING), layout.READABLE, layout.VALUES)),
            (1, word_of(source, BY_MNEMONIC["ld"], layout.POINTERS, layout.VALUES)),
            (1, illegal_word(source)),
            (1, op("syscall")),
        )
    )
    elsewhere = source.choose((0, layout.PHYSMAP, layout.ALIAS))
    wait = source.integer(0, 2)
    # s0 = address of the auipc, shifted to the other view; s1 = the word.
    before = [op("lui", OTHER, elsewhere >> 12), op("auipc", WORK, 0), op("add", WORK, WORK, OTHER)]
    load = [op("lui", OTHER, _upper(word)), op("ori", OTHER, OTHER, word & 0xFFF)]
    victim = len(load) + 3 + wait  # in words, from the auipc
    store = [op("sw", OTHER, 4 * victim, WORK)]
    return before + load + store + [op("fence")] * wait + [op("fencei")]


def _upper(word: int) -> int:
    """Bits 31..12 as lui takes them."""
    return (word >> 12) - (word >> 31 << 20)


# Control flow.


def skip_some(source: Source) -> list[int]:
    """A forward branch over a few instructions."""
    body = compute(source) * source.integer(1, 3)
    first, second = source.choose(layout.READABLE), source.choose(layout.READABLE)
    return [op(source.choose(BRANCHES), first, second, len(body) + 1), *body]


def call_ahead(source: Source) -> list[int]:
    """jal and jalr forward; one target in a few is odd, or misaligned, so that the jalr traps itself."""
    flaw = source.weighted(((6, 0), (1, 1), (1, 2), (1, 3)))
    if source.chance(40):
        return [op("jal", source.choose(layout.VALUES), 2), illegal_word(source)]
    return [op("auipc", WORK, 0), op("jalr", source.choose(layout.VALUES), 12 + flaw, WORK), illegal_word(source)]


def loop(source: Source) -> list[int]:
    """Repeat a few instructions."""
    body = [word for _ in range(source.integer(1, 3)) for word in source.choose((compute, access))(source)]
    return [op("addi", layout.LOOP, 0, source.integer(1, 6)), *body, *_loop_end(len(body))]


def _loop_end(length: int) -> list[int]:
    return [op("addi", layout.LOOP, layout.LOOP, -1), op("blt", 0, layout.LOOP, -(length + 1))]


def go_on_elsewhere(source: Source) -> list[int]:
    """Continue with the next instruction at another address of the same bytes."""
    there = source.choose((layout.ALIAS, layout.SUPERPAGE, layout.PHYSMAP, -layout.ALIAS, -layout.SUPERPAGE))
    return [
        op("auipc", layout.RECOVERY, 0),
        op("addi", layout.RECOVERY, layout.RECOVERY, 20),
        op("lui", WORK, there >> 12),
        op("add", WORK, WORK, layout.RECOVERY),
        op("jalr", 0, 0, WORK),
    ]


def jump_into_nothing(source: Source) -> list[int]:
    """Jump to a bad or odd place; the handler goes on behind."""
    target = li(WORK, address(source) + source.choose((0, 0, 1, 4)))
    length = 2 + len(target) + 1
    return [
        op("auipc", layout.RECOVERY, 0),
        op("addi", layout.RECOVERY, layout.RECOVERY, 4 * length),
        *target,
        op("jalr", source.choose(layout.VALUES), 0, WORK),
    ]


def jump_to_itself(source: Source) -> list[int]:
    """The end, or with interrupts on a wait for one that the able handler returns from to wait again."""
    register = source.choose(layout.VALUES)
    return [source.choose((op("jal", 0, 0), op("jal", register, 0), op("beq", register, register, 0)))]


# Traps.


def call(source: Source) -> list[int]:
    number = source.weighted(
        ((6, layout.CALL_OTHER_MODE), (3, layout.CALL_OTHER_ENABLE), (2, layout.CALL_NOTHING), (1, layout.CALL_EXIT))
    )
    return [op("addi", layout.CALL_NUMBER, 0, number), op("syscall")]


def trap(source: Source) -> list[int]:
    """break, hcall, and words that mean nothing."""
    kind = source.weighted(((1, "break"), (1, "hcall"), (3, "illegal")))
    if kind == "illegal":
        return [illegal_word(source)]
    return [word_of(source, BY_MNEMONIC[kind])]


def return_to_next(source: Source) -> list[int]:
    """eret to the next instruction, in a mode and with an interrupt enable of its own."""
    status = source.choose((0, PMODE, PIE, PIE | PMODE))
    return [
        *li(OTHER, status),
        op("crw", CONTROL["status"].number, OTHER),
        op("auipc", WORK, 0),
        op("addi", WORK, WORK, 16),
        op("crw", CONTROL["epc"].number, WORK),
        op("eret"),
    ]


# Control registers, time, devices.


def any_control(source: Source) -> list[int]:
    """Read, write or exchange any register, with a value it takes or not; also numbers that do not exist."""
    register = source.choose(CONTROL_REGISTERS)
    number = register.number
    if source.chance(10):
        number = source.choose(NO_SUCH_NUMBERS)
    mnemonic = source.choose(("crr", "crx", "crw"))
    rd = source.choose(layout.VALUES)
    if mnemonic == "crr":
        return [op("crr", rd, number)]
    if register.name in ("tvec", "ptbr") and not source.chance(10):
        return [op("crr", rd, number)]  # writes that end most programs are left to the gadgets made for them
    value = li(WORK, _control_value(source, register.name))
    return [*value, op("crx", rd, number, WORK) if mnemonic == "crx" else op("crw", number, WORK)]


def _control_value(source: Source, name: str) -> int:
    if name == "status":
        return source.choose((IE, 0, PIE, PIE | PMODE, PMODE, IE | PIE, MODE, IE | 2, 1 << 63))
    if name == "imask":
        return source.choose((7, 1, 0, 2, 4, ALL_BITS))
    if name == "timecmp":
        return source.choose((ALL_BITS, 0, source.integer(0, 400), ALL_BITS - 1))
    if name == "ptbr":
        return source.choose((layout.ROOT | 1, 0, layout.OTHER_ROOT, layout.ROOT | 3, 1 << 56, 1 << 55 | 1))
    return value64(source)


def change_interrupts(source: Source) -> list[int]:
    """Enable or disable interrupts, mask them or not."""
    return source.weighted(
        (
            (3, [op("addi", WORK, 0, 1), op("setst", WORK)]),
            (2, [op("setst", 0)]),
            (3, [op("addi", WORK, 0, source.choose((7, 1, 5, 0))), op("crw", CONTROL["imask"].number, WORK)]),
        )
    )


def set_timer(source: Source) -> list[int]:
    """A few ticks ahead, so that it is due somewhere in the next gadgets, or right now."""
    return [
        op("crr", WORK, CONTROL["time"].number),
        op("addi", WORK, WORK, source.integer(0, 24)),
        op("crw", CONTROL["timecmp"].number, WORK),
    ]


def wait(source: Source) -> list[int]:
    """wfi, nearly always with something that will end it."""
    if source.chance(8):
        return [op("wfi")]
    timer = [
        op("crr", WORK, CONTROL["time"].number),
        op("addi", WORK, WORK, source.choose((2, 5, 40, 300))),
        op("crw", CONTROL["timecmp"].number, WORK),
    ]
    return [*timer, op("addi", WORK, 0, source.choose((1, 7))), op("crw", CONTROL["imask"].number, WORK), op("wfi")]


def reach_the_end_of_time(source: Source) -> list[int]:
    """Skip to just before time goes from 2**64 - 1 to 0."""
    return [
        *li(WORK, ALL_BITS - source.integer(1, 30)),
        op("crw", CONTROL["timecmp"].number, WORK),
        op("addi", WORK, 0, 1),
        op("crw", CONTROL["imask"].number, WORK),
        op("wfi"),
    ]


def any_port(source: Source) -> list[int]:
    """in or out at any port, in a direction it has or not; also ports that do not exist."""
    port = source.choose(PORTS)
    number = port.number if not source.chance(10) else source.choose((3, 0x1D, -1, 9, 16383))
    if port.name == "power" and not source.chance(5):
        number = PORT["clock"].number
    if source.chance(40):
        return [op("out", number, source.choose(layout.READABLE))]
    return [op("in", source.choose(layout.VALUES), number)]


def use_disk(source: Source) -> list[int]:
    """Start a command, good or bad, with a little traffic on the buffer before."""
    data, sector = PORT["disk_data"].number, PORT["disk_sector"].number
    traffic = source.choose(
        ((), (op("out", data, source.choose(layout.READABLE)),), (op("in", layout.VALUES[1], data),))
    )
    command = source.weighted(((4, 1), (4, 2), (2, 3), (1, 0), (1, 4)))
    return [
        op("addi", WORK, 0, source.integer(0, 4)),
        op("out", sector, WORK),
        *traffic,
        op("addi", WORK, 0, command),
        op("out", PORT["disk_command"].number, WORK),
        *([op("in", source.choose(layout.VALUES), data)] * source.integer(0, 2)),
        *([op("in", source.choose(layout.VALUES), PORT["disk_status"].number)] * source.integer(0, 2)),
    ]


# The critical instructions and paging.


def critical(source: Source) -> list[int]:
    return [word_of(source, source.choose(CRITICAL), layout.READABLE, layout.VALUES)]


def probe(source: Source) -> list[int]:
    rights = source.weighted(((9, source.integer(0, 7)), (1, source.choose((8, 15, -1)))))
    return [
        *li(WORK, address(source) + source.integer(0, 3)),
        op("addi", OTHER, 0, rights),
        op("probe", source.choose(layout.VALUES), WORK, OTHER),
    ]


def flush(source: Source) -> list[int]:
    return [op("tlbi", source.choose((0, *layout.POINTERS)))]


def switch_tables(source: Source) -> list[int]:
    """Another root, or none; then all translations forgotten once more, as careful kernels do."""
    root = source.weighted(((3, layout.ROOT | 1), (3, layout.OTHER_ROOT | 1), (1, 0), (1, layout.ROOT)))
    return [*li(WORK, root), op("crw", CONTROL["ptbr"].number, WORK), *([op("tlbi", 0)] * source.integer(0, 1))]


def _forget(source: Source, page: int) -> list[int]:
    """Forget what was cached of a virtual page, in one way or another; rarely not at all."""
    ptbr = CONTROL["ptbr"].number
    way = source.weighted(((4, "page"), (3, "all"), (2, "root"), (1, "exchange"), (1, "nothing")))
    return {
        "page": [*li(WORK, page + source.integer(0, PAGE_SIZE - 1)), op("tlbi", WORK)],
        "all": [op("tlbi", 0)],
        "root": [op("crr", WORK, ptbr), op("crw", ptbr, WORK)],
        "exchange": [op("crr", WORK, ptbr), op("crx", source.choose(layout.VALUES), ptbr, WORK)],
        "nothing": [],
    }[way]


def _page_of(entry_address: int) -> int:
    """The virtual page that an entry of a lowest table maps, in the identity or the aliases."""
    table = entry_address & -PAGE_SIZE
    page = (entry_address - table) // ENTRY_SIZE * PAGE_SIZE
    return page + layout.ALIAS if table in (layout.ALIASES, layout.OTHER_ALIASES) else page


def _touch(source: Source, page: int) -> list[int]:
    """Some accesses to a page: to fill caches, or to see what they hold."""
    count = source.integer(0, 2)
    return [*li(WORK, page + 8 * source.integer(2, 5)), *[_access(source, WORK) for _ in range(count)]]


def edit_entry(source: Source) -> list[int]:
    """Use a page, write an entry of it, forget what was cached, and use it again."""
    change = deviation(source, source.choose((layout.SMALL_MEMORY, layout.LARGE_MEMORY)))
    page = _page_of(change.address)
    through = source.choose((layout.PHYSMAP, 0))
    edit = [*li(WORK, change.address + through), *li(OTHER, change.entry), op("sd", OTHER, 0, WORK)]
    return [*_touch(source, page), *edit, *_forget(source, page), *_touch(source, page)]


def clear_marks(source: Source) -> list[int]:
    """Clear A and D of an entry, as a kernel does that looks for pages to evict."""
    page = layout.DATA // PAGE_SIZE + source.integer(0, layout.DATA_PAGES - 1)
    table = source.choose((layout.LEAVES, layout.ALIASES, layout.OTHER_LEAVES))
    slot = table + ENTRY_SIZE * page
    edit = [
        *li(WORK, layout.PHYSMAP + slot),
        op("ld", OTHER, 0, WORK),
        op("andi", OTHER, OTHER, source.choose((-0x61, -0x41, -0x21))),
        op("sd", OTHER, 0, WORK),
    ]
    virtual = _page_of(slot)
    return [*_touch(source, virtual), *edit, *_forget(source, virtual), *_touch(source, virtual)]


GADGETS: tuple[tuple[int, Gadget], ...] = (
    (10, compute),
    (3, set_value),
    (4, set_pointer),
    (8, access),
    (12, access_somewhere),
    (5, store_code_ahead),
    (3, skip_some),
    (3, call_ahead),
    (4, loop),
    (3, go_on_elsewhere),
    (3, jump_into_nothing),
    (6, call),
    (3, trap),
    (4, return_to_next),
    (8, any_control),
    (4, change_interrupts),
    (5, set_timer),
    (2, wait),
    (4, any_port),
    (3, use_disk),
    (4, critical),
    (4, probe),
    (2, flush),
    (4, switch_tables),
    (5, edit_entry),
    (3, clear_marks),
)
# What a user program does when it means no harm.
USER_GADGETS: tuple[tuple[int, Gadget], ...] = (
    (10, compute),
    (3, set_value),
    (3, set_pointer),
    (6, access),
    (6, access_somewhere),
    (2, store_code_ahead),
    (3, skip_some),
    (3, call_ahead),
    (4, loop),
    (2, call),
)
RARELY: tuple[tuple[int, Gadget], ...] = ((3, jump_to_itself), (1, reach_the_end_of_time))


def gadget(source: Source) -> list[int]:
    """The words of one gadget."""
    return source.weighted(RARELY if source.chance(1) else GADGETS)(source)
