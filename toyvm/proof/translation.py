"""How virtual addresses reach the host's memory, as the engines keep it: what each obligation about memory assumes.

Which addresses translate, and to where, is unknown; that a TLB, or a site of compiled code, knows it only where it is
so, is what walks, fills and flushes keep up, and no matter of a single instruction. Pages of RAM are aligned in the
host too.
"""

from __future__ import annotations

import z3

from toyvm.proof.symbols import Term, bits

PAGE_SHIFT = 12
_PAGE, _SLOT, _BIT = z3.BitVecSort(64 - PAGE_SHIFT), z3.BitVecSort(64), z3.BitVecSort(1)


def page_of(gva: Term) -> Term:
    return z3.simplify(z3.Extract(63, PAGE_SHIFT, gva))


def host_of(gva: Term) -> Term:
    """Where the byte of an address that translates stands in the host's memory."""
    return z3.Concat(_host_page(page_of(gva)), z3.Extract(PAGE_SHIFT - 1, 0, gva))


def _host_page(page: Term) -> Term:
    return z3.Function("host_page", _PAGE, _PAGE)(page)


def tag(access: str, slot: Term) -> Term:
    """Of a TLB entry: the address of a page, or bit 11, which matches nothing."""
    is_none = z3.Function(f"tlb_{access}_is_none", _SLOT, _BIT)(slot)
    return z3.Concat(_tagged_page(access, slot), is_none, bits(0, PAGE_SHIFT - 1))


def _tagged_page(access: str, slot: Term) -> Term:
    return z3.Function(f"tlb_{access}", _SLOT, _PAGE)(slot)


def addend(access: str, slot: Term) -> Term:
    """What leads from an address of the entry's page to the host's."""
    page = _tagged_page(access, slot)
    return z3.Concat(_host_page(page) - page, bits(0, PAGE_SHIFT))


def is_cached(gva: Term, access: str) -> Term:
    slot = z3.ZeroExt(56, z3.Extract(PAGE_SHIFT + 7, PAGE_SHIFT, gva))
    return tag(access, slot) == z3.Concat(page_of(gva), bits(0, PAGE_SHIFT))


def fault_of(gva: Term, access: str) -> Term:
    """What a walk for the access comes to: 0, or 1 for a page fault, 2 for an access fault; 0 for what is cached."""
    fault = z3.Function(f"fault_{access}", _PAGE, z3.BitVecSort(8))(page_of(gva))
    return z3.If(z3.Or(is_cached(gva, access), z3.UGT(fault, 2)), bits(0, 8), fault)
