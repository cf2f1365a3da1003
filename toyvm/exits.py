"""Exit reasons: why control went from a guest to its monitor. Counted by these names in every report."""

from __future__ import annotations

from dataclasses import dataclass

from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.declare import Class, Operand
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.ports import PORTS


@dataclass(frozen=True, slots=True)
class ExitReason:
    """One reason; `number` indexes the native core's counters, so a new one goes to the end of its list."""

    name: str
    number: int
    description: str


_SENSITIVE = tuple(
    (row.mnemonic, f"the guest kernel's {row.mnemonic}, emulated")
    for row in INSTRUCTIONS
    if row.cls in (Class.PRIVILEGED, Class.CRITICAL)
)
_OTHER = (
    ("syscall", "a system call of the guest, handed to its kernel"),
    ("exception", "another exception of the guest, page faults excepted, handed to its kernel"),
    ("guest_page_fault", "a page fault that the guest's own tables explain, handed to its kernel"),
    ("shadow_page_fault", "a page fault that the guest never sees: its tables allow the access, the shadow lacked it"),
    ("timer", "the guest's timer or a device reached its instant"),
    ("spin", "a jump to itself"),
    ("hypercall", "hcall, where the monitor offers it"),
    ("trace", "a store into one of the guest's page tables that is shadowed, made by the monitor"),
    ("nested_page_fault", "guest mode went where its nested tables have no translation, or not with that right"),
    ("interrupt", "an interrupt of guest mode, intercepted, and handed to its kernel"),
    ("shutdown", "guest mode came to a double fault, or to a jump to itself that nothing can end"),
    ("code_read", "a load from a page whose rewritten copy runs, made from the original"),
    ("code_write", "a store to a page whose code the monitor has scanned"),
    (
        "adapted",
        "a load or store that calls the monitor instead, for it faulted often, or the monitors' window would answer it",
    ),
)

EXIT_REASONS: tuple[ExitReason, ...] = tuple(
    ExitReason(name, number, description) for number, (name, description) in enumerate(_SENSITIVE + _OTHER)
)
BY_NAME: dict[str, ExitReason] = {reason.name: reason for reason in EXIT_REASONS}

_NAMES = {
    Operand.CR: {row.number: row.name for row in CONTROL_REGISTERS},
    Operand.PORT: {row.number: row.name for row in PORTS},
}
# Of a reason whose instruction names a control register or a port: what it may name, by number.
NAMED: dict[str, dict[int, str]] = {
    row.mnemonic: _NAMES[row.immediate] for row in INSTRUCTIONS if row.immediate in _NAMES
}

assert len(BY_NAME) == len(EXIT_REASONS) <= 64, "exit reasons are unique, and fit a 64-bit mask of those observed"
