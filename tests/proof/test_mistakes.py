"""A mistake in a handler, the walk, the reference or the emitter is refuted, with its input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.proving import LIMIT, copy_sources, decide_named

from toyvm.asm.api import assemble_text
from toyvm.machine.bare import Machine
from toyvm.machine.outcome import Stop
from toyvm.proof.areas import obligations_of
from toyvm.proof.obligations import decide_obligation
from toyvm.proof.solving import Verdict
from toyvm.proof.sources import Sources
from toyvm.proof.witness import witness_of

HANDLERS = "native/src/engine/interpreter/handlers.h"
DISPATCH = "native/src/engine/interpreter/dispatch.h"
INTERPRETER = "native/src/engine/interpreter/interpreter.c"
FUSION = "native/builder/fusion.py"
INSTRUCTIONS = "toyvm/isa/instructions.py"
MEANING = "toyvm/reference/meaning.py"
WALK = "native/src/isa/walk.c"
PHYS = "native/src/base/phys.h"
WALK_TABLES = "native/src/isa/walk_tables.h"
PAGING = "toyvm/reference/paging.py"
DECODER = "native/src/isa/decode.c"
CODING = "toyvm/isa/coding.py"
ALU = "toyvm/reference/alu.py"
WORDS = "toyvm/reference/words.py"
CPU = "toyvm/reference/cpu.py"
ARITHMETIC = "toyvm/recompiler/arithmetic.py"
EMITTER = "toyvm/recompiler/emitter.py"


class Mistake(NamedTuple):
    path: str
    right: str
    wrong: str
    refutes: str  # the claim that is to be refuted
    by_input: bool = True  # that something is possible is refuted as there is none


MISTAKES = (
    Mistake(HANDLERS, "PLAIN(sra, (u64)((i64)A", "PLAIN(sra, (u64)((u64)A", "sra: interpreter"),
    Mistake(HANDLERS, "PLAIN(addw, S32(A + B))", "PLAIN(addw, (u32)(A + B))", "addw: interpreter"),
    Mistake(HANDLERS, "PLAIN(sltiu, A < IMM)", "PLAIN(sltiu, A < (IMM & 0x7fff))", "sltiu: interpreter"),
    Mistake(
        HANDLERS, "PLAIN(srlw, S32((u32)A >> (B & 31)))", "PLAIN(srlw, S32((u32)A >> (B & 63)))", "srlw: interpreter"
    ),
    Mistake(HANDLERS, "LOAD(lh, u16, (u64)(i64)(i16)loaded)", "LOAD(lh, u16, loaded)", "lh: interpreter"),
    Mistake(HANDLERS, "STORE(sw, u32)", "STORE(sw, u16)", "sw: interpreter"),
    Mistake(HANDLERS, "BRANCH(bge, (i64)V >= (i64)A)", "BRANCH(bge, (i64)V > (i64)A)", "bge: interpreter, near"),
    Mistake(HANDLERS, "PLAIN(auipc, PC +", "PLAIN(auipc, PC + 4 +", "auipc: interpreter"),
    Mistake(INTERPRETER, "b == ~(u64)0 ? 0 - a : (u64)((i64)a /", "b == 0 ? 0 : (u64)((i64)a /", "div: interpreter"),
    Mistake(INTERPRETER, "if (b == 0)\n        return a;", "if (b == 0)\n        return 0;", "rem: interpreter"),
    Mistake(DISPATCH, "to = (target) & ~(u64)1;", "to = (target);", "jalr: interpreter"),
    Mistake(DISPATCH, "op_jal: V = PC + 4; TAKE(0);", "op_jal: V = PC; TAKE(0);", "jal: interpreter, near"),
    Mistake(
        DISPATCH,
        "V = RESULT(value); \\\n    } NEXT();\n\n#define LOAD",
        "V = (value); \\\n    } NEXT();\n\n#define LOAD",
        "or: interpreter",
    ),
    Mistake(DISPATCH, "x[rd] = RESULT(value);", "x[rd] = (value);", "lwu: interpreter"),
    Mistake(
        DISPATCH,
        "RAISE(cause, gva); \\\n            ACCESSED",
        "{ slack += 16; RAISE(cause, gva); } \\\n            ACCESSED",
        "lbu: interpreter",
    ),
    Mistake(DECODER, "(i32)word >> 17", "(i32)(word >> 17)", "addi: coding"),
    Mistake(DECODER, "word >> 12 & 31", "word >> 12 & 15", "sltu: coding"),
    Mistake(CODING, "value -= 1 << operand.field.width", "value -= 1 << operand.field.width - 1", "lui: coding"),
    Mistake(CODING, "word |= (value <<", "word ^= (-value <<", "xor: coding"),
    Mistake(WALK_TABLES, "gva.at < size ? direct", "gva.at <= size ? direct", "walk: without paging"),
    Mistake(WALK_TABLES, "u64 top = gva.at >> 38;", "u64 top = gva.at >> 39;", "walk: level 2"),
    Mistake(WALK_TABLES, "<< (9 * level)) - 1) << 12", "<< (9 * level)) - 1) << 13", "walk: level 2"),
    Mistake(WALK_TABLES, "(entry & rights) == rights", "(!rights || entry & rights)", "walk: level 1"),
    Mistake(WALK_TABLES, "found.gpa.at < size ?", "(entry & PTE_FRAME) < size ?", "walk: level 2"),
    Mistake(WALK_TABLES, "(entry & (PTE_U | PTE_A | PTE_D))", "(entry & (PTE_A | PTE_D))", "walk: level 2"),
    Mistake(WALK_TABLES, "if (level == 0 ||", "if (", "walk: level 0"),
    Mistake(WALK, "(rights & ACCESS_STORE ? PTE_D : 0)", "(rights & ACCESS_LOAD ? PTE_D : 0)", "walk: level 0"),
    Mistake(PHYS, "if (gpa.at >= phys->size ||", "if (gpa.at > phys->size ||", "walk: level 2"),
    Mistake(PAGING, " or entry & PTE_RESERVED", "", "walk: level 2"),
    Mistake(PAGING, "table = entry & PTE_FRAME", "table = entry & ~PTE_V", "walk: level 1"),
    Mistake(PAGING, "user and not leaf & PTE_U", "not user and leaf & PTE_U", "walk: level 0"),
    Mistake(INSTRUCTIONS, '_CRIT, _C, "rd = ptbr', '_CRIT, _I, "rd = ptbr', "getpt: class"),
    Mistake(INSTRUCTIONS, '_CRIT, _C, "status.ie', '_CRIT, _I, "status.ie', "setst: class"),
    Mistake(
        INSTRUCTIONS, '_CTL, _I, "rd = pc + 4; pc = target', '_CTL, _C, "rd = pc + 4; pc = target', "jal: class", False
    ),
    Mistake(INSTRUCTIONS, '_I, "orders stores', '_P, "orders stores', "fencei: class", False),
    Mistake(MEANING, '"fence":   _nothing', '"fence":   lambda cpu: cpu.set_interrupts(1)', "fence: class"),
    Mistake(MEANING, "cpu.write(rd, imm20 << PAGE_BITS)", "cpu.write(rd, cpu.control['tvec'])", "lui: class"),
    Mistake(HANDLERS, "PLAIN(xori, A ^ IMM)", "PLAIN(xori, A ^ IMM ^ vm->state.status)", "xori: innocence"),
    Mistake(HANDLERS, "PLAIN(ori, A | IMM)", "PLAIN(ori, vm->state.timecmp = A | IMM)", "ori: innocence"),
    Mistake(FUSION, "yield _store(group, n)\n", "pass\n", "fused_0: add add lbu lbu"),
    Mistake(FUSION, "first = next((m for", "first = next((m + 1 for", "fused_3: add lbu divu sb"),
    Mistake(FUSION, 'return f"x[{numbers[name]}]"', "return f'x[ip[{n}].rs1]'", "fused_1: add add"),
    Mistake(FUSION, "carried = r{len(group) - 1};", "carried = r0;", "fused_1: add add"),
    Mistake(DISPATCH, "(ip + (n) + 1) + displacement", "(ip + 1) + displacement", "fused_2: add addi bgeu"),
    Mistake(ALU, "s32(a << (b & 31))", "s32(a) << (b & 31)", "sllw: recompiler"),
    Mistake(ALU, '"mulhsu": lambda a, b: s64(a) * b', '"mulhsu": lambda a, b: s64(a) * s64(b)', "mulhsu: interpreter"),
    Mistake(WORDS, "value &= (1 << bits) - 1", "value &= (1 << bits - 1) - 1", "lemma: sign_extend at 32 bits"),
    Mistake(CPU, "        target &= ~1\n", "", "jalr: interpreter"),
    Mistake(
        CPU,
        'address % size:\n            raise Trap("store',
        'address % 2:\n            raise Trap("store',
        "sd: interpreter",
    ),
    Mistake(
        CPU,
        "            self.mmu.watch_window(address)\n",
        "            address = u64(address + 8)\n",
        "ld: interpreter",
    ),
    Mistake(ARITHMETIC, '"slt":    _compare("slt")', '"slt":    _compare("sle")', "slt: recompiler"),
    Mistake(ARITHMETIC, "{w.value(f'and i64 {b}, 63')}", "{b}", "sll: recompiler"),
    Mistake(ARITHMETIC, 'if operation in ("sdiv", "srem"):', 'if operation in ("sdiv",):', "rem: recompiler"),
    Mistake(ARITHMETIC, '"lbu": (1, False)', '"lbu": (1, True)', "lbu: recompiler"),
    Mistake(EMITTER, "str(step.values[1] << 12)", "str(step.values[1] << 11)", "lui: recompiler"),
    Mistake(EMITTER, "steps) - self._index:", "steps) - self._index - 1:", "lb: recompiler"),
    Mistake(EMITTER, "'and i64 {target}, 2'", "'and i64 {target}, 4'", "jalr: recompiler"),
)


FUSIONS = """\
add.-,- add.-,- lbu.#0 lbu.#1
add.-,->~ lbu.#0 divu.-,->= sb.-,#1
add.-,->~ add.#0,-
add.-,- addi.- bgeu.-,-
sd.-,- sd.^0,- sd.^0,-
sb.-,zero addi.zero
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a few groups, whichever are chosen at present."""
    folder = copy_sources(tmp_path_factory.mktemp("checkout"))
    (folder / "native/fusions.txt").write_text(FUSIONS)
    return folder


@pytest.mark.parametrize("number", range(len(FUSIONS.splitlines())))
def test_a_group_is_proven_where_nothing_is_mistaken(checkout: Path, number: int) -> None:
    sources = Sources(checkout)
    (group,) = (one for one in obligations_of(sources) if one.name.startswith(f"fused_{number}:"))
    assert decide_obligation(group, LIMIT).verdict is Verdict.PROVEN


@pytest.fixture
def mistaken(checkout: Path, mistake: Mistake) -> Iterator[Sources]:
    path = checkout / mistake.path
    text = path.read_text()
    assert text.count(mistake.right) == 1, "what is to be mistaken stands there once"
    path.write_text(text.replace(mistake.right, mistake.wrong))
    yield Sources(checkout)
    path.write_text(text)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.refutes}: {mistake.wrong[:30]}")
def test_a_mistake_is_refuted_by_an_input(mistaken: Sources, mistake: Mistake) -> None:
    result = decide_named(mistaken, mistake.refutes)
    assert result.verdict is Verdict.REFUTED
    assert bool(result.values) is mistake.by_input
    if result.obligation.operands is not None:
        source = witness_of(result.obligation.subject, result.obligation.claim, result.values)
        image = assemble_text(source, "witness.s").image
        with Machine("1M") as machine:  # whose core has no such mistake
            machine.load(image)
            assert machine.run(100).stop in (Stop.EXIT, Stop.FAULT)  # an access or a jump may be one that traps
