"""What each instruction does, a row each: a function of the CPU and the encoded operands, in written order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.reference import alu
from toyvm.reference.words import u64

if TYPE_CHECKING:
    from toyvm.reference.cpu import Cpu

Meaning = Callable[..., Any]  # of the CPU and the operands; what it returns means nothing

PAGE_BITS = 12  # what lui and auipc shift by
WORD = 4  # bytes that one unit of a target means


def _register_alu(compute: alu.Meaning) -> Meaning:
    return lambda cpu, rd, rs1, rs2: cpu.write(rd, compute(cpu.x[rs1], cpu.x[rs2]))


def _immediate_alu(compute: alu.Meaning) -> Meaning:
    return lambda cpu, rd, rs1, imm: cpu.write(rd, compute(cpu.x[rs1], u64(imm)))


def _branch(taken: Callable[[int, int], bool]) -> Meaning:
    def branch(cpu: Cpu, rv: int, rs1: int, target: int) -> None:
        if taken(cpu.x[rv], cpu.x[rs1]):
            cpu.jump(u64(cpu.pc + WORD * target))

    return branch


def _signed_load(size: int) -> Meaning:
    return lambda cpu, rd, imm, rs1: cpu.load_extended(rd, cpu.place(rs1, imm), size)


def _unsigned_load(size: int) -> Meaning:
    return lambda cpu, rd, imm, rs1: cpu.write(rd, cpu.load(cpu.place(rs1, imm), size))


def _store(size: int) -> Meaning:
    return lambda cpu, rv, imm, rs1: cpu.store(cpu.place(rs1, imm), size, cpu.x[rv])


def _jal(cpu: Cpu, rd: int, target: int) -> None:
    cpu.jump(u64(cpu.pc + WORD * target))
    cpu.write(rd, cpu.pc + WORD)


def _nothing(cpu: Cpu) -> None:
    """fence and fencei: one CPU, coherent fetch. wfi: it retires first, and waits then."""


# fmt: off
MEANING: dict[str, Meaning] = {
    **{mnemonic: _register_alu(compute) for mnemonic, compute in alu.REGISTER.items()},
    **{mnemonic: _immediate_alu(compute) for mnemonic, compute in alu.IMMEDIATE.items()},
    **{mnemonic: _branch(taken) for mnemonic, taken in alu.BRANCH.items()},

    "lui":     lambda cpu, rd, imm20: cpu.write(rd, imm20 << PAGE_BITS),
    "auipc":   lambda cpu, rd, imm20: cpu.write(rd, cpu.pc + (imm20 << PAGE_BITS)),

    "lb":      _signed_load(1),
    "lbu":     _unsigned_load(1),
    "lh":      _signed_load(2),
    "lhu":     _unsigned_load(2),
    "lw":      _signed_load(4),
    "lwu":     _unsigned_load(4),
    "ld":      _unsigned_load(8),
    "sb":      _store(1),
    "sh":      _store(2),
    "sw":      _store(4),
    "sd":      _store(8),

    "jal":     _jal,
    "jalr":    lambda cpu, rd, imm, rs1: cpu.jump_register(rd, u64(cpu.x[rs1] + imm)),

    "fence":   _nothing,
    "fencei":  _nothing,

    "syscall": lambda cpu: cpu.trap("syscall"),
    "break":   lambda cpu: cpu.trap("break"),
    "hcall":   lambda cpu, number: cpu.hypercall(),

    "crr":     lambda cpu, rd, cr: cpu.write(rd, cpu.read_control(cr)),
    "crw":     lambda cpu, cr, rs1: cpu.write_control(cr, cpu.x[rs1]),
    "crx":     lambda cpu, rd, cr, rs1: cpu.exchange_control(rd, cr, cpu.x[rs1]),
    "eret":    lambda cpu: cpu.return_from_trap(),
    "wfi":     _nothing,
    "tlbi":    lambda cpu, rs1: cpu.forget_page(rs1),
    "in":      lambda cpu, rd, port: cpu.read_port(rd, port),
    "out":     lambda cpu, port, rs1: cpu.write_port(port, cpu.x[rs1]),

    "getst":   lambda cpu, rd: cpu.write(rd, cpu.control["status"]),
    "setst":   lambda cpu, rs1: cpu.set_interrupts(cpu.x[rs1]),
    "getvec":  lambda cpu, rd: cpu.write(rd, cpu.control["tvec"]),
    "getpt":   lambda cpu, rd: cpu.write(rd, cpu.control["ptbr"]),
    "probe":   lambda cpu, rd, rs1, rs2: cpu.write(rd, cpu.mmu.probe(cpu.x[rs1], cpu.x[rs2])),
}
# fmt: on

assert set(MEANING) == set(BY_MNEMONIC), "every declared instruction has one meaning here"
