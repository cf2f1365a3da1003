"""Programs that compute: no kernel, no paging, no traps; for engines that have not come further, or not yet."""

from __future__ import annotations

from collections.abc import Collection

from toyvm.arguments import check_list, check_text
from toyvm.errors import UsageError
from toyvm.isa.declare import Instruction
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.ports import BY_NAME as PORT
from toyvm.isa.registers import REGISTERS
from toyvm.testing.programs.assembly import li, op, to_bytes
from toyvm.testing.programs.gadgets import BRANCHES, COMPUTING, LOADS, STORES
from toyvm.testing.programs.program import CODE, Program, Segment
from toyvm.testing.programs.source import Source
from toyvm.testing.programs.values import value64, word_of

START, DATA = 0x1000, 0x4000
ALWAYS = ("addi", "lui", "ori", "slli", "out")  # with which values are loaded, and the program ends
MOST_STEPS = 32
_VALUES = tuple(REGISTERS[name] for name in ("zero", "a0", "a1", "a2", "a3", "a4", "a5", "t0", "t1", "ra"))
_POINTER, _ROUNDS = REGISTERS["s0"], REGISTERS["s1"]
_JUMPS = ("jal", "jalr")
_SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}  # of an access, in bytes


def check_instructions(instructions: Collection[str] | None) -> frozenset[str]:
    """Mnemonics, all that compute, load, store, branch or jump unless said; and ALWAYS. Raises UsageError for more."""
    every = frozenset((*(row.mnemonic for row in COMPUTING), *LOADS, *STORES, *BRANCHES, *_JUMPS, *ALWAYS))
    if instructions is None:
        return every
    names = check_list(instructions, "instructions", "mnemonics")
    wanted = frozenset(check_text(name, "instructions") for name in names)
    if others := sorted(wanted - every):
        raise UsageError(f"instructions {', '.join(others)}: programs that compute take {', '.join(sorted(every))}")
    return wanted | frozenset(ALWAYS)


def computing_program(source: Source, instructions: frozenset[str]) -> Program:
    """A program of these instructions, which runs in kernel mode with paging off and ends by switching off.

    All that it does is specified. It loads from and stores to the page DATA alone, and retires fewer than FOLLOWED
    instructions.
    """
    start = [word for register in _VALUES[1:] for word in li(register, value64(source))]
    steps = [word for _ in range(source.integer(0, MOST_STEPS)) for word in _step(source, instructions)]
    data = b"".join(value64(source).to_bytes(8, "little") for _ in range(source.integer(0, 8)))
    end = [op("out", PORT["power"].number, source.choose(_VALUES))]
    return Program(
        (Segment(START, to_bytes(start + steps + end), CODE, "code"), Segment(DATA, data, name="data")), entry=START
    )


def _step(source: Source, instructions: frozenset[str]) -> list[int]:
    """A few instructions that do one thing, whatever comes before."""
    accesses = [name for name in (*LOADS, *STORES) if name in instructions]
    branches = [name for name in BRANCHES if name in instructions]
    # jalr needs to know where it is.
    jumps = [name for name in _JUMPS if name in instructions and (name == "jal" or "auipc" in instructions)]
    rows = ((8, "compute"), (4 * bool(accesses), "access"), (2 * bool(branches), "skip"))
    kind = source.weighted((*rows, (2 * ("blt" in instructions), "loop"), (bool(jumps), "jump"), (2, "value")))
    if kind == "access":
        mnemonic = source.choose(accesses)
        offset = _SIZES[mnemonic.rstrip("u")[-1]] * source.integer(-8, 8)
        place = DATA + PAGE_SIZE // 2 + 8 * source.integer(-128, 128)
        return [*li(_POINTER, place), op(mnemonic, source.choose(_VALUES), offset, _POINTER)]
    if kind == "skip":
        between = [_compute(source, instructions) for _ in range(source.integer(1, 3))]
        first, second = source.choose(_VALUES), source.choose(_VALUES)
        return [op(source.choose(branches), first, second, len(between) + 1), *between]
    if kind == "loop":
        body = [_compute(source, instructions) for _ in range(source.integer(1, 3))]
        again = [op("addi", _ROUNDS, _ROUNDS, -1), op("blt", 0, _ROUNDS, -(len(body) + 1))]
        return [op("addi", _ROUNDS, 0, source.integer(1, 5)), *body, *again]
    if kind == "jump":
        return _jump(source, source.choose(jumps), instructions)
    if kind == "value":
        return li(source.choose(_VALUES[1:]), value64(source))
    return [_compute(source, instructions)]


def _compute(source: Source, instructions: frozenset[str]) -> int:
    rows: list[Instruction] = [row for row in COMPUTING if row.mnemonic in instructions]
    return word_of(source, source.choose(rows), _VALUES, _VALUES)


def _jump(source: Source, mnemonic: str, instructions: frozenset[str]) -> list[int]:
    """Over one instruction, which is not executed."""
    link = source.choose(_VALUES)
    if mnemonic == "jal":
        return [op("jal", link, 2), _compute(source, instructions)]
    return [op("auipc", _POINTER, 0), op("jalr", link, 12, _POINTER), _compute(source, instructions)]
