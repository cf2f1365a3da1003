"""Memory that may lie elsewhere: by cells, which are what they are wherever the host has them."""

from __future__ import annotations

from dataclasses import dataclass

import z3

from toyvm.proof.memory import Memory
from toyvm.proof.symbols import Term
from toyvm.proof.translation import PAGE_SHIFT, host_of, page_of

_PAGE = z3.BitVecSort(64 - PAGE_SHIFT)


@dataclass(frozen=True)
class Cells:
    """Memory by cells, which are what they are wherever the host has them: a page of its has a page of them."""

    cells: Memory

    @property
    def term(self) -> Term:
        return self.cells.term

    def read(self, address: Term, size: int) -> Term:
        return self.cells.read(_cell(address), size)

    def write(self, address: Term, size: int, value: Term) -> Memory:
        return Cells(self.cells.write(_cell(address), size, value))


def _cell(host: Term) -> Term:
    page = z3.Function("cells", _PAGE, _PAGE)(page_of(host))
    return z3.Concat(page, z3.Extract(PAGE_SHIFT - 1, 0, host))


def is_there(gva: Term) -> Term:
    """That an address leads to its cells, wherever these are."""
    return _cell(host_of(gva)) == _cell_of(gva)


def _cell_of(gva: Term) -> Term:
    page = z3.Function("cell_page", _PAGE, _PAGE)(page_of(gva))
    return z3.Concat(page, z3.Extract(PAGE_SHIFT - 1, 0, gva))


@dataclass(frozen=True)
class Reached:
    """Memory for a handler that accesses one address; `strays` has where it accesses another one."""

    cells: Memory
    gva: Term
    strays: list[Term]

    @property
    def term(self) -> Term:
        return self.cells.term

    def read(self, address: Term, size: int) -> Term:
        self.strays.append(address != host_of(self.gva))
        return self.cells.read(_cell_of(self.gva), size)

    def write(self, address: Term, size: int, value: Term) -> Memory:
        self.strays.append(address != host_of(self.gva))
        return Reached(self.cells.write(_cell_of(self.gva), size, value), self.gva, self.strays)
