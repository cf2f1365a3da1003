"""Doubts: instructions that assemble and can only trap, whatever the registers hold. The assembler warns of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from toyvm.isa.coding import decode
from toyvm.isa.control import BY_NUMBER as CONTROL_BY_NUMBER
from toyvm.isa.declare import OP, RS1
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.ports import BY_NUMBER as PORT_BY_NUMBER


class Doubt(NamedTuple):
    """Why a word can only trap, and which of its operands is to blame."""

    message: str
    operand: int


def _read_control(values: tuple[int, ...], operand: int) -> str | None:
    number = values[operand]
    return None if number in CONTROL_BY_NUMBER else f"there is no control register {number}"


def _write_control(values: tuple[int, ...], operand: int) -> str | None:
    register = CONTROL_BY_NUMBER.get(values[operand])
    if register is not None and not register.writable:
        return f"control register {register.name} can only be read"
    return _read_control(values, operand)


def _read_port(values: tuple[int, ...], operand: int) -> str | None:
    port = PORT_BY_NUMBER.get(values[operand])
    if port is None:
        return f"there is no port {values[operand]:#x}"
    return None if port.read else f"port {port.name} can only be written"


def _write_port(values: tuple[int, ...], operand: int) -> str | None:
    port = PORT_BY_NUMBER.get(values[operand])
    if port is None:
        return f"there is no port {values[operand]:#x}"
    return None if port.write else f"port {port.name} can only be read"


# These are asked about accesses and jumps by x0 alone.


def _access(size: int) -> Check:
    def check(values: tuple[int, ...], operand: int) -> str | None:
        return f"address {values[1]} is not a multiple of {size}" if values[1] % size else None

    return check


def _jump(values: tuple[int, ...], operand: int) -> str | None:
    return f"target {values[1] & ~1} is not a multiple of 4" if values[1] & 2 else None


Check = Callable[[tuple[int, ...], int], str | None]
_CHECKS: dict[str, tuple[Check, int]] = {
    "crr": (_read_control, 1),
    "crw": (_write_control, 0),
    "crx": (_write_control, 1),
    "in": (_read_port, 1),
    "out": (_write_port, 0),
    **{mnemonic: (_access(2), 1) for mnemonic in ("lh", "lhu", "sh")},
    **{mnemonic: (_access(4), 1) for mnemonic in ("lw", "lwu", "sw")},
    **{mnemonic: (_access(8), 1) for mnemonic in ("ld", "sd")},
    "jalr": (_jump, 1),
}
_OPCODES = frozenset(BY_MNEMONIC[mnemonic].match & OP.mask for mnemonic in _CHECKS)
_BY_REGISTER = frozenset(
    BY_MNEMONIC[mnemonic].match & OP.mask for mnemonic in _CHECKS if BY_MNEMONIC[mnemonic].syntax.endswith("(rs1)")
)


def doubt(word: int) -> Doubt | None:
    """What is wrong with an instruction that can only trap; None if it can do something else."""
    opcode = word & OP.mask
    if opcode not in _OPCODES or (word & RS1.mask and opcode in _BY_REGISTER):
        return None  # the common case, without decoding
    decoded = decode(word)
    assert decoded is not None, "the assembler makes legal words"
    check, operand = _CHECKS[decoded.instruction.mnemonic]
    message = check(decoded.values, operand)
    return None if message is None else Doubt(f"this can only trap: {message}", operand)
