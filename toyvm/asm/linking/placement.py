"""Placement: every unit's part of a section gets its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from toyvm.asm.diagnostics import Log
from toyvm.asm.sections import KNOWN_SECTIONS, Kind, Rights, Section, Unit
from toyvm.errors import Diagnostic
from toyvm.isa.machine import MAXIMUM_MEMORY
from toyvm.isa.paging import PAGE_SIZE
from toyvm.limits import MAXIMUM_CONTENTS_BYTES


@dataclass(slots=True)
class Output:
    """One section of the image: the parts that the units bring to it, in their order."""

    name: str
    kind: Kind
    unit: Unit  # that brought the first part
    parts: list[Section] = field(default_factory=list)
    address: int = 0
    size: int = 0

    @property
    def rights(self) -> Rights:
        return self.kind.rights

    @property
    def is_loaded(self) -> bool:
        return bool(self.rights & Rights.ALLOC)

    @property
    def alignment(self) -> int:
        return max(part.alignment for part in self.parts)

    @property
    def fixed_address(self) -> int | None:
        return next((part.fixed_address for part in self.parts if part.fixed_address is not None), None)

    def contents(self) -> bytes:
        """The bytes of all parts, gaps filled with zeros."""
        out = bytearray()
        for part in self.parts:
            out += bytes(part.address - self.address - len(out))
            out += part.data
        return bytes(out)


def place(units: Sequence[Unit], base: int, log: Log) -> list[Output]:
    """Gather the sections, lay them out from `base` on, and set each part's address."""
    outputs = list(_gather(units, log))
    position, before = base, None
    for output in outputs:
        if not output.is_loaded:
            _place_parts(output, 0)
            continue
        if output.fixed_address is not None:
            position = output.fixed_address
        elif before is not None and not _share_segment(before, output):
            position += -position % PAGE_SIZE
        if output.fixed_address is None:
            position += -position % output.alignment
        _place_parts(output, position)
        position += output.size
        before = output if output.size else before
    _check_overlap(outputs, log)
    return outputs


def _share_segment(before: Output, after: Output) -> bool:
    """Sections of the same rights follow one another; but nothing with contents follows room without any."""
    return before.rights == after.rights and (before.kind.has_contents or not after.kind.has_contents)


def _gather(units: Sequence[Unit], log: Log) -> Iterator[Output]:
    """The sections by name, the known ones first."""
    found: dict[str, Output] = {}
    for unit in units:
        for section in unit.sections.values():
            output = found.get(section.name)
            if output is None:
                output = found[section.name] = Output(section.name, section.kind, unit)
            elif output.kind != section.kind:
                message = f"section {section.name} has other flags or another type than in {output.unit.name}"
                log.add(Diagnostic(unit.name, 1, 1, message))
            output.parts.append(section)
    for name in (*KNOWN_SECTIONS, *(name for name in found if name not in KNOWN_SECTIONS)):
        if name in found:
            yield found[name]


def _place_parts(output: Output, start: int) -> None:
    position = start
    for part in output.parts:
        position += -position % part.alignment if part.fixed_address is None else 0
        part.address = position
        position += part.size
    output.address, output.size = start, position - start


def _check_overlap(outputs: list[Output], log: Log) -> None:
    loaded = sorted((output for output in outputs if output.is_loaded and output.size), key=lambda one: one.address)
    for before, after in pairwise(loaded):
        if before.address + before.size > after.address:
            message = (
                f"section {after.name} at {after.address:#x} lies inside section {before.name}, "
                f"which is {before.size:#x} bytes at {before.address:#x}"
            )
            log.add(Diagnostic(after.unit.name, 1, 1, message))
    held = sum(output.size for output in outputs if output.kind.has_contents)
    if held > MAXIMUM_CONTENTS_BYTES:
        message = f"alignment makes the sections {held} bytes; an image can hold {MAXIMUM_CONTENTS_BYTES}"
        log.add(Diagnostic(outputs[0].unit.name, 1, 1, message))
    if loaded and sum(output.size for output in loaded) > MAXIMUM_MEMORY:
        log.add(Diagnostic(loaded[0].unit.name, 1, 1, f"the sections are larger than any memory, {MAXIMUM_MEMORY:#x}"))
    if loaded and loaded[-1].address + loaded[-1].size > 1 << 64:
        log.add(Diagnostic(loaded[-1].unit.name, 1, 1, f"section {loaded[-1].name} ends beyond 64-bit addresses"))
