"""Memory as a term: what is read of it, and what it is after a write.

Where two engines make the same accesses in the same order it is enough that a read is a function of memory and address
(`Unread`); where that is not enough to tell they are compared once more, with memory as an array of bytes (`Bytes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import z3

from toyvm.proof.symbols import Term

_WORD = z3.BitVecSort(64)


class Memory(Protocol):
    @property
    def term(self) -> Term: ...

    def read(self, address: Term, size: int) -> Term:
        """`size` bytes, the lowest first."""

    def write(self, address: Term, size: int, value: Term) -> Memory: ...


@dataclass(frozen=True)
class Bytes:
    """An array."""

    term: Term

    def read(self, address: Term, size: int) -> Term:
        found = [z3.Select(self.term, z3.simplify(address + n)) for n in range(size)]
        return found[0] if size == 1 else z3.Concat(*reversed(found))

    def write(self, address: Term, size: int, value: Term) -> Memory:
        memory = self.term
        for n in range(size):
            memory = z3.Store(memory, z3.simplify(address + n), z3.Extract(8 * n + 7, 8 * n, value))
        return Bytes(memory)


@dataclass(frozen=True)
class Unread:
    """A state of memory, of which nothing is known but that equal accesses do equal things."""

    term: Term

    def read(self, address: Term, size: int) -> Term:
        return z3.Function(f"read_{size}", self.term.sort(), _WORD, z3.BitVecSort(8 * size))(self.term, address)

    def write(self, address: Term, size: int, value: Term) -> Memory:
        sort, stored = self.term.sort(), z3.Extract(8 * size - 1, 0, value)
        return Unread(z3.Function(f"write_{size}", sort, _WORD, stored.sort(), sort)(self.term, address, stored))


def memory_before(as_bytes: bool) -> Memory:
    if as_bytes:
        return Bytes(z3.Array("memory", _WORD, z3.BitVecSort(8)))
    return Unread(z3.Const("memory", z3.DeclareSort("Memory")))
