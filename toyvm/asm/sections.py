"""Sections and symbols of one unit: what a source has become before it is linked."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.values import Relative, Value
from toyvm.isa.machine import MAXIMUM_MEMORY

if TYPE_CHECKING:
    from toyvm.asm.encoding import Hole
    from toyvm.asm.expressions import Node
    from toyvm.asm.frames import Frame

MAXIMUM_SIZE = MAXIMUM_MEMORY  # bytes of one section, .bss included
MAXIMUM_CHAIN = 32  # of symbols that are defined by one another and not known yet
LINE_BITS = 32  # a row's place is file number << LINE_BITS | line


class Rights(IntFlag):
    """A section's attributes, with the values of ELF's sh_flags."""

    WRITE = 1
    ALLOC = 2
    EXECUTE = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """What a section of some name is, unless `.section` says otherwise."""

    rights: Rights
    has_contents: bool = True


# In the order they are laid out; any other section follows, in the order of its first appearance.
KNOWN_SECTIONS: dict[str, Kind] = {
    ".text": Kind(Rights.ALLOC | Rights.EXECUTE),
    ".rodata": Kind(Rights.ALLOC),
    ".data": Kind(Rights.ALLOC | Rights.WRITE),
    ".bss": Kind(Rights.ALLOC | Rights.WRITE, False),
}
DEFAULT_KIND = Kind(Rights.ALLOC | Rights.WRITE)


# Compilers' names for small data, and for what is not loaded.
_LIKE: dict[str, Kind] = {
    **KNOWN_SECTIONS,
    ".sbss": KNOWN_SECTIONS[".bss"],
    ".srodata": KNOWN_SECTIONS[".rodata"],
    ".comment": Kind(Rights(0)),
    ".note": Kind(Rights(0)),
}


def kind_of(name: str) -> Kind:
    """`.text.boot` is like `.text`; a name that says nothing is data."""
    if name.startswith(".debug_"):
        return Kind(Rights(0))
    for known, kind in _LIKE.items():
        if name == known or name.startswith(known + "."):
            return kind
    return DEFAULT_KIND


@dataclass(eq=False, slots=True)
class Section:
    """One unit's part of a section. `data` stays empty where the section has no contents; then `reserved` grows."""

    name: str
    kind: Kind
    data: bytearray = field(default_factory=bytearray)
    reserved: int = 0
    alignment: int = 1
    fixups: list[Fixup] = field(default_factory=list)
    # The rows of its line table, offsets ascending; packed, as there is one for every statement.
    row_offsets: array[int] = field(default_factory=lambda: array("Q"))
    row_places: array[int] = field(default_factory=lambda: array("Q"))
    fixed_address: int | None = None  # from `.address`
    address: int = 0  # set by the linker

    @property
    def size(self) -> int:
        return len(self.data) if self.kind.has_contents else self.reserved

    def here(self) -> Relative:
        return Relative(self, self.size)


@dataclass(slots=True)
class Origin:
    """The statement that a fixup or a symbol comes from: enough to complain about it later."""

    frame: Frame
    number: int
    text: str


@dataclass(slots=True)
class Fixup:
    """A hole in a section's data, to be filled when addresses are known."""

    offset: int
    hole: Hole
    node: Node
    frame: Frame
    number: int
    text: str

    @property
    def origin(self) -> Origin:
        return Origin(self.frame, self.number, self.text)


@dataclass(eq=False, slots=True)
class NumericLabel:
    """One `1:` of several; `place` is None while only `1f` speaks of it."""

    number: int
    place: Relative | None = None


@dataclass(slots=True)
class Symbol:
    """A name. `value` is a number, a place, or an expression that stands at `here`; None: only mentioned so far."""

    name: str
    value: Value | Node | None = None
    here: Value = 0
    origin: Origin | None = None
    is_global: bool = False
    is_weak: bool = False
    is_local: bool = False
    is_label: bool = False
    common: int = 0  # bytes, of one that `.comm` made
    size: Node | None = None
    size_here: Value = 0
    size_origin: Origin | None = None

    @property
    def is_shared(self) -> bool:
        """Do other sources see it?"""
        return (self.is_global or self.is_weak) and not self.is_local

    @property
    def rank(self) -> tuple[int, int]:
        """Of several sources' symbols of one name the highest is what all mean: a weak one yields, the largest common
        one holds the others."""
        return (0, 0) if self.is_weak else (1, self.common) if self.common else (2, 0)


def check_chain(name: str, chain: list[str]) -> None:
    """Raise Complaint unless the definition of a symbol can be followed, those of `chain` being followed already."""
    if name in chain:
        raise Complaint(f"symbol '{name}' is defined by itself")
    if len(chain) >= MAXIMUM_CHAIN:
        raise Complaint(f"the definition of '{chain[0]}' goes by way of more than {MAXIMUM_CHAIN} symbols")


@dataclass(eq=False, slots=True)
class Unit:
    """One assembled source."""

    name: str
    sections: dict[str, Section] = field(default_factory=dict)
    symbols: dict[str, Symbol] = field(default_factory=dict)
    entry: tuple[Node, Origin] | None = None  # from `.entry`

    def section(self, name: str, kind: Kind | None = None) -> Section:
        found = self.sections.get(name)
        if found is None:
            found = self.sections[name] = Section(name, kind or kind_of(name))
        return found
