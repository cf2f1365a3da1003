"""Nanobenchmarks: what one exit costs, by reason, each measured by a program that does little else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toyvm.exits import BY_NAME
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.lab.builds import assembled_build
from toyvm.lab.events import events_of
from toyvm.lab.measure import HYPERCALL, Cell, Progress, measure_cells
from toyvm.lab.subjects import Subject
from toyvm.lab.tasks import OwnKernel
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
_MOST = 0.5  # exits an operation; fewer are left of a reason that the technique is about to get rid of
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
_CHANGE_ENTRY = """
    xori s5, s5, 1 << 7
    sd   s5, 0(s3)
"""
_UPDATE_VA = """
    xori s5, s5, 1 << 7
    mv   a0, s4
    mv   a1, s5
    li   a2, 0
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
        return OwnKernel(assembled_build(text, self.name, technique))


_REFLECTING = ("trap", "rewrite", "hybrid", "para")


def user_nano(reason: str, body: str, setup: str = "", techniques: tuple[str, ...] = _REFLECTING) -> Nano:
    """A trap from user mode to a monitor. Its cost includes that of the return to user mode."""
    return Nano(reason, techniques, setup=setup + _ENTER_USER, code=_USER_PROGRAM.replace("BODY", body))


# In the order they are solved: each needs only the costs of those before it.
NANOS = (
    Nano(None, ("trap", "rewrite", "hybrid", "para", "assist"), _MIX),
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
    Nano("hypercall mmu_update", ("para",), _MMU_UPDATE, _ENTRY_IN_USE + _MMU_REQUEST, _UNUSED_USER),
    Nano(
        "hypercall set_roots", ("para",), "    mv a0, s3\n    mv a1, s4\n    hcall HC_SET_ROOTS", _ROOTS, _UNUSED_USER
    ),
    Nano(
        "hypercall doorbell",
        ("para", *OFFERING),
        "    li a0, RING_CONSOLE\n    hcall HC_DOORBELL",
        "    li a0, RING_CONSOLE\n    mv a1, s2\n    hcall HC_RING_SETUP",
    ),
    Nano("hypercall console_write", ("para",), "    mv a0, s2\n    li a1, 64\n    hcall HC_CONSOLE_WRITE"),
    Nano("trace", ("trap", "rewrite", _SHADOWED), _CHANGE_ENTRY, _ENTRY_IN_USE, _UNUSED_USER),
    Nano("adapted", ("rewrite+adaptive",), _CHANGE_ENTRY, _ENTRY_IN_USE, _UNUSED_USER),
    Nano(
        "shadow_page_fault",
        ("trap", "rewrite", _SHADOWED),
        "    sd s5, 0(s3)\n    tlbi s4\n    ld t1, 0(s4)",
        _ENTRY_IN_USE + "    xori s5, s5, PTE_A\n",
        _UNUSED_USER,
    ),
    user_nano("syscall", "    syscall"),
    Nano(
        "shadow_page_fault",
        ("hybrid",),
        setup=_ENTRY_IN_USE + "    xori s5, s5, PTE_A\n    beqz s0, workload_done\n    trap_return",
        code=_LOADING_USER,
    ),
    user_nano("exception", "    break"),
    user_nano("guest_page_fault", "    ld t1, 0(s3)", f"    li s3, {_UNMAPPED}\n", (*_REFLECTING, _SHADOWED)),
)
assert all(nano.reason is None or nano.reason.partition(" ")[0] in BY_NAME for nano in NANOS)


@dataclass(frozen=True, slots=True)
class Costs:
    """Nanoseconds on one subject: a directly executed instruction, and an exit by reason."""

    instruction: float
    exits: dict[str, float]
    doubts: dict[str, float] = field(default_factory=dict)  # half the interval of what each was measured by


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


class Pricing:
    """The prices on one subject, each found when it is first asked for."""

    def __init__(self, subject: Subject, seconds: float, repeats: int, progress: Progress) -> None:
        self._subject, self._effort, self._progress = subject, (seconds, repeats), progress
        self._tried: set[str] = set()
        self.costs: Costs | None = None

    def price(self, nano: Nano) -> None:
        """Measure it, and before it the instructions with names that it needs."""
        cell = Cell(nano.name, self._subject)
        tasks = {self._subject: nano.task(self._subject.kind)}
        measure_cells([cell], tasks, *self._effort, self._progress)
        if not cell.measured:
            return
        if nano.reason is None:
            self.costs = Costs(cell.nanoseconds / cell.instructions, {})
            return
        exits = cell.priced_exits if self._subject.technique != BARE else events_of(nano.name, nano.task(TRAP))
        self.price_named(reason for reason in exits if reason != nano.reason)
        count = exits.get(nano.reason, 0.0)
        if self.costs is not None and count > _MOST:
            rest = cell.nanoseconds - explained(cell, exits, self.costs)
            self.costs.exits[nano.reason] = max(rest / count, 0.0)
            self.costs.doubts[nano.reason] = cell.spread * cell.nanoseconds / count

    def price_named(self, reasons: Iterable[str]) -> None:
        """Those of the reasons that are instructions with the name of a register or port."""
        for reason in reasons:
            if reason not in self._tried and (nano := operand_nano(reason)):
                self._tried.add(reason)
                self.price(nano)


def measure_costs(
    subject: Subject, reasons: Iterable[str], seconds: float, repeats: int, progress: Progress
) -> Costs | None:
    """The costs on one subject of these exits and of what NANOS has; on the bare machine of what exits under `trap`.

    None if not even direct execution can be measured.
    """
    pricing = Pricing(subject, seconds, repeats, progress)
    kind = TRAP if subject.technique == BARE else subject.kind
    for nano in NANOS:
        if {kind, facts_of(kind).name} & {*nano.techniques}:
            pricing.price(nano)
    pricing.price_named(reasons)
    return pricing.costs


def direct_instructions(cell: Cell) -> float:
    """Instructions an operation that the hardware executed itself: those that were emulated or served are not."""
    retired_by_monitor = sum(count for reason, count in cell.exits.items() if retires(reason))
    return cell.instructions - retired_by_monitor


def retires(reason: str) -> bool:
    """Does the guest's instruction retire in an exit of this reason? A syscall, as an exception, does not."""
    return reason.partition(" ")[0] in (HYPERCALL, "spin") or (reason in BY_MNEMONIC and reason != "syscall")


def explained(cell: Cell, exits: Mapping[str, float], costs: Costs) -> float:
    """Nanoseconds an operation that direct execution and the exits of known cost account for."""
    known = sum(count * costs.exits.get(reason, 0.0) for reason, count in exits.items())
    return direct_instructions(cell) * costs.instruction + known
