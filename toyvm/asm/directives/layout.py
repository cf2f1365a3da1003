"""Directives that choose a section and a place in it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.directives.data import pad
from toyvm.asm.directives.directive import Directive, Handler, limited, number_of, operands_of
from toyvm.asm.encoding import expression
from toyvm.asm.expressions import Here
from toyvm.asm.pseudo import MNEMONICS
from toyvm.asm.sections import KNOWN_SECTIONS, Kind, Rights, Section, kind_of
from toyvm.asm.values import NotKnown, Relative

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler

MAXIMUM_ALIGNMENT = 1 << 30
# Sections are not merged, grouped or collected here: M, S, G, o, R, e and ? mean nothing.
_FLAGS = {"a": Rights.ALLOC, "w": Rights.WRITE, "x": Rights.EXECUTE, **dict.fromkeys("MSGoRe?", Rights(0))}
_TYPES = ("progbits", "nobits", "note", "init_array", "fini_array", "preinit_array")
_SECTION_NAME = re.compile(r"[A-Za-z_.$][\w.$-]*|\"[\w.$-]+\"", re.ASCII)


def _known(name: str) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        operands_of(text, 0, 0, name)
        switch(assembler, assembler.unit.section(name))

    return handle


def switch(assembler: Assembler, section: Section) -> None:
    assembler.previous_section, assembler.section = assembler.section, section


def _section(assembler: Assembler, text: str) -> None:
    switch(assembler, _named_or_refused(assembler, text, ".section"))


def _named_or_refused(assembler: Assembler, text: str, directive: str) -> Section:
    """The section that the operands describe; for one that is refused, with a complaint, one that takes everything."""
    try:
        return _named(assembler, text, directive)
    except Complaint as complaint:
        assembler.complain(complaint)
        return Section("refused", Kind(Rights.ALLOC | Rights.EXECUTE))


def _named(assembler: Assembler, text: str, directive: str) -> Section:
    """The section that the operands describe; its kind cannot be changed once it is there."""
    name, kind, says_kind = _described(text, directive)
    section = assembler.unit.section(name, kind)
    if says_kind and section.kind != kind:
        raise Complaint(f"section {name} is there already, with other flags or another type", 1)
    return section


@lru_cache(maxsize=256)  # compilers switch between few sections, again and again
def _described(text: str, directive: str) -> tuple[str, Kind, bool]:
    """Name and kind that the operands give, and whether they say the kind. Raises Complaint."""
    given = operands_of(text, 1, 6, f'{directive} name, "flags", @progbits')
    if not _SECTION_NAME.fullmatch(given[0]):
        raise Complaint(f"'{given[0]}' is not a section's name", 0)
    name = given[0].strip('"')
    kind = kind_of(name)
    if len(given) > 1:
        kind = Kind(_rights(given[1]), kind.has_contents)
    if len(given) > 2:
        kind = Kind(kind.rights, _has_contents(given[2]))
    return name, kind, len(given) > 1


def _rights(operand: str) -> Rights:
    if len(operand) < 2 or operand[0] != '"' or operand[-1] != '"':
        raise Complaint('section flags stand in double quotes: "a", "aw" or "ax"', 1)
    rights = Rights(0)
    for offset, flag in enumerate(operand[1:-1], 1):
        if flag == "T":
            raise Complaint("section flag 'T': there is no thread-local storage here", 1, offset, 1)
        if flag not in _FLAGS:
            known = "a (allocated), w (written), x (executed)"
            raise Complaint(f"unknown section flag '{flag}'; there are {known}", 1, offset, 1)
        rights |= _FLAGS[flag]
    return rights


def _has_contents(operand: str) -> bool:
    if operand[:1] not in ("@", "%") or not (operand[1:] in _TYPES or operand[1:].startswith("0x")):
        raise Complaint(f"section type '{operand}' is not @progbits or @nobits", 2)
    return operand[1:] != "nobits"


def _push(assembler: Assembler, text: str) -> None:
    section = _named_or_refused(assembler, text, ".pushsection")
    assembler.section_stack.append((assembler.section, assembler.previous_section))
    switch(assembler, section)


def _pop(assembler: Assembler, text: str) -> None:
    operands_of(text, 0, 0, ".popsection")
    if not assembler.section_stack:
        raise Complaint(".popsection without .pushsection")
    assembler.section, assembler.previous_section = assembler.section_stack.pop()


def _previous(assembler: Assembler, text: str) -> None:
    operands_of(text, 0, 0, ".previous")
    switch(assembler, assembler.previous_section)


def _align(directive: str, is_power: bool) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        given = operands_of(text, 1, 3, f"{directive} {'power' if is_power else 'bytes'}, fill, most")
        alignment = _alignment(assembler, given[0], is_power)
        fill = limited(assembler, given[1], 1, "fill", -128, 255) if len(given) > 1 and given[1] else None
        most = limited(assembler, given[2], 2, "most", 0, MAXIMUM_ALIGNMENT) if len(given) > 2 else MAXIMUM_ALIGNMENT
        align(assembler, alignment, fill, most)

    return handle


def _alignment(assembler: Assembler, operand: str, is_power: bool) -> int:
    if is_power:
        return 1 << limited(assembler, operand, 0, "power of two", 0, MAXIMUM_ALIGNMENT.bit_length() - 1)
    alignment = limited(assembler, operand, 0, "alignment", 0, MAXIMUM_ALIGNMENT) or 1
    if alignment & (alignment - 1):
        raise Complaint(f"alignment {alignment} is not a power of two", 0)
    return alignment


def align(assembler: Assembler, alignment: int, fill: int | None, most: int) -> None:
    """Move on to a multiple of `alignment`; in code with instructions that do nothing, where they fit."""
    section = assembler.section
    count = -section.size % alignment
    if count > most:
        return
    section.alignment = max(section.alignment, alignment)
    if not count:
        return
    if fill is not None or not section.kind.rights & Rights.EXECUTE or not section.kind.has_contents:
        pad(assembler, count, bytes([(fill or 0) & 0xFF]))
        return
    pad(assembler, count % 4, b"\0")
    nop = MNEMONICS["nop"]("")
    assert isinstance(nop, int)
    pad(assembler, count - count % 4, nop.to_bytes(4, "little"))


def _org(assembler: Assembler, text: str) -> None:
    given = operands_of(text, 1, 2, ".org offset, fill")
    section = assembler.section
    try:
        target = expression(given[0], 0).bind(assembler).evaluate(assembler)
    except NotKnown as error:
        raise Complaint(error.message, 0, error.offset) from None
    if isinstance(target, Relative):
        if target.section is not section:
            raise Complaint(f"the target lies in section {target.section.name}, not in {section.name}", 0)
        target = target.offset
    fill = limited(assembler, given[1], 1, "fill", -128, 255) if len(given) > 1 else 0
    if target < section.size:
        raise Complaint(f".org cannot go back: to offset {target:#x}, from {section.size:#x} of {section.name}", 0)
    pad(assembler, target - section.size, bytes([fill & 0xFF]))


def _address(assembler: Assembler, text: str) -> None:
    (operand,) = operands_of(text, 1, 1, ".address number")
    section = assembler.section
    address = number_of(assembler, operand, 0)
    if not 0 <= address < 1 << 64:
        raise Complaint(f"address {address:#x} does not fit in 64 bits", 0)
    if section.fixed_address not in (None, address):
        raise Complaint(f"section {section.name} has the address {section.fixed_address:#x} already", 0)
    section.fixed_address = address


def _entry(assembler: Assembler, text: str) -> None:
    (operand,) = operands_of(text, 0, 1, ".entry address") or [""]
    node = expression(operand, 0).bind(assembler) if operand else Here(0)
    if isinstance(node, Here):
        raise Complaint("expected a symbol or an address", 0)
    assembler.unit.entry = (node, assembler.origin())


LAYOUT: tuple[Directive, ...] = (
    *(Directive(name, "", _known(name), f"go on in section {name}") for name in KNOWN_SECTIONS),
    Directive(
        ".section",
        'name, "flags", @type',
        _section,
        "go on in any section; flags a w x, type @progbits or @nobits; what else compilers write means nothing here",
    ),
    Directive(".pushsection", 'name, "flags", @type', _push, "as .section, until .popsection"),
    Directive(".popsection", "", _pop, "back to the section before .pushsection"),
    Directive(".previous", "", _previous, "back to the section before this one"),
    Directive(
        ".align", "power, fill, most", _align(".align", True), "go on at a multiple of 2**power, as GNU as for RISC-V"
    ),
    Directive(".p2align", "power, fill, most", _align(".p2align", True), "the same as .align"),
    Directive(
        ".balign", "bytes, fill, most", _align(".balign", False), "go on at a multiple of a power of two in bytes"
    ),
    Directive(".org", "offset, fill", _org, "go on at an offset of this source's part of the section, never back"),
    Directive(".address", "number", _address, "link this section at that address (toyvm's own)"),
    Directive(".entry", "address", _entry, "where execution starts, instead of _start (toyvm's own)"),
)
