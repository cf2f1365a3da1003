"""Traps, modes, control registers and interrupts: what each does, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

from support.snippets import BODY, HANDLER, LIMIT, Case, at_level, check, cr, on_every_engine, parametrize, port

from toyvm.isa.control import ALL_BITS, BY_NUMBER, IE, MODE, PIE, PMODE
from toyvm.isa.machine import Level
from toyvm.isa.registers import REGISTERS
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.techniques import facts_of
from toyvm.testing.programs.assembly import li, op
from toyvm.testing.subjects import level_for
from toyvm.testing.techniques import FULL, LEAKY, SOUND

A0, A1, A2, S2, S3, S4 = (REGISTERS[name] for name in ("a0", "a1", "a2", "s2", "s3", "s4"))
MARK = op("addi", S2, S2, 1)  # counts how often something ran
OFF = op("out", port("power"), S2)
SKIP = [op("crr", A2, cr("epc")), op("addi", A2, A2, 4), op("crw", cr("epc"), A2), op("eret")]


def privileged(word: int) -> dict[str, object]:
    return {"trap": "privileged_instruction", "tval": word, "at": 0, "status": PMODE}


PRIVILEGED = [
    op("crr", A0, cr("tvec")),
    op("crr", A0, 99),  # before any check of the register named
    op("crw", cr("time"), A0),
    op("crx", A0, cr("epc"), A1),
    op("eret"),
    op("wfi"),
    op("tlbi", 0),
    op("in", A0, port("clock")),
    op("in", A0, 99),
    op("out", port("power"), 0),
    op("out", port("clock"), 0),
]
CRITICAL = [op("getst", A0), op("setst", A0), op("getvec", A0), op("getpt", A0), op("probe", A0, A0, 0)]


def in_user_mode(word: int, level: Level, expect: dict[str, object]) -> Case:
    return Case(f"{level}-{word:#x}", [word], expect, user=True, program=at_level(level))


USER = [in_user_mode(word, level, privileged(word)) for word in PRIVILEGED for level in Level]
USER += [in_user_mode(word, level, privileged(word)) for word in CRITICAL for level in SOUND]
USER += [in_user_mode(word, Level.HYBRID, privileged(word)) for word in CRITICAL if word != op("setst", A0)]
USER += [in_user_mode(op("setst", A0), level, {"trap": "break"}) for level in LEAKY]
USER += [
    in_user_mode(op("getst", A0), Level.CLASSIC, {"trap": "break", "a0": MODE | PMODE}),
    in_user_mode(op("getvec", A0), Level.CLASSIC, {"trap": "break", "a0": HANDLER}),
    in_user_mode(op("getpt", A0), Level.CLASSIC, {"trap": "break", "a0": 0}),
    in_user_mode(op("probe", A0, 0, 0), Level.CLASSIC, {"trap": "break", "a0": 0}),
]


@on_every_engine
@parametrize(USER)
def test_user_mode_is_held_to_its_level(case: Case, engine: str) -> None:
    if engine in FULL and level_for(engine, case.program.level) not in facts_of(engine).levels:
        return  # where no theorem applies (see the counterexamples), or without guest mode
    check(case, engine)


def illegal(name: str, word: int, before: list[int] | None = None) -> Case:
    body = [*(before or []), word]
    return Case(name, body, {"trap": "illegal_instruction", "tval": word, "at": len(body) - 1, "a0": 0})


ILLEGAL = [
    illegal("zero", 0),
    illegal("ones", 0xFFFFFFFF),
    illegal("unused bit", op("eret") | 1 << 12),
    illegal("hcall", op("hcall", 1)),
    illegal("crr of no register", op("crr", A0, max(BY_NUMBER) + 1)),
    illegal("crr of a reserved number", op("crr", A0, 16)),
    illegal("crr of a negative number", op("crr", A0, -1)),
    illegal("crw of time", op("crw", cr("time"), 0)),
    illegal("crw of ipend", op("crw", cr("ipend"), 0)),
    illegal("crx of info", op("crx", A0, cr("info"), 0)),
    illegal("crw of mode as user", op("crw", cr("status"), A1), li(A1, MODE)),
    illegal("crw of a reserved bit of status", op("crx", A0, cr("status"), A1), li(A1, 2)),
    illegal("crw of a reserved bit of ptbr", op("crw", cr("ptbr"), A1), li(A1, 1 << 56)),
    illegal("crw of a low bit of ptbr", op("crw", cr("ptbr"), A1), li(A1, 2)),
    illegal("in from no port", op("in", A0, 0x77)),
    illegal("in from a write-only port", op("in", A0, port("console_out"))),
    illegal("out to a read-only port", op("out", port("clock"), 0)),
    illegal("out to a negative port", op("out", -1, 0)),
]


@on_every_engine
@parametrize(ILLEGAL)
def test_what_means_nothing_traps_as_illegal(case: Case, engine: str) -> None:
    check(case, engine)


EXCEPTIONS = [
    Case("syscall", [op("syscall")], {"trap": "syscall", "at": 0, "tval": 0, "status": 0}),
    Case("syscall from user mode", [op("syscall")], {"trap": "syscall", "status": PMODE}, user=True),
    Case("break", [], {"trap": "break", "at": 0, "tval": 0}),
    Case("ie goes to pie", [], {"status": PIE}, enabled=True),
    Case(
        "misaligned load",
        [*li(A1, 0x10001), op("lh", A0, 0, A1)],
        {"trap": "load_misaligned", "tval": 0x10001, "at": 2, "a0": 0},
    ),
    Case(
        "misaligned load beyond RAM",
        [*li(A1, 1 << 40), op("ld", A0, 4, A1)],
        {"trap": "load_misaligned", "tval": (1 << 40) + 4},
    ),
    Case("load beyond RAM", [op("ld", A0, -8, 0)], {"trap": "load_access_fault", "tval": ALL_BITS - 7}),
    Case("first byte beyond RAM", [*li(A1, 0x40000), op("lb", A0, 0, A1)], {"trap": "load_access_fault"}),
    Case("last bytes of RAM", [*li(A1, 0x40000), op("ld", A0, -8, A1)], {"trap": "break"}),
    Case("store beyond RAM", [*li(A1, 0x40000), op("sb", A0, 0, A1)], {"trap": "store_access_fault", "tval": 0x40000}),
    Case("misaligned store", [op("sw", A0, 2, 0)], {"trap": "store_misaligned", "tval": 2, "memory": {0: 0}}),
    Case(
        "jump beyond RAM",
        [*li(A1, 0x40000), op("jalr", A0, 0, A1)],
        {"trap": "fetch_access_fault", "epc": 0x40000, "tval": 0x40000, "a0": BODY + 12},
    ),
    Case(
        "eret to a misaligned address",
        [*li(A1, 0x4002), op("crw", cr("epc"), A1), op("eret")],
        {"trap": "fetch_misaligned", "epc": 0x4002, "tval": 0x4002},
    ),
    Case(
        "a trap writes nothing else",
        [*li(A0, 7), *li(A1, 0x40000), op("ld", A0, 0, A1)],
        {"a0": 7, "scratch": 0, "tvec": HANDLER},
    ),
    Case(
        "eret leaves pie and pmode",
        [
            *(*li(A1, PIE), op("crw", cr("status"), A1)),
            *(op("auipc", A1, 0), op("addi", A1, A1, 16), op("crw", cr("epc"), A1), op("eret")),
            op("getst", A0),
        ],
        {"a0": IE | PIE},
    ),
    Case("crx exchanges", [*li(A0, 5), op("crw", cr("scratch"), A0), op("crx", A0, cr("scratch"), A0)], {"a0": 5}),
    Case("crx reads rs before", [*li(A0, 5), op("crx", A0, cr("scratch"), A0)], {"a0": 0, "scratch": 5}),
    Case("info says version and memory", [op("crr", A0, cr("info"))], {"a0": 0x40001}),
    Case("setst takes bit 0 alone", [*li(A1, -2), op("setst", A1), op("getst", A0)], {"a0": 0}),
]


@on_every_engine
@parametrize(EXCEPTIONS)
def test_traps_set_what_they_should_and_nothing_else(case: Case, engine: str) -> None:
    check(case, engine)


STOPS = [
    Case("exit code of 64 bits", [*li(A0, ALL_BITS), op("out", port("power"), A0)], {"exit_code": ALL_BITS}),
    Case("double fault", [0], {"stop": "fault", "pc": HANDLER, "at": 0, "tval": 0}, handler=[0]),
    Case("double fault keeps the first trap", [op("syscall")], {"stop": "fault", "trap": "syscall"}, handler=[0]),
    Case(
        "no double fault after one instruction",
        [op("syscall")],
        {"stop": "exit", "trap": "illegal_instruction", "s2": 2},
        handler=[MARK, op("slti", A0, S2, 2), op("beq", A0, 0, 2), 0, OFF],
    ),
    Case("jump to itself", [op("jal", A0, 0)], {"stop": "fault", "pc": BODY, "a0": 0}),
    Case("branch to itself", [op("beq", 0, 0, 0)], {"stop": "fault", "pc": BODY}),
    Case("jump to itself in user mode", [op("jal", 0, 0)], {"stop": "fault", "pc": BODY}, user=True),
    Case("jump to itself with interrupts on", [op("jal", 0, 0)], {"stop": "limit", "retired": LIMIT}, enabled=True),
    Case("one that links", [op("jal", A0, 0)], {"stop": "limit", "retired": LIMIT, "a0": BODY + 4}, enabled=True),
    Case("jalr to itself is any other loop", [*li(A0, BODY + 8), op("jalr", 0, 0, A0)], {"stop": "limit"}),
    Case("wfi with nothing to wait for", [op("wfi")], {"stop": "idle", "pc": BODY + 4, "skipped": 0}),
    Case(
        "a timecmp of all ones never ends a wfi", [*li(A0, 1), op("crw", cr("imask"), A0), op("wfi")], {"stop": "idle"}
    ),
]


@on_every_engine
@parametrize(STOPS)
def test_the_machine_stops_where_it_should(case: Case, engine: str) -> None:
    check(case, engine)


def timer_in(ticks: int) -> list[int]:
    """Unmask the timer, and set it so that it is pending before the `ticks`-th instruction after this."""
    return [
        *li(A0, 1),
        op("crw", cr("imask"), A0),
        op("crr", A0, cr("time")),
        op("addi", A0, A0, ticks + 3),
        op("crw", cr("timecmp"), A0),
    ]


INTERRUPTS = [
    Case(
        "the timer is exact",
        [*timer_in(4), *[MARK] * 10],
        {"trap": "timer", "s2": 4, "epc": BODY + 4 * 9, "tval": 0},
        enabled=True,
    ),
    Case("a timer due now", [*timer_in(0), MARK], {"trap": "timer", "s2": 0}, enabled=True),
    Case(
        "a masked timer is not taken", [*timer_in(1), op("crw", cr("imask"), 0), *[MARK] * 5], {"s2": 5}, enabled=True
    ),
    Case("a disabled timer is not taken", [*timer_in(1), *[MARK] * 5, op("crr", A0, cr("ipend"))], {"s2": 5, "a0": 3}),
    Case(
        "setst lets it in", [*timer_in(1), *[MARK] * 5, *li(A1, 1), op("setst", A1), MARK], {"trap": "timer", "s2": 5}
    ),
    Case(
        "imask lets it in",
        [*timer_in(1), op("crw", cr("imask"), 0), MARK, *li(A1, 1), op("crw", cr("imask"), A1), MARK],
        {"trap": "timer", "s2": 1},
        enabled=True,
    ),
    Case(
        "eret enables and it is taken before the next instruction",
        [
            *(*timer_in(1), *li(A1, PIE), op("crw", cr("status"), A1)),
            *(*li(A1, BODY + 48), op("crw", cr("epc"), A1), op("eret")),
            *(MARK, MARK),
        ],
        {"trap": "timer", "s2": 0, "epc": BODY + 48},
    ),
    Case(
        "the timer comes before the console",
        [*li(A0, 7), op("crw", cr("timecmp"), 0), op("crw", cr("imask"), A0), MARK],
        {"trap": "timer", "s2": 0, "ipend": 3},
        enabled=True,
    ),
    Case(
        "the console before its end was read",
        [*li(A0, 6), op("crw", cr("imask"), A0), MARK],
        {"trap": "console", "s2": 0, "ipend": 2},
        enabled=True,
    ),
    Case(
        "wfi skips to the timer",
        [*timer_in(1000), op("wfi"), op("crr", A1, cr("time")), op("sub", A1, A1, A0)],
        {"a1": 0, "skipped": 999},
    ),
    Case(
        "wfi with something pending and unmasked skips nothing, though interrupts are off",
        [*timer_in(0), op("wfi"), op("crr", A1, cr("time")), op("sub", A1, A1, A0)],
        {"a1": 1, "skipped": 0},
    ),
    Case("wfi waits on, if what is pending is masked", [op("crw", cr("timecmp"), 0), op("wfi")], {"stop": "idle"}),
    Case(
        "an interrupt during wfi returns behind it",
        [*timer_in(1000), op("wfi"), MARK],
        {"trap": "timer", "epc": BODY + 24, "s2": 0},
        enabled=True,
    ),
    Case(
        "time counts what retired before, traps not included",
        [op("crr", A0, cr("time")), op("syscall"), op("crr", A1, cr("time")), op("sub", A0, A1, A0)],
        {"a0": 1 + 3 + len(SKIP), "trap": "break"},
        handler=[op("crr", A2, cr("cause")), op("addi", A2, A2, -7), op("bne", A2, 0, 2), OFF, *SKIP],
    ),
]


@on_every_engine
@parametrize(INTERRUPTS)
def test_time_and_interrupts_are_exact(case: Case, engine: str) -> None:
    check(case, engine)


WRITTEN, EXCHANGED = op("crw", cr("timecmp"), A0), op("crx", 0, cr("timecmp"), A0)


@on_every_engine
@parametrize([case for case in INTERRUPTS if WRITTEN in case.body])
def test_time_and_interrupts_are_as_exact_where_timecmp_is_exchanged(case: Case, engine: str) -> None:
    check(replace(case, body=[EXCHANGED if word == WRITTEN else word for word in case.body]), engine)


def at_syscall(*words: int) -> list[int]:
    """A handler that does this for a syscall and returns behind it; at anything else it switches off."""
    syscall = CAUSES["syscall"].code
    return [op("crr", A2, cr("cause")), op("addi", A2, A2, -syscall), op("beq", A2, 0, 2), OFF, *words, *SKIP]


UNMASK = [*li(A1, 1), op("crw", cr("imask"), A1)]
SOON = [op("crr", A0, cr("time")), op("addi", A0, A0, 9), op("crx", A1, cr("timecmp"), A0)]
BEHIND = [
    Case("a timer that it set", [op("syscall"), *[MARK] * 9], {"s2": 5}, handler=at_syscall(*timer_in(9))),
    Case("for user mode", [op("syscall"), *[MARK] * 9], {"s2": 5}, handler=at_syscall(*timer_in(9)), user=True),
    Case("one that it exchanged", [*UNMASK, op("syscall"), *[MARK] * 9], {"s2": 2}, handler=at_syscall(*SOON)),
    Case(
        "one that it unmasked",
        [*timer_in(1), op("crw", cr("imask"), 0), op("syscall"), MARK],
        {"s2": 0},
        handler=at_syscall(*UNMASK),
    ),
    Case("one set before", [*timer_in(11), op("syscall"), *[MARK] * 9], {"s2": 4}, handler=at_syscall()),
    Case("one due in it", [*timer_in(4), op("syscall"), *[MARK] * 9], {"s2": 0}, handler=at_syscall()),
]


@on_every_engine
@parametrize([replace(case, enabled=True) for case in BEHIND])
def test_a_timer_is_taken_where_it_is_due_behind_a_handler(case: Case, engine: str) -> None:
    check(replace(case, expect={**case.expect, "trap": "timer"}), engine)


# Handlers that do nothing that is looked at afterwards, but for these writes and eret. Their first call does not even
# write: the hardware has fetched them, then, and enters them for the second one without a look at anything either.
ONCE = [op("bne", S4, 0, 2 + len(SKIP)), op("addi", S4, 0, 1), *SKIP]
SET, UNMASK_PLAINLY = op("crw", cr("timecmp"), S3), op("crw", cr("imask"), A1)
AHEAD = [*li(A1, 1), op("crr", S3, cr("time")), op("addi", S3, S3, 16)]
MASKED, OPEN = [op("crw", cr("imask"), 0)], [op("crw", cr("imask"), A1)]
PLAIN_WRITES = [
    Case("set", [*AHEAD, *OPEN, op("syscall"), *[MARK] * 9], {"s2": 4}, handler=at_syscall(SET)),
    Case("set twice", [*AHEAD, *OPEN, op("syscall"), *[MARK] * 9], {"s2": 3},
         handler=at_syscall(op("crw", cr("timecmp"), 0), SET)),
    Case("set to what has passed", [*AHEAD, *OPEN, op("syscall"), *[MARK] * 9], {"s2": 0},
         handler=at_syscall(op("crw", cr("timecmp"), 0))),
    Case("unmasked", [*AHEAD, SET, *MASKED, op("syscall"), *[MARK] * 9], {"s2": 3}, handler=at_syscall(UNMASK_PLAINLY)),
    Case("set and unmasked", [*AHEAD, *MASKED, op("syscall"), *[MARK] * 9], {"s2": 3},
         handler=at_syscall(SET, UNMASK_PLAINLY)),
    Case("set and unmasked for user mode", [op("syscall"), *[MARK] * 30], {"s2": 11}, user=True,
         handler=at_syscall(*li(A1, 1), *li(S3, 40), UNMASK_PLAINLY, SET)),
    Case("put off", [*AHEAD, SET, *OPEN, op("syscall"), *[MARK] * 20], {"s2": 17, "trap": "timer"},
         handler=at_syscall(op("addi", S3, S3, 15), SET)),
]  # fmt: skip


@on_every_engine
@parametrize([replace(case, enabled=True) for case in PLAIN_WRITES])
def test_a_timer_that_a_handler_wrote_by_nothing_but_plain_writes_is_taken_where_it_is_due(
    case: Case, engine: str
) -> None:
    body, handler = [op("syscall"), *case.body], [*ONCE, *case.handler]
    check(replace(case, body=body, handler=handler, expect={**case.expect, "trap": "timer"}), engine)
