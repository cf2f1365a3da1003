"""RV64IM by itself: a small encoder and a small model, from the RISC-V manual alone and nothing of toyvm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from toyvm.isa.control import ALL_BITS as ALL


def signed(value: int, bits: int = 64) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


# The encoder: opcode, funct3 and, of register operations and shifts, funct7.

REGISTER_CODES = {
    **{"add": (0x33, 0, 0), "sub": (0x33, 0, 32), "sll": (0x33, 1, 0), "slt": (0x33, 2, 0), "sltu": (0x33, 3, 0)},
    **{"xor": (0x33, 4, 0), "srl": (0x33, 5, 0), "sra": (0x33, 5, 32), "or": (0x33, 6, 0), "and": (0x33, 7, 0)},
    **{"mul": (0x33, 0, 1), "mulh": (0x33, 1, 1), "mulhsu": (0x33, 2, 1), "mulhu": (0x33, 3, 1)},
    **{"div": (0x33, 4, 1), "divu": (0x33, 5, 1), "rem": (0x33, 6, 1), "remu": (0x33, 7, 1)},
    **{"addw": (0x3B, 0, 0), "subw": (0x3B, 0, 32), "sllw": (0x3B, 1, 0), "srlw": (0x3B, 5, 0), "sraw": (0x3B, 5, 32)},
    **{"mulw": (0x3B, 0, 1), "divw": (0x3B, 4, 1), "divuw": (0x3B, 5, 1), "remw": (0x3B, 6, 1), "remuw": (0x3B, 7, 1)},
}
SHIFT_CODES = {
    **{"slli": (0x13, 1, 0), "srli": (0x13, 5, 0), "srai": (0x13, 5, 32)},
    **{"slliw": (0x1B, 1, 0), "srliw": (0x1B, 5, 0), "sraiw": (0x1B, 5, 32)},
}
IMMEDIATE_CODES = {
    **{"addi": (0x13, 0), "slti": (0x13, 2), "sltiu": (0x13, 3), "xori": (0x13, 4), "ori": (0x13, 6)},
    **{"andi": (0x13, 7), "addiw": (0x1B, 0)},
}
LOAD_CODES = {"lb": 0, "lh": 1, "lw": 2, "ld": 3, "lbu": 4, "lhu": 5, "lwu": 6}
STORE_CODES = {"sb": 0, "sh": 1, "sw": 2, "sd": 3}
BRANCH_CODES = {"beq": 0, "bne": 1, "blt": 4, "bge": 5, "bltu": 6, "bgeu": 7}
UPPER_CODES = {"lui": 0x37, "auipc": 0x17}
WHOLE_WORDS = {"fence": 0x0FF0000F, "fence.i": 0x0000100F}
SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}


@dataclass(frozen=True)
class Operation:
    """One instruction. `imm` is in bytes where it is a distance, and the value of bits 31..12 for lui and auipc."""

    name: str
    rd: int = 0
    rs1: int = 0
    rs2: int = 0
    imm: int = 0

    @property
    def size(self) -> int:
        """Bytes that a load or store moves."""
        return SIZES[self.name[1]]


def encode(one: Operation) -> int:
    name, low = one.name, one.imm & 0xFFF
    if name in REGISTER_CODES:
        opcode, funct3, funct7 = REGISTER_CODES[name]
        return funct7 << 25 | one.rs2 << 20 | one.rs1 << 15 | funct3 << 12 | one.rd << 7 | opcode
    if name in SHIFT_CODES:
        opcode, funct3, funct7 = SHIFT_CODES[name]
        return funct7 << 25 | one.imm << 20 | one.rs1 << 15 | funct3 << 12 | one.rd << 7 | opcode
    if name in IMMEDIATE_CODES:
        opcode, funct3 = IMMEDIATE_CODES[name]
        return low << 20 | one.rs1 << 15 | funct3 << 12 | one.rd << 7 | opcode
    if name in LOAD_CODES:
        return low << 20 | one.rs1 << 15 | LOAD_CODES[name] << 12 | one.rd << 7 | 0x03
    if name == "jalr":
        return low << 20 | one.rs1 << 15 | one.rd << 7 | 0x67
    if name in STORE_CODES:
        return low >> 5 << 25 | one.rs2 << 20 | one.rs1 << 15 | STORE_CODES[name] << 12 | (low & 31) << 7 | 0x23
    if name in BRANCH_CODES:
        imm = one.imm & 0x1FFF
        high = imm >> 12 << 31 | (imm >> 5 & 63) << 25
        return (
            high
            | one.rs2 << 20
            | one.rs1 << 15
            | BRANCH_CODES[name] << 12
            | (imm >> 1 & 15) << 8
            | (imm >> 11 & 1) << 7
            | 0x63
        )
    if name in UPPER_CODES:
        return (one.imm & 0xFFFFF) << 12 | one.rd << 7 | UPPER_CODES[name]
    if name == "jal":
        imm = one.imm & 0x1FFFFF
        high = imm >> 20 << 31 | (imm >> 1 & 0x3FF) << 21 | (imm >> 11 & 1) << 20
        return high | (imm >> 12 & 0xFF) << 12 | one.rd << 7 | 0x6F
    return WHOLE_WORDS[name]


# The model.


def _divide(a: int, b: int) -> int:
    """Towards zero; by zero all ones."""
    if b == 0:
        return -1
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


def _remainder(a: int, b: int) -> int:
    return a if b == 0 else a - b * _divide(a, b)


Binary = Callable[[int, int], int]

# Of unsigned 64-bit values.
OPERATIONS: dict[str, Binary] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sll": lambda a, b: a << (b & 63),
    "slt": lambda a, b: int(signed(a) < signed(b)),
    "sltu": lambda a, b: int(a < b),
    "xor": lambda a, b: a ^ b,
    "srl": lambda a, b: a >> (b & 63),
    "sra": lambda a, b: signed(a) >> (b & 63),
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "mul": lambda a, b: a * b,
    "mulh": lambda a, b: signed(a) * signed(b) >> 64,
    "mulhsu": lambda a, b: signed(a) * b >> 64,
    "mulhu": lambda a, b: a * b >> 64,
    "div": lambda a, b: _divide(signed(a), signed(b)),
    "divu": lambda a, b: ALL if b == 0 else a // b,
    "rem": lambda a, b: _remainder(signed(a), signed(b)),
    "remu": lambda a, b: a if b == 0 else a % b,
    # The results of these are sign-extended from 32 bits.
    "addw": lambda a, b: a + b,
    "subw": lambda a, b: a - b,
    "sllw": lambda a, b: a << (b & 31),
    "srlw": lambda a, b: (a & 0xFFFFFFFF) >> (b & 31),
    "sraw": lambda a, b: signed(a, 32) >> (b & 31),
    "mulw": lambda a, b: a * b,
    "divw": lambda a, b: _divide(signed(a, 32), signed(b, 32)),
    "divuw": lambda a, b: ALL if b & 0xFFFFFFFF == 0 else (a & 0xFFFFFFFF) // (b & 0xFFFFFFFF),
    "remw": lambda a, b: _remainder(signed(a, 32), signed(b, 32)),
    "remuw": lambda a, b: a if b & 0xFFFFFFFF == 0 else (a & 0xFFFFFFFF) % (b & 0xFFFFFFFF),
}
IMMEDIATE_OF = {"addi": "add", "slti": "slt", "sltiu": "sltu", "xori": "xor", "ori": "or", "andi": "and"}
IMMEDIATE_OF |= {"slli": "sll", "srli": "srl", "srai": "sra", "addiw": "addw"}
IMMEDIATE_OF |= {"slliw": "sllw", "srliw": "srlw", "sraiw": "sraw"}
CONDITIONS: dict[str, Callable[[int, int], bool]] = {
    "beq": lambda a, b: a == b,
    "bne": lambda a, b: a != b,
    "blt": lambda a, b: signed(a) < signed(b),
    "bge": lambda a, b: signed(a) >= signed(b),
    "bltu": lambda a, b: a < b,
    "bgeu": lambda a, b: a >= b,
}


@dataclass
class Hart:
    """Registers, pc, and memory as bytes by address."""

    x: list[int]
    pc: int
    memory: dict[int, int] = field(default_factory=dict)

    def step(self, one: Operation) -> None:
        """Execute one instruction, which stands at pc."""
        a, b, name, following = self.x[one.rs1], self.x[one.rs2], one.name, self.pc + 4
        result: int | None = None
        if name in OPERATIONS or name in IMMEDIATE_OF:
            other = b if name in OPERATIONS else one.imm & ALL
            result = OPERATIONS[IMMEDIATE_OF.get(name, name)](a, other)
            result = signed(result, 32) if name.endswith("w") else result
        elif name in LOAD_CODES:
            address = a + one.imm & ALL
            value = int.from_bytes(bytes(self.memory[address + n] for n in range(one.size)), "little")
            result = value if name.endswith("u") else signed(value, 8 * one.size)
        elif name in STORE_CODES:
            address = a + one.imm & ALL
            self.memory |= {address + n: b >> 8 * n & 0xFF for n in range(one.size)}
        elif name in CONDITIONS:
            following = self.pc + one.imm if CONDITIONS[name](a, b) else following
        elif name in UPPER_CODES:
            result = signed(one.imm << 12, 32) + (self.pc if name == "auipc" else 0)
        elif name in ("jal", "jalr"):
            result = self.pc + 4
            following = self.pc + one.imm if name == "jal" else a + one.imm & ~1
        if result is not None and one.rd:
            self.x[one.rd] = result & ALL
        self.pc = following & ALL
