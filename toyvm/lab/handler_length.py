"""Trap handlers: how long one is, from the trap out of user mode to the return, counted by single steps."""

from __future__ import annotations

from functools import cache

from toyvm.errors import ToyvmError
from toyvm.isa.control import MODE
from toyvm.lab.tasks import GUEST_MEMORY
from toyvm.machine.bare import Machine
from toyvm.programs import load_program

SYSCALL = "syscall"  # the workload
_OPERATIONS = 2  # the first one is counted
_LONGEST = 100_000  # steps to user mode or out of it


@cache
def handler_length() -> int:
    """Instructions of the `syscall` workload's handler on the bare machine, its eret included."""
    with Machine(GUEST_MEMORY) as machine:
        machine.load(load_program(f"workloads/{SYSCALL}"))
        machine.memory.set_dword("operations", _OPERATIONS)
        _steps_to_mode(machine, MODE)
        # Entering a trap retires nothing: the step that does it ends behind the handler's first instruction.
        _steps_to_mode(machine, 0)
        return 1 + _steps_to_mode(machine, MODE)


def _steps_to_mode(machine: Machine, mode: int) -> int:
    """Step until the machine is in this mode; how many steps that took."""
    for steps in range(_LONGEST):
        if machine.control.status & MODE == mode:
            return steps
        machine.step()
    raise ToyvmError(f"the workload {SYSCALL} has not changed its mode within {_LONGEST} instructions")
