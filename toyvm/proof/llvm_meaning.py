"""What LLVM IR means, as far as the recompiler writes it: one function, run on terms from its entry to its end.

What LLVM calls undefined or poison is noted, wherever it comes from: a shift by the width or more, a division by zero
or one that overflows, a promise (nsw, nuw, exact) that is not kept, an access that is not as aligned as it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import z3

from toyvm.proof.symbols import (
    Term,
    as_bits,
    bits,
    decide,
    note_undefined,
    note_undefined_division,
    number_named,
    quotient,
    remainder,
    resize,
    shifted_right,
    signed_quotient,
    signed_remainder,
)


@dataclass(frozen=True)
class Spot:
    """A pointer: so many bytes into something that has a name. Of `host` the distance is the address."""

    base: str
    distance: Term


Value = Term | Spot


class Surroundings(Protocol):
    """What a function's pointers lead to, and what it calls."""

    def load(self, spot: Spot, size: int) -> Term: ...

    def store(self, spot: Spot, size: int, value: Term) -> None: ...

    def call(self, name: str, arguments: list[Value]) -> Term: ...


_BLOCK = re.compile(r"^([\w.$-]+):$", re.M)
_BODY = re.compile(r"^define i64 @\w+\((?:ptr|i64)[^{]*\) nounwind \{\n(.*?)^\}", re.M | re.S)
_FLAGS = frozenset(("nsw", "nuw", "exact", "disjoint"))


class Run:
    """A function of some IR, run once. `arguments`: its parameters by name."""

    def __init__(self, text: str, arguments: Mapping[str, Value], around: Surroundings) -> None:
        body = _BODY.search(text)
        assert body is not None, "no function"
        parts = _BLOCK.split(body[1])
        self._blocks = dict(zip(parts[1::2], parts[2::2], strict=True))
        self._values: dict[str, Value] = dict(arguments)
        self._cells: dict[str, Value] = {}
        self._around = around

    def result(self) -> Term:
        """What it returns."""
        at, result = next(iter(self._blocks)), None
        while result is None:
            for line in self._blocks[at].strip().splitlines():
                to, result = self._line(line.strip())
                if to is not None:
                    at = to
        return result

    def _line(self, line: str) -> tuple[str | None, Term]:
        """The block to go to, or what is returned."""
        line = line.removesuffix(", !prof !0")
        name, equals, text = line.partition(" = ")
        if equals:
            self._values[name] = self._value(text)
        elif match := re.fullmatch(r"store (?:volatile )?(\w+) (\S+), ptr (\S+?)(?:, align (\d+))?", line):
            self._store(match[1], match[2], match[3], match[4])
        elif match := re.fullmatch(r"br label %(\S+)", line):
            return match[1], None
        elif match := re.fullmatch(r"br i1 (\S+), label %(\S+), label %(\S+)", line):
            return match[2] if decide(self._number(match[1], 1) == 1) else match[3], None
        elif match := re.fullmatch(r"switch i64 (\S+), label %(\S+) \[(.*)\]", line):
            return self._switch(match), None
        else:
            returned = re.fullmatch(r"ret i64 (\S+)", line)
            assert returned is not None, f"IR that is not known: {line}"
            return None, self._number(returned[1], 64)
        return None, None

    def _switch(self, match: re.Match[str]) -> str:
        chosen = self._number(match[1], 64)
        for case, label in re.findall(r"i64 (\S+), label %(\S+)", match[3]):
            if decide(chosen == self._number(case, 64)):
                return str(label)
        return match[2]

    def _number(self, text: str, width: int) -> Term:
        if text.startswith("%"):
            value = self._values[text]
            assert not isinstance(value, Spot), f"{text} is a pointer"
            return value
        return number_named(text).at(width) if text.startswith("$") else bits(int(text), width)

    def _spot(self, text: str) -> Spot:
        value = self._values[text]
        assert isinstance(value, Spot), f"{text} is no pointer"
        return value

    def _operand(self, text: str) -> Value:
        """As a call has it: with its type."""
        kind, value = text.split()
        return self._spot(value) if kind == "ptr" else self._number(value, int(kind[1:]))

    # Values.

    def _value(self, text: str) -> Value:
        for pattern, make in _VALUES.items():
            if match := re.fullmatch(pattern, text):
                return make(self, match)
        operation, *flags, kind, one, other = text.replace(",", "").split()
        assert operation in _BINARY, f"IR that is not known: {text}"
        assert _FLAGS.issuperset(flags), f"IR that is not known: {text}"
        width = int(kind[1:])
        a, b = self._number(one, width), self._number(other, width)
        for flag in flags:
            note_undefined(_BROKEN[operation, flag](a, b))
        return _BINARY[operation](a, b)

    def _load(self, match: re.Match[str]) -> Value:
        spot = self._spot(match[2])
        if spot.base.startswith("%"):
            return self._cells[spot.base]
        size = int(match[1][1:]) // 8
        self._check_alignment(spot, match[3])
        return self._around.load(spot, size)

    def _store(self, kind: str, value: str, pointer: str, align: str | None) -> None:
        spot = self._spot(pointer)
        if spot.base.startswith("%"):
            self._cells[spot.base] = self._operand(f"{kind} {value}")
            return
        self._check_alignment(spot, align)
        width = int(kind[1:])
        self._around.store(spot, width // 8, self._number(value, width))

    def _check_alignment(self, spot: Spot, align: str | None) -> None:
        if align is not None and spot.base == "host":
            note_undefined(spot.distance & (int(align) - 1) != 0)

    def _cell(self, match: re.Match[str]) -> Value:
        return Spot(f"%{len(self._cells)}.{len(self._values)}", bits(0, 64))

    def _element(self, match: re.Match[str]) -> Value:
        spot = self._spot(match[1])
        return Spot(spot.base, z3.simplify(spot.distance + self._number(match[2], 64)))

    def _pointer(self, match: re.Match[str]) -> Value:
        return Spot("host", self._number(match[1], 64))

    def _compared(self, match: re.Match[str]) -> Value:
        width = int(match[2][1:])
        return as_bits(_CONDITIONS[match[1]](self._number(match[3], width), self._number(match[4], width)), 1)

    def _chosen(self, match: re.Match[str]) -> Value:
        width = int(match[2][1:])
        claim = self._number(match[1], 1) == 1
        return z3.If(claim, self._number(match[3], width), self._number(match[4], width))

    def _converted(self, match: re.Match[str]) -> Value:
        return resize(self._number(match[3], int(match[2][1:])), int(match[4][1:]), match[1] == "sext")

    def _called(self, match: re.Match[str]) -> Value:
        arguments = [self._operand(text) for text in match[2].split(", ")]
        if match[1] in _INTRINSICS:
            return _INTRINSICS[match[1]](*arguments)
        return self._around.call(match[1], arguments)


_VALUES: dict[str, Callable[[Run, re.Match[str]], Value]] = {
    r"load (?:volatile )?(\w+), ptr (\S+?)(?:, align (\d+))?": Run._load,
    r"alloca (\w+)": Run._cell,
    r"getelementptr i8, ptr (\S+), i64 (\S+)": Run._element,
    r"inttoptr i64 (\S+) to ptr": Run._pointer,
    r"icmp (\w+) (i\d+) (\S+), (\S+)": Run._compared,
    r"select i1 (\S+), (i\d+) (\S+), i\d+ (\S+)": Run._chosen,
    r"(trunc|sext|zext) (i\d+) (\S+) to (i\d+)": Run._converted,
    r"call (?:preserve_mostcc )?i\d+ @([\w.]+)\((.*)\)": Run._called,
}


def _shift(shifted: Callable[[Term, Term], Term]) -> Callable[[Term, Term], Term]:
    def operation(a: Term, b: Term) -> Term:
        note_undefined(z3.UGE(b, a.size()))
        return shifted(a, b)

    return operation


def _division(divided: Callable[[Term, Term], Term], signed: bool) -> Callable[[Term, Term], Term]:
    def operation(a: Term, b: Term) -> Term:
        note_undefined_division(a, b, signed)
        return divided(a, b)

    return operation


_BINARY: dict[str, Callable[[Term, Term], Term]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": _shift(lambda a, b: a << b),
    "lshr": _shift(lambda a, b: shifted_right(a, b, False)),
    "ashr": _shift(lambda a, b: shifted_right(a, b, True)),
    "udiv": _division(quotient, False),
    "urem": _division(remainder, False),
    "sdiv": _division(signed_quotient, True),
    "srem": _division(signed_remainder, True),
}
# Where a promise is broken.
_BROKEN: dict[tuple[str, str], Callable[[Term, Term], Term]] = {
    ("add", "nsw"): lambda a, b: z3.Not(z3.And(z3.BVAddNoOverflow(a, b, True), z3.BVAddNoUnderflow(a, b))),
    ("add", "nuw"): lambda a, b: z3.Not(z3.BVAddNoOverflow(a, b, False)),
    ("sub", "nsw"): lambda a, b: z3.Not(z3.And(z3.BVSubNoOverflow(a, b), z3.BVSubNoUnderflow(a, b, True))),
    ("sub", "nuw"): lambda a, b: z3.ULT(a, b),
    ("mul", "nsw"): lambda a, b: z3.Not(z3.And(z3.BVMulNoOverflow(a, b, True), z3.BVMulNoUnderflow(a, b))),
    ("mul", "nuw"): lambda a, b: z3.Not(z3.BVMulNoOverflow(a, b, False)),
    ("shl", "nsw"): lambda a, b: (a << b) >> b != a,
    ("shl", "nuw"): lambda a, b: z3.LShR(a << b, b) != a,
    ("lshr", "exact"): lambda a, b: z3.LShR(a, b) << b != a,
    ("ashr", "exact"): lambda a, b: (a >> b) << b != a,
    ("udiv", "exact"): lambda a, b: remainder(a, b) != 0,
    ("sdiv", "exact"): lambda a, b: signed_remainder(a, b) != 0,
    ("or", "disjoint"): lambda a, b: a & b != 0,
}
_CONDITIONS: dict[str, Callable[[Term, Term], Term]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
    "sgt": lambda a, b: a > b,
    "sge": lambda a, b: a >= b,
    "ult": z3.ULT,
    "ule": z3.ULE,
    "ugt": z3.UGT,
    "uge": z3.UGE,
}
_INTRINSICS: dict[str, Callable[..., Term]] = {
    "llvm.fshr.i64": lambda a, b, c: z3.Extract(63, 0, z3.LShR(z3.Concat(a, b), z3.ZeroExt(64, c & 63))),
    "llvm.umin.i64": lambda a, b: z3.If(z3.ULT(a, b), a, b),
    "llvm.umax.i64": lambda a, b: z3.If(z3.UGT(a, b), a, b),
    "llvm.usub.sat.i64": lambda a, b: z3.If(z3.ULT(a, b), bits(0, 64), a - b),
}
