"""The specification of the T64: every instruction, register, cause, entry and port, declared once."""

from toyvm.isa.coding import Decoded, decode, encode
from toyvm.isa.control import CONTROL_REGISTERS, BitField, ControlRegister
from toyvm.isa.declare import Class, Field, Format, Group, Instruction, Operand
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS
from toyvm.isa.machine import Level
from toyvm.isa.ports import PORTS, Port
from toyvm.isa.registers import ABI_NAMES, REGISTERS
from toyvm.isa.traps import CAUSES, EXCEPTIONS, INTERRUPTS, Cause

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
