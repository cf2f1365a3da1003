"""Directives about symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.directives.directive import Directive, Handler, limited, names_of, operands_of
from toyvm.asm.directives.layout import align
from toyvm.asm.encoding import expression
from toyvm.asm.expressions import Number
from toyvm.asm.sections import MAXIMUM_SIZE, Symbol
from toyvm.asm.values import NotKnown, Relative

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler


_TYPES = ("function", "object", "notype", "common", "STT_FUNC", "STT_OBJECT", "STT_NOTYPE", "STT_COMMON")


def _global(assembler: Assembler, text: str) -> None:
    for name in names_of(text, ".globl name, ..."):
        symbol = _mentioned(assembler, name)
        symbol.is_global = True


def _weak(assembler: Assembler, text: str) -> None:
    for name in names_of(text, ".weak name, ..."):
        _mentioned(assembler, name).is_weak = True


def _local(assembler: Assembler, text: str) -> None:
    for name in names_of(text, ".local name, ..."):
        symbol = _mentioned(assembler, name)
        symbol.is_local = True


def _mentioned(assembler: Assembler, name: str) -> Symbol:
    """The symbol, which knows where it was spoken of first, for the case that it is never defined."""
    assembler.spend(1, 0)
    symbol = assembler.named(name)
    symbol.origin = symbol.origin or assembler.origin()
    return symbol


def _extern(assembler: Assembler, text: str) -> None:
    names_of(text, ".extern name, ...")


def _set(directive: str, only_once: bool) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        name, value = operands_of(text, 2, 2, f"{directive} name, expression")
        old = assembler.unit.symbols.get(name)
        if only_once and old is not None and old.value is not None:
            raise Complaint(f"symbol '{name}' is already defined", 0)
        assembler.set_symbol(name, expression(value, 1), 0)

    return handle


def _size(assembler: Assembler, text: str) -> None:
    name, size = operands_of(text, 2, 2, ".size name, expression")
    symbol = assembler.named(names_of(name, ".size name, expression")[0])
    symbol.size = expression(size, 1).bind(assembler)
    symbol.size_here = assembler.section.here()
    symbol.size_origin = assembler.origin()
    try:
        value = symbol.size.evaluate(assembler)
    except (NotKnown, Complaint):
        return  # linking says what is wrong, if anything is
    if isinstance(value, int):
        symbol.size = Number(0, value)  # from this source's own symbols, also where one yields to another source's


def _type(assembler: Assembler, text: str) -> None:
    name, kind = operands_of(text, 2, 2, ".type name, @function")
    _mentioned(assembler, names_of(name, ".type name, @function")[0])
    if kind.lstrip("@%") not in _TYPES:
        raise Complaint(f"unknown symbol type '{kind}'", 1)


def _common(directive: str, is_global: bool) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        given = operands_of(text, 2, 3, f"{directive} name, size, alignment")
        (name,) = names_of(given[0], f"{directive} name, size")
        size = limited(assembler, given[1], 1, "size", 0, MAXIMUM_SIZE)
        alignment = limited(assembler, given[2], 2, "alignment", 1, 4096) if len(given) > 2 else 8
        if alignment & (alignment - 1):
            raise Complaint(f"alignment {alignment} is not a power of two", 2)
        _place_common(assembler, name, size, alignment, is_global)

    return handle


def _place_common(assembler: Assembler, name: str, size: int, alignment: int, is_global: bool) -> None:
    symbol = assembler.named(name)
    if symbol.value is not None:
        raise Complaint(f"symbol '{name}' is already defined", 0)
    outer = assembler.section
    assembler.section = assembler.unit.section(".bss")
    try:
        align(assembler, alignment, None, alignment)
        assembler.reserve(size, 1)
        symbol.value, symbol.origin = Relative(assembler.section, assembler.section.size), assembler.origin()
        symbol.is_label, symbol.is_global, symbol.common = True, is_global, max(size, 1) if is_global else 0
        assembler.section.reserved += size
    finally:
        assembler.section = outer


NAMING: tuple[Directive, ...] = (
    Directive(".globl", "name, ...", _global, "let the other sources see these symbols"),
    Directive(".global", "name, ...", _global, "the same as .globl"),
    Directive(
        ".weak",
        "name, ...",
        _weak,
        "as .globl, but another source's symbol of that name is preferred, and 0 will do if there is none",
    ),
    Directive(".local", "name, ...", _local, "keep these symbols to this source, as all are by default"),
    Directive(".extern", "name, ...", _extern, "accepted: what is not defined here is looked for in the other sources"),
    Directive(
        ".equ",
        "name, expression",
        _set(".equ", False),
        "give a symbol a value; it can be given another later. Also: name = expression",
    ),
    Directive(".set", "name, expression", _set(".set", False), "the same as .equ"),
    Directive(".equiv", "name, expression", _set(".equiv", True), "the same, but the symbol must be new"),
    Directive(".size", "name, expression", _size, "how many bytes belong to a symbol"),
    Directive(".type", "name, @function", _type, "accepted: function or object"),
    Directive(
        ".comm",
        "name, size, alignment",
        _common(".comm", True),
        "room in .bss under a global name; of several sources' the largest",
    ),
    Directive(".lcomm", "name, size, alignment", _common(".lcomm", False), "room in .bss under a local name"),
)
