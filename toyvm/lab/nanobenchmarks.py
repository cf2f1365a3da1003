"""Nanobenchmarks: what one exit costs, by reason, each measured by a program that does little else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from mmap import PAGESIZE, mmap
from statistics import median
from time import thread_time

from toyvm.exits import BY_NAME
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.lab.builds import assembled_build
from toyvm.lab.events import events_of
from toyvm.lab.measure import HYPERCALL, Cell, Progress, calibrate, failing_alone, repeat, watch
from toyvm.lab.subjects import HOST_PAGES, INTERPRETER, RECOMPILER, Subject
from toyvm.lab.tasks import OwnKernel
from toyvm.machine.computer import ACCESSES, LOOKS, WORK
from toyvm.techniques import OFFERING, facts_of

_TEMPLATE = """
.equ WORKLOAD_OPERATIONS, 1
.include "workload.inc"
.globl _start
_start:
    workload_begin image_end
    la   s2, nano_data
    mv   s1, s0
{setup}
    j    2f
1:
{body}
    addi s1, s1, -1
2:  bnez s1, 1b
    j    workload_done
{code}
.balign PAGE_SIZE
.bss
.balign PAGE_SIZE
nano_data: .zero PAGE_SIZE
image_end:
"""
# The user's half does BODY again and again, each time a trap that its kernel skips; s1 counts them.
_USER_PROGRAM = """
nano_handler:
    beqz s1, workload_done
    addi s1, s1, -1
    skip_instruction
    trap_return
.balign PAGE_SIZE
user_program:
BODY
    j    user_program
"""
_ENTER_USER = "    beqz s0, workload_done\n    user_begin user_program, 1, nano_handler\n    trap_return"
_MIX = """
    ld   t0, 0(s2)
    add  t1, t0, s1
    xor  t2, t1, t0
    slli t3, t2, 3
    sd   t3, 8(s2)
    srli t4, t3, 7
    and  t5, t4, t2
    bne  t5, s2, 3f
    addi t5, t5, 1
3:  lw   t6, 8(s2)
    sub  t0, t6, t5
    or   t1, t0, t4
"""
_TIMER_PENDING = "    crw CR_TIMECMP, zero\n    li t0, IRQ_TIMER\n    crw CR_IMASK, t0"  # so that no wfi waits
_PARA_TIMER_PENDING = "    li a0, 0\n    hcall HC_SET_TIMER\n    li t0, IRQ_TIMER\n    cr_write IMASK, t0"
_TRAP_TABLE = "    li t0, TRAP_ANY\n    sd t0, TRAP_CAUSE(s2)\n    la t0, workload_wrong\n    sd t0, TRAP_HANDLER(s2)"
_SET_TRAP_TABLE = "    mv a0, s2\n    li a1, 1\n    hcall HC_SET_TRAP_TABLE"
_SHADOWED = "assist+shadow"
BARE, TRAP = "bare", "trap"
_MOST = 0.4  # exits an operation; fewer are left of a reason that the technique is about to get rid of
_ONCE = ("out power",)  # it ends the run
_UNMAPPED = "0x7fff000000"
# s4: an address in user space, which is in use; s3: where its entry stands; s5: the entry.
_ENTRY_IN_USE = """
    user_begin user_program, 1, nano_handler
    la   t0, user_space
    ld   s3, SPACE_LEVEL0(t0)
    li   t0, (USER_DATA - USER_BASE) / PAGE_SIZE * 8
    add  s3, s3, t0
    li   s4, USER_DATA
    ld   t0, 0(s4)
    ld   s5, 0(s3)
"""
_FIRST_ENTRY_IN_USE = _ENTRY_IN_USE.replace("USER_DATA", "USER_BASE")
# A table in which no kernel that uses it would write s6 is shadowed no more, and then anew.
_MALFORMED = "    li s6, 1 << 62\n    or s6, s6, s5"
_ANEW = """
    sd   s5, 0(s3)
    tlbi s4
    ld   t1, 0(s4)
"""
_SHADOW_ANEW = f"""
    sd   s6, 0(s3)
{_ANEW}"""
_UNMARKED = f"{_ENTRY_IN_USE}    xori s5, s5, PTE_A\n"
_TO_USER = "    beqz s0, workload_done\n    trap_return"
_CHANGE_ENTRY = """
    xori s5, s5, 1 << 7
    sd   s5, 0(s3)
"""
# Twice, by stores so far apart that the adapting monitor takes neither for one that faults often.
_CHANGE_ENTRY_TWICE = f"""
    .balign 8
{_CHANGE_ENTRY}
    j    3f
    .zero 256 - 12
3:
{_CHANGE_ENTRY}
"""
_UPDATE_VA = """
    xori s5, s5, 1 << 7
    mv   a0, s4
    mv   a1, s5
    li   a2, 0
    hcall HC_UPDATE_VA
"""
_UPDATE_UNMARKED = """
    mv   a0, s4
    mv   a1, s5
    li   a2, 1
    hcall HC_UPDATE_VA
"""
_MMU_REQUEST = """
    li   t0, PAGE_SIZE - 1
    and  t0, s3, t0
    space_address t1, s3
    add  t1, t1, t0
    sd   t1, MMU_ENTRY(s2)
"""
_MMU_UPDATE = """
    xori s5, s5, 1 << 7
    sd   s5, MMU_VALUE(s2)
    mv   a0, s2
    li   a1, 1
    li   a2, 0
    hcall HC_MMU_UPDATE
"""
_REMAP = """
    mv   a0, s2
    mv   a1, s3
    call batch_remap
"""
# s4: the host frame of a page that may become a table.
_TABLE = """
    call page_alloc
    mv   s3, a0
    li   a1, TABLE_RIGHTS
    call batch_remap
    call batch_calls_send
    space_address s4, s3
    srli s4, s4, PAGE_SHIFT
"""
_TABLE_AND_BACK = """
    mv   a0, s4
    li a1, 0
    li   a3, HC_PIN_TABLE
    call batch_call
    mv   a0, s4
    li   a3, HC_UNPIN_TABLE
    call batch_call
    call batch_calls_send
"""
_CONSOLE_RING = "    li a0, RING_CONSOLE\n    mv a1, s2\n    hcall HC_RING_SETUP"
_CONSOLE_LINE = """
    ld   t0, CONSOLE_RING_OUT_PROD(s2)
    addi t0, t0, 64
    sd   t0, CONSOLE_RING_OUT_PROD(s2)
    li   a0, RING_CONSOLE
    hcall HC_DOORBELL
"""
_DISK = """
.equ DISK_UNTRAPPED, 1
.include "platform/disk.inc"
"""
_EIGHT_SECTORS = """
    li   a0, 0
    li   a1, 8
    mv   a2, s2
    li   a3, DISK_READ
    call disk_transfer
"""
_SECTORS = 8
_ROOTS = """
    user_begin user_program, 1, nano_handler
    la   t0, user_space
    ld   s3, SPACE_FRAME(t0)
    ld   s4, SPACE_USER_FRAME(t0)
"""
# The user's half loads from a page whose entry the kernel, which runs without exits, has changed: that and its own page
# are forgotten.
_LOADING_USER = """
nano_handler:
    beqz s1, workload_done
    addi s1, s1, -1
    xori s5, s5, PTE_W
    sd   s5, 0(s3)
    tlbi s4
    skip_instruction
    trap_return
.balign PAGE_SIZE
user_program:
    ld   t1, 0(s4)
    syscall
    j    user_program
"""
_UNUSED_USER = _USER_PROGRAM.replace("BODY", "    nop")


@dataclass(frozen=True, slots=True)
class Nano:
    """Its operation costs one exit of `reason`, beside direct execution and exits whose cost is known before it."""

    reason: str | None  # None: direct execution itself
    techniques: tuple[str, ...]  # or variants of some
    body: str = ""
    setup: str = ""
    code: str = ""

    @property
    def name(self) -> str:
        return f"exit {self.reason}" if self.reason else "direct execution"

    def task(self, technique: str) -> OwnKernel:
        text = _TEMPLATE.format(setup=self.setup, body=self.body, code=self.code)
        return OwnKernel(assembled_build(text, self.name, technique), _SECTORS)


_REFLECTING = ("trap", "rewrite", "hybrid", "para")


def user_nano(reason: str, body: str, setup: str = "", techniques: tuple[str, ...] = _REFLECTING) -> Nano:
    """A trap from user mode to a monitor. Its cost includes that of the return to user mode."""
    return Nano(reason, techniques, setup=setup + _ENTER_USER, code=_USER_PROGRAM.replace("BODY", body))


_ANY = ("trap", "rewrite", "hybrid", "para", "assist")
_HOST_BYTES = 2 << 20
# Exits that a monitor hands to its guest's kernel, which take more on the way there.
REFLECTED = ("syscall", "exception", "guest_page_fault")
HANDED_ON = "handed on"
_STRAYS = 2.0  # from the median of edges, by this factor at most: one is a small difference of two times
# What a walk, or whatever else leaves the engine's loop, takes more where the host cannot foresee that it will.
UNFORESEEN = "unforeseen"
INTERPRETED = "interpreted"  # direct execution by the interpreter that the recompiler has beneath it
WALKS = ("walks", "fetch_walks")  # they are in others, and nothing is in them
# From one of 32 pages, or from the one 1 MiB behind it, as s5 says, which goes on as in Knuth's MMIX.
_RANDOM_LOAD = """
    mul  s5, s5, s6
    addi s5, s5, 1
    srli t1, s5, 40
    andi t1, t1, 1
    slli t1, t1, 20
    add  t1, t1, s2
    srli t0, s5, 50
    andi t0, t0, 31
    slli t0, t0, 12
    add  t1, t1, t0
    ld   t1, 0(t1)
"""
# From each of 64 pages in turn, the one at s3 and that 1 MiB before it.
_LOADS = """
    bnez s5, 3f
    li   s5, 64
    add  s3, s2, s4
3:  sub  t0, s3, s4
    ld   t1, 0(s3)
    ld   t2, 0(t0)
    li   t0, PAGE_SIZE
    add  s3, s3, t0
    addi s5, s5, -1
"""
# s4: where a return stands that cannot be in the soft TLB together with 3.
_FAR_RETURN = """
    la   t0, 3f
    li   t1, 1 << 20
    add  s4, t0, t1
    la   t1, nano_return
    lw   t1, 0(t1)
    sw   t1, 0(s4)
"""
_CODE_PAGE = """
    la   t0, nano_return
    lw   t0, 0(t0)
    sw   t0, 0(s2)
    jalr ra, 0(s2)
"""
# The half of a page behind what was executed there, again and again.
_CLEAR_CODE = """
    andi t0, s1, 255
    slli t0, t0, 3
    add  t0, t0, s2
    sd   zero, 2040(t0)
"""
# In the order they are solved: each needs only the costs of those before it.
NANOS = (
    Nano(None, _ANY, _MIX),
    Nano("walks", _ANY, _LOADS, "    li s4, 1 << 20\n    li s5, 0"),
    Nano(UNFORESEEN, _ANY, _RANDOM_LOAD, "    li s6, 6364136223846793005\n    li s5, 1"),
    Nano("fetch_walks", _ANY, "3:  jalr ra, 0(s4)", _FAR_RETURN, "nano_return: ret"),
    Nano("code_stores", _ANY, _CLEAR_CODE, _CODE_PAGE, "nano_return: ret"),
    Nano("wfi", ("trap", "rewrite", "assist"), "    wfi", _TIMER_PENDING),
    Nano("setst", ("trap", "rewrite"), "    setst s3", "    li s3, 0"),
    Nano("tlbi", ("trap", "rewrite", _SHADOWED), "    tlbi s3", f"    li s3, {_UNMAPPED}"),
    Nano("eret", ("trap", "rewrite"), "    crw CR_EPC, s3\n    eret\n3:", "    la s3, 3f\n    crw CR_STATUS, zero"),
    Nano("hypercall version", ("para",), "    li a0, 0\n    hcall HC_VERSION"),
    Nano(
        "hypercall iret",
        ("para",),
        "    cr_write EPC, s3\n    hcall HC_IRET\n3:",
        "    la s3, 3f\n    cr_write STATUS, zero",
    ),
    Nano("hypercall time", ("para",), "    li a0, 0\n    hcall HC_TIME"),
    Nano("hypercall set_timer", ("para",), "    li a0, -1\n    hcall HC_SET_TIMER"),
    Nano("hypercall yield", ("para",), "    hcall HC_YIELD"),
    Nano("hypercall domains", ("para",), "    mv a0, s2\n    li a1, 1\n    hcall HC_DOMAINS"),
    Nano("hypercall multicall", ("para",), "    mv a0, s2\n    li a1, 0\n    li a2, 0\n    hcall HC_MULTICALL"),
    Nano("hypercall set_trap_table", ("para",), _SET_TRAP_TABLE, _TRAP_TABLE),
    Nano("hypercall block", ("para",), "    hcall HC_BLOCK", _PARA_TIMER_PENDING),
    Nano("hypercall block", OFFERING, "    hcall HC_BLOCK", _TIMER_PENDING),
    Nano("hypercall flush", ("para",), "    li a0, -1\n    hcall HC_FLUSH"),
    Nano("hypercall update_va", ("para",), _UPDATE_VA, _ENTRY_IN_USE, _UNUSED_USER),
    Nano("hypercall mmu_update", ("para",), "    mv a0, s2\n    li a1, 0\n    li a2, 0\n    hcall HC_MMU_UPDATE"),
    Nano("listed_entries", ("para",), _MMU_UPDATE, _ENTRY_IN_USE + _MMU_REQUEST, _UNUSED_USER),
    Nano("listed_calls", ("para",), f"{_REMAP * 4}    call batch_calls_send", "    li s3, MEMORY_RIGHTS"),
    Nano("scanned_leaves", ("para",), _TABLE_AND_BACK, _TABLE),
    Nano("scanned_entries", ("para",), _TABLE_AND_BACK.replace("li a1, 0", "li a1, 1"), _TABLE),
    Nano(
        "hypercall set_roots", ("para",), "    mv a0, s3\n    mv a1, s4\n    hcall HC_SET_ROOTS", _ROOTS, _UNUSED_USER
    ),
    Nano(
        "hypercall doorbell",
        ("para", *OFFERING),
        "    li a0, RING_CONSOLE\n    hcall HC_DOORBELL",
        _CONSOLE_RING,
    ),
    Nano("hypercall console_write", ("para",), "    mv a0, s2\n    li a1, 0\n    hcall HC_CONSOLE_WRITE"),
    Nano("console_bytes", ("para", *OFFERING), _CONSOLE_LINE, _CONSOLE_RING),
    Nano("ring_requests", ("para", *OFFERING), "    call disk_flush", "    call disk_begin", _DISK),
    Nano("ring_sectors", ("para", *OFFERING), _EIGHT_SECTORS, "    call disk_begin", _DISK),
    Nano("trace", ("trap", "rewrite", _SHADOWED), _CHANGE_ENTRY_TWICE, _ENTRY_IN_USE, _UNUSED_USER),
    Nano("adapted", ("rewrite+adaptive",), _CHANGE_ENTRY, _ENTRY_IN_USE, _UNUSED_USER),
    Nano(
        "shadow_page_fault",
        ("trap", "rewrite", _SHADOWED),
        f"    xori s5, s5, PTE_W\n{_ANEW}",
        _ENTRY_IN_USE,
        _UNUSED_USER,
    ),
    Nano("marks", ("trap", "rewrite", "assist"), _ANEW, _UNMARKED, _UNUSED_USER),
    Nano("marks", ("para",), f"{_UPDATE_UNMARKED}    ld t1, 0(s4)", _UNMARKED, _UNUSED_USER),
    Nano("shadow_tables", ("trap", "rewrite", _SHADOWED), _SHADOW_ANEW, _FIRST_ENTRY_IN_USE + _MALFORMED, _UNUSED_USER),
    Nano("scanned_entries", ("trap", "rewrite", _SHADOWED), _SHADOW_ANEW, _ENTRY_IN_USE + _MALFORMED, _UNUSED_USER),
    user_nano("syscall", "    syscall"),
    Nano(
        "shadow_page_fault",
        ("hybrid",),
        setup=f"{_ENTRY_IN_USE}{_TO_USER}",
        code=_LOADING_USER,
    ),
    Nano("marks", ("hybrid",), setup=f"{_UNMARKED}{_TO_USER}", code=_LOADING_USER.replace("xori s5, s5, PTE_W", "nop")),
    user_nano("exception", "    break"),
    user_nano("guest_page_fault", "    ld t1, 0(s3)", f"    li s3, {_UNMAPPED}\n", (*_REFLECTING, _SHADOWED)),
)
assert all((nano.reason or WORK[0]).partition(" ")[0] in (*BY_NAME, UNFORESEEN, *WORK) for nano in NANOS)


@dataclass(frozen=True, slots=True)
class Costs:
    """Nanoseconds on one subject: a directly executed instruction, an exit by reason, and the core's work by kind."""

    instruction: float
    exits: dict[str, float]
    doubts: dict[str, float] = field(default_factory=dict)  # half the interval of what each was measured by
    work: dict[str, float] = field(default_factory=dict)
    interpreted: float | None = None  # an instruction that no compiled code has; None: there is no recompiler
    edges: dict[str, float] = field(default_factory=dict)  # what lies around a lap, by kind of lap; bare: also by event


def operand_nano(reason: str) -> Nano | None:
    """That of an instruction that names a register or port: `crw ptbr`; None: it cannot be repeated."""
    mnemonic, _, name = reason.partition(" ")
    register, port = f"CR_{name.upper()}", f"PORT_{name.upper()}"
    if reason in _ONCE:
        return None
    match mnemonic:
        case "crr":
            return Nano(reason, (), f"    crr t0, {register}")
        case "crw":  # what it holds
            return Nano(reason, (), f"    crw {register}, s3", f"    crr s3, {register}")
        case "crx":
            return Nano(reason, (), f"    crx t0, {register}, s3", f"    crr s3, {register}")
        case "in":
            return Nano(reason, (), f"    in t0, {port}")
        case "out":
            return Nano(reason, (), f"    out {port}, zero")
    return None


@dataclass(slots=True)
class Trial:
    """A nanobenchmark on a subject: what was measured of it, by runs of so many operations."""

    nano: Nano
    cell: Cell
    task: OwnKernel
    operations: int
    exits: Mapping[str, float] = field(
        default_factory=dict
    )  # an operation; on the bare machine what exits under `trap`

    @property
    def counted(self) -> float:
        """How often an operation has what it prices."""
        counts = {**self.exits, **self.cell.work}
        counts[UNFORESEEN] = counts.get("walks", 0.0)
        return counts.get(self.nano.reason or "", 0.0)

    @property
    def number_of_accesses(self) -> float:
        """Laps of an operation for them."""
        return self.cell.laps[ACCESSES].number if ACCESSES in self.cell.laps else 0.0

    @property
    def number_of_exits(self) -> float:
        """Laps of an operation that leave the engine's loop."""
        return sum(laps.number for laps in self.cell.laps.values()) - self.number_of_accesses


class Pricing:
    """The prices on one subject: all its nanobenchmarks in turn, again and again, then their equations."""

    def __init__(self, subject: Subject, seconds: float) -> None:
        self._subject, self._seconds = subject, seconds
        self._trials: dict[str | None, Trial] = {}
        self._host_pages: list[float] = []  # what one takes, in its turn

    def begin(self, reasons: Iterable[str], progress: Progress) -> None:
        """Whatever can be measured there, and of these exits those that name a register or port: once."""
        self._host_pages.append(host_page_nanoseconds())
        kind = TRAP if self._subject.technique == BARE else self._subject.kind
        if self._subject.engine == RECOMPILER:
            self._try(Nano(INTERPRETED, _ANY, _MIX), progress, replace(self._subject, engine=INTERPRETER))
        for nano in NANOS:
            if {kind, facts_of(kind).name} & {*nano.techniques}:
                self._try(nano, progress)
        self._try_named([*reasons, *(reason for trial in self._trials.values() for reason in trial.exits)], progress)

    def repeat(self, progress: Progress) -> None:
        """Everything once more."""
        self._host_pages.append(host_page_nanoseconds())
        for trial in self._trials.values():
            self._run(trial, progress)

    @property
    def costs(self) -> Costs | None:
        """None if not even direct execution could be measured."""
        trials = [trial for trial in self._trials.values() if trial.cell.measured]
        costs = solved(trials)
        if costs is not None:
            find_edges(trials, costs)
            if self._subject.technique == BARE:
                find_native(trials, costs)
            costs.work[HOST_PAGES] = median(self._host_pages)
        return costs

    def _try(self, nano: Nano, progress: Progress, subject: Subject | None = None) -> None:
        subject = subject or self._subject
        task = nano.task(subject.kind)
        trial = self._trials[nano.reason] = Trial(nano, Cell(nano.name, subject), task, 0)
        with failing_alone(trial.cell):
            trial.operations = calibrate(subject, task, self._seconds)
            self._run(trial, progress)
            trial.cell.watched = watch(subject, task, trial.operations)
            is_bare = self._subject.technique == BARE
            trial.exits = events_of(nano.name, nano.task(TRAP)) if is_bare else trial.cell.priced_exits

    def _run(self, trial: Trial, progress: Progress) -> None:
        cell = trial.cell
        if cell.failed is None:
            progress(f"{cell.workload} on {self._subject.label}")
            with failing_alone(cell):
                cell.repetitions.append(repeat(cell.subject, trial.task, trial.operations, len(cell.repetitions)))
                cell.operands = cell.repetitions[0].operands

    def _try_named(self, reasons: Iterable[str], progress: Progress) -> None:
        """Those of the reasons that are instructions with the name of a register or port."""
        for reason in reasons:
            if reason not in self._trials and (nano := operand_nano(reason)):
                self._try(nano, progress)


def host_page_nanoseconds() -> float:
    """What the host takes to give a process a page of memory: touching some for the first time, less doing so again."""
    with closing(mmap(-1, _HOST_BYTES)) as memory:
        contents, spent = bytes(_HOST_BYTES), []
        for _ in range(2):
            started = thread_time()
            memory[:] = contents
            spent.append(thread_time() - started)
    return max(0.0, (spent[0] - spent[1]) / (_HOST_BYTES // PAGESIZE) * 1e9)


def solved(trials: Sequence[Trial]) -> Costs | None:
    """A price is what direct execution and the prices before it leave of its nanobenchmark's time."""
    first = next((trial for trial in trials if trial.nano.reason is None), None)
    interpreted = (trial for trial in trials if trial.nano.reason == INTERPRETED)
    if first is None:
        return None
    costs = Costs(_each(first), {}, interpreted=next(map(_each, interpreted), None))
    for trial in sorted(trials, key=_turn):
        reason, cell = trial.nano.reason, trial.cell
        count = trial.counted
        if reason is not None and count > _MOST:
            rest = cell.nanoseconds - explained(cell, trial.exits, costs)
            prices = costs.work if reason in (*WORK, UNFORESEEN) else costs.exits
            prices[reason] = max(rest / count, 0.0)
            costs.doubts[reason] = cell.spread * cell.nanoseconds / count
    return costs


def find_edges(trials: Sequence[Trial], costs: Costs) -> None:
    """What the way out and back takes, which no lap has: of an access, of an exit, and what more of some of them."""
    watched = [trial for trial in trials if trial.cell.watched is not None]
    walks = [trial for trial in watched if trial.nano.reason in WALKS]
    unforeseen = [trial for trial in watched if trial.nano.reason == UNFORESEEN]
    reflected = [trial for trial in watched if trial.nano.reason in REFLECTED and trial.cell.exits]
    exits = [trial for trial in watched if trial.cell.exits]
    _find_edge(ACCESSES, [(trial, trial.number_of_accesses) for trial in walks], costs)
    _find_edge(UNFORESEEN, [(trial, trial.number_of_accesses) for trial in unforeseen], costs)
    _find_edge(LOOKS, [(trial, trial.number_of_exits) for trial in exits], costs)
    _find_edge(HANDED_ON, [(trial, trial.counted) for trial in reflected], costs)
    usual = costs.edges.get(LOOKS, 0.0)
    for trial in exits:
        reason, cell = trial.nano.reason, trial.cell
        if reason is not None and reason not in REFLECTED and trial.exits.get(reason, 0.0) > _MOST:
            own = usual + (cell.nanoseconds - seen(cell, {}, costs)) / trial.counted
            costs.edges[reason] = min(max(own, usual / _STRAYS), usual * _STRAYS)


def _find_edge(kind: str, trials: Iterable[tuple[Trial, float]], costs: Costs) -> None:
    """The median of what is left of each for one of so many."""
    each = [
        (trial.cell.nanoseconds - seen(trial.cell, {}, costs)) / number for trial, number in trials if number > _MOST
    ]
    if each:
        costs.edges[kind] = max(0.0, median(each))


def find_native(trials: Sequence[Trial], costs: Costs) -> None:
    """On the bare machine: what an event takes beyond its laps."""
    for trial in sorted(trials, key=_turn):
        reason, cell = trial.nano.reason, trial.cell
        if reason is not None and reason in trial.exits and trial.counted > _MOST:
            costs.edges[reason] = max(0.0, (cell.nanoseconds - seen(cell, trial.exits, costs)) / trial.counted)


def _turn(trial: Trial) -> int:
    """What may be in others comes first: walks, then what an instruction names."""
    if trial.nano.reason in WALKS:
        return 0
    return 2 if trial.nano.techniques else 1


def _each(direct: Trial) -> float:
    """Of its instructions."""
    return direct.cell.nanoseconds / direct.cell.instructions


def measure_costs(
    subject: Subject, reasons: Iterable[str], seconds: float, repeats: int, progress: Progress
) -> Costs | None:
    """The costs on one subject of these exits and of what NANOS has; on the bare machine of what exits under `trap`.

    None if not even direct execution can be measured.
    """
    pricing = Pricing(subject, seconds)
    pricing.begin(reasons, progress)
    for _ in range(repeats - 1):
        pricing.repeat(progress)
    return pricing.costs


def direct_instructions(cell: Cell) -> float:
    """Instructions an operation that the hardware executed itself: those that were emulated or served are not."""
    retired_by_monitor = sum(count for reason, count in cell.exits.items() if retires(reason))
    return cell.instructions - retired_by_monitor


def retires(reason: str) -> bool:
    """Does the guest's instruction retire in an exit of this reason? A syscall, as an exception, does not."""
    return reason.partition(" ")[0] in (HYPERCALL, "spin") or (reason in BY_MNEMONIC and reason != "syscall")


def direct_nanoseconds(cell: Cell, costs: Costs) -> float:
    """What those take an operation, in compiled code or not."""
    instructions = direct_instructions(cell)
    if costs.interpreted is None:
        return instructions * costs.instruction
    compiled = min(instructions, cell.compiled_share * cell.instructions)
    return compiled * costs.instruction + (instructions - compiled) * costs.interpreted


def seen(cell: Cell, events: Mapping[str, float], costs: Costs) -> float:
    """Nanoseconds an operation that direct execution, laps and what lies around them come to; and events, natively."""
    spent = direct_nanoseconds(cell, costs)
    for kind, laps in cell.laps.items():
        spent += laps.nanoseconds + laps.number * costs.edges.get(ACCESSES if kind == ACCESSES else LOOKS, 0.0)
    return spent + sum(count * costs.edges.get(reason, 0.0) for reason, count in events.items())


def explained(cell: Cell, exits: Mapping[str, float], costs: Costs) -> float:
    """Nanoseconds an operation that direct execution and the exits of known cost account for."""
    known = sum(count * costs.exits.get(reason, 0.0) for reason, count in exits.items())
    known += sum(count * costs.work.get(kind, 0.0) for kind, count in cell.work.items())
    return direct_nanoseconds(cell, costs) + known
