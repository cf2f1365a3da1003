"""Pseudo-instructions: names for instructions in a role, as the RISC-V manual has them, and their expansions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.encoding import (
    ENCODERS,
    Code,
    Constant,
    Encoder,
    Result,
    WordHole,
    encode_any,
    expression,
    register,
    wrong_count,
)
from toyvm.asm.expressions import Number
from toyvm.asm.li import load_constant
from toyvm.asm.operands import split
from toyvm.asm.values import describe, signed64
from toyvm.isa.control import ALL_BITS
from toyvm.isa.declare import Group, Instruction
from toyvm.isa.instructions import BY_MNEMONIC, INSTRUCTIONS


@dataclass(frozen=True, slots=True)
class Pseudo:
    """One form of one pseudo-instruction; the expansion names the operands as the syntax does."""

    mnemonic: str
    operands: str
    expansion: tuple[str, ...]
    description: str


def _row(mnemonic: str, operands: str, expansion: str, description: str) -> Pseudo:
    return Pseudo(mnemonic, operands, tuple(expansion.split("; ")), description)


_LOAD_ADDRESS = "auipc rd, %pcrel_hi(address); addi rd, rd, %pair_lo(address)"

# fmt: off
PSEUDO_INSTRUCTIONS: tuple[Pseudo, ...] = (
    _row("nop",    "",               "addi zero, zero, 0",                "do nothing"),
    _row("li",     "rd, number",     "addi, or lui and ori, or up to 8",  "load a constant"),
    _row("la",     "rd, address",    _LOAD_ADDRESS,                       "load an address, relative to pc"),
    _row("lla",    "rd, address",    _LOAD_ADDRESS,                       "the same as la"),
    _row("mv",     "rd, rs",         "addi rd, rs, 0",                    "copy a register"),
    _row("move",   "rd, rs",         "addi rd, rs, 0",                    "the same as mv"),
    _row("not",    "rd, rs",         "xori rd, rs, -1",                   "every bit inverted"),
    _row("neg",    "rd, rs",         "sub rd, zero, rs",                  "two's complement"),
    _row("negw",   "rd, rs",         "subw rd, zero, rs",                 "two's complement of 32 bits"),
    _row("sext.b", "rd, rs",         "slli rd, rs, 56; srai rd, rd, 56",  "sign-extend 8 bits"),
    _row("sext.h", "rd, rs",         "slli rd, rs, 48; srai rd, rd, 48",  "sign-extend 16 bits"),
    _row("sext.w", "rd, rs",         "addiw rd, rs, 0",                   "sign-extend 32 bits"),
    _row("zext.b", "rd, rs",         "andi rd, rs, 255",                  "zero-extend 8 bits"),
    _row("zext.h", "rd, rs",         "slli rd, rs, 48; srli rd, rd, 48",  "zero-extend 16 bits"),
    _row("zext.w", "rd, rs",         "slli rd, rs, 32; srli rd, rd, 32",  "zero-extend 32 bits"),
    _row("seqz",   "rd, rs",         "sltiu rd, rs, 1",                   "rd = 1 if rs == 0, else 0"),
    _row("snez",   "rd, rs",         "sltu rd, zero, rs",                 "rd = 1 if rs != 0, else 0"),
    _row("sltz",   "rd, rs",         "slt rd, rs, zero",                  "rd = 1 if rs < 0, else 0"),
    _row("sgtz",   "rd, rs",         "slt rd, zero, rs",                  "rd = 1 if rs > 0, else 0"),
    _row("sgt",    "rd, rs, rt",     "slt rd, rt, rs",                    "rd = 1 if rs > rt signed, else 0"),
    _row("sgtu",   "rd, rs, rt",     "sltu rd, rt, rs",                   "rd = 1 if rs > rt unsigned, else 0"),
    _row("beqz",   "rs, target",     "beq rs, zero, target",              "branch if rs == 0"),
    _row("bnez",   "rs, target",     "bne rs, zero, target",              "branch if rs != 0"),
    _row("blez",   "rs, target",     "bge zero, rs, target",              "branch if rs <= 0"),
    _row("bgez",   "rs, target",     "bge rs, zero, target",              "branch if rs >= 0"),
    _row("bltz",   "rs, target",     "blt rs, zero, target",              "branch if rs < 0"),
    _row("bgtz",   "rs, target",     "blt zero, rs, target",              "branch if rs > 0"),
    _row("bgt",    "rs, rt, target", "blt rt, rs, target",                "branch if rs > rt signed"),
    _row("ble",    "rs, rt, target", "bge rt, rs, target",                "branch if rs <= rt signed"),
    _row("bgtu",   "rs, rt, target", "bltu rt, rs, target",               "branch if rs > rt unsigned"),
    _row("bleu",   "rs, rt, target", "bgeu rt, rs, target",               "branch if rs <= rt unsigned"),
    _row("j",      "target",         "jal zero, target",                  "jump"),
    _row("jal",    "target",         "jal ra, target",                    "call, link in ra"),
    _row("jr",     "rs",             "jalr zero, 0(rs)",                  "jump to a register"),
    _row("jr",     "imm(rs)",        "jalr zero, imm(rs)",                "jump to an address beside a register's"),
    _row("jr",     "rs, imm",        "jalr zero, imm(rs)",                "the form of other assemblers"),
    _row("jalr",   "rs",             "jalr ra, 0(rs)",                    "call a register"),
    _row("jalr",   "imm(rs)",        "jalr ra, imm(rs)",                  "call an address beside a register's"),
    _row("jalr",   "rd, rs",         "jalr rd, 0(rs)",                    "call a register, link in rd"),
    _row("jalr",   "rd, rs, imm",    "jalr rd, imm(rs)",                  "the form of other assemblers"),
    _row("ret",    "",               "jalr zero, 0(ra)",                  "return"),
    _row("call",   "target",         "jal ra, target",                    "call, within 2 MiB: always one jal"),
    _row("call",   "rd, target",     "jal rd, target",                    "the same, link in rd"),
    _row("jump",   "target, rt",     "jal zero, target",                  "the same as j; rt stays as it is"),
    _row("tail",   "target",         "jal zero, target",                  "jump to another function: always one jal"),
    _row("ecall",  "",               "syscall",                           "RISC-V's name of syscall"),
    _row("ebreak", "",               "break",                             "RISC-V's name of break"),
    _row("unimp",  "",               ".word 0",                           "no instruction: illegal_instruction"),
    _row("fence.i", "",              "fencei",                            "RISC-V's name of fencei"),
    _row("fence",  "before, after",  "fence",                             "the form of other assemblers"),
)
# fmt: on


def _derived() -> tuple[Pseudo, ...]:
    """Forms that follow from the instructions: loads and stores of a symbol, register operations with a number."""
    rows = []
    for row in INSTRUCTIONS:
        high = "auipc {}, %pcrel_hi(address)"
        if row.syntax == "rd, imm(rs1)" and row.group is Group.MEMORY:
            expansion = (high.format("rd"), f"{row.mnemonic} rd, %pair_lo(address)(rd)")
            rows.append(Pseudo(row.mnemonic, "rd, address", expansion, "load from an address, relative to pc"))
        if row.syntax == "rv, imm(rs1)":
            expansion = (high.format("rt"), f"{row.mnemonic} rs, %pair_lo(address)(rt)")
            rows.append(Pseudo(row.mnemonic, "rs, address, rt", expansion, "store to an address, by way of rt"))
        longer = _with_number(row)
        if longer in BY_MNEMONIC:
            rows.append(
                Pseudo(row.mnemonic, "rd, rs, imm", (f"{longer} rd, rs, imm",), f"{longer} by its shorter name")
            )
    return tuple(rows)


def _with_number(row: Instruction) -> str:
    """`addi` of `add`, `addiw` of `addw`, `sltiu` of `sltu`."""
    stem, suffix = (row.mnemonic[:-1], row.mnemonic[-1]) if row.mnemonic in _SUFFIXED else (row.mnemonic, "")
    return stem + "i" + suffix if row.syntax == "rd, rs1, rs2" else ""


_SUFFIXED = ("addw", "sllw", "srlw", "sraw", "sltu")
DERIVED: tuple[Pseudo, ...] = _derived()


@dataclass(frozen=True, slots=True)
class _Template:
    """One instruction of an expansion, ready to be filled with the text of the operands."""

    encode: Encoder
    form: str
    places: tuple[int, ...]  # of each operand of the instruction, the pseudo-instruction's operand it is written as
    shifts: tuple[int, ...]  # and how many columns stand before that


_NAME = re.compile(r"(?<![\w%.])[a-z][a-z0-9]*")
_ADDRESS = "imm(rs)"


def _template(line: str, names: list[str]) -> _Template:
    mnemonic, _, operands = line.partition(" ")
    if _ADDRESS in names:
        operands = operands.replace(_ADDRESS, f"{{{names.index(_ADDRESS)}}}")
    form = _NAME.sub(lambda match: f"{{{names.index(match[0])}}}" if match[0] in names else match[0], operands)
    found = (re.search(r"\{(\d)\}", operand) for operand in form.split(", "))
    places = tuple(int(match[1]) if match else 0 for match in found)
    shifts = tuple(max(0, operand.find("{")) for operand in form.split(", "))
    return _Template(ENCODERS[mnemonic], form, places, shifts)


def _expander(pseudo: Pseudo) -> Encoder:
    names = pseudo.operands.split(", ") if pseudo.operands else []
    templates = [_template(line, names) for line in pseudo.expansion]
    used = {place for template in templates for place in template.places if template.form}
    idle = [index for index, name in enumerate(names) if index not in used and name[0] == "r"]

    def encode(text: str) -> Result:
        given = split(text)
        if len(given) != len(names):
            raise wrong_count(pseudo.mnemonic, pseudo.operands, given)
        for index in idle:
            register(given[index], index)
        codes = [_fill(template, given) for template in templates]
        return codes[0] if len(codes) == 1 else codes

    return encode


def _fill(template: _Template, given: list[str]) -> Code:
    """Encode one instruction of the expansion; what is wrong, now or later, is said of the operand as written."""
    try:
        code = template.encode(template.form.format(*(operand.strip() for operand in given)))
    except Complaint as complaint:
        if complaint.operand is not None:
            complaint.offset = max(0, complaint.offset - template.shifts[complaint.operand])
            complaint.operand = template.places[complaint.operand]
        raise
    if isinstance(code, WordHole):
        code.shift = template.shifts[code.index]
        code.index = template.places[code.index]
    assert isinstance(code, int | WordHole)
    return code


def _unimp(text: str) -> Result:
    if text.strip():
        raise wrong_count("unimp", "", split(text))
    return 0


def _li(text: str) -> Result:
    given = split(text)
    if len(given) != 2:
        raise wrong_count("li", "rd, number", given)
    rd, node = register(given[0], 0), expression(given[1], 1)
    if isinstance(node, Number):
        return constant_code(rd, node.value, 1)
    return Constant(rd, node, 1)


def constant_code(rd: int, value: int, index: int) -> list[Code]:
    """The words that load `value` into `rd`."""
    if not -(1 << 63) <= value <= ALL_BITS:
        raise Complaint(f"constant {describe(value)} does not fit; li takes {-(1 << 63)}..{ALL_BITS}", index)
    words: list[Code] = []
    for mnemonic, number in load_constant(signed64(value)):
        source = "" if mnemonic == "lui" else "zero, " if not words else f"x{rd}, "
        word = ENCODERS[mnemonic](f"x{rd}, {source}{number}")
        assert isinstance(word, int)
        words.append(word)
    return words


def late_constant_code(constant: Constant) -> list[Code]:
    """The fixed form of `li`, for a value that only linking decides."""
    codes = []
    for text in (f"lui x{constant.rd}, %hi(0)", f"ori x{constant.rd}, x{constant.rd}, %lo(0)"):
        mnemonic, _, operands = text.partition(" ")
        hole = encode_any(BY_MNEMONIC[mnemonic], operands)
        assert isinstance(hole, WordHole)
        hole.node = type(hole.node)(0, constant.node)  # type: ignore[call-arg]
        hole.index = constant.index
        codes.append(hole)
    return list(codes)


# How many operands there are, and whether the last is an address with a base register.
Shape = tuple[int, bool]


def _choice(forms: dict[Shape, Encoder], otherwise: Encoder) -> Encoder:
    """One mnemonic with several forms; which one is meant shows in the operands."""

    def encode(text: str) -> Result:
        return forms.get((len(split(text)), _has_base(text)), otherwise)(text)

    return encode


_BASE = re.compile(r"\(\s*[a-z][a-z0-9]*\s*\)$")


def _has_base(text: str) -> bool:
    return _BASE.search(text) is not None


_SPECIAL: dict[str, Encoder] = {"li": _li, "unimp": _unimp}


def _with_pseudo() -> dict[str, Encoder]:
    """Every mnemonic there is: instructions, pseudo-instructions, and those that are both."""
    forms: dict[str, dict[Shape, Encoder]] = {}
    for pseudo in PSEUDO_INSTRUCTIONS:
        count = len(pseudo.operands.split(", ")) if pseudo.operands else 0
        encoder = _SPECIAL.get(pseudo.mnemonic) or _expander(pseudo)
        forms.setdefault(pseudo.mnemonic, {})[count, pseudo.operands.endswith(")")] = encoder
    encoders = dict(ENCODERS)
    for mnemonic, rows in forms.items():
        first = next(iter(rows.values()))
        if mnemonic in ENCODERS:
            encoders[mnemonic] = _choice(rows, ENCODERS[mnemonic])
        else:
            encoders[mnemonic] = _choice(rows, first) if len(rows) > 1 else first
    for pseudo in DERIVED:
        encoders[pseudo.mnemonic] = _second_try(ENCODERS[pseudo.mnemonic], pseudo)
    return encoders


def _second_try(basic: Encoder, pseudo: Pseudo) -> Encoder:
    """The instruction itself; where the operands are not of its form, the pseudo-instruction of the same name."""
    expand = _expander(pseudo)
    with_number = pseudo.operands.endswith("imm")
    wanted = pseudo.operands.count(",") + 1

    def encode(text: str) -> Result:
        try:
            return basic(text)
        except Complaint:
            given = split(text)
            if len(given) != wanted or _is_basic(given, with_number):
                raise
        return expand(text)

    return encode


def _is_basic(given: list[str], with_number: bool) -> bool:
    """Were these operands meant for the instruction itself, so that its complaint is the one to show?"""
    last = given[-1].strip() if with_number else given[1].strip()
    if with_number:
        return not last or not (last[0].isdigit() or last[0] in "-+(~'%" or last.isupper())
    return not last or _has_base(last) or last.endswith(")")


MNEMONICS: dict[str, Encoder] = _with_pseudo()
