"""The recompiler's emitter, run as it stands, on a region of one instruction; and what its IR does."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import z3

from toyvm.proof.c_world import REGISTER_BITS, unknown
from toyvm.proof.llvm_meaning import Run, Spot, Value
from toyvm.proof.sources import Sources
from toyvm.proof.steps import Before, End, Operands, Outcome
from toyvm.proof.symbols import Number, Term, assume, bits, decide, extend
from toyvm.proof.translation import fault_of, host_of

PC_OFFSET = 33 * 8  # behind x0 to x31 and the sink
STUCK = 1 << 63
JUMPED_FROM = 24
SITE_SIZE, GVA, ADDEND = 16, 0, 8
LOADS, STORES = 1, 2
KNOWN_TARGET = 0x4_0000  # of a jump through a register that the region knows


class _Blocks(dict[int, Any]):
    """A region's: from this one every jump leads out."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self._block = block

    def values(self) -> Any:
        return [self._block]

    def __contains__(self, pc: object) -> bool:
        return False


def emitted(sources: Sources, before: Before, operands: Operands) -> str:
    """The IR for the instruction alone, at an unknown address."""
    region_module = sources.python("toyvm.recompiler.region")
    pc = Number.unsigned(before.pc)
    step = region_module.Step(pc, 0, operands.row.mnemonic, tuple(operands.numbers))
    block = region_module.Block(pc, [step])
    jumps = _Targets()
    region = SimpleNamespace(
        blocks=_Blocks(block), heads=(), entries=[pc], needs={}, pages=(), returns=jumps, jumps=jumps
    )
    text = sources.python("toyvm.recompiler.emitter").Emitter(region, "region").text()
    return str(text)


class _Targets:
    """Where jumps through registers lead, whichever it is."""

    def __getitem__(self, pc: object) -> list[int]:
        return [KNOWN_TARGET]


class Recompiled:
    """Compiled code that has been entered in a state, with some instructions left."""

    def __init__(self, sources: Sources, before: Before, operands: Operands) -> None:
        self._text = emitted(sources, before, operands)
        self._access = operands.access(before)
        self._x, self._pc, self._memory = before.x, before.pc, before.memory
        self._sites: dict[int, _Site] = {}

    def run(self) -> Outcome:
        budget = extend(unknown("budget", 32), 64, False)
        assume(z3.UGE(budget, 1))
        zero = bits(0, 64)
        arguments: dict[str, Value] = {f"%{name}": Spot(name, zero) for name in ("x", "cpu", "region", "sites")}
        left = Run(self._text, {**arguments, "%budget": budget, "%entry": zero}, self).result()
        stuck = decide(z3.Extract(63, 63, left) == 1)
        left = z3.simplify((left & (STUCK - 1)) - budget)
        end = End.ALONE if stuck else End.NEXT
        return Outcome(end, self._x, self._memory, self._pc, left=left)

    # What pointers lead to.

    def load(self, spot: Spot, size: int) -> Term:
        if spot.base == "host":
            return self._memory.read(z3.simplify(spot.distance), size)
        assert size == 8
        at = z3.simplify(spot.distance).as_signed_long()
        if spot.base == "x":
            return z3.Select(self._x, bits(at // 8, REGISTER_BITS))
        assert spot.base == "sites", f"a load from {spot.base}"
        if at < 0:
            return self._site(-at // 8 - 1).count
        site = self._site(at // SITE_SIZE)
        return site.gva if at % SITE_SIZE == GVA else site.addend

    def store(self, spot: Spot, size: int, value: Term) -> None:
        if spot.base == "host":
            self._memory = self._memory.write(z3.simplify(spot.distance), size, value)
            return
        at = z3.simplify(spot.distance).as_signed_long()
        assert size == 8
        if spot.base == "x" and at == PC_OFFSET:
            self._pc = value
        elif spot.base == "x":
            assert 0 < at < 32 * 8, f"x is written at {at}"
            self._x = z3.Store(self._x, bits(at // 8, REGISTER_BITS), value)
        else:
            assert (spot.base, at) == ("region", JUMPED_FROM), f"a store to {spot.base} at {at}"

    def call(self, name: str, arguments: list[Value]) -> Term:
        """`reach` and `store`, as recompiler.h promises them: whether they succeed is unknown."""
        assert name in ("reach", "store"), f"a call of {name}"
        _, _, gva, what, *value = arguments
        assert not isinstance(gva, Spot)
        assert not isinstance(what, Spot)
        number = z3.simplify(what).as_long()
        site, span, power, uses = number >> 32, number >> 16 & 0xFFFF, number >> 8 & 0xFF, number & 0xFF
        assert span >= 1 << power
        if not decide(z3.Bool(f"{name}_succeeds")):
            return bits(0, 1)
        _reached(gva, 1 << power, uses)
        if name == "store":
            assert not isinstance(value[0], Spot)
            self._memory = self._memory.write(z3.simplify(host_of(gva)), 1 << power, value[0])
        else:
            self._sites[site] = _Site(
                unknown("site_gva_found", 64), unknown("site_count_found", 64), host_of(gva) - gva
            )
        return bits(1, 1)

    def _site(self, number: int) -> _Site:
        """What it knows at the entry: if it reaches what the instruction accesses, that may be accessed."""
        if number not in self._sites:
            assert self._access is not None, "an instruction that accesses nothing has a site"
            gva, size, name = self._access
            power = size.bit_length() - 1
            start = unknown("site_gva", 64 - power)
            start = z3.Concat(start, bits(0, power)) if power else start
            count = extend(unknown("site_count", 64 - power), 64, False)
            reached = z3.ULT(z3.RotateRight(gva - start, power), count)
            assume(z3.Implies(reached, fault_of(gva, name) == 0))
            self._sites[number] = _Site(start, count, z3.If(reached, host_of(gva) - gva, unknown("site_addend", 64)))
        return self._sites[number]


@dataclass(frozen=True)
class _Site:
    """Where a place in compiled code may access memory: from `gva` on, as far as distances are below `count`."""

    gva: Term
    count: Term
    addend: Term


def _reached(gva: Term, size: int, uses: int) -> None:
    """A helper says that the access may be made: it is aligned, and faults for none of its uses."""
    assume(gva & (size - 1) == 0)
    for use, access in ((LOADS, "load"), (STORES, "store")):
        if uses & use:
            assume(fault_of(gva, access) == 0)
