"""The T64 instruction set: one row an instruction, and nothing else about it anywhere in the project."""

from __future__ import annotations

from toyvm.isa.declare import Class, Format, Group, Instruction, check_unique, instruction

_I, _P, _C = Class.INNOCUOUS, Class.PRIVILEGED, Class.CRITICAL
_ALU, _MUL, _IMM, _MEM, _CTL = Group.ALU, Group.MULDIV, Group.ALU_IMM, Group.MEMORY, Group.CONTROL
_SYS, _CRIT, _ENV = Group.SYSTEM, Group.CRITICAL, Group.ENVIRONMENT
R, I, U = Format.R, Format.I, Format.U  # noqa: E741 (the manual's own letters)

# fmt: off
INSTRUCTIONS: tuple[Instruction, ...] = tuple(instruction(*row) for row in (
    # mnemonic  format op   fn    operands            group   class  meaning
    ("add",     R, 0x01, 0x00, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 + rs2"),
    ("sub",     R, 0x01, 0x01, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 - rs2"),
    ("and",     R, 0x01, 0x02, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 & rs2"),
    ("or",      R, 0x01, 0x03, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 | rs2"),
    ("xor",     R, 0x01, 0x04, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 ^ rs2"),
    ("sll",     R, 0x01, 0x05, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 << rs2[5:0]"),
    ("srl",     R, 0x01, 0x06, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 >> rs2[5:0], zeros shifted in"),
    ("sra",     R, 0x01, 0x07, "rd, rs1, rs2",    _ALU, _I, "rd = rs1 >> rs2[5:0], sign shifted in"),
    ("slt",     R, 0x01, 0x08, "rd, rs1, rs2",    _ALU, _I, "rd = 1 if rs1 < rs2 signed, else 0"),
    ("sltu",    R, 0x01, 0x09, "rd, rs1, rs2",    _ALU, _I, "rd = 1 if rs1 < rs2 unsigned, else 0"),
    ("addw",    R, 0x02, 0x00, "rd, rs1, rs2",    _ALU, _I, "rd = sext32(rs1 + rs2)"),
    ("subw",    R, 0x02, 0x01, "rd, rs1, rs2",    _ALU, _I, "rd = sext32(rs1 - rs2)"),
    ("sllw",    R, 0x02, 0x05, "rd, rs1, rs2",    _ALU, _I, "rd = sext32(rs1 << rs2[4:0])"),
    ("srlw",    R, 0x02, 0x06, "rd, rs1, rs2",    _ALU, _I, "rd = sext32(rs1[31:0] >> rs2[4:0]), zeros shifted in"),
    ("sraw",    R, 0x02, 0x07, "rd, rs1, rs2",    _ALU, _I, "rd = sext32(rs1[31:0] >> rs2[4:0]), bit 31 shifted in"),

    ("mul",     R, 0x03, 0x00, "rd, rs1, rs2",    _MUL, _I, "rd = low 64 bits of rs1 * rs2"),
    ("mulh",    R, 0x03, 0x01, "rd, rs1, rs2",    _MUL, _I, "rd = high 64 bits of signed rs1 * signed rs2"),
    ("mulhsu",  R, 0x03, 0x02, "rd, rs1, rs2",    _MUL, _I, "rd = high 64 bits of signed rs1 * unsigned rs2"),
    ("mulhu",   R, 0x03, 0x03, "rd, rs1, rs2",    _MUL, _I, "rd = high 64 bits of unsigned rs1 * unsigned rs2"),
    ("div",     R, 0x03, 0x04, "rd, rs1, rs2",    _MUL, _I, "rd = signed rs1 / rs2, towards zero; by 0: -1; -2**63 / -1: -2**63"),
    ("divu",    R, 0x03, 0x05, "rd, rs1, rs2",    _MUL, _I, "rd = unsigned rs1 / rs2; by 0: 2**64 - 1"),
    ("rem",     R, 0x03, 0x06, "rd, rs1, rs2",    _MUL, _I, "rd = signed remainder, sign of rs1; by 0: rs1; -2**63 by -1: 0"),
    ("remu",    R, 0x03, 0x07, "rd, rs1, rs2",    _MUL, _I, "rd = unsigned remainder; by 0: rs1"),
    ("mulw",    R, 0x04, 0x00, "rd, rs1, rs2",    _MUL, _I, "rd = sext32(rs1 * rs2)"),
    ("divw",    R, 0x04, 0x04, "rd, rs1, rs2",    _MUL, _I, "as div on the low 32 bits, result sign-extended; by 0: -1"),
    ("divuw",   R, 0x04, 0x05, "rd, rs1, rs2",    _MUL, _I, "as divu on the low 32 bits, result sign-extended; by 0: -1"),
    ("remw",    R, 0x04, 0x06, "rd, rs1, rs2",    _MUL, _I, "as rem on the low 32 bits, result sign-extended; by 0: sext32(rs1)"),
    ("remuw",   R, 0x04, 0x07, "rd, rs1, rs2",    _MUL, _I, "as remu on the low 32 bits, result sign-extended; by 0: sext32(rs1)"),

    ("addi",    I, 0x10, 0, "rd, rs1, imm",       _IMM, _I, "rd = rs1 + imm"),
    ("andi",    I, 0x11, 0, "rd, rs1, imm",       _IMM, _I, "rd = rs1 & imm"),
    ("ori",     I, 0x12, 0, "rd, rs1, imm",       _IMM, _I, "rd = rs1 | imm"),
    ("xori",    I, 0x13, 0, "rd, rs1, imm",       _IMM, _I, "rd = rs1 ^ imm"),
    ("slti",    I, 0x14, 0, "rd, rs1, imm",       _IMM, _I, "rd = 1 if rs1 < imm signed, else 0"),
    ("sltiu",   I, 0x15, 0, "rd, rs1, imm",       _IMM, _I, "rd = 1 if rs1 < sign-extended imm unsigned, else 0"),
    ("slli",    I, 0x16, 0, "rd, rs1, shamt",     _IMM, _I, "rd = rs1 << shamt"),
    ("srli",    I, 0x17, 0, "rd, rs1, shamt",     _IMM, _I, "rd = rs1 >> shamt, zeros shifted in"),
    ("srai",    I, 0x18, 0, "rd, rs1, shamt",     _IMM, _I, "rd = rs1 >> shamt, sign shifted in"),
    ("addiw",   I, 0x19, 0, "rd, rs1, imm",       _IMM, _I, "rd = sext32(rs1 + imm)"),
    ("slliw",   I, 0x1A, 0, "rd, rs1, shamt5",    _IMM, _I, "rd = sext32(rs1 << shamt)"),
    ("srliw",   I, 0x1B, 0, "rd, rs1, shamt5",    _IMM, _I, "rd = sext32(rs1[31:0] >> shamt), zeros shifted in"),
    ("sraiw",   I, 0x1C, 0, "rd, rs1, shamt5",    _IMM, _I, "rd = sext32(rs1[31:0] >> shamt), bit 31 shifted in"),

    ("lui",     U, 0x20, 0, "rd, imm20",    Group.WIDE, _I, "rd = imm20 << 12, sign-extended"),
    ("auipc",   U, 0x21, 0, "rd, imm20",    Group.WIDE, _I, "rd = pc + (imm20 << 12, sign-extended)"),

    ("lb",      I, 0x28, 0, "rd, imm(rs1)",       _MEM, _I, "rd = sign-extended byte at rs1 + imm"),
    ("lbu",     I, 0x29, 0, "rd, imm(rs1)",       _MEM, _I, "rd = zero-extended byte at rs1 + imm"),
    ("lh",      I, 0x2A, 0, "rd, imm(rs1)",       _MEM, _I, "rd = sign-extended 2 bytes at rs1 + imm"),
    ("lhu",     I, 0x2B, 0, "rd, imm(rs1)",       _MEM, _I, "rd = zero-extended 2 bytes at rs1 + imm"),
    ("lw",      I, 0x2C, 0, "rd, imm(rs1)",       _MEM, _I, "rd = sign-extended 4 bytes at rs1 + imm"),
    ("lwu",     I, 0x2D, 0, "rd, imm(rs1)",       _MEM, _I, "rd = zero-extended 4 bytes at rs1 + imm"),
    ("ld",      I, 0x2E, 0, "rd, imm(rs1)",       _MEM, _I, "rd = 8 bytes at rs1 + imm"),
    ("sb",      I, 0x30, 0, "rv, imm(rs1)",       _MEM, _I, "byte at rs1 + imm = rv[7:0]"),
    ("sh",      I, 0x31, 0, "rv, imm(rs1)",       _MEM, _I, "2 bytes at rs1 + imm = rv[15:0]"),
    ("sw",      I, 0x32, 0, "rv, imm(rs1)",       _MEM, _I, "4 bytes at rs1 + imm = rv[31:0]"),
    ("sd",      I, 0x33, 0, "rv, imm(rs1)",       _MEM, _I, "8 bytes at rs1 + imm = rv"),

    ("beq",     I, 0x38, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv == rs1"),
    ("bne",     I, 0x39, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv != rs1"),
    ("blt",     I, 0x3A, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv < rs1 signed"),
    ("bge",     I, 0x3B, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv >= rs1 signed"),
    ("bltu",    I, 0x3C, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv < rs1 unsigned"),
    ("bgeu",    I, 0x3D, 0, "rv, rs1, target",    _CTL, _I, "pc = target if rv >= rs1 unsigned"),
    ("jalr",    I, 0x3E, 0, "rd, imm(rs1)",       _CTL, _I, "t = (rs1 + imm) & ~1; if t[1]: trap fetch_misaligned; rd = pc + 4; pc = t"),
    ("jal",     U, 0x22, 0, "rd, target",         _CTL, _I, "rd = pc + 4; pc = target"),

    ("fence",   I, 0x40, 0, "",            Group.ORDER, _I, "orders memory accesses: nothing to do on one CPU"),
    ("fencei",  I, 0x41, 0, "",            Group.ORDER, _I, "orders stores before fetches: nothing to do, fetch is coherent"),

    ("syscall", I, 0x48, 0, "",                   _ENV, _I, "trap: syscall"),
    ("break",   I, 0x49, 0, "",                   _ENV, _I, "trap: break"),
    ("hcall",   U, 0x23, 0, "number",             _ENV, _I, "ask the monitor; trap illegal_instruction where none offers hypercalls"),

    ("crr",     I, 0x50, 0, "rd, cr",             _SYS, _P, "rd = cr"),
    ("crw",     I, 0x51, 0, "cr, rs1",            _SYS, _P, "cr = rs1"),
    ("crx",     I, 0x52, 0, "rd, cr, rs1",        _SYS, _P, "rd = cr, cr = rs1, with rs1 as it was before"),
    ("eret",    I, 0x53, 0, "",                   _SYS, _P, "return from a trap: pc = epc, ie = pie, mode = pmode"),
    ("wfi",     I, 0x54, 0, "",                   _SYS, _P, "retire, then let time skip to the next event unless ipend & imask"),
    ("tlbi",    I, 0x55, 0, "rs1",                _SYS, _P, "forget the translation of the page of rs1, a large one whole; of all pages if rs1 is x0"),
    ("in",      I, 0x56, 0, "rd, port",           _SYS, _P, "rd = port"),
    ("out",     I, 0x57, 0, "port, rs1",          _SYS, _P, "port = rs1"),

    ("getst",   I, 0x60, 0, "rd",                _CRIT, _C, "rd = status (mode-sensitive)"),
    ("setst",   I, 0x61, 0, "rs1",               _CRIT, _C, "status.ie = rs1[0] (control-sensitive; dropped in classic user mode)"),
    ("getvec",  I, 0x62, 0, "rd",                _CRIT, _C, "rd = tvec (location-sensitive)"),
    ("getpt",   I, 0x63, 0, "rd",                _CRIT, _C, "rd = ptbr (location-sensitive)"),
    ("probe",   R, 0x64, 0, "rd, rs1, rs2",      _CRIT, _C, "rd = physical address of rs1 if the current mode has every right in rs2, else -1"),
))
# fmt: on

check_unique(INSTRUCTIONS)

BY_MNEMONIC: dict[str, Instruction] = {row.mnemonic: row for row in INSTRUCTIONS}
