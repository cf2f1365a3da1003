"""The specification of the T64: every instruction, register, cause, entry and port, declared once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toyvm.isa.coding import Decoded, decode, encode
    from toyvm.isa.control import CONTROL_REGISTERS, BitField, ControlRegister
    from toyvm.isa.declare import Class, Field, Format, Group, Instruction, Operand
    from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
    from toyvm.isa.machine import Level
    from toyvm.isa.ports import PORTS, Port
    from toyvm.isa.registers import ABI_NAMES, REGISTERS
    from toyvm.isa.traps import CAUSES, EXCEPTIONS, INTERRUPTS, Cause

# Each name by the module that declares it. They are imported when first used: to start a guest takes few of them.
_HOMES = {
    "toyvm.isa.coding": ("Decoded", "decode", "encode"),
    "toyvm.isa.control": ("CONTROL_REGISTERS", "BitField", "ControlRegister"),
    "toyvm.isa.declare": ("Class", "Field", "Format", "Group", "Instruction", "Operand"),
    "toyvm.isa.instructions": ("BY_MNEMONIC", "INSTRUCTIONS"),
    "toyvm.isa.machine": ("Level",),
    "toyvm.isa.ports": ("PORTS", "Port"),
    "toyvm.isa.registers": ("ABI_NAMES", "REGISTERS"),
    "toyvm.isa.traps": ("CAUSES", "EXCEPTIONS", "INTERRUPTS", "Cause"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ABI_NAMES",
    "BY_MNEMONIC",
    "CAUSES",
    "CONTROL_REGISTERS",
    "EXCEPTIONS",
    "INSTRUCTIONS",
    "INTERRUPTS",
    "PORTS",
    "REGISTERS",
    "BitField",
    "Cause",
    "Class",
    "ControlRegister",
    "Decoded",
    "Field",
    "Format",
    "Group",
    "Instruction",
    "Level",
    "Operand",
    "Port",
    "decode",
    "encode",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'toyvm.isa' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
